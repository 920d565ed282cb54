"""What flowed, measured at the electrodes: from a trace's phases and from what the world did, never from the firmware's
opinion of it.

Session states are used to know what was allowed and where output began anew; the figures themselves are current,
charge and time.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tonus import limits

from ..world.boards import Board
from .trace import PROBING, TREATING, Floats, Ints, Phases, Span, Trace, World, spans_of

Bools = npt.NDArray[np.bool_]

OFF_SKIN = "lifted"
STATE_SKEW_US = 2000  # the foreground logs a change of state up to two ticks after or before the interrupt acts on it
SAID_US = 200  # from the line that says that treatment begins to its first act
RAIL_TAIL_US = 20_000  # from 10 % of the rail, where the trace calls it gone, to nothing
ROUNDED_NC = 0.001  # the trace rounds the charge of a phase to this: two that are the same may be so much apart


@dataclass(frozen=True)
class Electrodes:
    """A trace's phases with what the rules ask of each. Arrays are one element a phase."""

    phases: Phases
    set_ua: Floats  # the current that the DAC code makes
    low: Bools  # at the probe's level or below, set and delivered
    probe: Bools  # the contact probe: low, and while the firmware only probes, or of the very code and width seen there

    @property
    def treatment(self) -> Bools:
        """Phases above the probe's level."""
        return ~self.low


def electrodes(trace: Trace, board: Board) -> Electrodes:
    """Classify the phases of a trace.

    A ramp begins at or below the probe's level, so level alone cannot tell a small pulse from a probe between two
    pulses. All is a probe in the states in which nothing else may flow; elsewhere what has the code and width of both
    phases of one there: one that a bounce cuts in two may be as wide as a pulse.
    """
    phases = trace.phases
    set_ua = np.maximum(phases.code * board.ua_per_code + board.offset_ua, 0.0)
    low = (set_ua <= limits.PROBE_MAX_UA) & (_own_peaks(trace) <= limits.PROBE_MAX_UA)
    shape = phases.code * (1 << 32) + phases.dur_us
    waiting = low & inside(phases.t_us - STATE_SKEW_US, trace.spans_in(PROBING))
    both = waiting[1:] & waiting[:-1] & (shape[1:] == shape[:-1])
    probe = low & (waiting | np.isin(shape, np.unique(shape[1:][both]))) if both.any() else low
    return Electrodes(phases, set_ua, low, probe)


def _own_peaks(trace: Trace) -> Floats:
    """Peak currents (uA), 0 from a fault on that makes more flow than is set: its phases are judged by their codes."""
    faults = [w.t_us for w in trace.world if w.action == "inject" and w.value in ("dac_full_scale", "rset_low")]
    return np.where(trace.phases.end_us > min(faults, default=trace.end_us), 0.0, trace.phases.peak_ua)


def strays_nc(skin: Electrodes) -> tuple[float, float]:
    """(nC a phase, % of the charge): what phases carry beyond the current they were set to; 0 when there are none.

    Of treatment phases whose current was the set one to the end, so that nothing else makes the difference.
    """
    phases = skin.phases
    as_set = ~skin.low & (np.abs(phases.end_ua - skin.set_ua) < 0.5)
    if not as_set.any():
        return 0.0, 0.0
    flowed_nc = phases.end_ua[as_set] * phases.dur_us[as_set] / 1000
    beyond_nc = phases.charge_nc[as_set] - flowed_nc
    return float(beyond_nc.mean()), float(100 * beyond_nc.sum() / flowed_nc.sum())


def longest_unwatched_ms(trace: Trace) -> float:
    """Longest time (ms) in an active state without a phase, be it a probe: nothing would notice a lift.

    A long phase is watched while it lasts, a short one where it begins. One that is under way as the trace ends is not
    in it.
    """
    worst = 0
    phases = trace.phases
    seen = np.where(phases.dur_us > limits.WATCHED_US, phases.end_us, phases.t_us)
    for span in trace.spans_in((*PROBING, *TREATING)):
        within = (seen >= span.start_us) & (phases.t_us <= span.end_us)
        before = np.concatenate(([span.start_us], seen[within]))
        until = np.concatenate((phases.t_us[within], [before[-1] if span.end_us == trace.end_us else span.end_us]))
        worst = max(worst, int((until - before).max()))
    return worst / 1000


