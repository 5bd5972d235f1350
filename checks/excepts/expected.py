"""What the code around a `try` says of its failure, so that another error may say too much."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.analysis.reporting import ERROR
from qw_codemod.infer import Function, Inference
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import catches_everything, definition_of, own_nodes

from . import statements as says
from .docstrings import docstring_expects
from .effects import effects_of
from .operation_name import called, is_trivial, outermost

_DEPTH = 3  # functions of the project that hand on what another one gives


def of_docstring(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """What the docstring says is given in a case that is no failure, as after one."""
    function = definition_of(source, statement)
    if function is not None and docstring_expects(source, statement, handler):
        return says.IsDocumented(function.name)
    return None


def of_migration(source: SourceFile, statement: ast.Try) -> Statement | None:
    """A step of a migration of Alembic's or Django's: not each database has what it looks for."""
    function = definition_of(source, statement)
    if function is not None and _is_migration(source):
        return says.IsMigration(function.name)
    return None


def _is_migration(source: SourceFile) -> bool:
    """Whether a module has a `revision` and an `upgrade()`, or a class of migrations."""
    names = {
        dotted(target)
        for each in source.tree.body
        if isinstance(each, ast.Assign | ast.AnnAssign)
        for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
    }
    functions = {each.name for each in source.tree.body if isinstance(each, ast.FunctionDef)}
    if "revision" in names and "upgrade" in functions:
        return True
    return any(
        full_name(source, base) == "django.db.migrations.Migration"
        for each in source.tree.body
        if isinstance(each, ast.ClassDef)
        for base in each.bases
    )


def of_metadata(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """What a module says of itself, `__version__`: nobody knows that of one not installed."""
    match handler.body:
        case [ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant())] if (
            definition_of(source, statement) is None and name[:2] == name[-2:] == "__"
        ):
            return says.IsOfModule(name)
    return None


def of_callee(source: SourceFile, infer: Inference, statement: ast.Try) -> Statement | None:
    """What is called, and raises what it, or what that calls, has logged as an error."""
    for call in (call for each in statement.body for call in outermost(source, each)):
        if _raises_what_is_logged(source, infer, call, _DEPTH):
            return says.MayHaveLogged(called(call))
    return None


def _raises_what_is_logged(
    source: SourceFile, infer: Inference, call: ast.Call, depth: int
) -> bool:
    """Whether a function of the project is called that raises where another one gave nothing.

    `rows = self.load()`, which logs why there are none, and then `if rows is None: raise ...`.
    What is only an argument of a call is no part of what that does.
    """
    for function in _functions(source, infer, call):
        where, nodes = function.view.source, _nodes(function)
        for given in _raised_of(nodes):
            for below in _functions(where, infer, given):
                if _logs_and_goes_on(below.view.source, _nodes(below)):
                    return True
        handed_on = (each.value for each in nodes if isinstance(each, ast.Return | ast.YieldFrom))
        calls = (each for each in handed_on if isinstance(each, ast.Call))
        if depth > 1 and any(_raises_what_is_logged(where, infer, e, depth - 1) for e in calls):
            return True
    return False


def _raised_of(nodes: list[ast.AST]) -> Iterator[ast.Call]:
    """The calls whose result is tested by an `if` that raises."""
    tested = {
        each.id
        for node in nodes
        if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise)
        for each in ast.walk(node.test)
        if isinstance(each, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.Assign) and not tested.isdisjoint(map(dotted, node.targets)):
            yield from (each for each in ast.walk(node.value) if isinstance(each, ast.Call))


def _functions(source: SourceFile, infer: Inference, call: ast.Call) -> list[Function]:
    if is_trivial(source, call):
        return []
    return [e.value for e in infer.holds(source, call.func) if isinstance(e.value, Function)]


def _nodes(function: Function) -> list[ast.AST]:
    """The nodes of a function of the project, on which the answer depends from then on."""
    if isinstance(function.node, ast.Lambda):
        return []
    function.view.depend_on_body(function.node)
    return list(own_nodes(function.node.body))


def _logs_and_goes_on(source: SourceFile, nodes: list[ast.AST]) -> bool:
    """Whether a handler for everything logs an error, and raises nothing."""
    for each in nodes:
        if isinstance(each, ast.ExceptHandler) and catches_everything(each):
            effects = effects_of(source, each)
            if not effects.raises and any(log.level >= ERROR for log in effects.logs):
                return True
    return False
