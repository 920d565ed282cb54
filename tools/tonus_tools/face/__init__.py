"""The face: its regions and sides by name, and drawn."""
