"""The image: MicroPython and a file system with the firmware, in one UF2; putting it on a device."""
