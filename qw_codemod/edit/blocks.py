"""A handler cut out in a frame of its own indentation: what stands bare, LibCST re-indents."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import libcst as cst

from qw_codemod.edit import reasons
from qw_codemod.kernel.model import Span
from qw_codemod.languages.python import SourceFile
from qw_codemod.rules.api import CannotFix

Handler = cst.ExceptHandler | cst.ExceptStarHandler


@dataclass(frozen=True, slots=True)
class CutHandler:
    """The handler as LibCST has it; `span` also holds the comment behind its last statement."""

    node: Handler
    span: Span
    _frame: cst.Module
    _before: str
    _after: str

    def code(self, node: Handler) -> str:
        """Another handler printed as it would stand in the place of this one."""
        changed = self._frame.deep_replace(self.node, node)
        assert isinstance(changed, cst.Module)
        return changed.code.removeprefix(self._before).removesuffix(self._after)


def cut_handler(source: SourceFile, handler: ast.ExceptHandler) -> CutHandler:
    """One `except` clause with its body; raises CannotFix where it cannot be parsed on its own."""
    span = source.span(handler)
    line_start = source.line_starts[source.line_of(span.start) - 1]
    indent = source.data[line_start : span.start].decode(source.encoding)
    if indent.strip(" \t"):
        raise CannotFix(reasons.LineHoldsMore())
    end = line_start_after(source, source.line_of(span.end))
    last = source.data[span.end : end]
    span = Span(span.start, span.end + len(last.rstrip(b"\r\n")))
    text = source.data[span.start : span.end].decode(source.encoding)
    newline = source.newline.decode()
    unit = source.indent_unit
    head = "".join(f"{line}{newline}" for line in _head(indent, unit))
    frame = _parsed(f"{head}{indent}{text}{newline}", newline, unit)
    node = _handler_of(frame)
    cut = CutHandler(node, span, frame, f"{head}{indent}", newline)
    if cut.code(node) != text:
        raise CannotFix(reasons.NotPrintedAlike())
    return cut


def line_start_after(source: SourceFile, line: int) -> int:
    """The offset at which the line after a line (1-based) starts, or the end of the file."""
    return source.line_starts[line] if line < len(source.line_starts) else len(source.data)


def _head(indent: str, unit: str) -> list[str]:
    start = [f"{indent}try:", f"{indent}{unit}pass"]
    return ["async def _():", *start] if indent else start


def _parsed(text: str, newline: str, unit: str) -> cst.Module:
    config = cst.PartialParserConfig(default_newline=newline, default_indent=unit)
    try:
        return cst.parse_module(text, config)
    except cst.ParserSyntaxError as error:
        raise CannotFix(reasons.NotParsedAlone()) from error


def _handler_of(frame: cst.Module) -> Handler:
    statement: cst.CSTNode = frame.body[0]
    if isinstance(statement, cst.FunctionDef):
        statement = statement.body.body[0]
    if not isinstance(statement, (cst.Try, cst.TryStar)) or len(statement.handlers) != 1:
        raise CannotFix(reasons.NotParsedAlone())
    return statement.handlers[0]
