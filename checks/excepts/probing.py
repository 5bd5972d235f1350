"""What is asked for no more than a sign of life, or again and again: a failure is an answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.syntax import definition_of, last_name, own_nodes

from . import statements as says
from .another_way import is_passed
from .effects import is_printing
from .logging_style import any_log_of
from .operation_name import called
from .work import is_service

_ASKING = frozenset("get head options urlopen".split())


def probes(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """Why nobody may mind that one of these fails."""
    if _is_in_polling_loop(source, statement, handler):
        return says.GoesOnAsking()
    if name := _only_shown(source, infer, statement, handler):
        return says.IsOnlyShown(name)
    calls = [
        node
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Call) and is_service(source, infer, node)
    ]
    asking = [each for each in calls if _asks(each)]
    if asking and all(_is_unused(source, each) for each in asking) and _is_quiet(handler):
        given = {name for each in asking for name in _names_of(source, each)}
        if all(each in asking or _receiver(each) in given for each in calls):
            return says.IsOnlyAsked(called(asking[0]))
    for call in asking:
        if _is_of_item(source, statement, handler, call):
            return says.IsOfData(called(call))
    return None


def _asks(call: ast.Call) -> bool:
    """Whether an HTTP request only reads: `get(url)`, `request("GET", url)`."""
    if last_name(call) == "request" and call.args:
        first = call.args[0]
        return isinstance(first, ast.Constant) and str(first.value).lower() in _ASKING
    return last_name(call) in _ASKING


def _is_quiet(handler: ast.ExceptHandler) -> bool:
    """Whether a handler goes on, or puts a constant in the place of what there is not."""
    others = (each for each in handler.body if not isinstance(each, ast.Pass | ast.Continue))
    return all(
        isinstance(each, ast.Assign | ast.Return)
        and (each.value is None or isinstance(each.value, ast.Constant))
        for each in others
    )


def _is_in_polling_loop(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the next round of a `while`, after a pause, asks the same again."""
    if not is_passed(handler):
        return False
    for around in source.ancestors(statement):
        if isinstance(around, (*FUNCTIONS, ast.For, ast.AsyncFor)):
            return False
        if isinstance(around, ast.While):
            nodes = (*ast.walk(around.test), *own_nodes(around.body))
            return any(isinstance(each, ast.Call) and _pauses(each) for each in nodes)
    return False


def _pauses(call: ast.Call) -> bool:
    name = last_name(call)
    return name == "sleep" or (name == "wait" and bool(call.args or call.keywords))


def _only_shown(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> str:
    """The name of what the handler replaces, where that is printed or logged, and no more."""
    match handler.body:
        case [ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant())]:
            pass
        case _:
            return ""
    inside = set(ast.walk(statement))
    function = definition_of(source, statement)
    reads = [
        node
        for node in own_nodes(function.body if function is not None else source.tree.body)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        if node not in inside
    ]
    return name if reads and all(_is_shown(source, infer, each) for each in reads) else ""


def _is_shown(source: SourceFile, infer: Inference, node: ast.AST) -> bool:
    for around in source.ancestors(node):
        if isinstance(around, ast.stmt):
            return False
        if isinstance(around, ast.Call) and isinstance(source.parent(around), ast.Expr):
            return is_printing(around) or any_log_of(source, infer, around) is not None
    return False


def _is_unused(source: SourceFile, call: ast.Call) -> bool:
    """Whether nothing is done with the answer but to wait for it: `get(url).raise_for_status()`."""
    of: ast.AST = call
    parent = source.parent(of)
    while isinstance(parent, ast.Attribute | ast.Call | ast.Await):
        if isinstance(parent, ast.Call) and of is not parent.func:
            return False
        of, parent = parent, source.parent(parent)
    match parent:
        case ast.Expr():
            return True
        case ast.withitem(optional_vars=None):
            return True
    names = set(_names_of(source, call))
    function = definition_of(source, call)
    nodes = own_nodes(function.body if function is not None else source.tree.body)
    reads = [
        node
        for node in nodes
        if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)
    ]
    return bool(names) and all(_is_waited_for(source, each) for each in reads)


def _names_of(source: SourceFile, call: ast.Call) -> Iterator[str]:
    """The local name of an answer."""
    match source.parent(call):
        case ast.Assign(targets=[ast.Name(id=name)]):
            yield name
        case ast.withitem(optional_vars=ast.Name(id=name)):
            yield name


def _is_waited_for(source: SourceFile, name: ast.Name) -> bool:
    """`answer.raise_for_status()`, `answer.read(60)`: of which nobody takes the result."""
    of = source.parent(name)
    call = source.parent(of) if isinstance(of, ast.Attribute) else None
    return isinstance(call, ast.Call) and isinstance(source.parent(call), ast.Expr)


def _receiver(call: ast.Call) -> str:
    return dotted(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def _is_of_item(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler, call: ast.Call
) -> bool:
    """Whether a loop gets the address out of its data, and a default stands in for what is gone."""
    if is_passed(handler) or not any(_stores_default(each) for each in handler.body):
        return False
    given = call.args[0] if call.args else None
    if not isinstance(given, ast.Name | ast.Attribute | ast.Subscript):
        return False
    for around in source.ancestors(statement):
        if isinstance(around, FUNCTIONS):
            return False
        if isinstance(around, ast.For | ast.AsyncFor):
            return _root(given) in _items(around)
    return False


def _stores_default(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"), args=[ast.Constant()])):
            return True
    return False


def _items(loop: ast.For | ast.AsyncFor) -> set[str]:
    """The names of an item of a loop, and of what is taken out of that."""
    found = {each.id for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
    for node in _in_order(loop.body):
        value = node.value.func if isinstance(node.value, ast.Call) else node.value
        if _root(value) in found:
            found.update(map(dotted, node.targets))
    return found - {""}


def _in_order(body: Sequence[ast.stmt]) -> list[ast.Assign]:
    found = [each for each in own_nodes(body) if isinstance(each, ast.Assign)]
    return sorted(found, key=lambda each: each.lineno)


def _root(node: ast.expr) -> str:
    """`row` of `row["image"].url`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
