"""A finding's node cut out, handed to its codemod as LibCST, and put back as edits of bytes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import libcst as cst

from qw_codemod.edit import reasons
from qw_codemod.edit.blocks import CutBlock, cut_handler, cut_statements
from qw_codemod.edit.imports import module_edits
from qw_codemod.edit.wrapping import fitted
from qw_codemod.kernel.document import Document
from qw_codemod.kernel.edits import ordered, shrink
from qw_codemod.kernel.model import Edit, Finding, Fix, Span
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.hoisting import why_nothing_before_path
from qw_codemod.python.imports import gone_in_python_3
from qw_codemod.python.names import name_for, path_to
from qw_codemod.python.suppressions import above, behind, first_line_above
from qw_codemod.rules.api import CannotFix, Codemod, Import, Rewrite, Settings

BLOCKS = (cst.ExceptHandler, cst.ExceptStarHandler, cst.BaseStatement, cst.IndentedBlock)

_LINE_END = re.compile(r"\r\n|\r|\n")
_POSTFIX = (
    cst.Name,
    cst.Attribute,
    cst.Call,
    cst.Subscript,
    cst.List,
    cst.Dict,
    cst.Set,
    cst.ListComp,
    cst.SetComp,
    cst.DictComp,
    cst.SimpleString,
    cst.FormattedString,
    cst.Integer,
    cst.Float,
)
_FirstParty = Callable[[str], bool]


def propose(
    source: Document,
    finding: Finding,
    plan: object,
    codemod: Codemod,
    settings: Settings,
    first_party: _FirstParty = lambda root: False,
) -> Fix:
    """The edits that carry out a finding's plan; raises CannotFix where there are none."""
    if not isinstance(source, SourceFile):
        text = source.source_of(finding.span)
        return _fix(source, finding, _made(codemod.rewrite(text, plan, settings)))
    try:
        path = path_to(source, finding.span)
        run = statements_in(source, path[-1], finding.span)
        if run:
            path.append(run[0])
        else:
            _verify(source, path[-1], finding.span)
        last = path[-1]
        block: CutBlock | None = None
        if isinstance(last, ast.ExceptHandler):
            block = cut_handler(source, last)
        elif run or is_compound(last):
            block = cut_statements(source, run or [last])  # type: ignore[list-item]
        node = block.node if block else cut(source, finding.span)
        made = _made(codemod.rewrite(node, plan, settings))
        if made.node is None:
            return _fix(source, finding, made)
        if isinstance(made.node, BLOCKS) and isinstance(last, ast.stmt) and block is None:
            block = cut_statements(source, [last])
        made, missing = _with_names(source, made, finding.span)
        if missing and (gone := gone_in_python_3(source.tree, first_party)):
            raise CannotFix(reasons.ForPython2(gone))
        head = module_edits(source, missing, made.globals, finding.span.start, first_party)
        own = _edits(source, path, finding.span, node, block, made, head)
        return replace(_fix(source, finding, made, tuple(own)), adds_names=bool(head))
    except RecursionError as error:
        raise CannotFix(reasons.NestedTooDeeply()) from error
    except UnicodeEncodeError as error:
        raise CannotFix(reasons.NotEncodable(source.encoding)) from error


def _made(made: Rewrite | None) -> Rewrite:
    if made is None:
        raise CannotFix(reasons.NoRewrite())
    return made


def _fix(source: Document, finding: Finding, made: Rewrite, own: tuple[Edit, ...] = ()) -> Fix:
    """The fix of these edits, of text that is not Python, and of the edits as bytes."""
    edits = [*own, *(replace(e, path="") if e.path == source.path else e for e in made.edits)]
    if isinstance(made.node, str):
        text = _LINE_END.sub(source.newline.decode(), made.node)
        edits.append(Edit(finding.span, text.encode(source.encoding)))
    shrunk = [edit if edit.path else shrink(source.data, edit) for edit in edits]
    edits = [edit for edit in shrunk if edit is not None]
    if not edits:
        raise CannotFix(reasons.NoRewrite())
    ordered(edit for edit in edits if not edit.path)
    return Fix(finding, tuple(edits), notes=made.notes)


