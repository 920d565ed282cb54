"""`tonusctl bringup` on the simulated device: a board that is right passes; of a wrong one the step that should
says what is wrong."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from breadboards import CIRCUIT, LAYOUT, RIGHT, Builder, DeviceBuilder, Wiring, missing, swapped
from devices import Device, device
from tonus_tools.board.breadboard import label
from tonus_tools.ctl import cli, ports
from tonus_tools.ctl.bringup_boards import Bench
from tonus_tools.ctl.client import Client
from tonus_tools.errors import DeviceRefused
from tonus_tools.sim.live import VirtualSerial

BUSY, NOT_HELD = -32010, -32016
Played = tuple[int, dict[str, Any], str]
Play = Callable[..., Played]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Play:
    """`play(device, builder, *arguments)`: exit code, report, all that was said."""
    monkeypatch.chdir(tmp_path)

    def play(made: Device, builder: Builder, *arguments: str) -> Played:
        monkeypatch.setattr(ports, "open_port", lambda name: VirtualSerial(made.live))
        made.live._on_record = builder.record
        monkeypatch.setattr(sys, "stdin", builder)
        monkeypatch.setattr(sys, "stderr", builder)
        code = cli.main(["--port", "live", "bringup", *arguments])
        report = tmp_path / "bringup.json"
        found = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
        return code, found, builder.said + capsys.readouterr().out

    return play


def bench(play: Play, wiring: Wiring, *arguments: str) -> Played:
    """A breadboard, wired so before its cable goes in, brought up."""
    with device(board="pico_bench", usb=False) as made:
        made.live.do("wired", wiring.seen())
        made.connect()
        return play(made, Builder(made, wiring), *arguments)


# pico_bench.

# What is wired by a net: the step that finds it missing, and what the hint has to name.
FOUND = {
    "VBUS": ("supply", "MCP6002 pin 8 to Pico 40"),
    "DAC": ("sink", "MCP4821 pin 8 to MCP6002 pin 3"),
    "DAC_CS": ("dac", "Pico 22 to pin 2"),
    "DAC_SCK": ("dac", "Pico 24 to pin 3"),
    "DAC_MOSI": ("dac", "Pico 25 to pin 4"),
    "LDAC": ("dac", "Pico 6 to pin 5"),
    "SRC": ("sink", "MCP6002 pin 2 is not on top of Rset"),
    "ELECTRODE1": ("sink", "1 kOhm between 74HC4053 pins 14 and 15"),
    "ELECTRODE2": ("sink", "1 kOhm between 74HC4053 pins 14 and 15"),
    "EL_A": ("sink", "Pico 4 to 74HC4053 pin 11"),
    "EL_B": ("reverse", "Pico 5 to 74HC4053 pin 10"),
    "CURRENT_SENSE": ("rset", "Pico 31"),
    "RAIL_SENSE": ("rail", "Pico 34"),
    "SINK_HALF": ("load", "pins 6 and 7 joined"),
    "SINK_SENSE": ("load", "to Pico 32"),
    "VBUS_SENSE": ("jumper", "no wire from Pico 19"),
    "STAGE_ALIVE": ("keep-alive", "No wire from Pico 7"),
    "STAGE_FAULT_N": ("fault", "No wire from Pico 29"),
    "BEEPER": ("beeper", "no wire from Pico 16"),
    **{button: ("buttons", f"No wire from Pico {Bench.BUTTON_PINS[button]}") for button in ("MODE", "PLUS", "MINUS")},
    **{role: ("lamps", f"no wire from Pico {pin}") for role, pin in Bench.LAMP_PINS.items() if role != "BEEPER"},
}
# Of nets with several wires: by what is at either end of each.
SINK = {
    "J": ("load", "from the FET's drain to the 1 MOhm"),
    "Q1": ("sink", "to the FET's drain"),
    "U3": ("reverse", "pin 12 (X0)"),
}


def expected(wiring: Wiring) -> tuple[str, str]:
    """(step, words) for a missing wire."""
    (wire,) = wiring.wires
    owners = {label(LAYOUT, end).split(" ")[0] for end in (wire.a, wire.b)}
    if wire.net == "SINK":
        return SINK["J"] if owners == {"Q1", ""} else SINK["Q1"] if "Q1" in owners else SINK["U3"]
    if wire.net in FOUND:
        return FOUND[wire.net]
    # Supplies: of the buttons' ground the buttons tell, of all else the first step.
    strips = {(ref, pin) for (ref, pin), hole in LAYOUT.legs.items() if hole.strip in (wire.a.strip, wire.b.strip)}
    buttons = sorted(ref for ref, _ in strips if ref.startswith("SW"))
    if buttons:
        return ("fault" if buttons[-1] == "SW4" else "buttons"), "from the button to the - row"
    return "supply", "to the"


@pytest.mark.parametrize("wiring", [*missing()], ids=lambda wiring: wiring.what)
def test_a_wire_that_is_missing(wiring: Wiring, play: Play) -> None:
    code, report, said = bench(play, wiring)
    assert code == 1, said
    step, words = expected(wiring)
    assert (report["wrong"]["step"], report["good"]) == (step, False), said
    assert words in report["wrong"]["hint"]
    assert f"step {step}: " in said
    assert f"tonusctl bringup --from {step}" in said


@pytest.mark.parametrize("wiring", [*swapped()], ids=lambda wiring: wiring.what)
def test_two_neighbours_that_are_swapped(wiring: Wiring, play: Play) -> None:
    """It ends no later than at the later of the two wires' steps, and names one of the pins that they are on."""
    code, report, said = bench(play, wiring)
    assert code == 1, said
    steps = [
        "supply",
        "jumper",
        "rail",
        "dac",
        "sink",
        "rset",
        "load",
        "reverse",
        "keep-alive",
        "lamps",
        "beeper",
        "buttons",
        "fault",
    ]
    wrong = report["wrong"]
    due = [FOUND.get(wire.net, ("supply", ""))[0] for wire in wiring.wires]
    if wiring.what.endswith("U3"):
        due.append("reverse")  # what only one direction needs
    assert steps.index(wrong["step"]) <= max(steps.index(step) for step in [*due, "supply"]), said
    # Numbers of the pins that the ends are on, written out where a hint has a range.
    text = re.sub(r"(\d+) to (\d+) is on", lambda m: " ".join(map(str, range(int(m[1]), int(m[2]) + 1))), wrong["hint"])
    numbers = set(re.findall(r"\d+", text + wrong["what"]))
    part = {"A1": "Pico", "U1": "MCP4821", "U2": "MCP6002", "U3": "74HC4053", "Q1": "2N7000"}[wiring.what.split()[-1]]
    assert part in wrong["what"] + text
    if wrong["step"] != "supply":
        assert numbers & {number for wire in wiring.wires for number in _pin_numbers(wire)}


