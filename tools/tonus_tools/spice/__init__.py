"""The electrode stage of tonus_r1 in SPICE: boards/tonus_r1/stage.cir, run by ngspice. README.md beside this file."""
