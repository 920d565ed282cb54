"""The page that runs the device and programs it: made of tools/web, the firmware and MicroPython for browsers."""