def cut(source: SourceFile, span: Span) -> cst.BaseExpression | cst.BaseSmallStatement:
    """The node of an expression or a simple statement, parsed on its own; raises CannotFix."""
    text = source.data[span.start : span.end].decode(source.encoding)
    config = cst.PartialParserConfig(default_newline=source.newline.decode())
    try:
        node = cst.parse_expression(f"({text})", config)
    except cst.ParserSyntaxError:
        return _cut_statement(text, config)
    return node.with_changes(lpar=node.lpar[1:], rpar=node.rpar[:-1])


def _cut_statement(text: str, config: cst.PartialParserConfig) -> cst.BaseSmallStatement:
    try:
        line = cst.parse_statement(text, config)
    except cst.ParserSyntaxError as error:
        raise CannotFix(reasons.NotParsedAlone()) from error
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        raise CannotFix(reasons.NotParsedAlone())
    return line.body[0]


def code(node: cst.CSTNode, newline: str = "\n") -> str:
    """The node printed; lines that it starts anew end in `newline`."""
    return cst.Module([], default_newline=newline).code_for_node(node)


def is_atom(node: cst.CSTNode) -> bool:
    """Whether `.name`, or anything else, can follow the expression as it stands."""
    return isinstance(node, _POSTFIX) or bool(getattr(node, "lpar", ()))


def in_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    """The expression in one more pair of parentheses."""
    return node.with_changes(
        lpar=[cst.LeftParen(), *node.lpar], rpar=[*node.rpar, cst.RightParen()]
    )


def is_compound(node: ast.AST) -> bool:
    """Whether a node is a statement with statements in it."""
    return isinstance(node, ast.stmt) and bool(block_lists(node))


def statements_in(source: SourceFile, node: ast.AST, span: Span) -> list[ast.stmt]:
    """The consecutive statements of one block of a node that cover a span; empty if none do."""
    for block in block_lists(node):
        starts = [source.span(each).start for each in block]
        ends = [source.span(each).end for each in block]
        if span.start in starts and span.end in ends:
            run = block[starts.index(span.start) : ends.index(span.end) + 1]
            return run if len(run) > 1 else []
    return []


def block_lists(node: ast.AST) -> list[list[ast.stmt]]:
    """The blocks of a node, those of a `match` included."""
    names = ("body", "orelse", "finalbody")
    owners = [node, *getattr(node, "cases", ())]
    blocks = [getattr(owner, name, None) for owner in owners for name in names]
    return [block for block in blocks if isinstance(block, list) and block]


def _verify(source: SourceFile, node: ast.AST, span: Span) -> None:
    """Before Python 3.12, positions within f-strings may point elsewhere: never edit there."""
    assert isinstance(node, (ast.expr, ast.stmt, ast.excepthandler, ast.Module))
    if isinstance(node, ast.Module) or source.span(node) != span:
        raise CannotFix(reasons.PlaceUncertain())
    if not isinstance(node, ast.expr):
        return
    text = source.data[span.start : span.end].decode(source.encoding)
    try:
        alone: ast.AST = ast.parse(f"({text})", mode="eval").body
    except SyntaxError as error:
        raise CannotFix(reasons.PlaceUncertain()) from error
    if isinstance(node, (ast.Attribute, ast.Name, ast.Subscript, ast.List, ast.Tuple)):
        return  # may be an assignment's target, which reads differently alone
    if ast.dump(alone) != ast.dump(node):
        raise CannotFix(reasons.PlaceUncertain())


def _edits(
    source: SourceFile,
    path: Sequence[ast.AST],
    span: Span,
    old: cst.CSTNode,
    block: CutBlock | None,
    made: Rewrite,
    head: Sequence[Edit],
) -> Iterable[Edit]:
    newline = source.newline.decode()
    assert made.node is not None and not isinstance(made.node, str), "Python is rewritten as nodes"
    node: cst.CSTNode = made.node
    inserted = {edit.span.start: edit.new for edit in head}
    if isinstance(node, cst.BaseExpression) and not is_atom(node) and type(node) is not type(old):
        node = in_parentheses(node)
    if made.before:
        at, text = _lines_before(source, path, span, made.before)
        inserted[at] = inserted.get(at, b"") + text
    for name in made.decorators:
        at, text = _decorator(source, path, name)
        inserted[at] = inserted.get(at, b"") + text
    if block is not None:
        assert isinstance(node, (*BLOCKS, cst.BaseSmallStatement))
        span, printed = block.span, block.code(node)
    else:
        printed = code(fitted(source, path, span, node), newline)
    changed = shrink(source.data, Edit(span, printed.encode(source.encoding)))
    if changed is not None and changed.span.start == changed.span.end:
        at = changed.span.start
        inserted[at] = inserted.get(at, b"") + changed.new
    elif changed is not None:
        yield changed
    if changed is None and not inserted:
        raise CannotFix(reasons.NoRewrite())
    for at, new in inserted.items():
        yield Edit(Span(at, at), new)


