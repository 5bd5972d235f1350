"""YAML files, read by a scanner that knows where scalars and comments are, and no more.

It finds comments (a `#` in a quoted or a block scalar is none) and says what no YAML may hold: a
quote or a bracket that is not closed, a tab that indents. Templates of YAML, which no parser takes,
can be read in this way too. A family that needs values brings a parser of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from qw_codemod.kernel.document import Comment, Document, Language

_HEADER = re.compile(r"[|>][+-]?([1-9])?[+-]?[ \t]*(?=$|(?<=[ \t])#)")
_PROPERTY = re.compile(r"[&!]\S*")  # an anchor, or a tag
_PLAIN = {  # a plain scalar ends before these; in brackets it ends earlier
    False: re.compile(r"(?:(?!:(?:\s|$))(?!(?<=\s)#).)+"),
    True: re.compile(r"(?:(?!:(?:[\s,\[\]{}]|$))(?!(?<=\s)#)[^,\[\]{}])+"),
}
_QUOTED = {'"': re.compile(r'(?:[^"\\]|\\.)*'), "'": re.compile(r"(?:[^']|'')*")}
_MARK = re.compile(r"(?:---|\.\.\.)(?=\s|$)")


class YamlFile(Document):
    """A YAML file, of one document or several."""

    @cached_property
    def _scan(self) -> _Scan:
        scan = _Scan()
        for number in range(1, len(self.line_starts) + 1):
            scan.line(number, self.line_text(number))
        scan.end()
        return scan

    def comments(self) -> Iterator[Comment]:
        """The comments of the file."""
        yield from self._scan.comments

    def why_invalid(self) -> str:
        """The first thing that no YAML may hold; empty if there is none."""
        return next(iter(self._scan.problems), "")


class _Scan:
    """What stands in the lines read so far, and what the next line begins in."""

    def __init__(self) -> None:
        self.comments: list[Comment] = []
        self.problems: list[str] = []
        self._quote = ""  # the sign that closes the scalar in which the line begins
        self._opened = 0  # the line of that quote
        self._brackets: list[tuple[str, int]] = []  # what closes them, and their lines
        self._columns: list[int] = []  # of the keys and dashes around the node, outermost first
        self._block: int | None = None  # the least indentation of the lines of a block scalar
        self._is_first = False  # of these lines: it shows how far they are indented
        self._plain: int | None = None  # of a plain scalar that the next line may go on with

    def line(self, number: int, text: str) -> None:
        """Take in one line."""
        indent = len(text) - len(text.lstrip(" "))
        mark = None if self._quote else _MARK.match(text)
        if not text.strip():
            return
        if self._block is not None:
            if indent >= self._block and not mark:
                self._block = indent if self._is_first else self._block
                self._is_first = False
                return
            self._block = None
        at = mark.end() if mark else 0
        if not self._quote and not self._brackets:
            self._columns = [each for each in self._columns if each < indent and not mark]
            if self._plain is not None and indent > self._plain and text[indent] != "#":
                plain = _PLAIN[False].match(text, indent)
                at = plain.end() if plain else indent
            else:
                self._plain = None
                if text[indent] == "\t" and text.lstrip()[:1] != "#":
                    self.problems.append(f"a tab indents line {number}")
        self._nodes(number, text, at)

    def _nodes(self, number: int, text: str, at: int) -> None:
        """Take in the rest of a line, from a place where a node or a sign begins."""
        begins: int | None = None  # the column of the node whose key, tag or scalar was read
        is_start = True  # of a scalar or a bracket
        while at < len(text):
            sign = text[at]
            if self._quote:
                inner = _QUOTED[self._quote].match(text, at)
                at = inner.end() + 1 if inner else at + 1
                if at > len(text):
                    return
                self._quote, is_start = "", False
                continue
            if sign in " \t":
                at += 1
                continue
            if sign == "#" and text[at - 1 : at] in ("", " ", "\t"):
                self.comments.append(Comment(number, at + 1, text[at:]))
                self._plain = None
                return
            if sign == ":" or (self._brackets and sign == ","):
                if not self._brackets and begins is not None:
                    self._columns.append(begins)
                at, begins, is_start = at + 1, None, True
                continue
            if is_start and sign in "-?" and text[at + 1 : at + 2] in ("", " ", "\t"):
                self._columns.append(at)
                at += 1
                continue
            begins = at if begins is None else begins
            if is_start and sign in _QUOTED:
                self._quote, self._opened = sign, number
                at += 1
            elif is_start and sign in "[{":
                self._brackets.append(("]" if sign == "[" else "}", number))
                at += 1
            elif self._brackets and sign in "]}":
                self._close(number, sign)
                at, is_start = at + 1, False
            elif is_start and (named := _PROPERTY.match(text, at)):
                at = named.end()
            elif is_start and not self._brackets and (header := _HEADER.match(text, at)):
                parent = self._columns[-1] if self._columns else -1
                self._is_first = not header[1]
                self._block = max(parent, 0) + int(header[1]) if header[1] else parent + 1
                at = header.end()
            else:
                at, is_start = self._scalar(text, at), False

    def _scalar(self, text: str, at: int) -> int:
        """The end of a plain scalar, which the next line may go on with unless it is a key."""
        plain = _PLAIN[bool(self._brackets)].match(text, at)
        end = plain.end() if plain else at + 1
        if not self._brackets and self._columns and end == len(text):
            self._plain = self._columns[-1]
        return end

    def _close(self, number: int, sign: str) -> None:
        closes, _ = self._brackets.pop()
        if closes != sign:
            self.problems.append(f"`{sign}` in line {number} closes another bracket")

    def end(self) -> None:
        """Say what is still open."""
        if self._quote:
            self.problems.append(f"a quote that opens in line {self._opened} is not closed")
        for sign, line in self._brackets[:1]:
            opens = "[" if sign == "]" else "{"
            self.problems.append(f"`{opens}` in line {line} is not closed")


YAML = Language("YAML", ("*.yaml", "*.yml"), YamlFile)
