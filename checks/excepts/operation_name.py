"""What a report says has failed: the function, and the call that its `try` is about."""

from __future__ import annotations

import ast
import builtins
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta

from qw_codemod.analysis.reporting import LEVELS, captures
from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.imports import ImportStatement, imports_of, names_of
from qw_codemod.python.syntax import catches_everything, definition_of, last_name, own_nodes

from .effects import is_printing, log_of

_BUILTINS = frozenset(dir(builtins))
_OF_PATHS = frozenset(f"os.path.{name}" for name in ("join", "basename", "dirname", "splitext"))
_PLAIN_TYPES = (str, bytes, int, float, list, tuple, dict, set, datetime, timedelta)
METHODS = frozenset(name for each in _PLAIN_TYPES for name in dir(each))  # of plain values


def operation(
    source: SourceFile,
    statement: ast.Try,
    loggers: Collection[str] = (),
    sure_to_work: Callable[[ast.Call], bool] | None = None,
    reaches_out: Callable[[ast.Call], bool] | None = None,
) -> str:
    """`Rosters.load: fetch`: where it failed, and the call, or the two calls, that may have.

    A method of plain values (`row.split`) says what Python did, and not what the program was at: it
    is never named, but `session.get` is where it `reaches_out` to a service. A conversion is, where
    nothing else is called: the function goes on, and only `int` failed in it. `loggers` are not
    named like one. Calls that are `sure_to_work` with proper values are named where nothing beside
    them can fail.
    """
    calls = [
        each
        for each in _telling(source, statement.body, reaches_out)
        if each.rpartition(".")[0] not in loggers or each.rpartition(".")[2] not in LEVELS
    ]
    place = _place(source, statement)
    is_sure = False
    if calls and sure_to_work is not None and _others_fail(statement.body):
        nodes = [call for each in statement.body for call in outermost(source, each)]
        is_sure = all(is_trivial(source, each) or sure_to_work(each) for each in nodes)
    if not place:
        first = "" if is_sure else next(iter(calls), "")
        return first or _imported(statement) or os.path.basename(source.path)
    if is_sure:
        return place
    calls = [each for each in calls if not _is_beside(each)] or calls
    if not calls:
        done = _converted(source, statement.body) or _changed(statement.body)
        return f"{place}: {done}" if done else place
    both = " or ".join(calls)
    is_told = len(calls) == 1 or (len(calls) == 2 and len(both) <= _SHORT)
    return f"{place}: {both}" if is_told else place


def _others_fail(body: Sequence[ast.stmt]) -> bool:
    """Whether more is done than to call: a key is read, two values are added or compared."""
    for node in own_nodes(body):
        match node:
            case ast.Subscript(slice=ast.Slice()):
                pass
            case ast.Subscript(ctx=ast.Load()) | ast.Assign(targets=[ast.Tuple()]):
                return True
            case ast.BinOp(op=op) if not isinstance(op, ast.Mod):
                return True
            case ast.Compare(ops=ops) if not all(isinstance(e, _ALWAYS) for e in ops):
                return True
            case ast.Call(func=ast.Name(id=name)) if name in _CONVERTING:
                return True
    return False


_ALWAYS = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)


def _is_beside(name: str) -> bool:
    """Whether a call only makes an object, or asks whether something is there: `Config()`."""
    last = name.rpartition(".")[2]
    said = words(last)
    return last[:1].isupper() or said[:1] in (("is",), ("has",)) or said[-1:] == ("exists",)


_SHORT = 50  # columns that the names of two calls take at most


def _converted(source: SourceFile, body: Sequence[ast.stmt]) -> str:
    """The one conversion that is made, by a builtin: `int`, `float`."""
    if any(isinstance(node, ast.Subscript) for each in body for node in ast.walk(each)):
        return ""  # which may fail as well
    calls = (call for each in body for call in outermost(source, each))
    names = {dotted(call.func) for call in calls} & _CONVERTING
    return names.pop() if len(names) == 1 else ""


_CONVERTING = frozenset({"int", "float", "bytes", "complex"})


def _changed(body: Sequence[ast.stmt]) -> str:
    """What a body deletes, sets or reads, where it does no more: `del size`, `read answer`."""
    match body:
        case [ast.Delete(targets=[ast.Subscript() | ast.Attribute() as target])]:
            return f"del {_chain(target)}"
        case [ast.Assign(targets=[ast.Attribute() as target], value=ast.Name() | ast.Constant())]:
            return f"set {_chain(target)}"
        case [ast.Assign(value=ast.Subscript() | ast.Attribute() as read)]:
            return f"read {_whole(read)}" if _whole(read) else ""
    return ""


def _whole(node: ast.expr) -> str:
    """The name of that of which something is read: `answer` of `answer["rows"][0]`."""
    while isinstance(node, ast.Subscript) or not dotted(node):
        if not isinstance(node, ast.Subscript | ast.Attribute):
            return ""
        node = node.value
    return dotted(node)


