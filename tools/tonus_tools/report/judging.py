"""The limits: every one that a preset or the device meets, at its worst level and zone, with the accuracy put in.

Decision rule: a limit is kept if the worst case keeps it, which is the figure as set with all of the accuracy's band on
top. Currents, charges and current density take the band once, power and energy squared. Rules on the set-point itself,
and times, take none; each row says which. Figures and limits are those of `ctl.figures`; the rows added here say so in
their `source`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace

from tonus import limits
from tonus.preset import Preset
from tonus.program import compile_probe

from ..ctl.figures import LOADS_OHM, Margin, PresetFigures
from ..ctl.margins import DENSITY_MAX_MA_CM2, POWER_MAX_MW_CM2
from .accuracy import CALIBRATED, IEC_ACCURACY_PCT, Accuracy
from .model import Judged

IEC_AUXILIARY_AC_UA = 100  # IEC 60601-1: patient auxiliary current, type BF, AC, normal condition

# FDA's guidance for 510(k)s of powered muscle stimulators (1999) asks for less, against burns.
POWER_SOURCE = "0.25 W/cm2, FDA guidance for powered muscle stimulators"

CURRENT, DENSITY, TIMING = "Current and charge", "Density, power, energy", "Times and counts"

# Limits of `figures` that the band does not multiply, and why not. Times and counts need no reason.
AS_SET = "none: set-point rule"
IN_LIMIT = "none: 10 % is in the limit"
BALANCED = "none: the same both ways"
NONE = "none"
NOT_SCALED = {
    "set current": AS_SET,
    "top current": AS_SET,
    "charge one way": IN_LIMIT,
    "net charge of a cycle": BALANCED,
}
SQUARED = ("mW/cm2", "mJ")


def judge(
    preset: Preset, by_level: Sequence[PresetFigures], board: SimpleNamespace, accuracy: Accuracy, shipped: bool
) -> tuple[Judged, ...]:
    """Every limit of a preset. `by_level`: its figures at each level. `shipped`: it came with the firmware."""
    top = by_level[-1]
    found = [_of_figures(i, by_level, accuracy) for i in range(len(top.limits))]
    area_cm2 = board.ELECTRODE_AREA_MM2 / 100
    where = f"level {top.level}"

    def once(name: str, group: str, value: float, limit: float, unit: str, source: str, squared: bool = False) -> None:
        found.append(_scaled(name, group, value, limit, unit, source, where, top.set_ua, accuracy, squared))

    rms_ua = max(zone.rms_ua for zone in top.zones)
    into_most = top.loads[-1].current_ua / top.set_ua
    once("delivered current", CURRENT, top.set_ua, board.TRIP_UA, "uA", "board.py TRIP_UA: the hardware trips")
    once("current density, RMS", DENSITY, rms_ua / 1000 / area_cm2, DENSITY_MAX_MA_CM2, "mA/cm2", "IEC 60601-2-10")
    mean_mw_cm2 = (rms_ua * into_most) ** 2 * LOADS_OHM[-1] / 1e9 / area_cm2
    once("power density, mean, 10 kOhm", DENSITY, mean_mw_cm2, POWER_MAX_MW_CM2, "mW/cm2", POWER_SOURCE, True)
    all_rail = board.RAIL_MV * top.set_ua / 1e6 / area_cm2
    once("power density, all of the rail", DENSITY, all_rail, POWER_MAX_MW_CM2, "mW/cm2", POWER_SOURCE)
    found.append(_load(top, board, accuracy))
    found.append(_accuracy(by_level, accuracy))
    if shipped:
        source = "limits.SHIPPED_TOP_UA: NuFACE, 80..400 uA (K103472)"
        found.append(_plain("top current of a shipped preset", CURRENT, preset.top_ua, limits.SHIPPED_TOP_UA, source))
    order = (CURRENT, DENSITY, TIMING)
    return tuple(sorted(found, key=lambda j: order.index(j.group)))


def judge_device(board: SimpleNamespace, accuracy: Accuracy) -> tuple[Judged, ...]:
    """What holds whatever is played: the ceilings and the contact probe."""
    area_cm2 = board.ELECTRODE_AREA_MM2 / 100
    ceiling_ua = limits.FIRMWARE_CEILING_UA
    full_ua = board.DAC_REFERENCE_MV * 1000 / board.RSET_OHM
    probe_ua = compile_probe(board).codes[-1] * board.UA_PER_CODE

    def of(
        name: str, group: str, value: float, limit: float, unit: str, source: str, where: str, set_ua: float
    ) -> Judged:
        return _scaled(name, group, value, limit, unit, source, where, set_ua, accuracy)

    at_most, probing, trip = "any preset", "the contact probe", "board.py TRIP_UA: the hardware trips"
    full_from = "board.py DAC_REFERENCE_MV / RSET_OHM"
    return (
        _plain("firmware ceiling below the hardware's", CURRENT, ceiling_ua, full_ua, full_from),
        of("hardware ceiling below the trip", CURRENT, full_ua, board.TRIP_UA, "uA", trip, at_most, full_ua),
        of("contact probe", CURRENT, probe_ua, limits.PROBE_MAX_UA, "uA", "limits.PROBE_MAX_UA", probing, probe_ua),
        of(
            "contact probe, as alternating current", CURRENT, probe_ua, IEC_AUXILIARY_AC_UA, "uA",
            "IEC 60601-1: patient auxiliary current, AC, normal condition", probing, probe_ua,
        ),
        of(
            "current density at the firmware's ceiling", DENSITY, ceiling_ua / 1000 / area_cm2, DENSITY_MAX_MA_CM2,
            "mA/cm2", "IEC 60601-2-10", at_most, ceiling_ua,
        ),
        of(
            "power density there, all of the rail", DENSITY, board.RAIL_MV * ceiling_ua / 1e6 / area_cm2,
            POWER_MAX_MW_CM2, "mW/cm2", POWER_SOURCE, at_most, ceiling_ua,
        ),
    )  # fmt: skip


def enters(margin: Margin) -> tuple[str, Callable[[float], float] | None]:
    """(why not, None) or ("", factor -> what it makes of the value): how accuracy enters a limit of `figures`."""
    if margin.name in NOT_SCALED:
        return NOT_SCALED[margin.name], None
    if margin.group == "time":
        return NONE, None
    if margin.unit in SQUARED:
        return "", lambda factor: factor * factor
    return "", lambda factor: factor


def _of_figures(i: int, by_level: Sequence[PresetFigures], accuracy: Accuracy) -> Judged:
    """A limit of `figures` at the level that uses most of it."""
    found: list[Judged] = []
    for figures in by_level:
        margin = figures.limits[i]
        why, scale = enters(margin)
        factor = scale(accuracy.factor(figures.set_ua)) if scale else 1.0
        best = scale(CALIBRATED.factor(figures.set_ua)) if scale else 1.0
        places = [f"level {figures.level}", margin.zone]
        judged = Judged(
            name=margin.name,
            group=TIMING
            if margin.group == "time"
            else DENSITY
            if "/cm2" in margin.unit or margin.unit == "mJ"
            else CURRENT,
            value=margin.value,
            worst=margin.value * factor,
            calibrated=margin.value * best,
            limit=margin.limit,
            unit=margin.unit,
            at_least=margin.at_least,
            how=why or _added(factor),
            where=", ".join(place for place in places if place),
            source=POWER_SOURCE if margin.unit == "mW/cm2" else margin.source,
        )
        found.append(judged)
    worst = max(reversed(found), key=lambda j: j.used_pct(j.worst))
    if len({j.worst for j in found}) == 1:
        return _at(worst, ", ".join(("every level", *worst.where.split(", ")[1:])))
    return worst


def _at(judged: Judged, where: str) -> Judged:
    return Judged(**{**vars(judged), "where": where})


def _added(factor: float) -> str:
    return f"+{100 * (factor - 1):.3g} %"


def _scaled(
    name: str,
    group: str,
    value: float,
    limit: float,
    unit: str,
    source: str,
    where: str,
    set_ua: float,
    accuracy: Accuracy,
    squared: bool = False,
) -> Judged:
    """At most `limit`, of a value that goes with the current, or with its square."""
    power = 2 if squared else 1
    factor, best = (a.factor(set_ua) ** power for a in (accuracy, CALIBRATED))
    return Judged(name, group, value, value * factor, value * best, limit, unit, False, _added(factor), where, source)


def _plain(name: str, group: str, value: float, limit: float, source: str) -> Judged:
    """A current as set, uA."""
    return Judged(name, group, value, value, value, limit, "uA", False, AS_SET, "any level", source)


def _load(top: PresetFigures, board: SimpleNamespace, accuracy: Accuracy) -> Judged:
    """The largest load that takes the whole current, the rail at its least, against the largest test load."""
    inside_ohm = board.RAIL_MIN_MV * 1000 / top.set_ua - top.most_ohm  # of the source itself
    worst, best = (
        board.RAIL_MIN_MV * 1000 / (top.set_ua * a.factor(top.set_ua)) - inside_ohm for a in (accuracy, CALIBRATED)
    )
    return Judged(
        name="largest load that takes the set current",
        group=CURRENT,
        value=top.most_ohm / 1000,
        worst=worst / 1000,
        calibrated=best / 1000,
        limit=LOADS_OHM[-1] / 1000,
        unit="kOhm",
        at_least=True,
        how=f"current {_added(accuracy.factor(top.set_ua))}, least rail",
        where=f"level {top.level}",
        source="the accuracy is promised from 500 Ohm to 10 kOhm",
    )


def _accuracy(by_level: Sequence[PresetFigures], accuracy: Accuracy) -> Judged:
    """Of the current, at the level where it is worst: the lowest."""
    worst = max(by_level, key=lambda f: accuracy.percent_at(f.set_ua))
    percent = accuracy.percent_at(worst.set_ua)
    return Judged(
        name="accuracy of the current",
        group=CURRENT,
        value=percent,
        worst=percent,
        calibrated=CALIBRATED.percent_at(worst.set_ua),
        limit=IEC_ACCURACY_PCT,
        unit="%",
        at_least=False,
        how="it is the band",
        where=f"level {worst.level}: {worst.set_ua:.1f} uA",
        source="IEC 60601-2-10: amplitude +-20 %",
    )
