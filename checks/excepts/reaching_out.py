"""Whether a call does more than to find something out of what is at hand: it reaches out, or acts.

What it does may fail by an outage alone. Of all other calls of which nothing is known a failure may
mean as well that there is nothing to find, or nothing of the kind.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from qw_codemod.analysis.exception_flow import classes
from qw_codemod.infer import Function, Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import catches_everything, definition_of, last_name, own_nodes

from .logging_style import any_log_of
from .operation_name import imported_names, is_trivial
from .work import (
    CHECKING,
    PROGRAMS,
    is_of_machine,
    is_parser,
    is_pure,
    is_service,
    is_tidying,
    objects_of,
    opens_to_write,
)

_DEPTH = 3  # functions of the project that are followed
# Of a cursor, as PEP 249 has them, and of what stands in its place: a session, a request that is
# put together (`service.files().list(q=query).execute()`).
_OF_CURSORS = frozenset("execute executemany callproc commit query".split())

# Libraries whose objects talk to a database, a queue, a store or another machine.
_CLIENTS = frozenset(
    "aiobotocore aiokafka aiomysql aiopg aioredis amqp asyncpg azure botocore boto cassandra "
    "clickhouse_connect clickhouse_driver confluent_kafka databases databricks duckdb "
    "elasticsearch fabric ftplib googleapiclient grpc gspread hvac imaplib influxdb kafka "
    "kubernetes ldap3 minio motor MySQLdb mysql neo4j opensearchpy oracledb paramiko pika psycopg "
    "psycopg2 pyhive pymongo pymssql pymysql pyodbc redis redshift_connector slack_sdk smtplib "
    "snowflake sqlalchemy sqlite3 sqlmodel swiftclient trino".split()
)
_OF_VALUES = frozenset(  # raised by what is given, and by no outage
    "ValueError TypeError KeyError IndexError AttributeError JSONDecodeError "
    "UnicodeDecodeError UnicodeError StopIteration ImportError ModuleNotFoundError "
    "AssertionError FileNotFoundError ZeroDivisionError".split()
)

_OF_FILES = ("os.", "shutil.")
_ASKING = tuple((each,) for each in (*CHECKING, "get"))  # and whether it can be had is all
_SEEING = frozenset("exists is_file isfile is_dir isdir glob rglob iterdir listdir walk".split())


def reaches_out(source: SourceFile, infer: Inference, call: ast.Call, depth: int = _DEPTH) -> bool:
    """Whether a call is one of a service, a database or a program, by what is known of it.

    So is a function of the project that does so itself, unless it keeps those failures to itself.
    """
    if opens_to_write(call) or last_name(call) in _OF_CURSORS:
        return True
    if full_name(source, call.func) in PROGRAMS:
        return _is_heeded(source, call)
    if is_service(source, infer, call) or _is_of_client(source, infer, call):
        return True
    return any(
        reaches_out(function.view.source, infer, each, depth - 1)
        for function in _called(source, infer, call, depth)
        for each in _let_out(function)
    )


def _is_heeded(source: SourceFile, call: ast.Call) -> bool:
    """Whether it matters what becomes of a program: its result is used, or checked."""
    if not isinstance(source.parent(call), ast.Expr) or last_name(call).startswith("check_"):
        return True
    return any(
        each.arg == "check" and isinstance(each.value, ast.Constant) and each.value.value is True
        for each in call.keywords
    )


def _is_of_client(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    """Whether an object of a client library is asked, or one is opened: `psycopg2.connect()`."""
    name = full_name(source, call.func)
    if name.endswith(".connect") and name.partition(".")[0] in _CLIENTS:
        return True
    if not isinstance(call.func, ast.Attribute):
        return False
    return any(each.partition(".")[0] in _CLIENTS for each in objects_of(source, infer, call.func))


def _let_out(function: Function) -> Iterator[ast.Call]:
    """The calls of a function whose outages get out of it."""
    for node in raising(_body_of(function), _keeps_outages(function.view.source)):
        if isinstance(node, ast.Call):
            yield node


def _keeps_outages(source: SourceFile) -> Callable[[ast.ExceptHandler], bool]:
    def keeps(handler: ast.ExceptHandler) -> bool:
        if catches_everything(handler) or handler.type is None:
            return True
        names = {each.rpartition(".")[2] for each in classes(source, handler.type)}
        return not names <= _OF_VALUES

    return keeps


def reads_one_of_many(
    source: SourceFile, infer: Inference, call: ast.Call, depth: int = _DEPTH
) -> bool:
    """Whether a file is opened whose name says which of many it is: `open(f"{team}.csv")`.

    One that is always called the same may well not be there: `open(folder / "settings.json")`. A
    function of the project that opens what it is given is followed.
    """
    if any(is_fixed(source, each) and not is_seen(source, each) for each in call.args):
        return False
    if dotted(call.func) == "open" and call.args:
        return True
    return any(
        reads_one_of_many(function.view.source, infer, each, depth - 1)
        for function in _called(source, infer, call, depth)
        for each in _let_out(function)
    )


def _body_of(function: Function) -> Sequence[ast.stmt]:
    return () if isinstance(function.node, ast.Lambda) else function.node.body


def _called(source: SourceFile, infer: Inference, call: ast.Call, depth: int) -> Iterator[Function]:
    """The functions of the project that a call is one of, on which the answer depends then."""
    if not depth or is_trivial(source, call):
        return
    for inferred in infer.holds(source, call.func):
        function = inferred.value
        if isinstance(function, Function) and not isinstance(function.node, ast.Lambda):
            function.view.depend_on_body(function.node)
            yield function


def is_command(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    """Whether nobody waits for what a call gives: it is there for what it does, `store(rows)`.

    Not so what is awaited of an object of which nothing is known, nor a function of the project,
    which is looked into.
    """
    parent = source.parent(call)
    if isinstance(parent, ast.Await):
        parent = source.parent(parent)
    if not isinstance(parent, ast.Expr) or words(last_name(call))[:1] in _ASKING:
        return False
    if full_name(source, call.func).startswith(_OF_FILES):
        return True
    if is_trivial(source, call) or is_tidying(call) or is_parser(source, call):
        return False
    if is_of_object(source, call) or is_own(source, infer, call):
        return False
    return any_log_of(source, infer, call) is None and not is_pure(source, infer, call)


def is_of_object(source: SourceFile, call: ast.Call) -> bool:
    """Whether what is awaited is asked of an object of which nothing is known: `page.press(key)`.

    Neither the file imports it, nor is anything known of its class.
    """
    if not isinstance(call.func, ast.Attribute) or not _is_awaited(source, call):
        return False
    return dotted(call.func).partition(".")[0] not in imported_names(source)


def _is_awaited(source: SourceFile, call: ast.Call) -> bool:
    """Whether a call is awaited, or is an argument of one that is: `wait_for(page.load())`."""
    for around in source.ancestors(call):
        if isinstance(around, ast.Await | ast.AsyncFor):
            return True
        if isinstance(around, ast.stmt):
            return isinstance(around, ast.AsyncWith)
    return False


def is_own(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    """Whether a function of the project is called."""
    return any(isinstance(each.value, Function) for each in infer.holds(source, call.func))


def fails_by_itself(
    source: SourceFile, infer: Inference, call: ast.Call, depth: int = _DEPTH
) -> bool:
    """Whether a function of the project raises an error of its own, opens a file, or awaits a task.

    Errors of wrong values do not count, nor do failures that the function handles itself.
    """
    for function in _called(source, infer, call, depth):
        where = function.view.source
        for node in raising(_body_of(function), _keeps_outages(where)):
            if isinstance(node, ast.Raise) and last_name(node.exc or node) not in _OF_VALUES:
                return True
            if isinstance(node, ast.Await) and dotted(node.value):
                return True  # a task that was started
            if isinstance(node, ast.Call) and (
                is_of_machine(where, node) or fails_by_itself(where, infer, node, depth - 1)
            ):
                return True
    return False


def stores_replaced(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a constant that the handler puts in the place of a value goes into a database.

    `restricted = False`, and below `cursor.execute(update, (restricted, row_id))`.
    """
    replaced = {
        name
        for each in handler.body
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant)
        for target in each.targets
        if (name := dotted(target))
    }
    function = definition_of(source, statement)
    body = function.body if function is not None else source.tree.body
    end = statement.end_lineno or 0
    below = [node for node in own_nodes(body) if getattr(node, "lineno", 0) > end]
    for node in sorted(below, key=lambda each: getattr(each, "lineno", 0)):
        if isinstance(node, ast.Assign) and _reads_any(node.value, replaced):
            replaced |= {dotted(target) for target in node.targets} - {""}
    return bool(replaced) and any(
        isinstance(node, ast.Call)
        and last_name(node) in _STORING
        and any(_reads_any(each, replaced) for each in node.args)
        for node in below
    )


