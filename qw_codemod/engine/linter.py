"""Keeps a file that is written anew clean under the linter of the project."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

from qw_codemod.engine import ruff
from qw_codemod.engine.layout_settings import has_ruff

_QUIET = ("check", "--exit-zero", "--quiet")
# A fix needs the syntax of Python 3.12, which may be newer than what runs here.
_OLDER_SYNTAX = frozenset({"UP046", "UP047"})
_PROBLEMS = (ruff.Failed, OSError, ImportError, ValueError, subprocess.TimeoutExpired)


def linted(path: str, data: bytes) -> bytes:
    """The text of a new file with the safe fixes of ruff, where the project configures it.

    The folder of `path` must be there: whether it is a package counts. A fix that the Python which
    runs here cannot parse is not taken.
    """
    if not has_ruff(Path(path).absolute().parent):
        return data
    try:
        fixed = ruff.run(path, data, (*_QUIET, "--fix-only"))
        if fixed and fixed != data and _is_valid(fixed):
            data = ruff.run(path, fixed, (*_QUIET, "--fix-only", "--isolated", "--select", "F401"))
        return _excused(data, _left(path, data))
    except _PROBLEMS:
        return data  # `complaint` says so


def complaint(path: str, data: bytes) -> str:
    """What the project's ruff still says of a text: its codes, or why it could not be run."""
    if not has_ruff(Path(path).absolute().parent):
        return ""
    try:
        codes = sorted({code for code, _ in _left(path, data)})
    except _PROBLEMS as error:
        return f"not linted: {error}"
    return f"ruff check still says {', '.join(codes)}" if codes else ""


def _left(path: str, data: bytes) -> list[tuple[str, int]]:
    """The codes of what ruff refuses, with the lines that a `noqa` has to stand in."""
    told = json.loads(ruff.run(path, data, (*_QUIET, "--output-format", "json")) or b"[]")
    return [(str(each["code"]), int(each["noqa_row"] or each["location"]["row"])) for each in told]


def _excused(data: bytes, left: list[tuple[str, int]]) -> bytes:
    """The text with a `noqa` where it is written for older Pythons too."""
    lines = data.splitlines(keepends=True)
    for code, row in left:
        if code in _OLDER_SYNTAX:
            line = lines[row - 1]
            text = line.rstrip(b"\r\n")
            lines[row - 1] = text + f"  # noqa: {code}".encode() + line[len(text) :]
    excused = b"".join(lines)
    return excused if _is_valid(excused) else data


def _is_valid(data: bytes) -> bool:
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
