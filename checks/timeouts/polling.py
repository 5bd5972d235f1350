"""Loops that ask a job whether it is done, and would ask for ever."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.analysis.exception_flow import never_returns
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import own_nodes

_ASKS = frozenset({"done", "running"})
_OF_MANY = frozenset({"all", "any"})
_EXITS = (ast.Break, ast.Return, ast.Raise)


def polls(source: SourceFile) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Loops without a limit: the place to show, and the expression that would be a job."""
    for loop in source.nodes(ast.While):
        asked = _asked(loop.test) or _asked_inside(loop)
        if asked is None:
            continue
        place, job = asked
        if not _has_limit(source, loop, dotted(job)):
            yield place, job


def _asked(test: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Where a condition asks a job for its end, and nothing else, and the job."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _asked(test.operand)
    if isinstance(test, ast.NamedExpr):
        return _asked(test.value)
    if isinstance(test, ast.Compare):
        sides = [test.left, *test.comparators]
        states = [
            each for each in sides if isinstance(each, ast.Attribute) and each.attr == "state"
        ]
        if states:
            return states[0], states[0].value
        return next(filter(None, map(_asked, sides)), None)
    if not isinstance(test, ast.Call):
        return None
    if isinstance(test.func, ast.Attribute) and test.func.attr in _ASKS:
        return test, test.func.value
    if dotted(test.func) in _OF_MANY and len(test.args) == 1:
        given = test.args[0]
        if isinstance(given, (ast.GeneratorExp, ast.ListComp)):
            return _asked(given.elt)
    return None


def _asked_inside(loop: ast.While) -> tuple[ast.expr, ast.expr] | None:
    """The same for `while True:` with `if job.done(): break`, and for `while not done:`."""
    if isinstance(loop.test, ast.Constant) and loop.test.value:
        for node in own_nodes(loop.body):
            if isinstance(node, ast.If) and any(
                isinstance(n, _EXITS) for n in own_nodes(node.body)
            ):
                asked = _asked(node.test)
                if asked is not None:
                    return asked
        return None
    test = loop.test
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    if not isinstance(test, ast.Name):
        return None
    for node in own_nodes(loop.body):
        if isinstance(node, ast.Assign) and any(dotted(each) == test.id for each in node.targets):
            asked = _asked(node.value)
            if asked is not None:
                return asked
    return None


def _has_limit(source: SourceFile, loop: ast.While, job: str) -> bool:
    """Whether something else than the job may end a loop."""
    for node in own_nodes(loop.body):
        leaves = isinstance(node, _EXITS)
        if isinstance(node, ast.Call):
            leaves = never_returns(source, node)
        if leaves and not _is_about(source, loop, node, job):
            return True
    return False


def _is_about(source: SourceFile, loop: ast.While, node: ast.AST, job: str) -> bool:
    """Whether all that decides about an exit is the job itself: its state, its errors."""
    tests = []
    for around in source.ancestors(node):
        if around is loop:
            break
        if isinstance(around, (ast.If, ast.While)):
            tests.append(around.test)
    named = {dotted(part) for test in tests for part in ast.walk(test)} - {""}
    named = {each for each in named if not job.startswith(f"{each}.")}
    return bool(tests) and bool(job) and all(f"{each}.".startswith(f"{job}.") for each in named)
