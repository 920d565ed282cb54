"""The page of the journal's sessions: what is on it is what the records say, whether there is one or the last 64."""

from __future__ import annotations

import functools
import random
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from tonus import bank
from tonus_tools.ctl import journal_plot

DAY_S = 86_400
NOON = int(datetime(2025, 3, 3, 12).timestamp())  # a Monday, wherever this runs
SHIPPED = {p.id: p for p in bank.shipped()}
Record = dict[str, Any]


def record(n: int, day: int | None, id: str = "lift", **fields: Any) -> Record:
    """A session that came to its end, `day` days after a Monday."""
    zones = [[zone.duration_s * 1000, 80 + i] for i, zone in enumerate(SHIPPED.get(id, SHIPPED["lift"]).zones)]
    return {
        "n": n,
        "at": None if day is None else NOON + day * DAY_S,
        "id": id,
        "name": id.capitalize(),
        "generation": 0,
        "level": 6,
        "top_ua": 400,
        "treated_ms": sum(ms for ms, _ in zones),
        "charge_uc": 2000 + 10 * n,
        "good_pct": 83,
        "ohm": 9000 + 100 * n,
        "lifts": 2,
        "zones": zones,
        "why": "ramped_down",
    } | fields


def many() -> list[Record]:
    """64 sessions of two years and every kind of end, some without a date, out of order."""
    dice = random.Random(5)
    early = ("stop", "usb_in", "fault", "battery_low", "drained", "expired", "idle", "power_off", "later_firmware")
    ends = ("ramped_down", "lost", *early)
    ids = (*SHIPPED, "one", "two", "three", "four", "five")
    records = [
        record(
            n,
            None if n % 7 == 0 else n * 11,
            dice.choice(ids),
            name=dice.choice(("W" * 24, "a $\\frac name")),
            why=dice.choice(ends),
            ohm=0 if n % 9 == 0 else 9000,
            generation=n % 2,
        )
        for n in range(100, 164)
    ]
    dice.shuffle(records)
    return records


JOURNALS = {
    "one": [record(1, 0)],
    "three": [record(1, 0), record(2, 2, "firm", why="stop"), record(3, 2, "absorb")],
    "undated": [record(n, None) for n in range(1, 4)],
    "nothing": [record(1, 0, treated_ms=0, charge_uc=0, good_pct=0, ohm=0, zones=[])],
    "sixteen": [record(n, 9 * n, zones=[[5000 + 3000 * i, 100 - 6 * i] for i in range(16)]) for n in range(1, 26)],
    "many": many(),
}


@functools.cache
def page(name: str) -> Figure:
    return journal_plot.page(JOURNALS[name])


def texts(figure: Figure) -> list[Text]:
    """What is written, but for the ticks' labels."""
    found = list(figure.texts)
    for axes in figure.axes:
        found += [*axes.texts, axes.xaxis.label, axes.yaxis.label]
        legend = axes.get_legend()
        found += [legend.get_title(), *legend.get_texts()] if legend else []
    return [text for text in found if text.get_text()]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in texts(figure)]


def called(figure: Figure, label: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_ylabel() == label)


def bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


@pytest.mark.parametrize("name", JOURNALS)
def test_a_png_is_drawn_and_all_of_it_can_be_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = page(name)
    monkeypatch.setattr(journal_plot, "page", lambda *_: figure)
    path = tmp_path / "journal.png"
    journal_plot.draw(JOURNALS[name], path)
    height, width, _ = imread(path).shape
    assert width == 1500
    rows = min(8, len(JOURNALS[name]))
    assert height == pytest.approx(920 + 36 * rows, abs=30)
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    for label, box in boxes:
        assert box.x0 >= 0, label
        assert box.x1 <= width, label
        assert box.y0 >= 0, label
        assert box.y1 <= height, label
    for (a, box_a), (b, box_b) in combinations(boxes, 2):
        across = min(box_a.x1, box_b.x1) - max(box_a.x0, box_b.x0)
        down = min(box_a.y1, box_b.y1) - max(box_a.y0, box_b.y0)
        assert across <= 1 or down <= 3, f"{a!r} on {b!r}"  # a line's box has some pixels of air


