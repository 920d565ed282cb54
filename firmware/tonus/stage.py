"""The electrode stage: PIO phases, DAC, keep-alive, sense, fault line. The only module that touches those pins.

Everything is bound when it is made, so that the methods marked "interrupt" allocate nothing. Making a Stage leaves the
output dead: electrodes shorted, DAC at zero, no keep-alive.
"""

from time import ticks_add, ticks_diff, ticks_us

import micropython
from machine import ADC, SPI, Pin, disable_irq, enable_irq, mem32
from rp2 import PIO, StateMachine
from uctypes import bytearray_at

from . import adc, phases, program
from .calibration import Calibration
from .measured import Measured, through_ohm
from .mpy import const, ptr8

FIFO_DEPTH = 4
# Registers of the RP2040, for `machine.mem32`.
GPIO_IN = 0xD0000004  # the levels of all GPIOs, a bit each (datasheet 2.3.1.7)
PIO_IRQ = 0x50200030  # interrupt flags of the first PIO; a one written clears its flag (3.7)
_DAC_WRITE = const(0x3000)  # MCP4821: write, gain 1x, output active
_SHUT = const(0x1000)  # instead of a code: the output off, and a resistor to ground
_SPI_HZ = 10_000_000
_SEEN_US = const(40)  # from one look to the next: longer, and something came between


