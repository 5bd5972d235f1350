"""Failures of which nothing in the code tells whether they are ordinary: these are left."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.infer import Inference, Nothing
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import definition_of, own_nodes

from . import statements as says
from .operation_name import called, is_trivial, outermost
from .work import is_pure, runs_others

_COMPUTING = ("scipy.", "sklearn.", "statsmodels.")  # estimates, which need data of their kind
_CONVERTING = frozenset(
    "json.loads ast.literal_eval datetime.datetime.strptime datetime.datetime.fromisoformat "
    "datetime.date.fromisoformat decimal.Decimal uuid.UUID base64.b64decode".split()
)


def undecided(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """What may be missing, or too little, as well as out of order; None where nothing looks so."""
    if not _gives_default(handler):
        return None
    for call in (node for node in own_nodes(statement.body) if isinstance(node, ast.Call)):
        if _is_found_by_name(call):
            return says.MayNotBeThere(called(call))
    for call in _used(source, statement):
        if _may_find_nothing(source, infer, call):
            return says.MayFindNothing(called(call))
    for name in _formatted(statement):
        return says.MayBeNothing(name)
    if not runs_others(statement) and not _is_asked_before(source, statement):
        calls = [call for each in statement.body for call in outermost(source, each)]
        calls = [e for e in calls if not (is_trivial(source, e) or is_pure(source, infer, e))]
        if calls and all(full_name(source, e.func).startswith(_COMPUTING) for e in calls):
            return says.MayBeTooLittle(called(calls[0]))
    return None


def _gives_default(handler: ast.ExceptHandler) -> bool:
    """Whether the handler goes on with nothing, or with a value that is at hand."""
    return not any(isinstance(each, ast.Call | ast.Raise) for each in own_nodes(handler.body))


def _is_found_by_name(call: ast.Call) -> bool:
    """`disks.get(disk=name).execute()`, as Google's API client asks for one by its name."""
    match call.func:
        case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="get")), attr="execute"):
            return True
    return False


def _used(source: SourceFile, statement: ast.Try) -> Iterator[ast.Call]:
    """The calls whose results the body converts, or takes something of, without asking before.

    `json.loads(cache.get(key))`, and `row = reader.get(ip)` and then `row["country"]`.
    """
    made = {
        target.id: node.value
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    asked = {
        each.id
        for node in own_nodes(statement.body)
        if isinstance(node, ast.If | ast.IfExp | ast.BoolOp)
        for each in ast.walk(node.test if isinstance(node, ast.If | ast.IfExp) else node)
        if isinstance(each, ast.Name)
    }
    for node in own_nodes(statement.body):
        match node:
            case ast.Subscript(value=value, ctx=ast.Load()):
                pass
            case ast.Call(func=ast.Attribute(attr=attr, value=value)) if attr in _OF_TEXT:
                pass
            case ast.Call(args=[value]) if _converts(source, node):
                pass
            case _:
                continue
        if isinstance(value, ast.Call):
            yield value
        elif isinstance(value, ast.Name) and value.id in made.keys() - asked:
            yield made[value.id]


_OF_TEXT = frozenset(dir(str)) - frozenset(dir(list)) - frozenset(dir(dict)) - {"format"}


def _converts(source: SourceFile, call: ast.Call) -> bool:
    return dotted(call.func) in ("int", "float") or full_name(source, call.func) in _CONVERTING


def _may_find_nothing(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    """Whether a call gives None where there is nothing, as `get(key)` and `first()` do."""
    if is_trivial(source, call) and not isinstance(call.func, ast.Attribute):
        return False
    match call:
        case ast.Call(func=ast.Attribute(attr="get"), args=[_], keywords=[]):
            return True
        case ast.Call(func=ast.Attribute(attr="first" | "one_or_none"), args=[], keywords=[]):
            return True
        case ast.Call(func=ast.Attribute(attr=name), args=[], keywords=[]) if name.startswith(
            "get_"
        ):
            return True
    return any(isinstance(each.value, Nothing) for each in infer.holds(source, call))


def _formatted(statement: ast.Try) -> Iterator[str]:
    """The names that are formatted as numbers, and are None where there is none."""
    unknown = {
        target.id
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp)
        if isinstance(node.value.orelse, ast.Constant) and node.value.orelse.value is None
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in own_nodes(statement.body):
        match node:
            case ast.FormattedValue(value=ast.Name(id=name), format_spec=ast.JoinedStr()):
                if name in unknown:
                    yield name


def _is_asked_before(source: SourceFile, statement: ast.Try) -> bool:
    """Whether the function leaves, or does not get there, where what is computed is too little."""
    read = {
        node.id
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    child: ast.AST = statement
    for around in source.ancestors(statement):
        if isinstance(around, ast.If) and child in around.body and _names(around.test) & read:
            return True
        if isinstance(around, FUNCTIONS):
            break
        child = around
    function = definition_of(source, statement)
    before = own_nodes(function.body if function is not None else [])
    return any(
        isinstance(node, ast.If)
        and isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue)
        and _names(node.test) & read
        for node in before
        if getattr(node, "lineno", 0) <= statement.lineno or node in statement.body
    )


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
