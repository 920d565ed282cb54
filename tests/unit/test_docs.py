"""The documents say what the code does: names, numbers and links, in both directions."""

from __future__ import annotations

import copy
import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hand
import pytest
from tonus import bank, contact, faults, limits, moments, panel, preset, session, settings
from tonus.fields import FieldError

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware" / "README.md"
HAZARDS = ROOT / "firmware" / "HAZARDS.md"
PRESETS = ROOT / "firmware" / "tonus" / "presets" / "README.md"
SCENARIOS = ROOT / "tests" / "sim" / "scenarios"
BOARDS = sorted(path.parent.name for path in ROOT.glob("boards/*/board.py"))


def constants(board: str) -> dict[str, Any]:
    """The names a board.py defines."""
    path = ROOT / "boards" / board / "board.py"
    return {key: value for key, value in runpy.run_path(str(path)).items() if key.isupper()}


def documents() -> list[Path]:
    """Every .md file of the repository; hidden folders and what was built are not part of it."""
    built = ("out", "dist", "build")
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(p for p in paths if p.parts[0] not in built and not any(part.startswith(".") for part in p.parts))


def section(document: Path, title: str) -> str:
    """What stands under a heading, down to the next heading of any depth."""
    lines = document.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if re.fullmatch(rf"#+ {re.escape(title)}", line))
    end = next((i for i in range(start + 1, len(lines)) if re.match(r"#+ ", lines[i])), len(lines))
    return "\n".join(lines[start + 1 : end])


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in a text, headings and rules left out."""
    found: list[list[str]] = []
    lines = text.splitlines()
    for i, line in enumerate(lines):
        is_rule = re.fullmatch(r"[|\-: ]+", line) is not None
        is_heading = i + 1 < len(lines) and re.fullmatch(r"\|[|\-: ]+", lines[i + 1]) is not None
        if line.startswith("|") and not is_rule and not is_heading:
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def name(cell: str) -> str:
    """The name a cell quotes."""
    match = re.fullmatch(r"`(\w+)`", cell)
    assert match, f"{cell} is not a name in code quotes"
    return match.group(1)


# Firmware


def test_faults_are_in_the_table_and_nothing_else_is() -> None:
    table = {int(number): name(title) for number, title, *_ in rows(section(FIRMWARE, "Faults"))}
    assert table == {number: title for number, (title, _) in faults.FAULTS.items()}


def test_every_number_of_the_self_test_is_a_fault() -> None:
    numbers = {int(row[-1]) for row in rows(section(FIRMWARE, "Self-test"))}
    assert numbers == {n for n in faults.FAULTS if n >= faults.RAIL_STUCK} | {faults.WATCHDOG}


def notes(kind: str) -> str:
    """A sound as the README writes it."""
    return ", ".join(
        f"{hz} Hz{'*' if haptic else ''} {ms} ms" if hz else f"{'tick*' if haptic else 'pause'} {ms} ms"
        for hz, haptic, ms in panel.SOUNDS[kind]
    )


def test_sounds_are_in_the_table_note_by_note() -> None:
    table = {name(kind): played for kind, played, _ in rows(section(FIRMWARE, "Sounds"))}
    assert table == {kind: notes(kind) for kind in panel.SOUNDS}


def gestures() -> set[str]:
    """Every gesture three buttons can make: each pressed for a moment, then MINUS and MODE for long, and the chord."""
    fingers = hand.Hand()
    both = (False, True, True)
    presses = [(hand.MODE, 100), (hand.PLUS, 100), (hand.MINUS, 2100), (both, 1200), (hand.MODE, panel.LONG_MS + 100)]
    for contacts, ms in presses:
        fingers.hold(contacts, ms)
        fingers.hold(hand.NONE, 100)
    return set(fingers.gestures)


def test_gestures_are_in_the_table() -> None:
    assert {name(gesture) for gesture, *_ in rows(section(FIRMWARE, "Buttons"))} == gestures()


def test_moments_are_in_the_table() -> None:
    table = {name(row[0]): row[2] for row in rows(section(FIRMWARE, "Moments"))}
    assert set(table) == set(moments._FOR_MS)
    for kind, ms in moments._FOR_MS.items():
        assert table[kind].startswith(f"{ms / 1000:g} s"), kind


def test_settings_are_in_the_table_as_they_come() -> None:
    table = {name(row[0]): row[2] for row in rows(section(FIRMWARE, "Settings"))}
    fresh = settings.new()
    plan = fresh.pop("plan")
    told = {key: json.dumps(value).strip('"') for key, value in fresh.items()}
    told["plan"] = ", ".join(json.dumps(plan[key]) for key in ("days_a_week", "days", "then_days_a_week", "since"))
    assert table == told


def test_states_and_contact_classes_are_in_the_tables_of_lights() -> None:
    names = {name(first) for first, *_ in rows(section(FIRMWARE, "Lights"))}
    assert names == {*session.STATES, contact.OPEN, contact.POOR, contact.GOOD, contact.SHORT}


def test_every_module_is_in_the_map_and_exists() -> None:
    folder = FIRMWARE.parent
    there = {str(path.relative_to(folder)) for path in [folder / "main.py", *folder.glob("tonus/*.py")]}
    mapped = {row[0].strip("`") for row in rows(section(FIRMWARE, "How it is built"))}
    assert mapped == there


# Boards


@pytest.mark.parametrize("board", BOARDS)
def test_pins_are_in_the_board_table_with_their_gpio(board: str) -> None:
    table = rows(section(ROOT / "boards" / board / "README.md", "Pins"))
    assert len(table) == len({row[0] for row in table})
    assert {name(role): int(gpio) for role, gpio, *_ in table} == constants(board)["PINS"]


def test_boards_are_in_the_list() -> None:
    text = (ROOT / "boards" / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[(\w+)\]\(", text, re.MULTILINE)) == BOARDS


@pytest.mark.parametrize("board", BOARDS)
def test_roles_and_constants_of_a_board_are_explained(board: str) -> None:
    document = ROOT / "boards" / "README.md"
    roles = expanded(section(document, "Roles"))
    assert set(constants(board)["PINS"]) <= roles
    explained = set(re.findall(r"`([A-Z_0-9]+)`", section(document, "Constants") + section(document, "Roles")))
    assert set(constants(board)) - {"NAME"} <= explained


def expanded(text: str) -> set[str]:
    """The names quoted in a text, `LEVEL_1`..`LEVEL_5` counted through."""
    names = set(re.findall(r"`(\w+)`", text))
    for stem, first, last in re.findall(r"`(\w+_)(\d)`\.\.`\w+_(\d)`", text):
        names |= {f"{stem}{i}" for i in range(int(first), int(last) + 1)}
    return names


@pytest.mark.parametrize("folder", ["firmware", "tools"])
def test_no_gpio_number_outside_boards(folder: str) -> None:
    named = re.compile(r"\bPin\(\s*\d")
    paths = (ROOT / folder).rglob("*.py")
    assert [str(path) for path in paths if named.search(path.read_text(encoding="utf-8"))] == []


# Presets


def test_shipped_presets_are_in_the_table_with_their_figures() -> None:
    table = rows(section(PRESETS, "The four that ship"))[: len(bank.SHIPPED)]
    shipped = {shipped.id: shipped for shipped in bank.shipped()}
    assert [re.findall(r"`([\w-]+)`", row[0]) for row in table] == [[id] for id in bank.SHIPPED]
    for (title, top, zones, _, phase, one_way, duration), p in zip(table, shipped.values(), strict=True):
        waveforms = [zone.waveform for zone in p.zones]
        phase_uc = sorted({f"{p.top_ua * w.phase_us / 1e6:.3f} uC" for w in waveforms})
        unpaired_uc = sorted({f"{p.top_ua * w.unpaired_us() / 1e6:.3f} uC" for w in waveforms})
        assert title.split()[0] == p.name
        assert top == f"{p.top_ua} uA"
        assert int(zones.split(":")[0]) == len(p.zones)
        assert phase.split("; ") == phase_uc
        assert one_way == "the same" if phase_uc == unpaired_uc else one_way.startswith(unpaired_uc[0])
        assert duration == f"{p.duration_s()} s"


def test_output_at_the_test_loads_is_ohm_s_law() -> None:
    table = rows(section(PRESETS, "The four that ship"))[len(bank.SHIPPED) :]
    area_cm2 = constants("tonus_r1")["ELECTRODE_AREA_MM2"] / 100
    for (title, *loads, density, power), p in zip(table, bank.shipped(), strict=True):
        ma = p.top_ua / 1000
        assert title == p.name
        for cell, ohm in zip(loads, (500, 2000, 10_000), strict=True):
            ua, volts = re.findall(r"[\d.]+", cell)
            assert int(ua) == p.top_ua
            assert float(volts) == pytest.approx(ma * ohm / 1000)
        assert density == f"{ma / area_cm2:.2f} mA/cm2"
        assert power == f"{ma * ma * 10 / area_cm2:.2f} mW/cm2"


def documents_of_every_kind() -> Iterator[dict[str, Any]]:
    """Valid presets that between them have every field of the format."""
    pulse = {"rate_hz": 10, "phase_us": 200}
    sine = {"shape": "sine", "period_ms": 2000, "depth_pct": 50}
    trapezoid = {"shape": "trapezoid", "rise_ms": 500, "hold_ms": 0, "fall_ms": 500, "low_ms": 0, "depth_pct": 50}
    for waveform in (
        {"kind": "biphasic", **pulse, "gap_us": 100},
        {"kind": "alternating", **pulse, "burst_pulses": 2},
        {"kind": "swept", **pulse, "rate_to_hz": 20, "sweep_s": 5, "gap_us": 100},
        {"kind": "modulated", **pulse, "gap_us": 100, "envelope": sine},
        {"kind": "modulated", **pulse, "gap_us": 100, "envelope": trapezoid},
    ):
        zone = {"region": "jaw", "side": "left", "name": "jaw", "duration_s": 60, "cue_s": 5, "waveform": waveform}
        zone["stroke"] = {"glide_s": 3, "hold_s": 1}
        yield {"schema": 2, "id": "a", "name": "A", "top_ua": 100, "ramp_ms": 500, "zones": [zone]}


def fields(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(title of its section, the object that has it, its key) of every field of a preset."""
    zone = document["zones"][0]
    parts = {
        "Preset": document,
        "Zone": zone,
        "Stroke": zone["stroke"],
        "Waveform": zone["waveform"],
        "Envelope": zone["waveform"].get("envelope"),
    }
    for title, part in parts.items():
        for key in part or ():
            yield title, part, key


