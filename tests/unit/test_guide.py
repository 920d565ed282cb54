"""The guide says what presets and firmware do, in every language, on two A4 sides."""

from __future__ import annotations

import html
import json
import re
import shutil
import string
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from ctl_device import Device, FakeSerial
from test_ctl_client import named
from test_docs import gestures
from tonus import bank, contact, faults, panel, preset, session
from tonus.preset import Preset, build, canonical
from tonus_tools.ctl import cli, ports
from tonus_tools.ctl.figures import board_constants
from tonus_tools.exits import Exit
from tonus_tools.face import handheld, head
from tonus_tools.face.places import REGIONS, SIDES
from tonus_tools.guide import lamps
from tonus_tools.guide.command import Language
from tonus_tools.guide.fault_groups import GROUPS
from tonus_tools.guide.sheet import BUTTONS, FACES_MOST, Of, place_of, render
from tonus_tools.guide.text import LANGUAGES, TEXT, numbers

SHIPPED = list(enumerate(bank.shipped()))
# States that look like another that is drawn.
ALIKE = {session.OFF, session.RAMP_UP, session.RAMP_DOWN}


def text(page: str) -> str:
    """What a reader reads of it."""
    words = re.sub(r"<style>.*?</style>|<title>[^<]*</title>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", words)))


def many(n: int) -> list[tuple[int, Preset]]:
    """So many presets, each with as many zones as fit."""
    made = []
    for i in range(n):
        document = json.loads(canonical(SHIPPED[0][1]))
        document["id"], document["name"] = f"p{i}", f"A preset with a name {i}"
        document["zones"] = [zone | {"duration_s": 65} for zone in document["zones"] * 2]
        made.append((i, build(document)))
    return made


# Words


def fields(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("key", TEXT)
def test_every_text_is_there_in_every_language_with_the_same_numbers(key: str) -> None:
    assert set(TEXT[key]) == set(LANGUAGES) == set(Language)
    assert len({frozenset(fields(words)) for words in TEXT[key].values()}) == 1
    assert all(words.count("*") % 2 == 0 for words in TEXT[key].values())
    assert all(words or key == "middle" for words in TEXT[key].values())


def test_every_text_is_used() -> None:
    """In some language a key that nothing shows would go stale."""
    page = text("".join(render(Of(SHIPPED + many(9), "en", known)) for known in (None, True, False)))
    page += text(render(Of(SHIPPED, "en", True, "e66138")))
    for key, its in TEXT.items():
        longest = max(re.split(r"\{\w+\}|\*", its["en"]), key=len).strip()
        region_or_side = key in (*REGIONS.values(), *SIDES.values())
        assert longest in page or region_or_side or key in ("preset_stroke", "point", "band", "to", "blinks"), key


def test_every_fault_has_one_thing_to_do() -> None:
    assert sorted(n for its in GROUPS.values() for n in its) == sorted(faults.FAULTS)
    for key in GROUPS:
        assert f"fault_{key}" in TEXT
        assert f"fault_{key}_do" in TEXT


def test_every_sound_state_contact_and_gesture_is_explained() -> None:
    for kind in panel.SOUNDS:
        assert f"sound_{kind}" in TEXT
    for kind in (contact.OPEN, contact.POOR, contact.GOOD, contact.SHORT):
        assert kind in TEXT
    page = text(render(Of(SHIPPED)))
    for state in set(session.STATES) - ALIKE:
        assert TEXT[f"light_{state}"]["en"].partition("{")[0] in page, state
    assert {key for _, keys in BUTTONS for key in keys} == gestures()
    for region in REGIONS.values():
        assert region in TEXT
        assert region in head.REGIONS


# The sheet


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("its", bank.shipped(), ids=lambda its: its.id)
def test_a_presets_zones_stand_in_order_on_the_face_and_in_the_list(its: Preset, language: str) -> None:
    page = render(Of([(0, its)], language))
    listed = [text(item).split(" ") for item in re.findall(r"<li>(.*?)</li>", page.partition("</ol>")[0])]
    assert len(listed) == len(its.zones)
    for words, zone in zip(listed, its.zones, strict=True):
        place = place_of(zone)
        assert TEXT[place.region][language].split()[0] in words
        assert TEXT[place.side][language] in words
    face = page.partition("<svg")[2].partition("</svg>")[0]
    badges = re.findall(r"<text[^>]*>([\d,]+)</text>", face)
    assert {n for badge in badges for n in badge.split(",")} == {str(i + 1) for i in range(len(its.zones))}
    assert face.count("<polygon") == len(badges)  # an arrow from each


def test_left_is_drawn_on_the_left_as_in_a_mirror() -> None:
    page = render(Of([SHIPPED[0]]))
    at = {n: float(x) for x, n in re.findall(r'<text font-size="11"[^>]*x="([\d.]+)"[^>]*>(\d)</text>', page)}
    left = [i for i, zone in enumerate(SHIPPED[0][1].zones) if place_of(zone).side == "left"]
    assert {n for n, x in at.items() if x < head.WIDTH / 2} == {str(i + 1) for i in left}


def test_a_fresh_reader_finds_the_answers() -> None:
    """First zone, first button, gel, stop, dry, done, fault 24, side, level, charge."""
    page = text(render(Of(SHIPPED)))
    for said in (
        "Begin at 1",
        "1 Press MODE." if "1 Press MODE." in page else "Press MODE. The device tests itself",
        "water-based. Never oil",
        "STOP: press MODE",
        "add gel, or a little water",
        "Three rising notes: done.",
        "left the tens, right the ones",
        "24 it senses current where there is none Clean and dry the device.",
        "left is your left",
        "PLUS and MINUS choose the level , 1 to 10",
        "Below 20 % it does not start",
    ):
        assert said in page


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (True, "is calibrated: currents within 2 % or 1.5 µA"),
        (False, "is not calibrated: currents within 4 % or 1.5 µA"),
    ],
)
def test_it_says_whether_the_device_is_calibrated(known: bool, says: str) -> None:
    assert says in text(render(Of(SHIPPED, "en", known)))
    assert "1,5 µA" in text(render(Of(SHIPPED, "de", known)))


