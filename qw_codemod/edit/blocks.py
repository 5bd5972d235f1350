"""Blocks cut out in a frame of their own indentation: what stands bare, LibCST re-indents.

A compound statement, a run of statements or an `except` clause is parsed with its indentation,
below the head of a function or a `try` where it needs one. Its new form is printed in the same
frame, so that tabs, odd depths and line ends stay, and the lines of a string are never moved.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from qw_codemod.edit import reasons
from qw_codemod.kernel.model import Span
from qw_codemod.languages.python import SourceFile
from qw_codemod.rules.api import CannotFix

Handler = cst.ExceptHandler | cst.ExceptStarHandler
Block = Handler | cst.BaseStatement | cst.BaseSmallStatement | cst.IndentedBlock

_COMMENT = re.compile(rb"[ \t]*(?:#.*)?")


@dataclass(frozen=True, slots=True)
class CutBlock:
    """The block as LibCST has it; `span` also holds the comment behind its last statement."""

    node: Block
    span: Span
    _printed: Callable[[Block], str]
    _before: str
    _after: str

    def code(self, node: Block) -> str:
        """Another block printed as it would stand in the place of this one."""
        return self._printed(node).removeprefix(self._before).removesuffix(self._after)


def cut_handler(source: SourceFile, handler: ast.ExceptHandler) -> CutBlock:
    """One `except` clause with its body; raises CannotFix where it cannot be parsed on its own."""
    unit = source.indent_unit
    frame, text, head, span = _framed(
        source, source.span(handler), lambda indent: [f"{indent}try:", f"{indent}{unit}pass"]
    )
    old = _handler_of(frame)

    def printed(node: Block) -> str:
        changed = frame.deep_replace(old, node)
        assert isinstance(changed, cst.Module)
        return changed.code

    return _verified(CutBlock(old, span, printed, head, source.newline.decode()), text)


def cut_statements(source: SourceFile, statements: Sequence[ast.stmt]) -> CutBlock:
    """Consecutive statements of one block; raises CannotFix where they cannot be cut out.

    The node is the statement itself if it is a single compound one, and else a block of them.
    """
    if getattr(statements[0], "decorator_list", ()):
        raise CannotFix(reasons.HasDecorators())
    whole = source.span(statements)
    if not _COMMENT.fullmatch(source.data[whole.end : line_end(source, whole.end)]):
        raise CannotFix(reasons.LineHoldsMore())
    frame, text, head, span = _framed(source, whole, lambda indent: [])
    first, *body = list[cst.BaseStatement](frame.body)
    function = body[0] if head.endswith((" ", "\t")) else None
    if isinstance(function, cst.FunctionDef):
        body = list(cst.ensure_type(function.body, cst.IndentedBlock).body)

    def printed(node: Block) -> str:
        new: list[cst.BaseStatement] = [*_statements(node)]
        if isinstance(function, cst.FunctionDef):
            new = [function.with_changes(body=function.body.with_changes(body=new))]
        return frame.with_changes(body=[first, *new]).code

    is_one = len(statements) == 1 and isinstance(body[0], cst.BaseCompoundStatement)
    node = body[0] if is_one else cst.IndentedBlock(body)
    return _verified(CutBlock(node, span, printed, head, source.newline.decode()), text)


def _statements(node: Block) -> Iterator[cst.BaseStatement]:
    if isinstance(node, cst.IndentedBlock):
        if not node.body:
            raise CannotFix(reasons.NothingLeft())
        yield from node.body
    elif isinstance(node, cst.BaseSmallStatement):
        yield cst.SimpleStatementLine([node])
    else:
        assert isinstance(node, cst.BaseStatement), "a rewrite of statements gives statements"
        yield node


def _framed(
    source: SourceFile, span: Span, above: Callable[[str], Sequence[str]]
) -> tuple[cst.Module, str, str, Span]:
    """A span's lines parsed in a frame; with their text, what stands before it, and their span."""
    line_start = source.line_starts[source.line_of(span.start) - 1]
    indent = source.data[line_start : span.start].decode(source.encoding)
    if indent.strip(" \t") or source.data[:line_start].rstrip(b"\r\n").endswith(b"\\"):
        raise CannotFix(reasons.LineHoldsMore())
    span = Span(span.start, line_end(source, span.end))
    text = source.data[span.start : span.end].decode(source.encoding)
    newline = source.newline.decode()
    # LibCST takes the first indentation of a text for that of the blocks which have none.
    start = ["class _:", f"{source.indent_unit}pass"]
    start += [*(["async def _():"] if indent else []), *above(indent)]
    head = "".join(f"{line}{newline}" for line in start) + indent
    frame = _parsed(f"{head}{text}{newline}", newline, source.indent_unit)
    return frame, text, head, span


def _verified(cut: CutBlock, text: str) -> CutBlock:
    if cut.code(cut.node) != text:
        raise CannotFix(reasons.NotPrintedAlike())
    return cut


def line_end(source: SourceFile, offset: int) -> int:
    """The offset at which the line that holds an offset ends, before its line end."""
    line = source.line_of(offset)
    return source.line_starts[line - 1] + len(source.line_bytes(line))


def _parsed(text: str, newline: str, unit: str) -> cst.Module:
    config = cst.PartialParserConfig(default_newline=newline, default_indent=unit)
    try:
        return cst.parse_module(text, config)
    except cst.ParserSyntaxError as error:
        raise CannotFix(reasons.NotParsedAlone()) from error


def _handler_of(frame: cst.Module) -> Handler:
    statement: cst.CSTNode = frame.body[1]
    if isinstance(statement, cst.FunctionDef):
        statement = statement.body.body[0]
    if not isinstance(statement, (cst.Try, cst.TryStar)) or len(statement.handlers) != 1:
        raise CannotFix(reasons.NotParsedAlone())
    return statement.handlers[0]
