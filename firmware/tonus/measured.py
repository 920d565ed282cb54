"""What a self-test finds of this device. No hardware."""


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
