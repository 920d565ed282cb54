"""What makes the simulator fast under MicroPython, and what MicroPython's compiler knows by name, for CPython."""


def _same(it):
    return it


ptr16 = ptr32 = _same  # viper has its own
try:
    import micropython
    from micropython import const
except ImportError:
    const = _same

    class micropython:
        native = viper = staticmethod(_same)


ROOM = 160  # attributes


def bind(instance, *methods):
    """Keep bound methods as attributes of their instance.

    MicroPython looks a method up in the instance's own table first, and in a full table that search goes all the way
    round: with objects as large as these, it was a third of a simulation's time.
    """
    for name in methods:
        setattr(instance, name, getattr(instance, name))


def roomy(instance):
    """Make room for many attributes in an instance's table, before it has any: in a full one a look-up takes long."""
    names = ["_%d" % i for i in range(ROOM)]
    for name in names:
        setattr(instance, name, None)
    for name in names:
        delattr(instance, name)
