"""What written.py writes into the simulator's modules: text for text, so no name may be a part of another one."""

import re
from pathlib import Path

import pytest
from tonus_tools.sim.runner import TARGET

FROM_COST = re.compile(r"^from cost import (.*)$", re.MULTILINE)
USERS = [path for path in sorted(TARGET.glob("*.py")) if FROM_COST.search(path.read_text(encoding="utf-8"))]


def test_the_numbers_of_cost_are_used_by_name() -> None:
    assert {"core.py", "machine.py", "rp2.py", "time.py"} <= {path.name for path in USERS}


@pytest.mark.parametrize("path", USERS, ids=lambda path: path.stem)
def test_each_name_from_cost_stands_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = FROM_COST.findall(text)
    assert len(lines) == 1
    assert text.count("from cost import ") == 1  # an indented one would be left as it is
    for name in lines[0].split(", "):
        assert re.fullmatch(r"[A-Z_]+", name), "several lines, or another name for it"
        found = set(re.findall(rf"\w*{name}\w*", FROM_COST.sub("", text)))
        assert found == {name}


@pytest.mark.parametrize("path", sorted(TARGET.glob("*.py")), ids=lambda path: path.stem)
def test_whoever_sees_words_as_memory_has_those_of_the_registers(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if "ptr32(words)" in text and path.name != "written.py":
        assert re.search(r"^from (core|registers) import .*\bwords\b", text, re.MULTILINE)
