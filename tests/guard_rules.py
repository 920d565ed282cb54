"""Each rule of `tonus.guard`, and what of its source to change so that it is gone: the tests must notice."""

from __future__ import annotations

from tonus_tools.world.boards import FIRMWARE

SOURCE = (FIRMWARE / "tonus" / "guard.py").read_text(encoding="utf-8")

# name: (what stands there, what stands there without it)
RULES = {
    "latch": ("    if not pins & kept[FAULT_N]:\n", "    if 0:\n"),
    "usb": ("if pins & kept[USB]:", "if 0:"),
    "stall": ("if late > kept[STALL_US]:", "if 0:"),
    "stop": ("if kept[STOPS]:", "if 0:"),
    "limit": ("if treated > kept[TREAT_MAX]:", "if 0:"),
    "blind_ms": ("unsampled > kept[BLIND_MS] or ", ""),
    "blind_pulses": (" or kept[UNSAMPLED] > kept[BLIND_PULSES]", ""),
    "too_fast": (" or too_fast:", ":"),
    "most": ("    if code > most:\n", "    if 0:\n"),
    "ramp": ("if ramped < kept[RAMP_MS] and not kept[PROBING]:", "if 0:"),
    "lift": ("if kept[AGAIN] + kept[SENSE_TRIM] - TRIM < least and pins & kept[DRIVEN]:", "if 0:"),
    "tripped": ("int(faults.LIFT) if pins & kept[FAULT_N] else int(faults.LATCH)", "int(faults.LIFT)"),
    "overcurrent": ("if kept[OVER] > 1:", "if 0:"),
    "charge": ("if account >= kept[CHARGE_TRIP]:", "if 0:"),
    "against_forward": ("if account > kept[CHARGE_EVEN]:", "if 0:"),
    "against_reverse": ("if 0 - account > kept[CHARGE_EVEN]:", "if 0:"),
    "unsure": ("return its[UNSURE] * 1000 // its[CHARGE_UC]", "return 0"),
}


def without(rule: str) -> str:
    """The source without this rule."""
    there, gone = RULES[rule]
    assert SOURCE.count(there) == 1, rule
    return SOURCE.replace(there, gone)
