"""The timeout that other requests are given: by a name in the file, by a number in the function."""

from __future__ import annotations

import ast

from qw_codemod.infer import Nothing
from qw_codemod.libraries.http.calls import HttpCall, HttpCalls
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.imports import imports_of
from qw_codemod.python.syntax import definition_of
from qw_codemod.rules.api import Context, SourceFile


def timeout_of_others(source: SourceFile, context: Context, call: HttpCall) -> str:
    """The one name that all other requests of the same library take their timeout from.

    Else the one number that those in the same function have; empty where there is none, where the
    name does not mean the same at the call, or may be None.
    """
    given = [
        each
        for each in context.once(HttpCalls, source).all()
        if each.sender.library == call.sender.library and each.node is not call.node
    ]
    named = [each for each in given if each.said.node is not None and dotted(each.said.node)]
    names = {dotted(each.said.node) for each in named if each.said.node is not None}
    if not names:
        return _number_beside(source, given, call)
    if len(names) != 1:
        return ""
    name = names.pop()
    for other in named:
        assert other.said.node is not None
        if not _means_the_same(source, name, other.node, call.node):
            return ""
        if any(isinstance(p.value, Nothing) for p in context.infer.holds(source, other.said.node)):
            return ""
    return "" if _is_of_their_own(source, name, named, call) else name


def _number_beside(source: SourceFile, given: list[HttpCall], call: HttpCall) -> str:
    """The number that the requests of the same function have as their timeout, where it is one."""
    function = definition_of(source, call.node)
    numbers = {
        source.text(each.said.node)
        for each in given
        if isinstance(each.said.node, ast.Constant)
        and type(each.said.node.value) in (int, float)
        and definition_of(source, each.node) is function
    }
    return numbers.pop() if function is not None and len(numbers) == 1 else ""


def _means_the_same(source: SourceFile, name: str, there: ast.Call, here: ast.Call) -> bool:
    """Whether a name of the module, or an attribute of `self`, is the same at two calls."""
    owner, _, attribute = name.rpartition(".")
    if owner:
        method = definition_of(source, here)
        return (
            owner == "self"
            and method is not None
            and method.name != "__init__"
            and "self" in {each.arg for each in method.args.args[:1]}
            and "." not in attribute
            and _class_of(source, here) is _class_of(source, there) is not None
        )
    if any(argument.arg == name for argument in source.nodes(ast.arg)):
        return False
    bound = [
        each
        for each in source.nodes(ast.Name)
        if each.id == name and not isinstance(each.ctx, ast.Load)
    ]
    imported = [each for each in imports_of(source.tree) if each.bound == name]
    if len(bound) + len(imported) != 1:
        return False
    if any(not isinstance(source.parent(source.statement(each)), ast.Module) for each in bound):
        return False
    is_later = all(each.lineno < here.lineno for each in bound)
    return definition_of(source, here) is not None or is_later and not imported


def _class_of(source: SourceFile, node: ast.AST) -> ast.ClassDef | None:
    return next((each for each in source.ancestors(node) if isinstance(each, ast.ClassDef)), None)


def _is_of_their_own(source: SourceFile, name: str, others: list[HttpCall], call: HttpCall) -> bool:
    """Whether the name says that it is for what the others do, as `HEALTH_TIMEOUT` may."""
    there = frozenset[str]().union(*(_words_around(source, each) for each in others))
    return not _words_around(source, call).issuperset(there.intersection(words(name)))


def _words_around(source: SourceFile, call: HttpCall) -> frozenset[str]:
    function = definition_of(source, call.node)
    return frozenset(words(function.name)) if function is not None else frozenset()
