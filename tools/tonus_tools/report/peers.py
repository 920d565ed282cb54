"""What comparable devices are said to put out, and where these presets stand beside them.

Public figures: 510(k) summaries by their K number, makers' pages and manuals, published code. A peer's figure is no
limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from tonus import limits
from tonus.preset import Preset

from ..ctl.figures import PresetFigures
from .model import Column, Row, Table
from .words import percent, show


@dataclass(frozen=True)
class Peer:
    """A device's range of current, uA. `least_ua` is None where only the most is told."""

    name: str
    least_ua: int | None
    most_ua: int
    source: str

    @property
    def range(self) -> str:
        return f"at most {self.most_ua}" if self.least_ua is None else f"{self.least_ua}..{self.most_ua}"


PEERS = (
    Peer("NuFACE Plus, Trinity", 80, 400, "510(k) K103472, K181008"),
    Peer("NuFACE Trinity, ELE head", 53, 192, "510(k) K131251"),
    Peer("Nu Skin Galvanic Spa", 125, 350, "its maker"),
    Peer("Pantheon, professional", 10, 600, "its maker"),
    Peer("Acuscope, on the face", None, 200, "its manual"),
)


def tables(
    presets: Sequence[Preset], by_level: Sequence[Sequence[PresetFigures]], board: SimpleNamespace
) -> tuple[Table, ...]:
    """Currents, a column a preset; then the other figures. `by_level`: each preset's figures, level by level."""
    net_code_us = max((zone.net_code_us for found in by_level for zone in found[-1].zones), default=0)
    return _currents(presets, by_level), _others(presets, board, net_code_us)


def _currents(presets: Sequence[Preset], by_level: Sequence[Sequence[PresetFigures]]) -> Table:
    columns = (Column("peer"), *(Column(p.name) for p in presets))
    rows = []
    ours = tuple(f"{show(round(found[0].set_ua, 1))}..{show(round(found[-1].set_ua, 1))}" for found in by_level)
    rows.append(Row("Tonus, level 1 to 10", "uA", ("", *ours), "set current of each level"))
    for peer in PEERS:
        cells = tuple(standing(found[-1].set_ua, peer.most_ua) for found in by_level)
        rows.append(Row(peer.name, "uA", (peer.range, *cells), peer.source))
    return Table("currents", "Highest current, beside each peer's", columns, tuple(rows))


def standing(ours: float, theirs: float) -> str:
    """Which is higher, and by how much of theirs."""
    share = 100 * (1 - ours / theirs)
    if abs(share) < 0.1:
        return "the same"
    return f"within, {percent(share)} below" if share > 0 else f"above, by {percent(-share)}"


def _others(presets: Sequence[Preset], board: SimpleNamespace, net_code_us: int) -> Table:
    waveforms = [zone.waveform for p in presets for zone in p.zones]
    rates = [rate / 10 for w in waveforms for rate in (w.rate_dhz, w.rate_to_dhz)]
    cues = [zone.cue_s for p in presets for zone in p.zones]
    times = [p.duration_s() / 60 for p in presets]

    def span(values: Sequence[float]) -> str:
        least, most = min(values), max(values)
        return show(float(least)) if least == most else f"{show(float(least))}..{show(float(most))}"

    def row(name: str, unit: str, theirs: str, ours: str, within: bool, source: str) -> Row:
        return Row(name, unit, (theirs, ours, "within" if within else "differs"), source)

    rail_v = board.RAIL_MV / 1000
    most_min = limits.SESSION_MAX_MS // 60_000
    face = max(rates) <= 1500 and min(rates) >= 0.5
    cued = max(cues) <= 15 and min(cues) >= 5
    mini = "NuFACE Mini K133823, Mini+ K201680"
    balance = "0, as computed" if not net_code_us else "not 0"
    rows = (
        row("pulse rate", "Hz", "0.5..1500", span(rates), face, "Pantheon, its maker; presets"),
        row("compliance", "V", "70", show(rail_v), rail_v <= 70, "Pantheon, its maker: +-70 V; board.py RAIL_MV"),
        row("glide cue every", "s", "5..15", span(cues), cued, "NuFACE Mini K133823; TheraFace K212238; presets"),
        row("session", "min", "8", span(times), max(times) <= 8, "TheraFace K212238; presets"),
        row(
            "shuts itself off after", "min", "20", str(most_min), most_min <= 20, "Mini+ K201680; limits.SESSION_MAX_MS"
        ),
        row("output while charging", "", "none", "none", True, f"{mini}; limits.USB_MS"),
        row("levels", "", "3; five LEDs", f"{limits.LEVELS}; five LEDs", True, "TheraFace K212238; NuFACE K103472"),
        row("answer to a lift, from", "ms", "2", str(limits.LIFT_MS), limits.LIFT_MS <= 2, "FOREO BEAR, a claim"),
        row("charge mismatch", "%", "below 0.2", balance, not net_code_us, "StimJim, measured; net charge of a cycle"),
        row("step of the current", "uA", "0.1", show(board.UA_PER_CODE), board.UA_PER_CODE <= 0.1, "StimJim; board.py"),
    )
    return Table("others", "Other figures", (Column("peer"), Column("Tonus"), Column("standing")), rows)
