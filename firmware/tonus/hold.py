"""A DAC code held through the board's built-in short, for a person with a multimeter to read the voltage over Rset.

The electrodes stay off the source throughout, by the board's decoder, as in the self-test. A board that declares a
dummy load, and so never meets skin, holds it through that. It ends dead: released, 30 s after it began, without the
cable, with any fault, with MODE, and with every change of the session's state.
"""

from asyncio import sleep_ms

from . import limits, link
from .link import Refused
from .measured import through_ohm

_SETTLE_MS = 20  # the sink's loop, after the short has closed
_BURST = 16


class Hold:
    """At most one code. `usb()` is 1 while USB power is present, `now()` any ms clock. active: there is one."""

    def __init__(self, board, stage, pulse, usb, now) -> None:
        self._board = board
        self._stage = stage
        self._pulse = pulse
        self._usb = usb
        self._now = now
        self._until_ms = 0
        self.active = False

    async def start(self, code: int, reverse: bool = False) -> dict[str, int]:
        """Hold a DAC code; the readings. Refused when the board or the world does not let it. Only while all is quiet.

        In thousandths of a converter's code, whatever the calibration: zero_mcodes, the current sense with the
        electrodes shorted and the DAC shut down; sense_mcodes and voltage_mcodes, current sense and rail less sink
        node, with the code through the short. And rail_mv.
        """
        if not through_ohm(self._board):
            raise Refused(link.NOT_HELD, "this board has no built-in short, nor a dummy load")
        if reverse and self._board.HAS_SHORT:
            raise Refused(link.NOT_HELD, "the built-in short has one direction")
        pulse, stage = self._pulse, self._stage
        self.active = True
        try:
            pulse.power(True)
            for _ in range(limits.RAIL_RISE_MS // 5):
                await sleep_ms(5)
                if stage.rail() >= self._board.RAIL_MIN_MV:
                    break
            self._must_go_on()
            rail = stage.rail()
            if rail < self._board.RAIL_MIN_MV:
                raise Refused(
                    link.NOT_HELD, "the rail is at %d mV; allowed at least %d" % (rail, self._board.RAIL_MIN_MV)
                )
            stage.shut_rest()
            zero = await self._mean(stage.raw_current)
            stage.self_test_short(code, reverse)
            sense = await self._mean(stage.raw_current)
            voltage = await self._mean(stage.voltage)
        except BaseException:
            self.end()
            raise
        self._until_ms = self._now() + limits.HOLD_MAX_MS
        return {"code": code, "zero_mcodes": zero, "sense_mcodes": sense, "voltage_mcodes": voltage, "rail_mv": rail}

    def tick(self) -> None:
        """End what has lasted, or lost its cable. To be called every some tens of ms."""
        if self.active and (self._now() >= self._until_ms or not self._stands()):
            self.end()

    def end(self) -> None:
        """Electrodes shorted, DAC at zero, rail down; nothing when nothing is held."""
        if self.active:
            self.active = False
            if not self._pulse.running:
                self._pulse.off()

    async def down(self) -> None:
        """End it, and wait until the rail is down."""
        if self.active:
            self.end()
            await sleep_ms(limits.RAIL_GONE_MS)

    async def _mean(self, read) -> int:
        """Of HOLD_READINGS, in thousandths."""
        await sleep_ms(_SETTLE_MS)
        total = 0
        for _ in range(limits.HOLD_READINGS // _BURST):
            await sleep_ms(1)
            self._must_go_on()
            for _ in range(_BURST):
                total += read()
        return total * 1000 // limits.HOLD_READINGS

    def _must_go_on(self) -> None:
        """Before each touch of the stage, with no await between: after one it may be the session's again."""
        if not self._stands():
            raise Refused(link.NOT_HELD, "the cable went, a fault came, or MODE was pressed")

    def _stands(self) -> bool:
        pulse = self._pulse
        if self._board.HAS_BOOST:
            whole = pulse.powered_ms() > 0  # a fault ends it in the pulse loop, which names it: not here, before that
        else:
            # Such a board is for measuring what is wrong with it: a latched fault does not hinder.
            whole = bool(self._stage.fault_n())
        return self.active and not pulse.running and whole and bool(self._usb())
