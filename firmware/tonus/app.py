"""Wires the parts and runs the tasks: the only module that knows them all.

Tasks, by name: panel (10 ms), contact (20 ms), session (20 ms), power (250 ms), supervisor (300 ms). The supervisor
feeds the watchdog only when the pulse loop and every task have made progress since it last looked; the end of any task
is a safe stop.
"""

import asyncio
import gc
import json
import sys
from time import ticks_diff, ticks_ms

from machine import PWM, Pin
from micropython import alloc_emergency_exception_buf, kbd_intr

from . import VERSION, bank, contact, faults, limits, panel, power, preset, program, pulse, selftest, session, stage

_LEVEL_ROLES = ("LEVEL_1", "LEVEL_2", "LEVEL_3", "LEVEL_4", "LEVEL_5")
_LAMP_ROLES = ("MODE_1", "MODE_2", "MODE_3", "MODE_4", "CONTACT")
_LED_HZ = 1000


class Panel:
    """The panel's pins. Written only when something changes."""

    def __init__(self, board) -> None:
        pins = board.PINS
        self._contacts = [Pin(pins[role], Pin.IN, Pin.PULL_UP).value for role in panel.BUTTONS]
        self.stop = self._contacts[0]
        self._bar = [PWM(Pin(pins[role]), freq=_LED_HZ, duty_u16=0) for role in _LEVEL_ROLES]
        self._lamps = [Pin(pins[role], Pin.OUT, value=0) for role in _LAMP_ROLES]
        self._beeper = PWM(Pin(pins["BEEPER"]), freq=2000, duty_u16=0)
        self._haptic = Pin(pins["HAPTIC"], Pin.OUT, value=0) if "HAPTIC" in pins else None
        self._shown = [0] * 10
        self._sounding = (0, 0)

    def contacts(self) -> tuple[bool, bool, bool]:
        """MODE, PLUS, MINUS: True when pressed."""
        mode, plus, minus = self._contacts
        return (not mode(), not plus(), not minus())

    def show(self, lights: list[int]) -> None:
        """Brightness, permille, of LEVEL_1..5, MODE_1..4, CONTACT."""
        if lights == self._shown:
            return
        for i in range(10):
            if lights[i] != self._shown[i]:
                if i < 5:
                    self._bar[i].duty_u16(lights[i] * 65535 // 1000)
                else:
                    self._lamps[i - 5](1 if lights[i] else 0)
        self._shown = lights

    def sound(self, tone: tuple[int, int]) -> None:
        """(beeper Hz, haptic)."""
        if tone == self._sounding:
            return
        hz, haptic = tone
        if hz:
            self._beeper.freq(hz)
        self._beeper.duty_u16(32768 if hz else 0)
        if self._haptic is not None:
            self._haptic(haptic)
        self._sounding = tone


class Output:
    """What the session may ask of the pulse loop."""

    def __init__(self, pulse_loop: pulse.Pulse, programs, contact_state: contact.Contact) -> None:
        self._pulse = pulse_loop
        self._programs = programs  # function: zone -> Program
        self._contact = contact_state

    def off(self) -> None:
        self._pulse.off()
        self._contact.reset()

    def probe(self) -> None:
        self._pulse.probe()

    def new_session(self) -> None:
        self._pulse.new_session()

    def treat(self, zone, level: int, ramp_ms: int) -> None:
        self._pulse.treat(self._programs(zone), level, ramp_ms)

    def aim(self, level: int, ramp_ms: int) -> None:
        self._pulse.aim(level, ramp_ms)

    def ramp_down(self) -> None:
        self._pulse.aim(0, limits.RAMP_DOWN_MS)

    def settled(self) -> bool:
        return self._pulse.settled()


class App:
    """One device. Making it leaves the output dead; `run` starts everything and ends only by an exception."""

    def __init__(self, board) -> None:
        self._board = board
        self._clock_ms = 0
        self._ticks_ms = ticks_ms()
        self._power = power.Power(board)  # first: the soft latch
        self._panel = Panel(board)
        self._stage = stage.Stage(board)
        self._pulse = pulse.Pulse(self._stage, program.compile_probe(board), self._power.usb, self._panel.stop)
        self._contact = contact.Contact(board.RAIL_MV, board.RSET_OHM)
        self._buttons = panel.Buttons()
        self._sounder = panel.Sounder()
        self._zone: preset.Zone | None = None  # the zone that was compiled last, and its program
        self._program: program.Program | None = None
        self._battery_pct = 100
        self._shown_kind = contact.OPEN
        self._seen_state = session.SELF_TEST
        self._released = False  # MODE has been up since the device went off
        self._beats = {"panel": 0, "contact": 0, "session": 0, "power": 0}
        try:
            self._presets = bank.shipped()
        except (OSError, ValueError) as problem:
            self._presets = []
            self.log("presets", {"problem": str(problem)})
        output = Output(self._pulse, self._compile, self._contact)
        self._session = session.Session(self._presets, output, self.log, self._cue)

    def log(self, event: str, fields) -> None:
        """One line of JSON on the console."""
        line = {"t": self._now(), "e": event}
        line.update(fields)
        print(json.dumps(line))

    async def run(self) -> None:
        """Start the loop and the tasks, test, then watch over them for ever."""
        cause = power.start_cause()
        self.log("boot", {"cause": cause, "board": self._board.NAME, "version": VERSION})
        watchdog = power.start_watchdog(limits.WATCHDOG_MS)
        self._pulse.start()
        for name, task in (
            ("panel", self._panel_task()),
            ("contact", self._contact_task()),
            ("session", self._session_task()),
            ("power", self._power_task()),
        ):
            asyncio.create_task(self._named(name, task))
        asyncio.create_task(self._named("selftest", self._self_test(cause)))
        await self._named("supervisor", self._supervise(watchdog))

    def shut(self) -> None:
        """Output off, whatever else is wrong."""
        self._pulse.off()

    # Tasks.

    async def _named(self, name: str, task) -> None:
        """Run a task; when it dies, that is a safe stop with its name."""
        try:
            await task
        except Exception as problem:
            self._pulse.fault(faults.TASK_DIED)
            self.log("died", {"task": name, "problem": repr(problem)})
            sys.print_exception(problem)

    async def _self_test(self, cause: str) -> None:
        start = self._now()
        try:
            readings = await selftest.run(self._board, self._stage, self._pulse, self._power)
            if not self._presets:
                raise selftest.Failed(faults.PRESETS, 0)
            readings["ms"] = self._now() - start
            readings["ok"] = True
            self.log("selftest", readings)
            if cause == "watchdog":
                raise selftest.Failed(faults.WATCHDOG, 0)
        except selftest.Failed as failure:
            self._pulse.fault(failure.number, failure.value)
            return
        self._session.event("ready")

    async def _panel_task(self) -> None:
        reported = 0
        while True:
            now = self._now()
            self._beats["panel"] += 1
            current = self._session
            for gesture in self._buttons.update(now, self._panel.contacts()):
                stops = gesture == "mode_down" and current.state in session.ACTIVE
                current.press(gesture)
                if stops:
                    self._buttons.swallow_mode()
                    break  # what another finger did in the same instant does not start it again
            if len(self._buttons.stuck) > reported:
                button = self._buttons.stuck[-1]
                self.log("stuck", {"button": button})
                if button == "MODE":
                    self._pulse.fault(faults.MODE_STUCK)
            reported = len(self._buttons.stuck)
            self._panel.show(
                panel.lights(
                    current.state,
                    current.mode,
                    current.level,
                    self._contact.kind,
                    self._pulse.cut_by,
                    now,
                )
            )
            self._panel.sound(self._sounder.update(now))
            if current.state == session.OFF:
                self._restart_on_mode()
            await asyncio.sleep_ms(10)

    async def _contact_task(self) -> None:
        while True:
            self._beats["contact"] += 1
            n, code, sense, voltage = self._pulse.take()
            if n and self._pulse.running:
                stage_ = self._stage
                now = self._now()
                self._contact.update(
                    program.ua_for_code(code, self._board),
                    stage_.ua(sense),
                    stage_.mv(voltage),
                    self._session.state in session.PROBING,
                    now,
                )
            kind = self._contact.kind
            if kind != self._shown_kind:
                self._shown_kind = kind
                self.log("contact", {"class": kind, "ohm": self._contact.ohm})
            if self._session.state in session.ACTIVE and self._pulse.running:
                self._session.contact(kind, self._pulse.rested())
            await asyncio.sleep_ms(20)

    async def _session_task(self) -> None:
        while True:
            self._beats["session"] += 1
            current = self._session
            cut = self._pulse.cut_by
            if cut >= faults.LATCH:
                if current.state not in (session.FAULT, session.OFF):
                    fields = {"n": cut, "name": faults.name(cut), "value": self._pulse.cut_value}
                    raised = self._pulse.raised
                    if raised is not None:
                        fields["why"] = "%s: %s" % (type(raised).__name__, raised)
                    self.log("fault", fields)
                    current.event("fault")
            elif cut:
                self._pulse.clear_cut()
                self._cut(cut)
            if self._power.usb():
                current.event("usb_in")
            else:
                if current.state == session.CHARGING:
                    self._battery_pct = self._power.battery_pct()  # the cable hid the cell
                    current.event("usb_out")
                if self._battery_pct < limits.BATTERY_CUTOFF_PCT or (
                    self._battery_pct < limits.BATTERY_START_PCT and current.state in (session.STANDBY, session.DONE)
                ):
                    current.event("battery_low")
            current.tick(self._now())
            if current.state != self._seen_state:
                self._entered(self._seen_state, current.state)
                self._seen_state = current.state
            await asyncio.sleep_ms(20)

    async def _power_task(self) -> None:
        loop = self._pulse
        ticks = 0
        while True:
            self._beats["power"] += 1
            self._battery_pct = self._power.battery_pct()
            # A loop that stands still lets the rail fall, and is the supervisor's to name.
            if loop.ticks != ticks and loop.powered_ms() > selftest.RISE_MS:
                rail = self._stage.rail()
                if rail < self._board.RAIL_MIN_MV and loop.powered_ms() > selftest.RISE_MS:
                    loop.fault(faults.RAIL_DEAD, rail)
            ticks = loop.ticks
            await asyncio.sleep_ms(250)

    async def _supervise(self, watchdog) -> None:
        seen: dict[str, int] = {}
        ticks = -1
        while True:
            beats = self._beats
            # The power task beats every 250 ms, so each look waits longer than that.
            alive = self._pulse.ticks != ticks
            for name in beats:
                if beats[name] == seen.get(name):
                    alive = False
            if self._pulse.ticks == ticks:
                self._pulse.fault(faults.LOOP_STALLED)
            ticks = self._pulse.ticks
            seen.update(beats)
            if alive:
                watchdog.feed()
            await asyncio.sleep_ms(300)

    # Between the parts.

    def _now(self) -> int:
        """Milliseconds since the start; unlike ticks_ms it does not wrap."""
        ticks = ticks_ms()
        self._clock_ms += ticks_diff(ticks, self._ticks_ms)
        self._ticks_ms = ticks
        return self._clock_ms

    def _cue(self, kind: str) -> None:
        self._sounder.play(kind, self._now())

    def _compile(self, zone):
        if zone is not self._zone:
            self._program = program.compile(zone.waveform, self._session.preset.top_ua, self._board)
            self._zone = zone
        return self._program

    def _cut(self, reason: int) -> None:
        """The pulse loop has cut the output by itself: bring the session to where it belongs."""
        if reason == faults.LIFT:
            self._contact.reset()
            self._session.contact(contact.OPEN, False)
        elif reason == faults.STOP:
            if self._session.event("stop"):
                self._buttons.swallow_mode()
        elif reason == faults.USB:
            self._session.event("usb_in")  # also when the cable is already out again
        elif reason == faults.LIMIT:
            self._session.event("expired")

    def _entered(self, before: str, state: str) -> None:
        if before in session.ACTIVE and state not in session.ACTIVE:
            loop = self._pulse
            self.log(
                "counters",
                {
                    "ticks": loop.ticks,
                    "late": loop.late,
                    "missed": loop.missed,
                    "worst_us": loop.worst_us,
                    "unseen": loop.unseen,
                    "heap_free": gc.mem_free(),
                },
            )
        if state == session.OFF:
            self._released = False
            self._power.release()

    def _restart_on_mode(self) -> None:
        """Off but still powered, over USB: MODE starts afresh."""
        pressed = self._panel.contacts()[0]
        if not pressed:
            self._released = True
        elif self._released:
            power.restart()


def main(board) -> None:
    """Run the device. Returns only by an exception, with the output off and, without a feeder, a reset to come."""
    kbd_intr(-1)  # Ctrl-C on the console does not stop a treatment's firmware
    alloc_emergency_exception_buf(100)
    app = App(board)
    try:
        asyncio.run(app.run())
    finally:
        app.shut()
