"""The world around the processor, and the boards: what the simulator, the emulated chip, SPICE and the page share."""