class Stage:
    """`board` is the board's module: its PINS and analog constants. measured: what the last self-test has found."""

    def __init__(self, board) -> None:
        PIO(0).remove_program()  # what a prompt left there: the machine below is set up anew, and has to find room
        pins = board.PINS
        alive = Pin(pins["STAGE_ALIVE"], Pin.OUT, value=0)
        self.alive = alive.value
        self.toggle_alive = alive.toggle  # interrupt: one edge of the keep-alive
        select = Pin(pins["DAC_CS"], Pin.OUT, value=1)
        spi = SPI(
            board.SPI,
            baudrate=_SPI_HZ,
            polarity=0,
            phase=0,
            sck=Pin(pins["DAC_SCK"]),
            mosi=Pin(pins["DAC_MOSI"]),
            miso=None,  # left out, MicroPython would take its default pin from whatever is there
        )
        self._dac_calls = (select, spi.write, bytearray(2))
        base = Pin(pins["EL_A"], Pin.OUT, value=0)
        Pin(pins["EL_B"], Pin.OUT, value=0)
        Pin(pins["LDAC"], Pin.OUT, value=1)
        self._machine = StateMachine(0, phases.phases, freq=program.PIO_HZ, out_base=base, set_base=base)
        machine = self._machine
        words = (phases.EXEC_SET_PINS | program.OFF, phases.EXEC_SET_PINS, phases.EXEC_PULL_NOBLOCK, FIFO_DEPTH)
        self._short_calls = (machine.active, machine.exec, machine.restart, self.write_dac) + words
        self.put = machine.put  # interrupt: only when queued() < FIFO_DEPTH, or it blocks for ever
        self.queued = machine.tx_fifo  # interrupt: words not yet begun
        self.fault_n = Pin(pins["STAGE_FAULT_N"], Pin.IN, Pin.PULL_UP).value  # 0: the hardware latch has tripped
        # Interrupt: registers as memory, which viper reads in no time.
        self.levels = bytearray_at(GPIO_IN, 4)
        self.flags = bytearray_at(PIO_IRQ, 4)
        self.fault_mask = 1 << pins["STAGE_FAULT_N"]
        self.switch_masks = (1 << pins["EL_A"], 1 << pins["EL_B"])  # in GPIO_IN
        self._current = ADC(pins["CURRENT_SENSE"])
        self._sink = ADC(pins["SINK_SENSE"])
        self._rail = ADC(pins["RAIL_SENSE"])
        # Interrupt: the converters of current, rail and sink, 16 bit.
        self.sense = (self._current.read_u16, self._rail.read_u16, self._sink.read_u16)
        self._board = board
        a, b, latch = program.EL_A, program.EL_B, program.LDAC
        # A board without the short has a dummy load between its electrodes, or nothing is ever held.
        self._through = (a | b | latch,) if board.HAS_SHORT else (a | latch, b | latch)
        self.measured = Measured()
        self.calibrate(Calibration(board.NAME))
        self.short()
        machine.active(1)

    def driven(self) -> bool:
        """Whether a phase plays now."""
        forward, reverse = self.switch_masks
        return mem32[GPIO_IN] & (forward | reverse) != 0

    def beginning(self, looks: int, after_us: int):
        """(us, current, rail, sink): 16 bit readings about `after_us` after a phase has begun, and the sink's time.

        None when none begins in so many looks, of some 10 us each, or something else came between it and its being
        seen. Busy meanwhile.
        """
        driven = self.driven
        while looks and driven():
            looks -= 1
        before = ticks_us()
        while looks and not driven():
            before = ticks_us()
            looks -= 1
        now = ticks_us()
        if not looks or ticks_diff(now, before) > _SEEN_US:
            return None
        began = ticks_add(before, ticks_diff(now, before) // 2)
        while ticks_diff(now, began) < after_us:
            now = ticks_us()
        current, rail, sink = self.sense
        state = disable_irq()
        now = ticks_us()
        at_sink = sink()
        us = (ticks_diff(ticks_us(), began) + ticks_diff(now, began)) // 2
        found = (us, current(), rail(), at_sink)
        seen = us < 2 * after_us and driven()
        enable_irq(state)
        return found if seen else None

    def on_sample(self, handler) -> None:
        """Call `handler(machine)` as a hard interrupt halfway through each driven phase."""
        self._machine.irq(handler, hard=True)

    @micropython.viper
    def write_dac(self, code: int):
        """Interrupt. Put `code` (0..4095, _SHUT) into the DAC's input register; LDAC low takes it to the output."""
        select, write, frame = self._dac_calls
        value = _DAC_WRITE ^ code  # as `|`, but for _SHUT
        bytes_ = ptr8(frame)
        bytes_[0] = value >> 8
        bytes_[1] = value
        select(0)
        write(frame)
        select(1)

    @micropython.native
    def short(self) -> None:
        """Interrupt. Short the electrodes now, forget every queued word, zero the DAC. Safe to repeat."""
        active, execute, restart, write_dac, off, clear, pull, depth = self._short_calls
        active(0)
        execute(off)
        for _ in range(depth):
            execute(pull)
        restart()
        execute(clear)  # LDAC low, electrodes still shorted: the DAC follows to zero
        write_dac(0)
        execute(off)
        active(1)

    def calibrate(self, c: Calibration) -> None:
        """Read and expect currents and voltages by this calibration and by `measured`. Only while the output is off.

        zero_codes: what is taken off a reading to make a sense code, which is of the current that electrodes carry:
        with none, SENSE_LESS_NA is left. na16_per_code: current of a sense code, in sixteenths of a nA.
        sense_per_dac, sense_at_zero: the sense code to expect of DAC code x is their x-fold and their sum, in 1024ths.
        dac: (gain ppm, offset nA), for `program`. reference_mv: the converter's, as far as it is known.
        noise_na, noise_mv: one deviation of a reading of current, and of voltage.
        """
        board = self._board
        rset = 4096 * board.RSET_OHM  # of which 4096 ADC codes are the ADC's reference
        nv = board.ADC_REFERENCE_MV * 1_000_000
        voltage = 1_000_000 + c.voltage_gain_ppm
        dac = board.DAC_REFERENCE_MV * (1_000_000 + c.dac_gain_ppm)
        m = self.measured
        self.sense_per_dac = self.nominal_per_dac(c)
        self.reference_mv = board.ADC_REFERENCE_MV
        if m.per_dac:
            self.sense_per_dac = m.per_dac
            # Of the two references the DAC's is known better: the converter's is what makes this of its volts.
            self.reference_mv = dac * 4096 * 1024 // (m.per_dac * 1_000_000 << board.DAC_BITS)
        self.na16_per_code = dac * 16 * 1024 // (self.sense_per_dac * board.RSET_OHM << board.DAC_BITS)
        less = board.SENSE_LESS_NA * 16 * 1024 // self.na16_per_code
        zero = c.sense_offset_na * rset * 1024 // nv if m.zero is None else m.zero
        self.zero_codes = zero - less + 512 >> 10
        if m.at_zero is None:
            self.dac = c.dac()
            at_zero = c.dac_offset_na * 16 * 1024 // self.na16_per_code
        else:
            at_zero = m.at_zero + less
            self.dac = (c.dac_gain_ppm, at_zero * self.na16_per_code // (16 * 1024))
        self.sense_at_zero = at_zero + (zero - less) - (self.zero_codes << 10)  # with what rounding has left
        self._uv_per_code = nv // 4096 * board.DIVIDER * 1000 // voltage
        if m.per_dac and not c.crc:
            self._uv_per_code = self.reference_mv * 1_000_000 // 4096 * board.DIVIDER // 1000
        self._offset_uv = c.voltage_offset_mv * 1_000_000_000 // voltage
        if m.across is not None:
            # With none flowing through the short but what the sense does not see.
            self._offset_uv = (m.across * self._uv_per_code >> 10) - board.SENSE_LESS_NA * through_ohm(board) // 1000
        self.noise_na = m.noise * self.na16_per_code // (16 * 1024)
        self.noise_mv = (m.across_noise * self._uv_per_code >> 10) // 1000

    def nominal_per_dac(self, c: Calibration) -> int:
        """`sense_per_dac` by the board's nominal values and a calibration alone."""
        board = self._board
        dac = board.DAC_REFERENCE_MV * (1_000_000 + c.dac_gain_ppm)
        nv = board.ADC_REFERENCE_MV * 1_000_000
        return dac * (1_000_000 + c.sense_gain_ppm) * 1024 * 4096 // (nv * 1_000_000 << board.DAC_BITS)

    def raw_current(self) -> int:
        """What the current sense reads, 12 bit, nothing taken off."""
        return adc.read(self._current) >> 4

    def current(self) -> int:
        """Delivered current as a sense code."""
        return self.raw_current() - self.zero_codes

    def expected(self, codes: int, n: int = 1) -> int:
        """Sum of the sense codes to expect of `n` DAC codes that make the sum `codes`."""
        return codes * self.sense_per_dac + n * self.sense_at_zero >> 10

    def voltage(self) -> int:
        """Electrode voltage, rail less sink node, as a difference of 12 bit sense codes."""
        return (adc.read(self._rail) >> 4) - (adc.read(self._sink) >> 4)

    def rail(self) -> int:
        """Rail, mV: the median of a few readings."""
        return (adc.median(self._rail) >> 4) * self._uv_per_code // 1000

    def ua(self, sense_code: int) -> int:
        """Sense code, or a sum of them, to uA."""
        return max(0, sense_code) * self.na16_per_code // 16_000

    def mv(self, sense_code: int) -> int:
        """A difference of rail and sink code to mV at the electrodes."""
        return (sense_code * self._uv_per_code - self._offset_uv) // 1000

    def rest_at(self, code: int) -> None:
        """For self-test and calibration: electrodes shorted, the DAC's output at `code`. `short` ends it."""
        self._hold(code, program.OFF)

    def shut_rest(self) -> None:
        """For self-test and calibration: as `rest_at`, with the DAC's output off: nothing flows."""
        self._hold(_SHUT, program.OFF)

    def self_test_short(self, code: int, reverse: bool = False) -> None:
        """For self-test and calibration: `code` through the board's built-in short. `short` ends it.

        Both switch lines high, which the board's decoder keeps off the electrodes. Where the board has a dummy load in
        place of skin: through that, in either direction.
        """
        self._hold(code, self._through[reverse])

    def shut_short(self) -> None:
        """For the self-test: as `self_test_short`, with the DAC's output off: its offset does not flow either."""
        self._hold(_SHUT, self._through[0])

    def seen(self) -> dict[str, int]:
        """What the pins read: `levels`, a bit each; codes of the converter, medians: `current`, `sink`, `rail`."""
        found = {"levels": mem32[GPIO_IN] & 0x3FFFFFFF}
        for name, input_ in (("current", self._current), ("sink", self._sink), ("rail", self._rail)):
            found[name] = adc.median(input_) >> 4
        return found

    def under_test(self, code: int, lines: int) -> None:
        """For the self-test: `code` with LDAC low and a line high, which lowers what trips. `short` ends it.

        lines: 1 forward and 2 in reverse through the electrode watch's shunt, the relay open; 3 through the short.
        """
        self._hold(code, lines)

    def drive(self, code: int, forward: bool, us: int) -> None:
        """For the self-test: one phase; the PIO ends it."""
        self._hold(code, program.OFF)
        self._machine.active(1)
        self.put(program.drive_word(forward, us))

    def _hold(self, code: int, pins: int) -> None:
        machine = self._machine
        machine.active(0)
        machine.exec(phases.EXEC_SET_PINS)
        self.write_dac(code)
        machine.exec(phases.EXEC_SET_PINS | pins)
