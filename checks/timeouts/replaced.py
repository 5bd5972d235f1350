"""Whether a test replaces what sends its requests, so that nothing can be waited for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import At, InLine, Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.calls import HttpCall
from qw_codemod.python.bindings import dotted, parameters
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import last_name, own_nodes

from . import reasons

_WITH = (ast.With, ast.AsyncWith)
# What all requests of a library go through, or are made with.
_TRANSPORTS = frozenset(
    "request send urlopen Session Client AsyncClient ClientSession HTTPAdapter _request".split()
)


def why_nothing_waits(source: SourceFile, infer: Inference, call: HttpCall) -> Statement | None:
    """What a test, or a fixture of it, puts in the place of what sends a request.

    A server that `responses` and its like play may let requests pass to a real one.
    """
    if not infer.is_test(source):
        return None
    names: set[str] = set()
    for around in source.ancestors(call.node):
        if isinstance(around, _WITH):
            replaced = [each.context_expr for each in around.items]
            if found := _first(source, replaced, call, source):
                return found
        elif isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names |= {each.arg for each in parameters(around)}
            line = call.node.lineno
            before = [n for n in _lasting(own_nodes(around.body)) if n.lineno < line]
            replaced = [*around.decorator_list, *before]
            if found := _first(source, replaced, call, source):
                return found
        elif isinstance(around, ast.ClassDef):
            of_class = _set_up(around)
            if found := _first(source, [*around.decorator_list, *of_class], call, source):
                return found
    return _by_fixture(source, infer, call, names)


def _by_fixture(
    source: SourceFile, infer: Inference, call: HttpCall, names: set[str]
) -> Statement | None:
    known: set[str] = set()
    for where in _places(source, infer):
        for function in where.nodes(ast.FunctionDef):
            made = [each for each in function.decorator_list if last_name(each) == "fixture"]
            is_used = function.name in names - known or any(map(_is_automatic, made))
            if not made or not is_used:
                continue
            known.add(function.name)
            names |= {each.arg for each in parameters(function)}
            nodes = [*own_nodes(function.body)]
            entered = [n.context_expr for n in nodes if isinstance(n, ast.withitem)]
            found = _first(where, [*entered, *_lasting(nodes)], call, source)
            if found is not None:
                return found
    return None


def _places(source: SourceFile, infer: Inference) -> Iterator[SourceFile]:
    """The file of a test, and those around it that hold fixtures for it."""
    yield source
    for folder in infer.tree.folders_of(source.path):
        view = infer.tree.view(f"{folder}/conftest.py")
        if view is not None:
            yield view.source


def _is_automatic(fixture: ast.expr) -> bool:
    given = fixture.keywords if isinstance(fixture, ast.Call) else []
    return any(
        each.arg == "autouse" and isinstance(each.value, ast.Constant) and bool(each.value.value)
        for each in given
    )


def _set_up(cls: ast.ClassDef) -> Iterator[ast.expr]:
    for each in cls.body:
        if isinstance(each, ast.FunctionDef) and each.name in ("setUp", "setUpClass"):
            yield from _lasting(own_nodes(each.body))


def _lasting(nodes: Iterator[ast.AST] | list[ast.AST]) -> Iterator[ast.expr]:
    """Calls whose replacement lasts after them: those of fixtures, and patchers that are started.

    A patcher is believed to be started where it is made.
    """
    for node in nodes:
        if isinstance(node, ast.Call):
            of = node.func.value if isinstance(node.func, ast.Attribute) else None
            if isinstance(of, ast.Call) and last_name(node) in ("start", "enter_context"):
                yield of
            elif last_name(node) in ("enter_context", "enterContext", "addCleanup"):
                yield from node.args[:1]
            elif dotted(node.func).startswith(("mocker.", "monkeypatch.")):
                yield node


def _first(
    where: SourceFile, replacing: list[ast.expr], call: HttpCall, home: SourceFile
) -> Statement | None:
    for each in replacing:
        what = _replaced(where, each, call)
        if what:
            is_here = where.path == home.path
            place = InLine(each.lineno) if is_here else At(where.path, each.lineno)
            return reasons.Replaced(what, place)
    return None


def _replaced(source: SourceFile, node: ast.expr, call: HttpCall) -> str:
    """What stands in for the transport of a request; empty where nothing is seen to."""
    if not isinstance(node, ast.Call) or not node.args:
        return ""
    named, second = node.args[0], _text(node.args[1]) if len(node.args) > 1 else ""
    target = _text(named) if last_name(node) in ("patch", "setattr") else ""
    if last_name(node) in ("object", "setattr") and second and not target:
        of, sends = dotted(named), call.node.func
        if isinstance(sends, ast.Attribute) and of and dotted(sends.value) == of:
            return f"{of}.{second}" if second == sends.attr else ""
        target = f"{full_name(source, named)}.{second}"
    *parts, last = target.split(".")
    is_transport = last in {*_TRANSPORTS, last_name(call.node)}
    return target if is_transport and call.sender.library in parts else ""


def _text(node: ast.expr) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else ""
