"""Which days had a session, and which may have had one."""

from __future__ import annotations

from datetime import date, timedelta

from .routine import Routine, Week


def had(kept: Routine) -> set[date]:
    """Days with a session that counts."""
    return {s.day for s in kept.sessions if s.day and not s.is_short}


def short(kept: Routine) -> set[date]:
    """Days with only shorter ones."""
    return {s.day for s in kept.sessions if s.day} - had(kept)


def possible(kept: Routine) -> set[date]:
    """Days on which a session without a day may have been, where both its bounds are known."""
    found: set[date] = set()
    for s in kept.sessions:
        if s.day is None and s.earliest and s.latest and not s.is_short:
            found |= {s.earliest + timedelta(days=i) for i in range((s.latest - s.earliest).days + 1)}
    return found


def signs(kept: Routine, week: Week) -> str:
    """A week's days for a terminal: # a session, o perhaps one, . none; nothing of days to come."""
    days = [week.first + timedelta(days=i) for i in range((min(week.last, kept.today) - week.first).days + 1)]
    return " ".join("#" if day in had(kept) else "o" if day in possible(kept) else "." for day in days)
