"""What a person may have meant by JSON that is none: one line, with a hint at the mistakes that people make."""

from __future__ import annotations

import json
import re

_QUOTES = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb"
_WORDS = {"True": "true", "False": "false", "None": "null", "TRUE": "true", "FALSE": "false", "NULL": "null"}


def decoded(data: bytes) -> str:
    """The text of a file. ValueError: one line that says what it is instead."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise ValueError("not text in UTF-8: it looks like UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"not text in UTF-8: line {line}; save it as UTF-8") from None
    if not text.strip():
        raise ValueError("the file is empty; allowed a preset, or a list of them")
    return text


def told(error: json.JSONDecodeError) -> str:
    """What is wrong with the text, where, and perhaps why."""
    hint = _hint(error.doc, error.pos)
    return f"not valid JSON: line {error.lineno} column {error.colno}: {hint or error.msg}"


def _hint(text: str, at: int) -> str:
    before, here = text[:at].rstrip(), text[at:].lstrip()
    if here.startswith((",", ":")) and not before.endswith(","):
        # CPython 3.13 and later point at the comma itself.
        before, here = before + here[0], here[1:].lstrip()
    if here.startswith(("//", "/*", "#")) or (here.startswith("/") and before.endswith("/")):
        return "a comment; JSON has none: take it out"
    if before.endswith(",") and here[:1] in ("}", "]"):
        return "a comma before the closing bracket: take it out"
    decimal = re.search(r"(\d+),$", before)
    if decimal and (digits := re.match(r"\d+", here)):
        return f"a comma in a number: write {decimal[1]}.{digits[0]}"
    if here[:1] in tuple(_QUOTES):
        return 'typographic quotes: write straight ones, "'
    if here.startswith("'"):
        return 'single quotes: write double ones, "'
    word = re.match(r"[A-Za-z_]\w*", here)
    if word and word[0] in _WORDS:
        return f"{word[0]}: write {_WORDS[word[0]]}"
    if word and before.endswith(("{", ",")):
        return f'a name without quotes: write "{word[0][:40]}"'
    if re.search(r"(?<![\d.])-?0$", before) and here[:1].isdigit():
        return "a number that begins with 0: leave the 0 out"
    if here.startswith(("+", ".")):
        return f"a number that begins with {here[0]}: write {'no sign' if here[0] == '+' else '0.'}"
    if not here:
        return "the text ends too early: a bracket or a quote is not closed"
    if here[:1] in ('"', "{", "[") and before[-1:] in ('"', "}", "]", *"0123456789"):
        if before.endswith("}") and before.count("{") == before.count("}") and before.startswith("{"):
            return "more than one document: put several presets into one list, [..., ...]"
        return "a comma is missing before this"
    return ""
