"""Progress as one HTML page, nothing fetched: it fits a screen, and prints on two A4 sheets.

It reports what was done. It claims nothing about skin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tonus import VERSION
from tonus.session import EVENTS

from ..face import head
from ..face.places import Place
from ..report.markup import Markup, join, tag
from . import calendar, charts
from .advice import Advice, advice
from .history import Session
from .regions import Region, regions
from .routine import Routine
from .sentence import POOR_PCT, SHARE_PCT
from .style import CSS
from .symmetry import UNEVEN_PCT, Pair, pairs

NAMED_MOST = 6  # dates of sessions that stood out


@dataclass(frozen=True)
class Progress:
    """All that the page says."""

    sessions: tuple[Session, ...]
    routine: Routine
    regions: tuple[Region, ...]
    pairs: tuple[Pair, ...]
    advice: tuple[Advice, ...]


def progress(sessions: Sequence[Session], kept: Routine) -> Progress:
    """Worked out of sessions, at least one."""
    return Progress(
        tuple(sessions), kept, tuple(regions(sessions)), tuple(pairs(sessions)), tuple(advice(sessions, kept))
    )


def render(made: Progress, today: date) -> str:
    """The page."""
    title = f"Tonus progress, {today:%Y-%m-%d}"
    top = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(CSS)),
    )
    first = tag("section", _title(made), _advice(made), _routine(made), _face(made))
    second = tag("section", _symmetry(made), _sessions(made), _ends(made), _notes(made, today))
    return f"<!DOCTYPE html>\n{tag('html', top, chr(10), tag('body', first, second), lang='en')}\n"


def _title(made: Progress) -> Markup:
    sessions, kept = made.sessions, made.routine
    set_uc = sum(s.set_uc or 0 for s in sessions)
    known_uc = sum(s.delivered_uc for s in sessions if s.set_uc)
    minutes = round(sum(s.treated_s for s in sessions) / 60)
    facts = [
        ("plan", kept.position),
        ("weeks", calendar.summary(kept)),
        ("next", kept.next),
        ("sessions", f"{len(sessions)}, {minutes // 60} h {minutes % 60} min treated"),
        ("delivered", f"{min(100, 100 * known_uc / set_uc):.0f} % of what was set" if set_uc else "share not known"),
        ("level", _levels(sessions)),
    ]
    return join(
        tag("h1", "Progress"),
        tag("div", *(tag("div", tag("span", name), words) for name, words in facts), class_="facts"),
    )


def _levels(sessions: Sequence[Session]) -> str:
    """First and last, of the preset that was used last."""
    its = [s for s in sessions if s.id == sessions[-1].id]
    if its[0].level == its[-1].level:
        return f"{its[-1].name} at {its[-1].level}"
    return f"{its[-1].name} from {its[0].level} to {its[-1].level}"


def _advice(made: Progress) -> Markup:
    if not made.advice:
        words = (
            "Nothing to change: go on like this." if len(made.sessions) >= 3 else "Too few sessions to say anything."
        )
        return tag("div", tag("p", words), class_="advice")
    return tag(
        "div", *(tag("p", tag("b", one.words), tag("small", one.source)) for one in made.advice), class_="advice"
    )


def _routine(made: Progress) -> Markup:
    return join(tag("h2", "Routine"), tag("figure", charts.svg(calendar.figure(made.routine))))


def _face(made: Progress) -> Markup:
    """Charge by place, drawn and as a table."""
    if not made.regions:
        words = "The sessions do not say where on the face they were: their firmware did not write it down."
        return join(tag("h2", "Face"), tag("p", words))
    halves: dict[Place, tuple[float, float]] = {}  # delivered, set: of the middle half to each side
    for region in made.regions:
        its = head.halves(region.place)
        for half in its:
            delivered, set_ = halves.get(half, (0.0, 0.0))
            halves[half] = (delivered + region.delivered_uc / len(its), set_ + region.set_uc / len(its))
    most = max(delivered for delivered, _ in halves.values()) or 1
    fills = {half: _shade(delivered / most) for half, (delivered, _) in halves.items()}
    labels = {half: f"{min(100, 100 * delivered / set_):.0f}" for half, (delivered, set_) in halves.items() if set_}
    drawn = tag(
        "figure",
        head.draw(fills, labels, caption="charge by place"),
        tag("figcaption", "As in the mirror. Darker: more charge. Figures: % delivered of what was set."),
    )
    rows = [
        (
            str(r.place),
            f"{r.delivered_uc / 1000:.2f}",
            "-" if r.share_pct is None else f"{r.share_pct:.0f} %",
            f"{r.counted_s / 60:.0f}",
            f"{r.poor_pct:.0f} %",
            f"{r.sessions}" + (f", {r.skipped} skipped" if r.skipped else ""),
        )
        for r in made.regions
    ]
    heads = ("place", "mC", "of set", "min", "contact poor", "sessions")
    return join(tag("h2", "Face"), tag("div", drawn, _table(heads, rows), class_="two"))


def _shade(part: float) -> str:
    """From pale to strong blue."""
    low, high = (232, 241, 248), (74, 138, 190)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(low, high, strict=True))


def _symmetry(made: Progress) -> Markup:
    title = tag("h2", "Left and right")
    if not made.pairs:
        return join(title, tag("p", "No session says what left and right got."))
    last = {pair.region: pair for pair in pairs(made.sessions[-1:])}
    rows = [
        (
            pair.region,
            *(f"{side.delivered_uc / 1000:.2f} mC, {side.counted_s / 60:.0f} min" for side in (pair.left, pair.right)),
            apart(pair),
            apart(last[pair.region]) if pair.region in last else "-",
            f"{pair.sessions}" + (f"; {pair.one_sided} one side only" if pair.one_sided else ""),
        )
        for pair in made.pairs
    ]
    heads = ("region", "left", "right", "in all", "last session", "sessions")
    chart = tag("figure", charts.svg(charts.symmetry(made.sessions)))
    return join(title, _table(heads, rows), chart)


def apart(pair: Pair) -> str:
    """How far left and right are apart, in words."""
    if not pair.sessions:
        return "-"
    if round(pair.apart_pct) == 0:
        return "even"
    words = f"{'right' if pair.apart_pct > 0 else 'left'} {abs(pair.apart_pct):.0f} % less"
    return words if pair.less else f"even ({words})"


def _sessions(made: Progress) -> Markup:
    return join(
        tag("h2", "Sessions"),
        tag("p", f"Bars: delivered of what was set, yellow below {SHARE_PCT} %; triangle: ended early. Line: level."),
        tag("figure", charts.svg(charts.share(made.sessions))),
        tag("p", "Bars: time without good contact. Line: resistance where contact was good."),
        tag("figure", charts.svg(charts.contact(made.sessions))),
    )


def _ends(made: Progress) -> Markup:
    """What ended sessions early, and what stood out."""
    early = Counter(s.why for s in made.sessions if not s.is_complete)
    complete = len(made.sessions) - sum(early.values())
    rows = [("to the end", str(complete))] + [(EVENTS.get(why, why), str(n)) for why, n in early.most_common(5)]
    poor = [s for s in made.sessions if 100 - s.good_pct >= POOR_PCT]
    told = tag("p", "Contact poor: no session stood out.")
    if poor:
        named = ", ".join(_named(s) for s in poor[-NAMED_MOST:])
        more = f" and {len(poor) - NAMED_MOST} before" if len(poor) > NAMED_MOST else ""
        told = tag("p", f"Contact poor {POOR_PCT} % of the time or more in {len(poor)}: {named}{more}.")
    return join(tag("h2", "How they ended"), tag("div", _table(("ended by", "sessions"), rows), told, class_="two"))


def _named(s: Session) -> str:
    return f"s{s.n} ({s.when}, {100 - s.good_pct} %)"


def _notes(made: Progress, today: date) -> Markup:
    notes = []
    old = sum(s.share_pct is None for s in made.sessions)
    placeless = sum(not s.knows_places for s in made.sessions)
    if placeless:
        notes.append(f"{placeless} of {len(made.sessions)} sessions do not say where on the face they were")
    if old:
        notes.append(f"{old} do not say what was set")
    if made.routine.undated:
        notes.append(
            f"{made.routine.undated} have no date: the clock runs only from a visit to a computer until switched off"
        )
    said = "; ".join(notes)
    notes_ = tag("p", said[:1].upper() + said[1:] + ".") if said else ""
    end = (
        f"Tonus {VERSION}, tonusctl progress, {today:%Y-%m-%d}. From the device's journal; kept on this computer only. "
        f"Even: within {UNEVEN_PCT} %. It reports what was done, and claims nothing about skin. Not a medical device."
    )
    return join(notes_, tag("footer", end))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    top = tag("thead", tag("tr", *(tag("th", name) for name in heads)))
    return tag("table", top, tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)))
