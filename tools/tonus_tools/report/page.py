"""A report as one HTML file: nothing in it is fetched from anywhere."""

from __future__ import annotations

from tonus import limits

from . import prose, sheets
from .judging import AS_SET, TIMING
from .markup import Markup, join, tag
from .model import Judged, PresetPart, Report, Value, Verdict
from .prose import marked
from .sheets import badge, bound, grid, head, margin, number
from .style import CSS
from .words import show, with_unit


def render(report: Report) -> str:
    """The page."""
    title = f"Tonus output report, {report.board}, {report.made}"
    top = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(CSS)),
    )
    end = f"Tonus {report.version}, tonusctl report, {report.made}. Computed, not measured. Not a medical device."
    parts = (_first(report), _device(report), *map(_preset, report.presets), _peers(report), _how(report))
    body = tag("body", *(join(part, "\n") for part in parts), tag("footer", end))
    return f"<!DOCTYPE html>\n{tag('html', top, chr(10), body, lang='en')}\n"


# The first page


def _first(report: Report) -> Markup:
    facts = (
        ("firmware", f"Tonus {report.version}"),
        ("board", report.board),
        ("presets", report.presets_from),
        ("made", report.made),
    )
    links = [
        ("device", "Device"),
        *((_anchor(part), part.name) for part in report.presets),
        ("peers", "Peers"),
        ("how", "Where the numbers come from"),
    ]
    sub = tag("div", "What the electrodes deliver, against the limits for such devices", class_="sub")
    return join(
        tag("div", tag("div", tag("h1", "Tonus output report"), sub), _verdict(report), class_="top"),
        tag("div", *(tag("div", tag("span", name), value) for name, value in facts), class_="ids"),
        tag("nav", *(tag("a", name, href=f"#{to}") for to, name in links)),
        tag("div", tag("p", marked(prose.WHAT_IT_IS)), tag("p", marked(prose.WHAT_IT_IS_NOT)), class_="not"),
        _glance(report),
        _attention(report),
        _nearest(report),
        _rule(report),
    )


def _anchor(part: PresetPart) -> str:
    return f"preset-{part.id}"


def _verdict(report: Report) -> Markup:
    total = len(report.all_judged)
    titles = {
        Verdict.FAIL: ("FAIL", f"{len(report.of(Verdict.FAIL))} of {total} limits not kept"),
        Verdict.CALIBRATE: (
            "PASS once calibrated",
            f"{len(report.of(Verdict.CALIBRATE))} of {total} limits need a calibration",
        ),
        Verdict.PASS: ("PASS", f"all {total} limits kept"),
    }
    title, words = titles[report.verdict]
    about = tag("span", words, Markup("<br>"), f"device {report.accuracy.name}")
    return tag("div", tag("b", title), about, class_=f"badge {report.verdict.lower()}")


def _glance(report: Report) -> Markup:
    """A line a preset."""
    heads = [head(""), head("preset"), *(head(c.title, c.unit, True) for c in report.summary.columns)]
    heads += [head("least margin", "of what flows", True), head("")]
    rows = []
    for part in report.presets:
        least = min((j for j in part.judged if _flows(j)), key=lambda j: j.margin_pct)
        cells = (
            tag("td", Markup(part.icon)),
            tag("td", tag("a", tag("b", part.name), href=f"#{_anchor(part)}")),
            *(number(show(_short(value))) for value in part.summary.values),
            number(margin(least), "n least", least.name),
            tag("td", badge(part.verdict)),
        )
        rows.append(tag("tr", *cells))
    return join(tag("h3", report.summary.title), grid(heads, rows, "dense", report.summary.id))


