"""The emulated device: the real MicroPython image on an emulated RP2040, in the same world as the simulator."""
