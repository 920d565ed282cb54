"""The presets on offer, on flash: a new bank is whole before the old one goes, and a damaged one is never half used.

`bank` holds one preset a line in canonical form, then a sealed line with schema, firmware, generation, count and CRC;
a bank of none stands for the shipped presets. `bank.new` is one being written, `bank.bad` a damaged one, kept for
diagnosis. PROTOCOL.md tells the whole. At each start every preset is held to this firmware's rules, whoever wrote it:
whatever bytes are in the file, what is offered can be played.

Nothing here knows whether the output is on: who calls what writes (begin, put, close, swap, abort, keep_damaged,
load) makes sure that it is off, since the flash masks every interrupt.
"""

import io
import json
import os

from . import VERSION, fields, files, limits, preset, sealed
from .fields import FieldError

SHIPPED = ("lift", "firm", "absorb", "calm")
_SHIPPED_FOLDER = __file__.rsplit("/", 1)[0] + "/presets/"
_ENOENT = 2
_EIO = 5
_LINE_MAX = limits.PRESET_CHARS_MAX + 1
_PIECE = 512  # of a line, when it is only looked over: a fragmented heap may not have 4 KB in one piece
_GENERATION_MAX = (1 << 29) - 1


class _Contents:
    """What a bank file holds: schema, generation, CRC of the presets, their ids, and where each begins and all end."""

    def __init__(self) -> None:
        self.schema = limits.PRESET_SCHEMA
        self.generation = 0
        self.crc = 0
        self.ids: list[str] = []
        self.offsets: list[int] = []


def shipped() -> list[preset.Preset]:
    """The shipped presets. OSError or FieldError when one is missing or damaged."""
    return [preset.parse(_shipped_text(id)) for id in SHIPPED]


def _shipped_text(id: str) -> str:
    with open(_SHIPPED_FOLDER + id + ".json") as f:
        return f.read()


class Bank:
    """The bank in `folder`. A sequence of presets, in MODE's order; each is read from flash when it is asked for.

    generation: of the bank; 0 when it never changed. crc: CRC-32 of the canonical texts, each with its line end.
    ids: of the presets. is_shipped: those that came with the firmware are in force. damage: why the file was not used.
    """

    def __init__(self, folder: str) -> None:
        self._path = folder + "/bank"
        self.generation = 0
        self.ids: list[str] = []
        self.is_shipped = True
        self._crc: int | None = 0
        self._read: tuple = (-1, None)  # the preset that was asked for last: a large one takes 60 ms
        self.damage: str | None = None
        self._offsets: list[int] = []
        self._new: io.BufferedWriter | None = None  # the file of the transaction under way
        self._new_count = 0
        self._new_crc = 0
        self._new_ids: list[str] = []

    @property
    def crc(self) -> int:
        """CRC-32 of the canonical texts, each with its line end. OSError or FieldError as `shipped`."""
        if self._crc is None:  # worked out when somebody asks: it takes the chip a third of a second
            texts = [preset.canonical(p) + "\n" for p in shipped()]
            self._crc = sealed.crc_of("".join(texts).encode())
        return self._crc

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> preset.Preset:
        if self._read[0] != index:
            text = _shipped_text(self.ids[index]) if self.is_shipped else self.text(index)
            self._read = (index, preset.parse(text))
        return self._read[1]

    def text(self, index: int) -> str:
        """Canonical text of a preset."""
        if self.is_shipped:
            return preset.canonical(preset.parse(_shipped_text(self.ids[index])))
        with open(self._path, "rb") as f:
            return _line(f, self._offsets, index)

    def load(self, feed=None) -> None:
        """Take the bank on flash into force, of an older schema too; the shipped presets when there is none.

        Sets `damage` when there is one that cannot be used. OSError or FieldError when the shipped presets are needed
        and cannot be read. feed: called between presets, which take up to 60 ms each to check.
        """
        found = _Contents()
        try:
            found = self._usable(_scan(self._path), feed or (lambda: None))
        except Exception as problem:  # whatever the bytes do to those who read them
            if not isinstance(problem, OSError) or problem.errno != _ENOENT:
                self.damage = files.why(problem)
        try:
            self.abort()
            files.remove(self._path + ".new")
        except OSError:
            pass  # in the way of the next bank, which will say so
        self._adopt(found)

    def keep_damaged(self) -> None:
        """Put the damaged file aside, for diagnosis. OSError."""
        files.put_aside(self._path)

    # A transaction: begin, put each preset, close, swap. What goes wrong leaves the bank as it was; `abort` then.

    def is_open(self) -> bool:
        return self._new is not None

    def begin(self, count: int) -> None:
        """Start writing a bank of `count` presets. OSError."""
        self.abort()
        self._new_count = count
        self._new_crc = 0
        self._new_ids = []
        self._new = open(self._path + ".new", "wb")

    def put(self, text: str) -> str:
        """Write the next preset; its id. FieldError when the text is not canonical, or the id is taken; OSError."""
        id = preset.parse_canonical(text).id
        if id in self._new_ids:
            raise FieldError(
                "id", "%s is taken by another preset of this bank; allowed ids that differ" % fields.show(id)
            )
        line = (text + "\n").encode()
        self._new.write(line)  # type: ignore[union-attr]
        self._new_crc = sealed.crc_of(line, self._new_crc)
        self._new_ids.append(id)
        return id

    def close(self, crc: int) -> None:
        """Complete the new bank beside the old, and read it back. sealed.Damaged when it is not what `crc` says.

        OSError, also when the flash does not hold what was written.
        """
        if len(self._new_ids) != self._new_count:
            raise sealed.Damaged("%d presets were put; %d announced" % (len(self._new_ids), self._new_count))
        if self._new_crc != crc:
            raise sealed.Damaged("CRC-32 %08x was named; the presets put have %08x" % (crc, self._new_crc))
        generation = self.generation % _GENERATION_MAX + 1
        self._new.write(_trailer(generation, self._new_count, crc))  # type: ignore[union-attr]
        self._new.close()  # type: ignore[union-attr]
        try:
            held = _scan(self._path + ".new").crc == crc
        except ValueError:
            held = False
        if not held:
            raise OSError(_EIO)

    def swap(self) -> None:
        """Put the new bank in the old one's place and into force. OSError: the old one is still there.

        sealed.Lost when it cannot be read there: the shipped presets are in force, `damage` says why, and the next
        start looks at the file again.
        """
        os.rename(self._path + ".new", self._path)
        self._new = None
        self.damage = None
        try:
            found = _scan(self._path)
        except (OSError, ValueError) as problem:
            found = _Contents()
            self.damage = "does not read back: %s" % problem
        self._adopt(found)
        if self.damage is not None:
            raise sealed.Lost("the flash did not keep the new bank; the shipped presets are in force")

    def abort(self) -> None:
        """End the transaction, if there is one; the bank is as it was."""
        if self._new is not None:
            new = self._new
            self._new = None
            try:
                new.close()
            finally:
                files.remove(self._path + ".new")

    # Inside.

    def _adopt(self, found: _Contents) -> None:
        self.generation = found.generation
        self.is_shipped = not found.ids
        self.ids = found.ids or list(SHIPPED)
        self._crc = None if self.is_shipped else found.crc
        self._offsets = found.offsets
        self._read = (-1, None)
        if self.is_shipped:
            try:
                self[0]
            except (OSError, ValueError):
                self.ids = []
                raise

    def _usable(self, found: _Contents, feed) -> _Contents:
        """The bank on flash in this firmware's schema and within its rules. FieldError when it cannot be; OSError."""
        if found.schema < limits.PRESET_SCHEMA:
            return self._migrate(found, feed)
        with open(self._path, "rb") as f:
            for i in range(len(found.ids)):
                feed()
                id = preset.parse(_line(f, found.offsets, i)).id
                if id != found.ids[i] or id in found.ids[:i]:
                    raise sealed.Damaged("line %d is not in canonical form, or its id is another's too" % (i + 1))
        return found

    def _migrate(self, found: _Contents, feed) -> _Contents:
        """Write the bank anew in this firmware's schema, as a new generation."""
        self.generation = found.generation
        self.begin(len(found.ids))
        with open(self._path, "rb") as f:
            for i in range(len(found.ids)):
                feed()
                self.put(preset.canonical(preset.parse(_line(f, found.offsets, i))))
        self.close(self._new_crc)
        os.rename(self._path + ".new", self._path)
        return _scan(self._path)