def _place(source: SourceFile, statement: ast.stmt) -> str:
    """The name of the function, with that of the class before it for a method."""
    function = definition_of(source, statement)
    if function is None:
        return ""
    parent = source.parent(function)
    return f"{parent.name}.{function.name}" if isinstance(parent, ast.ClassDef) else function.name


def _telling(
    source: SourceFile,
    body: Sequence[ast.stmt],
    reaches_out: Callable[[ast.Call], bool] | None,
) -> list[str]:
    """The calls that say something, without those within them.

    What is asked of the result of another one continues that: `client.query().result` stands for
    `job = client.query(sql)` and then `job.result()`.
    """
    made_by: dict[str, str] = {}  # names of variables to the calls whose results they hold
    found: dict[str, dict[str, None]] = {}
    for statement in body:
        for call in outermost(source, statement):
            name = called(call)
            if is_printing(call) or looks_at_clock(call) or not name:
                continue
            if is_trivial(source, call) and not (reaches_out and reaches_out(call)):
                continue
            first, _, rest = name.partition(".")
            if first in made_by:
                found[made_by[first]][f"{made_by[first]}().{rest}"] = None
                continue
            name = name.removeprefix("self.").removeprefix("cls.")
            if _makes_client(body, statement, call) or name in _OF_PATHS:
                continue
            found.setdefault(name, {})
            if isinstance(statement, ast.Assign) and statement.value is call:
                made_by.update((dotted(target), name) for target in statement.targets)
    return [next(iter(rest)) if len(rest) == 1 else name for name, rest in found.items()]


def _makes_client(body: Sequence[ast.stmt], statement: ast.stmt, call: ast.Call) -> bool:
    """`client = bigquery.Client()`, of which something is asked below: that is what it is about."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=made)], value=value) if value is call:
            is_class = called(call).rpartition(".")[2][:1].isupper()
            below = body[body.index(statement) + 1 :]
            return is_class and any(
                isinstance(node, ast.Call) and dotted(node.func).startswith(f"{made}.")
                for node in own_nodes(below)
            )
    return False


def looks_at_clock(call: ast.Call) -> bool:
    """`time.monotonic()`, `time()`, `datetime.now(tz)`."""
    return last_name(call) in _CLOCKS and len(call.args) + len(call.keywords) < 2


_CLOCKS = frozenset("time monotonic perf_counter now utcnow".split())


def _imported(statement: ast.Try) -> str:
    for each in own_nodes(statement.body):
        if isinstance(each, ImportStatement):
            imported = next(names_of(each))
            module = "." * imported.level + imported.module
            name = imported.name if imported.name not in ("", "*") else ""
            return f"import {module}" + (f".{name}" if name and module[-1:] != "." else name)
    return ""


def is_trivial(source: SourceFile, call: ast.Call) -> bool:
    """Whether a call is a builtin or a method of plain values, or is the reporting itself."""
    if log_of(call) is not None or captures(call):
        return True
    if isinstance(call.func, ast.Attribute):
        if call.func.attr not in METHODS:
            return False
        name = dotted(call.func).partition(".")[0]
        return name not in imported_names(source) or _is_set(source, call, name)  # requests.get
    name = dotted(call.func)
    return name in _BUILTINS or words(name) == ("log",)


def _is_set(source: SourceFile, node: ast.AST, name: str) -> bool:
    """Whether a function has a variable of its own by the name of a module: `warnings = []`."""
    function = definition_of(source, node)
    return function is not None and any(
        isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Store)
        for each in own_nodes(function.body)
    )


@kept
def imported_names(source: SourceFile) -> frozenset[str]:
    return frozenset(each.bound for each in imports_of(source.tree))


def outermost(source: SourceFile, node: ast.AST) -> Iterator[ast.Call]:
    """The calls of a statement, without those within a call that says something by itself.

    What an inner handler for everything keeps to itself is left out.
    """
    if isinstance(node, FUNCTIONS):
        return
    if isinstance(node, ast.Try) and any(map(_catches_all, node.handlers)):
        for each in (*node.handlers, *node.orelse, *node.finalbody):
            yield from outermost(source, each)
        return
    if isinstance(node, ast.Call):
        yield node
        if not is_trivial(source, node) or log_of(node) is not None:
            return
    for child in ast.iter_child_nodes(node):
        yield from outermost(source, child)


def _catches_all(handler: ast.ExceptHandler) -> bool:
    """Whether nothing that the body raises gets further."""
    if any(isinstance(each, ast.Raise) for each in own_nodes(handler.body)):
        return False
    return catches_everything(handler)


def called(call: ast.Call) -> str:
    """The name of what is called, with the calls that lead to it: `bucket.blob().upload`."""
    name = _chain(call.func)
    return name if name.count("(") < 3 else name.partition("(")[0]


def _chain(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        value = _chain(node.value)
        return f"{value}.{node.attr}" if value else node.attr
    if isinstance(node, ast.Call):
        value = _chain(node.func)
        return f"{value}()" if value else ""
    if isinstance(node, ast.Await):
        return _chain(node.value)
    if isinstance(node, ast.Subscript):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return key if isinstance(key, str) and key.isidentifier() else _chain(node.value)
    return node.id if isinstance(node, ast.Name) else ""
