"""How a handler that hides its exception is to be rewritten: what it catches, logs and sends."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass, replace

from qw_codemod.analysis.reporting import DEBUG, ERROR
from qw_codemod.infer import Inference
from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import WIDTH, SourceFile
from qw_codemod.python.imports import imports_of
from qw_codemod.python.syntax import function_of
from qw_codemod.rules.api import Context, Match

from .escapes import escapes
from .handlers import Case, Handler
from .levels import level_of
from .linting import VERBOSE, how_it_is_told
from .logging_style import Manner, Style, manner_of, own_loggers, stands_alone, style_of
from .operation_name import operation
from .raises import exceptions
from .readers import reads_extra
from .sentry import reaches_sentry
from .told_values import told_names
from .work import absent, is_pure, is_service

_NAMES = ("e", "exc", "err", "error", "exception", "failure")
_BUILD_FILES = frozenset({"setup.py", "noxfile.py", "conf.py", "conftest.py", "fabfile.py"})
_LIMITS = (79, 80)  # columns, of PEP 8 and of many houses
_EDGE, _MANY = 4, 3  # lines that end within so many columns before a limit show it
_SAME = (Case.RAISES_SAME, Case.OTHERS_CATCH_EXCEPTIONS, Case.HANDS_ON)


@dataclass(frozen=True, slots=True)
class ExcInfo:
    """A log call takes the exception with it: `exc_info=True`, or as loguru has it."""

    manner: Manner = "logging"
    told_by: str = ""  # "exception": by that method; else the name of the exception, or all of it


@dataclass(frozen=True, slots=True)
class LogLine:
    """The line in the log: in which style, and of which level, `exception` for an error.

    `shows_extra`: the whole context goes with it, for somebody shows it.
    """

    style: Style
    level: str
    shows_extra: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """How many columns a line of the handler's body has, and what it is indented by."""

    width: int
    indent: str

    def within(self) -> Room:
        """The room within brackets, with a comma at the end."""
        return Room(self.deeper().width - 1, self.indent)

    def deeper(self) -> Room:
        """The room one block deeper."""
        return Room(self.width - len(self.indent.expandtabs(4)), self.indent)


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a handler; what is empty stays as it is.

    `operation` and `context`, the names whose values are told, belong to the log line and to the
    event alike. Nothing is said of an exception of the class `unless`.
    """

    room: Room
    catches: tuple[str, ...] = ()  # dotted names of classes
    also_catches: tuple[str, ...] = ()  # which are no Exceptions; under the names of their modules
    name: str = ""  # of the exception, where the handler has none
    is_chained: bool = False  # `raise ... from name`
    log: LogLine | None = None
    capture: str = ""  # the function that sends an event, as it is called there
    operation: str = ""
    context: tuple[str, ...] = ()
    unless: str = ""  # the dotted name of a class
    incomplete: tuple[tuple[str, str], ...] = ()  # log calls that take it along, and by what
    tells_exception: bool = True  # in the message; a traceback says it as well
    raises_on: bool = False


def plan(source: SourceFile, context: Context, match: Match) -> Plan:
    """The rewrite that keeps what the program does next and hides nothing any more."""
    handler: Handler = match.remedy
    bare = ("Exception",) if handler.is_bare else ()
    plain = Plan(_room(source, handler.node), bare)
    if handler.case in _SAME:
        return replace(plain, catches=("BaseException",))
    if handler.is_bare and handler.case is not Case.IMPORTS:
        found = escapes(source, context, handler.statement, handler.node)
        plain = replace(plain, also_catches=tuple(e.raised for e in found if e.is_named))
    if handler.case is Case.RAISES_OTHER:
        last = handler.node.body[-1]
        if isinstance(last, ast.Raise) and last.cause is None:
            return replace(plain, name=exception_name(source, handler.node), is_chained=True)
    if handler.case is Case.IMPORTS and handler.effects.is_silent:
        return replace(plain, catches=("ImportError",))
    return _reported(source, context, handler, plain) if handler.case is Case.REPORTS else plain


def _reported(source: SourceFile, context: Context, handler: Handler, plan: Plan) -> Plan:
    settings, effects = context.settings, handler.effects
    if settings.get("narrow") and effects.is_silent:
        known = exceptions(source, context.infer, handler.statement.body)
        if known.raises and known.certain:
            plan = replace(plan, catches=known.raises)
    level = level_of(source, context.infer, handler.statement, handler.node)
    sends = _sends(source, context, level, bool(effects.logs))
    if effects.logs and all(log.level <= DEBUG for log in effects.logs):
        sends = sends and bool(settings.get("unreported"))  # it was meant to be heard by nobody
    if effects.uses_exception or effects.alerts or effects.captures or effects.reaches_sentry:
        return plan
    style = style_of(source, context.infer, handler.statement)
    of_error = [log for log in effects.logs if log.level >= ERROR and log.receiver]
    if of_error:
        caught = handler.node.name
        calls = (
            (f"{log.receiver}.{log.method}", how_it_is_told(source, context, log, caught))
            for log in of_error
            if manner_of(source, context.infer, log) == "logging"
        )
        return replace(plan, incomplete=tuple(calls))
    says_already = bool(effects.logs) or effects.prints
    if style.is_too_loud(level) and level == "debug" and not says_already:
        return plan  # of a bare handler: the others are left
    if not says_already:
        method = "exception" if level == "error" else level
        is_shown = sends or (level != "debug" and reads_extra(context.infer, source.path))
        line = LogLine(style, method, is_shown)
        plan = replace(plan, log=line)
    if sends:
        plan = replace(plan, capture=_capture(source))
    if not says_already or sends:
        plan = replace(
            plan,
            name=exception_name(source, handler.node),
            operation=_operation(source, context.infer, handler.statement),
            context=told_names(source, context.infer, handler.statement),
        )
        if level == "error":
            plan = replace(plan, unless=absent(source, handler.statement))
            is_found = context.infer.tree.deployments().linted(VERBOSE, source.path)
            if is_found and plan.log is not None and style.manner in ("logging", "loguru"):
                name = plan.name if sends or plan.unless else ""
                plan = replace(plan, tells_exception=False, name=name)
    return replace(plan, raises_on=settings.get("on_swallow") == "raise")


def _operation(source: SourceFile, infer: Inference, statement: ast.Try) -> str:
    loggers = own_loggers(source, infer)
    return operation(
        source,
        statement,
        loggers,
        lambda call: is_pure(source, infer, call),
        lambda call: is_service(source, infer, call),
    )


def _sends(source: SourceFile, context: Context, level: str, logs: bool) -> bool:
    """Whether an event is sent: of an error, where somebody gets it.

    Who has handlers that log reported that no event is sent counts on Sentry.
    """
    if os.path.basename(source.path) in _BUILD_FILES or _is_guarded(source):
        return False
    wanted = context.settings.get("sentry", "auto")
    if wanted == "always":
        return True
    if wanted == "never" or level != "error" or stands_alone(source):
        return False
    counts_on_it = logs and bool(context.settings.get("unreported"))
    return wanted != "auto" or counts_on_it or reaches_sentry(source, context.infer)


def _capture(source: SourceFile) -> str:
    """How the file calls Sentry, or would."""
    for each in imports_of(source.tree):
        if each.source == "sentry_sdk.capture_exception" and not each.alias and not each.inside:
            return "capture_exception"
    return "sentry_sdk.capture_exception"


def _is_guarded(source: SourceFile) -> bool:
    """Whether `sentry_sdk` may be missing here: the log line alone sends an event where it is."""
    return any(
        each.package == "sentry_sdk" and each.is_optional for each in imports_of(source.tree)
    )


def _room(source: SourceFile, handler: ast.ExceptHandler) -> Room:
    unit = source.indent_unit
    indent = source.line_bytes(handler.lineno)[: handler.col_offset].decode() + unit
    return Room(_width(source) - len(indent.expandtabs(4)), unit)


@kept
def _width(source: SourceFile) -> int:
    """How wide a line may be: where several end right before one of the usual limits, that one."""
    lengths = [len(line.expandtabs(4)) for line in source.data.splitlines()]
    longest = max(lengths, default=0)
    limit = next((each for each in _LIMITS if longest <= each), WIDTH)
    return limit if sum(length > limit - _EDGE for length in lengths) >= _MANY else WIDTH


# -- the name -------------------------------------------------------------------------------------


def exception_name(source: SourceFile, handler: ast.ExceptHandler) -> str:
    """The handler's own name for its exception, or one that is in nobody's way."""
    if handler.name:
        return handler.name
    around = [each for each in source.ancestors(handler) if isinstance(each, ast.ExceptHandler)]
    taken = {each.name or exception_name(source, each) for each in around}
    taken |= {n.name or "" for n in ast.walk(handler) if isinstance(n, ast.ExceptHandler)}
    taken |= _live_names(function_of(source, handler) or source.tree)
    free = (name for name in (*_NAMES, *(f"e{n}" for n in range(2, 1000))) if name not in taken)
    return next(free)


@kept
def _live_names(scope: ast.AST) -> frozenset[str]:
    """The names that stand for something in a scope, outside of handlers that bind them."""
    live: set[str] = set()
    stack: list[tuple[ast.AST, frozenset[str]]] = [(scope, frozenset())]
    while stack:
        node, bound = stack.pop()
        if isinstance(node, ast.arg):
            live.add(node.arg)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            live.update(node.names)
        elif isinstance(node, ast.alias):
            live.add(node.asname or node.name)
        elif isinstance(node, ast.Name) and node.id not in bound:
            live.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound |= {node.name}
        stack += ((child, bound) for child in ast.iter_child_nodes(node))
    return frozenset(live)
