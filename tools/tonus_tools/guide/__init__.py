"""The guide: one printable sheet, both sides, made of the presets in force and of the firmware's own tables."""