def _pin_numbers(wire: Any) -> set[str]:
    found = set()
    for end in (wire.a, wire.b):
        owner = label(LAYOUT, end)
        if owner:
            ref, pin = owner.split(" ", 1)
            found.add(CIRCUIT.parts[ref].symbol.pin(pin).number)
    return found


@pytest.mark.parametrize(
    ("turned", "step", "words"),
    [("Q1", "sink", "BS170: drain, gate, source"), ("D1", "lamps", "the LED's short leg to the - row")],
)
def test_a_part_that_is_turned_round(turned: str, step: str, words: str, play: Play) -> None:
    _, report, said = bench(play, Wiring(f"{turned} turned", step, turned=turned))
    assert report["wrong"]["step"] == step, said
    assert words in report["wrong"]["hint"]


def test_a_breadboard_that_is_wired_right(play: Play) -> None:
    code, report, said = bench(play, RIGHT)
    assert code == 0, said
    assert report["good"]
    assert report["wrong"] is None
    assert all(finding["good"] for finding in report["findings"])
    read = [
        (f["what"], f["value"])
        for f in report["findings"]
        if f["step"] in ("rset", "load", "reverse") and f["by"] == "meter"
    ]
    assert [value for _, value in read] == pytest.approx([0.201, 0.804, 1.608, 0.05, 0.20, 0.40, -0.40], abs=0.002)
    assert [f["by"] for f in report["findings"]].count("device") > 15
    assert "pico_bench is as it should be" in said
    assert "report in bringup.json" in said


