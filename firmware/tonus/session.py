"""The session: one state machine, one transition table, one function that changes state.

No hardware and no clock. `Session` is given an output (what the pulse loop does for it), a list of presets and a log;
`press`, `contact`, `event` and `tick` bring it what happens. STATES.md draws the table, generated from it.
"""

from . import contact, limits
from .preset import Preset, Zone

OFF = "OFF"
SELF_TEST = "SELF_TEST"
STANDBY = "STANDBY"
ARMED = "ARMED"
RAMP_UP = "RAMP_UP"
TREAT = "TREAT"
PAUSED = "PAUSED"
RAMP_DOWN = "RAMP_DOWN"
DONE = "DONE"
CHARGING = "CHARGING"
LOW_BATTERY = "LOW_BATTERY"
FAULT = "FAULT"

STATES = (
    OFF,
    SELF_TEST,
    STANDBY,
    ARMED,
    RAMP_UP,
    TREAT,
    PAUSED,
    RAMP_DOWN,
    DONE,
    CHARGING,
    LOW_BATTERY,
    FAULT,
)
TREATING = (RAMP_UP, TREAT, RAMP_DOWN)  # the only states that may drive a treatment
PROBING = (ARMED, PAUSED)  # and the only others that may drive the probe
ACTIVE = TREATING + PROBING

# event: what it means
EVENTS = {
    "ready": "the self-test passed",
    "test": "the self-test was asked for over USB",
    "choose": "MODE: the next preset",
    "arm": "PLUS: start at level 1",
    "contact": "the electrodes found skin",
    "ramped": "the ramp up ended",
    "zone": "the next zone has another waveform",
    "lost": "contact was lost",
    "dry": "contact stayed poor",
    "zero": "MINUS took the level to zero",
    "finished": "the last zone ended, or was left out",
    "ramped_down": "the ramp down ended",
    "drained": "the ramp down for an empty battery ended",
    "stop": "MODE: stop",
    "expired": "the longest session ended",
    "again": "a button: back to choosing",
    "idle": "nothing happened for long",
    "usb_in": "USB power appeared",
    "usb_out": "USB power went",
    "battery_low": "the battery is too low",
    "power_off": "MODE long",
    "fault": "a fault latched",
}

TABLE = {
    (SELF_TEST, "ready"): STANDBY,
    (STANDBY, "choose"): STANDBY,
    (STANDBY, "arm"): ARMED,
    (STANDBY, "test"): SELF_TEST,
    (STANDBY, "idle"): OFF,
    (STANDBY, "usb_in"): CHARGING,
    (STANDBY, "battery_low"): LOW_BATTERY,
    (ARMED, "contact"): RAMP_UP,
    (ARMED, "stop"): STANDBY,
    (ARMED, "zero"): STANDBY,
    (ARMED, "expired"): STANDBY,
    (ARMED, "finished"): STANDBY,
    (ARMED, "idle"): OFF,
    (ARMED, "usb_in"): CHARGING,
    (ARMED, "battery_low"): LOW_BATTERY,
    (RAMP_UP, "ramped"): TREAT,
    (RAMP_UP, "zone"): RAMP_UP,
    (RAMP_UP, "lost"): PAUSED,
    (RAMP_UP, "dry"): PAUSED,
    (RAMP_UP, "zero"): PAUSED,
    (RAMP_UP, "finished"): RAMP_DOWN,
    (RAMP_UP, "stop"): STANDBY,
    (RAMP_UP, "expired"): DONE,
    (RAMP_UP, "usb_in"): CHARGING,
    (RAMP_UP, "battery_low"): RAMP_DOWN,
    (TREAT, "zone"): RAMP_UP,
    (TREAT, "lost"): PAUSED,
    (TREAT, "dry"): PAUSED,
    (TREAT, "zero"): PAUSED,
    (TREAT, "finished"): RAMP_DOWN,
    (TREAT, "stop"): STANDBY,
    (TREAT, "expired"): DONE,
    (TREAT, "idle"): OFF,
    (TREAT, "usb_in"): CHARGING,
    (TREAT, "battery_low"): RAMP_DOWN,
    (PAUSED, "contact"): RAMP_UP,
    (PAUSED, "finished"): DONE,
    (PAUSED, "stop"): STANDBY,
    (PAUSED, "expired"): DONE,
    (PAUSED, "idle"): OFF,
    (PAUSED, "usb_in"): CHARGING,
    (PAUSED, "battery_low"): LOW_BATTERY,
    (RAMP_DOWN, "ramped_down"): DONE,
    (RAMP_DOWN, "drained"): LOW_BATTERY,
    (RAMP_DOWN, "lost"): DONE,
    (RAMP_DOWN, "stop"): STANDBY,
    (RAMP_DOWN, "expired"): DONE,
    (RAMP_DOWN, "usb_in"): CHARGING,
    (DONE, "again"): STANDBY,
    (DONE, "test"): SELF_TEST,
    (DONE, "idle"): OFF,
    (DONE, "usb_in"): CHARGING,
    (DONE, "battery_low"): LOW_BATTERY,
    (CHARGING, "usb_out"): STANDBY,
    (CHARGING, "test"): SELF_TEST,
    (LOW_BATTERY, "usb_in"): CHARGING,
    (LOW_BATTERY, "idle"): OFF,
    (FAULT, "idle"): OFF,
}
for _state in STATES:
    TABLE[(_state, "fault")] = FAULT  # a later fault does not leave FAULT
    TABLE[(_state, "power_off")] = OFF

