"""Errors that nobody sees: of what runs in another thread, and whose result is never asked for."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from qw_codemod.analysis.callers import direct_callers, owner
from qw_codemod.analysis.exception_flow import meetings
from qw_codemod.infer import Inference, Instance, Library
from qw_codemod.kernel.statements import At
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.syntax import own_nodes

_DEEP = 3  # functions on the way to the thread
# Each gives futures, or an iterator over them, that raises what the function did where it is read:
# not earlier, also at the end of a `with`. [docs.python.org/3/library/concurrent.futures]
_EXECUTORS = frozenset(
    f"concurrent.futures.{name}"
    for name in ("Executor", "ThreadPoolExecutor", "ProcessPoolExecutor")
)
_HANDED = frozenset({"map", "submit"})


def unread_in(
    source: SourceFile, infer: Inference, node: ast.AST, raised: Sequence[str], deep: int = _DEEP
) -> tuple[str, At] | None:
    """The function that fails unseen where one of these errors is raised at a node, and where it
    is handed over; None where a handler on the way takes them, or its result is read.
    """
    if any(not each.raised for name in raised for each in meetings(source, node, name)):
        return None
    function = owner(source, node)
    for each in direct_callers(source, infer, function) if function is not None and deep else ():
        if infer.is_test(each.source):
            continue
        if each.is_handed:
            if _is_unread(each.source, infer, each.call):
                return each.function, At(each.source.path, each.call.lineno)
        elif found := unread_in(each.source, infer, each.call, raised, deep - 1):
            return found
    return None


def _is_unread(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    """`executor.map(load, days)` by itself, or bound to a name that nobody reads."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _HANDED:
        return False
    around = source.parent(call)
    if isinstance(around, (ast.ListComp, ast.SetComp, ast.GeneratorExp)) and around.elt is call:
        around = source.parent(around)
    match around:
        case ast.Expr():
            pass
        case ast.Assign(targets=[ast.Name(id=name)]) if not _is_read(source, around, name):
            pass
        case _:
            return False
    held = [each.value for each in infer.holds(source, call.func.value)]
    return any(
        isinstance(each, Instance) and isinstance(each.of, Library) and each.of.name in _EXECUTORS
        for each in held
    )


def _is_read(source: SourceFile, statement: ast.stmt, name: str) -> bool:
    scope = owner(source, statement) or source.tree
    return any(
        isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load)
        for each in own_nodes(scope.body)
    )
