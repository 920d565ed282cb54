"""`tonusctl`: presets, journal and checks of a Tonus device over its USB port. README.md is the manual."""
