"""How far a long run is, on a terminal and nowhere else."""

from __future__ import annotations

import time
from typing import TextIO

_SILENCE = 1.0  # seconds before anything is shown: most runs are over by then
_PACE = 0.1  # seconds between two pictures


class Progress:
    """A line on the error stream that is painted over, and wiped at the end."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = total
        self._on = stream.isatty()
        self._start = self._last = time.monotonic()
        self._painted = False

    def __call__(self, done: int) -> None:
        """Say that so many files are done."""
        now = time.monotonic()
        if not self._on or now - self._start < _SILENCE or now - self._last < _PACE:
            return
        self._last = now
        self._painted = True
        part = done / max(1, self._total)
        bar = "#" * int(20 * part) + "." * (20 - int(20 * part))
        rate = done / (now - self._start)
        self._stream.write(f"\r[{bar}] {done}/{self._total} files, {rate:.0f}/s \x1b[K")
        self._stream.flush()

    def wipe(self) -> None:
        """Leave an empty line."""
        if self._painted:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._painted = False
