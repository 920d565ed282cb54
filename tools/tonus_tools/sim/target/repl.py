"""MicroPython's prompt on the simulated console: what follows main.py when that ends, as it does in safe mode.

The friendly prompt, with line editing as far as backspace, and the raw one that mpremote speaks, byte for byte as in
MicroPython's shared/runtime/pyexec.c; without paste modes, history and completion. Code sees the flash for its only
file system, and nothing of the host. Ctrl-C breaks it off when it next lets time pass: a loop that calls no hardware
and does not sleep stops the simulated device's time for good.
"""

import builtins
import gc
import io
import os
import sys

import core
import vfs

CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = 1, 2, 3, 4, 5
POLL_US = 1000  # one frame of USB
COMPOUND = ("if", "while", "for", "try", "with", "def", "class", "async")

HELP = """Welcome to MicroPython on a simulated device.

The pins, the ADC, the PIO and the flash are simulated; time is too. What is on the flash: os.listdir()
CTRL-A  on a blank line, enter raw REPL mode
CTRL-B  on a blank line, enter normal REPL mode
CTRL-C  interrupt a running program
CTRL-D  on a blank line, do a soft reset: main.py runs again
"""


class _Os:
    """The `os` module without the host's: what code could leave the simulated flash by."""


class _Vfs:
    """The `vfs` module, likewise."""


_HOST = ("VfsPosix", "system", "getenv", "putenv", "unsetenv")
_NO_MODULES = ("ffi", "socket", "usocket", "termios")


def install(console_sys, board_name, mounted=""):
    """Close the doors to the host, and lead to the console what the interpreter would print past it.

    console_sys is the `sys` that firmware sees. mounted: a path at the root that the device does not have. What is
    imported after this belongs to the firmware.
    """

    def ilistdir(*path):
        return (entry for entry in os.ilistdir(*path) if "/" + entry[0] != mounted)

    for stand_in, module in ((_Os, os), (_Vfs, vfs)):
        for name in dir(module):
            if name not in _HOST and not name.startswith("__"):
                setattr(stand_in, name, getattr(module, name))
    _Os.ilistdir = ilistdir
    _Os.listdir = lambda *path: [entry[0] for entry in ilistdir(*path)]
    sys.modules["os"] = sys.modules["uos"] = _Os
    sys.modules["vfs"] = _Vfs
    for name in _NO_MODULES:
        sys.modules[name] = None
    console_sys.stderr = console_sys.stdout
    console_sys.print_exception = _print_exception
    builtins.__repl_print__ = _repl_print
    builtins.help = _help
    builtins.input = _input
    global _banner, _ours
    _banner = "%s; simulated %s with RP2040\n" % (sys.version.split("; ")[1], board_name)
    _ours = set(sys.modules)


_banner = ""
_ours = set()  # modules that no soft reset forgets


def _print_exception(problem, file=None):
    """Print a traceback, the simulator's own lines left out."""
    text = io.StringIO()
    sys_print_exception(problem, text)
    here = __file__.rsplit("/", 1)[0]
    kept = [line for line in text.getvalue().split("\n") if not line.startswith('  File "' + here)]
    if file is None:
        print("\n".join(kept), end="")
    else:
        file.write("\n".join(kept))


sys_print_exception = sys.print_exception


def _repl_print(value):
    """What a statement typed at the prompt evaluates to."""
    if value is not None:
        print(repr(value))
        builtins._ = value


def _help(*about):
    if not about:
        print(HELP, end="")
        return
    print("object %s is of type %s" % (about[0], type(about[0]).__name__))
    for name in dir(about[0]):
        print("  %s -- %s" % (name, getattr(about[0], name)))


def _input(prompt=""):
    end, line = Prompt(core.machine).line(prompt)
    if end == CTRL_C:
        raise KeyboardInterrupt
    if end == CTRL_D:
        raise EOFError
    return str(line, "utf-8")


def soft_reset(chip):
    """As MicroPython 1.28 on the RP2040: timers, PIO, PWM and modules go, pins keep their levels."""
    chip.stop_peripherals()
    for pin in chip.pins:
        if pin.hz:
            pin.hz = 0
            if pin.role == "BEEPER":
                pin.show(chip, 0)
    for name in list(sys.modules):
        if name not in _ours and not name.startswith("asyncio"):
            del sys.modules[name]
    gc.collect()  # files that nobody closed are closed now, while their file system is there


