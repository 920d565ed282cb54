"""Which fault asks for what: the groups of the guide's table. Every fault of the firmware is in one."""

from __future__ import annotations

from tonus import faults

# Key of the texts in text.py: `fault_KEY`, what it means, and `fault_KEY_do`.
GROUPS: dict[str, tuple[int, ...]] = {
    "current": (faults.LATCH, faults.OVERCURRENT, faults.CHARGE, faults.DEVIATION),
    "program": (faults.LOOP_RAISED, faults.LOOP_STALLED, faults.TASK_DIED, faults.WATCHDOG, faults.BLIND),
    "button": (faults.MODE_STUCK,),
    "broken": (
        faults.RAIL_STUCK, faults.RAIL_HELD, faults.FAULT_LINE, faults.LEAK, faults.DAC, faults.RSET, faults.REST,
        faults.RELAY, faults.WATCH, faults.TRIP,
    ),
    "rail": (faults.RAIL_DEAD,),
    "wet": (faults.SENSE_OFFSET,),
    "cell": (faults.BATTERY,),
    "heat": (faults.TEMPERATURE,),
    "files": (faults.PRESETS, faults.START_FAILED),
}  # fmt: skip
