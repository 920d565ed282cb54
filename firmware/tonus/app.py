"""Wires the parts and runs the tasks: the only module that knows them all.

Tasks, by name: panel (10 ms), contact (20 ms), session (20 ms), link (2..20 ms), power (250 ms), supervisor (300 ms).
The session task writes the journal, the link task bank and calibration, only while the output is off. The supervisor
feeds the watchdog only when the pulse loop and every task have made progress since it last looked; the end of any task
is a safe stop.
"""

import asyncio
import gc
import json
import os
import sys
from time import sleep_ms, ticks_diff, ticks_ms

import machine
import rp2
from micropython import alloc_emergency_exception_buf

from . import (
    VERSION,
    bank,
    calibration,
    cell,
    console,
    contact,
    debounce,
    faults,
    files,
    front,
    limits,
    mark,
    moments,
    panel,
    power,
    preset,
    program,
    pulse,
    recorder,
    session,
    settings,
    stage,
    watcher,
)

_DATA = "/data"  # what the user has made, apart from the firmware's files: an update leaves it alone
_LIGHTS_MS = 30  # half the shortest flash; to work them out makes garbage
_RAISING_MS = 3000  # after a press of PLUS: the person may go on
_COUNTS_MS = 60_000  # a session that treated for so long counts, like one that finished


class Output:
    """What the session may ask of the pulse loop."""

    def __init__(self, pulse_loop: pulse.Pulse, programs, watch: watcher.Watcher) -> None:
        self._pulse = pulse_loop
        self._programs = programs  # function: zone -> Program
        self._watcher = watch

    def off(self) -> None:
        self._pulse.off()
        self._watcher.weigh(False)
        self._watcher.contact.reset()

    def probe(self) -> None:
        self._pulse.probe()

    def new_session(self) -> None:
        self._pulse.new_session()

    def treat(self, zone, level: int, ramp_ms: int) -> None:
        self._pulse.treat(self._programs(zone), level, ramp_ms)
        self._watcher.weigh(True)  # only now: what was left of a probe has been booked as it was ended

    def aim(self, level: int, ramp_ms: int) -> None:
        self._pulse.aim(level, ramp_ms)

    def ramp_down(self) -> None:
        self._pulse.aim(0, limits.RAMP_DOWN_MS)
        self._watcher.weigh(False)

    def settled(self) -> bool:
        return self._pulse.settled()


