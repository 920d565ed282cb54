"""The firmware as the device has it: its numbers folded, its modules put together, its names MicroPython's own."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..world.boards import BOARDS, FIRMWARE, board_names
from .folding import NAMED, folded, numbers_of
from .linked import Link
from .names import known_names, renamed

# What main.py is there. MicroPython starts no other, compiles it at each start, and takes a tenth of a second for one
# like that of the sources, which is there as `tonus/start`.
MAIN = """from micropython import kbd_intr

kbd_intr(-1)  # from the very beginning: see `tonus/start`
from tonus import start

for _ in start.device():
    pass
from tonus.start import *  # for safe mode's prompt
"""


@dataclass(frozen=True)
class Lean:
    """own: sources of the package, by path from the root, put together. names: the own ones to MicroPython's.

    sources: the same with these.
    """

    own: Mapping[str, str]
    sources: Mapping[str, str]
    names: Mapping[str, str]
    _link: Link

    def at_prompt(self, program: str) -> str:
        """A program for the device's prompt that asks for modules and names of the package as the sources have them.

        UsageError when it asks for one that there is not, or does what no module may.
        """
        tree = ast.parse(self._link.program(program))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                node.attr = self.names.get(node.attr, node.attr)
            elif isinstance(node, ast.keyword) and node.arg:
                node.arg = self.names.get(node.arg, node.arg)
            elif isinstance(node, ast.alias) and node.name in self.names:
                node.asname = node.asname or node.name
                node.name = self.names[node.name]
        return ast.unparse(tree) + "\n"


def lean(firmware: Path = FIRMWARE) -> Lean:
    """The firmware in this folder. UsageError when its sources do what cannot be put together."""
    boards = [BOARDS / name / "board.py" for name in board_names()]
    return _lean(
        tuple((f"tonus/{path.name}", path.read_text(encoding="utf-8")) for path in sorted(firmware.glob("tonus/*.py"))),
        (firmware / "main.py").read_text(encoding="utf-8"),
        tuple(path.read_text(encoding="utf-8") for path in boards),
    )


@cache
def _lean(modules: tuple[tuple[str, str], ...], main: str, boards: tuple[str, ...]) -> Lean:
    numbers = {name: numbers_of(dict(modules)[f"tonus/{name}.py"]) for name in NAMED}
    link = Link({path: folded(source, path, numbers) for path, source in modules}, main)
    done = link.files() | {"tonus/start.py": folded(main, "main.py", numbers)}
    names = known_names(done, [MAIN, *boards])  # of all boards: the package is the same on each
    return Lean(done, {path: renamed(source, names) for path, source in done.items()}, names, link)