def _trailer(generation: int, count: int, crc: int) -> bytes:
    text = '{"schema":%d,"firmware":"%s","generation":%d,"presets":%d,"crc32":"%08x"}' % (
        limits.PRESET_SCHEMA,
        VERSION,
        generation,
        count,
        crc,
    )
    return (sealed.seal_for_flash(text) + "\n").encode()


def _scan(path: str) -> _Contents:
    """Read a bank file from end to end. sealed.Damaged, or another ValueError, unless every byte is as it was written.

    Presets are not parsed.
    """
    found = _Contents()
    at = crc = 0
    head = b""
    ended = True
    with open(path, "rb") as f:
        while True:
            piece = f.readline(_PIECE)
            if not piece:
                break
            if ended:
                if at:  # so the line before is not the last
                    found.ids.append(_id_in(head, len(found.offsets)))
                    found.crc = crc
                if len(found.ids) > limits.BANK_PRESETS_MAX:
                    raise sealed.Damaged("more than %d lines" % limits.BANK_PRESETS_MAX)
                found.offsets.append(at)
                head = piece
            ended = piece[-1:] == b"\n"
            crc = sealed.crc_of(piece, crc)
            at += len(piece)
            if at - found.offsets[-1] > _LINE_MAX:
                raise sealed.Damaged("line %d is longer than %d bytes" % (len(found.offsets), _LINE_MAX))
    trailer = sealed.unseal(head[:-1]) if head[-1:] == b"\n" else None
    if trailer is None:
        raise sealed.Damaged("the last line is missing or damaged")
    given = fields.of(json.loads(trailer), "", ("schema", "firmware", "generation", "presets", "crc32"))
    found.schema = fields.integer(given, "schema", "", 1, limits.PRESET_SCHEMA)
    fields.text(given, "firmware", "")
    found.generation = fields.integer(given, "generation", "", 0, _GENERATION_MAX)
    fields.integer(given, "presets", "", len(found.ids), len(found.ids))
    if given["crc32"] != "%08x" % found.crc:
        raise sealed.Damaged("CRC-32 %08x; the last line says %s" % (found.crc, given["crc32"]))
    return found


def _id_in(head: bytes, number: int) -> str:
    """The id of a canonical preset, of which these are the first bytes: the second field, which needs no escapes."""
    parts = head.split(b'"', 6)
    if len(parts) < 7:
        raise sealed.Damaged("line %d is not a preset" % number)
    return parts[5].decode()


def _line(f, offsets: list[int], index: int) -> str:
    """A preset's text, of a file whose lines begin there."""
    f.seek(offsets[index])
    return f.read(offsets[index + 1] - offsets[index] - 1).decode()
