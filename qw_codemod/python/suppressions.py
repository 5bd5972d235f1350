"""Comments that tell a tool to pass over a line: the one at whose end or above which they stand."""

from __future__ import annotations

import re
from functools import lru_cache

from qw_codemod.languages.python import SourceFile

# A tool, and what it is to do with the line: `# type: ignore[arg-type]`, `# pylint: disable=E1101`,
# `# pragma: no cover`, `# pyre-fixme[16]`; or the short forms of flake8, ruff and bandit.
_SUPPRESSION = re.compile(
    r"#\s*(?:(?:noqa|nosec|nosem\w*|pyre-(?:ignore|fixme))(?![\w-])"
    r"|[\w-]+:\s*(?:ignore|disable|skip|noqa|no\s+\w+)(?!\w))",
    re.I,
)
# What is said of a whole file, above its first statement.
_OF_FILE = re.compile(
    r"#\s*(?:(?:ruff|flake8|isort|mypy)\b|pylint:\s*(?:disable|skip)(?!-next)|type:\s*ignore\s*(?:#|$))",
    re.I,
)


def suppresses(comment: str) -> bool:
    """Whether a comment keeps a linter or a type checker quiet."""
    return _SUPPRESSION.search(comment) is not None


def behind(source: SourceFile, line: int) -> str:
    """The comment at the end of a line (1-based) that suppresses something; empty without one."""
    text = _comments(source).get(line, (False, ""))
    return "" if text[0] else text[1]


def first_line_above(source: SourceFile, line: int) -> int:
    """The first of the comments directly above a line that suppress something in it; or the line.

    Those that head a file, and are about all of it, are none.
    """
    heads_file = not source.tree.body or line <= source.tree.body[0].lineno
    while (text := above(source, line)) and not (heads_file and _OF_FILE.search(text)):
        line -= 1
    return line


def above(source: SourceFile, line: int) -> str:
    """The comment on the line above that suppresses something and stands alone; or empty."""
    is_alone, text = _comments(source).get(line - 1, (False, ""))
    return text if is_alone else ""


@lru_cache(maxsize=16)
def _comments(source: SourceFile) -> dict[int, tuple[bool, str]]:
    """The comments that suppress something by their lines, and whether each has its line alone."""
    return {
        each.line: (source.line_bytes(each.line).lstrip().startswith(b"#"), each.text)
        for each in source.comments()
        if suppresses(each.text)
    }
