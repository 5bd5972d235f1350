"""Which newer Python a file is written for, where the running one cannot parse it."""

from __future__ import annotations

import re
import sys

Version = tuple[int, int]

# By what stands in the line that the parser stops at; each with the version that brought it.
_SINCE: tuple[tuple[Version, re.Pattern[str]], ...] = (
    ((3, 11), re.compile(r"^\s*except\s*\*")),
    ((3, 12), re.compile(r"^\s*(async\s+)?(def|class)\s+\w+\s*\[")),
    ((3, 12), re.compile(r"^\s*type\s+\w+\s*(\[.*\])?\s*=")),
    ((3, 14), re.compile(r"(?<![\w\"'])(t|T|[tT][rR]|[rR][tT])[\"']")),
    # Classes without brackets; Python 2 has a name for the exception there, `except OSError, e:`.
    ((3, 14), re.compile(r"^\s*except\s+(?:[\w.]+\s*,\s*)+(?:\w+\.)*[A-Z]\w*\s*:")),
)
# By what the parser says, where the line alone does not show it.
_SAID: tuple[tuple[Version, re.Pattern[str]], ...] = (
    ((3, 12), re.compile(r"^f-string expression part cannot include")),
)
_STRING = re.compile(r"(?<![\w\"'])(?:[fF]|[fF][rR]|[rR][fF])(\"\"\"|\'\'\'|\"|\')")
_QUOTES = ('"""', "'''", '"', "'")


def written_for(
    line: str, said: str = "", running: Version = sys.version_info[:2]
) -> Version | None:
    """The version that a line needs, of which the parser `said` what is wrong.

    None where the running one would do, as far as can be seen.
    """
    for text, forms in ((line, _SINCE), (said, _SAID)):
        for version, form in forms:
            if version > running and form.search(text):
                return version
    if running < (3, 12):
        for start in _STRING.finditer(line):
            if _nests(line, start.end(), start[1]):
                return (3, 12)
    return None


def _nests(line: str, at: int, quote: str) -> bool:
    """Whether an f-string ends well only if its own quotes, or a backslash, may stand in braces."""
    nested, depth = False, 0
    while at < len(line):
        here = line[at]
        if depth == 0:
            if line.startswith(quote, at):
                return nested
            if line.startswith(("{{", "}}", "\\"), at):
                at += 1
            elif here == "{":
                depth = 1
        elif here in "{[(":
            depth += 1
        elif here in "}])":
            depth -= 1
        elif here in "\"'":
            inner = next(each for each in _QUOTES if line.startswith(each, at))
            end = line.find(inner, at + len(inner))
            if end < 0:
                return False
            nested = nested or inner[0] == quote[0] or "\\" in line[at:end]
            at = end + len(inner) - 1
        at += 1
    return False