def test_numbers_are_the_firmwares() -> None:
    assert numbers() == {
        "levels": "10", "poor_s": "3", "long_s": "1.5", "start_pct": "20", "soon_pct": "30", "skip_s": "1",
        "sound_s": "2", "idle_min": "3", "session_min": "20",
    }  # fmt: skip


# What is drawn


@pytest.mark.parametrize("state", session.STATES)
def test_lamps_are_drawn_as_the_panel_lights_them(state: str) -> None:
    def look(t: int) -> list[int]:
        return panel.lights(state, 2, 5, contact.GOOD, 24, t)

    moments = zip(*(look(t) for t in range(0, 12_000, 10)), strict=True)
    assert lamps.seen(look) == [(max(lamp), min(lamp) != max(lamp)) for lamp in moments]
    assert lamps.row(look).count("stroke-dasharray") == sum(blinks for _, blinks in lamps.seen(look))


@pytest.mark.parametrize("kind", [contact.OPEN, contact.POOR, contact.GOOD, contact.SHORT])
def test_the_strip_of_the_contact_lamp_is_lit_as_long_as_the_lamp(kind: str) -> None:
    strip = lamps.strip(lambda t: panel.contact_light(kind, t))
    drawn = sum(float(wide) for wide in re.findall(r'width="([\d.]+)" height="7" fill="#e8a200"', strip))
    lit_ms = sum(10 for t in range(0, lamps.CONTACT_MS, 10) if panel.contact_light(kind, t))
    assert drawn == pytest.approx(80 * lit_ms / lamps.CONTACT_MS, abs=0.2)


@pytest.mark.parametrize("kind", panel.SOUNDS)
def test_notes_are_as_long_and_as_high_as_they_sound(kind: str) -> None:
    notes = [(hz, ms) for hz, haptic, ms in panel.SOUNDS[kind] if hz or haptic]
    drawn = [
        (float(y), float(x)) for x, y in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)"', lamps.notes(panel.SOUNDS[kind]))
    ]
    assert len(drawn) == len(notes)
    assert all(0 <= x < lamps.NOTES_PX for _, x in drawn)
    heights = sorted(zip((hz for hz, _ in notes), (-y for y, _ in drawn), strict=True))
    assert [y for _, y in heights] == sorted(y for _, y in heights)