def test_it_goes_on_where_it_is_told(play: Play) -> None:
    code, report, said = bench(play, RIGHT, "--from", "lamps")
    assert code == 2 or report["findings"][0]["step"] == "lamps", said
    code, _, said = bench(play, RIGHT, "--from", "nowhere")
    assert code == 2
    assert "--from nowhere; allowed supply, jumper" in said
    code, _, said = bench(play, RIGHT, "--steps")
    assert code == 0
    assert "keep-alive" in said


def test_what_is_no_number_is_asked_again(play: Play) -> None:
    class Hasty(Builder):
        def _answer(self, question: str) -> str:
            answer = super()._answer(question)
            first = len(self.asked) == 1
            return "about three" if first else answer.replace(".", ",") + " V" if "volts" in question else answer

    with device(board="pico_bench", usb=False) as made:
        made.live.do("wired", RIGHT.seen())
        made.connect()
        code, _, said = play(made, Hasty(made, RIGHT))
    assert code == 0, said
    assert "about three: allowed a number" in said


def test_what_was_measured_before_it_was_broken_off_is_kept(play: Play) -> None:
    class Tired(Builder):
        def _answer(self, question: str) -> str:
            if "over the load" in question:
                raise KeyboardInterrupt
            return super()._answer(question)

    with device(board="pico_bench", usb=False) as made:
        made.live.do("wired", RIGHT.seen())
        made.connect()
        code, report, _ = play(made, Tired(made, RIGHT))
        assert made.client.board_read().current < 40  # nothing is held
    assert code == 130
    assert (report["good"], report["wrong"]) == (False, None)
    assert report["findings"][-1]["step"] == "rset"


# The hold through the load.


def held(client: Client, reverse: bool = False) -> int:
    found = client.calibration_hold(1608, reverse)
    assert abs(found.sense_mcodes - found.zero_mcodes - 1608 * 620.6) < 30_000
    return found.sense_mcodes


@pytest.mark.parametrize("how", ["release", "time", "jumper", "MODE", "fault", "selftest"])
def test_what_ends_it(how: str) -> None:
    with device(board="pico_bench") as made:
        live, client = made.live, made.client
        held(client)
        live.run(500_000)
        began_us = live.now_us
        if how == "release":
            client.calibration_release()
        elif how == "time":
            began_us += 29_500_000
            live.run(29_500_000)
        elif how == "jumper":
            live.do("usb", False)
        elif how == "MODE":
            live.do("hold", "MODE")
        elif how == "fault":
            live.do("hold", "STAGE_FAULT_N")
        else:
            client.selftest()
        live.run(100_000)
        live.do("release", "MODE")
        live.run(700_000)
        trace = live.finish()
    phases = trace.phases
    longest = int(phases.dur_us.argmax())
    assert phases.end_us[longest] - began_us < 100_000 + 600_000 * (how == "time")
    if how != "selftest":
        assert len(phases.t_us[phases.t_us > phases.t_us[longest]]) == 0


def test_it_flows_in_either_direction_and_as_set() -> None:
    with device(board="pico_bench") as made:
        held(made.client)
        made.live.run(50_000)
        held(made.client, True)
        made.live.run(50_000)
        made.client.calibration_release()
        phases = made.live.finish().phases
    ends = phases.end_ua[-2:]
    assert list(phases.direction[-2:]) == [1, -1]
    assert abs(ends - 200).max() < 4


def test_a_fault_that_stands_does_not_hinder_a_breadboard() -> None:
    """It is for finding what is wrong: without its load the self-test has failed."""
    with device(board="pico_bench", touch="10k") as made:
        assert made.client.device_info().state == "FAULT"
        made.live.do("touch", "500")
        made.live.run(100_000)
        held(made.client)
        made.live.do("hold", "STAGE_FAULT_N")
        made.live.run(50_000)
        with pytest.raises(DeviceRefused) as refused:
            made.client.calibration_hold(100)
        assert refused.value.code == NOT_HELD


@pytest.mark.parametrize(("touch", "fault"), [("10k", "dac"), ("500", "rset"), ("short", "rset")])
def test_the_self_test_finds_another_load(touch: str, fault: str) -> None:
    with device(board="pico_bench", touch=touch) as made:
        assert made.live.finish().faults == [fault]


# board.read.


