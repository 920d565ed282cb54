"""What HAZARDS.md says is proved: the proofs exist, and each guard of the firmware has one. A few are taken out here.

`make hazards` takes out all of them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tonus_tools.campaign import hazards
from tonus_tools.campaign.hazards import PROOFS, Proof, ProofError
from tonus_tools.sim import checks
from tonus_tools.world.boards import FIRMWARE, ROOT

SCENARIOS = {path.stem for path in (ROOT / "tests/sim/scenarios").glob("*.toml")}
RULES = {rule.__name__ for rule in checks.RULES}
HARDWARE = {31, 34, 35, 39}  # no guard of the firmware's: make board mutates the circuit, make spice its parts
# Quick ones, of unit tests and of a scenario.
HERE = ("the ceiling of a set current", "one switch line at a time", "fault 15", "the DAC's test")


def rows() -> dict[int, list[str]]:
    """Its table: number to cells."""
    found = {}
    for line in (FIRMWARE / "HAZARDS.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].isdigit():
            found[int(cells[0])] = cells
    return found


def test_the_table_is_read_whole() -> None:
    assert sorted(rows()) == list(range(1, len(rows()) + 1))
    assert all(len(cells) == 6 for cells in rows().values())


@pytest.mark.parametrize("number", rows())
def test_what_proves_it_exists(number: int) -> None:
    proofs = rows()[number][5]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"`([^`]+)`", proofs)
    ruled = re.findall(r"\*(\w+)\*", proofs)
    assert named or ruled
    for name in named:
        if name.startswith("make "):
            assert f"\n{name.split()[1]}: " in makefile, name
        elif name.startswith("python -m "):
            assert (ROOT / "tools" / (name.split()[2].replace(".", "/") + ".py")).is_file(), name
        elif "/" in name:
            assert (ROOT / name).is_file(), name
        else:
            assert name in SCENARIOS, name
    assert set(ruled) <= RULES | {"keep_alive"}


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: f"{proof.hazard} {proof.guard}")
def test_a_proof_is_the_one_that_its_hazard_names(proof: Proof) -> None:
    proofs = rows()[proof.hazard][5]
    scenario = re.fullmatch(r"tests/sim/test_scenarios\.py::test_scenario\[(\w+)\]", proof.test)
    if scenario:
        assert f"`{scenario[1]}`" in proofs
        assert scenario[1] in SCENARIOS
    else:
        assert f"`{proof.test.split('::')[0]}`" in proofs
    for name, before, _ in proof.changes:
        text = (FIRMWARE / "tonus" / name).resolve().read_text(encoding="utf-8")
        assert before in text, f"{name} has no {before!r}"


def test_every_hazard_that_firmware_prevents_has_a_proof() -> None:
    assert {proof.hazard for proof in PROOFS} == set(rows()) - HARDWARE


def test_a_guard_that_is_gone_is_missed() -> None:
    proofs = [proof for proof in PROOFS if proof.guard in HERE]
    assert len(proofs) == len(HERE)
    assert [proof.guard for proof, passes in hazards.survivors(proofs) if passes] == []


def test_a_proof_that_proves_nothing_is_found() -> None:
    """One whose test passes without the guard, one whose text is not there, one that nothing collects."""
    good = next(proof for proof in PROOFS if proof.guard == "one switch line at a time")
    lame = Proof(10, "a lame one", good.changes, "tests/unit/test_limits_docs.py")
    assert list(hazards.survivors([lame])) == [(lame, True)]
    with pytest.raises(ProofError, match="has no"):
        list(hazards.survivors([Proof(10, "another", (("program.py", "is not there", ""),), good.test)]))
    with pytest.raises(ProofError, match="pytest ended with"):
        list(hazards.survivors([Proof(10, "a third", good.changes, "tests/unit/test_phases.py::test_none")]))


def test_a_hazards_page_links_to_what_is_there() -> None:
    text = (FIRMWARE / "HAZARDS.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (FIRMWARE / link).resolve().exists() or Path(link).is_absolute(), link
