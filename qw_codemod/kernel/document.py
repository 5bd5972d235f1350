"""One file of any language: its bytes, lines and columns, and what a language has to say of it.

A language is a `Language`: the names of its files, and a subclass of `Document` that reads one. The
engine lists, suppresses, edits and guards through these two and knows no syntax itself:

    class IniFile(Document):
        def comments(self) -> Iterator[Comment]: ...
        def why_invalid(self) -> str: ...

    INI = Language("INI", ("*.ini", "*.cfg"), IniFile)
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import cache, cached_property
from typing import Any, NamedTuple

from qw_codemod.kernel.model import Span

BOM = b"\xef\xbb\xbf"

_LINE_END = re.compile(rb"\r\n|\r|\n")


class UnreadableSource(Exception):
    """The bytes cannot be read in their language; `line` is 1-based, 0 if unknown."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Comment(NamedTuple):
    """A comment with the sign that opens it; line and column are 1-based, in characters."""

    line: int
    column: int
    text: str


class Document:
    """The bytes of a file with everything that is derived from them; all of it lazy."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    # -- what a language adds -------------------------------------------------------------------

    @property
    def encoding(self) -> str:
        """The codec of the bytes behind a byte order mark."""
        return "utf-8"

    def check_readable(self) -> None:
        """Raise UnreadableSource where the bytes are none of this language."""
        if b"\0" in self.data:
            line = self.line_of(self.data.index(b"\0"))
            raise UnreadableSource("the file holds NUL bytes: is it text?", line)
        try:
            self.data.decode(self.encoding)
        except UnicodeDecodeError as error:
            message = f"not {self.encoding}"
            raise UnreadableSource(message, self.line_of(error.start)) from error

    def comments(self) -> Iterable[Comment]:
        """The comments, in which suppressions may stand."""
        return ()

    def why_invalid(self) -> str:
        """Why the language refuses the text; empty if it does not. Asked about edited texts."""
        return ""

    def span(self, node: Any) -> Span:
        """The bytes of what a rule points at: a Span, or a node of the language's own."""
        assert isinstance(node, Span)
        return node

    def place(self, node: Any, at: Any = None) -> tuple[int, int]:
        """The line and the column (1-based, in characters) at which a person should look.

        `at` is the part of the node that matters, where a rule names one.
        """
        return self.position(self.span(at or node).start)

    # -- bytes, lines and columns ---------------------------------------------------------------

    @cached_property
    def line_starts(self) -> list[int]:
        """Byte offsets of the lines' first bytes, past a byte order mark."""
        first = len(BOM) if self.data.startswith(BOM) else 0
        return [first, *(match.end() for match in _LINE_END.finditer(self.data))]

    @cached_property
    def newline(self) -> bytes:
        """The line end of the first line; `\\n` for a file of one line."""
        match = _LINE_END.search(self.data)
        return match.group() if match else b"\n"

    def line_of(self, offset: int) -> int:
        """The 1-based line that holds a byte offset."""
        return max(1, bisect_right(self.line_starts, offset))

    def line_bytes(self, line: int) -> bytes:
        """One line (1-based) without its line end."""
        start = self.line_starts[line - 1]
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.data)
        return self.data[start:end].rstrip(b"\r\n")

    def line_text(self, line: int) -> str:
        """The same as text; bytes that cannot be decoded are replaced."""
        return self.line_bytes(line).decode(self.encoding, "replace")

    def column_of(self, offset: int, line: int = 0) -> int:
        """The 1-based column in characters of a byte offset, in its line or a given one."""
        start = self.line_starts[(line or self.line_of(offset)) - 1]
        return len(self.data[start:offset].decode(self.encoding, "replace")) + 1

    def position(self, offset: int) -> tuple[int, int]:
        """The line and the column of a byte offset, 1-based, the column in characters."""
        line = self.line_of(offset)
        return line, self.column_of(offset, line)

    def source_of(self, span: Span) -> str:
        """The text of a span."""
        return self.data[span.start : span.end].decode(self.encoding, "replace")


@dataclass(frozen=True, slots=True)
class Language:
    """Which files are of a language, and how one is read.

    `patterns` are globs of file names. A file that is named on the command line is of the language
    too where its first line starts one of the `interpreters`.
    """

    name: str
    patterns: tuple[str, ...]
    document: type[Document]
    interpreters: tuple[bytes, ...] = ()

    def matches(self, path: str) -> bool:
        """Whether a file of that name is of this language."""
        return bool(_names(self.patterns).match(path.rpartition("/")[2]))


@cache
def _names(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


def language_of(path: str, languages: Iterable[Language]) -> Language | None:
    """The first language whose files have such names."""
    return next((each for each in languages if each.matches(path)), None)
