"""HTML from calls: what is not markup already is escaped, so a preset's name can be anything."""

from __future__ import annotations

from html import escape

VOID = ("meta",)


class Markup(str):
    """Text that is HTML already."""


def text(words: str) -> Markup:
    """Words as HTML: escaped, unless they are Markup."""
    return words if isinstance(words, Markup) else Markup(escape(words))


def join(*parts: str) -> Markup:
    return Markup("".join(text(part) for part in parts))


def tag(name: str, /, *content: str, **attributes: str | int | None) -> Markup:
    """An element. `class_` gives class; a trailing or inner _ is -; attributes that are None or "" are left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value not in (None, "")
    )
    return Markup(f"<{name}{given}>" + ("" if name in VOID else f"{join(*content)}</{name}>"))