def inside(t_us: Ints, spans: list[Span]) -> Bools:
    """Which of these times lie in one of the spans (in order, not overlapping)."""
    if not spans:
        return np.zeros(len(t_us), dtype=np.bool_)
    starts = np.array([span.start_us for span in spans])
    ends = np.array([span.end_us for span in spans])
    i = np.searchsorted(starts, t_us, side="right") - 1
    found: Bools = (i >= 0) & (t_us < ends[np.maximum(i, 0)])
    return found


def loads(trace: Trace, start: str) -> list[Span]:
    """What the electrodes touched, from time 0 to the end."""
    changes = [(0, start)]
    for event in trace.world:
        if event.action == "touch":
            changes.append((event.t_us, str(event.value)))
        elif event.action == "lift":
            changes.append((event.t_us, OFF_SKIN))
    return spans_of(changes, trace.end_us)


def breaks(trace: Trace) -> list[Span]:
    """The moments for which contact broke by itself, as stubble makes it; bounces too."""
    joined = [event.t_us for event in trace.of("skin") if event.fields[0]]
    joined += [w.t_us for w in trace.world if w.action in ("touch", "lift")]
    joined.sort()
    broken = [event.t_us for event in trace.of("skin") if not event.fields[0]]
    return [Span(t_us, next_after(joined, t_us, trace.end_us), OFF_SKIN) for t_us in broken]


def max_current_ua(trace: Trace) -> float:
    """Largest current (uA) that flowed."""
    return float(trace.phases.peak_ua.max()) if len(trace.phases) else 0.0


@dataclass(frozen=True)
class Told:
    """What the firmware said of its sessions, summed: times in s, charges each way in mC, the share in percent."""

    counted_s: float
    treated_s: float
    set_mc: float
    delivered_mc: float

    @property
    def share_pct(self) -> float:
        """Delivered of what was set; 0 when nothing was."""
        return min(100.0, 100 * self.delivered_mc / self.set_mc) if self.set_mc else 0.0


def told(trace: Trace) -> Told | None:
    """What the sessions of a trace were told to have delivered; None when none has ended, or it did not say (0.1.0)."""
    ended = [log.fields for log in trace.logs_of("session") if "set_uc" in log.fields]
    if not ended:
        return None
    sums = (sum(float(f[key]) for f in ended) / 1000 for key in ("counted_ms", "treated_ms", "set_uc", "charge_uc"))
    return Told(*sums)


def accounts_uc(phases: Phases) -> Floats:
    """The account of charge at the end of each phase, uC: passed forward less in reverse, forgotten with
    CHARGE_FORGET_MS. Within a phase it moves one way, and in a rest towards zero: these are its extremes.
    """
    if not len(phases):
        return np.zeros(0)
    forget_us = limits.CHARGE_FORGET_MS * 1000.0
    # Of a phase its end remembers this much; in blocks, within which the exponentials stay small.
    share = phases.dur_us / forget_us
    weight = np.where(share > 1e-6, -np.expm1(-share) / np.maximum(share, 1e-12), 1.0)
    remembered = phases.signed_nc * weight / 1000
    account = np.empty(len(phases))
    block = phases.end_us // int(60 * forget_us)
    before, since = 0.0, 0.0
    for first, last in _runs(block):
        ends = phases.end_us[first:last].astype(np.float64)
        start = ends[0]
        carried = before * np.exp(-(start - since) / forget_us)
        grown = np.exp((ends - start) / forget_us)
        account[first:last] = (carried + np.cumsum(remembered[first:last] * grown)) / grown
        before, since = float(account[last - 1]), float(ends[-1])
    return account


