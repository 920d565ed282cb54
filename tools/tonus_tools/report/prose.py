"""The words of a report that do not depend on a preset. Text between backquotes is code, between stars strong."""

from __future__ import annotations

import re
from html import escape

from .accuracy import CALIBRATED, Accuracy
from .markup import Markup

WHAT_IT_IS = (
    "*What this is.* For each preset and level: what flows into the test loads of IEC 60601-2-10, in the form of the "
    "output table that submissions for such stimulators use. Every number is computed from the words that this "
    "firmware's own code gives the pulse generator, through the model of the board, and says where it comes from."
)
WHAT_IT_IS_NOT = (
    "*What it is not.* Not a measurement: no board and no laboratory was involved. Not an approval: *Tonus is not a "
    "medical device* and has been assessed by nobody. Not for anyone with epilepsy, an implant such as a pacemaker, "
    "active cancer, recent facial surgery or injectables, or broken skin on the face; not in pregnancy; not under "
    "18. Never across the chest, over the eyes or on the front of the neck."
)
BEHAVIOURS = (
    "The last table is not computed here: every scenario of the test suite is held to these rules at the simulated "
    "electrodes. Its names are rules of `tools/tonus_tools/sim/checks.py` or files of `tests/sim/scenarios`."
)
PEERS = (
    "Public figures of comparable devices, and where these presets stand. A peer's figure is no limit: a preset may "
    "stand above one and below another. The one that is a rule here: presets that ship stay at or below the 400 uA "
    "of NuFACE, and their limits say so."
)
NOT_IN_THEM = (
    "*The analog stage's own errors*, but for the charge of the strays, which the output table counts: leakage, the "
    "sense divider's current, the settling of an edge. Net charge is zero in code x us, as the firmware commands it; "
    "what is left at a built board's electrodes needs a meter.",
    "*Skin.* The loads are resistors. On skin the current is the same while the rail suffices; the voltage is not.",
    "*The area in use.* Densities take the whole contact patch of an electrode; on an edge they are higher in "
    "proportion. Each preset's least contact area says how small the patch may become.",
    "*Pauses.* Session charges are of unbroken contact; lifting and ramping again delivers less.",
)


def how_judged(accuracy: Accuracy) -> str:
    """The decision rule."""
    return (
        f"The *worst case* decides: the figure as set, with all of the tolerance of the current on top ({accuracy}; "
        f"this device is {accuracy.name}). Currents, charges and current density take the tolerance once, power "
        "density and energy squared, since they go with the current's square. Rules on the set-point, times and "
        "counts take none; each row says what it took. The *margin* is what the worst case leaves of the limit: at 0 "
        "% it is reached, below 0 % it is broken."
    )


def verdicts() -> tuple[str, str, str]:
    """What each verdict means: PASS, CALIBRATE, FAIL."""
    return (
        "the worst case keeps the limit.",
        f"a calibrated device ({CALIBRATED}) keeps it at its worst; one that is not calibrated might not.",
        "not kept either way. `tonusctl report` then ends with exit code 1.",
    )


def origins(board: str) -> tuple[str, ...]:
    """How a number comes about, in order."""
    return (
        "*Preset*: JSON, accepted by `firmware/tonus/preset.py`, the file that the device itself runs.",
        "*Phases*: `firmware/tonus/program.py` compiles a waveform and a level. Its `Train` gives the pulse "
        "generator a word at a time; the same words are drawn here, for the whole session and for each steady "
        "waveform: direction, microseconds, DAC code.",
        f"*Current*: DAC code x reference / 2^bits / Rset, of `boards/{board}/board.py`. Into a load it flows as set, "
        "until the rail at its least can drive no more through Rset, FET, switches and load. The circuit is that of "
        "`tools/tonus_tools/world/model.py`; a test compares the two.",
        "*Weighing*: `tools/tonus_tools/ctl/figures.py`, whose figures `tonusctl preset preview` prints too. "
        "Accuracy, judging and peers: `tools/tonus_tools/report/`.",
        "*From*: names in capitals are constants. `limits.NAME` stands in `firmware/tonus/limits.py`, with its own "
        "reason; the others in the board's file.",
        "*Accuracy* holds from 500 Ohm to 10 kOhm; *Electrode stage* has the figures of the board. Each "
        "device gives its DAC other codes for the same current, by what its self-test measures and its calibration "
        "says; the codes here are the nominal ones.",
    )


def marked(words: str) -> Markup:
    """The words as HTML."""
    told = re.sub(r"\*([^*]+)\*", r"<b>\1</b>", escape(words, quote=False))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", told))
