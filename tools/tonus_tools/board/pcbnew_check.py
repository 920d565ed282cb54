"""Run by the Python that has KiCad's `pcbnew`: `python3 pcbnew_check.py FILE.kicad_pcb`, JSON on stdout.

{"pads": {ref: {number: net}}, "violations": {kind: count}}. Stands alone: nothing of the project's packages is there.
"""

import collections
import json
import re
import sys
import tempfile

import pcbnew


def main() -> None:
    board = pcbnew.LoadBoard(sys.argv[1])
    pads = {}
    for footprint in board.GetFootprints():
        pads[footprint.GetReference()] = {pad.GetNumber(): pad.GetNetname() for pad in footprint.Pads()}
    with tempfile.NamedTemporaryFile("r", suffix=".rpt") as report:
        if not pcbnew.WriteDRCReport(board, report.name, pcbnew.EDA_UNITS_MILLIMETRES, True):
            sys.exit("no report")
        text = report.read()
    kinds = collections.Counter(re.findall(r"(?m)^\[(\w+)\]", text))
    json.dump({"pads": pads, "violations": kinds}, sys.stdout)


main()
