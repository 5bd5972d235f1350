"""Changes as a unified diff of bytes that `git apply` and `patch` take."""

from __future__ import annotations

import difflib

_NO_END = b"\\ No newline at end of file\n"


def render(path: str, before: bytes, after: bytes, context: int = 3) -> bytes:
    """The diff of one file; a line ends at `\\n` alone, so that CRLF stays part of the line."""
    name = path.encode()
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        _lines(before),
        _lines(after),
        b"a/" + name,
        b"b/" + name,
        n=context,
    )
    return b"".join(line if line.endswith(b"\n") else line + b"\n" + _NO_END for line in lines)


def _lines(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines
