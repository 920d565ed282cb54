"""Scenario files: what is right is expanded, what is wrong is refused in one line that says where."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tonus_tools.sim import scenario
from tonus_tools.sim.scenario import Action, ScenarioError, load
from tonus_tools.world import parts
from tonus_tools.world.faults import FAULTS
from tonus_tools.world.model import LOADS

DOCS = Path(scenario.__file__).with_name("SCENARIOS.md")
HEAD = 'name = "Test"\nuntil_s = 60\n'


def write(folder: Path, text: str, name: str = "s.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str, name: str = "s.toml") -> str:
    """The one line a scenario is refused with, without the file's name."""
    path = write(folder, text, name)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_the_example_in_the_docs_is_a_scenario(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    s = load(write(tmp_path, example.group(1)))
    assert s.name == "Two lifts"
    assert s.expect.treated_s == (50, 60)
    assert [(a.at_us, a.do) for a in s.timeline[:4]] == [
        (500_000, "hold"),
        (700_000, "release"),
        (900_000, "hold"),
        (1_100_000, "release"),
    ]


def section(title: str) -> set[str]:
    """The names in code quotes at the start of a table's rows, or anywhere in a section without a table."""
    body = re.search(rf"## {title}\n(.*?)(\n## |\Z)", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert body
    rows = [line.split("|")[1] for line in body.group(1).splitlines() if line.startswith("|")]
    return set(re.findall(r"`([\w]+)`", "\n".join(rows) if rows else body.group(1)))


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Actions", scenario.ACTIONS),
        ("Loads", LOADS),
        ("Faults", FAULTS),
        ("Hosts", scenario.HOSTS),
        ("Errors", tuple(parts.ERRORS)),
        ("Expectations", tuple(scenario.Expect.__dataclass_fields__)),
    ],
)
def test_the_docs_name_what_the_code_takes_and_nothing_else(title: str, names: tuple[str, ...]) -> None:
    assert section(title) == set(names)


def test_the_docs_have_each_error_s_unit_range_and_typical_value() -> None:
    body = DOCS.read_text(encoding="utf-8").split("## Errors")[1].split("## Expectations")[0]
    table = {}
    for line in body.splitlines():
        if line.startswith("| `"):
            name, bounds, typical, _ = (cell.strip() for cell in line.strip("|").split("|"))
            table[name.strip("`")] = (bounds, typical)
    assert table == {
        name: (f"{error.unit}, {error.least}..{error.most}", str(error.typical)) for name, error in parts.ERRORS.items()
    }


