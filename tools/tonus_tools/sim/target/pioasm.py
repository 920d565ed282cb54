"""A small PIO assembler: the instructions the firmware uses, encoded as the RP2040 datasheet (3.4) says.

MicroPython's own decorator finds its names by swapping the function's globals; here they are lent through `builtins`
while the function runs, which works on every interpreter.
"""

import builtins

_DEST = {"pins": 0, "x": 1, "y": 2, "null": 3, "pindirs": 4, "pc": 5, "isr": 6, "exec": 7}
_MOV_DEST = {"pins": 0, "x": 1, "y": 2, "exec": 4, "pc": 5, "isr": 6, "osr": 7}
_MOV_SOURCE = {"pins": 0, "x": 1, "y": 2, "null": 3, "status": 5, "isr": 6, "osr": 7}
_SET_DEST = {"pins": 0, "x": 1, "y": 2, "pindirs": 4}
_CONDITIONS = {"not_x": 1, "x_dec": 2, "not_y": 3, "y_dec": 4, "x_not_y": 5, "pin": 6, "not_osre": 7}
_NAMES = ("pins", "x", "y", "null", "isr", "osr", "x_dec", "y_dec", "not_x", "not_y")


class Program:
    """Assembled: `words` (16 bit), `wrap_target` and `wrap` (addresses), and the decorator's keyword arguments."""

    def __init__(self, options):
        self.words = []
        self.wrap_target = 0
        self.wrap = -1
        self.options = options


class _Delay:
    """What an instruction returns, so that `[n]` can add its delay."""

    def __init__(self, program):
        self._program = program

    def __getitem__(self, cycles):
        self._program.words[-1] |= cycles << 8
        return self


def assemble(function, options):
    """Run a decorated function twice, labels first, and return its Program."""
    labels = {}
    program = None
    for final in (False, True):
        program = Program(options)
        names = _instructions(program, labels, final)
        kept = {name: getattr(builtins, name) for name in names if hasattr(builtins, name)}
        for name in names:
            setattr(builtins, name, names[name])
        try:
            function()
        finally:
            for name in names:
                if name in kept:
                    setattr(builtins, name, kept[name])
                else:
                    delattr(builtins, name)
    if program.wrap < 0:
        program.wrap = len(program.words) - 1
    return program


def _instructions(program, labels, final):
    delay = _Delay(program)

    def add(word):
        program.words.append(word)
        return delay

    def label(name):
        labels[name] = len(program.words)

    def wrap_target():
        program.wrap_target = len(program.words)

    def wrap():
        program.wrap = len(program.words) - 1

    def jmp(condition, target=None):
        if target is None:
            condition, target = None, condition
        return add((_CONDITIONS[condition] if condition else 0) << 5 | (labels[target] if final else 0))

    def names():
        return {
            "label": label,
            "wrap_target": wrap_target,
            "wrap": wrap,
            "jmp": jmp,
            "pull": lambda block=1: add(0x8080 | (1 if block else 0) << 5),
            "out": lambda destination, count: add(0x6000 | _DEST[destination] << 5 | count & 31),
            "set": lambda destination, value: add(0xE000 | _SET_DEST[destination] << 5 | value),
            "mov": lambda destination, source: add(0xA000 | _MOV_DEST[destination] << 5 | _MOV_SOURCE[source]),
            "irq": lambda index: add(0xC000 | index),
            "rel": lambda index: 0x10 | index,
            "nop": lambda: add(0xA042),
            "block": 1,
            "noblock": 0,
        }

    every = names()
    every.update({name: name for name in _NAMES})
    return every
