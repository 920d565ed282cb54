"""How far this device's parts are off their nominal values, measured once with a multimeter: `tonusctl calibrate`.

With it a set current is within CALIBRATED_PCT or CALIBRATED_NA of what flows, without it within SET_ACCURACY_PCT or
SET_ACCURACY_NA. The self-test measures the offsets at each start (`measured.py`): of what is here the gains count, and
the offsets only on a board without a built-in short. It cannot lift the ceiling (`program.code_for_ua`), and no value
beyond the parts' tolerances is taken.

`calibration` is one sealed line, for one board. `calibration.new` is one being written, `calibration.bad` a damaged
one, kept for diagnosis.

Nothing here knows whether the output is on: who calls what writes (load, write, reset, keep_damaged) makes sure that it
is off, since the flash masks every interrupt.
"""

import json
import os

from . import fields, files, limits, sealed

_ENOENT = 2
_EIO = 5
_LINE_MAX = 400

# Each value: (least, most). NAMES: their order, since MicroPython's dicts have none.
RANGES = {
    "dac_gain_ppm": (-limits.GAIN_PPM_MAX, limits.GAIN_PPM_MAX),
    "dac_offset_na": (-limits.DAC_OFFSET_NA_MAX, limits.DAC_OFFSET_NA_MAX),
    "sense_gain_ppm": (-limits.GAIN_PPM_MAX, limits.GAIN_PPM_MAX),
    "sense_offset_na": (limits.SENSE_OFFSET_NA_MIN, limits.SENSE_OFFSET_NA_MAX),
    "voltage_gain_ppm": (-limits.GAIN_PPM_MAX, limits.GAIN_PPM_MAX),
    "voltage_offset_mv": (-limits.VOLTAGE_OFFSET_MV_MAX, limits.VOLTAGE_OFFSET_MV_MAX),
}
NAMES = tuple(sorted(RANGES))


class Calibration:
    """What was measured on a board; all 0: nominal.

    dac_gain_ppm, dac_offset_na: the current that flows is nominal x (1 + gain) + offset.
    sense_gain_ppm, sense_offset_na: the same of the current that is read, nominally, when one flows.
    voltage_gain_ppm, voltage_offset_mv: the same of the electrode voltage that is read. The offset is the difference of
    the two dividers, at the nominal rail.
    at: Unix s when it was written, None when the device did not know. crc: of its line in the file, 0 when nominal.
    """

    def __init__(self, board: str) -> None:
        self.board = board
        self.at: int | None = None
        self.crc = 0
        self.dac_gain_ppm = 0
        self.dac_offset_na = 0
        self.sense_gain_ppm = 0
        self.sense_offset_na = 0
        self.voltage_gain_ppm = 0
        self.voltage_offset_mv = 0

    def dac(self) -> tuple[int, int]:
        """(gain ppm, offset nA), for `program`."""
        return (self.dac_gain_ppm, self.dac_offset_na)

    def values(self) -> dict[str, int]:
        """The six values by name, as in RANGES."""
        return {name: getattr(self, name) for name in NAMES}

    def record(self) -> dict[str, object]:
        """What stands in the file."""
        record: dict[str, object] = {"schema": limits.CALIBRATION_SCHEMA, "board": self.board, "at": self.at}
        record.update(self.values())
        return record


def checked(values: dict[str, object], board: str, path: str = "", at: int | None = None) -> Calibration:
    """The calibration of these values, all six of them. FieldError, `path` before the field, at the first wrong one."""
    fields.of(values, path, NAMES)
    found = Calibration(board)
    found.at = at
    for name in NAMES:
        setattr(found, name, fields.integer(values, name, path, *RANGES[name]))
    return found


def read(path: str) -> Calibration:
    """The calibration in a file, whatever its board. OSError; sealed.Damaged, or another ValueError."""
    text = sealed.read(path, _LINE_MAX)
    given = json.loads(text)
    fields.of(given, "", ("schema", "board", "at") + NAMES)
    fields.integer(given, "schema", "", limits.CALIBRATION_SCHEMA, limits.CALIBRATION_SCHEMA)
    at = given["at"]
    if at is not None:
        at = fields.integer(given, "at", "", limits.UNIX_MIN_S, limits.UNIX_MAX_S)
    found = checked({name: given[name] for name in NAMES}, fields.text(given, "board", ""), "", at)
    found.crc = sealed.crc_of(text)
    return found


class Store:
    """The calibration in `folder`, for a board. `now`: the one in force. damage: why the file was not used, or None."""

    def __init__(self, folder: str, board: str) -> None:
        self._path = folder + "/calibration"
        self._board = board
        self.now = Calibration(board)
        self.damage: str | None = None

    def load(self) -> None:
        """Take what is on the flash into force; nominal when there is nothing, or nothing that can be used."""
        self.now = Calibration(self._board)
        try:
            self.now = self._of_this_board(self._path)
        except Exception as problem:  # whatever the bytes do to those who read them
            if not isinstance(problem, OSError) or problem.errno != _ENOENT:
                self.damage = files.why(problem)
        try:
            files.remove(self._path + ".new")
        except OSError:
            pass  # in the way of the next calibration, which will say so

    def keep_damaged(self) -> None:
        """Put the damaged file aside, for diagnosis. OSError."""
        files.put_aside(self._path)

    def write(self, values: dict[str, object], at: int | None, path: str = "") -> None:
        """Put these values in the place of those there are, and into force.

        FieldError with `path`, OSError: what was is left, also when the flash does not hold what was written.
        sealed.Lost when it can no longer be read in its place: nominal values are in force, `damage` says why.
        """
        new = checked(values, self._board, path, at)
        line = sealed.seal_for_flash(json.dumps(new.record()))
        with open(self._path + ".new", "wb") as f:
            f.write((line + "\n").encode())
        try:
            held = self._of_this_board(self._path + ".new").record() == new.record()
        except ValueError:
            held = False
        if not held:
            raise OSError(_EIO)
        os.rename(self._path + ".new", self._path)
        self.damage = None
        try:
            self.now = self._of_this_board(self._path)
        except (OSError, ValueError) as problem:
            self.now = Calibration(self._board)
            self.damage = "does not read back: %s" % problem
            raise sealed.Lost("the flash did not keep the calibration; nominal values are in force") from None

    def reset(self) -> None:
        """Nominal again. OSError."""
        files.remove(self._path)
        self.now = Calibration(self._board)
        self.damage = None

    def _of_this_board(self, path: str) -> Calibration:
        found = read(path)
        if found.board != self._board:
            raise sealed.Damaged("board: %s; allowed %s" % (fields.show(found.board), self._board))
        return found