# Printed


def sides(folder: Path, presets: Sequence[tuple[int, Preset]], language: str) -> int:
    """Pages of its PDF."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this computer")
    page, pdf = folder / "guide.html", folder / "guide.pdf"
    page.write_text(render(Of(presets, language)), encoding="utf-8")
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-pdf-header-footer",
        f"--print-to-pdf={pdf}",
    ]
    subprocess.run([*command, page.as_uri()], check=True, capture_output=True, timeout=120)
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("n", [0, 1, 16], ids=["shipped", "one", "sixteen"])
def test_it_prints_on_both_sides_of_one_sheet(tmp_path: Path, language: str, n: int) -> None:
    assert sides(tmp_path, many(n) or SHIPPED, language) == 2


# The command


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Device:
    made = Device()
    monkeypatch.setattr(ports, "open_port", lambda name: FakeSerial(made))
    monkeypatch.delenv("TONUS_PORT", raising=False)
    monkeypatch.chdir(tmp_path)
    return made


def test_without_a_device_it_is_about_what_ships(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["guide"]) == 0
    page = Path("guide.html").read_text(encoding="utf-8")
    assert [its.name for _, its in SHIPPED] == re.findall(r"<h3>(.*?)</h3>", page)
    assert 'lang="en"' in page
    assert device.requests == []
    assert not re.search(r"(src|href)=", page)  # nothing is fetched
    assert cli.main(["guide", "--language", "de", "-o", "de.html", "--json"]) == 0
    assert "Begleiter" in Path("de.html").read_text(encoding="utf-8")
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["language"] == "de"


def test_presets_can_be_chosen_and_keep_their_lamps(device: Device) -> None:
    assert cli.main(["guide", "firm", "calm"]) == 0
    page = text(Path("guide.html").read_text(encoding="utf-8"))
    assert "Firm lamp 2" in page
    assert "Calm lamp 4" in page
    assert "Absorb" not in page


def test_with_a_device_it_has_the_presets_in_force(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    device.own, device.generation = [named("mine")], 1
    assert cli.main(["--port", "p", "guide"]) == 0
    page = Path("guide.html").read_text(encoding="utf-8")
    assert re.findall(r"<h3>(.*?)</h3>", page) == [preset.parse(named("mine")).name]
    assert "is not calibrated" in page
    assert f"device {device.id}" in page


@pytest.mark.parametrize("arguments", [["--language", "xx"], ["-o", "nowhere/g.html"], ["nobody"]])
def test_what_cannot_be_is_one_line(device: Device, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert cli.main(["guide", *arguments]) == Exit.USAGE
    assert capsys.readouterr().err.count("\n") == 1


def test_presets_beyond_those_drawn_are_told_in_words() -> None:
    page = render(Of(many(12)))
    assert page.count('<svg class="head"') == FACES_MOST or page.count('class="head"') == FACES_MOST
    assert "A preset with a name 11 (lamp 4, blinking 2x" in text(page)


def test_the_device_is_drawn_with_every_lamp_and_button() -> None:
    """Of the same shapes as on the page: one for each of the panel's pins."""
    pins = {role for role in board_constants("tonus_r1").PINS if re.match(r"LEVEL_|MODE|CONTACT$|PLUS|MINUS", role)}
    assert set(handheld.LAMPS) | set(handheld.BUTTONS) == pins
    assert len(handheld.LAMPS) == lamps.LEVELS + lamps.MODES + 1
    drawn = re.search(r'<svg class="handheld".*?</svg>', render(Of(SHIPPED)), re.DOTALL)
    assert drawn
    dots = len(handheld.ELECTRODES) + lamps.MODES + 1 + len(handheld.BUTTONS)
    assert (drawn[0].count("<circle"), drawn[0].count("<rect")) == (dots, 1 + lamps.LEVELS)
    assert json.loads(json.dumps(handheld.table()))["lamps"].keys() == handheld.LAMPS.keys()
