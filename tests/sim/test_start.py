"""Starting, whatever is on the flash and whatever raises: choosing with a stand-in, or a named fault; never the prompt.

Each start is on the cell, by a finger on MODE. Then a host says what it likes, and MODE held long switches off.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from devices import canonical, changed_firmware, device, example, large
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import sealed_json
from tonus import faults, limits, panel, preset, sealed
from tonus_tools.image.filesystem import filesystem
from tonus_tools.sim.live import Live
from tonus_tools.sim.scenario import Scenario, Start
from tonus_tools.sim.trace import Trace
from tonus_tools.world.boards import FIRMWARE

Files = dict[str, bytes]
START_FAILED = faults.name(faults.START_FAILED)
RELEASED = Path(__file__).resolve().parents[1] / "released"
BANK = (RELEASED / "schema-1.bank").read_bytes()
CALIBRATION = (RELEASED / "schema-1.calibration").read_bytes()
ITS_ERRORS = {"dac_offset_uv": 12_000}  # of the device that it was made of


class Started:
    """A device that was switched on."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.records: list[list[Any]] = []

    def on(self, us: int = 1_500_000) -> None:
        self.live.do("hold", "MODE")
        self.live.run(500_000)
        self.live.do("release", "MODE")
        self.live.run(us)

    def hold_mode(self, us: int = 1_800_000) -> None:
        self.live.do("hold", "MODE")
        self.live.run(us)
        self.live.do("release", "MODE")
        self.live.run(300_000)

    def host(self) -> str:
        """What a host hears that tries to get a prompt."""
        self.live.do("usb", True)
        self.live.run(200_000)
        self.live.heard.clear()
        for keys in (b"\x03\x03", b"\r\x02", b"print(1)\r\n", b"\x04"):
            self.live.send(keys)
            self.live.run(100_000)
        self.live.run(6_000_000)
        heard = self.live.heard.decode("utf-8", "replace")
        self.live.do("usb", False)
        self.live.run(200_000)
        return heard

    def of(self, kind: str) -> list[Any]:
        return [record[2:] for record in self.records if record[0] == kind]

    def logs(self, e: str) -> list[dict[str, Any]]:
        return [fields for (fields,) in self.of("log") if fields["e"] == e]

    def powered(self) -> bool:
        return bool(self.of("power")[-1][0])

    def lit(self) -> dict[str, int]:
        return {role: permille for role, permille in self.of("led") if permille} if self.powered() else {}


def started(
    folder: Path, files: Files | None = None, firmware: Path = FIRMWARE, image: Path | None = None
) -> tuple[Started, Trace]:
    """Switch on, listen at the cable, switch off; what happened."""
    if image is None:
        image = folder / "flash.img"
        if files is not None:
            image.write_bytes(filesystem(files))
        elif image.exists():
            image.unlink()
    records: list[list[Any]] = []
    errors = ITS_ERRORS if files and files.get("data/calibration") == CALIBRATION else {}
    with Live(Scenario("start", 1, start=Start(touch="good", errors=errors)), image, firmware, records.append) as live:
        it = Started(live)
        it.records = records
        it.on()
        assert ">>>" not in it.host()
        assert it.powered()
        it.hold_mode()
        assert not it.powered(), "MODE does not switch it off"
        live.run(500_000)
        trace = live.finish()
    assert len(trace.of("boot")) == 1  # no reset, by the watchdog or another
    # The self-test's probe, by which it sees the relay close, and nothing else.
    assert len(trace.phases) == 0 or trace.phases.peak_ua.max() <= limits.PROBE_MAX_UA
    assert trace.phases.charge_nc.sum() < 1000
    return it, trace


def chooses(it: Started, trace: Trace) -> None:
    """The device came to STANDBY; nothing but the cable and the button then moved it."""
    states = [change.to for change in trace.states]
    assert states[:1] == ["STANDBY"], (states, it.logs("fault"))
    assert states[-1] == "OFF"


