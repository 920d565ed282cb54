"""Private names of the firmware, as names that MicroPython has itself: those cost the device's heap nothing.

Each other name costs it as many bytes as it has letters, and a place in a table that is doubled when it is full: from
640 to 1280 places at some 1260 names, 8 KB at once; and of each module that is loaded, each name is looked for in all
of it. Functions and classes keep theirs, for tracebacks. So does a `const`, which begins with an underscore and is thus
no name on the device, and a name that others might know: it stands in a string, in main.py or in a board's module, or
the modules never give it anything.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator, Mapping

# In the image of MicroPython 1.28.0 for RPI_PICO (a test looks), and such as no firmware needs; a few more than private
# names. Where one is not there, it is a name like any other.
KNOWN = """
    acos acosh acquire addr addressof addrsize aes align alt appendleft argv asin asinh asr atan atan2 atanh
    bitstream blit bswap buf buffering builtins bytecode byteorder calcsize ceil center chdir clz cmath cmp config
    copy copysign cosh cpsid cpsie cpu crc8 cryptolib ctrl cts datetime decrypt deepsleep deflate degrees deinit
    delattr deque digest disable discard divmod doc dump dupterm ellipse enable encoding encrypt endswith erf erfc
    errorcode exp expm1 extend fabs factorial fill firstbit flush fmod format framebuf frexp fromhex fromkeys gamma
    getcwd getrandbits gmtime group groups hashlib heapify heappop heappush heapq hexlify hline ibuf ilistdir imag
    indices inf insert intersection invert isalpha isclose isdisjoint isenabled isfinite isinf islower isnan isspace
    issubset issuperset isupper iterable iterator keepends keys ldexp ldr ldrb ldrex ldrh lgamma lightsleep
    localtime locked log10 log2 lookahead lsl lsr lstrip maxsize md5 mem16 mem8 memaddr mkfs mktime modf modify
    mount movt movw movwt mrs mtime nan newline nodename nop onewire pack parity partition peek pixel polar poly
    popitem popleft prog progsize ps1 ps2 push radians randint random randrange rbit readbit readbyte readfrom
    readlines readsize real rect rindex rpartition rts rxbuf schedule scl scroll sda sdiv seed sendbreak sep
    setdefault sha1 sha256 sin sinh sizeof sleep splitlines stall startswith statvfs stderr strb strex strh sub sync
    sysname tan tanh tau trigger trunc txbuf txdone udiv umount uname unhexlify uniform unlink unpack unregister
    unsafe upper urandom usys vcmp vfs vldr vline vmov vmrs vneg vsqrt vstr wfi writebit writeblocks writebyte
    writeto writevto
""".split()  # noqa: SIM905
_PRIVATE = re.compile(r"_[A-Za-z]\w*")
_WORD = re.compile(r"\w+")


def known_names(modules: Collection[str], others: Collection[str]) -> dict[str, str]:
    """Private name to the one it gets, one table for all `modules`, since one may reach into another.

    others: sources that stay as they are. The names used most come first, should there be too few.
    """
    uses: dict[str, int] = {}
    given: set[str] = set()
    kept: set[str] = set()
    for source in modules:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                kept.add(node.name)
            elif isinstance(node, ast.arg):
                given.add(node.arg)
            elif isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("const("):
                kept.update(ast.unparse(target) for target in node.targets)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                given.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                given.add(node.attr)
        for token in _tokens(source):
            if token.type == tokenize.NAME:
                uses[token.string] = uses.get(token.string, 0) + 1
            elif token.type == tokenize.STRING:
                kept.update(_WORD.findall(token.string))
    for source in others:
        kept.update(_WORD.findall(source))
    names = [name for name in given if _PRIVATE.fullmatch(name) and name not in kept]
    free = [name for name in KNOWN if name not in uses and name not in kept]
    return dict(zip(sorted(names, key=lambda name: (-uses[name], name)), free, strict=False))


def renamed(source: str, names: Mapping[str, str]) -> str:
    """A module's source with these names in place of its own."""
    lines = source.split("\n")
    for token in reversed(list(_tokens(source))):
        if token.type == tokenize.NAME and token.string in names:
            row, start = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:start] + names[token.string] + line[token.end[1] :]
    return "\n".join(lines)


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(source).readline)
