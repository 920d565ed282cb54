"""The presets the device offers: the four that ship with it, in the order MODE steps through them."""

from . import preset

SHIPPED = ("lift", "firm", "absorb", "calm")


def shipped() -> list[preset.Preset]:
    """The shipped presets. OSError or PresetError when one is missing or damaged."""
    folder = __file__.rsplit("/", 1)[0] + "/presets/"
    presets = []
    for id in SHIPPED:
        with open(folder + id + ".json") as f:
            presets.append(preset.parse(f.read()))
    return presets
