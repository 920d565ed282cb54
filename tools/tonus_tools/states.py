"""Draws the session's transition table: `python -m tonus_tools.states` writes firmware/tonus/STATES.md from it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from tonus import session

STATES_MD = Path(session.__file__).with_name("STATES.md")

_HEAD = """# Session states

Generated from the table in `session.py` by `python -m tonus_tools.states`; a test compares the two. Do not edit.
"""


def everywhere() -> dict[str, str]:
    """Events that lead from every state to the same one: event -> state."""
    return {
        event: session.TABLE[(session.STATES[0], event)]
        for event in session.EVENTS
        if len({session.TABLE.get((state, event)) for state in session.STATES}) == 1
    }


def output(state: str) -> str:
    """What the electrodes carry in a state."""
    if state in session.TREATING:
        return "treatment"
    return "probe" if state in session.PROBING else "off"


def diagram() -> str:
    """A mermaid state diagram; transitions that start anywhere are a note."""
    wild = everywhere()
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (state, event), target in session.TABLE.items():
        if event not in wild:
            arrows[(state, target)].append(event)
    lines = ["stateDiagram-v2", f"    [*] --> {session.STATES[1]}"]
    lines += [f"    {state} --> {target}: {', '.join(events)}" for (state, target), events in arrows.items()]
    for kind in ("probe", "treatment"):
        names = ",".join(state for state in session.STATES if output(state) == kind)
        lines.append(f"    class {names} {kind}")
    lines.append("    classDef probe fill:#fff3c4,stroke:#b58900")
    lines.append("    classDef treatment fill:#ffd6cc,stroke:#cb4b16")
    return "\n".join(lines)


def table() -> str:
    """Every transition, one a row."""
    wild = everywhere()
    rows = [f"| any | `{event}` | {session.EVENTS[event]} | {to} | {output(to)} |" for event, to in wild.items()]
    for state in session.STATES:
        for event, meaning in session.EVENTS.items():
            if event not in wild and (state, event) in session.TABLE:
                to = session.TABLE[(state, event)]
                rows.append(f"| {state} | `{event}` | {meaning} | {to} | {output(to)} |")
    head = ["| State | Event | Meaning | Next | Output there |", "|---|---|---|---|---|"]
    return "\n".join(head + rows)


def render() -> str:
    """The whole document."""
    wild = " and ".join(f"`{event}` to {to}" for event, to in everywhere().items())
    return "\n".join(
        [
            _HEAD,
            "```mermaid",
            diagram(),
            "```",
            "",
            f"From every state: {wild}.",
            "Yellow states probe for contact, red ones drive a treatment; in all others the output is off.",
            "Off is the first thing done on entering any but a red one. An event without a row is ignored.",
            "",
            table(),
            "",
        ]
    )


if __name__ == "__main__":
    STATES_MD.write_text(render(), encoding="utf-8")
