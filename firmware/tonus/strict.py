"""Whether bytes are JSON, and their value. MicroPython's own parser takes more: it skips commas and colons, and `01`.

JSON is that of RFC 8259 in UTF-8, without a mark of byte order, nested at most JSON_DEPTH_MAX deep; what CPython's
`json` takes, but for NaN and the infinities. The check walks along the bytes once, without recursion and without
allocating.
"""

import json

from . import limits
from .mpy import const, ptr8

_FINE = const(-1)
_TOO_DEEP = const(-2)  # and below, by the byte

# What may come next.
_VALUE = const(0)
_VALUE_OR_END = const(1)  # of a list that has just begun
_KEY = const(2)
_KEY_OR_END = const(3)
_COLON = const(4)
_AFTER = const(5)  # a comma, or an end

_ends = bytearray(limits.JSON_DEPTH_MAX + 1)  # the bracket that ends each level, from 1


def loads(data: bytes):
    """The value of a JSON text. ValueError, one line that says where, when it is none."""
    at = scan(data, len(data), _ends)
    if at <= _TOO_DEEP:
        raise ValueError("nested too deep at byte %d; allowed %d levels" % (_TOO_DEEP - at, limits.JSON_DEPTH_MAX))
    if at == len(data):
        raise ValueError("not valid JSON: it ends too early")
    if at != _FINE:
        raise ValueError("not valid JSON at byte %d" % at)
    return json.loads(data)


def scan(data, size: int, levels) -> int:
    """-1 when `size` bytes are JSON; else where they are not, counted from 0, `size` when they end too early; or
    -2 less the place of a bracket that opens a level too many. `levels` is a bytearray of one more than are allowed.
    """
    text = ptr8(data)
    ends = ptr8(levels)
    depth_max = int(len(levels)) - 1
    at = 0
    depth = 0
    want = _VALUE
    while at < size:
        c = int(text[at])
        if c == 0x20 or c == 0x0A or c == 0x0D or c == 0x09:
            at += 1
        elif want == _AFTER:
            if depth == 0:
                return at
            if c == 0x2C:  # ,
                want = _KEY if int(ends[depth]) == 0x7D else _VALUE
            elif c == int(ends[depth]):
                depth -= 1
            else:
                return at
            at += 1
        elif want == _COLON:
            if c != 0x3A:
                return at
            want = _VALUE
            at += 1
        elif c == 0x22:  # "
            at += 1
            while True:
                if at >= size:
                    return size
                c = int(text[at])
                if c == 0x22:
                    break
                if c == 0x5C:  # \
                    at += 1
                    if at >= size:
                        return size
                    c = int(text[at])
                    if c == 0x75:  # u and four hex digits
                        end = at + 4
                        while at < end:
                            at += 1
                            if at >= size:
                                return size
                            c = int(text[at])
                            # | 0x20 makes letters small
                            if (c < 0x30 or c > 0x39) and ((c | 0x20) < 0x61 or (c | 0x20) > 0x66):
                                return at
                    elif not (c == 0x22 or c == 0x5C or c == 0x2F or c == 0x62 or c == 0x66):  # " \ / b f
                        if not (c == 0x6E or c == 0x72 or c == 0x74):  # n r t
                            return at
                elif c < 0x20:
                    return at
                elif c >= 0x80:
                    # UTF-8 as RFC 3629 has it: nothing longer than need be, no surrogates, nothing past U+10FFFF.
                    least = 0x80
                    most = 0xBF
                    if c < 0xC2 or c > 0xF4:
                        return at
                    if c < 0xE0:
                        end = at + 1
                    elif c < 0xF0:
                        end = at + 2
                        if c == 0xE0:
                            least = 0xA0
                        elif c == 0xED:
                            most = 0x9F
                    else:
                        end = at + 3
                        if c == 0xF0:
                            least = 0x90
                        elif c == 0xF4:
                            most = 0x8F
                    while at < end:
                        at += 1
                        if at >= size:
                            return size
                        c = int(text[at])
                        if c < least or c > most:
                            return at
                        least = 0x80
                        most = 0xBF
                at += 1
            at += 1
            want = _COLON if want == _KEY or want == _KEY_OR_END else _AFTER
        elif want == _KEY or want == _KEY_OR_END:
            if c != 0x7D or want == _KEY:
                return at
            depth -= 1
            want = _AFTER
            at += 1
        elif c == 0x7B or c == 0x5B:  # { [
            if depth == depth_max:
                return _TOO_DEEP - at
            depth += 1
            ends[depth] = c + 2  # in ASCII a bracket is two before the one that ends it
            want = _KEY_OR_END if c == 0x7B else _VALUE_OR_END
            at += 1
        elif c == 0x5D:
            if want != _VALUE_OR_END:
                return at
            depth -= 1
            want = _AFTER
            at += 1
        elif c == 0x2D or (c >= 0x30 and c <= 0x39):
            if c == 0x2D:
                at += 1
                if at >= size:
                    return size
                c = int(text[at])
                if c < 0x30 or c > 0x39:
                    return at
            at += 1
            if c != 0x30:  # a 0 stands alone
                while at < size and int(text[at]) >= 0x30 and int(text[at]) <= 0x39:
                    at += 1
            if at < size and int(text[at]) == 0x2E:  # .
                end = at + 1
                at += 1
                while at < size and int(text[at]) >= 0x30 and int(text[at]) <= 0x39:
                    at += 1
                if at == end:
                    return at
            if at < size and int(text[at]) | 0x20 == 0x65:  # e
                at += 1
                if at < size and (int(text[at]) == 0x2B or int(text[at]) == 0x2D):
                    at += 1
                end = at
                while at < size and int(text[at]) >= 0x30 and int(text[at]) <= 0x39:
                    at += 1
                if at == end:
                    return at
            want = _AFTER
        else:
            # true, false, null: spelled backwards in a number, a byte each, after the first.
            if c == 0x74:
                rest = 0x657572
            elif c == 0x6E:
                rest = 0x6C6C75
            elif c == 0x66:
                at += 1
                if at >= size:
                    return size
                if int(text[at]) != 0x61:
                    return at
                rest = 0x65736C
            else:
                return at
            while rest > 0:
                at += 1
                if at >= size:
                    return size
                if int(text[at]) != rest & 0xFF:
                    return at
                rest >>= 8
            at += 1
            want = _AFTER
    return _FINE if want == _AFTER and depth == 0 else size