def test_one_light_alone_for_a_while() -> None:
    with device(board="pico_bench") as made:
        made.client.board_read("LEVEL_4")
        made.live.run(200_000)
        at_us = made.live.now_us
        made.live.run(29_000_000)
        until_us = made.live.now_us
        made.live.run(3_000_000)
        trace = made.live.finish()
    lit: dict[str, int] = {}
    for led in trace.leds:
        if at_us < led.t_us < until_us:
            raise AssertionError(f"{led} while one light is shown")
        if led.t_us <= at_us:
            lit[led.role] = led.permille
    assert [role for role, permille in lit.items() if permille] == ["LEVEL_4"]
    assert any(led.t_us > until_us for led in trace.leds)


def test_it_is_refused_while_the_output_is_on() -> None:
    with device(board="pico_bench", usb=False) as made:
        made.connect()
        made.press("PLUS", 3)
        made.live.run(1_000_000)
        with pytest.raises(DeviceRefused) as refused:
            made.client.board_read("LEVEL_1")
        assert refused.value.code == BUSY
        made.live.run(100_000)
        trace = made.live.finish()
    assert trace.final_state in ("RAMP_UP", "TREAT")


def test_a_light_that_is_shown_makes_way_for_a_session() -> None:
    with device(board="pico_bench", usb=False) as made:
        made.connect()
        made.client.board_read("MODE_4")
        made.live.run(100_000)
        made.press("PLUS", 3)
        made.live.run(1_000_000)
        trace = made.live.finish()
    shown = {led.role: led.permille for led in trace.leds}
    assert shown["MODE_4"] == 0
    assert shown["LEVEL_1"] > 0


# tonus_r1.


def test_a_device_that_is_as_it_should_be(play: Play) -> None:
    with device() as made:
        code, report, said = play(made, DeviceBuilder(made))
        phases = made.live.finish().phases
    assert code == 0, said
    assert len(phases) == 0  # nothing through the electrodes
    read = [f["value"] for f in report["findings"] if f["step"] == "rset" and f["by"] == "meter"]
    assert read == pytest.approx([0.201, 0.804, 1.608], abs=0.005)


@pytest.mark.parametrize(
    ("broken", "step", "words"),
    [
        ({"inject": "rail_dead"}, "rail", "the stage dead"),
        ({"inject": "sense_low"}, "rset", "R6, C2, or the Pico's GPIO26"),
        ({"inject": "short_open"}, "rset", "Q14, Q3, R10"),
        ({"inject": "dac_low"}, "rset", "Rset R4, or the DAC's reference"),
        ({"inject": "fault_line_stuck"}, "inputs", "the latch U12, which is set"),
        ({"wires": {}, "heard": False}, "rset", "SCK and MOSI, CS, LDAC at U1"),
        ({"wires": {"LEVEL_2": "LEVEL_3", "LEVEL_3": "LEVEL_2"}}, "lamps", "LEVEL_2"),
        ({"wires": {"CONTACT": ""}}, "lamps", "CONTACT"),
        ({"wires": {"BEEPER": ""}}, "sounds", "Q12"),
        ({"wires": {"MODE": "PLUS", "PLUS": "MODE"}}, "buttons", "PLUS went down"),
        ({"wires": {"MINUS": ""}}, "buttons", "Nothing went down: MINUS"),
        ({"wires": {"VBUS_SENSE": ""}}, "inputs", "divider of VBUS"),
    ],
)
def test_a_device_with_a_fault(broken: dict[str, Any], step: str, words: str, play: Play) -> None:
    with device() as made:
        if "inject" in broken:
            made.live.do("inject", broken["inject"])
        else:
            made.live.do("wired", {"heard": True} | broken)
        made.live.run(200_000)
        code, report, said = play(made, DeviceBuilder(made, broken.get("inject", ""), broken))
    assert code == 1, said
    assert report["wrong"]["step"] == step, said
    assert words in report["wrong"]["hint"]


def test_a_device_that_does_not_see_its_cable_answers_all_the_same() -> None:
    """From its start on, or nobody could find what is wrong with it."""
    with device(usb=False) as made:
        made.live.do("wired", {"heard": True, "wires": {"VBUS_SENSE": ""}})
        made.live.do("usb", True)
        made.connect()
        assert made.client.device_info().state == "FAULT"  # to it the cable's voltage is a cell's
