"""`python -m tonus_tools.image`: see cli.py."""

import sys

from .cli import main

sys.exit(main())
