"""The figures of one run: what out/session.json holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from .checks import check, source_of
from .expectations import treated_seconds
from .measure import electrodes, lifts, max_current_ua, net_dc_ua, told, worst_account, worst_cycle
from .scenario import Scenario
from .trace import TREATING, Span, Trace, spans_of
from .violation import Violation


def summary(trace: Trace, scenario: Scenario, violations: list[Violation] | None = None) -> dict[str, Any]:
    """The run in figures, ready for JSON. `violations` are those of `check`, done here when not given."""
    board = source_of(scenario)
    skin = electrodes(trace, board)
    reactions = lifts(trace, skin, scenario.start.touch)
    counters = trace.logs_of("counters")
    said = told(trace)
    forward = (trace.phases.direction > 0) & ~skin.probe
    if violations is None:
        violations = check(trace, scenario)
    return {
        "scenario": scenario.name,
        "board": scenario.board,
        "micropython": trace.header.get("micropython"),
        "sim_seconds": trace.end_us / 1e6,
        "wall_seconds": round(trace.wall_seconds, 3),
        "preset": preset_treated(trace),
        "level": level_treated(trace),
        "treated_seconds": round(treated_seconds(trace), 3),
        "contact_share": round(contact_share(trace), 4),
        "zone_seconds": {name: round(seconds, 3) for name, seconds in zone_seconds(trace).items()},
        "delivered_mc": round(float(trace.phases.charge_nc[forward].sum()) / 1e6, 4),
        "told": None
        if said is None
        else {
            "counted_seconds": round(said.counted_s, 3),
            "treated_seconds": round(said.treated_s, 3),
            "set_mc": round(said.set_mc, 4),
            "delivered_mc": round(said.delivered_mc, 4),
            "share_pct": round(said.share_pct, 1),
        },
        "max_current_ua": round(max_current_ua(trace), 3),
        "account_uc": round(worst_account(trace.phases)[0], 4),
        "net_dc_ua": round(net_dc_ua(trace), 4),
        "worst_cycle_imbalance_pct": round(worst_cycle(trace, skin)[0], 6),
        "lifts": len(reactions),
        "worst_liftoff_to_off_ms": round(max((r.took_ms for r in reactions), default=0.0), 3),
        "treatment_pulses": int(np.count_nonzero(forward)),
        "late_ticks": counters[-1].fields.get("late") if counters else None,
        "missed_ticks": counters[-1].fields.get("missed") if counters else None,
        "faults": list(trace.faults),
        "states": [
            {"t_s": round(s.t_us / 1e6, 6), "from": s.before, "to": s.to, "cause": s.cause} for s in trace.states
        ],
        "final_state": trace.final_state,
        "violations": [str(violation) for violation in violations],
    }


def preset_treated(trace: Trace) -> str | None:
    """Name of the preset in force when treatment first began; else the last one chosen."""
    treated = trace.spans_in(TREATING)
    modes = trace.logs_of("mode")
    chosen = [log for log in modes if treated and log.t_us <= treated[0].start_us] or modes
    return str(chosen[-1].fields["name"]) if chosen else None


def level_treated(trace: Trace) -> int:
    """The level (0..10) treated at for longest."""
    changes = [(0, "0"), *((level.t_us, str(level.level)) for level in trace.levels)]
    seconds = _shares(spans_of(changes, trace.end_us), trace.spans_in(TREATING))
    return int(max(seconds, key=lambda name: seconds[name], default="0"))


def contact_share(trace: Trace) -> float:
    """Share of the treated time (0..1) in which the firmware's contact class was good."""
    changes = [(0, "open"), *((contact.t_us, contact.name) for contact in trace.contacts)]
    seconds = _shares(spans_of(changes, trace.end_us), trace.spans_in(TREATING))
    total = sum(seconds.values())
    return seconds.get("good", 0.0) / total if total else 0.0


def zone_seconds(trace: Trace) -> dict[str, float]:
    """Treated time (s) in each zone, by name, in order of first appearance."""
    spans = spans_of([(zone.t_us, zone.name) for zone in trace.zones], trace.end_us) if trace.zones else []
    return _shares(spans, trace.spans_in(TREATING))


def _shares(spans: list[Span], within: list[Span]) -> dict[str, float]:
    """Seconds of each name that fall within some stretches. Both lists in order, without overlap."""
    seconds: dict[str, float] = {}
    for span in spans:
        for stretch in within:
            both_us = min(span.end_us, stretch.end_us) - max(span.start_us, stretch.start_us)
            if both_us > 0:
                seconds[span.name] = seconds.get(span.name, 0.0) + both_us / 1e6
    return seconds
