"""Which names are certainly bound when a statement begins, and which of them hold plain values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import takewhile

from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.python.bindings import FUNCTIONS
from qw_codemod.python.names import bound_names

_PLAIN_TYPES = frozenset(
    "str int float bool date datetime time timedelta Decimal UUID Path PurePath PathLike Optional "
    "Union Literal None typing os pathlib decimal uuid datetime".split()
)
_PLAIN_METHODS = frozenset(
    "strip lstrip rstrip lower upper title split rsplit partition rpartition replace format encode "
    "startswith endswith isdigit isoformat strftime date year month day removeprefix removesuffix "
    "casefold zfill count find hex".split()
)
_PLAIN_NAME = re.compile(
    r"(^|_)(id|ids?|uuid|url|uri|path|file|filename|folder|dir|directory|date|day|month|year|season"
    r"|week|time|timestamp|code|number|num|count|index|idx|i|n|size|limit|offset|page|table|dataset"
    r"|bucket|blob|query_id|job_id|region|project|version|status|kind|type|mode|label|slug|host"
    r"|port|username|player|team|game|symbol|ticker|step|attempt|batch)$"
)
_BULKY_NAME = re.compile(
    r"(definition|sql|query|content|body|payload|html|xml|document|ddl|source|logic|script)$"
    r"|(load|read|writ|pars|handl|manag|provid|build|runn|execut|connect|convert|resolv|fetch)(er|or)$"
    r"|(^|_)(user|account|profile|person|customer|owner|member)$"
    r"|(^|_)(callback|func|fn|function|hook|factory|service|model|adapter|serializer)$"
    r"|(^|_)(data|contents|text|rows|row|records|items|results?|df"
    r"|frame|dataframe|response|resp|res|r|request|req|config|settings|options|opts|kwargs|args"
    r"|v|val|vals|x|y|cell|cells|entry|entries|element|elem|el|field|node|expr|expression|client|session|conn|connection|cursor|engine|db|soup|doc|tree|lines|values?|obj|object|self"
    r"|cls|context|ctx|logger|log|f|fp|fh|out|output|input|buffer|stream|sock|socket)$"
)
_PARSERS = frozenset("int float Decimal strptime fromisoformat UUID".split())
_BUILDERS = frozenset("str int float bool len round min max sum abs format repr".split())


def bound_before(source: SourceFile, statement: ast.stmt) -> list[str]:
    """The names of the statement's own scope that hold a value whenever it begins, in order.

    Parameters come first, then the variables of the loops around it, then what was assigned.
    """
    child: ast.AST = statement
    loops: list[str] = []
    assigned: list[str] = []
    parameters: list[str] = []
    scope: ast.AST = source.tree
    for around in source.ancestors(statement):
        if isinstance(around, FUNCTIONS):
            parameters = _parameters(around)
            assigned = [*_assigned(_before(around, child)), *assigned]
            scope = around
            break
        if isinstance(around, ast.ClassDef):
            return []
        if isinstance(around, (ast.For, ast.AsyncFor)) and child in around.body:
            loops = [*_names([around.target]), *loops]
        if isinstance(around, (ast.With, ast.AsyncWith)):
            assigned = [
                *_names(i.optional_vars for i in around.items if i.optional_vars),
                *assigned,
            ]
        assigned = [*_assigned(_before(around, child)), *assigned]
        child = around
    unsure = _unbound(scope)
    names = dict.fromkeys([*parameters, *loops, *assigned])
    return [name for name in names if name not in unsure]


def _parameters(function: ast.AST) -> list[str]:
    arguments = getattr(function, "args", None)
    if not isinstance(arguments, ast.arguments):
        return []
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [each.arg for each in every if each.arg not in ("self", "cls")]


def _before(around: ast.AST, child: ast.AST) -> Sequence[ast.stmt]:
    """The statements of the same block that run before a statement."""
    return list(takewhile(lambda each: each is not child, block_of(around, child)))


def _assigned(block: Iterable[ast.stmt]) -> list[str]:
    """The names that are bound once these statements have run to their end."""
    return [name for node in block for name in _assigned_by(node)]


@lru_cache(maxsize=20_000)
def _assigned_by(node: ast.stmt) -> tuple[str, ...]:
    if isinstance(node, ast.Assign):
        return tuple(_names(node.targets))
    if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        return tuple(_names([node.target])) if node.value is not None else ()
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return tuple(_names(item.optional_vars for item in node.items if item.optional_vars))
    if isinstance(node, ast.If):
        return tuple(_common([node.body, node.orelse]))
    if isinstance(node, ast.Try):
        ways = [[*node.body, *node.orelse], *(each.body for each in node.handlers)]
        return (*_common(ways), *_assigned(node.finalbody))
    return ()


def _common(ways: Sequence[Sequence[ast.stmt]]) -> list[str]:
    """What is bound whichever way was taken; a way that leaves does not come back."""
    sets = [_assigned(way) for way in ways if not _ends(way)]
    return [name for name in sets[0] if all(name in each for each in sets)] if sets else []


def _ends(way: Sequence[ast.stmt]) -> bool:
    return bool(way) and isinstance(way[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def _names(targets: Iterable[ast.expr]) -> list[str]:
    found = []
    for target in targets:
        found += [n.id for n in ast.walk(target) if isinstance(n, ast.Name) and _stores(n)]
    return found


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


@lru_cache(maxsize=8)
def _unbound(scope: ast.AST) -> frozenset[str]:
    """Names that somebody deletes, or that belong to another scope."""
    return frozenset(_unbound_in(scope))


def _unbound_in(scope: ast.AST) -> Iterator[str]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            yield node.id
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


# -- plain values -------------------------------------------------------------------------------


def plain_names(source: SourceFile, statement: ast.stmt, body: Sequence[ast.stmt]) -> list[str]:
    """The bound names that `body` reads and that hold text, numbers or dates as far as is told."""
    bound = bound_before(source, statement)
    own = {name for each in body for node in _inner_scopes(each) for name in bound_names([node])}
    read = {
        node.id
        for each in body
        for node in ast.walk(each)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    scope = next((n for n in source.ancestors(statement) if isinstance(n, FUNCTIONS)), source.tree)
    return [n for n in bound if n in read and n not in own and _is_plain(source, scope, n)]


def _inner_scopes(node: ast.AST) -> Iterator[ast.AST]:
    for each in ast.walk(node):
        if isinstance(
            each, (*FUNCTIONS, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        ):
            yield each


def _is_plain(source: SourceFile, scope: ast.AST, name: str) -> bool:
    if _is_parsed(scope, name):
        return True
    if _BULKY_NAME.search(name.lower()) or name.isupper():
        return False
    annotation = _annotation(scope, name)
    if annotation is not None:
        words = set(re.findall(r"\w+", source.text(annotation)))
        return words <= _PLAIN_TYPES
    return _used_plainly(source, scope, name) and _given_plainly(scope, name)


def _is_parsed(scope: ast.AST, name: str) -> bool:
    """Whether a number or a date is made of it: `int(text)`."""
    return any(
        isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) in _PARSERS
        and any(isinstance(each, ast.Name) and each.id == name for each in node.args[:1])
        for node in ast.walk(scope)
    )


def _annotation(scope: ast.AST, name: str) -> ast.expr | None:
    arguments = getattr(scope, "args", None)
    if isinstance(arguments, ast.arguments):
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if each.arg == name:
                return each.annotation
    return None


def _used_plainly(source: SourceFile, scope: ast.AST, name: str) -> bool:
    for node in ast.walk(scope):
        if not isinstance(node, ast.Name) or node.id != name:
            continue
        parent = source.parent(node)
        if isinstance(parent, ast.Attribute) and parent.attr not in _PLAIN_METHODS:
            return False
        if isinstance(parent, ast.Subscript) and parent.value is node:
            return False
        if isinstance(parent, ast.Call) and parent.func is node:
            return False
        if isinstance(parent, (ast.For, ast.AsyncFor, ast.comprehension)) and parent.iter is node:
            return False
        if isinstance(parent, (ast.Starred, ast.Await, ast.YieldFrom, ast.withitem)):
            return False
        if isinstance(parent, ast.keyword) and parent.arg is None:
            return False
        if isinstance(parent, ast.Call) and getattr(parent.func, "id", "") in _SIZED:
            return False
    return True


_SIZED = frozenset("len list dict set tuple sorted enumerate zip iter next sum any all".split())


def _given_plainly(scope: ast.AST, name: str) -> bool:
    """Whether what is assigned to a name may be plain; of a call's result its name must say so."""
    for node in ast.walk(scope):
        if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not any(isinstance(each, ast.Name) and each.id == name for each in targets):
            if name in _names(targets) and not _PLAIN_NAME.search(name.lower()):
                return False  # one of several that are unpacked
            continue
        value = node.value
        if isinstance(value, (ast.Constant, ast.JoinedStr)) or value is None:
            continue
        if isinstance(value, ast.Call) and getattr(value.func, "id", "") in _BUILDERS:
            continue
        if isinstance(value, (ast.List, ast.Dict, ast.Set, ast.Tuple, ast.ListComp, ast.DictComp)):
            return False
        if not _PLAIN_NAME.search(name.lower()):
            return False
    return True
