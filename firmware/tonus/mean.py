"""The mean of many readings of the converter, for the self-test, with which it comes and goes."""

from asyncio import sleep_ms

from machine import disable_irq, enable_irq

from .mpy import micropython

_BURST = 32  # about 1 ms, then others have their turn
_MOST = 1024
_TRIM = 16


async def average(within: int, plus, minus=None) -> tuple[int, int]:
    """(mean, one deviation) of what `plus()` reads, 16 bit, or of that less what `minus()` does; in 1024ths of a code.

    Of as many readings as `within` asks, or 1024. The highest and the lowest sixteenth of them do not count, and where
    the converter clips at 0 the median stands for the mean. Both are of whole codes, 12 bit: half a code less than the
    voltage makes, as every reading is.
    """
    counts: dict[int, int] = {}
    n = 0
    asked = 2 * _BURST
    while n < asked:
        await sleep_ms(1)
        _count(counts, _BURST, plus, minus)
        n += _BURST
        if n >= asked:  # by then it is known better how many it takes
            codes = sorted(counts)
            # Quartiles are 1.35 deviations apart; one more code is what a small noise may hide in.
            deviation = (_ranked(codes, counts, n * 3 // 4) - _ranked(codes, counts, n // 4) + 1) * 759
            asked = min(1 + (deviation * deviation - 1) // (within * within), _MOST)
    cut = n // _TRIM
    if _ranked(codes, counts, cut):
        return _between(codes, counts, cut, n - cut), deviation
    middle = _ranked(codes, counts, n // 2)
    if not middle:
        return 0, deviation
    below = sum([counts[code] for code in codes if code < middle])
    return (middle << 10) + ((n // 2 - below) << 10) // counts[middle] - 512, deviation


@micropython.native
def _count(counts, n: int, plus, minus) -> None:
    """How often each code comes in n more readings, which no interrupt disturbs: those read the same converter."""
    for _ in range(n):
        state = disable_irq()
        code = plus() >> 4
        enable_irq(state)
        if minus:
            state = disable_irq()
            code -= minus() >> 4
            enable_irq(state)
        counts[code] = counts.get(code, 0) + 1


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
