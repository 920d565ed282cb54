"""The output report: what a device's presets put out, against the limits, in one HTML file. README.md shows it."""