def test_the_docs_name_everything_a_start_may_say() -> None:
    example = re.search(r"\[start\](.*?)\[\[do\]\]", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    named = set(re.findall(r"^(\w+) *=", example.group(1), re.MULTILINE))
    assert named == {"seed", *scenario.Start.__dataclass_fields__}


def test_stubble_is_three_numbers_and_a_supply_comes_and_goes_to_the_end(tmp_path: Path) -> None:
    text = f"""{HEAD}[start]
stubble = {{ off_ms = [5, 50], per_s = 5 }}
[[do]]
at = 3
stubble = false
[[do]]
at = 10
usb = {{ on_s = [1, 4], off_s = [0.5, 2] }}
"""
    s = load(write(tmp_path, text))
    assert s.to_target()["start"]["stubble"] == (5, 50, 5.0)
    assert s.timeline[0] == Action(3_000_000, "stubble", None)
    supply = s.timeline[1:]
    assert supply[0] == Action(10_000_000, "usb", True)
    assert [a.value for a in supply] == [True, False] * (len(supply) // 2) + [True] * (len(supply) % 2)
    spans = [b.at_us - a.at_us for a, b in zip(supply, supply[1:], strict=False)]
    assert all(1_000_000 <= us <= 4_000_000 for us in spans[::2])
    assert all(500_000 <= us <= 2_000_000 for us in spans[1::2])
    assert 54_000_000 < supply[-1].at_us <= 60_000_000
    assert s.timeline == load(write(tmp_path, text)).timeline
    other = load(write(tmp_path, text.replace("[start]", "[start]\nseed = 2")))
    assert other.timeline != s.timeline


def test_defaults(tmp_path: Path) -> None:
    s = load(write(tmp_path, HEAD))
    assert s.to_target() == {
        "name": "Test",
        "board": "tonus_r1",
        "until_us": 60_000_000,
        "seed": 1,
        "start": {
            "touch": "lifted",
            "battery_pct": 80,
            "usb": False,
            "temperature_c": 25,
            "bounce_ms": 10,
            "bridge_ohm": 0,
            "stubble": None,
            "host": "reads",
            "errors": parts.TYPICAL,
        },
        "breaks": False,
        "timeline": [],
    }
    assert s.expect.faults == ()
    assert s.expect.boots == 1


def test_timeline_is_in_order_of_time_and_presses_become_hold_and_release(tmp_path: Path) -> None:
    text = HEAD + '[[do]]\nat = 2\ntouch = "good"\n[[do]]\nat = 1.5\npress = "PLUS"\ntimes = 2\nevery_s = 0.5\n'
    assert load(write(tmp_path, text)).timeline == (
        Action(1_500_000, "hold", "PLUS"),
        Action(1_620_000, "release", "PLUS"),
        Action(2_000_000, "touch", "good"),
        Action(2_000_000, "hold", "PLUS"),
        Action(2_120_000, "release", "PLUS"),
    )


def test_a_button_comes_up_before_it_goes_down_again_at_the_same_instant(tmp_path: Path) -> None:
    text = HEAD + '[[do]]\nat = 2\nhold = "PLUS"\n[[do]]\nat = 1\npress = "PLUS"\nfor_s = 1\n'
    assert [a.do for a in load(write(tmp_path, text)).timeline] == ["hold", "release", "hold"]


def test_json_reads_as_toml_does(tmp_path: Path) -> None:
    document = {"name": "J", "until_s": 5, "start": {"usb": True}, "do": [{"at": 1, "usb": False}]}
    s = load(write(tmp_path, json.dumps(document), "s.json"))
    assert s.start.usb
    assert s.timeline == (Action(1_000_000, "usb", False),)


def do(lines: str) -> str:
    return f"{HEAD}[[do]]\n{lines}\n"


REFUSED = {
    "unknown key": ("nmae = 'x'\n" + HEAD, "nmae: unknown key; did you mean 'name'?"),
    "no name": ("until_s = 1", "name: missing"),
    "no end": ("name = 'x'", "until_s: missing"),
    "name not text": ("name = 1\nuntil_s = 1", "name: must be text, not a whole number (1)"),
    "empty name": ("name = ' '\nuntil_s = 1", "name: must not be empty"),
    "end as text": (
        "name = 'x'\nuntil_s = '60 s'",
        'until_s: must be a number of s, not "60 s"; allowed 0.001 to 7200 s',
    ),
    "end in ms": ("name = 'x'\nuntil_s = 60000", "until_s: 60000 s is out of range"),
    "end is true": ("name = 'x'\nuntil_s = true", "until_s: must be a number"),
    "end is nan": ("name = 'x'\nuntil_s = nan", "until_s: NaN s is out of range"),
    "end is inf": ("name = 'x'\nuntil_s = inf", "until_s: Infinity s is out of range"),
    "board": (
        "board = 'tonus_r2'\n" + HEAD,
        "board: \"tonus_r2\" is not a board; did you mean 'tonus_r1'? allowed are",
    ),
    "start": ("start = 1\n" + HEAD, "start: must be a table, not a whole number (1)"),
    "start key": (HEAD + "[start]\nbattery = 5", "start.battery: unknown key; did you mean 'battery_pct'?"),
    "start load": (HEAD + "[start]\ntouch = 'gel'", 'start.touch: "gel" is not a load; allowed are good, typical'),
    "battery": (HEAD + "[start]\nbattery_pct = 101", "start.battery_pct: 101 % is out of range; allowed 0 to 100 %"),
    "part": (HEAD + "[start.errors]\nadc_gain = 5", "start.errors.adc_gain: unknown key; did you mean 'adc_gain_ppm'?"),
    "part's error": (
        HEAD + "[start.errors]\ndac_offset_uv = 50001",
        "start.errors.dac_offset_uv: 50001 uV is out of range; allowed -50000 to 50000 uV",
    ),
    "device": (
        HEAD + "[start]\ndevice = 'typicl'",
        'start.device: "typicl" is not a device; did you mean',
    ),
    "device's seed": (HEAD + "[start]\ndevice = -1", "start.device: -1 is out of range; allowed 0 to 1073741823"),
    "noise": (
        HEAD + "[start.errors]\nadc_noise_codes = -1",
        "start.errors.adc_noise_codes: -1 codes is out of range; allowed 0 to 40 codes",
    ),
    "bounce": (HEAD + "[start]\nbounce_ms = 101", "start.bounce_ms: 101 ms is out of range; allowed 0 to 100 ms"),
    "host": (do("at = 1\nhost = 'echo'"), "do[0].host: \"echo\" is not a host; did you mean 'echoes'?"),
    "bridge": (do("at = 1\nbridge_ohm = -5"), "do[0].bridge_ohm: -5 Ohm is out of range; allowed 0 to 100000 Ohm"),
    "stubble": (do("at = 1\nstubble = true"), "do[0].stubble: must be false or { off_ms = [least, most], per_s"),
    "stubble without rate": (do("at = 1\nstubble = { off_ms = [5, 50] }"), "do[0].stubble.per_s: missing"),
    "stubble reversed": (
        do("at = 1\nstubble = { off_ms = [50, 5], per_s = 5 }"),
        "do[0].stubble.off_ms: [50, 5]: the least comes first",
    ),
    "stubble that leaves nothing": (
        do("at = 1\nstubble = { off_ms = [5, 101], per_s = 5 }"),
        "do[0].stubble.off_ms[1]: 101 ms, 5 times a second, leaves no contact; allowed at most 100 ms",
    ),
    "supply": (do("at = 1\nusb = { on_s = [1, 2] }"), "do[0].usb.off_s: missing"),
    "supply reversed": (
        do("at = 1\nusb = { on_s = [2, 1], off_s = [1, 1] }"),
        "do[0].usb.on_s: [2, 1]: the least comes first",
    ),
    "supply repeats": (
        do("at = 1\nusb = { on_s = [1, 2], off_s = [1, 1] }\ntimes = 2\nevery_s = 9"),
        "do[0].usb: comes and goes by itself; it does not repeat",
    ),
    "battery share": (HEAD + "[start]\nbattery_pct = 0.8", "start.battery_pct: must be a whole number, not 0.8"),
    "usb": (HEAD + "[start]\nusb = 1", "start.usb: must be true or false, not 1"),
    "astronomic": (HEAD + "[start]\nseed = 1" + "0" * 400, "start.seed: 1000"),
    "seed": (HEAD + "[start]\nseed = -1", "start.seed: -1 is out of range"),
    "do is a table": (HEAD + "[do]\nat = 1", "do: must be a list, not a table"),
    "no time": (do("lift = true"), "do[0].at: missing"),
    "time as text": (do("at = '1s'\nlift = true"), 'do[0].at: must be a number of s, not "1s"; allowed 0 to 60 s'),
    "time in ms": (do("at = 500\nlift = true"), "do[0].at: 500 s is out of range; allowed 0 to 60 s"),
    "time negative": (do("at = -1\nlift = true"), "do[0].at: -1 s is out of range"),
    "unknown action": (do("at = 1\npres = 'MODE'"), "do[0].pres: unknown key; did you mean 'press'?"),
    "no action": (do("at = 1"), "do[0]: must have exactly one action, not none; allowed are press"),
    "two actions": (
        do("at = 1\nlift = true\ntouch = 'good'"),
        "do[0]: must have exactly one action, not lift and touch",
    ),
    "button": (do("at = 1\npress = 'mode'"), "do[0].press: \"mode\" is not a button; did you mean 'MODE'? allowed are"),
    "load as number": (
        do("at = 1\ntouch = 500"),
        'do[0].touch: must be text, not a whole number (500); write it as text: "500"',
    ),
    "fault": (
        do("at = 1\ninject = 'rail_ded'"),
        "do[0].inject: \"rail_ded\" is not a fault; did you mean 'rail_dead'?",
    ),
    "lift false": (do("at = 1\nlift = false"), "do[0].lift: must be true; to put the electrodes back, use touch"),
    "usb text": (do("at = 1\nusb = 'in'"), 'do[0].usb: must be true or false, not "in"'),
    "cell": (do("at = 1\nbattery_pct = -3"), "do[0].battery_pct: -3 % is out of range"),
    "for_s": (do("at = 1\nlift = true\nfor_s = 2"), "do[0].for_s: belongs to press, not to lift"),
    "times alone": (do("at = 1\nlift = true\ntimes = 2"), "do[0].times: needs every_s beside it"),
    "every_s alone": (do("at = 1\nlift = true\nevery_s = 2"), "do[0].every_s: needs times beside it"),
    "times zero": (do("at = 1\nlift = true\ntimes = 0\nevery_s = 1"), "do[0].times: 0 is out of range"),
    "usb repeats": (
        do("at = 1\nusb = true\ntimes = 2\nevery_s = 1"),
        "do[0].times: usb does not repeat; these do: press",
    ),
    "runs over": (
        do("at = 1\nlift = true\ntimes = 3\nevery_s = 30"),
        "do[0].times: the last one is at 61 s, after until_s, 60 s",
    ),
    "overlaps itself": (
        do("at = 1\npress = 'PLUS'\ntimes = 2\nevery_s = 0.1"),
        "do[0].for_s: 0.12 s is not shorter than every_s",
    ),
    "down twice": (
        do("at = 1\nhold = 'PLUS'\n[[do]]\nat = 2\npress = 'PLUS'"),
        "do[1]: PLUS is already down at 2 s (since do[0])",
    ),
    "up twice": (do("at = 1\nrelease = 'PLUS'"), "do[0]: PLUS is not down at 1 s"),
    "expect key": (HEAD + "[expect]\nfault = []", "expect.fault: unknown key; did you mean 'faults'?"),
    "state": (
        HEAD + "[expect]\nfinal_state = 'DOEN'",
        "expect.final_state: \"DOEN\" is not a session state; did you mean 'DONE'?",
    ),
    "visits": (HEAD + "[expect]\nvisits = ['OFF', 'TREATING']", 'expect.visits[1]: "TREATING" is not a session state'),
    "visits text": (HEAD + "[expect]\nvisits = 'OFF'", "expect.visits: must be a list, not text"),
    "span": (HEAD + "[expect]\ntreated_s = 50", "expect.treated_s: must be a list, not a whole number (50)"),
    "span short": (HEAD + "[expect]\ntreated_s = [50]", "expect.treated_s: must be [least, most] in s, not [50]"),
    "span reversed": (HEAD + "[expect]\ntreated_s = [50, 40]", "expect.treated_s: [50, 40]: the least comes first"),
    "span beyond": (
        HEAD + "[expect]\ntreated_s = [50, 70]",
        "expect.treated_s[1]: 70 s is out of range; allowed 0 to 60 s",
    ),
    "boots": (HEAD + "[expect]\nboots = 1.5", "expect.boots: must be a whole number"),
    "logs": (HEAD + "[expect]\nlogs = [{}]", "expect.logs[0]: must name at least one field"),
    "syntax": (HEAD + "name = \n", "not valid TOML: "),
}


@pytest.mark.parametrize(("text", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(tmp_path: Path, text: str, line: str) -> None:
    assert refused(tmp_path, text).startswith(line)


def test_a_syntax_error_says_where(tmp_path: Path) -> None:
    assert "line 3" in refused(tmp_path, HEAD + "until_s = = 3")
    assert "line 2" in refused(tmp_path, '{"name": "x",\n "until_s" 3}', "s.json")


def test_json_oddities_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "[1]", "s.json") == "must be one JSON object, not a list"
    assert "appears twice" in refused(tmp_path, '{"name": "x", "name": "y", "until_s": 1}', "s.json")
    assert "out of range" in refused(tmp_path, '{"name": "x", "until_s": NaN}', "s.json")
    assert refused(tmp_path, HEAD, "s.txt").startswith("not a scenario")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ScenarioError, match=why):
            load(path)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(tmp_path / "folder.toml")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(ScenarioError, match="not UTF-8"):
        load(tmp_path / "latin.toml")


TEXT = st.text("aZ0. \n\0\u2028", max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
KEYS = ("name", "until_s", "board", "start", "do", "expect", "story")


@given(st.dictionaries(st.sampled_from(KEYS), VALUES), st.dictionaries(st.sampled_from(scenario.ACTIONS), VALUES))
def test_whatever_is_in_the_file_it_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any], action: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("any") / "s.json"
    path.write_text(json.dumps({"name": "x", "until_s": 9, "do": [{"at": 1, **action}], **document}), encoding="utf-8")
    try:
        load(path)
    except ScenarioError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