class App:
    """One device. Making it leaves the output dead; `run` starts everything and ends only by an exception.

    feed: called between the parts of the start that take long, for the watchdog. started: `run` has begun.
    """

    def __init__(self, board, feed) -> None:
        self._board = board
        self.started = False
        self._cause = ""  # of the start
        self._clock_ms = 0
        self._ticks_ms = ticks_ms()
        self._epoch_s: int | None = None  # Unix time at the start, when a host has told
        self._power = power.Power(board)  # first: the soft latch
        self._console = console.Console(self._power.usb)
        self._front = front.Front(board)
        self._stage = stage.Stage(board)
        self._pulse = pulse.Pulse(
            self._stage, program.compile_probe(board), 1 << board.PINS["VBUS_SENSE"], self._front.contacts
        )
        self._host = None  # `host.Host`, once there was a cable
        self._watcher = watcher.Watcher(board, self._stage, self._pulse, self.log, self._now)
        self._buttons = panel.Buttons(self._front.contacts)
        self._sounder = panel.Sounder(self._front.haptic is not None)
        self._moments = moments.Moments()
        self._raised_ms = -_RAISING_MS
        self._zone: preset.Zone | None = None  # the zone that was compiled last, and its program
        self._program: program.Program | None = None
        self._cell = cell.Cell(board.CELL_EMPTY_MV, board.CELL_FULL_MV, board.CELL_MOHM)
        self._seen_state = session.SELF_TEST
        self._released = False  # MODE has been up since the device went off
        self._lit_until_ms = 0
        self._beats = {"panel": 0, "contact": 0, "session": 0, "link": 0, "power": 0}
        self._bank = bank.Bank(_DATA)
        self._calibrations = calibration.Store(_DATA, board.NAME)
        self.settings = settings.Settings(_DATA)
        self._unsaved = False  # settings that wait for the output to be off
        self._mark = mark.Mark(_DATA)
        self._recorder = recorder.Recorder(_DATA, self, self._mark, self._try)
        self._note_loss = False
        self._open_data(feed)
        feed()
        self.calibrated()
        self._note_damage = self._bank.damage is not None
        output = Output(self._pulse, self._compile, self._watcher)
        self._session = self._watcher.session = session.Session(self._bank, output, self.log, self._cue)
        self.settings_changed()
        if self._power.usb() or not board.HAS_BATTERY:
            self._host = self._meet_host()

    def _open_data(self, feed) -> None:
        """Journal, bank and calibration, as far as the flash allows. A device without them treats with what ships."""
        self._try("data", self._make_folder)
        self._mark.load()  # before anything is put aside or made
        self._recorder.load(feed)
        self._try("presets", lambda: self._bank.load(feed))
        self._calibrations.load()
        self._put_aside("bank", self._bank, faults.BANK_DAMAGED)
        self._put_aside("calibration", self._calibrations, faults.CALIBRATION_DAMAGED)
        self.settings.load()
        self._put_aside("settings", self.settings, faults.SETTINGS_DAMAGED)
        self._try("journal", self._recorder.remember)
        self._tell_loss()

    def _tell_loss(self) -> None:
        """Show, log and journal what this start has missed first; from then on the mark has it."""
        if self._mark.found:
            self._note_loss = True
            why = ", ".join(self._mark.found)
            self.log("data", {"lost": why})
            self._note(faults.DATA_LOST, why)
        self._try("mark", self._mark.update)

    def _try(self, event: str, work) -> bool:
        """Do what may fail for whatever is on the flash, and log that; True when it did not."""
        try:
            work()
        except Exception as problem:
            self.log(event, {"problem": files.why(problem)})
            return False
        return True

    def _make_folder(self) -> None:
        try:
            if os.stat(_DATA)[0] & 0x4000:  # a folder
                return
            files.put_aside(_DATA)
        except OSError:
            pass  # there is none
        os.mkdir(_DATA)

    def _put_aside(self, event: str, store, number: int) -> None:
        """A file that was damaged is kept, logged and journalled."""
        if store.damage is not None:
            self.log(event, {"damage": store.damage})
            self._note(number, store.damage)
            self._try("mark", lambda: self._mark.drop(event))  # before the file goes: it is not lost
            self._try(event, store.keep_damaged)

    def _note(self, number: int, why: str) -> None:
        """Something for the journal that was found at the start, and is nothing to stop for."""
        fields = {"n": number, "name": faults.name(number), "value": 0, "why": why}
        self._recorder.write_fault(self._recorder.fault(fields, session.SELF_TEST))

    def log(self, event: str, fields) -> None:
        """One line of JSON on the console. A session's end goes to the journal, too."""
        line = {"t": self._now(), "e": event}
        line.update(fields)
        if event == "session":
            record = self._watcher.tally.record(self._stage.na16_per_code)
            done = self._recorder.session(record, self._session, self._bank.generation, fields)
            for key in ("treated_ms", "set_uc", "charge_uc", "share_pct"):
                line[key] = record[key]
            if (done or record["treated_ms"] >= _COUNTS_MS) and self.settings.count_down():
                self._unsaved = True
                self.settings_changed()
        self._console.log(json.dumps(line))

    async def run(self) -> None:
        """Start the loop and the tasks, test, then watch over them for ever."""
        cause = self._cause = power.start_cause()
        self.log("boot", {"cause": cause, "board": self._board.NAME, "version": VERSION})
        watchdog = power.start_watchdog(limits.WATCHDOG_MS)
        self._pulse.start()
        for name, task in (
            ("panel", self._panel_task()),
            ("contact", self._contact_task()),
            ("session", self._session_task()),
            ("link", self._link_task()),
            ("power", self._power_task()),
        ):
            asyncio.create_task(self._named(name, task))
        asyncio.create_task(self._named("selftest", self._first_test(cause)))
        asyncio.create_task(self._named("presets", self._check_presets()))
        if self._mark.to_search:
            asyncio.create_task(self._named("search", self._search()))
        self.started = True
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
            # A restart would not help, or has not: past the loop, to main.py, which needs none of this.
            hopeless = self._cause == "watchdog" or self._session.state == session.SELF_TEST
            hopeless = hopeless or name == "link" and self._host is None  # its files do not load
            try:
                self._died(name, problem)
            finally:
                if hopeless:
                    raise SystemExit("%s: %s" % (name, problem))

    def _died(self, name: str, problem: Exception) -> None:
        self.log("died", {"task": name, "problem": repr(problem)})
        for line in console.traceback(problem):
            self.log("trace", {"line": line})
        self._latched(problem)  # here: it may have been the session's task

    async def _first_test(self, cause: str) -> None:
        try:
            await self.test()
        except faults.Failed:
            return  # the fault is latched, and the session task shows it
        if cause == "watchdog":
            self._pulse.fault(faults.WATCHDOG)
        else:
            self._session.event("ready")

    async def _check_presets(self) -> None:
        """Whether the shipped presets are whole, one by one: a bank's are checked as it is loaded."""
        while self._session.state == session.SELF_TEST:
            await asyncio.sleep_ms(50)
        for i in range(len(self._bank) if self._bank.is_shipped else 0):
            await asyncio.sleep_ms(20)
            try:
                self._bank[i]
            except (OSError, ValueError) as problem:
                self.log("presets", {"problem": files.why(problem)})
                self._pulse.fault(faults.PRESETS)
                return

    async def _search(self) -> None:
        """A device that looks new: whether the flash has left-overs of data that is lost. Some idle seconds, once."""
        try:
            for _ in self._mark.search(rp2.Flash()):
                await asyncio.sleep_ms(1)
                while not self.quiet():
                    await asyncio.sleep_ms(50)
        except OSError as problem:
            self.log("mark", {"problem": files.why(problem)})
            return
        while not (self.quiet() and self._sounder.silent()):
            await asyncio.sleep_ms(50)
        self._tell_loss()

    async def _panel_task(self) -> None:
        lit_ms = 0
        stuck: list[str] = []
        while True:
            now = self._now()
            self._beats["panel"] += 1
            current = self._session
            for gesture in self._buttons.update(now):
                self._note_damage = self._note_loss = False
                if gesture == "mode_down" and self._host:
                    self._host.hold.end()
                stops = gesture == "mode_down" and current.state in session.ACTIVE
                current.press(gesture)
                if stops:
                    self._buttons.swallow_mode()
                    break  # what another finger did in the same instant does not start it again
            if self._buttons.stuck != stuck:
                for button in self._buttons.stuck:
                    if button not in stuck:
                        self.log("stuck", {"button": button})
                stuck = self._buttons.stuck[:]
            if self._buttons.mode_stuck(now):
                self._pulse.fault(faults.MODE_STUCK)
            if self._front.lit >= 0 and (now >= self._lit_until_ms or not self.quiet()):
                self._front.lit = -1
            if now - lit_ms >= _LIGHTS_MS:
                lit_ms = now
                gel = current.dry() or current.loose() and self._watcher.contact.kind == contact.GOOD
                raising = current.state == session.ARMED or now - self._raised_ms < _RAISING_MS
                self._front.show(
                    panel.lights(
                        current.state,
                        current.mode,
                        current.level,
                        contact.POOR if gel else self._watcher.contact.kind,
                        self._pulse.cut_by,
                        now,
                        self._note_damage,
                        self._note_loss,
                        current.expired,
                        self._moments.bar(now),
                        self._recorder.levels.get(current.preset.id, 0) if raising and current.preset else 0,
                        self._recorder.share_pct,
                        self._recorder.less,
                    )
                )
            self._front.sound(self._sounder.update(now), self._sounder.sound == "full")
            if current.state == session.OFF:
                self._restart_on_mode()
            await asyncio.sleep_ms(10)

    async def _contact_task(self) -> None:
        while True:
            self._beats["contact"] += 1
            self._watcher.look(self._may_start)
            await asyncio.sleep_ms(20)

    def _may_start(self) -> bool:
        """Whether the account of charge lets the zone begin."""
        return self._program is None or self._pulse.ready(self._program)

    async def _session_task(self) -> None:
        while True:
            self._beats["session"] += 1
            current = self._session
            cut = self._pulse.cut_by
            if cut >= faults.LATCH:
                self._latched(self._pulse.raised)
            elif cut:
                self._pulse.clear_cut()
                self._cut(cut)
            if self._power.usb():
                current.event("usb_in")
            else:
                if current.state == session.CHARGING:
                    self._look_at_cell()  # the cable hid it
                    current.event("usb_out")
                least = limits.BATTERY_CUTOFF_PCT
                if current.state in (session.STANDBY, session.DONE):
                    least = limits.BATTERY_START_PCT
                if self._cell.below(least):
                    current.event("battery_low")
            current.can_start = self._cell.can_start
            current.tick(self._now())
            if current.state != self._seen_state:
                self._entered(self._seen_state, current.state)
                self._seen_state = current.state
            # A write holds everything up for some 50 ms: not in the middle of a sound.
            if self._sounder.silent() and self.quiet():
                if not self._recorder.write() and self._unsaved:
                    self._save()
            await asyncio.sleep_ms(20)

    async def _link_task(self) -> None:
        waits = False
        while True:
            self._beats["link"] += 1
            if self._host is None and self.quiet():
                if waits:  # since a turn: the session has seen the cable, too
                    self._host = self._meet_host()
                waits = bool(self._power.usb()) or self._console.heard()
            await asyncio.sleep_ms(20 if self._host is None else await self._host.turn())

    def _meet_host(self):
        """What a host needs, from the first cable or byte on: a tenth of a second to load. Only while quiet."""
        gc.collect()  # it stays: not behind what is garbage
        from .host import Host

        journals = {"session": self._recorder.sessions, "fault": self._recorder.faults}
        return Host(
            self,
            self._board,
            self._stage,
            self._pulse,
            self._power.usb,
            self._console,
            self._bank,
            journals,
            self._calibrations,
        )

    async def _power_task(self) -> None:
        loop = self._pulse
        while True:
            self._beats["power"] += 1
            self._look_at_cell()
            ticks = loop.ticks
            await asyncio.sleep_ms(10)
            # A loop that stands still lets the rail fall, and is the supervisor's to name.
            if loop.ticks != ticks and loop.powered_ms() > limits.RAIL_RISE_MS:
                rail = self._stage.rail()
                if rail < self._board.RAIL_MIN_MV and loop.powered_ms() > limits.RAIL_RISE_MS:
                    loop.fault(faults.RAIL_DEAD, rail)
            await asyncio.sleep_ms(240)

    def _look_at_cell(self) -> None:
        mv = self._power.cell_mv()
        if mv is None:
            self._cell.reset()
        else:
            board = self._board
            stage_ma = board.STAGE_MA if self._pulse.powered_ms() else 0
            self._cell.add(mv, board.PROCESSOR_MA + stage_ma + self._front.draws_ma(board), self._now())

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

    # For the methods of the USB protocol.

    def quiet(self) -> bool:
        """True when the output is off, and stays so until the caller awaits something: the flash may be written."""
        state = self._session.state
        idle = not self._pulse.running and not (self._host and self._host.hold.active)
        return idle and state not in session.ACTIVE and state != session.SELF_TEST

    def event(self, name: str) -> bool:
        """An event of the session; False when it has no place now."""
        return self._session.event(name)

    def info(self) -> dict:
        return {
            "version": VERSION,
            "board": self._board.NAME,
            "micropython": ".".join([str(n) for n in sys.implementation.version[:3]]),
            "id": "".join(["%02x" % b for b in machine.unique_id()]),
            "state": self._session.state,
            "uptime_ms": self._now(),
            "clock": self.clock(),
            "battery_pct": None if self._power.usb() else self._cell.pct,
            "data_lost": ", ".join(self._mark.lost) or None,
        }

    def counters(self) -> dict:
        gc.collect()
        found = self.loop_counters()
        found["dropped"] = self._console.dropped
        found["journal_lost"] = self._recorder.lost
        return found

    def up_ms(self) -> int:
        """Since the start."""
        return self._now()

    def clock(self) -> int | None:
        """Unix time, s, if it is known."""
        return None if self._epoch_s is None else self._epoch_s + self._now() // 1000

    def set_clock(self, unix_s: int) -> None:
        self._epoch_s = unix_s - self._now() // 1000

    async def test(self) -> dict:
        """The self-test; its readings. When it fails the fault is latched, and faults.Failed raised."""
        start = self._now()
        try:
            now = self._calibrations.now
            # Its memory is worth more to the session: what it is made of is there while it runs.
            before = set(sys.modules)
            from . import selftest

            its = set(sys.modules) - before
            try:
                readings = await selftest.run(self._board, self._stage, self._pulse, self._power, now)
            finally:
                for name in its:
                    del sys.modules[name]
                    delattr(sys.modules["tonus"], name.split(".")[1])
            self.calibrated()
            if not len(self._bank):
                raise faults.Failed(faults.PRESETS, 0)
        except faults.Failed as failure:
            self._pulse.fault(failure.number, failure.value)
            raise
        readings["ms"] = self._now() - start
        fields: dict[str, object] = {"ok": True}
        fields.update(readings)
        self.log("selftest", fields)
        return readings

    def before_writing(self) -> None:
        """The flash is about to be written. Only when quiet."""
        self._try("mark", self._mark.before_writing)

    def stored(self) -> None:
        """A host has put presets or a calibration on the flash, or taken them off it. Only when quiet."""
        self._note_loss = False
        self._try("mark", lambda: self._mark.update(mended=True))

    def forgets(self, name: str) -> None:
        """A file of /data is about to go for good. Only when quiet."""
        self._try("mark", lambda: self._mark.drop(name))

    def presets_changed(self) -> None:
        self._note_damage = self._bank.damage is not None
        self._session.presets_changed(self._bank.ids)

    def settings_changed(self) -> None:
        """Go by the settings that are in force now; the first ones make their file."""
        now = self.settings.now
        self._sounder.sound = now["sound"]
        self._sounder.haptic = now["haptic"]
        self._session.cap = now["cap_level"]
        if self.quiet():
            self._try("mark", self._mark.update)

    def calibrated(self) -> None:
        """Go by the calibration that is in force now, and by what the self-test has measured."""
        stage_ = self._stage
        stage_.calibrate(self._calibrations.now)
        self._pulse.calibrate(program.compile_probe(self._board, stage_.dac))
        self._watcher.calibrated()
        self._zone = self._program = None

    def read(self, show: str | None) -> dict:
        """What the pins read. show: of panel.SHOWN, alone on from here on, for a while. Not while the output is on."""
        self._front.lit = -1 if show is None else panel.SHOWN.index(show)
        self._lit_until_ms = self._now() + limits.HOLD_MAX_MS
        return self._stage.seen()

    # The flash.

    def _save(self) -> None:
        """Settings that were changed on the device."""
        self._unsaved = False  # what the flash does not take is in force until the device is off
        self.before_writing()
        if self._try("settings", self.settings.save):
            self._try("mark", self._mark.update)

    def loop_counters(self) -> dict:
        loop = self._pulse
        return {
            "ticks": loop.ticks,
            "late": loop.late,
            "missed": loop.missed,
            "worst_us": loop.worst_us,
            "unseen": loop.unseen,
            "heap_free": gc.mem_free(),
        }

    # Between the parts.

    def _now(self) -> int:
        """Milliseconds since the start; unlike ticks_ms it does not wrap."""
        ticks = ticks_ms()
        self._clock_ms += ticks_diff(ticks, self._ticks_ms)
        self._ticks_ms = ticks
        return self._clock_ms

    def _cue(self, kind: str) -> None:
        """A sound, and what the bar shows with it."""
        now = self._now()
        shown = self._moments
        current = self._session
        if kind == "sound" or kind == "haptic":
            its = self.settings
            if kind == "sound":
                its.next_sound()
            else:
                its.turn_haptic()
            self._unsaved = True
            self.settings_changed()
            if kind == "haptic":  # shown as what it is, and ticked, or sounded
                shown.show("ticks" if its.now["haptic"] else "no_ticks", now)
                self._sounder.play("off" if its.now["haptic"] else "level", now)
                return
            kind = its.now["sound"]
        if kind != "here":
            self._sounder.play(kind, now)
        if kind == "level":
            shown.end()
            if current.level > 1:
                self._raised_ms = now
        elif kind == "here" or kind in preset.SIDES:
            shown.show("zone", now, current.zone + 1, len(current.preset.zones))
        elif kind in settings.SOUNDS or kind == "stop":
            shown.show(kind, now)
        elif kind == "done" and self._recorder.less:
            self._sounder.play("less_" + self._recorder.less, now)

    def _show_charge(self) -> None:
        """For a moment, at switch-on and after the cable; and whether it is to be charged soon."""
        if self._power.usb() or not self._board.HAS_BATTERY:
            return
        pct = self._cell.pct
        self._moments.show("charge", self._now(), pct)
        if limits.BATTERY_START_PCT <= pct <= limits.CHARGE_SOON_PCT:
            self._cue("charge")

    def _compile(self, zone):
        if zone is not self._zone:
            self._program = program.compile(zone.waveform, self._session.preset.top_ua, self._board, self._stage.dac)
            self._zone = zone
        return self._program

    def _latched(self, raised: Exception | None) -> None:
        """A fault has latched, perhaps for an exception: show it and journal it, once."""
        current = self._session
        if current.state in (session.FAULT, session.OFF):
            return
        cut = self._pulse.cut_by
        fields = {"n": cut, "name": faults.name(cut), "value": self._pulse.cut_value}
        if raised is not None:
            fields["why"] = "%s: %s" % (type(raised).__name__, raised)
        record = self._recorder.fault(fields, current.state)
        self.log("fault", fields)
        current.event("fault")
        self._recorder.write_fault(record)  # now, whatever sounds: the watchdog may be near

    def _cut(self, reason: int) -> None:
        """The pulse loop has cut the output by itself: bring the session to where it belongs."""
        if reason == faults.LIFT:
            self._watcher.contact.reset()
            self._session.contact(contact.OPEN, False)
        elif reason == faults.STOP:
            if self._session.event("stop"):
                self._buttons.swallow_mode()
        elif reason == faults.USB:
            self._session.event("usb_in")  # also when the cable is already out again
        elif reason == faults.LIMIT:
            self._session.event("expired")

    def _entered(self, before: str, state: str) -> None:
        if state not in session.ACTIVE:
            gc.collect()  # 20 ms of the foreground, which would else come when somebody presses a button
        if before in session.ACTIVE and state not in session.ACTIVE:
            self.log("counters", self.loop_counters())
        if state == session.STANDBY and before in (session.SELF_TEST, session.CHARGING):
            self._show_charge()
        if state == session.ARMED:
            self._watcher.begin()
            self._compile(self._session.preset.zones[0])  # takes its time: done when contact comes
        if state == session.OFF:
            while self._recorder.write():
                pass
            if self._unsaved:
                self._save()
            self._released = False
            self._power.release()

    def _restart_on_mode(self) -> None:
        """Off but still powered, over USB: MODE starts afresh."""
        if not self._front.contacts.down(debounce.MODE):
            self._released = True
        elif self._released:
            power.restart()


def steps(board, feed, run=None):
    """Run the device, for ever, in steps. What ends it switches the output off and waits for the watchdog.

    Raises what keeps it from starting; nothing flows then. feed: for the watchdog until the supervisor takes over. run:
    runs a coroutine in steps; without it all of asyncio's running is one.
    """
    alloc_emergency_exception_buf(100)
    app = App(board, feed)
    try:
        for _ in run(app.run()) if run else (asyncio.run(app.run()),):
            yield
    except Exception as problem:
        if not app.started:
            raise
        for line in console.traceback(problem):
            app.log("trace", {"line": line})
    finally:
        app.shut()
    # Not back to the prompt: nobody is to find it open but in safe mode.
    while True:
        sleep_ms(10)
        yield
