"""One Python file: its bytes, its syntax tree, and the way from one to the other."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar

from qw_codemod.kernel.model import Span

WIDTH = 88  # columns of new lines; black's and ruff's default

_LINE_END = re.compile(rb"\r\n|\r|\n")  # Python's line ends, and nothing else
_BOM = b"\xef\xbb\xbf"
_Node = TypeVar("_Node", bound=ast.AST)


def block_of(around: ast.AST | None, child: ast.AST) -> list[ast.stmt]:
    """The statements of the block of `around` that `child` is one of; empty where it is in none."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(around, name, None)
        if isinstance(block, list) and child in block:
            return block
    return []


class UnreadableSource(Exception):
    """The bytes are not Python that this interpreter can parse; `line` is 1-based, 0 if unknown."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class SourceFile:
    """The bytes of a file with everything that is derived from them; all of it lazy."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r})"

    @cached_property
    def encoding(self) -> str:
        """The codec named by the BOM or the coding cookie; `utf-8` otherwise."""
        if self.data.startswith(_BOM):
            return "utf-8"
        if b"coding" not in self.data[:400]:
            return "utf-8"
        try:
            found, _ = tokenize.detect_encoding(io.BytesIO(self.data).readline)
        except SyntaxError as error:
            raise UnreadableSource(str(error), 1) from error
        return "utf-8" if found in ("utf-8-sig", "utf-8") else found

    @cached_property
    def tree(self) -> ast.Module:
        """The module's syntax tree.

        Raises UnreadableSource where the running Python cannot parse the file.
        """
        if b"\0" in self.data:
            line = self.data.count(b"\n", 0, self.data.index(b"\0")) + 1
            raise UnreadableSource("the file holds NUL bytes: is it Python source?", line)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are not our business
            try:
                return ast.parse(self.data)
            except SyntaxError as error:
                raise UnreadableSource(f"cannot parse: {error.msg}", error.lineno or 0) from error
            except (ValueError, LookupError, UnicodeDecodeError) as error:
                raise UnreadableSource(f"cannot parse: {error}") from error
            except (RecursionError, MemoryError) as error:
                raise UnreadableSource("cannot parse: nested too deeply") from error

    def share(self, other: SourceFile) -> bool:
        """Take over the tree of a file with the same bytes; False if this one has its own."""
        mine = self.__dict__.get("tree")
        if mine is not None:
            return mine is other.tree
        self.__dict__["tree"] = other.tree
        self.__dict__["_index"] = other._index
        return True

    @cached_property
    def line_starts(self) -> list[int]:
        """Byte offsets of the lines' first bytes, past a BOM."""
        first = len(_BOM) if self.data.startswith(_BOM) else 0
        return [first, *(match.end() for match in _LINE_END.finditer(self.data))]

    @cached_property
    def newline(self) -> bytes:
        """The line end of the first line; `\\n` for a file of one line."""
        match = _LINE_END.search(self.data)
        return match.group() if match else b"\n"

    def offset(self, line: int, column: int) -> int:
        """The byte offset of an `ast` position (line 1-based, column in UTF-8 bytes)."""
        start = self.line_starts[line - 1]
        if self.encoding == "utf-8":
            return start + column
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.data)
        text = self.data[start:end].decode(self.encoding)
        return start + len(text.encode()[:column].decode().encode(self.encoding))

    def span(self, node: ast.expr | ast.stmt | ast.excepthandler) -> Span:
        """The bytes of a node, without the parentheses around it."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return Span(
            self.offset(node.lineno, node.col_offset),
            self.offset(node.end_lineno, node.end_col_offset),
        )

    def text(self, node: ast.expr | ast.stmt) -> str:
        """The source of a node as text."""
        span = self.span(node)
        return self.data[span.start : span.end].decode(self.encoding, "replace")

    def column(self, line: int, utf8_column: int) -> int:
        """The 1-based column in characters of an `ast` position."""
        start = self.line_starts[line - 1]
        offset = self.offset(line, utf8_column)
        return len(self.data[start:offset].decode(self.encoding, "replace")) + 1

    def line_of(self, offset: int) -> int:
        """The 1-based line that holds a byte offset."""
        import bisect

        return max(1, bisect.bisect_right(self.line_starts, offset))

    @cached_property
    def indent_unit(self) -> str:
        """What the file indents its first block by; four spaces where it has none."""
        for node in self.tree.body:
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and body[0].lineno > node.lineno:
                line = self.line_bytes(body[0].lineno)
                return line[: len(line) - len(line.lstrip(b" \t"))].decode() or "    "
        return "    "

    def line_bytes(self, line: int) -> bytes:
        """One line (1-based) without its line end."""
        start = self.line_starts[line - 1]
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.data)
        return self.data[start:end].rstrip(b"\r\n")

    @cached_property
    def _index(self) -> tuple[dict[type[ast.AST], list[ast.AST]], dict[ast.AST, ast.AST]]:
        by_type: dict[type[ast.AST], list[ast.AST]] = {}
        parents: dict[ast.AST, ast.AST] = {}
        stack: list[ast.AST] = [self.tree]
        while stack:
            node = stack.pop()
            by_type.setdefault(type(node), []).append(node)
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, list):
                    for item in reversed(value):
                        if isinstance(item, ast.AST):
                            parents[item] = node
                            stack.append(item)
                elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                    parents[value] = node
                    stack.append(value)
        return by_type, parents

    def nodes(self, kind: type[_Node]) -> Iterator[_Node]:
        """All nodes of exactly this type."""
        yield from self._index[0].get(kind, ())  # type: ignore[misc]

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node that holds this one; None for the module."""
        return self._index[1].get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around this one, innermost first."""
        parents = self._index[1]
        current = parents.get(node)
        while current is not None:
            yield current
            current = parents.get(current)

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds this node (or is it)."""
        if isinstance(node, ast.stmt):
            return node
        for ancestor in self.ancestors(node):
            if isinstance(ancestor, ast.stmt):
                return ancestor
        raise ValueError("the node does not belong to this file")