def notes(it: Started) -> list[dict[str, Any]]:
    return [log for e in ("bank", "calibration", "journal", "data", "presets", "mark") for log in it.logs(e)]


# Whatever is in the files


def sealed_line(text: str) -> bytes:
    return (sealed.seal(text) + "\n").encode()


def bank_of(texts: list[str], **changes: Any) -> bytes:
    body = "".join(text + "\n" for text in texts).encode()
    fields: dict[str, Any] = {"schema": 2, "firmware": "0.1.0", "generation": 3, "presets": len(texts)}
    fields |= {"crc32": f"{sealed.crc_of(body):08x}"} | changes
    return body + sealed_line(json.dumps(fields))


GOOD = canonical(example("good"))[0]
DEEP = '{"n":1,"x":' + "[" * 400 + "]" * 400 + "}"
FLASHES: dict[str, Files] = {
    "nothing": {},
    "a journal line []": {"data/sessions": sealed_line("[]"), "data/faults": sealed_line("[]")},
    "journal lines of other kinds": {
        "data/sessions": b"".join(map(sealed_line, ["", "7", '"n"', '{"n":x,', '{"n":-3,"a":1}', '{"n":1e9}', DEEP])),
        "data/faults": b"".join(sealed_line(f'{{"n":{n}{end}') for n in (5, 1 << 29, 10**800) for end in ",}"),
    },
    "a journal without an end": {"data/sessions": b"x" * 20_000, "data/faults": sealed_line("{}")[:-1]},
    "a journal of line feeds": {"data/sessions": b"\n" * 5000, "data/faults": b"\n"},
    "empty files": {f"data/{name}": b"" for name in ("bank", "calibration", "settings", "sessions", "faults")}
    | {"data.mark": b""},
    "a bank of this version with a preset that is allowed no more": {
        "data/bank": bank_of([GOOD.replace('"top_ua":200', '"top_ua":501')])
    },
    "a bank whose second preset is nonsense": {"data/bank": bank_of([GOOD, '{"schema":2,"id":"x","name":7}'])},
    "a bank of lists": {"data/bank": bank_of(["[" * 3000, '["a","b","c","d","e","f","g","h"]'])},
    "a bank of one preset twice": {"data/bank": bank_of([GOOD, GOOD])},
    "a bank with its fields in another order": {
        "data/bank": bank_of([GOOD.replace('"schema":2,', "").replace("]}", '],"schema":2}')])
    },
    "a bank whose end is a list": {"data/bank": GOOD.encode() + b"\n" + sealed_line("[]")},
    "a bank whose end is deep": {"data/bank": GOOD.encode() + b"\n" + sealed_line("[" * 4000)},
    "a bank of the last generation": {"data/bank": bank_of([GOOD], generation=(1 << 29) - 1)},
    "a bank that is not text": {"data/bank": bank_of([GOOD]).replace(b"cheek", b"ch\xff\xfek")},
    "a bank of seventeen": {"data/bank": bank_of(canonical(*[example(f"p{i}") for i in range(17)]))},
    "calibrations": {"data/calibration": sealed_line('{"schema":[1],"board":{},"at":1e400}')},
    "a calibration that is a list": {"data/calibration": sealed_line("[]"), "data/calibration.bad": b"1"},
    "a calibration that is deep": {"data/calibration": sealed_line("[" * 380)},
    "settings that are a list": {"data/settings": sealed_line("[]"), "data/settings.bad": b"1"},
    "settings that are deep": {"data/settings": sealed_line("[" * 380)},
    "settings of another kind": {"data/settings": sealed_line('{"schema":1,"sound":[],"plan":{"since":1e400}}')},
    "settings that are a folder": {"data/settings/x": b"1"},
    "marks": {"data.mark": sealed_line("[]")},
    "a mark of other names": {"data.mark": sealed_line('{"files":["/",[],{}],"lost":7}')},
    "folders": {
        f"data/{name}/{'n' * 200}/x": b"1"
        for name in ("bank", "bank.new", "bank.bad", "calibration", "calibration.new", "sessions", "sessions.old",
                     "sessions.new", "faults", "faults.new", "faults.old", "faults.bad")
    } | {"data.mark/x": b"1", "data.mark.new/x": b"1"},
    "no folder for the data": {"data": b"1"},
    "what a bank of 0.1.0 and a calibration are": {"data/bank": BANK, "data/calibration": CALIBRATION},
}  # fmt: skip


