"""`python -m tonus_tools.sim SCENARIO`: see cli.py."""

import sys

from ..ending import guarded


def main() -> int:
    """The command; returns its exit code."""

    def command() -> int:
        from .cli import main

        return main()

    return guarded(command)


if __name__ == "__main__":
    sys.exit(main())
