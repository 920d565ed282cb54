"""What MicroPython's compiler knows by name, for CPython: the tools on the laptop import the parts without hardware.

`const` makes a name a number where it is compiled. `micropython.viper` makes a method machine code, in which `ptr8`,
`ptr16` and `ptr32` see the elements of an array as machine words: a look-up costs a microsecond or two, a word nothing.
Stored numbers stay between 0 and 2^31, so that they mean the same to a 64 bit MicroPython and to Python.
"""


def _same(it):
    return it


ptr8 = ptr16 = ptr32 = _same  # viper has its own
try:
    import micropython
    from micropython import const
except ImportError:
    const = _same

    class micropython:  # type: ignore[no-redef]
        native = staticmethod(_same)
        viper = staticmethod(_same)
