"""One Python file: its bytes, its syntax tree, and the way from one to the other."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeVar

from qw_codemod.kernel.document import BOM, Comment, Document, Language, UnreadableSource
from qw_codemod.kernel.model import Span
from qw_codemod.languages.newer_syntax import written_for

__all__ = ["PYTHON", "WIDTH", "SourceFile", "UnreadableSource", "block_of"]

WIDTH = 88  # columns of new lines; black's and ruff's default

Placed = ast.expr | ast.stmt | ast.excepthandler
_Node = TypeVar("_Node", bound=ast.AST)


# Fields that hold no nodes, or none with a place: `ctx`, operators.
_PLAIN = frozenset(
    "arg asname attr conversion ctx id is_async kind kwd_attrs level lineno module n name op ops "
    "rest s simple tag type_comment type_ignores".split()
)
_NO_NODES = (ast.Constant, ast.Global, ast.MatchSingleton, ast.Nonlocal)


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    if issubclass(kind, _NO_NODES):
        return ()
    if kind.__name__ == "TypeAlias":
        return kind._fields
    return tuple(name for name in kind._fields if name not in _PLAIN)


# The fields of each kind of node that hold other nodes: most of a walk is looking into the others.
FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: _fields(kind)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below one, in the order of its fields; operators and contexts left out."""
    found: list[ast.AST] = []
    for name in FIELDS[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [item for item in value if item is not None]
        elif value is not None:
            found.append(value)
    return found


def block_of(around: ast.AST | None, child: ast.AST) -> list[ast.stmt]:
    """The statements of the block of `around` that `child` is one of; empty where it is in none."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(around, name, None)
        if isinstance(block, list) and child in block:
            return block
    return []


class SourceFile(Document):
    """A Python file; the positions of its nodes are those of `ast`."""

    @cached_property
    def encoding(self) -> str:
        """The codec named by the BOM or the coding cookie; `utf-8` otherwise."""
        if self.data.startswith(BOM):
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
                raise UnreadableSource(self._why_unparsed(error), error.lineno or 0) from error
            except (ValueError, LookupError, UnicodeDecodeError) as error:
                raise UnreadableSource(f"cannot parse: {error}") from error
            except (RecursionError, MemoryError) as error:
                raise UnreadableSource("cannot parse: nested too deeply") from error

    def _why_unparsed(self, error: SyntaxError) -> str:
        lines = self.data.splitlines()
        number = error.lineno or 0
        line = lines[number - 1].decode("utf-8", "replace") if 0 < number <= len(lines) else ""
        version = written_for(line, error.msg)
        if version is None:
            return f"cannot parse: {error.msg}"
        needed, running = ".".join(map(str, version)), ".".join(map(str, sys.version_info[:2]))
        return f"it is written for Python {needed} or newer, and qw-codemod runs on {running}"

    def share(self, other: SourceFile) -> bool:
        """Take over the tree of a file with the same bytes; False if this one has its own."""
        mine = self.__dict__.get("tree")
        if mine is not None:
            return mine is other.tree
        self.__dict__["tree"] = other.tree
        self.__dict__["_index"] = other._index
        return True

    def offset(self, line: int, column: int) -> int:
        """The byte offset of an `ast` position (line 1-based, column in UTF-8 bytes)."""
        start = self.line_starts[line - 1]
        if self.encoding == "utf-8":
            return start + column
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.data)
        text = self.data[start:end].decode(self.encoding)
        return start + len(text.encode()[:column].decode().encode(self.encoding))

    def span(self, node: Placed | Sequence[ast.stmt] | Span) -> Span:
        """The bytes of a node, without the parentheses around it, or of consecutive statements."""
        if isinstance(node, Span):
            return node
        if isinstance(node, Sequence):
            return Span(self.span(node[0]).start, self.span(node[-1]).end)
        assert node.end_lineno is not None and node.end_col_offset is not None
        return Span(
            self.offset(node.lineno, node.col_offset),
            self.offset(node.end_lineno, node.end_col_offset),
        )

    def place(
        self,
        node: ast.expr | ast.stmt | ast.excepthandler | Span,
        at: ast.expr | Span | None = None,
    ) -> tuple[int, int]:
        """Where a person should look; for a call of a method, that is the method's name."""
        shown = at or node
        if isinstance(shown, Span):
            return self.position(shown.start)
        if isinstance(shown, Sequence):
            shown = shown[0]
        if isinstance(shown, ast.Call):
            shown = at = shown.func
        line, column = shown.lineno, shown.col_offset
        if at and isinstance(shown, ast.Attribute) and shown.end_lineno and shown.end_col_offset:
            line, column = shown.end_lineno, shown.end_col_offset - len(shown.attr.encode())
        return line, self.column(line, column)

    def text(self, node: ast.expr | ast.stmt) -> str:
        """The source of a node as text."""
        span = self.span(node)
        return self.data[span.start : span.end].decode(self.encoding, "replace")

    def column(self, line: int, utf8_column: int) -> int:
        """The 1-based column in characters of an `ast` position."""
        return self.column_of(self.offset(line, utf8_column), line)

    @cached_property
    def indent_unit(self) -> str:
        """What the file indents its first block by; four spaces where it has none."""
        for node in self.tree.body:
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and body[0].lineno > node.lineno:
                line = self.line_bytes(body[0].lineno)
                return line[: len(line) - len(line.lstrip(b" \t"))].decode() or "    "
        return "    "

    @cached_property
    def _index(self) -> tuple[dict[type[ast.AST], list[ast.AST]], dict[ast.AST, ast.AST]]:
        by_type: dict[type[ast.AST], list[ast.AST]] = {}
        parents: dict[ast.AST, ast.AST] = {}
        stack: list[ast.AST] = [self.tree]
        while stack:
            node = stack.pop()
            kind = node.__class__
            try:
                by_type[kind].append(node)
            except KeyError:
                by_type[kind] = [node]
            for name in FIELDS[kind]:
                value = getattr(node, name)
                if value.__class__ is list:
                    for item in value[::-1]:
                        if item is not None:
                            parents[item] = node
                            stack.append(item)
                elif value is not None:
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

    # -- the language ---------------------------------------------------------------------------

    def check_readable(self) -> None:
        """Raise UnreadableSource where the file has no tree, or bytes of another encoding.

        `ast.parse` lets stray bytes through in comments, Python does not.
        """
        _ = self.tree
        try:
            self.data.decode(self.encoding)
        except UnicodeDecodeError as error:
            message = f"not {self.encoding}, and no coding cookie says what else"
            raise UnreadableSource(message, self.line_of(error.start)) from error

    def comments(self) -> Iterator[Comment]:
        """The comments; those before a place at which the tokenizer gives up."""
        text = self.data.decode(self.encoding, "replace").removeprefix("\ufeff")
        try:
            for token in tokenize.generate_tokens(io.StringIO(text, newline=None).readline):
                if token.type == tokenize.COMMENT:
                    line, column = token.start
                    yield Comment(line, column + 1, token.string)
        except (tokenize.TokenError, SyntaxError):
            return  # the pure-Python tokenizer gives up on some files that the parser takes

    def why_invalid(self) -> str:
        """Why the compiler refuses the file; `ast.parse` lets more through."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                compile(self.data, self.path, "exec", dont_inherit=True)
            except SyntaxError as error:
                return f"{error.msg} (line {error.lineno})"
            except (ValueError, RecursionError, MemoryError, OverflowError) as error:
                return str(error) or type(error).__name__
        return ""


PYTHON = Language("Python", ("*.py",), SourceFile, (b"python",))
