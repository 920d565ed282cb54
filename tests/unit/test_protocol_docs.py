"""PROTOCOL.md says what the firmware does: methods, parameters, error codes, records."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from test_docs import rows, section
from tonus import calibration, echo, limits, link, methods, tally
from tonus_tools.ctl.client import Calibration, Held, Session
from tonus_tools.ctl.words import COUNTERS

DOCUMENT = Path(link.__file__).with_name("PROTOCOL.md")
TABLE = methods.Methods(None, None, None, {}, None).table


def discover(method: str | None = None) -> dict[str, Any]:
    params = {"method": method} if method else {}
    return dict(asyncio.run(TABLE["rpc.discover"].run(params)))


def test_every_method_is_in_the_table_and_nothing_else_is() -> None:
    documented = [re.findall(r"`([\w.]+)`", row[0])[0] for row in rows(section(DOCUMENT, "Methods"))]
    assert sorted(documented) == discover()["methods"] == sorted(TABLE)


@pytest.mark.parametrize("row", rows(section(DOCUMENT, "Methods")), ids=lambda row: row[0].strip("`"))
def test_a_method_is_as_documented(row: list[str]) -> None:
    """Parameters with what is allowed, and whether it changes anything, as the device itself tells."""
    name, parameters, changes, _ = row
    told = discover(name.strip("`"))
    assert told["changes"] == (changes == "yes")
    documented = dict.fromkeys(re.findall(r"`(\w+)`", parameters))
    assert {param["name"] for param in told["params"]} == set(documented)
    for param in told["params"]:
        its_own = re.search(rf"`{param['name']}`([^;`]*)", parameters)
        assert its_own
        assert param["optional"] == ("optional" in its_own.group(1) or "all optional" in parameters)
        least, _, most = param["allowed"].partition("..")
        said = re.search(rf"`{param['name']}`: ([^;`]+)", parameters)
        if said and most:
            assert said.group(1).startswith(f"{least}..{most}")
        elif said:
            allowed, documented_ = (
                set(re.findall(r"\w+", text)) - {"or", "optional"} for text in (param["allowed"], said.group(1))
            )
            assert allowed == documented_


def test_every_error_code_is_in_the_table() -> None:
    codes = {value for name, value in vars(link).items() if name.isupper() and isinstance(value, int) and value < 0}
    assert {int(row[0]) for row in rows(section(DOCUMENT, "Errors"))} == codes
    quoted = {int(code) for code in re.findall(r"-32\d{3}", DOCUMENT.read_text(encoding="utf-8"))}
    assert quoted <= codes


def test_the_numbers_of_the_document_are_those_of_limits() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"at most {limits.LINE_MAX} bytes" in text
    assert f"silent for {limits.SILENCE_MS // 1000} s" in text
    assert f"The last {limits.JOURNAL_KEEP} sessions" in text
    assert f"1..{limits.BANK_PRESETS_MAX} [presets]" in text
    assert f"version {methods.PROTOCOL}" in text.splitlines()[0]
    assert f"nested at most {limits.JSON_DEPTH_MAX} levels deep" in text
    assert f"an integer, -{link._ID_MAX}..{link._ID_MAX}, or 1..{link._ID_CHARS_MAX} printable ASCII" in text
    assert (
        f"of {echo._PIECE_MIN} bytes or more, of what the device sent last, up to {echo._SENT_CHARS} characters" in text
    )


def test_the_marks_of_an_echo_are_those_of_the_document() -> None:
    told = section(DOCUMENT, "Echoes")
    assert [mark for mark in echo._MARKS if f"`{mark.decode()}`" not in told] == []
    assert {"result", "error", "e"} == set(re.findall(r"`(\w+)`", told.split(": a reply")[0])) - {"method"}


def test_what_the_counters_are_called_is_what_the_loop_counts() -> None:
    """A late tick is no missed one, and a missed one comes, too late."""
    late, missed = limits.LATE_US / 1000, limits.MISSED_US / 1000
    assert COUNTERS["late"].endswith(f"begun {late:g} to {missed:g} ms late")
    assert COUNTERS["missed"].endswith(f"begun more than {missed:g} ms late")


def test_the_calibration_has_the_fields_of_its_table() -> None:
    documented = {name for row in rows(section(DOCUMENT, "The calibration")) for name in re.findall(r"`(\w+)`", row[0])}
    assert documented == set(Calibration.__dataclass_fields__)
    assert set(calibration.Calibration("a").record()) <= documented
    held = next(row[-1] for row in rows(section(DOCUMENT, "Methods")) if row[0] == "`calibration.hold`")
    assert set(re.findall(r"`(\w+)`", held)) == set(Held.__dataclass_fields__)


def test_a_sessions_record_has_the_fields_of_its_table() -> None:
    table = rows(section(DOCUMENT, "The journal"))
    documented = [set(re.findall(r"`(\w+)`", row[0])) for row in table]
    split = next(i for i, names in enumerate(documented) if "fault" in names)
    of_session = set().union(*documented[: split - 1])
    assert set(Session.__dataclass_fields__) == of_session
    assert set(tally.Tally().record(1)) <= of_session


def test_it_says_what_dtr_does() -> None:
    """The port is MicroPython's, and its driver looks at that one line."""
    text = DOCUMENT.read_text(encoding="utf-8")
    (paragraph,) = [one for one in text.split("\n\n") if "DTR" in one]
    for said in ("High", "Low", "restarts nothing", "256 bytes", "raise DTR before the first request"):
        assert said in paragraph
