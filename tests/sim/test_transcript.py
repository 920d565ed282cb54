"""The visit in tonusctl's README, made again: what the commands print is what stands there."""

import re
from pathlib import Path

from tonus_tools.ctl import transcript


def steady(text: str) -> str:
    """Without what another day changes: the clock, and the last digits of what was measured on simulated skin."""
    text = re.sub(r"^(running for|clock) .*$", r"\1", text, flags=re.MULTILINE)
    return re.sub(r"^s\d .*$", lambda row: re.sub(r"[\d.]+ +| +", "# ", row.group()), text, flags=re.MULTILINE)


def test_the_readme_shows_what_is_printed(tmp_path: Path) -> None:
    made = transcript.record(tmp_path)
    assert steady(made) == steady(transcript.committed()), "run python -m tonus_tools.ctl.transcript"
    for name in transcript.PICTURES:
        assert (tmp_path / name).read_bytes()[:4] == b"\x89PNG"
        assert (transcript.VISIT / name).exists()
