"""The lives in firmware/README.md are what happens: each story is played, with a step at every function it names."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from devices import Device, canonical, example
from tonus_tools.sim.live import Live
from tonus_tools.sim.scenario import Scenario, Start
from tonus_tools.world.boards import FIRMWARE
from worlds import POWER_UP, Entry, play, plus

README = (FIRMWARE / "README.md").read_text(encoding="utf-8")

# Counts how many steps were taken, in their order. Called from interrupts: it allocates nothing.
STEPS = """
from array import array

taken = array("H", [0])
order = {order}


def at(i):
    n = taken[0]
    if n < len(order) and order[n] == i:
        taken[0] = n + 1
"""


def life(of: str) -> list[str]:
    """`module.Class.function`, one after the other."""
    section = README.split(f"## The life of a {of}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def found(name: str) -> tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The file and the function of a name."""
    module, *inner = name.split(".")
    path = FIRMWARE / "tonus" / f"{module}.py"
    node: ast.AST = ast.parse(path.read_text(encoding="utf-8"))
    for each in inner:
        node = next(
            it
            for it in ast.iter_child_nodes(node)
            if isinstance(it, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and it.name == each
        )
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)), name
    return path, node


def stepped(folder: Path, names: list[str]) -> Path:
    """A firmware that counts steps at the beginning of each of these, and says in each line of its log how many."""
    firmware = folder / "stepped"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    inserts: dict[str, dict[int, str]] = {}
    for name, i in number.items():
        path, node = found(name)
        first = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
        if name.endswith("_task"):  # of a task each turn
            first = next(each for each in node.body if isinstance(each, ast.While)).body[0]
        indent = " " * first.col_offset
        inserts.setdefault(path.name, {})[first.lineno - 1] = f"{indent}footsteps.at({i})\n"
    for file, places in inserts.items():
        path = firmware / "tonus" / file
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for at in sorted(places, reverse=True):
            lines.insert(at, places[at])
        tree = ast.parse((FIRMWARE / "tonus" / file).read_text(encoding="utf-8"))
        top = next(n.lineno - 1 for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom)))
        lines.insert(top, "from . import footsteps\n")
        path.write_text("".join(lines), encoding="utf-8")
    (firmware / "tonus" / "footsteps.py").write_text(STEPS.format(order=[number[n] for n in names]), encoding="utf-8")
    path = firmware / "tonus" / "app.py"
    text = path.read_text(encoding="utf-8")
    place = '        line = {"t": self._now(), "e": event}\n'
    assert place in text
    text = text.replace(place, place + '        line["steps"] = footsteps.taken[0]\n')
    if "from . import footsteps" not in text:
        text = text.replace("import asyncio\n", "from . import footsteps\nimport asyncio\n")
    path.write_text(text, encoding="utf-8")
    return firmware


@pytest.mark.parametrize("of", ["preset", "lift", "press"])
def test_each_step_of_a_life_exists(of: str) -> None:
    names = life(of)
    assert len(names) >= 15
    for name in names:
        found(name)


TREATS: list[Entry] = [POWER_UP, {"at": 0.1, "touch": "good"}, plus(3, 3)]
STORIES: dict[str, list[Entry]] = {
    "lift": [*TREATS, {"at": 7.0, "lift": True}, {"at": 7.4, "touch": "good"}],
    "press": [*TREATS, {"at": 7.0, "press": "MODE"}],
}


@pytest.mark.parametrize("of", STORIES)
def test_a_life_goes_its_way_step_by_step(of: str, tmp_path: Path) -> None:
    names = life(of)
    trace = play(tmp_path, 12, [*STORIES[of], {"at": 11, "usb": True}], firmware=stepped(tmp_path, names))
    taken = max(event.fields["steps"] for event in trace.logs)
    assert names[taken:] == [], f"{taken} steps were taken in this order"


def test_a_life_in_another_order_is_seen(tmp_path: Path) -> None:
    names = life("lift")
    at = names.index("pulse.Pulse._shut")
    names[at], names[at + 1] = names[at + 1], names[at]
    entries = [*STORIES["lift"][:-1], {"at": 8, "usb": True}]
    trace = play(tmp_path, 9, entries, firmware=stepped(tmp_path, names))
    assert max(event.fields["steps"] for event in trace.logs) < len(names)


def test_the_life_of_a_preset(tmp_path: Path) -> None:
    names = life("preset")
    records: list[list[Any]] = []
    scenario = Scenario("life", 1, start=Start(usb=True))
    with Live(scenario, tmp_path / "flash.img", stepped(tmp_path, names), records.append) as live:
        it = Device(live, [])
        it.connect().write_bank(canonical(example(), example("other")))
        live.do("usb", False)
        live.run(1_000_000)
        it.press("MODE")
        it.treat(3_000_000)
        live.run(500_000)
    taken = max(record[2]["steps"] for record in records if record[0] == "log")
    assert names[taken:] == [], f"{taken} steps were taken in this order"
