"""The calls that lead to a function, a few files and functions away."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from qw_codemod.infer import Function, Inference, Unknown
from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import imports_of
from qw_codemod.python.syntax import function_of, last_name

_FEW = 12  # files whose mentions of a function are followed, of all or of those that load it
_FARTHEST = 12  # functions on the way to a caller
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Caller:
    """A call of a function, or one that is handed the function (`is_handed`) to call it."""

    source: SourceFile
    call: ast.Call
    function: str  # the name of what is called
    is_handed: bool


def owner(source: SourceFile, node: ast.AST) -> FunctionNode | None:
    """The function that a decorator would go to."""
    found = function_of(source, node)
    return None if isinstance(found, ast.Lambda) else found


def callers(source: SourceFile, infer: Inference, node: ast.AST) -> Iterator[Caller]:
    """Every call that may lead to a node through the functions around it, the nearest first."""
    function = owner(source, node)
    if function is not None:
        yield from _callers(infer, source, function, {""})


def direct_callers(
    source: SourceFile, infer: Inference, function: FunctionNode
) -> Iterator[Caller]:
    """The calls that may be of a function, and those that are handed it; none if it has many.

    Of a name that is used everywhere, those in files that load the function's own.
    """
    name = function.name
    if name.startswith("__"):
        return
    paths = infer.tree.mentions(name)
    if len(paths) > _FEW:
        loaders = infer.tree.loaders(source.path)
        paths = tuple(each for each in paths if each in loaders)
    if len(paths) > _FEW:
        return
    for path in paths:
        view = infer.tree.module(path)
        if view is None:
            continue
        view.depend_on_words(None, name)
        calls = calls_with(view.source).get(name, ())
        if calls:  # what stands around them is looked at by those who ask
            view.depend_on_all()
        for node in calls:
            given = [*node.args, *(each.value for each in node.keywords)]
            handed = [each for each in given if not isinstance(each, ast.Call)]
            if name in map(last_name, handed) and last_name(node) != name:
                yield Caller(view.source, node, name, is_handed=True)
            if last_name(node) == name and _may_be(infer, view.source, node, source, function):
                yield Caller(view.source, node, name, is_handed=False)


def _callers(
    infer: Inference, source: SourceFile, function: FunctionNode, seen: set[str]
) -> Iterator[Caller]:
    if function.name in seen or len(seen) > _FARTHEST:
        return
    seen.add(function.name)
    for each in direct_callers(source, infer, function):
        yield each
        outer = None if each.is_handed else owner(each.source, each.call)
        if outer is not None:
            yield from _callers(infer, each.source, outer, seen)


@kept
def calls_with(source: SourceFile) -> dict[str, list[ast.Call]]:
    """The calls of a file by the name of what is called, and of what is handed over."""
    found: dict[str, list[ast.Call]] = {}
    for node in source.nodes(ast.Call):
        given = [*node.args, *(each.value for each in node.keywords)]
        for name in {last_name(node), *map(last_name, given)}:
            found.setdefault(name, []).append(node)
    return found


def _may_be(
    infer: Inference, source: SourceFile, call: ast.Call, where: SourceFile, function: FunctionNode
) -> bool:
    """Whether a call may be one of a function; one of another is known to be none."""
    held = [inferred.value for inferred in infer.holds(source, call.func)]
    functions = [value for value in held if isinstance(value, Function)]
    at = (where.path, function.lineno)
    if any((value.view.path, value.node.lineno) == at for value in functions):
        return True
    if held and not any(isinstance(value, Unknown) for value in held):
        return False
    if isinstance(where.parent(function), ast.ClassDef) or not isinstance(call.func, ast.Attribute):
        return True
    # What is no method is an attribute of modules alone: `ftp.login()` is none of `login()`.
    module = dotted(call.func.value).partition(".")[0]
    return any(each.bound == module for each in imports_of(source.tree))
