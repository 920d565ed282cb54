"""Every limit that a preset can come near, and the worst value that meets it. Plain: the page runs this, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tonus import limits
from tonus.preset import Preset

# IEC 60601-2-10, as quoted in firmware/HAZARDS.md.
DENSITY_MAX_MA_CM2 = 2
POWER_MAX_MW_CM2 = 250
PULSE_MAX_MJ = 300  # a pulse, into the least of the test loads
UNPAIRED_MAX_UC = limits.CHARGE_ONE_WAY_NC / 1000


def percent(value: float, limit: float, at_least: bool) -> float:
    """How much of a limit is used; 100 is the limit. Of a limit of zero, nothing or infinitely much."""
    part, whole = (limit, value) if at_least else (value, limit)
    if not whole:
        return float("inf") if part else 0.0
    return 100 * part / whole


def rows(
    preset: Preset, set_ua: float, density_ma_cm2: float, power_mw_cm2: float, zones: Sequence[Any]
) -> list[tuple[str, str, float, float, str, bool, str, str]]:
    """(name, group, worst value, limit, unit, whether the limit is a lower one, where it stands, zone) of each limit.

    zones: what `figures.ZoneFigures` has of each. The zone is empty where the value is the whole preset's.
    """
    iec = "IEC 60601-2-10"
    found = []

    def add(
        name: str, values: Sequence[tuple[float, str]], limit: float, unit: str, source: str, at_least: bool = False
    ) -> None:
        if values:
            value, where = (min if at_least else max)(values, key=lambda pair: pair[0])
            group = "time" if unit in ("s", "ms", "us", "Hz", "") else "output"
            found.append((name, group, value, limit, unit, at_least, source, where))

    def of(name: str, which: Sequence[Any] = zones) -> list[tuple[float, str]]:
        return [(getattr(zone, name), zone.name) for zone in which]

    paired = [zone for zone in zones if not zone.burst_pulses]
    bursts = [
        (w.burst_pulses * w.period_us(w.rate_dhz) / 1000, zone.name)
        for zone, w in [(zone, zone.waveform) for zone in preset.zones]
        if w.burst_pulses > 1  # of one pulse, a direction lasts as long as its period: the rate's limit
    ]
    rates = of("rate_hz") + of("rate_to_hz")
    add("set current", [(set_ua, "")], limits.FIRMWARE_CEILING_UA, "uA", "limits.FIRMWARE_CEILING_UA")
    add("top current", [(preset.top_ua, "")], limits.TOP_MIN_UA, "uA", "limits.TOP_MIN_UA", at_least=True)
    add("charge per phase", of("phase_uc"), limits.CHARGE_MAX_NC / 1000, "uC", "limits.CHARGE_MAX_NC")
    rule = "limits.CHARGE_ONE_WAY_NC: CHARGE_MAX_NC less CHARGE_MARGIN_PCT"
    add("charge one way", of("unpaired_uc"), UNPAIRED_MAX_UC, "uC", rule)
    add("net charge of a cycle", of("net_code_us"), 0, "code us", "tonus.program: exactly none")
    add("account of charge", of("account_uc"), limits.CHARGE_MAX_NC / 1000, "uC", "limits.CHARGE_MAX_NC: 20 uC/cm2")
    add("current density", [(density_ma_cm2, "")], DENSITY_MAX_MA_CM2, "mA/cm2", iec)
    add("power density, 10 kOhm", [(power_mw_cm2, "")], POWER_MAX_MW_CM2, "mW/cm2", iec)
    add("energy per pulse, 500 Ohm", of("pulse_mj"), PULSE_MAX_MJ, "mJ", iec)
    add("fastest rate", rates, limits.RATE_MAX_DHZ / 10, "Hz", "limits.RATE_MAX_DHZ")
    add("slowest rate", rates, limits.RATE_MIN_DHZ / 10, "Hz", "limits.RATE_MIN_DHZ", at_least=True)
    add("widest phase", of("phase_us"), limits.PHASE_MAX_US, "us", "limits.PHASE_MAX_US")
    add("narrowest phase", of("phase_us"), limits.PHASE_MIN_US, "us", "limits.PHASE_MIN_US", at_least=True)
    add("longest gap", of("gap_us", paired), limits.GAP_MAX_US, "us", "limits.GAP_MAX_US")
    add("shortest gap", of("gap_us", paired), limits.GAP_MIN_US, "us", "limits.GAP_MIN_US", at_least=True)
    add("shortest rest", of("rest_us"), limits.REST_MIN_US, "us", "limits.REST_MIN_US", at_least=True)
    add("time in one direction", bursts, limits.POLARITY_MAX_MS, "ms", "limits.POLARITY_MAX_MS")
    add("shortest ramp", [(preset.ramp_ms, "")], limits.RAMP_MIN_MS, "ms", "limits.RAMP_MIN_MS", at_least=True)
    add("longest ramp", [(preset.ramp_ms, "")], limits.RAMP_MAX_MS, "ms", "limits.RAMP_MAX_MS")
    strokes = [zone for zone in zones if zone.glide_s]
    add("shortest glide", of("glide_s", strokes), limits.GLIDE_MIN_S, "s", "limits.GLIDE_MIN_S", at_least=True)
    add("longest glide", of("glide_s", strokes), limits.GLIDE_MAX_S, "s", "limits.GLIDE_MAX_S")
    add("longest hold", of("hold_s", strokes), limits.HOLD_MAX_S, "s", "limits.HOLD_MAX_S")
    add("shortest cue", of("cue_s"), limits.CUE_MIN_S, "s", "limits.CUE_MIN_S", at_least=True)
    add("longest cue", of("cue_s"), limits.CUE_MAX_S, "s", "limits.CUE_MAX_S")
    add("shortest zone", of("duration_s"), limits.ZONE_MIN_S, "s", "limits.ZONE_MIN_S", at_least=True)
    add("zones", [(len(zones), "")], limits.ZONES_MAX, "", "limits.ZONES_MAX")
    add("session", [(preset.duration_s(), "")], limits.SESSION_MAX_MS / 1000, "s", "limits.SESSION_MAX_MS")
    return found
