"""The ways in which a name gets its value, and the scopes in which it does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

ScopeNode = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
SCOPES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, eq=False, slots=True)
class Binding:
    """One way a name gets its value.

    `kind`: assign, annotation, augment, for, with, import, from, def, class, param, walrus, narrow,
    exclude (isinstance said no), or opaque (nothing can be said). `previous` are the bindings that
    an augment or exclude builds on. `value` is the expression it comes from, `path` the way into it
    for tuple targets (an index each, None for a starred part).
    """

    name: str
    kind: str
    node: ast.AST
    value: ast.expr | None = None
    path: tuple[int | None, ...] = ()
    annotation: ast.expr | None = None
    is_async: bool = False
    previous: frozenset[Binding] = frozenset()


ENTRY = Binding("", "entry", ast.Pass())  # an attribute as it was when the function was entered
Env = dict[str, frozenset[Binding]]


def dotted(node: ast.AST) -> str:
    """`self.client` for that expression; empty for anything that is not names and dots."""
    if isinstance(node, ast.Name):
        return node.id
    if not isinstance(node, ast.Attribute):
        return ""
    name, node = node.attr, node.value
    while isinstance(node, ast.Attribute):
        name, node = f"{node.attr}.{name}", node.value
    return f"{node.id}.{name}" if isinstance(node, ast.Name) else ""


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[ast.arg]:
    """All parameters of a function in the order of their positions."""
    arguments = node.args
    yield from arguments.posonlyargs
    yield from arguments.args
    if arguments.vararg:
        yield arguments.vararg
    yield from arguments.kwonlyargs
    if arguments.kwarg:
        yield arguments.kwarg


def isinstance_tests(test: ast.expr, positive: bool) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Pairs of (expression, class) that hold where `test` is true (or, not positive, false)."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from isinstance_tests(test.operand, not positive)
    elif isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) == positive:
            for value in test.values:
                yield from isinstance_tests(value, positive)
    elif (
        positive
        and isinstance(test, ast.Call)
        and isinstance(test.func, ast.Name)
        and test.func.id == "isinstance"
        and len(test.args) == 2
    ):
        yield test.args[0], test.args[1]


def merge(*envs: Env | None) -> Env | None:
    """What may reach a place that is come to in several ways; None: by no way at all."""
    alive = [env for env in envs if env is not None]
    if not alive:
        return None
    if len(alive) == 1:
        return dict(alive[0])
    merged: Env = {}
    names = set().union(*alive)
    for name in names:
        found: frozenset[Binding] = frozenset()
        for env in alive:
            part = env.get(name)
            if part is not None:
                found = found | part if found else part
            elif "." in name:
                found = found | {ENTRY}
        merged[name] = found
    return merged


def copied(env: Env | None) -> Env | None:
    """The same, to be changed on its own."""
    return None if env is None else dict(env)


def touched_by(node: ast.Call) -> list[str]:
    """The dotted names whose attributes a call may set: its receiver, and what it is given."""
    touched = [dotted(part) for part in node.args]
    touched += [dotted(keyword.value) for keyword in node.keywords]
    if isinstance(node.func, ast.Attribute):
        # `self.client.query()` may change the client, not which client `self` holds.
        inside = isinstance(node.func.value, ast.Call)  # `super().start()` and the like
        touched.append("self" if inside else dotted(node.func.value))
    return touched