@pytest.mark.parametrize("name", FLASHES)
def test_whatever_is_in_the_files(name: str, tmp_path: Path) -> None:
    it, trace = started(tmp_path, FLASHES[name])
    chooses(it, trace)
    assert it.logs("fault") == []


def test_what_cannot_be_used_is_put_aside_once(tmp_path: Path) -> None:
    """The second start has nothing to remark, and the next bank has its place."""
    for files in (FLASHES["folders"], FLASHES["a bank of lists"], FLASHES["calibrations"]):
        it, trace = started(tmp_path, files)
        assert notes(it)
        again, trace = started(tmp_path, image=tmp_path / "flash.img")
        chooses(again, trace)
        assert notes(again) == []


NAMES = ("bank", "bank.new", "calibration", "sessions", "sessions.old", "faults", "faults.old", "faults.new")
contents = (
    st.binary(max_size=300)
    | st.lists(sealed_json() | st.binary(max_size=60).map(lambda line: line + b"\n"), max_size=6).map(b"".join)
    | st.lists(st.sampled_from([BANK, CALIBRATION, sealed_line('{"n":1,"a":0}'), b"\n", b"*00000000\n"])).map(b"".join)
)
flashes = st.dictionaries(st.sampled_from([f"data/{name}" for name in NAMES] + ["data.mark"]), contents, min_size=1)


@given(flashes)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_in_any_file(tmp_path_factory: pytest.TempPathFactory, files: Files) -> None:
    it, trace = started(tmp_path_factory.mktemp("start"), files)
    chooses(it, trace)


def test_sixteen_large_presets_are_checked_and_the_watchdog_is_fed(tmp_path: Path) -> None:
    texts = canonical(*[large(f"p{i}") for i in range(16)])
    it, trace = started(tmp_path, {"data/bank": bank_of(texts)})
    chooses(it, trace)
    assert notes(it) == []


def test_a_bank_is_held_to_the_rules_of_the_firmware_that_runs(tmp_path: Path) -> None:
    """Also of the same version: its presets are held to each firmware's own limits, at each start."""
    files = {"data/bank": bank_of([GOOD])}
    assert notes(started(tmp_path, files)[0]) == []
    stricter = changed_firmware(tmp_path, ("tonus/limits.py", "RAMP_MIN_MS = 500", "RAMP_MIN_MS = 1500"))
    it, trace = started(tmp_path, files, stricter)
    chooses(it, trace)
    assert [log.get("damage") for log in it.logs("bank")] == ["ramp_ms: 1000; allowed 1500..10000 ms"]
    assert preset.parse(GOOD).ramp_ms == 1000


# Whatever raises


def fails(it: Started, trace: Trace, why: str) -> None:
    """The device shows fault 31: by name in the log, counted on the bar, three on the left and one on the right."""
    logs = [log for log in it.logs("fault") if log["n"] == 31]
    assert {log["name"] for log in logs} == {START_FAILED}
    assert why in logs[0]["why"]
    on = [role for role, permille in it.of("led") if permille]
    begins = next(i for i in range(len(on)) if on[i : i + 8] == ["LEVEL_1", "LEVEL_2"] * 3 + ["LEVEL_4", "LEVEL_5"])
    assert on[begins + 8 : begins + 10] == ["LEVEL_1", "LEVEL_2"]  # and again
    assert set(on) == {"LEVEL_1", "LEVEL_2", "LEVEL_4", "LEVEL_5", "MODE_1", "MODE_2", "MODE_3", "MODE_4"}
    assert len(logs) >= 2  # again for the host that was plugged in