class Prompt:
    """The prompt of a device; `raw` is its mode, and outlives a soft reset."""

    def __init__(self, chip):
        self.raw = False
        self._chip = chip
        self._last_end = 0  # of a line, to take \r\n for one

    def run(self, names):
        """Until a soft reset is asked for. `names` are the globals of what is typed."""
        names["__name__"] = "__main__"
        usb = self._chip.usb
        usb.at_prompt = True
        try:
            while not (self._raw(names) if self.raw else self._friendly(names)):
                pass
            self._say("MPY: soft reboot\n")
        finally:
            usb.at_prompt = False

    def line(self, prompt):
        """Ask for a line: (the control character that ended it or 0, the bytes)."""
        self._say(prompt)
        line = bytearray()
        while True:
            key = self._key()
            again = key in (10, 13) and key + self._last_end == 23
            self._last_end = key if key in (10, 13) and not again else 0
            if again:
                continue
            if key == CTRL_C or (not line and CTRL_A <= key <= CTRL_E):
                self._say("\n")
                return key, line
            if key in (10, 13):
                self._say("\n")
                return 0, line
            if key in (8, 127):
                if line:
                    line = line[:-1]
                    self._say("\b\x1b[K")
            elif key == 27:
                self._skip_escape()
            elif 32 <= key <= 126:
                line.append(key)
                self._say(chr(key))

    # What it is made of.

    def _say(self, text):
        core.spend(1)
        self._chip.usb.write(text)

    def _key(self):
        chip = self._chip
        core.spend(1)
        while not chip.usb.readable():
            chip.run_until(chip.now + POLL_US)
        return chip.usb.read()

    def _skip_escape(self):
        """An arrow or another key that sends a sequence."""
        key = self._key()
        if key in (0x4F, 0x5B):
            while not 0x40 <= self._key() <= 0x7E:
                pass

    def _friendly(self, names):
        """Until this mode ends; True for a soft reset."""
        self._say(_banner + 'Type "help()" for more information.\n')
        while True:
            end, line = self.line(">>> ")
            if end == CTRL_A:
                self.raw = True
                return False
            if end == CTRL_B:
                return False
            if end == CTRL_D:
                return True
            if end or not line:
                continue
            if _word(line) in COMPOUND:
                # An empty line, or Ctrl-D, ends a compound statement.
                while True:
                    end, more = self.line("... ")
                    if end or not more:
                        break
                    line += b"\n" + more
                if end == CTRL_C:
                    continue
            if self._execute(line, "single", names, ""):
                return True

    def _raw(self, names):
        """Likewise."""
        line = bytearray()
        self._say("raw REPL; CTRL-B to exit\n>")
        while True:
            key = self._key()
            if key == CTRL_A:
                if line == b"\x05A":
                    self._say("R\x00")  # raw-paste is understood, but there is none
                else:
                    self._say("raw REPL; CTRL-B to exit\n>")
                line = bytearray()
            elif key == CTRL_B:
                self._say("\n")
                self.raw = False
                return False
            elif key == CTRL_C:
                line = bytearray()
            elif key == CTRL_D:
                self._say("OK")
                if not line:
                    self._say("\n")
                    return True
                if self._execute(line, "exec", names, "\x04"):
                    return True
                line = bytearray()
                self._say(">")
            else:
                line.append(key)

    def _execute(self, source, kind, names, mark):
        """Run what was typed; `mark` follows its output, and the error. True when it wants a soft reset: SystemExit."""
        chip = self._chip
        problem = None

        def keys():
            if chip.usb.interrupted():
                raise KeyboardInterrupt

        try:
            code = compile(str(source, "utf-8"), "<stdin>", kind)
            chip.watch(keys)
            exec(code, names)
        except (Exception, KeyboardInterrupt, SystemExit) as ended:
            problem = ended
        finally:
            chip.watch(None)
        self._say(mark)
        if problem is not None and not isinstance(problem, SystemExit):
            _print_exception(problem)
        self._say(mark)
        return isinstance(problem, SystemExit)


def _word(line):
    """The word that a line begins with."""
    word = ""
    for byte in line:
        if not (byte == 95 or chr(byte).isalpha()):
            break
        word += chr(byte)
    return word
