"""The simulated device: runs the firmware's own files under the real MicroPython and measures at the electrodes.

`python -m tonus_tools.sim SCENARIO` runs one. SCENARIOS.md and TRACE.md, here, are the two formats.
"""