_STORING = _OF_CURSORS - {"query", "commit"}


def _reads_any(node: ast.expr, names: set[str]) -> bool:
    return any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(node))


def is_fixed(source: SourceFile, path: ast.expr, depth: int = 2) -> bool:
    """Whether a path ends in a name that the program itself knows."""
    match path:
        case ast.Constant():
            return True
        case ast.JoinedStr(values=[*_, ast.Constant(value=str() as text)]):
            return "/" in text
        case ast.BinOp(op=ast.Div() | ast.Add(), right=right):
            return is_fixed(source, right, depth)
        case ast.Call(args=[*_, last]) if last_name(path) in ("join", "joinpath", "Path"):
            return is_fixed(source, last, depth)
        case ast.Name(id=name) if name.isupper():
            return True
        case ast.Name(id=name) if depth:
            function = definition_of(source, path)
            given = [
                each.value
                for each in own_nodes(function.body if function is not None else source.tree.body)
                if isinstance(each, ast.Assign) and name in map(dotted, each.targets)
            ]
            return bool(given) and all(is_fixed(source, each, depth - 1) for each in given)
    return False


def is_seen(source: SourceFile, path: ast.expr) -> bool:
    """Whether the function around asks somewhere whether a path is there."""
    names = {node.id for node in ast.walk(path) if isinstance(node, ast.Name)}
    function = definition_of(source, path)
    return any(
        isinstance(node, ast.Call)
        and last_name(node) in _SEEING
        and any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(node))
        for node in own_nodes(function.body if function is not None else source.tree.body)
    )


def raising(
    body: Sequence[ast.stmt], keeps: Callable[[ast.ExceptHandler], bool] = catches_everything
) -> Iterator[ast.AST]:
    """The nodes of a body whose failures get out of it, past the handlers that keep them."""
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, FUNCTIONS):
            continue
        if isinstance(node, ast.Try) and any(
            keeps(each) and not any(isinstance(n, ast.Raise) for n in own_nodes(each.body))
            for each in node.handlers
        ):
            stack.extend((*node.handlers, *node.orelse, *node.finalbody))
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))
