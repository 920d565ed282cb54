"""The electrode stage: PIO phases, DAC, keep-alive, sense, fault line. The only module that touches those pins.

Everything is bound when it is made, so that the methods marked "interrupt" allocate nothing. Making a Stage leaves the
output dead: electrodes shorted, DAC at zero, no keep-alive.
"""

import micropython
from machine import ADC, SPI, Pin
from rp2 import StateMachine

from . import adc, phases
from .mpy import const, ptr8
from .program import EL_A, EL_B, LDAC, OFF, PIO_HZ

FIFO_DEPTH = 4
_DAC_WRITE = const(0x3000)  # MCP4821: write, gain 1x, output active
_SPI_HZ = 10_000_000


class Stage:
    """`board` is the board's module: its PINS and analog constants."""

    def __init__(self, board) -> None:
        pins = board.PINS
        self.toggle_alive = Pin(pins["STAGE_ALIVE"], Pin.OUT, value=0).toggle  # interrupt: one edge of the keep-alive
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
        self._machine = StateMachine(0, phases.phases, freq=PIO_HZ, out_base=base, set_base=base)
        machine = self._machine
        words = (phases.EXEC_SET_PINS | OFF, phases.EXEC_SET_PINS, phases.EXEC_PULL_NOBLOCK)
        self._short_calls = (machine.active, machine.exec, machine.restart, self.write_dac) + words
        self.put = machine.put  # interrupt: only when queued() < FIFO_DEPTH, or it blocks for ever
        self.queued = machine.tx_fifo  # interrupt: words not yet begun
        self.fault_n = Pin(pins["STAGE_FAULT_N"], Pin.IN, Pin.PULL_UP).value  # 0: the hardware latch has tripped
        self._current = ADC(pins["CURRENT_SENSE"])
        self._sink = ADC(pins["SINK_SENSE"])
        self._rail = ADC(pins["RAIL_SENSE"])
        # Interrupt: the converters of current, rail and sink, 16 bit, and the levels of the two switch lines.
        self.sense = (self._current.read_u16, self._rail.read_u16, self._sink.read_u16)
        self.switches = (Pin(pins["EL_A"]).value, Pin(pins["EL_B"]).value)
        # Sense codes to units, in thousandths: 4096 ADC codes are the ADC's reference.
        self.na_per_code = board.ADC_REFERENCE_MV * 1_000_000 // (4096 * board.RSET_OHM)
        self._uv_per_code = board.ADC_REFERENCE_MV * 1000 * board.DIVIDER // 4096
        # Expected sense code of a DAC code, in 1024ths: both cross the same Rset.
        self.sense_per_dac = board.DAC_REFERENCE_MV * 1024 * 4096 // (board.ADC_REFERENCE_MV << board.DAC_BITS)
        self.short()
        machine.active(1)

    def on_sample(self, handler) -> None:
        """Call `handler(machine)` as a hard interrupt halfway through each driven phase."""
        self._machine.irq(handler, hard=True)

    @micropython.viper
    def write_dac(self, code: int):
        """Interrupt. Put `code` (0..4095) into the DAC's input register; LDAC low takes it to the output."""
        select, write, frame = self._dac_calls
        value = _DAC_WRITE | code
        bytes_ = ptr8(frame)
        bytes_[0] = value >> 8
        bytes_[1] = value
        select(0)
        write(frame)
        select(1)

    @micropython.native
    def short(self) -> None:
        """Interrupt. Short the electrodes now, forget every queued word, zero the DAC. Safe to repeat."""
        active, execute, restart, write_dac, off, clear, pull = self._short_calls
        active(0)
        execute(off)
        for _ in range(FIFO_DEPTH):
            execute(pull)
        restart()
        execute(clear)  # LDAC low, electrodes still shorted: the DAC follows to zero
        write_dac(0)
        execute(off)
        active(1)

    def current(self) -> int:
        """Delivered current as a 12 bit sense code."""
        return adc.read(self._current) >> 4

    def voltage(self) -> int:
        """Electrode voltage, rail less sink node, as a difference of 12 bit sense codes."""
        return (adc.read(self._rail) >> 4) - (adc.read(self._sink) >> 4)

    def rail(self) -> int:
        """Rail, mV."""
        return self.mv(adc.read(self._rail) >> 4)

    def ua(self, sense_code: int) -> int:
        """Sense code to uA."""
        return sense_code * self.na_per_code // 1000

    def mv(self, sense_code: int) -> int:
        """Divider code to mV."""
        return sense_code * self._uv_per_code // 1000

    def rest_at(self, code: int) -> None:
        """For the self-test: electrodes shorted, the DAC's output at `code`. `short` ends it."""
        self._hold(code, OFF)

    def self_test_short(self, code: int) -> None:
        """For the self-test: `code` through the board's built-in short. `short` ends it.

        Both switch lines high, which the board's decoder keeps off the electrodes.
        """
        self._hold(code, EL_A | EL_B | LDAC)

    def _hold(self, code: int, pins: int) -> None:
        machine = self._machine
        machine.active(0)
        machine.exec(phases.EXEC_SET_PINS)
        self.write_dac(code)
        machine.exec(phases.EXEC_SET_PINS | pins)
