"""What a self-test finds of this device, and the mean of many readings. No hardware."""

from asyncio import sleep_ms

_BURST = 32  # 1.5 ms, then others have their turn
_MOST = 1024
_TRIM = 16


def through_ohm(board) -> int:
    """Of what a held code flows through: the built-in short, or dummy load and switches. 0: there is neither."""
    if board.HAS_SHORT:
        return board.SHORT_OHM
    load = getattr(board, "DUMMY_LOAD_OHM", 0)
    return load + board.SWITCHES_OHM if load else 0


class Measured:
    """What a self-test has found of this device, whatever its calibration. Readings in 1024ths of a converter's code.

    zero: what the current sense reads when nothing can flow. at_zero: what it would read more with the DAC at 0, by the
    line through two small currents. per_dac: what each DAC code adds. across: rail less sink node with the built-in
    short closed and the DAC shut down. noise, across_noise: one deviation of a reading. None, or 0: not measured.
    """

    def __init__(self) -> None:
        self.zero: int | None = None
        self.at_zero: int | None = None
        self.per_dac = 0
        self.across: int | None = None
        self.noise = self.across_noise = 1024


async def average(take, within: int) -> tuple[int, int]:
    """(mean, one deviation) of what `take()` reads, in 1024ths of a code; as many readings as `within` asks, or 1024.

    The highest and the lowest sixteenth of the readings do not count, and where the converter clips at 0 the median
    stands for the mean. Both are of whole codes: half a code less than the voltage makes, as every reading is.
    """
    counts: dict[int, int] = {}
    n = 0
    while True:
        await sleep_ms(1)
        for _ in range(_BURST):
            code = take()
            counts[code] = counts.get(code, 0) + 1
        n += _BURST
        codes = sorted(counts)
        # Quartiles are 1.35 deviations apart; one more code is what a small noise may hide in.
        deviation = (_ranked(codes, counts, n * 3 // 4) - _ranked(codes, counts, n // 4) + 1) * 759
        if n >= _MOST or n > _BURST and deviation * deviation <= within * within * n:
            break
    cut = n // _TRIM
    if _ranked(codes, counts, cut):
        return _between(codes, counts, cut, n - cut), deviation
    middle = _ranked(codes, counts, n // 2)
    if not middle:
        return 0, deviation
    below = sum([counts[code] for code in codes if code < middle])
    return (middle << 10) + ((n // 2 - below) << 10) // counts[middle] - 512, deviation


def _ranked(codes: list[int], counts: dict[int, int], rank: int) -> int:
    """The reading at `rank` of all, sorted."""
    for code in codes:
        rank -= counts[code]
        if rank < 0:
            return code
    return codes[-1]


def _between(codes: list[int], counts: dict[int, int], least: int, most: int) -> int:
    """Mean of the readings from one rank to before another, in 1024ths."""
    total = at = 0
    for code in codes:
        after = at + counts[code]
        total += code * max(0, min(after, most) - max(at, least))
        at = after
    return (total << 10) // (most - least)
