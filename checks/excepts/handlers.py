"""The handlers of a file, what each makes of its exception, and which rewrite that calls for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from qw_codemod.analysis.exception_flow import covers
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import ImportStatement, imports_of
from qw_codemod.python.syntax import own_nodes
from qw_codemod.rules.api import Fact

from . import statements as says
from .effects import Effects, effects_of, is_printing, log_of, reports
from .logging_style import loggers_in

_TRIES: tuple[type[ast.AST], ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))


class Case(Enum):
    """What kind of handler it is; the first that fits counts."""

    NOTEBOOK = auto()  # of marimo, which shares names between cells: it is left
    RAISES_SAME = auto()  # a bare one that raises its exception on
    HANDS_ON = auto()  # a bare one that gives whatever comes to somebody else
    OTHERS_CATCH_EXCEPTIONS = auto()  # a bare one below `except Exception`: for what is none
    RAISES_OTHER = auto()  # a bare one that raises another exception
    RAISES = auto()
    IMPORTS = auto()  # the `try` imports, and does nothing else
    SILENT_BY_NATURE = auto()  # in a test, or around a report
    REPORTS = auto()  # all others: they are to say what went wrong


@dataclass(frozen=True, slots=True)
class Suppression:
    """A `contextlib.suppress`, which has no handler that could speak."""


@dataclass(frozen=True)
class Handler:
    """One handler and the `try` statement that it belongs to."""

    node: ast.ExceptHandler
    statement: ast.Try
    effects: Effects
    case: Case

    @property
    def is_bare(self) -> bool:
        """Whether it names no exception."""
        return self.node.type is None

    def facts(self, path: str) -> tuple[Fact, ...]:
        """What it makes of its exception."""
        return (Fact(_made_of(self.effects), path, self.node.lineno),)


def handlers_of(source: SourceFile) -> Iterator[tuple[ast.ExceptHandler, ast.Try]]:
    """Each handler of a file, with its statement."""
    for handler in source.nodes(ast.ExceptHandler):
        statement = source.parent(handler)
        assert isinstance(statement, _TRIES)
        yield handler, statement  # type: ignore[misc]


def examine(
    source: SourceFile, infer: Inference, node: ast.ExceptHandler, statement: ast.Try
) -> Handler:
    """What there is to know of a handler before it is judged."""
    effects = effects_of(source, node, loggers_in(source, infer, node))
    return Handler(node, statement, effects, _case(source, infer, node, statement, effects))


def _case(
    source: SourceFile,
    infer: Inference,
    node: ast.ExceptHandler,
    statement: ast.Try,
    effects: Effects,
) -> Case:
    if b"marimo" in source.data and _imports(source, "marimo"):
        return Case.NOTEBOOK
    if node.type is None and is_left_over(source, node, statement):
        return Case.OTHERS_CATCH_EXCEPTIONS
    if node.type is None and _hands_on(source, node):
        return Case.HANDS_ON
    if effects.raises:
        if node.type is None and effects.raises in ("same", "other"):
            return Case.RAISES_SAME if effects.raises == "same" else Case.RAISES_OTHER
        return Case.RAISES
    if _imports_only(statement):
        return Case.IMPORTS
    if infer.is_test(source) or reports(statement.body):
        return Case.SILENT_BY_NATURE
    return Case.REPORTS


def _hands_on(source: SourceFile, node: ast.ExceptHandler) -> bool:
    """Whether a handler gives `sys.exc_info()` to somebody, who waits for it, or keeps it."""
    names = {_CAUGHT}
    for each in own_nodes(node.body):
        if isinstance(each, ast.Assign) and _tells(each.value, {_CAUGHT}):
            names |= {n.id for n in ast.walk(each) if isinstance(n, ast.Name) and _is_set(n)}
            if any(isinstance(target, ast.Attribute | ast.Subscript) for target in each.targets):
                return True
    return any(
        isinstance(each, ast.Call)
        and not _shows(each)
        and any(_tells(given, names) for given in (*each.args, *_values(each)))
        for each in own_nodes(node.body)
    )


_CAUGHT = "sys.exc_info"
_SHOWING = frozenset("str repr format type isinstance getattr".split())


def _tells(node: ast.AST, names: set[str]) -> bool:
    """Whether the exception, or all that is known of it, is in an expression as it is."""
    if isinstance(node, ast.Starred):
        return _tells(node.value, names)
    if isinstance(node, ast.Call):
        return dotted(node.func) in names
    if isinstance(node, ast.Tuple):
        return any(_tells(each, names) for each in node.elts)
    return isinstance(node, ast.Name) and node.id in names


def _values(call: ast.Call) -> list[ast.expr]:
    return [each.value for each in call.keywords if each.arg != "exc_info"]


def _is_set(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _shows(call: ast.Call) -> bool:
    """Whether a call tells a person, or makes a text of what it is given."""
    name = dotted(call.func)
    return (
        is_printing(call)
        or log_of(call) is not None
        or name.startswith("traceback.")
        or name.rpartition(".")[2] in _SHOWING
    )


def is_left_over(source: SourceFile, node: ast.ExceptHandler, statement: ast.Try) -> bool:
    """Whether the handlers above it catch every Exception."""
    others = (each for each in statement.handlers if each is not node)
    return any(covers(source, each.type, "Exception") for each in others)


def _imports(source: SourceFile, package: str) -> bool:
    return any(each.package == package for each in imports_of(source.tree))


def _made_of(effects: Effects) -> Statement:
    if effects.raises:
        return says.RaisesSame() if effects.raises == "same" else says.RaisesAnother()
    if effects.logs:
        return says.LogsTooLittle()
    if effects.is_silent:
        return says.IsSilent()
    return says.NamesNoException()


def _imports_only(statement: ast.Try) -> bool:
    return isinstance(statement.body[0], ImportStatement) and all(
        isinstance(each, ImportStatement | ast.Pass)
        or (isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant | ast.Name))
        for each in statement.body
    )
