"""`make spice`: the electrode stage in ngspice, every run, then results.md and results.png. Some ten minutes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..ending import guarded
from . import montecarlo, ngspice, plots, results


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every promise is kept, 1 when not, 2 when ngspice is missing or gives up."""
    parser = argparse.ArgumentParser(prog="python -m tonus_tools.spice", description=__doc__)
    parser.add_argument("devices", nargs="?", type=int, default=montecarlo.RUNS, help=f"drawn ({montecarlo.RUNS})")
    runs = parser.parse_args(arguments).devices
    try:
        found = results.run_all(lambda text: print(text, flush=True), runs)
    except ngspice.SpiceError as problem:
        print(problem, file=sys.stderr)
        return 2
    results.RESULTS.write_text(results.markdown(found), encoding="utf-8")
    plots.page(found, results.PLOTS)
    for promise in found.promises():
        print(f"{'kept' if promise.kept else 'BROKEN':6}  {promise.text}: {promise.found}; allowed {promise.allowed}")
    return 0 if all(promise.kept for promise in found.promises()) else 1


if __name__ == "__main__":
    sys.exit(guarded(main))
