"""The syntax of one file: the scopes around a node, and what runs in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qw_codemod.languages.python import SourceFile, children
from qw_codemod.python.bindings import FUNCTIONS, SCOPES, ScopeNode, dotted

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Loop = ast.For | ast.AsyncFor | ast.While
LOOPS = (ast.For, ast.AsyncFor, ast.While)
BROAD = frozenset({"Exception", "BaseException"})  # the classes that nearly all others are of


def last_name(node: ast.AST) -> str:
    """`retry` for `tenacity.retry` and for `tenacity.retry(...)`; empty for other expressions."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else dotted(node)


def first_line(statement: ast.stmt) -> int:
    """The line that a statement begins in, with its decorators."""
    decorators = getattr(statement, "decorator_list", ())
    return min((each.lineno for each in decorators), default=statement.lineno)


def scopes_around(source: SourceFile, node: ast.AST) -> Iterator[ScopeNode]:
    """The modules, classes and functions whose bodies hold a node, innermost first.

    A decorator, a base, a default or an annotation belongs to the scope further out.
    """
    child = node
    for around in source.ancestors(node):
        if isinstance(around, SCOPES) and is_in_body(around, child):
            yield around
        child = around


def is_in_body(scope: ast.AST, child: ast.AST) -> bool:
    """Whether a child of a scope belongs to its body, and so to the scope itself."""
    if isinstance(scope, ast.Lambda):
        return child is scope.body
    return isinstance(child, ast.stmt)


def scope_of(source: SourceFile, node: ast.AST) -> ScopeNode:
    """The scope in which a node is evaluated."""
    return next(scopes_around(source, node), source.tree)


def function_of(source: SourceFile, node: ast.AST) -> Function | None:
    """The function or lambda whose body holds a node."""
    return next((s for s in scopes_around(source, node) if isinstance(s, FUNCTIONS)), None)


def definition_of(
    source: SourceFile, node: ast.AST
) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The `def` whose body holds a node, whatever lambdas stand in between."""
    return next((s for s in scopes_around(source, node) if isinstance(s, FUNCTIONS[:2])), None)


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is bare, or names one of the classes that nearly all others are of."""
    return handler.type is None or dotted(handler.type) in BROAD


def own_nodes(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes that run where these run: not those of functions that are defined there."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, FUNCTIONS):
            continue
        yield node
        stack.extend(children(node))
