"""How much memory a command takes, with all the processes that it starts."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.02  # seconds
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.M)
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.M)  # the most that was resident so far


@dataclass(slots=True)
class Peak:
    """The most that was seen, in megabytes; 0 where the system has no /proc.

    `together` counts what processes share once (PSS), `largest` is of one process (RSS).
    """

    together: float = 0.0
    largest: float = 0.0


def measure(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Peak:
    """Run a command and look at its processes all the time; their output goes nowhere."""
    peak, over = Peak(), threading.Event()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, over))
        watcher.start()
        process.wait()
        over.set()
        watcher.join()
    return peak


def _watch(top: int, peak: Peak, over: threading.Event) -> None:
    while not over.wait(_EVERY):
        together = 0.0
        for process in _family(top):
            now, most = _memory(process)
            together += now
            peak.largest = max(peak.largest, most)
        peak.together = max(peak.together, together)


def _family(top: int) -> Iterator[int]:
    """A process and all below it."""
    yield top
    with contextlib.suppress(OSError):  # it has just ended
        for children in Path(f"/proc/{top}/task").glob("*/children"):
            for child in children.read_text("ascii").split():
                yield from _family(int(child))


def _memory(process: int) -> tuple[float, float]:
    """What a process takes now, what is shared divided by those who share it; and its peak."""
    found = []
    for name, pattern in (("smaps_rollup", _PSS), ("status", _PEAK)):
        text = ""
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{process}/{name}").read_text("utf-8")
        value = pattern.search(text)
        found.append(int(value[1]) / 1024 if value else 0.0)
    return found[0], found[1]
