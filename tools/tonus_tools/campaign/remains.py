"""What no firmware prevents: a limit that a single fault may break. Each stands in HAZARDS.md under "What remains"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .verdict import BAD, Verdict


@dataclass(frozen=True)
class Remains:
    """Faults whose case begins so may break these rules; `hazard` is a sentence's begin in HAZARDS.md."""

    kind: str
    cases: tuple[str, ...]
    rules: tuple[str, ...]
    hazard: str


KNOWN: tuple[Remains, ...] = (
    Remains("part", ("rset_low",), ("above",), "Delivered current, charge and contact share one sense resistor"),
    Remains("line", ("MODE high", "MODE open"), ("stop",), "A MODE that closes no more"),
    Remains("line", ("VBUS_SENSE low", "VBUS_SENSE open"), ("usb",), "A broken `VBUS_SENSE` wire hides the cable"),
)


def known(kind: str, case: str, verdict: Verdict, table: Sequence[Remains] = KNOWN) -> str:
    """The hazard's sentence that has all that was broken; "" when something is in none, or nothing was broken."""
    if verdict.verdict != BAD:
        return ""
    fitting = [one for one in table if one.kind == kind and case.startswith(one.cases)]
    rules = {line.split(":")[0] for line in verdict.broken}
    for one in fitting:
        if rules <= set(one.rules):
            return one.hazard
    return ""