def _runs(values: Ints) -> list[tuple[int, int]]:
    """(first, after the last) of each run of equal values."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return list(zip(edges[:-1], edges[1:], strict=True))


def worst_account(phases: Phases) -> tuple[float, int]:
    """(uC, us): the most that the account of charge gets to, either way, and when."""
    if not len(phases):
        return 0.0, 0
    account = np.abs(accounts_uc(phases))
    worst = int(np.argmax(account))
    return float(account[worst]), int(phases.end_us[worst])


def worst_mean_dc(phases: Phases) -> tuple[float, int]:
    """(uA, us): the largest absolute mean current over any DC_WINDOW_MS, and where that window begins.

    The charge passed so far is piecewise linear in time, so the mean over a sliding window is too, and has its
    extremes where the window begins or ends on a phase's edge: those are all tried, nothing is sampled.
    """
    if not len(phases):
        return 0.0, 0
    window_us = limits.DC_WINDOW_MS * 1000
    edges = np.column_stack((phases.t_us, phases.end_us)).ravel().astype(np.float64)
    before = np.concatenate(([0.0], np.cumsum(phases.signed_nc)))
    passed = np.column_stack((before[:-1], before[1:])).ravel()
    starts = np.concatenate((edges, edges - window_us))
    mean_ua = (np.interp(starts + window_us, edges, passed) - np.interp(starts, edges, passed)) * 1000 / window_us
    worst = int(np.argmax(np.abs(mean_ua)))
    return float(abs(mean_ua[worst])), int(max(0, starts[worst]))


def net_dc_ua(trace: Trace) -> float:
    """Largest absolute mean current (uA) over any DC_WINDOW_MS: what remains of whole cycles."""
    return worst_mean_dc(trace.phases)[0]


def worst_cycle(trace: Trace, skin: Electrodes) -> tuple[float, int]:
    """(%, us): the worst imbalance of a complete cycle, and when that cycle began. Pulses and probes apart."""
    cuts = _interruptions(trace)
    starved = inside(skin.phases.t_us, _rail_falling(trace))
    lowered = inside(skin.phases.end_us, _on_the_way_down(trace))
    begun = np.array([c.t_us for c in trace.states if c.before not in TREATING and c.to in TREATING], dtype=np.int64)
    streams = [np.flatnonzero(stream) for stream in (~skin.probe, skin.probe)]
    return max(_worst_cycle(skin.phases, stream, cuts, starved, lowered, begun) for stream in streams)


def worst_cycle_imbalance_pct(trace: Trace, board: Board) -> float:
    """Net charge of the worst complete cycle, in percent of the charge it passed in one direction."""
    return worst_cycle(trace, electrodes(trace, board))[0]


def _interruptions(trace: Trace) -> Ints:
    """Instants that cut a cycle short or change the load within it, in order."""
    times = [w.t_us for w in trace.world if w.action in ("touch", "lift", "bridge_ohm", "usb", "inject")]
    times += [event.t_us for kind in ("skin", "latch", "power", "boot") for event in trace.of(kind)]
    # From RAMP_UP to TREAT to RAMP_DOWN the pulse train goes on; every other change of state stops or starts it.
    times += [change.t_us for change in trace.states if change.before not in TREATING or change.to not in TREATING]
    # A probe that begins between the line that says so and the end of the probing is cut short by it.
    times += [c.t_us + SAID_US for c in trace.states if c.before in PROBING and c.to in TREATING]
    return np.array(sorted(times), dtype=np.int64)


def _rail_falling(trace: Trace) -> list[Span]:
    """From a fault that takes the rail away until it is gone: no current source can balance a cycle in between."""
    gone = [event.t_us for event in trace.of("rail") if not event.fields[0]]
    faults = [w for w in trace.world if w.action == "inject" and w.value in ("rail_dead", "timer_dead")]
    return [Span(w.t_us, next_after(gone, w.t_us, w.t_us) + RAIL_TAIL_US, w.value) for w in faults]


def _on_the_way_down(trace: Trace) -> list[Span]:
    """While a level that was lowered, or the end of a session, takes a phase less than the one before it.

    From a press of MINUS on, held or not, or from RAMP_DOWN on: for as long as a way down may take, and the bursts of
    one polarity that it began in.
    """
    most_us = 1000 * (limits.RAMP_DOWN_MAX_MS + 2 * limits.POLARITY_MAX_MS)
    begins = [(w.t_us, next_after(_releases(trace, "MINUS"), w.t_us, trace.end_us)) for w in held(trace, "MINUS")]
    begins += [(span.start_us, span.end_us) for span in trace.spans_in(("RAMP_DOWN",))]
    spans: list[Span] = []
    for start, end in sorted(begins):
        if spans and start <= spans[-1].end_us:
            spans[-1] = Span(spans[-1].start_us, max(spans[-1].end_us, end + most_us), "down")
        else:
            spans.append(Span(start, end + most_us, "down"))
    return spans


def _releases(trace: Trace, button: str) -> list[int]:
    return [w.t_us for w in trace.world if w.action == "release" and w.value == button]


def _worst_cycle(
    phases: Phases, stream: Ints, cuts: Ints, starved: Bools, lowered: Bools, begun: Ints
) -> tuple[float, int]:
    """Worst imbalance among one stream's cycles. One in which the amplitude went down, when it was to, does not count.

    A cycle is a run of phases in one direction, whichever, and as many in the other; the next may begin either way.
    Within a stretch that nothing interrupts every run counts, whatever its length: a missing phase is an imbalance.
    Where a stretch ends the last cycle may be cut, and counts only if it has as many phases each way, of the same
    durations. Where it begins without output having begun there (`begun`) the first does not count, and of bursts
    nothing says in which half of a cycle that was: the better of the two is taken.
    """
    if not len(stream):
        return 0.0, 0
    t_us, end_us = phases.t_us[stream], phases.end_us[stream]
    direction, dur_us, codes = phases.direction[stream], phases.dur_us[stream], phases.code[stream]
    cuts_before = np.searchsorted(cuts, t_us, side="right")
    cuts_after = np.searchsorted(cuts, end_us, side="right")
    torn = (cuts_after > cuts_before) | starved[stream]
    # A new stretch begins after an interruption between two phases, and on either side of a torn phase.
    fresh = np.concatenate(([True], (cuts_before[1:] > cuts_after[:-1]) | torn[1:] | torn[:-1]))
    whole = np.concatenate(([True], np.diff(np.searchsorted(begun - STATE_SKEW_US, t_us, side="right")) > 0)) & ~torn
    change = np.concatenate(([True], (direction[1:] != direction[:-1]) | fresh[1:], [True]))
    edges = np.flatnonzero(change)
    run_end = edges[np.searchsorted(edges, np.arange(len(stream)), side="right")]  # where each phase's run ends
    stretch_end = np.append(np.flatnonzero(fresh)[1:], len(stream))
    passed = np.concatenate(([0.0], np.cumsum(phases.signed_nc[stream])))
    width = np.concatenate(([0], np.cumsum(dur_us)))
    falling = np.concatenate(([0], np.cumsum(lowered[stream])))
    turns = np.append(np.flatnonzero(direction[1:] != direction[:-1]) + 1, len(stream))

    def begins(at: int, end: int) -> list[int]:
        """Where the first whole cycle of a stretch may begin that was under way before."""
        turn = int(run_end[at])
        if turn == at + 1 and (turn == end or int(run_end[turn]) <= turn + 2):  # else the last of a burst
            if at + 2 < end and t_us[at + 1] - end_us[at] >= t_us[at + 2] - end_us[at + 1]:
                return [turn]  # the two phases of a pulse lie closer together than two pulses: this is a second one
            return [min(at + 2, end)]
        i = int(np.searchsorted(turns, at, side="right"))
        burst = int(turns[i]) - (int(turns[i - 1]) if i else 0)  # two, where one cycle ended as the next began
        return [turn, *(min(turn + n, int(run_end[turn])) for n in (burst, burst // 2) if turn < end)]

    def balance(at: int, end: int) -> tuple[float, int]:
        """The worst of the cycles from here to the end of a stretch."""
        worst = (0.0, 0)
        while at < end:
            turn = int(run_end[at])
            n = turn - at
            if turn == end:
                break
            after = min(int(run_end[turn]), turn + n)
            alike = (
                after - turn == n
                and width[turn] - width[at] == width[after] - width[turn]
                and dur_us[at:turn].max() == dur_us[turn:after].max()
            )
            one_way = max(abs(passed[turn] - passed[at]), abs(passed[after] - passed[turn]))
            less = falling[after] > falling[at] and codes[at:after].max() > codes[at:after].min()
            if (alike or after < end) and not less and one_way > 0:
                over = max(0.0, float(abs(passed[after] - passed[at])) - ROUNDED_NC * (after - at) / 2)
                worst = max(worst, (float(100 * over / one_way), int(t_us[at])))
            at = after
        return worst

    starts = [0, *stretch_end[:-1].tolist()]
    found = [
        min(balance(begin, end) for begin in ([at] if whole[at] else begins(at, end)))
        for at, end in zip(starts, stretch_end.tolist(), strict=True)
    ]
    return max(found, default=(0.0, 0))


@dataclass(frozen=True)
class Reaction:
    """How long treatment current went on after something that must end it (ms), and how long it may."""

    t_us: int
    took_ms: float
    bound_ms: float


def last_drive_ms(phases: Phases, which: Bools, t_us: int, until_us: int) -> float:
    """From `t_us` to the end of the last of these phases that drives before `until_us`, ms; 0 when none does."""
    end = np.searchsorted(phases.t_us, until_us, side="left")
    start = np.searchsorted(phases.end_us, t_us, side="right")
    driven = np.flatnonzero(which[start:end])
    if not len(driven):
        return 0.0
    return (min(int(phases.end_us[start + driven[-1]]), until_us) - t_us) / 1000


def lifts(trace: Trace, skin: Electrodes, start_touch: str) -> list[Reaction]:
    """Each time the person lifted the electrodes during treatment: lift to end of output, and its bound."""
    spans = loads(trace, start_touch)
    off = [span for before, span in zip(spans, spans[1:], strict=False) if before.name != span.name == OFF_SKIN]
    return _reactions(trace, skin, off)


def broken(trace: Trace, skin: Electrodes) -> list[Reaction]:
    """The same, each time contact broke by itself. The output may outlast a break that is shorter than the bound."""
    return _reactions(trace, skin, breaks(trace))


def _reactions(trace: Trace, skin: Electrodes, off: list[Span]) -> list[Reaction]:
    reactions = []
    for span in off:
        if trace.state_at(span.start_us) in TREATING:
            took_ms = last_drive_ms(skin.phases, skin.treatment, span.start_us, span.end_us)
            reactions.append(Reaction(span.start_us, took_ms, lift_bound_ms(trace, skin, span.start_us)))
    return reactions


def lift_bound_ms(trace: Trace, skin: Electrodes, t_us: int) -> float:
    """Longest time (ms) output may go on after a lift at `t_us`: by the pulse period just before it."""
    period_us = pulse_period_us(trace, skin, t_us)
    if period_us is None:
        return float(limits.LIFT_MAX_MS)
    return min(max(limits.LIFT_MS, limits.LIFT_PERIODS * period_us / 1000), limits.LIFT_MAX_MS)


def pulse_period_us(trace: Trace, skin: Electrodes, t_us: int) -> float | None:
    """Time between the starts of two pulses just before `t_us`; None when the output had not yet made two."""
    burst = next((s for s in trace.spans_in(TREATING) if s.start_us <= t_us < s.end_us), None)
    if burst is None:
        return None
    phases = skin.phases
    first = int(np.searchsorted(phases.t_us, burst.start_us, side="left"))
    last = int(np.searchsorted(phases.t_us, t_us, side="left"))
    recent = first + np.flatnonzero(~skin.probe[first:last])
    if len(recent) < 3:
        return None
    a, b, c = recent[-3:]  # oldest first
    starts, ways, ends = phases.t_us, phases.direction, phases.end_us
    if ways[b] == ways[c]:  # two phases the same way in a row: bursts, one phase a pulse
        return float(starts[c] - starts[b])
    if ways[a] == ways[b]:
        return float(starts[b] - starts[a])
    if starts[c] - ends[b] > limits.GAP_MAX_US and starts[b] - ends[a] > limits.GAP_MAX_US:
        return float(starts[c] - starts[b])  # too far apart to be the two phases of one pulse
    return float(starts[c] - starts[a])


def held(trace: Trace, button: str) -> list[World]:
    """Each time the person pressed a button down."""
    return [w for w in trace.world if w.action == "hold" and w.value == button]


def next_after(times: list[int], t_us: int, otherwise: int) -> int:
    """The first of these (in order) after `t_us`, or `otherwise`."""
    i = bisect_right(times, t_us)
    return times[i] if i < len(times) else otherwise
