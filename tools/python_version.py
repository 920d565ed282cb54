# Says in one line whether this Python can run the project; written so that any Python can read it.
import sys

LEAST, MOST = (3, 11), (3, 14)

if not LEAST <= tuple(sys.version_info[:2]) <= MOST:
    sys.exit(
        "error: this is Python {}.{}; needed is 3.{} to 3.{}: install one; make PYTHON=python3.{} ... takes it".format(
            sys.version_info[0], sys.version_info[1], LEAST[1], MOST[1], LEAST[1]
        )
    )
