"""What MicroPython's compiler knows by name, for CPython: the tools on the laptop import the parts without hardware.

`const` makes a name a number where it is compiled. `micropython.viper` makes a method machine code, in which `ptr8`,
`ptr16` and `ptr32` see the elements of an array as machine words: a look-up costs a microsecond or two, a word nothing.
Numbers read so are between 0 and 2^31: those mean the same to a 64 bit MicroPython and to Python.
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

    class _Words:
        """An array's elements. What a processor would cut short or find elsewhere raises: OverflowError, IndexError."""

        def __init__(self, its, least: int = -0x80000000, most: int = 0x7FFFFFFF) -> None:
            self._its, self._least, self._most = its, least, most

        def __getitem__(self, i: int) -> int:
            value: int = self._its[i]
            if i < 0:
                raise IndexError("%d" % i)
            if value < 0:
                raise OverflowError("%d at %d; allowed 0 and more" % (value, i))
            return value

        def __setitem__(self, i: int, value: int) -> None:
            if i < 0:
                raise IndexError("%d" % i)
            if not self._least <= value <= self._most:
                raise OverflowError("%d at %d; allowed %d..%d" % (value, i, self._least, self._most))
            self._its[i] = value

    ptr32 = _Words

    def ptr16(its):
        return _Words(its, 0, 0xFFFF)

    def ptr8(its):
        return _Words(its, 0, 0xFF)
