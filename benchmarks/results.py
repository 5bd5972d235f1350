"""RESULTS.md: the last figures of each benchmark, and the machine that they were taken on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

FILE = Path(__file__).parent / "RESULTS.md"

_HEAD = (
    "# Results\n\n"
    "Written by `python -m benchmarks`: a section by the last run of its benchmark over everything."
    "\n"
)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, fit to be read as it is: the first column left, others right."""
    lines = [list(heads), *map(list, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    made = []
    for line in (lines[0], rule, *lines[1:]):
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        made.append(f"| {' | '.join(cells)} |")
    return "\n".join(made)


def record(section: str, text: str) -> None:
    """Put a section in the place of the one of the same name, or at the end."""
    old = FILE.read_text("utf-8") if FILE.exists() else _HEAD
    head, *parts = re.split(r"^## ", old, flags=re.MULTILINE)
    sections = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts}
    sections[section] = f"{machine()}\n\n{text}"
    body = "".join(f"\n## {name}\n\n{each}\n" for name, each in sorted(sections.items()))
    FILE.write_text(head.strip() + "\n" + body, "utf-8")


def machine() -> str:
    """What the figures depend on, in one line."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return (
        f"qw-codemod {version('qw-codemod')}, {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()} {platform.machine()}, {_processor()}, "
        f"{os.cpu_count()} cores, load average {load:.1f} at the end."
    )


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    if known.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", known.read_text("utf-8"), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or "unknown processor"
