"""`make mutants`: every mutant of what decides in the firmware is killed by a test, or listed with its reason.

Exit code 0: so it is; 1: a mutant survives that is not listed, or a listed one is killed or not there any more, each
told; 2: it could not be run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..world.boards import FIRMWARE
from .operators import Change, change, mutations, named
from .run import Runner, UnusableError

HERE = Path(__file__).parent
OK, BAD, UNUSABLE = 0, 1, 2


@dataclass(frozen=True)
class Module:
    """One of firmware/tonus. tests: pytest's arguments. equivalent: what may survive. within: functions and classes
    (dotted) that alone are changed; empty: all of it.
    """

    name: str
    tests: tuple[str, ...]
    equivalent: frozenset[Change]
    within: tuple[str, ...] = ()

    def has(self, change: Change) -> bool:
        """Whether a change is one of those that are played."""
        return not self.within or any(f"{change.within}.".startswith(f"{name}.") for name in self.within)


def read(folder: Path) -> list[Module]:
    """What modules.toml and equivalent.toml of a folder say. Raises ValueError, OSError."""
    modules = tomllib.loads((folder / "modules.toml").read_text(encoding="utf-8"))
    listed = tomllib.loads((folder / "equivalent.toml").read_text(encoding="utf-8"))
    if stranger := listed.keys() - modules.keys():
        raise ValueError(f"equivalent.toml: {', '.join(sorted(stranger))} is not in modules.toml")
    return [
        Module(name, tuple(of["tests"]), frozenset(_changes(name, listed.get(name, []))), tuple(of.get("within", ())))
        for name, of in modules.items()
    ]


def _changes(name: str, entries: list[dict[str, object]]) -> Iterator[Change]:
    for entry in entries:
        if not entry.get("why"):
            raise ValueError(f"equivalent.toml: {name}: an entry gives no reason")
        for was, becomes, *nth in entry["mutants"]:  # type: ignore[attr-defined]
            yield Change(str(entry["within"]), was, becomes, *nth)


def play(module: Module, every: int, jobs: int) -> bool:
    """Plays each `every`th mutant of a module and tells; whether all is as it should be."""
    source = (FIRMWARE / "tonus" / f"{module.name}.py").read_text(encoding="utf-8")
    known = {dotted for _, _, dotted in named(source)}
    if stranger := set(module.within) - known:
        raise UnusableError(f"{module.name}: has no {', '.join(sorted(stranger))}")
    runner = Runner(module.name, module.tests)
    played: set[Change] = set()
    survived: set[Change] = set()

    def made() -> Iterator[tuple[Change, str]]:
        for mutation in list(mutations(source))[::every]:
            mutant = mutation.applied(source)
            if mutant == source:
                raise UnusableError(f"{module.name}: {mutation} changes nothing")
            what = change(source, mutant)
            if module.has(what):
                played.add(what)
                yield what, mutant

    for what in runner.survivors(made(), jobs):
        survived.add(what)
        if what not in module.equivalent:
            print(f"{module.name}: SURVIVES  {what}", flush=True)
    unlisted = survived - module.equivalent
    wrong = {what for what in module.equivalent - survived if what in played or every == 1}
    for what in sorted(wrong):
        word = "is KILLED, and listed" if what in played else "is listed, and NOT THERE"
        print(f"{module.name}: {word}  {what}")
    equivalent = len(survived & module.equivalent)
    print(
        f"{module.name}: {len(played)} mutants, {len(played) - len(survived)} killed, {equivalent} equivalent, "
        f"{len(unlisted)} survive",
        flush=True,
    )
    return not unlisted and not wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tonus_tools.mutants", description=(__doc__ or "").split("\n\n")[0].split(": ", 1)[1]
    )
    parser.add_argument("module", nargs="*", help="of firmware/tonus; all that are listed by default")
    parser.add_argument("--every", type=int, default=1, help="play each so manieth only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time (all cores)")
    parser.add_argument("--config", type=Path, default=HERE, help="folder of modules.toml and equivalent.toml")
    options = parser.parse_args(arguments)
    try:
        modules = read(options.config)
        if stranger := set(options.module) - {module.name for module in modules}:
            raise UnusableError(f"not in modules.toml: {', '.join(sorted(stranger))}")
        good = [play(of, options.every, options.jobs) for of in modules if of.name in (options.module or [of.name])]
    except (UnusableError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    return OK if all(good) else BAD


if __name__ == "__main__":
    sys.exit(main())