class _Renamer(cst.CSTTransformer):
    def __init__(self, old: str, new: str) -> None:
        super().__init__()
        self._old = cst.parse_expression(old)
        self._new = cst.parse_expression(new)

    def leave_Name(  # noqa: N802
        self, original_node: cst.Name, updated_node: cst.Name
    ) -> cst.BaseExpression:
        return self._new if original_node.deep_equals(self._old) else updated_node

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        if original_node.deep_equals(self._old):
            return self._new
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(  # noqa: N802
        self, original_node: cst.Arg, updated_node: cst.Arg
    ) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)


def _with_names(source: SourceFile, made: Rewrite, span: Span) -> tuple[Rewrite, list[Import]]:
    """The rewrite under the names by which the file has what it imports; and what it has not."""
    missing: list[Import] = []
    for wanted in sorted(set(made.imports), key=lambda each: (bool(each.name), each.bound)):
        bound = name_for(source, wanted, span)
        if bound is None:
            missing.append(wanted)
        elif bound != wanted.bound:
            made = _renamed(made, wanted, bound)
    return made, missing


def _renamed(made: Rewrite, wanted: Import, bound: str) -> Rewrite:
    renamer = _Renamer(wanted.bound, bound)
    assert isinstance(made.node, cst.CSTNode)
    before, lines = (
        tuple(cst.parse_module(line).visit(renamer).code for line in each)
        for each in (made.before, made.globals)
    )
    node: Any = made.node.visit(renamer)
    return replace(made, node=node, before=before, globals=lines)


def _decorator(source: SourceFile, path: Sequence[ast.AST], name: str) -> tuple[int, bytes]:
    """A line directly above the `def` around the last node, below the decorators that are there."""
    functions = [n for n in path if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    if not functions:
        raise CannotFix(reasons.NoFunctionAround())
    start = source.offset(functions[-1].lineno, functions[-1].col_offset)
    line_start = source.line_starts[functions[-1].lineno - 1]
    indent = source.data[line_start:start]
    if indent.strip():
        raise CannotFix(reasons.FunctionSharesLine())
    if comment := above(source, functions[-1].lineno):
        raise CannotFix(reasons.CommentWouldMove(comment))
    return line_start, indent + f"@{name}".encode(source.encoding) + source.newline


def _lines_before(
    source: SourceFile, path: Sequence[ast.AST], span: Span, before: tuple[str, ...]
) -> tuple[int, bytes]:
    reason = why_nothing_before_path(source, path)
    if reason is not None:
        raise CannotFix(reasons.NothingGoesBefore(reason))
    statement = [node for node in path if isinstance(node, ast.stmt)][-1]
    start = source.offset(statement.lineno, statement.col_offset)
    indent = source.data[source.line_starts[statement.lineno - 1] : start]
    first, last = statement.lineno, source.line_of(span.end)
    comment = above(source, first) or behind(source, first) or behind(source, last)
    if comment and any(isinstance(ast.parse(line).body[0], ast.Assign) for line in before):
        raise CannotFix(reasons.CommentWouldMove(comment))  # what is named leaves the line
    line_start = source.line_starts[first_line_above(source, first) - 1]
    # The first line of a file may end otherwise than this one.
    end = re.compile(rb"\r\n|\r|\n").search(source.data, start)
    newline = end.group() if end else source.newline
    lines = (_LINE_END.sub(newline.decode(), line).encode(source.encoding) for line in before)
    return line_start, b"".join(indent + line + newline for line in lines)