HOSTS = ("hold", "host", "link", "methods", "strict")  # loaded when the first cable comes
MODULES = sorted({path.stem for path in FIRMWARE.glob("tonus/*.py")} - set(HOSTS))


@pytest.mark.parametrize("module", HOSTS)
def test_what_only_a_host_needs_is_missing_when_one_comes(module: str, tmp_path: Path) -> None:
    """Until then it is ready; from then on it is a device that could not start."""
    firmware = changed_firmware(tmp_path)
    (firmware / "tonus" / f"{module}.py").unlink()
    it, trace = started(tmp_path, None, firmware)
    assert [change.to for change in trace.states if change.to != "CHARGING"] == ["STANDBY", "FAULT"]
    logs = [log for log in it.logs("fault") if log["n"] == 31]
    assert {log["name"] for log in logs} == {START_FAILED}
    assert logs[0]["why"].startswith("SystemExit: link: ")
    lit = [role for role, permille in it.of("led") if permille][-8:]
    assert sorted(lit) == sorted(["LEVEL_1", "LEVEL_2"] * 3 + ["LEVEL_4", "LEVEL_5"])


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_is_missing(module: str, tmp_path: Path) -> None:
    firmware = changed_firmware(tmp_path)
    (firmware / "tonus" / f"{module}.py").unlink()
    it, trace = started(tmp_path, None, firmware)
    if module == "__init__":
        fails(it, trace, "")
    else:
        fails(it, trace, module if module in ("mpy", "mean", "selftest") else "ImportError")


