"""The checker on MicroPython, machine code and all: thousands of lines in one process, and their values."""

from __future__ import annotations

import random
import subprocess
import zlib
from pathlib import Path
from typing import Any

from devices import device
from json_lines import mutated, value_of
from tonus_tools.sim.runner import micropython
from tonus_tools.world.boards import FIRMWARE

LINES = 20_000
# A value comes back as tagged text: MicroPython's json does not write what its json reads.
THERE = """
import sys
sys.path.insert(0, {firmware!r})
from tonus import strict

def shown(value):
    if isinstance(value, dict):
        return "{{%s}}" % ",".join(sorted(["%s:%s" % (shown(k), shown(v)) for k, v in value.items()]))
    if isinstance(value, list):
        return "[%s]" % ",".join([shown(v) for v in value])
    if isinstance(value, str):
        return "s" + "".join(["%02x" % b for b in value.encode()])
    if isinstance(value, float):
        return "f%.9g" % value
    return repr(value)

with open({lines!r}) as f:
    for line in f:
        data = bytes([int(line[i : i + 2], 16) for i in range(0, len(line) - 1, 2)])
        try:
            print("+" + shown(strict.loads(data)))
        except ValueError as problem:
            print("-" + str(problem))
"""


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{shown(k)}:{shown(v)}" for k, v in value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(shown(v) for v in value) + "]"
    if isinstance(value, str):
        # A pair of surrogates that was written as two escapes stays two of them there; no name or number has any.
        units = value.encode("utf-16-be", "surrogatepass")
        escaped = "".join(map(chr, (int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2))))
        return "s" + escaped.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, float):
        return f"f{value:.9g}"
    return repr(value)


def test_micropython_takes_the_same_lines_with_the_same_values(tmp_path: Path) -> None:
    rng = random.Random(3)
    lines = [mutated(rng) for _ in range(LINES)]
    written = tmp_path / "lines"
    written.write_text("".join(line.hex() + "\n" for line in lines), encoding="ascii")
    script = tmp_path / "there.py"
    script.write_text(THERE.format(firmware=str(FIRMWARE), lines=str(written)), encoding="ascii")
    done = subprocess.run([*micropython(), str(script)], capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == LINES
    taken = 0
    for line, answer in zip(lines, answers, strict=True):
        try:
            value = value_of(line)
        except ValueError:
            assert answer.startswith(("-not valid JSON", "-nested too deep")), (line, answer)
        else:
            taken += 1
            if b"\xf0" in line or b"\xf4" in line:  # four bytes of UTF-8: one character there too
                assert answer.startswith("+"), (line, answer)
            else:
                assert answer == "+" + shown(value), (line, answer)
    assert LINES // 10 < taken < LINES * 9 // 10


def test_what_is_nearly_a_request_is_not_carried_out() -> None:
    """MicroPython's own parser takes every one of these."""
    good = b'{"jsonrpc":"2.0","id":1,"method":"bank.begin","params":{"presets":1}}'
    nearly = [
        good.replace(b":", b" "),
        good.replace(b",", b" "),
        good.replace(b"}}", b",}}"),
        good.replace(b"1}", b"01}"),
    ]
    nearly += [b",," + good, good + b",", good.replace(b'"id"', b'"id":')]
    with device() as made:
        for line in nearly:
            made.live.heard.clear()
            made.live.send(line + b"*%08x\n" % zlib.crc32(line))
            made.live.run(300_000)
            assert b'"code":-32700,"message":"not valid JSON' in made.live.heard, (line, made.live.heard)
        made.live.heard.clear()
        assert made.client.bank_begin(1) == 1
