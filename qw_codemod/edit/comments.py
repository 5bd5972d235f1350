"""Comments in LibCST that tell a linter or a type checker to pass over something."""

from __future__ import annotations

import re
from collections.abc import Sequence

import libcst as cst

from qw_codemod.python.suppressions import suppresses

_NOTHING_ELSE = re.compile(
    r"""(?:\#\s*(?:
        noqa(?:\s*:\s*[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*)?
        |nosec(?:\s*:?\s*B[0-9]+(?:[\s,]+B[0-9]+)*)?
        |(?:type|pyright|pyrefly|ty):\s*ignore\s*(?:\[[^\]]*\])?
        |pylint:\s*disable(?:-next)?=[\w-]+(?:\s*,\s*[\w-]+)*
    )\s*)+""",
    re.X,
)


def parted(lines: Sequence[cst.EmptyLine]) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """Lines above something, and the last of them, which suppress something in what follows."""
    at = len(lines)
    for index in reversed(range(len(lines))):
        comment = lines[index].comment
        if comment is None or not suppresses(comment.value):
            break
        at = index
    return list(lines[:at]), list(lines[at:])


def goes_along(comment: cst.Comment | None) -> bool:
    """Whether a comment has nothing to say once the code is gone that a tool found fault with."""
    return comment is not None and _NOTHING_ELSE.fullmatch(comment.value) is not None


def excludes_from_coverage(comment: cst.Comment | None) -> bool:
    """Whether a comment counts at the end of a line of code alone: `# pragma: no cover`."""
    return comment is not None and re.search(r"#\s*pragma:\s*no\s", comment.value) is not None
