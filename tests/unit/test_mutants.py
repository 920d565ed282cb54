"""Mutation tests of the firmware: which mutants are made, and that one which no test notices fails the gate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tonus_tools.mutants.__main__ import HERE, Module, read
from tonus_tools.mutants.operators import Change, change, mutations
from tonus_tools.world.boards import FIRMWARE, ROOT

SOURCE = '''"""Docstring."""
import a
LIMIT = 5  # uA


def f(x: int | None) -> str | None:
    """Docstring."""
    if x >= LIMIT and not a.b:
        x += 1 << 3
    for i in (1,):
        if i not in x:
            break
    return x * 2
'''


def changes(source: str) -> list[Change]:
    return [change(source, mutation.applied(source)) for mutation in mutations(source)]


def test_each_kind_of_change_is_made_once_at_each_place() -> None:
    found = changes(SOURCE)
    assert len(set(found)) == len(found)
    inside = {(of.was, of.becomes) for of in found if of.within == "f"}
    condition = "if x >= LIMIT and not a.b:"
    assert inside == {
        (condition, "if x > LIMIT and not a.b:"),
        (condition, "if x < LIMIT and not a.b:"),
        (condition, "if x >= LIMIT or not a.b:"),
        (condition, "if x >= LIMIT and a.b:"),
        (condition, "if not x >= LIMIT and not a.b:"),
        ("x += 1 << 3", "x -= 1 << 3"),
        ("x += 1 << 3", "x += 1 >> 3"),
        ("x += 1 << 3", "x += 2 << 3"),
        ("x += 1 << 3", "x += 0 << 3"),
        ("x += 1 << 3", "x += 1 << 4"),
        ("x += 1 << 3", "x += 1 << 2"),
        ("x += 1 << 3", "pass"),
        ("for i in (1,):", "for i in []:"),
        ("for i in (1,):", "for i in ( 2,):"),
        ("for i in (1,):", "for i in ( 0,):"),
        ("if i not in x:", "if not i not in x:"),
        ("if i not in x:", "if i in x:"),
        ("break", "continue"),
        ("break", "pass"),
        ("return x * 2", "return x // 2"),
        ("return x * 2", "return x * 3"),
        ("return x * 2", "return x * 1"),
        ("return x * 2", "pass"),
    }
    outside = {(of.was, of.becomes) for of in found if not of.within}
    assert outside == {("LIMIT = 5", "LIMIT = 6"), ("LIMIT = 5", "LIMIT = 4"), ("LIMIT = 5", "pass")}


def test_changes_of_like_lines_are_told_apart() -> None:
    found = changes("def f(x):\n    x.a()\n    x.a()\n\n\ndef g(x):\n    x.a()\n")
    assert [(of.within, of.nth) for of in found] == [("f", 1), ("f", 2), ("g", 1)]


def test_the_tests_that_are_named_exist() -> None:
    modules = read(HERE)
    assert modules
    for module in modules:
        assert (FIRMWARE / "tonus" / f"{module.name}.py").is_file()
        for test in module.tests:
            path = test.removeprefix("--deselect=").split("::")[0]
            assert path.startswith("--") or (ROOT / path).is_file(), test


def test_an_equivalent_mutant_needs_a_reason(tmp_path: Path) -> None:
    entry = 'within = "f"\nmutants = [["a", "b"], ["a", "b", 2]]\n'
    (tmp_path / "modules.toml").write_text('[tally]\ntests = ["x"]\n')
    (tmp_path / "equivalent.toml").write_text(f'[[tally]]\nwhy = "So."\n{entry}')
    assert read(tmp_path) == [Module("tally", ("x",), frozenset({Change("f", "a", "b"), Change("f", "a", "b", 2)}))]
    (tmp_path / "equivalent.toml").write_text(f"[[tally]]\n{entry}")
    with pytest.raises(ValueError, match="no reason"):
        read(tmp_path)
    (tmp_path / "equivalent.toml").write_text(f'[[other]]\nwhy = "So."\n{entry}')
    with pytest.raises(ValueError, match="other is not in modules.toml"):
        read(tmp_path)


WEAK = "from tonus.deviation import Deviation\n\n\ndef test_it_is_made():\n    assert Deviation().mv == 0\n"
STRONG = """from tonus import limits
from tonus.deviation import Deviation


def test_half_of_what_is_set():
    it = Deviation()
    n = limits.DEVIATION_SAMPLES
    assert it.add(n - 1, 1000 * n, 500 * n, 3206, 1000, 40) is None
    assert it.add(1, 0, 0, 3206, 1000 + limits.DEVIATION_MS, 40) == 50
    assert it.mv == 40
"""


def gate(folder: Path, test: str, listed: str = "", within: str = "") -> tuple[int, str]:
    """A few mutants of `deviation`, or all within a function, and a test of one's own; exit code and what is said."""
    (folder / "test_it.py").write_text(test)
    options = f"'--noconftest', '--confcutdir={folder}'"  # nor looks pytest through the folders above
    of = f"[deviation]\ntests = [{options}, '{folder / 'test_it.py'}']\n"
    (folder / "modules.toml").write_text(of + (f"within = ['{within}']\n" if within else ""))
    (folder / "equivalent.toml").write_text(listed)
    every = "1" if within else "19"
    command = [sys.executable, "-m", "tonus_tools.mutants", "--every", every, "--jobs", "2", "--config", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_mutant_that_survives_fails_the_gate_unless_it_is_listed(tmp_path: Path) -> None:
    code, said = gate(tmp_path, WEAK)
    assert code == 1
    survivors = [line.split("SURVIVES  ")[1] for line in said.splitlines() if "SURVIVES" in line]
    assert survivors
    assert f"{len(survivors)} survive" in said
    listed = ""
    for line in survivors:
        within, rest = line.split(": ", 1)
        was, becomes = rest.split("  ->  ")
        listed += (
            f"[[deviation]]\nwhy = \"It is only a test.\"\nwithin = '{within}'\nmutants = [['{was}', '{becomes}']]\n"
        )
    assert gate(tmp_path, WEAK, listed)[0] == 0
    # Another test kills some of them: they are no equals.
    code, said = gate(tmp_path, STRONG, listed)
    assert code == 1
    assert "is KILLED, and listed" in said


def test_a_listed_mutant_that_is_not_there_fails_the_gate(tmp_path: Path) -> None:
    entry = "[[deviation]]\nwhy = 'It was.'\nwithin = 'Deviation.reset'\n"
    entry += "mutants = [['self.gone = 1', 'self.gone = 2']]\n"
    code, said = gate(tmp_path, WEAK, entry, "Deviation.reset")
    assert code == 1
    assert "is listed, and NOT THERE  Deviation.reset: self.gone = 1" in said
    played = [line for line in said.splitlines() if "SURVIVES" in line]
    assert played
    assert all("SURVIVES  Deviation.reset: " in line for line in played)
    code, said = gate(tmp_path, WEAK, within="Deviation.no_such")
    assert (code, said) == (2, "error: deviation: has no Deviation.no_such\n")


def test_tests_that_fail_without_a_mutant_prove_nothing(tmp_path: Path) -> None:
    code, said = gate(tmp_path, "def test_it():\n    raise AssertionError\n")
    assert code == 2
    assert "on the firmware as it is" in said
    assert "test_it.py" in said


@pytest.mark.parametrize(("module", "every"), [("guard", 83), ("program", 20)])  # without conftest.py, and with it
def test_a_few_mutants_are_killed(module: str, every: int) -> None:
    """`make mutants` plays all, of every module."""
    command = [sys.executable, "-m", "tonus_tools.mutants", module, "--every", str(every), "--jobs", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
