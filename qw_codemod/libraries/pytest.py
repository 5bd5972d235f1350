"""pytest: a parameter in a test suite is given what the fixture of its name gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.facts.project import Tree
from qw_codemod.infer.models import Model
from qw_codemod.infer.protocol import Infer
from qw_codemod.infer.signatures import Arguments
from qw_codemod.infer.values import (
    Class,
    Container,
    Function,
    FunctionNode,
    Inferred,
    Instance,
    ValueSet,
    union,
)
from qw_codemod.python.definitions import fixture_name
from qw_codemod.python.module import View


def parameter(
    function: FunctionNode, argument: ast.arg, view: View, infer: Infer
) -> ValueSet | None:
    """What the fixture of a parameter's name gives, where pytest looks for it."""
    for where, scope in _scopes(function, view, infer):
        receiver = None
        if isinstance(scope, ast.ClassDef):
            receiver = Instance(Class(where, scope), exact=False)
        where.depend_on_words(scope, argument.arg)
        for node in scope.body:
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if argument.arg not in (node.name, fixture_name(node)) or not _is_fixture(node):
                continue
            given = Inferred(Function(where, node, receiver))
            return union(
                p.value.element
                if isinstance(p.value, Container) and p.value.kind == "iterator"
                else (p,)
                for p in infer.calls.call(given, Arguments())
            )
    return None


def _scopes(
    function: FunctionNode, view: View, infer: Infer
) -> Iterator[tuple[View, ast.ClassDef | ast.Module]]:
    """The test's class and its bases, its file, the conftests above."""
    cls = view.enclosing_class(function)
    if cls is not None:
        for base in infer.hierarchy.mro(Class(view, cls)):
            if isinstance(base, Class):
                yield base.view, base.node
    for where in (view, *_conftests(view, infer.tree)):
        yield where, where.source.tree


def _conftests(view: View, tree: Tree) -> Iterator[View]:
    folder = view.path
    while "/" in folder and len(folder) > len(tree.root):
        folder = folder.rpartition("/")[0]
        path = f"{folder}/conftest.py"
        where = tree.module(path) if tree.has(path) else None
        if where is not None:
            yield where


def _is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("fixture" in ast.dump(each) for each in node.decorator_list)


MODEL = Model(transparent=r"pytest\.fixture", parameter_of_test=parameter)
