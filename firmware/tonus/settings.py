"""What the person has set: sound, haptic, the cap on the level, and the plan.

`settings` is one sealed line in /data. `settings.new` is one being written, `settings.bad` a damaged one, kept for
diagnosis. Without a file, or with one that cannot be used, a new device's settings are in force.

Nothing here knows whether the output is on: who calls what writes (load, write, save, keep_damaged) makes sure that it
is off, since the flash masks every interrupt.
"""

import json
import os

from . import fields, files, limits, sealed

SOUNDS = ("full", "quiet", "off")
_RANGES = {"cap_level": (1, limits.LEVELS), "cap_sessions": (0, limits.CAP_SESSIONS_MAX)}
PLAN = {
    "days_a_week": (1, 7),
    "days": (1, limits.PLAN_DAYS_MAX),
    "then_days_a_week": (1, 7),
    "since": (limits.UNIX_MIN_S, limits.UNIX_MAX_S),
}
_NAMES = ("sound", "haptic", "cap_level", "cap_sessions", "plan")
_LINE_MAX = 400
_ENOENT = 2
_EIO = 5


def new() -> dict:
    """Those of a new device. Sessions 5 a week for 60 days, then 3: NuFACE's and ZIIP's own advice."""
    plan = {"days_a_week": 5, "days": 60, "then_days_a_week": 3, "since": None}
    return {"sound": "full", "haptic": True, "cap_level": limits.LEVELS, "cap_sessions": 0, "plan": plan}


def checked_plan(given: object, path: str) -> dict:
    """Some of a plan's fields. FieldError."""
    names = tuple(sorted(PLAN))
    plan = dict(fields.of(given, path, (), names))
    for name in names:
        if name in plan and not (name == "since" and plan[name] is None):
            fields.integer(plan, name, path, *PLAN[name])
    return plan


def merged(now: dict, given: dict, path: str) -> dict:
    """`now`, and what is given in its place: any of its fields, and of its plan's. FieldError, `path` before it."""
    found = dict(now)
    found.update(fields.of(given, path, (), _NAMES))
    fields.choice(found, "sound", path, SOUNDS)
    if not isinstance(found["haptic"], bool):
        raise fields.FieldError(fields.join(path, "haptic"), "%s; allowed true, false" % fields.show(found["haptic"]))
    for name in ("cap_level", "cap_sessions"):
        fields.integer(found, name, path, *_RANGES[name])
    plan = dict(now["plan"])
    plan.update(checked_plan(found["plan"], fields.join(path, "plan")))
    found["plan"] = plan
    return found


def read(path: str) -> dict:
    """The settings in a file. OSError; sealed.Damaged, or another ValueError."""
    text = sealed.read(path, _LINE_MAX)
    given = json.loads(text)
    fields.of(given, "", ("schema",) + _NAMES)
    fields.integer(given, "schema", "", limits.SETTINGS_SCHEMA, limits.SETTINGS_SCHEMA)
    del given["schema"]
    fields.of(given["plan"], "plan", tuple(sorted(PLAN)))
    return merged(new(), given, "")


class Settings:
    """The settings in `folder`. `now`: those in force. damage: why the file was not used, or None."""

    def __init__(self, folder: str) -> None:
        self._path = folder + "/settings"
        self.now = new()
        self.damage: str | None = None

    def load(self) -> None:
        """Take what is on the flash into force."""
        try:
            self.now = read(self._path)
        except Exception as problem:  # whatever the bytes do to those who read them
            if not isinstance(problem, OSError) or problem.errno != _ENOENT:
                self.damage = files.why(problem)
        try:
            files.remove(self._path + ".new")
        except OSError:
            pass  # in the way of the next settings, which will say so

    def keep_damaged(self) -> None:
        """Put the damaged file aside, for diagnosis. OSError."""
        files.put_aside(self._path)

    def write(self, given: dict, path: str = "") -> None:
        """Put these in the place of those there are, and into force. FieldError and OSError leave what was.

        sealed.Lost when the file can no longer be read in its place: it is not what is in force.
        """
        before = self.now
        self.now = merged(before, given, path)
        try:
            self.save()
        except OSError:
            self.now = before
            raise

    def save(self) -> None:
        """Keep what is in force. OSError, sealed.Lost."""
        record = dict(self.now)
        record["schema"] = limits.SETTINGS_SCHEMA
        line = sealed.seal_for_flash(json.dumps(record, separators=(",", ":")))
        with open(self._path + ".new", "wb") as f:
            f.write((line + "\n").encode())
        if not self._holds(self._path + ".new"):
            raise OSError(_EIO)
        os.rename(self._path + ".new", self._path)
        self.damage = None
        if not self._holds(self._path):
            self.damage = "does not read back"
            raise sealed.Lost("the flash did not keep the settings; they are in force until the device is switched off")

    def _holds(self, path: str) -> bool:
        try:
            return read(path) == self.now
        except ValueError:
            return False

    def next_sound(self) -> None:
        """Full, quiet, off, and full again: in force, and to be saved."""
        self.now["sound"] = SOUNDS[(SOUNDS.index(self.now["sound"]) + 1) % 3]

    def turn_haptic(self) -> None:
        """Ticks on, or off: in force, and to be saved."""
        self.now["haptic"] = not self.now["haptic"]

    def count_down(self) -> bool:
        """A session counts towards the end of the cap; True when there is something to save."""
        now = self.now
        if not now["cap_sessions"]:
            return False
        now["cap_sessions"] -= 1
        if not now["cap_sessions"]:
            now["cap_level"] = limits.LEVELS
        return True
