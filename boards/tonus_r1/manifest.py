# What is frozen into MicroPython: its own modules, the firmware, this board, and the shipped presets.

import atexit
import shutil
import tempfile
from pathlib import Path

include("$(PORT_DIR)/boards/manifest.py")
package("tonus", base_path="../../firmware")
module("main.py", base_path="../../firmware")
module("board.py")

# Only modules can be frozen, so the presets become one; boot.py makes files of them again.
_folder = tempfile.mkdtemp(prefix="tonus-frozen-")
atexit.register(shutil.rmtree, _folder)
_presets = sorted(Path("../../firmware/tonus/presets").glob("*.json"))
_texts = {path.name: path.read_text(encoding="utf-8") for path in _presets}
Path(_folder, "shipped_presets.py").write_text(f"TEXTS = {_texts!r}\n", encoding="utf-8")
module("shipped_presets.py", base_path=_folder)
module("boot.py", base_path="frozen")
