"""What a push makes of the device's bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tonus import limits

from ..errors import NotGood

Presets = Sequence[tuple[str, str]]  # (id, canonical text)


@dataclass(frozen=True)
class Plan:
    """The new bank, in MODE's order, and how it differs from the old one. All but `texts` are ids."""

    texts: list[str]
    added: list[str]
    replaced: list[str]
    removed: list[str]
    unchanged: list[str]
    moved: bool  # the same presets, in another order
    changes: bool

    def __str__(self) -> str:
        parts = [
            f"{word} {', '.join(ids)}"
            for word in ("added", "replaced", "removed", "unchanged")
            if (ids := getattr(self, word))
        ]
        return "; ".join([*parts, "order changed"] if self.moved else parts)


def plan(device: Presets, pushed: Presets, replace: bool) -> Plan:
    """Pushed presets take the place of those with the same id; others are appended. `replace`: only the pushed remain.

    Ids differ within each. NotGood when the result is more than a bank holds.
    """
    old, new = dict(device), dict(pushed)
    merged = new if replace else old | new  # a dict keeps the place of a key that is given again
    if not 1 <= len(merged) <= limits.BANK_PRESETS_MAX:
        raise NotGood(f"the bank would have {len(merged)} presets; allowed 1..{limits.BANK_PRESETS_MAX}")
    common = [id for id in merged if id in old]
    return Plan(
        texts=list(merged.values()),
        added=[id for id in merged if id not in old],
        replaced=[id for id in common if merged[id] != old[id]],
        removed=[id for id in old if id not in merged],
        unchanged=[id for id in common if merged[id] == old[id]],
        moved=common != [id for id in old if id in merged],
        changes=list(merged.items()) != list(old.items()),
    )