def test_no_sessions_is_an_error_of_one_line() -> None:
    with pytest.raises(ValueError, match=r"^no sessions to draw: the journal has none yet$"):
        journal_plot.draw([], "nowhere.png")


def test_bars_are_the_charge_and_the_time_in_order_of_n() -> None:
    records = JOURNALS["many"]
    figure = page("many")
    in_order = sorted(records, key=lambda r: int(r["n"]))
    charge = bars(called(figure, "charge each way, mC"))
    assert [bar.get_height() for bar in charge] == pytest.approx([r["charge_uc"] / 1000 for r in in_order])
    treated = bars(called(figure, "time, min"))
    good, rest = treated[: len(records)], treated[len(records) :]
    minutes = [a.get_height() + b.get_height() for a, b in zip(good, rest, strict=True)]
    assert minutes == pytest.approx([r["treated_ms"] / 60_000 for r in in_order])
    assert [bar.get_height() / m for bar, m in zip(good, minutes, strict=True)] == pytest.approx([0.83] * len(records))


def delivered(n: int, day: int, set_uc: float, shares: tuple[int, ...]) -> Record:
    """A session whose record says what was set, with this share delivered in each of its zones of 30 s."""
    share = round(sum(shares) / len(shares))
    return record(
        n, day, zones=[[300 * pct, 100] for pct in shares], counted=[[30_000, pct] for pct in shares],
        counted_ms=30_000 * len(shares), treated_ms=300 * len(shares) * share, set_uc=set_uc,
        charge_uc=set_uc * share / 100, share_pct=share, probe_uc=0.0, good_pct=100,
    )  # fmt: skip


def test_what_was_set_stands_around_what_was_delivered() -> None:
    records = [record(1, 0), delivered(2, 1, 900, (20, 40)), delivered(3, 2, 1000, (100, 90))]
    figure = journal_plot.page(records)
    lines = words(figure)
    assert "64 % of what was set" in lines[1]  # 270 + 950 of 900 + 1000; the first does not know
    charge = bars(called(figure, "charge each way, mC"))
    assert [bar.get_height() for bar in charge] == pytest.approx([2.01, 0.27, 0.95, 0.9, 1.0])
    assert [bar.get_fill() for bar in charge] == [True, True, True, False, False]
    treated, rest = bars(called(figure, "time, min"))[:3], bars(called(figure, "time, min"))[3:]
    assert [bar.get_height() for bar in treated[1:]] == pytest.approx([0.3, 0.95])
    assert [bar.get_height() for bar in rest[1:]] == pytest.approx([0.7, 0.05])
    assert {"83 %", "30 %", "95 %"} <= set(lines)
    assert any(line.endswith("(where that is not known, of the time with good contact)") for line in lines)
    assert any(line.startswith("forehead left\n20 %") for line in lines)


def test_a_preset_has_one_colour_and_its_name_in_the_legend() -> None:
    records = [record(n, n, id) for n, id in enumerate(("lift", "firm", "lift", "calm", "firm", "lift"), 1)]
    figure = journal_plot.page(records)
    colours = [bar.get_facecolor() for bar in bars(called(figure, "charge each way, mC"))]
    assert len(set(colours)) == 3
    assert colours[0] == colours[2] == colours[5]
    assert colours[1] == colours[4]
    assert {"Lift: 3", "Firm: 2", "Calm: 1"} <= set(words(figure))


def test_presets_of_one_name_are_told_apart() -> None:
    figure = journal_plot.page([record(1, 0), record(2, 1, "lift-2", name="Lift")])
    assert {"Lift (lift): 1", "Lift (lift-2): 1"} <= set(words(figure))


def test_sessions_without_a_date_are_marked_and_keep_their_place() -> None:
    figure = journal_plot.page([record(4, 0), record(6, 1), record(5, None)])
    hatches = [bool(bar.get_hatch()) for bar in bars(called(figure, "charge each way, mC"))]
    assert hatches == [False, True, False]
    labels = [text.get_text() for text in called(figure, "resistance, kOhm").get_xticklabels()]
    assert labels[0].startswith("3 ")
    assert labels[1] == "#5"
    assert labels[2].startswith("4 ")
    assert "#n: day not known" in words(figure)
    assert "#n: day not known" not in words(page("three"))


