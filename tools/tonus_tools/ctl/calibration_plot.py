"""How far off the current is over all set currents, before and after a calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tonus import limits

from ..output import write_picture
from ..sim.plot import CEILING, CONTACTS
from ..sim.plot_pulses import FAINT, FORWARD, INK
from .calibrate import Reading, Residual, Values, accuracy, allowed_ua, nominal_error_ua
from .preview import DPI, GRID, LEFT_PX, RIGHT_PX, STYLE, Sheet

HEAD_PX = 96
CHART_PX, CHART_GAP_PX = (360, 200), 66
BAND = {False: "#fdebd0", True: "#d5f0d8"}


def draw(
    path: str | Path, readings: Sequence[Reading], residuals: Sequence[Residual], values: Values, board: SimpleNamespace
) -> None:
    """Draw into a picture at `path`, 1500 px wide. UsageError when it cannot be written."""
    with mpl.rc_context(STYLE):
        write_picture(Path(path), page(readings, residuals, values, board), DPI)


def page(readings: Sequence[Reading], residuals: Sequence[Residual], values: Values, board: SimpleNamespace) -> Figure:
    """The page as a figure: what was there above, what is left of it below, enlarged."""
    with mpl.rc_context(STYLE):
        its = Sheet()
        its.resize(HEAD_PX + sum(CHART_PX) + 2 * CHART_GAP_PX)
        its.text(LEFT_PX, 46, "How far off is the current?", fontsize=20, weight="bold")
        words = (
            f"DAC {values['dac_gain_ppm'] / 1e4:+.2f} %, {values['dac_offset_na'] / 1000:+.2f} uA   |   "
            f"current sense {values['sense_gain_ppm'] / 1e4:+.2f} %, {values['sense_offset_na'] / 1000:+.2f} uA   |   "
            f"voltage {values['voltage_gain_ppm'] / 1e4:+.2f} %, {values['voltage_offset_mv']:+d} mV"
        )
        its.text(LEFT_PX, 76, words, fontsize=11.5)
        its.down(HEAD_PX)
        width = RIGHT_PX - LEFT_PX
        above = its.axes(LEFT_PX, 0, width, CHART_PX[0])
        below = its.axes(LEFT_PX, CHART_PX[0] + CHART_GAP_PX, width, CHART_PX[1])
        set_ua = np.linspace(0, limits.FIRMWARE_CEILING_UA, 501)
        for axes in (above, below):
            _axes(axes)
            axes.set_xlim(0, limits.FIRMWARE_CEILING_UA)
        _band(above, set_ua, False)
        _band(above, set_ua, True)
        _band(below, set_ua, True)
        above.plot(set_ua, [nominal_error_ua(ua, values) for ua in set_ua], color=CEILING, lw=1.2, label="before")
        its_ua = [r.set_ua for r in residuals]
        above.plot(its_ua, [r.errors[0] for r in residuals], "o", color=CEILING, ms=5, label="before, held")
        rset_na = values["dac_offset_na"] - board.RSET_LESS_NA  # what the self-test takes out, as the meter sees it
        metered = [(r.ua, r.mv * 1000 / board.RSET_OHM - rset_na / 1000 - r.ua) for r in readings]
        if metered:
            above.plot(*zip(*metered, strict=True), "x", color=INK, ms=9, mew=1.6, label="before, by the multimeter")
        for axes in (above, below):
            axes.plot(its_ua, [r.errors[1] for r in residuals], "o-", color=FORWARD, ms=5, lw=1.2, label="after, held")
        most = max((abs(e) for r in residuals for e in r.errors), default=0)
        top = max(allowed_ua(limits.FIRMWARE_CEILING_UA / 4, False), most) * 1.25
        above.set_ylim(-top, top)
        left = max((abs(r.errors[1]) for r in residuals), default=0)
        top = max(limits.CALIBRATED_NA / 500, left * 1.25)
        below.set_ylim(-top, top)
        above.legend(loc="upper left", fontsize=9.5, ncol=3, framealpha=0.9)
        below.set_title("after, enlarged", loc="left", fontsize=11, weight="bold")
        below.set_xlabel("set current, uA")
    return its.figure


def _axes(axes: Axes) -> None:
    axes.set_ylabel("flows, less set, uA")
    axes.grid(color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.axhline(0, color=FAINT, lw=0.9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _band(axes: Axes, set_ua: np.ndarray, calibrated: bool) -> None:
    """What is allowed."""
    most = np.array([allowed_ua(ua, calibrated) for ua in set_ua])
    who = "calibrated" if calibrated else "out of the box"
    axes.fill_between(
        set_ua, -most, most, color=BAND[calibrated], lw=0, zorder=0, label=f"{who}: {accuracy(calibrated)}"
    )
    edge = CONTACTS["good"] if calibrated else CONTACTS["poor"]
    for sign in (-1, 1):
        axes.plot(set_ua, sign * most, color=edge, lw=0.8, zorder=0)