@pytest.mark.parametrize("damage", ["cut short", "nonsense", "empty", "mpy", "a folder"])
@pytest.mark.parametrize("module", ["app", "session", "limits"])
def test_a_module_that_is_damaged(module: str, damage: str, tmp_path: Path) -> None:
    firmware = changed_firmware(tmp_path)
    path = firmware / "tonus" / f"{module}.py"
    text = path.read_bytes()
    if damage == "cut short":
        path.write_bytes(text[: len(text) // 2])
    elif damage == "nonsense":
        path.write_bytes(random.Random(1).randbytes(2000))
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "a folder":
        path.unlink()
        (firmware / "tonus" / module).mkdir()
    else:
        path.write_bytes(b"M\x06\x00\x1f" + text)
    fails(*started(tmp_path, None, firmware), "")


ERRORS = {
    "MemoryError": "raise MemoryError('memory allocation failed')",
    "OSError": "raise OSError(5)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "SystemExit": "raise SystemExit",
    "RuntimeError": "def deeper(): deeper()\n        deeper()",
    "really no memory": "x = []\n        while True: x.append(bytearray(999))",
    "KeyError": "{}['NOT_THERE']",
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(
    "place",
    [
        "        self._front = front.Front(board)\n",
        "        output = Output(self._pulse, self._compile, self._watcher)\n",
    ],
    ids=["early", "late"],
)
def test_what_is_raised_while_the_device_is_made(error: str, place: str, tmp_path: Path) -> None:
    firmware = changed_firmware(tmp_path, ("tonus/app.py", place, place + "        " + ERRORS[error] + "\n"))
    it, trace = started(tmp_path, {"data/sessions": b""}, firmware)
    fails(it, trace, error if error != "really no memory" else "MemoryError")
    again = it.logs("fault")[0]
    assert again["why"]


def test_what_is_raised_as_the_tasks_begin(tmp_path: Path) -> None:
    place = "        self._pulse.start()\n"
    firmware = changed_firmware(tmp_path, ("tonus/app.py", place, place + "        raise OSError(12)\n"))
    fails(*started(tmp_path, None, firmware), "OSError")


def test_the_fault_is_in_the_journal(tmp_path: Path) -> None:
    """As far as it can be written: here all is well the second time."""
    place = "        self._front = front.Front(board)\n"
    broken = changed_firmware(tmp_path, ("tonus/app.py", place, "        raise ValueError('broken')\n"))
    started(tmp_path, {"data/faults": sealed_line('{"n":41,"at":null}')}, broken)
    with device(tmp_path / "flash.img") as made:
        record = made.client.journal_read("fault", 41)
    assert record is not None
    assert (record["n"], record["fault"], record["name"]) == (42, 31, START_FAILED)
    assert record["why"] == "ValueError: broken"


BOARD = {
    "no such role": ('    "EL_B": 3,\n', ""),
    "no buttons but MODE": ('    "PLUS": 21,\n', ""),
    "a pin that does not exist": ('"HAPTIC": 14', '"HAPTIC": 99'),
    "no constant": ("RSET_OHM = 4020", ""),
    "no flag": ("HAS_POWER_LATCH = True", ""),
}


@pytest.mark.parametrize("change", BOARD)
def test_a_board_that_lacks_something(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator's own board is whole: the firmware's copy is changed as it is imported."""
    before, after = BOARD[change]
    from tonus_tools.world.boards import BOARDS

    text = (BOARDS / "tonus_r1" / "board.py").read_text(encoding="utf-8")
    assert before in text
    firmware = changed_firmware(tmp_path, ("main.py", "    import board\n", "    import damaged as board\n"))
    (firmware / "damaged.py").write_text(text.replace(before, after), encoding="utf-8")
    fails(*started(tmp_path, None, firmware), "")


def test_no_board_at_all(tmp_path: Path) -> None:
    """No one knows the pin that holds the power: on the cell it goes with the finger; over USB the fault is told."""
    firmware = changed_firmware(tmp_path, ("main.py", "    import board\n", "    import none_there as board\n"))
    records: list[list[Any]] = []
    with Live(Scenario("start", 1), tmp_path / "flash.img", firmware, records.append) as live:
        it = Started(live)
        it.records = records
        it.on()
        assert not it.powered()
        assert ">>>" not in it.host()
        assert it.logs("fault")[-1]["name"] == START_FAILED


def test_a_start_that_hangs_is_named_by_the_next(tmp_path: Path) -> None:
    place = "        self._front = front.Front(board)\n"
    hang = place + "        while True:\n            sleep_ms(1)\n"
    firmware = changed_firmware(tmp_path, ("tonus/app.py", place, hang))
    records: list[list[Any]] = []
    with Live(Scenario("start", 1, start=Start(usb=True)), tmp_path / "flash.img", firmware, records.append) as live:
        it = Started(live)
        it.records = records
        live.run(12_000_000)
        assert [cause for (cause,) in it.of("boot")] == ["power", "watchdog"]
        assert "watchdog" in it.logs("fault")[0]["why"]
        live.run(30_000_000)
        assert len(it.of("boot")) == 2


def test_a_failed_start_ends_by_itself_on_the_cell(tmp_path: Path) -> None:
    firmware = changed_firmware(tmp_path)
    (firmware / "tonus" / "app.py").unlink()
    records: list[list[Any]] = []
    with Live(Scenario("start", 1), tmp_path / "flash.img", firmware, records.append) as live:
        it = Started(live)
        it.records = records
        it.on(limits.FAULT_OFF_MS * 1000 - 2_000_000)
        assert it.powered()
        assert len(it.logs("fault")) == 1  # nobody listens
        live.run(3_000_000)
        assert not it.powered()


def test_main_has_the_numbers_of_the_modules_it_cannot_use() -> None:
    """They stand there a second time because the modules may be what is broken."""
    names: dict[str, Any] = {}
    for line in (FIRMWARE / "main.py").read_text(encoding="utf-8").splitlines():
        head = line.split(" = ")[0]
        if head in ("FAULT", "FAULT_OFF_MS", "OFF_MS"):
            exec(line, names)
    assert names["FAULT"] == (faults.START_FAILED, START_FAILED)
    assert names["FAULT_OFF_MS"] == limits.FAULT_OFF_MS
    assert names["OFF_MS"] == panel.LONG_MS
