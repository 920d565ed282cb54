"""`python -m tonus_tools.ctl` is `tonusctl`."""

from .cli import main

main()
