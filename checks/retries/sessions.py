"""Whether the session or client that sends a request retries by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.analysis.constants import values_of
from qw_codemod.infer import Class, Inference, Instance, Library, Module, Value
from qw_codemod.infer.statements import Annotated, Built, DeclaresReturn
from qw_codemod.kernel.model import Fact
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http.bounds import Mounted
from qw_codemod.libraries.http.calls import HttpCall, objects_of
from qw_codemod.libraries.retrying import is_retry, says_retry
from qw_codemod.python.bindings import dotted
from qw_codemod.python.syntax import last_name, own_nodes
from qw_codemod.rules.api import Statement

from . import reasons

_TRANSPORTS = ("transport", "mounts")
_SENDING = frozenset({"request", "send", "get", "post"})
_DEPTH = 3  # names that are followed to the call that built something


def by_session(source: SourceFile, infer: Inference, call: HttpCall) -> Statement | None:
    """What makes the session of a call try again, as a reason to leave it; None: nothing does.

    `requests.get` makes a session for each request, to which nobody can mount anything.
    """
    func = call.node.func
    if not isinstance(func, ast.Attribute):
        return None
    held = [p.value for p in infer.holds(source, func.value)]
    if any(isinstance(value, (Module, Library)) for value in held):
        return None
    facts = call.evidence.facts
    for mounted in objects_of(infer).mounted(source, func.value, facts):
        if mounted.adapter is not None and _retries(infer, mounted):
            return reasons.SessionRetries(dotted(func.value) or source.text(func.value))
    if (
        (call.sender.library == "requests" and any(_is_hidden(infer, fact) for fact in facts))
        or _is_made_to_retry(source, infer, func.value, facts)
        or any(_class_retries(infer, value) for value in held)
    ):
        return reasons.SessionRetries(dotted(func.value) or source.text(func.value))
    return None


def own_session(source: SourceFile, infer: Inference) -> tuple[str, str] | None:
    """The file and name of a function in the same package whose sessions try again.

    Somebody else uses it: it is what the project has for this.
    """
    tree = infer.tree
    package = tree.package_of(source.path)
    for path in tree.holding(("max_retries",), also=".mount("):
        if path == source.path or tree.is_test(path) or tree.package_of(path) != package:
            continue
        view = tree.view(path)
        for function in view.source.tree.body if view is not None else ():
            assert view is not None
            if not isinstance(function, ast.FunctionDef) or not _gives_back(function):
                continue
            adapters = _adapters(function)
            if any(_retries(infer, Mounted(view.source, each)) for each in adapters) and any(
                each != path and not tree.is_test(each) for each in tree.mentions(function.name)
            ):
                return path, function.name
    return None


def _gives_back(function: ast.FunctionDef) -> bool:
    """Whether a function gives back what it mounts adapters to."""
    nodes = [*own_nodes(function.body)]
    mounted = {
        dotted(each.func.value)
        for each in nodes
        if isinstance(each, ast.Call)
        and isinstance(each.func, ast.Attribute)
        and each.func.attr == "mount"
    }
    return any(
        isinstance(each, ast.Return) and each.value is not None and dotted(each.value) in mounted
        for each in nodes
    )


def _retries(infer: Inference, mounted: Mounted) -> bool:
    """Whether an adapter tries again; one that cannot be told is taken to do so."""
    source = mounted.source
    assert mounted.adapter is not None
    builds = list(_built_by(source, infer, mounted.adapter))
    if not builds:
        return True
    return any(_adapter_retries(source, infer, each) for each in builds)


def _built_by(
    source: SourceFile, infer: Inference, node: ast.expr, depth: int = _DEPTH
) -> Iterator[ast.Call]:
    """The calls that built what an expression holds, by the names of its own function first."""
    if isinstance(node, ast.Call):
        yield node
    elif depth:
        for where, value in values_of(source, infer, node):
            if where is source and value is not None:
                yield from _built_by(source, infer, value, depth - 1)


def _adapter_retries(source: SourceFile, infer: Inference, built: ast.Call) -> bool:
    for keyword in built.keywords:
        if keyword.arg == "max_retries":
            return not _is_off(source, keyword.value)
    if says_retry(last_name(built)):
        return True
    for inferred in infer.holds(source, built.func):
        cls = inferred.value
        if isinstance(cls, Class):
            return any(_hands_retries_on(source, each) for each in ast.walk(cls.node))
        if isinstance(cls, Library):
            # HTTPAdapter(10, 10, 3): the third is max_retries
            return len(built.args) > 2 and not _is_off(source, built.args[2])
    return True


def _hands_retries_on(source: SourceFile, node: ast.AST) -> bool:
    """`super().__init__(max_retries=3)`, `self.max_retries = Retry(3)`."""
    if isinstance(node, ast.Call):
        return any(each.arg == "max_retries" for each in node.keywords)
    if isinstance(node, ast.Assign):
        names = {last_name(each) for each in node.targets}
        return "max_retries" in names
    return False


def _is_off(source: SourceFile, node: ast.expr) -> bool:
    """`0`, `None`, `Retry(0)`, `Retry(total=0)`."""
    if isinstance(node, ast.Constant):
        return not node.value
    if not isinstance(node, ast.Call) or last_name(node) != "Retry":
        return False
    total = node.args[0] if node.args else None
    for keyword in node.keywords:
        total = keyword.value if keyword.arg == "total" else total
    return isinstance(total, ast.Constant) and not total.value


def _is_hidden(infer: Inference, fact: Fact) -> bool:
    """A declaration does not say what was done to the session that is assigned there."""
    if not isinstance(fact.what, (Annotated, DeclaresReturn)):
        return False
    view = infer.tree.view(fact.path)
    if view is None or b".mount(" not in view.source.data:
        return False
    if isinstance(fact.what, DeclaresReturn):
        return _mounts_in(infer, view.source, fact.line)
    return any(
        _retries(infer, Mounted(view.source, adapter)) for adapter in _adapters(view.source.tree)
    )


def _mounts_in(infer: Inference, source: SourceFile, line: int) -> bool:
    return any(
        _retries(infer, Mounted(source, adapter))
        for function in source.nodes(ast.FunctionDef)
        if function.lineno == line
        for adapter in _adapters(function)
    )


def _adapters(scope: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and last_name(node) == "mount":
            given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "adapter")]
            yield from given


def _is_made_to_retry(
    source: SourceFile, infer: Inference, receiver: ast.expr, facts: tuple[Fact, ...]
) -> bool:
    """`httpx.Client(transport=HTTPTransport(retries=3))`, `requests_retry_session()`."""
    for built in _built_by(source, infer, receiver):
        if says_retry(last_name(built)) or _transport_retries(source, infer, built):
            return True
    for fact in facts:
        if not isinstance(fact.what, Built):
            continue
        view = infer.tree.view(fact.path)
        for node in view.source.nodes(ast.Call) if view is not None else ():
            assert view is not None
            if node.lineno == fact.line and _transport_retries(view.source, infer, node):
                return True
    return False


def _transport_retries(source: SourceFile, infer: Inference, built: ast.Call) -> bool:
    for keyword in built.keywords:
        if keyword.arg not in _TRANSPORTS:
            continue
        values = keyword.value.values if isinstance(keyword.value, ast.Dict) else [keyword.value]
        for value in values:
            for made in _built_by(source, infer, value):
                if says_retry(last_name(made)):
                    return True
                if any(k.arg == "retries" and not _is_off(source, k.value) for k in made.keywords):
                    return True
    return False


def _class_retries(infer: Inference, value: Value) -> bool:
    """A session of the project that mounts such an adapter, or sends in a way of its own."""
    cls = value.of if isinstance(value, Instance) else value
    if not isinstance(cls, Class):
        return False
    objects = objects_of(infer)
    for base in objects.bounds.bases(cls):
        if not isinstance(base, Class):
            continue
        for prepared in objects.bounds.preparations(base.view.source):
            mounted = prepared.mounted
            if prepared.holder != "self" or prepared.cls is not base.node:
                continue
            if mounted.adapter is not None and _retries(infer, mounted):
                return True
        if any(_method_retries(base.view.source, each) for each in base.node.body):
            return True
    return False


def _method_retries(source: SourceFile, node: ast.stmt) -> bool:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name not in _SENDING:
        return False
    if any(is_retry(source, each) for each in node.decorator_list):
        return True
    loops = [each for each in own_nodes(node.body) if isinstance(each, (ast.For, ast.While))]
    return any(
        isinstance(each, ast.Call) and last_name(each) in _SENDING
        for loop in loops
        for each in own_nodes(loop.body)
    )
