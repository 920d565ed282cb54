"""What a report holds, before it is a page: tables, judged limits, plots. Nothing here computes a figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from .accuracy import Accuracy

Value = float | int | str


class Verdict(StrEnum):
    """Of a limit."""

    PASS = "PASS"
    CALIBRATE = "CALIBRATE"  # kept at the worst case of a calibrated device, not of one that is not
    FAIL = "FAIL"


@dataclass(frozen=True)
class Column:
    """A column's head. `unit` and `source` are empty where each row has its own."""

    title: str
    unit: str = ""
    source: str = ""


@dataclass(frozen=True)
class Row:
    """A named line of values, one for each column. `group` is the heading it stands under."""

    name: str
    unit: str
    values: tuple[Value, ...]
    source: str = ""
    group: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under columns. Unit and source of a value stand with its row or with its column."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    head: str = ""  # of the rows' names


@dataclass(frozen=True)
class Judged:
    """A limit, and the value nearest to it of all levels and zones.

    `value` is as set; `worst` at the far end of the accuracy's band, `calibrated` the same of a calibrated device.
    `how` tells how the band enters, `where` level and zone, `source` where the limit stands.
    """

    name: str
    group: str
    value: float
    worst: float
    calibrated: float
    limit: float
    unit: str
    at_least: bool
    how: str
    where: str
    source: str

    def used_pct(self, value: float) -> float:
        """How much of the limit a value uses; 100 is the limit. Of a limit of zero, nothing or infinitely much."""
        part, whole = (self.limit, value) if self.at_least else (value, self.limit)
        if not whole:
            return float("inf") if part else 0.0
        return 100 * part / whole

    @property
    def margin_pct(self) -> float:
        """What is left of the limit at the worst case; negative when it is not kept."""
        return 100 - self.used_pct(self.worst)

    @property
    def verdict(self) -> Verdict:
        if self.used_pct(self.worst) <= 100:
            return Verdict.PASS
        return Verdict.CALIBRATE if self.used_pct(self.calibrated) <= 100 else Verdict.FAIL

    def to_json(self) -> dict[str, Any]:
        margin = self.margin_pct
        return asdict(self) | {"margin_pct": margin if margin > float("-inf") else None, "verdict": self.verdict.value}


@dataclass(frozen=True)
class Step:
    """A figure worked through: its formula, the numbers put in, the result with its unit."""

    name: str
    formula: str
    numbers: str
    result: str


@dataclass(frozen=True)
class PresetPart:
    """All of one preset."""

    id: str
    name: str
    where: str
    words: str
    waveforms: tuple[tuple[str, str, str], ...]  # (letter, in words, zones)
    plots: tuple[str, ...]  # SVG: the session, then each waveform
    icon: str  # SVG: a pulse
    summary: Row
    output: Table
    session: Table
    zones: Table
    levels: Table
    steps: tuple[Step, ...]
    judged: tuple[Judged, ...]

    @property
    def verdict(self) -> Verdict:
        return worst_of(self.judged)


@dataclass(frozen=True)
class Report:
    """All of it. `made`: the day, as text; `presets_from`: where the presets come from."""

    made: str
    version: str
    board: str
    presets_from: str
    accuracy: Accuracy
    device: tuple[Table, ...]
    judged: tuple[Judged, ...]  # of the device, whatever is played
    summary: Table
    presets: tuple[PresetPart, ...]
    peers: tuple[Table, ...]

    @property
    def all_judged(self) -> list[tuple[str, Judged]]:
        """(preset's name, or "the device"; limit) of every limit."""
        return [("the device", j) for j in self.judged] + [(p.name, j) for p in self.presets for j in p.judged]

    @property
    def verdict(self) -> Verdict:
        return worst_of(j for _, j in self.all_judged)

    def of(self, verdict: Verdict) -> list[tuple[str, Judged]]:
        """The limits with this verdict."""
        return [(name, j) for name, j in self.all_judged if j.verdict is verdict]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain objects, without the plots."""
        document = asdict(self) | {"verdict": self.verdict.value}
        document["judged"] = [j.to_json() for j in self.judged]
        for told, part in zip(document["presets"], self.presets, strict=True):
            del told["plots"], told["icon"]
            told["verdict"] = part.verdict.value
            told["judged"] = [j.to_json() for j in part.judged]
        return document


def worst_of(judged: Iterable[Judged]) -> Verdict:
    """FAIL before CALIBRATE before PASS."""
    found = {j.verdict for j in judged}
    return next((v for v in (Verdict.FAIL, Verdict.CALIBRATE) if v in found), Verdict.PASS)