def _short(value: Value) -> Value:
    """Three digits are enough at a glance."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _flows(j: Judged) -> bool:
    """A limit on what flows: not on times, nor on what may be asked for."""
    return j.group != TIMING and j.how != AS_SET and bool(j.limit)


def _attention(report: Report) -> Markup:
    """What is not simply kept."""
    found = report.of(Verdict.FAIL) + report.of(Verdict.CALIBRATE)
    if not found:
        return Markup("")
    rows = []
    for name, j in found:
        words = f"{with_unit(j.worst, j.unit)} at the worst, {bound(j)} {with_unit(j.limit, j.unit)} ({j.where})"
        if j.verdict is Verdict.CALIBRATE:
            words += f"; calibrated {with_unit(j.calibrated, j.unit)}"
        cells = (tag("td", badge(j.verdict)), *(tag("td", cell) for cell in (name, j.name, words)))
        rows.append(tag("tr", *cells, class_=j.verdict.lower()))
    heads = [head(""), head("of"), head("limit"), head("value")]
    return join(tag("h3", "Needs attention"), grid(heads, rows, "tight", "attention"))


def _nearest(report: Report) -> Markup:
    """Each limit on what flows, with the preset that comes nearest to it."""
    nearest: dict[str, tuple[str, Judged]] = {}
    for part in report.presets:
        for j in part.judged:
            if _flows(j) and (j.name not in nearest or j.margin_pct < nearest[j.name][1].margin_pct):
                nearest[j.name] = (part.name, j)
    rows = []
    for name, j in nearest.values():
        cells = (
            tag("td", j.name),
            number(show(j.worst)),
            number(f"{bound(j)} {show(j.limit)}"),
            tag("td", j.unit, class_="u"),
            number(margin(j)),
            tag("td", f"{name}, {j.where}"),
            tag("td", badge(j.verdict)),
        )
        rows.append(tag("tr", *cells, class_=j.verdict.lower()))
    heads = [head("limit"), head("worst case", right=True), head("allowed", right=True), head("unit")]
    heads += [head("margin", right=True), head("where"), head("")]
    title = tag("h3", "Nearest to each limit on what flows, of all presets")
    return join(title, grid(heads, rows, "tight", "nearest"))


def _rule(report: Report) -> Markup:
    told = (
        join(badge(verdict), " ", marked(words), " ") for verdict, words in zip(Verdict, prose.verdicts(), strict=True)
    )
    return join(
        tag("h3", "How a limit is judged"),
        tag("p", marked(prose.how_judged(report.accuracy))),
        tag("p", *told),
    )


# The others


def _device(report: Report) -> Markup:
    return join(
        tag("h2", "Device", id="device", class_="page"),
        *map(sheets.by_row, report.device),
        tag("p", marked(prose.BEHAVIOURS)),
        tag("h3", "Limits, whatever is played"),
        sheets.judged(report.judged),
    )


def _preset(part: PresetPart) -> Markup:
    drawn = []
    for (letter, words, zones), plot in zip(part.waveforms, part.plots[1:], strict=True):
        drawn.append(_figure(join(tag("b", letter), f" {words} ", tag("span", zones)), plot))
    session = _figure(join(tag("b", "The session"), f" at level {limits.LEVELS}, contact unbroken"), part.plots[0])
    rows = [
        tag("tr", *(tag("td", cell) for cell in (s.name, s.formula, s.numbers)), number(tag("b", s.result)))
        for s in part.steps
    ]
    heads = [head("figure"), head("how"), head("with the numbers of this preset"), head("result", right=True)]
    return join(
        tag("h2", part.name, " ", badge(part.verdict), id=_anchor(part), class_="page"),
        tag("p", f"{part.words}; {part.where}."),
        session,
        *drawn,
        *map(sheets.by_row, sheets.split(part.output)),
        sheets.by_row(part.session),
        tag("h3", "Limits, worst of all levels and zones"),
        sheets.judged(part.judged),
        sheets.by_column(part.levels),
        sheets.by_column(part.zones),
        tag("h3", f"Worked through, level {limits.LEVELS}"),
        grid(heads, rows, "steps", "steps"),
    )


def _figure(caption: Markup, plot: str) -> Markup:
    return tag("figure", tag("figcaption", caption), Markup(plot))


def _peers(report: Report) -> Markup:
    return join(
        tag("h2", "Peers", id="peers", class_="page"),
        tag("p", marked(prose.PEERS)),
        *map(sheets.by_row, report.peers),
    )


def _how(report: Report) -> Markup:
    return join(
        tag("h2", "Where the numbers come from", id="how"),
        tag("ol", *(tag("li", marked(words)) for words in prose.origins(report.board))),
        tag("h3", "What is not in them"),
        tag("ul", *(tag("li", marked(words)) for words in prose.NOT_IN_THEM)),
    )
