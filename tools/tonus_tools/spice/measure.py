"""Figures from a run: currents in uA, charges in nC, times in us."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tonus import limits

from .deck import RWATCH_OHM
from .drive import Phase
from .ngspice import Floats, Plot


@dataclass(frozen=True)
class Trace:
    """A transient: time in us, current through the skin in uA (forward positive), and everything saved."""

    t_us: Floats
    ua: Floats
    plot: Plot

    @classmethod
    def of(cls, plot: Plot, rwatch: float = RWATCH_OHM) -> Trace:
        return cls(plot.axis * 1e6, (plot["v(d1)"] - plot["v(w1)"]) / rwatch * 1e6, plot)

    def at(self, t_us: float, name: str | None = None) -> float:
        """The skin's current, or a saved vector, at a time."""
        return float(np.interp(t_us, self.t_us, self.ua if name is None else self.plot[name]))

    def charge_nc(self, from_us: float, to_us: float) -> float:
        """Charge between two times, forward positive."""
        return float(self.total_nc(np.array([from_us, to_us])) @ np.array([-1, 1]))

    def total_nc(self, t_us: Floats) -> Floats:
        """Charge since the start at each of the times."""
        return np.asarray(np.interp(t_us, self.t_us, self.plot["v(charge)"] * 1000))

    def account_uc(self, from_us: float = 0.0, step_us: float = 1000.0) -> float:
        """The most that the account of charge gets to from there on, uC, either way."""
        ends = np.arange(0.0, self.t_us[-1] + step_us, step_us)
        forgotten = float(np.exp(-step_us / (limits.CHARGE_FORGET_MS * 1000)))
        account, worst = 0.0, 0.0
        for end, passed in zip(ends[1:], np.diff(self.total_nc(ends)) / 1000, strict=True):
            account = account * forgotten + float(passed)
            if end > from_us:
                worst = max(worst, abs(account))
        return worst

    def within(self, from_us: float, to_us: float) -> tuple[Floats, Floats]:
        """(time, current) of the points of a stretch."""
        which = (self.t_us >= from_us) & (self.t_us <= to_us)
        return self.t_us[which], self.ua[which]

    def over_us(self, limit_ua: float, from_us: float = 0.0) -> list[float]:
        """How long, each time, the current's size is above a limit without a break."""
        high = (np.abs(self.ua) > limit_ua) & (self.t_us >= from_us)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], high, [False])).astype(int)))
        return [float(self.t_us[min(b, len(high) - 1)] - self.t_us[a]) for a, b in edges.reshape(-1, 2)]

    def when(self, name: str, above: float) -> float | None:
        """When a saved vector first is above a value."""
        found = np.flatnonzero(self.plot[name] > above)
        return float(self.t_us[found[0]]) if len(found) else None


def settled_us(trace: Trace, phase: Phase, pct: float = 2.0, ua: float = 2.0) -> float:
    """How long after its start a phase's current is, and stays, within a band of what it ends with."""
    t, i = trace.within(phase.t_us, phase.end_us - 0.5)
    final = trace.at(phase.end_us - 0.5)
    outside = np.flatnonzero(np.abs(i - final) > max(abs(final) * pct / 100, ua))
    return float(t[outside[-1]] - phase.t_us) if len(outside) else 0.0


def worst_mean_ua(trace: Trace, window_us: float = 1e6, step_us: float = 1000.0) -> float:
    """The largest mean of the current over a window, with nothing before the start and after the end."""
    ends = np.arange(step_us, trace.t_us[-1] + window_us, step_us)
    charge = trace.total_nc(ends) - trace.total_nc(np.maximum(ends - window_us, 0.0))
    return float(np.abs(charge).max() / window_us * 1000)
