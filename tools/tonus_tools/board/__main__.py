"""`python -m tonus_tools.board`: checks both circuits and writes what is made of them; `mutants` plays every mutant."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from ..ending import guarded
from . import bench, build, mutants, rules
from .outputs import table


def main() -> int:
    """0 when the board is well, 1 when a rule, a calculation or a mutant says otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tonus_tools.board", description=(__doc__ or "").split(": ")[1])
    parser.add_argument("what", nargs="?", choices=["mutants"], help="play every mutant of the circuit instead")
    if parser.parse_args().what:
        return _mutants()
    for of in (build, bench):
        board = of.board()
        problems = [*rules.check(board), *mutants.wrong_calculations(board, of.CALCULATIONS)]
        for problem in problems:
            print(f"{board.name}: {problem}", file=sys.stderr)
        if problems:
            return 1
        for name, text in of.files(board).items():
            (of.FOLDER / name).write_text(text, encoding="utf-8")
        print(f"{len(board.parts)} parts, {len(board.nets())} nets: no problem. Written to {of.FOLDER}")
    return 0


def _catch(mutant: mutants.Mutant) -> mutants.Caught:
    return mutants.catch(mutant.source, build.CALCULATIONS, build.board().states)


def _mutants() -> int:
    """Every mutant, on every core, into mutants.md."""
    made = list(mutants.mutants((build.FOLDER / "circuit.py").read_text(encoding="utf-8")))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        caught = list(pool.map(_catch, made, chunksize=16))
    (build.FOLDER / "mutants.md").write_text(_told(made, caught), encoding="utf-8")
    survivors = [m for m, c in zip(made, caught, strict=True) if not c.by]
    for mutant in survivors:
        print(f"survives: {mutant.ref}, {mutant.what}", file=sys.stderr)
    print(f"{len(made)} mutants, {len(survivors)} survive")
    return 1 if survivors else 0


def _told(made: list[mutants.Mutant], caught: list[mutants.Caught]) -> str:
    pairs = list(zip(made, caught, strict=True))
    counted = Counter((m.kind, c.by or "nothing") for m, c in pairs)
    names = ("calculation", "rule", "description", "nothing")
    lines = [
        "# Mutants of circuit.py",
        "",
        "Made by `make board-mutants`; do not edit. Each is the description with one thing wrong, "
        "and everything made anew.",
        "",
        table(
            ("Wrong", *(f"caught by a {name}" if name != "nothing" else "by nothing" for name in names)),
            [(kind, *(str(counted[kind, name]) for name in names)) for kind in mutants.KINDS_OF_MUTANT],
        ),
        "One of each part and kind, and the first thing that speaks up:",
        "",
    ]
    shown: dict[tuple[str, str], tuple[str, ...]] = {}
    for mutant, by in pairs:
        shown.setdefault(
            (mutant.ref.rstrip("0123456789abcdef"), mutant.kind),
            (mutant.ref, mutant.what, by.by or "**nothing**", by.how.replace("|", "/")),
        )
    lines.append(table(("Part", "What is wrong", "Caught by a", "Which says"), list(shown.values())))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(guarded(main))