# How long a state may stand still before "idle".
_IDLE_MS = {
    STANDBY: limits.IDLE_OFF_MS,
    ARMED: limits.IDLE_OFF_MS,
    TREAT: limits.IDLE_OFF_MS,
    PAUSED: limits.IDLE_OFF_MS,
    DONE: limits.DONE_OFF_MS,
    LOW_BATTERY: limits.LOW_BATTERY_OFF_MS,
    FAULT: limits.FAULT_OFF_MS,
}


class Session:
    """One device's sessions.

    presets: a sequence of Preset, read when one is chosen; at least one, or the self-test does not pass.
    log(event, fields): called on each change, with a dict.
    output: `off()`, `probe()`, `new_session()`, `treat(zone, level, ramp_ms)`, `aim(level, ramp_ms)`, `ramp_down()`,
    `settled()`; zone is a `preset.Zone`. cue(kind): for the panel to sound (`panel.SOUNDS`), or "here": the present
    zone is to be shown, "sound": the next loudness was asked for, or "haptic": ticks on or off.

    counted_ms: what the zones' clock has counted: RAMP_UP and TREAT, but not electrodes that touch each other. How much
    of that was a treatment, `tally` knows.
    can_start: False while the cell has too little for a session. cap: the highest level there is.
    """

    def __init__(self, presets, output, log, cue) -> None:
        self.state = SELF_TEST
        self.mode = 0
        self.level = 0
        self.zone = 0
        self.contact_kind = contact.OPEN
        self.counted_ms = 0
        self.lifts = 0
        self.skipped: list[int] = []  # zones, from 1, that the person has left out
        self.expired = False  # the session that is DONE ended by the longest time, not by its last zone
        self.can_start = True
        self.cap = limits.LEVELS
        self._presets = presets
        self._output = output
        self._log = log
        self._cue = cue
        self._now_ms = 0
        self._active_ms = 0  # when something last happened
        self._begun_ms = 0  # when the session armed
        self._poor_ms = 0
        self._holding = False  # the hand rests at the end of a stroke
        self._zone_from_ms = 0  # the treated time at which the present zone began
        self._here = False  # MINUS went down in STANDBY, and is perhaps held
        self._not_before_ms = 0
        self._lifted_ms: list[int] = []  # when the last lifts came, LOOSE_LIFTS of them at most
        self.preset: Preset = presets[0] if len(presets) else None  # type: ignore[assignment]

    def presets_changed(self, ids: list[str]) -> None:
        """The presets are others now, with these ids. The one chosen stays so if it is among them. Not while active."""
        self._choose(ids.index(self.preset.id) if self.preset is not None and self.preset.id in ids else 0)
        if self.state in (STANDBY, CHARGING):
            self._log_mode()

    def _choose(self, mode: int) -> None:
        self.mode = mode
        self.preset = self._presets[mode]

    def dry(self) -> bool:
        """True while a pause waits for gel, whatever the probe says."""
        return self.state == PAUSED and self._now_ms < self._not_before_ms

    def loose(self) -> bool:
        """True while the last lifts lie so close together that gel is missing, or a little pressure."""
        lifted = self._lifted_ms
        return len(lifted) == limits.LOOSE_LIFTS and self._now_ms - lifted[0] < limits.LOOSE_MS

    # What happens.

    def event(self, name: str) -> bool:
        """Take an event; True when the table has a place for it in this state, False when it does not matter here."""
        if (self.state, name) not in TABLE:
            return False
        if self.state == DONE and name == "battery_low" and self._now_ms - self._active_ms < limits.DONE_SHOWN_MS:
            return False  # first the person hears and sees that it is done
        self._enter(TABLE[(self.state, name)], name)
        return True

    def press(self, gesture: str) -> None:
        """A gesture of `panel.Buttons`."""
        if gesture not in ("mode_down", "minus_more"):  # which a button that is stuck or leant on makes for ever
            self._active_ms = self._now_ms
        state = self.state
        if gesture == "minus":
            self._here = state == STANDBY
        if gesture == "mode_long":
            self.event("power_off")
        elif gesture == "mode_down":
            if state in ACTIVE:
                self.event("stop")
        elif gesture == "mode":
            if state == STANDBY:
                self._choose((self.mode + 1) % len(self._presets))
                self.event("choose")
            else:
                self.event("again")
        elif gesture == "plus":
            if state == STANDBY and not self.can_start:
                self._cue("low")
            elif state == STANDBY:
                self.event("arm")
            elif state in ACTIVE and state != RAMP_DOWN:
                self._set_level(self.level + 1)
            else:
                self.event("again")
        elif gesture == "minus_long":
            if self._here and state == STANDBY:
                self._cue("sound")
        elif gesture == "chord_long" and state == STANDBY:
            if self._here:
                self._cue("haptic")
        elif state not in ACTIVE or state == RAMP_DOWN:
            pass
        elif gesture == "chord":
            self._cue(self.preset.zones[self.zone].side)
        elif gesture == "chord_long":
            self._skip()
        elif gesture in ("minus", "minus_more") and self.level:
            self._set_level(self.level - 1)

    def contact(self, kind: str, ready: bool) -> None:
        """The contact class now; `ready` when the output may start again after a cut."""
        if kind != self.contact_kind:
            self.contact_kind = kind
            self._poor_ms = 0
            if kind == contact.POOR and self.state in ACTIVE:
                self._cue("dry")
        if kind in (contact.GOOD, contact.POOR):
            self._active_ms = self._now_ms
        # After a dry spot the probe, which needs little, is soon content: give the person time to add gel.
        ready = ready and self._now_ms >= self._not_before_ms
        # The probe cannot tell electrodes that touch each other from skin; at treatment current they are.
        if kind in (contact.GOOD, contact.SHORT) and ready and self.level and self.state in PROBING:
            self.event("contact")
        elif kind == contact.OPEN and self.state in TREATING:
            self.event("drained" if self.state == RAMP_DOWN and self._drained else "lost")

    def tick(self, now_ms: int) -> None:
        """Time passes; any monotonic ms clock, at most some tens of ms between calls."""
        passed = now_ms - self._now_ms
        self._now_ms = now_ms
        state = self.state
        if state in _IDLE_MS and now_ms - self._active_ms >= _IDLE_MS[state]:
            self.event("idle")
        elif state in ACTIVE and now_ms - self._begun_ms >= limits.SESSION_MAX_MS:
            self.event("expired")
        elif state == RAMP_DOWN:
            if self._output.settled() or now_ms - self._down_ms >= limits.RAMP_DOWN_MAX_MS:
                self.event("drained" if self._drained else "ramped_down")
        elif state in (RAMP_UP, TREAT):
            self._treat(passed)

    def _treat(self, passed: int) -> None:
        if self.state == RAMP_UP and self._output.settled():
            self.event("ramped")
        kind = self.contact_kind
        if kind == contact.POOR:
            self._poor_ms += passed
            if self._poor_ms >= limits.POOR_PAUSE_MS:
                self.event("dry")
                return
        if kind == contact.SHORT:
            return  # allowed, and not a treatment: the time stands still
        self.counted_ms += passed
        if self.counted_ms >= self._zone_end_ms():
            self._next_zone(self._zone_end_ms())
        else:
            self._pace(self.preset.zones[self.zone])

    def _pace(self, zone: Zone) -> None:
        """Cues for the hand to move on; or of a stroke, whose glide begins with the zone: its hold, the next glide."""
        stroke = zone.stroke
        if stroke is None:
            least_s = zone.cue_s
        else:
            least_s = stroke[1] if self._holding else stroke[0]
        if self.counted_ms - self._cued_ms < least_s * 1000:
            return
        self._cued_ms += least_s * 1000
        self._holding = stroke is not None and not self._holding and stroke[1] > 0
        self._cue("hold" if self._holding else "cue")
        self._log("cue", {"zone": self.zone + 1, "hold": self._holding})

    def _zone_end_ms(self) -> int:
        return self._zone_from_ms + 1000 * self.preset.zones[self.zone].duration_s

    def _skip(self) -> None:
        """Leave the present zone out: what is left of it is not counted."""
        self.skipped = self.skipped + [self.zone + 1]
        self._log("skip", {"zone": self.zone + 1})
        self._next_zone(self.counted_ms)

    def _next_zone(self, from_ms: int) -> None:
        zones = self.preset.zones
        if self.zone + 1 == len(zones):
            self.event("finished")
            return
        before = zones[self.zone]
        self.zone += 1
        self._zone_from_ms = from_ms
        self._cued_ms = self.counted_ms
        self._holding = False
        self._cue(zones[self.zone].side)
        if self.state != ARMED:  # its first zone is logged when it begins
            self._log_zone()
        if zones[self.zone].waveform != before.waveform:
            self._ramp_ms = self.preset.ramp_ms
            if self.state in (RAMP_UP, TREAT):
                self.event("zone")

    def _set_level(self, level: int) -> None:
        if level > min(limits.LEVELS, self.cap):
            self._cue("top")
            return
        if self.state == PAUSED and level > self.level:
            self._ramp_ms = self.preset.ramp_ms  # more than was felt before the pause: the whole ramp again
        self.level = level
        self._log_level()
        self._cue("level")
        if not self.level:
            self.event("zero")
        elif self.state in (RAMP_UP, TREAT):
            self._output.aim(self.level, self.preset.ramp_ms)

    # The one function that changes state.

    def _enter(self, state: str, cause: str) -> None:
        if state not in ACTIVE or state in PROBING:
            self._output.off()
        before = self.state
        self.state = state
        self._active_ms = self._now_ms
        self._log("state", {"from": before, "to": state, "cause": cause})
        if before in ACTIVE and state not in ACTIVE:
            self._log_session(cause)
        if state == ARMED:
            self._output.new_session()
            self.counted_ms = self._zone_from_ms = self.zone = self.lifts = 0
            self._cued_ms = 0  # the treated time at the last cue: pauses do not put off the next
            self._holding = False
            self._begun_ms = self._now_ms
            self._ramp_ms = self.preset.ramp_ms
            self.skipped = []
            self._lifted_ms = []
            self._told_ms: int | None = None  # when the person was last told that they are many
            self.level = 1
            self._log_level()
            self._cue(self.preset.zones[0].side)
            self._output.probe()
        elif state == RAMP_UP:
            if before == ARMED:
                self._log_zone()
            if before in PROBING:
                self._cue("here")
            self._poor_ms = 0
            self._output.treat(self.preset.zones[self.zone], self.level, self._ramp_ms)
        elif state == PAUSED:
            if cause == "lost":
                self._lift()
            elif cause == "dry":
                self._not_before_ms = self._now_ms + limits.DRY_REST_MS
            self._ramp_ms = min(limits.RAMP_RETURN_MS, self.preset.ramp_ms)
            self._output.probe()
        elif state == RAMP_DOWN:
            self._drained = cause == "battery_low"
            self._down_ms = self._now_ms  # when the ramp down began
            if self._drained:
                self._cue("low")
            self._output.ramp_down()
        elif state not in ACTIVE:
            self.expired = cause == "expired" and (before != RAMP_DOWN or self._drained)
            if self.level:
                self.level = 0
                self._log_level()
            if cause == "choose" or (state == STANDBY and before == SELF_TEST):
                self._log_mode()
            if before in ACTIVE and (cause in ("stop", "usb_in") or cause == "finished" and state == STANDBY):
                self._cue("stop")
            elif self.expired:
                self._cue("expired")
            elif state == DONE:
                self._cue("done")
            elif state == FAULT:
                self._cue("fault")
            elif state == LOW_BATTERY:
                self._cue("low")

    def _lift(self) -> None:
        """Contact was lost. When that is often, the person is told why, and not at every lift."""
        self.lifts += 1
        self._lifted_ms = self._lifted_ms[1 - limits.LOOSE_LIFTS :] + [self._now_ms]
        if self.loose() and (self._told_ms is None or self._now_ms - self._told_ms >= limits.LOOSE_MS):
            self._told_ms = self._now_ms
            self._cue("loose")
            self._log("loose", {"lifts": self.lifts})

    def _log_level(self) -> None:
        self._log("level", {"level": self.level, "ua": self.preset.top_ua * self.level // limits.LEVELS})

    def _log_zone(self) -> None:
        zone = self.preset.zones[self.zone]
        self._log("zone", {"n": self.zone + 1, "name": zone.name, "s": zone.duration_s})

    def _log_mode(self) -> None:
        zones = [[z.name, z.duration_s] for z in self.preset.zones]
        self._log("mode", {"id": self.preset.id, "name": self.preset.name, "zones": zones})

    def _log_session(self, why: str) -> None:
        self._log(
            "session",
            {
                "id": self.preset.id,
                "level": self.level,
                "counted_ms": self.counted_ms,
                "lifts": self.lifts,
                "why": why,
            },
        )
