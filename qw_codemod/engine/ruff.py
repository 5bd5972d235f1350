"""Runs ruff on a text, with the configuration that counts for a path."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

_SECONDS = 60  # for one run; it takes some milliseconds


class Failed(Exception):
    """Ruff could not do it; the text says why."""


def run(path: str, data: bytes, arguments: Iterable[str]) -> bytes:
    """What ruff prints. Raises Failed, OSError, ImportError, subprocess.TimeoutExpired."""
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]

    rest = ("--no-cache", "--force-exclude", "--stdin-filename", path, "-")
    command = (find_ruff_bin(), *arguments, *rest)
    done = subprocess.run(command, input=data, capture_output=True, timeout=_SECONDS, check=False)
    if done.returncode:
        lines = [each.strip() for each in done.stderr.decode(errors="replace").splitlines()]
        name = Path(command[0]).stem
        raise Failed("; ".join(filter(None, lines)) or f"{name} ended with {done.returncode}")
    return done.stdout
