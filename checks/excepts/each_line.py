"""Whether a function runs each time something is logged: a report in it would call itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qw_codemod.analysis.reporting import LEVELS
from qw_codemod.infer import Function, Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import definition_of, last_name, own_nodes

from .effects import log_of

_FEW = 12  # files whose mentions of a function are followed
_FARTHEST = 4  # calls from what logs to the function
_LOGGING_CLASS = re.compile(r"(Handler|Formatter|Filter|Logger|LoggerAdapter)$")
_OF_LOGGING = frozenset(
    "emit format filter handle flush process makeRecord findCaller formatTime formatMessage "
    "formatException formatStack".split()
)
_OF_RECORDS = frozenset({"getMessage", "levelno", "exc_info", "levelname"})
_KEYS_OF_RECORDS = frozenset({"level", "message", "exception", "extra"})  # of loguru
_BEFORE_EVENTS = frozenset({"before_send", "before_breadcrumb"})  # of sentry_sdk.init
_Definition = ast.FunctionDef | ast.AsyncFunctionDef


def logs_through(source: SourceFile, infer: Inference, node: ast.AST) -> str:
    """The name of what logs and calls the function around a node on the way; empty for none."""
    function = definition_of(source, node)
    return _reached(source, infer, function, {}, 0) if function is not None else ""


def _reached(
    source: SourceFile,
    infer: Inference,
    function: _Definition,
    seen: dict[tuple[str, int], None],
    depth: int,
) -> str:
    key = (source.path, function.lineno)
    if key in seen:
        return ""
    seen[key] = None
    if is_part_of_logging(source, function) or passes_messages(function):
        return function.name
    if depth == _FARTHEST:
        return ""
    for caller, outer in functions_calling(source, infer, function):
        if found := _reached(caller, infer, outer, seen, depth + 1):
            return found
    return ""


def functions_calling(
    source: SourceFile, infer: Inference, function: _Definition
) -> Iterator[tuple[SourceFile, _Definition]]:
    """The functions that are known to call a function, each with its file."""
    if function.name.startswith("__"):
        return
    paths = infer.tree.mentions(function.name)
    for path in paths if len(paths) <= _FEW else ():
        view = infer.tree.view(path)
        for call in view.source.nodes(ast.Call) if view is not None else ():
            if last_name(call) != function.name or view is None:
                continue
            outer = definition_of(view.source, call)
            if outer is not None and any(
                isinstance(each.value, Function)
                and each.value.view.path == source.path
                and each.value.node.lineno == function.lineno
                for each in infer.holds(view.source, call.func)
            ):
                yield view.source, outer


def is_part_of_logging(source: SourceFile, function: _Definition) -> bool:
    """Whether a function is one that a library for logs, or Sentry, calls for what is reported."""
    parent = source.parent(function)
    if isinstance(parent, ast.ClassDef) and function.name in _OF_LOGGING:
        return any(map(_LOGGING_CLASS.search, map(last_name, parent.bases)))
    return handles_records(function) or any(
        each.arg in _BEFORE_EVENTS and last_name(each.value) == function.name
        for call in (source.nodes(ast.Call) if b"before_" in source.data else ())
        for each in call.keywords
    )


def handles_records(function: _Definition) -> bool:
    """Whether a function is given a log record, by annotation or by what it asks of it."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    for argument in arguments:
        if argument.annotation is not None and "LogRecord" in ast.unparse(argument.annotation):
            return True
        if argument.arg == "record" and any(map(_asks_record, ast.walk(function))):
            return True
    # a processor of structlog: logger, method_name, event_dict
    return len(arguments) > 2 and arguments[-1].arg == "event_dict"


def _asks_record(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=attribute):
            return attribute in _OF_RECORDS
        case ast.Subscript(value=ast.Name(id="record"), slice=ast.Constant(value=str() as key)):
            return key in _KEYS_OF_RECORDS
    return False


def passes_messages(function: _Definition) -> bool:
    """Whether a function logs the message that it is given: `def error(message): emit(message)`.

    It is named by a level or as a log, or is given the level too.
    """
    given = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    for node in own_nodes(function.body):
        if isinstance(node, ast.Assign) and given & _names(node.value):
            given |= {dotted(each) for each in node.targets}
    is_named = function.name in LEVELS or "log" in words(function.name)
    for node in own_nodes(function.body):
        if not isinstance(node, ast.Call) or log_of(node) is None:
            continue
        match node.func, node.args:
            case ast.Attribute(attr="log"), [ast.Name(id=level), ast.Name(id=message), *_]:
                if level in given and message in given:
                    return True
            case ast.Attribute(), [ast.Name(id=message), *_]:
                if message in given and is_named:
                    return True
    return False


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
