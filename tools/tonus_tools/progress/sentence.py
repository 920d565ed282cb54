"""One session in a plain sentence: how it ended, what was delivered of what was set, and what stood out."""

from __future__ import annotations

from collections.abc import Iterator

from .history import Session
from .regions import regions
from .symmetry import pairs

SHARE_PCT = 90  # delivered of set; less stands out
POOR_PCT = 10  # of a place's time
ENDS = {
    "expired": "the 20 min were over",
    "stop": "stopped by MODE",
    "zero": "level 0",
    "drained": "the cell was empty",
    "battery_low": "the cell was empty",
    "usb_in": "stopped by the USB cable",
    "power_off": "switched off",
    "idle": "left alone",
}


def sentence(session: Session) -> str:
    """The session, for a person."""
    said = [_end(session)]
    if session.share_pct is None:
        said.append("how much of what was set is not known")
    else:
        till = "" if session.is_complete else " till then"
        said.append(f"{session.share_pct} % of what was set{till}")
    told = "; ".join(_remarks(session))
    return ": ".join(said) + (f"; {told}" if told else "") + "."


def _end(session: Session) -> str:
    if session.is_complete:
        return "Done"
    minutes, seconds = divmod(round(session.counted_s), 60)
    after = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return f"{_capital(ENDS.get(session.why, session.why))} after {after}"


def _remarks(session: Session) -> Iterator[str]:
    skipped = [str(part.place or f"zone {part.number}") for part in session.parts if part.skipped]
    if skipped:
        yield f"{', '.join(skipped)} skipped"
    uneven = max((pair for pair in pairs([session]) if pair.less), key=lambda pair: abs(pair.apart_pct), default=None)
    if uneven:
        other = "left" if uneven.apart_pct > 0 else "right"
        yield f"{uneven.less} got {abs(uneven.apart_pct):.0f} % less than {other}"
    poor = max(regions([session]), key=lambda region: region.poor_pct, default=None)
    if poor and poor.poor_pct >= POOR_PCT:
        yield f"{poor.place}: contact poor {poor.poor_pct:.0f} % of the time, more gel there"
    elif session.share_pct is not None and session.share_pct < SHARE_PCT and not uneven:
        yield "more gel, a little pressure, glide slower"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
