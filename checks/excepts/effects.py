"""What a handler makes of its exception: raises it, logs it, reports it, uses it, or hides it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from qw_codemod.analysis.callers import calls_with
from qw_codemod.analysis.exception_flow import never_returns
from qw_codemod.analysis.reporting import CURRENT_EXCEPTION, ERROR, LEVELS, captures
from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.definitions import is_main
from qw_codemod.python.identifiers import words
from qw_codemod.python.imports import imports_of
from qw_codemod.python.syntax import definition_of, own_nodes

_LOGGERS = frozenset({"log", "logger", "lgr"})
# Functions that say what went wrong, whoever they are: `report_failure()`, `self.log_error()`.
_SAYS = frozenset(
    "log logs logged logger warn warning warnings error errors err exc exception traceback fail "
    "failed failure report alert notify notification echo secho perror abort die panic tb stderr "
    "debug".split()
)
_FETCHES = frozenset(
    "get load read is has parse fetch find build make create open close set clear reset remove "
    "delete update init start stop download upload list filter count use".split()
)
_LIBRARIES = frozenset({"structlog", "loguru"})  # imported, they are what is spoken with
_MAKERS = frozenset({"getLogger", "get_logger", "get_run_logger", "get_task_logger"})
_PRINTING = frozenset({"print", "sys.stdout.write", "sys.stderr.write"})
_ECHOING = frozenset({"echo", "secho"})  # of click and typer
_SETUPS = _MAKERS | {"basicConfig", "dictConfig", "fileConfig", "addHandler"}


def _has_option(call: ast.Call) -> bool:
    """`logger.opt(exception=True).error("...")` of loguru."""
    match call.func:
        case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="opt"), keywords=keywords)):
            return any(each.arg == "exception" for each in keywords)
    return False


Raises = Literal["", "same", "other", "sometimes"]


@dataclass(frozen=True, slots=True)
class Log:
    """A call that logs; `receiver` is what stands before the method, `logger` or `self.log`."""

    node: ast.Call
    receiver: str
    method: str

    @property
    def level(self) -> int:
        """As Python's logging counts it."""
        return LEVELS[self.method]

    @property
    def has_exception(self) -> bool:
        """Whether the traceback goes with it."""
        if self.method == "exception" or _has_option(self.node):
            return True
        return any(
            each.arg == "exc_info"
            and not (isinstance(each.value, ast.Constant) and not each.value.value)
            for each in self.node.keywords
        )


@dataclass(frozen=True, slots=True)
class Effects:
    """All that a handler does about its exception."""

    raises: Raises  # on all paths the same or another one, or on some paths only
    logs: tuple[Log, ...]
    captures: tuple[ast.Call, ...]  # calls that send the exception to Sentry or the like
    uses_exception: bool  # by its name or through `sys.exc_info()`
    alerts: bool  # in another way that a person reads: a warning, an alert, a message on exit
    prints: bool  # where the module, or the function, has no other way of saying something

    @property
    def is_silent(self) -> bool:
        """Whether nobody will ever know what went wrong."""
        shows = self.logs or self.captures or self.uses_exception or self.alerts or self.prints
        return not (self.raises or shows)

    @property
    def reaches_sentry(self) -> bool:
        """Whether an event is sent, the exception with it."""
        return bool(self.captures) or any(
            log.level >= ERROR and log.has_exception for log in self.logs
        )


def effects_of(
    source: SourceFile, handler: ast.ExceptHandler, loggers: Collection[str] = ()
) -> Effects:
    """What the handler itself does; what it calls is judged by its name.

    `loggers` are those that are not named like one.
    """
    nodes = list(own_nodes(handler.body))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    logs = tuple(log for call in calls if (log := log_of(call) or _own_log(call, loggers)))
    of_logs = {log.node for log in logs}
    others = [call for call in calls if call not in of_logs]
    uses = any(
        isinstance(node, ast.Name) and node.id == handler.name and isinstance(node.ctx, ast.Load)
        for node in ast.walk(handler)
    )
    return Effects(
        _raises(source, handler, nodes),
        logs,
        tuple(call for call in others if captures(call)),
        uses or any(dotted(call.func) in CURRENT_EXCEPTION for call in calls),
        any(_says(call) for call in others),
        any(map(is_printing, calls))
        and (only_prints(source) or _is_told_by_print(source, handler)),
    )