def test_a_break_is_told_in_days() -> None:
    figure = journal_plot.page([record(1, 0), record(2, 7), record(3, 20), record(4, None), record(5, 60)])
    assert [line for line in words(figure) if line.endswith(" days")] == ["13 days"]
    # Where they are too many for their words, the longest are named.
    weekly = [record(n, 10 * n + (20 if n > 40 else 0)) for n in range(64)]
    told = [line for line in words(journal_plot.page(weekly)) if line.endswith(" days")]
    assert told[0] == "30 days"
    assert 15 < len(told) <= 24


def test_resistance_is_a_line_with_a_gap_where_there_was_none() -> None:
    figure = journal_plot.page([record(1, 0), record(2, 1, ohm=0), record(3, 2)])
    kohm = np.asarray(called(figure, "resistance, kOhm").lines[0].get_ydata(), dtype=np.float64)
    assert kohm.tolist() == pytest.approx([9.1, np.nan, 9.3], nan_ok=True)
    assert "none" in words(figure)


def test_why_sessions_ended_is_marked_and_counted() -> None:
    whys = ("ramped_down", "stop", "lost", "usb_in", "stop", "later_firmware")
    figure = journal_plot.page([record(n, n, why=why) for n, why in enumerate(whys)])
    assert {"to the end: 2", "MODE: stop: 2", "USB power appeared: 1", "later_firmware: 1"} <= set(words(figure))
    marks = [
        line for line in called(figure, "charge each way, mC").lines if line.get_marker() not in ("", "None", None)
    ]
    at = {int(np.asarray(line.get_xdata())[0]): line.get_marker() for line in marks}
    assert sorted(at) == [1, 3, 4, 5]
    assert at[1] == at[4]
    assert len(set(at.values())) == 3
    assert any(line.startswith("otherwise: ") for line in words(page("many")))


def test_zones_of_the_latest_sessions_are_as_wide_as_they_were_treated() -> None:
    figure = journal_plot.page([record(n, n) for n in range(1, 12)] + [record(12, 12, "calm", generation=3)])
    axes = figure.axes[-1]
    rows = [text.get_text().split("\n")[1] for text in axes.get_yticklabels()]
    assert rows == ["Calm", *["Lift"] * 7]
    shapes = [c for c in axes.collections if isinstance(c, PolyCollection)]
    corners = [np.asarray(c.get_paths()[0].vertices) for c in shapes]
    spans = [(float(v[:, 0].min()), float(v[:, 0].max())) for v in corners]
    assert spans[:4] == [(0, 40), (40, 80), (80, 120), (120, 180)]  # Calm's
    assert spans[4:6] == [(0, 30), (30, 60)]
    # Of a bank that never changed the names are known.
    assert "zone 1\n80 %, 0:40" in words(figure)
    assert "brow left\n82 %, 0:25" in words(figure)


def test_the_days_of_the_sessions_are_a_calendar() -> None:
    figure = journal_plot.page(
        [record(1, 0), record(2, 0), record(3, 9, treated_ms=60_000), record(4, 15), record(5, None)]
    )
    calendar = next(a for a in figure.axes if "Mon" in [text.get_text() for text in a.get_yticklabels()])
    cells = {(int(cell.get_x()), int(cell.get_y())): cell.get_facecolor() for cell in bars(calendar)}
    assert len(cells) == 16  # from the first day to the last
    empty = [place for place, colour in cells.items() if same_color(colour, "#eef0f2")]
    assert sorted(set(cells) - set(empty)) == [(0, 0), (1, 2), (2, 1)]  # (week, day): Monday, Wednesday, Tuesday
    assert cells[0, 0] == to_rgba(journal_plot.DAY)
    assert to_rgba(cells[1, 2])[3] < 0.5  # a minute of five
    assert any("1 on days not known" in line for line in words(figure))


def test_the_title_says_whether_it_is_kept_up() -> None:
    lines = words(journal_plot.page([record(n, 2 * n) for n in range(15)]))
    assert lines[0] == "15 sessions, 3 Mar 2025 to 31 Mar 2025"
    assert "3.6 sessions a week" in lines[1]
    assert "1 h 15 min treated" in lines[1]
    assert "contact good 83 %" in lines[1]
    assert "30 lifts" in lines[1]
    assert "15 of 15 to the end" in lines[1]
