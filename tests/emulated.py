"""An emulated device that has booted once, and short sessions played from there: what the tests of this folder share.

Five seconds of a processor's time go into each boot, so each test carries on from the same one (`Branch`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tonus_tools.chip.branch import Branch
from tonus_tools.chip.live import Live
from tonus_tools.ctl.client import Client
from tonus_tools.ctl.wire import Transport
from tonus_tools.errors import UsageError
from tonus_tools.sim import runner
from tonus_tools.sim.checks import check
from tonus_tools.sim.live import VirtualSerial
from tonus_tools.sim.scenario import Scenario, load
from tonus_tools.sim.trace import Trace

T = TypeVar("T")
Entry = dict[str, Any]
Presets = Sequence[dict[str, Any]]

FROM_S = 1.0  # a test's own time begins here
FROM_US = round(1e6 * FROM_S)
ON: Entry = {"at": 0, "press": "MODE", "for_s": 0.9}  # a finger that switches on, and stays while it starts


def _preset(id: str, name: str, **waveform: Any) -> dict[str, Any]:
    zone = {"name": "cheek", "duration_s": 5, "cue_s": 5, "waveform": waveform}
    return {"schema": 1, "id": id, "name": name, "top_ua": 400, "ramp_ms": 500, "zones": [zone]}


# One of each waveform, MODE by MODE. Short pulses of many a second: what is slow takes the emulator long.
PRESETS = (
    _preset("pulses", "Pulses", kind="biphasic", rate_hz=80, phase_us=500, gap_us=100),
    _preset("bursts", "Bursts", kind="alternating", rate_hz=300, phase_us=400, burst_pulses=50),
    _preset("sweep", "Sweep", kind="swept", rate_hz=20, rate_to_hz=120, sweep_s=1, phase_us=1000, gap_us=200),
    _preset(
        "swell",
        "Swell",
        kind="modulated",
        rate_hz=40,
        phase_us=2000,
        gap_us=100,
        envelope={"shape": "sine", "period_ms": 1000, "depth_pct": 80},
    ),
)


def press(at_s: float, button: str, times: int = 1) -> Entry:
    """A button, so many times, ten a second."""
    entry: Entry = {"at": round(at_s, 6), "press": button, "for_s": 0.05}
    return entry | {"times": times, "every_s": 0.1} if times > 1 else entry


class Emulated:
    """A booted device; `live` stands at the time that `entries` have taken it to. `folder` has its preset files.

    What happens in a branch does not happen to it.
    """

    def __init__(self, live: Live, folder: Path, entries: list[Entry], presets: Presets = PRESETS) -> None:
        self.live = live
        self._folder = folder
        self._entries = entries
        self._presets = presets

    def branch(self, work: Callable[[Live], T]) -> T:
        """What `work` returns, carrying on from here in a process of its own. Raises BranchError."""
        return Branch(lambda: work(self.live)).result()

    def after(self, until_s: float, entries: list[Entry], work: Callable[[Emulated], T]) -> T:
        """What `work` returns of a device that has gone through this, too."""

        def go_on(live: Live) -> T:
            run(live, self.scenario(until_s, entries))
            return work(Emulated(live, self._folder, [*self._entries, *entries], self._presets))

        return self.branch(go_on)

    def play(self, until_s: float, entries: list[Entry], expect: dict[str, Any] | None = None) -> Trace:
        """Go on with these; the trace from the very beginning, held to every limit and to what is expected."""
        played = self.scenario(until_s, entries, expect)

        def work(live: Live) -> Trace:
            run(live, played)
            return live.finish()

        trace = self.branch(work)
        assert [str(violation) for violation in check(trace, played)] == []
        assert [event.fields for event in trace.of("console")] == []
        return trace

    def simulated(self, until_s: float, entries: list[Entry]) -> Trace:
        """The same on the simulator."""
        return runner.run(self.scenario(until_s, entries))

    def scenario(self, until_s: float, entries: list[Entry], expect: dict[str, Any] | None = None) -> Scenario:
        return scenario(self._folder, until_s, [*self._entries, *entries], expect, self._presets)

    def with_client(self, work: Callable[[Client, Live], T], port: Callable[[Live], Transport] = VirtualSerial) -> T:
        """Plug the cable in and connect; what `work` returns."""

        def connected(live: Live) -> T:
            live.do("usb", True)
            live.run(100_000)
            live.heard.clear()
            client = Client(port(live))
            client.connect()
            return work(client, live)

        return self.branch(connected)


def scenario(
    folder: Path,
    until_s: float,
    entries: list[Entry],
    expect: dict[str, Any] | None = None,
    presets: Presets = PRESETS,
) -> Scenario:
    """Switched on with these presets, then what `entries` say."""
    document = {"name": "chip", "until_s": until_s, "do": [ON, *entries], "expect": expect or {}}
    document["presets"] = [f"{preset['id']}.json" for preset in presets]
    for preset in presets:
        (folder / f"{preset['id']}.json").write_text(json.dumps(preset), encoding="utf-8")
    path = folder / "scenario.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return load(path)


def boot(folder: Path, presets: Presets = PRESETS) -> Emulated:
    """A device that was switched on and stands in STANDBY. Raises UsageError without MicroPython's image."""
    first = scenario(folder, FROM_S, [], presets=presets)
    live = Live(first, firmware=runner.with_presets(first, folder))
    run(live, first)
    return Emulated(live, folder, [], presets)


def boot_with(request: pytest.FixtureRequest, factory: pytest.TempPathFactory, presets: Presets = PRESETS) -> Emulated:
    """The same for a fixture, which skips where there is nothing to emulate, or a board in its place."""
    if request.config.getoption("--device"):
        pytest.skip("on a board: nobody there presses its buttons or lifts its electrodes")
    try:
        return boot(factory.mktemp("chip"), presets)
    except UsageError as missing:
        pytest.skip(f"no MicroPython to emulate: {missing}")


def run(live: Live, played: Scenario) -> None:
    """What is still to come of this scenario."""
    for action in played.timeline:
        if action.at_us >= live.now_us:
            live.run(action.at_us - live.now_us)
            live.do(action.do, action.value)
    live.run(played.until_us - live.now_us)