def _is_told_by_print(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether the function around prints what it does elsewhere, too, and logs nothing."""
    function = definition_of(source, handler)
    if function is None:
        return False
    inside = set(ast.walk(handler))
    calls = [node for node in own_nodes(function.body) if isinstance(node, ast.Call)]
    if any(log_of(call) is not None for call in calls):
        return False
    return any(is_printing(call) and call not in inside for call in calls)


def log_of(call: ast.Call) -> Log | None:
    """The call as one that logs, by the names of its method and of what it is called on."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in LEVELS:
        return None
    receiver: ast.expr = call.func.value
    while isinstance(receiver, ast.Call):  # logger.bind(...).info(), get_logger().info()
        if isinstance(receiver.func, ast.Attribute) and not _is_logger(receiver.func.attr):
            receiver = receiver.func.value
        else:
            receiver = receiver.func
    last = receiver.attr if isinstance(receiver, ast.Attribute) else dotted(receiver)
    if not _is_logger(last):
        return None
    return Log(call, dotted(call.func.value), call.func.attr)


def _own_log(call: ast.Call, loggers: Collection[str]) -> Log | None:
    if not isinstance(call.func, ast.Attribute) or dotted(call.func.value) not in loggers:
        return None
    return Log(call, dotted(call.func.value), call.func.attr) if call.func.attr in LEVELS else None


def _is_logger(name: str) -> bool:
    """By its last word; of modules `logging` alone: `cloud_logging` is a client of a service."""
    said = words(name)
    return said == ("logging",) or not _LOGGERS.isdisjoint(said[-1:])


def reports(body: Sequence[ast.stmt]) -> bool:
    """Whether these statements are the reporting itself.

    A handler among them that reports something is about that: not everything else was reported.
    """
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, (*FUNCTIONS, ast.ExceptHandler)):
            continue
        if isinstance(node, ast.Call) and captures(node):
            return True
        stack.extend(ast.iter_child_nodes(node))
    return False


def _says(call: ast.Call) -> bool:
    name = dotted(call.func)
    last = call.func.attr if isinstance(call.func, ast.Attribute) else name
    if last == "exit" and call.args:  # a message goes to stderr, a number does not
        return not isinstance(call.args[0], ast.Constant) or isinstance(call.args[0].value, str)
    if name in ("sys.stderr.write", "warnings.warn"):
        return True
    if last == "print":
        return name != "print" or any(each.arg == "file" for each in call.keywords)
    said = words(last)
    fetches = len(said) > 1 and (said[0] in _FETCHES or (said[0] == "add" and "to" in said))
    return not _SAYS.isdisjoint(said) and not fetches


def _raises(source: SourceFile, handler: ast.ExceptHandler, nodes: Sequence[ast.AST]) -> Raises:
    raising = [node for node in nodes if isinstance(node, ast.Raise)]
    fails = any(
        isinstance(node, ast.Assert)
        or isinstance(node, ast.Call)
        and not _ends_process(node)
        and never_returns(source, node)
        for node in nodes
    )
    if not raising:
        return "sometimes" if fails else ""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and not any(_leaves(each) for each in handler.body[:-1]):
        same = last.exc is None or dotted(last.exc) == handler.name
        return "same" if same else "other"
    return "sometimes"


def _ends_process(call: ast.Call) -> bool:
    return dotted(call.func) in ("sys.exit", "os._exit", "os.abort", "exit", "quit")


def ends_program(handler: ast.ExceptHandler) -> bool:
    """Whether nothing follows the handler: it ends the process."""
    last = handler.body[-1]
    return (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call)
        and _ends_process(last.value)
    )


def is_exit_status(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether the handler gives the status with which the process ends: `sys.exit(main())`."""
    function = definition_of(source, handler)
    if function is None or not isinstance(handler.body[-1], ast.Return):
        return False
    return any(
        (_ends_process(call) or dotted(call.func) == "SystemExit")
        and isinstance(given, ast.Call)
        and dotted(given.func) == function.name
        for call in calls_with(source).get(function.name, ())
        for given in call.args[:1]
    )


def _leaves(statement: ast.stmt) -> bool:
    """Whether a statement may leave the handler before its last one."""
    return any(
        isinstance(node, ast.Return | ast.Break | ast.Continue | ast.Raise)
        for node in own_nodes([statement])
    )


@kept
def log_calls(source: SourceFile) -> tuple[Log, ...]:
    """All the calls of a file that log."""
    return tuple(filter(None, map(log_of, source.nodes(ast.Call))))


@kept
def only_prints(source: SourceFile) -> bool:
    """Whether a file tells what it does by `print` alone."""
    echoes = _has_commands(source)
    prints = any(
        dotted(call.func) in _PRINTING or (echoes and is_printing(call))
        for call in source.nodes(ast.Call)
    )
    return prints and not log_calls(source) and not _has_logger(source)


def _has_commands(source: SourceFile) -> bool:
    return any(each.package in ("click", "typer") for each in imports_of(source.tree))


def is_printing(call: ast.Call) -> bool:
    """Whether a call prints, itself or as command-line libraries do it."""
    name = dotted(call.func)
    return name in _PRINTING or name.rpartition(".")[2] in _ECHOING


def _has_logger(source: SourceFile) -> bool:
    """Whether a file imports a logger, makes one, or says where logs go."""
    for each in imports_of(source.tree):
        if each.package in _LIBRARIES or each.name in _MAKERS:
            return True
        if each.name and _is_logger(each.bound) and each.name != "logging":
            return True
    return any(dotted(call.func).rpartition(".")[2] in _SETUPS for call in source.nodes(ast.Call))


def is_script(source: SourceFile) -> bool:
    """Whether a file is made to be run: by its first line, its last, or by what it does at once."""
    if source.data.startswith(b"#!") or any(map(is_main, source.tree.body)):
        return True
    return any(
        isinstance(call, ast.Call) and is_printing(call)
        for node in source.tree.body
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef))
        for call in own_nodes([node])
    )
