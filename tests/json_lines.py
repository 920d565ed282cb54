"""Lines that are JSON, nearly JSON or not, drawn by seed, and what CPython's `json` says of them."""

from __future__ import annotations

import json
import random
from typing import Any

from tonus import limits

SEEDS = (
    b'{"jsonrpc":"2.0","id":1,"method":"bank.list"}',
    b'{"jsonrpc": "2.0", "id": -0, "params": {"offset": 12, "last": true}}',
    b" [1, 2.5, -3e2,\t0.10E+07, 1E400, 12345678901234567890]\r",
    b'{"a":[{"b":[]},{}],"a":{"c":null},"":false}',
    b'"\\ud83d\\ude00 \\u00e9 \\n\\t\\/\\\\ \\" \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f"',
    b'["\\ud800", "\\uDFFF", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"]',
    b'{"t": 5, "e": "state", "from": "OFF"}',
    b"[" * 64 + b"1" + b"]" * 64,
    b'{"a":[' * 32 + b"7" + b"]}" * 32,
    b"-0.0e-1",
    b"true",
    b'""',
    b"[]",
)
PARTS = (
    *(bytes([c]) for c in b'{}[],:"\\ \t\r\n0123456789-+.eEutfn/*\x00\x1f\x7f\x80\xbf\xc2\xe0\xed\xf4\xff'),
    *(
        b"null",
        b"tru",
        b"false",
        b"NaN",
        b"-Infinity",
        b"Infinity",
        b"01",
        b"1.",
        b".5",
        b"1e",
        b"--1",
        b"\\u12",
        b"\\u",
    ),
    *(b"\\x", b"\\ud800", b"\xef\xbb\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80"),
    *(b'""', b'"a"', b'"a":1', b",,", b",]", b",}", b"[]", b"{}", b"[[", b"]]", b"'a'", b"\xc2\xa0", b"//", b"\\'"),
)


def mutated(rng: random.Random) -> bytes:
    """One of the seeds with up to four changes."""
    line = bytearray(rng.choice(SEEDS))
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3, 4))):
        at = rng.randrange(len(line) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            del line[at : at + rng.choice((1, 1, 2, 5))]
        elif kind == 1:
            line[at : at + 1] = rng.choice(PARTS)
        elif kind == 2:
            line[at:at] = rng.choice(PARTS)
        else:
            end = rng.randrange(len(line) + 1)
            line[end:end] = line[at : at + rng.randrange(12)]
    return bytes(line)


def value_of(data: bytes) -> Any:
    """CPython's value of a JSON text nested as deep as the device takes it; else ValueError."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("too deep") from None
    if depth(value) > limits.JSON_DEPTH_MAX or opened(data) > limits.JSON_DEPTH_MAX:
        raise ValueError("too deep")
    return value


def depth(value: Any) -> int:
    """Levels of lists and objects."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def opened(data: bytes) -> int:
    """The same of a valid text, also where one value of a key hides another."""
    most = level = 0
    in_text = escaped = False
    for c in data:
        if in_text:
            in_text = escaped or c != 0x22
            escaped = c == 0x5C and not escaped
        elif c == 0x22:
            in_text = True
        else:
            level += (c in b"[{") - (c in b"]}")
            most = max(most, level)
    return most


def _no_constant(name: str) -> None:
    raise ValueError(name)
