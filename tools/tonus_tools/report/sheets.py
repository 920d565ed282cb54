"""Tables and judged limits as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .judging import TIMING
from .markup import Markup, join, tag
from .model import Judged, Row, Table, Value, Verdict
from .words import percent, show, with_unit

COLUMNS_MAX = 4  # of waveforms side by side; more make another table
DENSE = 8  # more columns than this are set small


def badge(verdict: Verdict) -> Markup:
    return tag("span", verdict.value, class_=f"v {verdict.lower()}")


def number(value: str, class_: str = "n", small: str = "") -> Markup:
    """A cell that stands on the right, with a remark beneath."""
    return tag("td", value, tag("small", small) if small else "", class_=class_)


def head(title: str, small: str = "", right: bool = False, sup: str = "") -> Markup:
    above = tag("sup", sup) if sup else ""
    return tag(
        "th", title, " " if sup else "", above, tag("small", small) if small else "", class_="n" if right else ""
    )


def grid(heads: Sequence[Markup], rows: Sequence[Markup], class_: str = "", id: str = "") -> Markup:
    """A table."""
    top = tag("thead", tag("tr", *heads))
    return tag("table", top, tag("tbody", *rows), class_=class_, data_table=id)


def by_row(table: Table) -> Markup:
    """With unit and origin beside each row. A lone column without a title is a list of facts, units with the values."""
    facts = len(table.columns) == 1 and not table.columns[0].title
    units = not facts and any(row.unit for row in table.rows)
    left = [all(isinstance(row.values[i], str) for row in table.rows) for i in range(len(table.columns))]
    heads = [
        head(table.head),
        *(head(c.title, right=not is_left) for c, is_left in zip(table.columns, left, strict=True)),
    ]
    heads += [head("unit"), head("from")] if units else [head("from")]
    rows: list[Markup] = []
    group = ""
    for row in table.rows:
        if row.group != group:
            group = row.group
            rows.append(_group(group, len(heads)))
        cells = [tag("td", with_unit(row.values[0], row.unit))] if facts else _cells(row, left)
        unit = [tag("td", row.unit, class_="u")] if units else []
        rows.append(tag("tr", tag("td", row.name), *cells, *unit, tag("td", row.source, class_="from")))
    kind = "facts" if facts else f"c{len(table.columns)}"
    return join(tag("h3", table.title), grid(heads, rows, kind, table.id))


def _cells(row: Row, left: Sequence[bool]) -> list[Markup]:
    """Words that are the same in all columns stand once."""
    first = row.values[0]
    if len(row.values) > 1 and len(set(row.values)) == 1 and isinstance(first, str):
        return [tag("td", first, class_="n wrap", colspan=len(row.values))]
    return [_cell(value, is_left) for value, is_left in zip(row.values, left, strict=True)]


def _cell(value: Value, left: bool) -> Markup:
    if left:
        return tag("td", show(value))
    return number(show(value), "n wrap" if isinstance(value, str) else "n")


def _group(words: str, columns: int) -> Markup:
    return tag("tr", tag("td", words, colspan=columns), class_="group")


def split(table: Table) -> Iterator[Table]:
    """The table in tables of at most COLUMNS_MAX columns."""
    for i in range(0, len(table.columns), COLUMNS_MAX):
        which = slice(i, i + COLUMNS_MAX)
        rows = tuple(Row(r.name, r.unit, r.values[which], r.source, r.group) for r in table.rows)
        yield Table(table.id, table.title, table.columns[which], rows, table.head)


def by_column(table: Table) -> Markup:
    """With units in the heads, and origins in a numbered list beneath."""
    sources = list(dict.fromkeys(c.source for c in table.columns))
    heads = [head(table.head)]
    heads += [head(c.title, c.unit, True, str(sources.index(c.source) + 1)) for c in table.columns]
    rows = [tag("tr", tag("td", row.name), *(number(show(value)) for value in row.values)) for row in table.rows]
    told = tag("ol", *(tag("li", source) for source in sources), class_="from")
    dense = "dense" if len(table.columns) > DENSE else ""
    return join(tag("h3", table.title), grid(heads, rows, dense, table.id), told)


def bound(j: Judged) -> str:
    return "exactly" if not j.limit else "at least" if j.at_least else "at most"


def margin(j: Judged) -> str:
    if not j.limit:
        return "exact" if j.verdict is Verdict.PASS else "broken"
    return percent(j.margin_pct)


def judged(found: Sequence[Judged]) -> Markup:
    """Limits under their groups, a line each."""
    heads = [
        head("limit", "where it is nearest"),
        head("as set", right=True),
        head("worst case", "tolerance put in", right=True),
        head("allowed", right=True),
        head("unit"),
        head("margin", right=True),
        head(""),
        head("limit from"),
    ]
    rows: list[Markup] = []
    group = ""
    for j in found:
        if j.group != group:
            group = j.group
            remark = ": no tolerance; the crystal's 30 ppm is nothing here" if group == TIMING else ""
            rows.append(_group(group + remark, len(heads)))
        cells = (
            tag("td", j.name, tag("small", j.where, class_="one" if group == TIMING else "")),
            number(show(j.value)),
            number(tag("b", show(j.worst)), small="" if group == TIMING else j.how),
            number(f"{bound(j)} {show(j.limit)}"),
            tag("td", j.unit, class_="u"),
            number(margin(j)),
            tag("td", badge(j.verdict)),
            tag("td", j.source, class_="from"),
        )
        rows.append(tag("tr", *cells, class_=j.verdict.lower()))
    return grid(heads, rows, "limits", "limits")
