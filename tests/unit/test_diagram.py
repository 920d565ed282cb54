"""STATES.md says what session.TABLE says."""

from __future__ import annotations

import re

from tonus import session
from tonus_tools import states


def test_the_committed_document_is_the_generated_one() -> None:
    assert states.STATES_MD.read_text(encoding="utf-8") == states.render(), "run python -m tonus_tools.states"


def test_the_table_in_the_document_is_the_table_of_the_session() -> None:
    found: dict[tuple[str, str], str] = {}
    outputs: dict[str, str] = {}
    for row in re.findall(r"^\| (\w+) \| `(\w+)` \| [^|]+ \| (\w+) \| (\w+) \|$", states.render(), re.MULTILINE):
        state, event, target, output = row
        outputs[target] = output
        for one in session.STATES if state == "any" else (state,):
            assert (one, event) not in found
            found[(one, event)] = target
    assert found == session.TABLE
    assert {state for state, output in outputs.items() if output != "off"} == set(session.ACTIVE)
    assert {state for state, output in outputs.items() if output == "probe"} == set(session.PROBING)


def test_the_diagram_has_every_arrow_that_does_not_start_anywhere() -> None:
    arrows = re.findall(r"^    (\w+) --> (\w+): (.+)$", states.diagram(), re.MULTILINE)
    found = {(state, event): target for state, target, events in arrows for event in events.split(", ")}
    assert found == {key: to for key, to in session.TABLE.items() if key[1] not in ("fault", "power_off")}
    assert states.everywhere() == {"power_off": session.OFF, "fault": session.FAULT}


def test_every_event_and_state_of_the_table_is_declared() -> None:
    assert {event for _, event in session.TABLE} == set(session.EVENTS)
    assert {state for state, _ in session.TABLE} | set(session.TABLE.values()) == set(session.STATES)
