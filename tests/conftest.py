"""What the tests share: the option that names a board, boards' modules, and the emulated device."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable
from types import ModuleType

import pytest
from emulated import Emulated, boot_with
from hypothesis import HealthCheck, settings
from tonus_tools.world.boards import constants

pytest_plugins = ["browser"]

# Files whose tests wait for a port, or for a browser, in real time.
WAITING = ("test_image_data", "test_live_panel", "test_page_try", "test_page_yours", "test_repl", "test_transcript")

# A shell's background job ignores Ctrl-C, and so does what it starts: tests of it do not depend on who started them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test depends on the machine's speed.
settings.register_profile("tonus", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What only counts lines finds them with few examples, always the same.
settings.register_profile("few", settings.get_profile("tonus"), max_examples=25, derandomize=True, database=None)
settings.load_profile("tonus")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device", metavar="PORT", help="run tests/chip on the board at this serial port, not on an emulated RP2040"
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a good deal of the suite waits for a port in real time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One process begins with the chip's tests and another with what mostly waits. Each gets an equal part in order,
    and who has no more takes from another's end: the device is booted where it was, and nothing is waited for last."""
    chip = [item for item in items if item.path.parent.name == "chip"]
    waiting = [item for item in items if item.path.stem in WAITING]
    first = {*chip, *waiting}
    others = [item for item in items if item not in first]
    part = len(items) // getattr(config, "workerinput", {}).get("workercount", 1)
    before = max(0, part - len(chip))
    items[:] = [*chip, *others[:before], *waiting, *others[before:]]


def pytest_collection_finish() -> None:
    """What is there by now stays: Python need not go through it again each time it looks for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def board() -> Callable[[str], ModuleType]:
    """`board(name)` is the board's module."""
    return constants


@pytest.fixture(scope="session")
def emulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Emulated:
    """One emulated device that has booted, for all the tests of this process."""
    return boot_with(request, tmp_path_factory)
