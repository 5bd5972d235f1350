"""What a parameter in a test suite is given: what the fixture of its name gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qw_codemod.infer import statements as says
from qw_codemod.infer.signatures import Arguments
from qw_codemod.infer.values import (
    Class,
    Function,
    FunctionNode,
    Instance,
    Items,
    Knowledge,
    Possibility,
    union,
    unknown,
)
from qw_codemod.python.definitions import fixture_name

if TYPE_CHECKING:
    from qw_codemod.infer.evaluate import Evaluator
    from qw_codemod.python.module import View


class Fixtures:
    """Looks for fixtures of pytest where pytest does: the class, the file, the conftests above."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._tree = evaluator.tree

    def given(self, function: FunctionNode, argument: ast.arg, view: View) -> Knowledge:
        """In a test suite, a parameter gets what the fixture of its name gives."""
        for where, scope in self._scopes(function, view):
            receiver = None
            if isinstance(scope, ast.ClassDef):
                receiver = Instance(Class(where, scope), exact=False)
            for node in scope.body:
                if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    continue
                if argument.arg not in (node.name, fixture_name(node)) or not _is_fixture(node):
                    continue
                given = Possibility(Function(where, node, receiver))
                found = self._evaluator.calls.call(given, Arguments())
                return union(
                    p.value.element
                    if isinstance(p.value, Items) and p.value.kind == "iterator"
                    else (p,)
                    for p in found
                )
        return unknown(says.ParameterOfTest())

    def _scopes(
        self, function: FunctionNode, view: View
    ) -> Iterator[tuple[View, ast.ClassDef | ast.Module]]:
        """Where a test's fixtures are looked for: its class and the bases, its file, conftests."""
        cls = view.enclosing_class(function)
        if cls is not None:
            for base in self._evaluator.hierarchy.mro(Class(view, cls)):
                if isinstance(base, Class):
                    yield base.view, base.node
        for where in (view, *self._conftests(view)):
            yield where, where.source.tree

    def _conftests(self, view: View) -> Iterator[View]:
        folder = view.path
        while "/" in folder and len(folder) > len(self._tree.root):
            folder = folder.rpartition("/")[0]
            path = f"{folder}/conftest.py"
            where = self._tree.view(path) if self._tree.has(path) else None
            if where is not None:
                yield where


def _is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("fixture" in ast.dump(each) for each in node.decorator_list)
