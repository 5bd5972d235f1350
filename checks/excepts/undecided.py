"""Failures of which nothing in the code tells whether they are ordinary: these are left."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qw_codemod.infer import Inference, Nothing
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import own_nodes

from . import statements as says
from .another_way import is_passed
from .operation_name import called, is_trivial, outermost
from .work import Work

CONVERTING = frozenset(
    "json.loads ast.literal_eval datetime.datetime.strptime datetime.datetime.fromisoformat "
    "datetime.date.fromisoformat decimal.Decimal uuid.UUID base64.b64decode".split()
)


def undecided(
    source: SourceFile,
    infer: Inference,
    statement: ast.Try,
    handler: ast.ExceptHandler,
    work: Work,
) -> Statement | None:
    """What may be missing, or too little, as well as out of order; None where nothing looks so.

    A service that is asked for more than one thing by its name is out of order if that fails.
    """
    if work not in (Work.CODE, Work.SERVICE) or not _gives_default(handler):
        return None
    for call in (node for node in own_nodes(statement.body) if isinstance(node, ast.Call)):
        if _is_found_by_name(call) or (is_passed(handler) and _removes(source, call)):
            return says.MayNotBeThere(called(call))
        if is_passed(handler) and _makes(call):
            return says.MayBeThere(called(call))
    if work is Work.SERVICE:
        return None
    for call in (call for each in statement.body for call in outermost(source, each)):
        if _is_made_above(source, statement, call):
            return says.IsMadeAbove(called(call))
    for call in _used(source, statement):
        if _may_find_nothing(source, infer, call):
            return says.MayFindNothing(called(call))
    for name in _formatted(statement):
        return says.MayBeNothing(name)
    return None


def _gives_default(handler: ast.ExceptHandler) -> bool:
    """Whether the handler goes on with nothing, or with a value that is at hand."""
    return not any(isinstance(each, ast.Call | ast.Raise) for each in own_nodes(handler.body))


def _is_found_by_name(call: ast.Call) -> bool:
    """Whether one thing is asked for by its name, which raises where there is none.

    `disks.get(disk=name).execute()` of Google's API client, `Team.objects.get(id=team_id)` of
    Django, `query.one()` of SQLAlchemy, `driver.find_element("id", name)` of Selenium.
    """
    match call.func:
        case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="get")), attr="execute"):
            return True
        case ast.Attribute(value=ast.Attribute(attr="objects"), attr="get"):
            return True
        case ast.Attribute(attr="one") if not (call.args or call.keywords):
            return True
        case ast.Attribute(attr="find_element"):
            return True
    return False


_REMOVING = frozenset("delete drop remove".split())
_DEFINES = re.compile(r"\s*(create|alter|drop)\s", re.I)


def _verb(call: ast.Call) -> str:
    """The word that a call of a method begins with."""
    return next(iter(words(call.func.attr)), "") if isinstance(call.func, ast.Attribute) else ""


def _is_made_above(source: SourceFile, statement: ast.Try, call: ast.Call) -> bool:
    """Whether the same is called right above, of something else, and may not fail there.

    `rows = load(last_month)`, and then `load(this_month)`, which may have no rows yet.
    """
    block = block_of(source.parent(statement), statement)
    above = block[: block.index(statement)] if statement in block else []
    return not is_trivial(source, call) and any(
        isinstance(node, ast.Call)
        and called(node) == called(call) != ""
        and ast.dump(node) != ast.dump(call)
        for each in above
        if isinstance(each, ast.Assign | ast.Expr | ast.Return)
        for node in ast.walk(each)
    )


def _removes(source: SourceFile, call: ast.Call) -> bool:
    return _verb(call) in _REMOVING and not full_name(source, call.func).startswith("os.")


def _makes(call: ast.Call) -> bool:
    """`client.create_topic(name)`, `cursor.execute("ALTER TABLE teams ADD city")`: done once."""
    if _verb(call) == "create":
        return True
    match call.args[:1]:
        case [ast.Constant(value=str() as text)]:
            return bool(_DEFINES.match(text))
    return False


def results_by_name(statement: ast.Try) -> dict[str, ast.Call]:
    """The calls whose results the body gives a name, the last one of each name."""
    return {
        target.id: node.value
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _used(source: SourceFile, statement: ast.Try) -> Iterator[ast.Call]:
    """The calls whose results the body converts, or takes something of, without asking before.

    `json.loads(cache.get(key))`, and `row = reader.get(ip)` and then `row["country"]`.
    """
    made = results_by_name(statement)
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
            case ast.Attribute(value=ast.Call(func=ast.Attribute(attr=attr)) as value) if (
                attr in _FINDING
            ):
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


_FINDING = frozenset("find find_one find_next select_one first one_or_none".split())
_OF_TEXT = frozenset(dir(str)) - frozenset(dir(list)) - frozenset(dir(dict)) - {"format"}


def _converts(source: SourceFile, call: ast.Call) -> bool:
    return dotted(call.func) in ("int", "float") or full_name(source, call.func) in CONVERTING


def _may_find_nothing(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    """Whether a call gives None where there is nothing, as `get(key)` and `first()` do."""
    if is_trivial(source, call) and not isinstance(call.func, ast.Attribute):
        return False
    match call:
        case ast.Call(func=ast.Attribute(attr="get"), args=[_], keywords=[]):
            return True
        case ast.Call(func=ast.Attribute(attr=name)) if name in _FINDING:
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