def allowed() -> dict[tuple[str, str], set[str]]:
    """(section, field): what the validator says is allowed there, when it is given nonsense."""
    found: dict[tuple[str, str], set[str]] = {}
    for good in documents_of_every_kind():
        preset.build(good)
        for i in range(len(list(fields(good)))):
            bad = copy.deepcopy(good)
            title, part, key = list(fields(bad))[i]
            part[key] = None
            with pytest.raises(FieldError) as caught:
                preset.build(bad)
            found.setdefault((title, key), set()).add(caught.value.problem.split("; allowed ")[1])
    return found


def test_preset_fields_are_in_the_tables_with_what_is_allowed() -> None:
    table = {
        (title, name(row[0])): row[2 if title in ("Preset", "Zone", "Stroke") else 3]
        for title in ("Preset", "Zone", "Stroke", "Waveform", "Envelope")
        for row in rows(section(PRESETS, title))
    }
    told = allowed()
    assert set(table) == set(told)
    for field, texts in told.items():
        assert all(text in table[field] for text in texts), f"{field}: {texts} is not in {table[field]!r}"


def test_preset_errors_are_quoted_exactly() -> None:
    example = re.search(r"```json\n(.*?)```", PRESETS.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    preset.parse(example.group(1))
    table = rows(section(PRESETS, "Errors"))
    assert table
    for change, answer in table:
        path, value = change.strip("`").split(" = ", 1)
        document = json.loads(example.group(1))
        *way, last = [int(key) if key.isdigit() else key for key in re.findall(r"\w+", path)]
        part = document
        for key in way:
            part = part[key]
        part[last] = json.loads(value)
        with pytest.raises(FieldError) as caught:
            preset.parse(json.dumps(document))
        assert f"`{caught.value}`" == answer


def test_the_largest_document_is_told() -> None:
    assert f"at most {limits.PRESET_CHARS_MAX} characters" in section(PRESETS, "Fields")


# Hazards


def test_hazards_name_proofs_that_exist() -> None:
    names: set[str] = set()
    table = rows(section(HAZARDS, "Hazards"))
    for row in table:
        names |= set(re.findall(r"`(\w+)`", row[-1]))
    assert [row[0] for row in table] == [str(i + 1) for i in range(len(table))]
    assert names - {path.stem for path in SCENARIOS.glob("*.toml")} == set()


def test_hazards_name_rules_that_exist() -> None:
    from tonus_tools.sim.checks import RULES

    named: set[str] = set()
    for row in rows(section(HAZARDS, "Hazards")):
        named |= set(re.findall(r"(?<!\w)\*(\w+)\*", row[-1]))
    assert named == {rule.__name__ for rule in RULES}


# Everywhere


def cut_tables(text: str) -> list[int]:
    """The lines, from 1, at which a row stands that no heading and rule lead to."""
    lines = re.sub(r"```.*?```", lambda code: "\n" * code[0].count("\n"), text, flags=re.DOTALL).splitlines()
    found = []
    for i, line in enumerate(lines):
        begins = line.lstrip().startswith("|") and not (i and lines[i - 1].lstrip().startswith("|"))
        if begins and not (i + 1 < len(lines) and re.fullmatch(r"\s*\|[|\-: ]+", lines[i + 1])):
            found.append(i + 1)
    return found


@pytest.mark.parametrize("document", documents(), ids=str)
def test_no_table_is_cut_in_two(document: Path) -> None:
    assert cut_tables((ROOT / document).read_text(encoding="utf-8")) == []


def test_a_table_that_is_cut_in_two_is_seen() -> None:
    whole = "text\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |\n\n| c |\n|---|\n| 5 |\n"
    assert cut_tables(whole) == []
    assert cut_tables(whole.replace("| 3 |", "\n| 3 |")) == [7]
    assert cut_tables(whole.replace("| 3 |", "words\n| 3 |")) == [7]
    assert cut_tables(whole.replace("|---|\n| 5 |", "\n|---|\n| 5 |")) == [8, 10]
    assert cut_tables("```\n| no table\n```\n") == []


@pytest.mark.parametrize("document", documents(), ids=str)
def test_relative_links_lead_to_files(document: Path) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (ROOT / document).parent / path if path else ROOT / document
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


def anchors(document: Path) -> set[str]:
    """The anchors GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
