"""One failure that Sentry is sent twice (QW204), and whether one event can tell all of both."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from qw_codemod.analysis.reporting import ERROR, captures
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import last_name, own_nodes
from qw_codemod.rules.api import Context, Evidence, Fact, Match, Obstacle, Unfixable

from . import reasons
from .effects import Log, log_of
from .handlers import handlers_of
from .linting import how_it_is_told
from .logging_style import manner_of, takes_exc_info
from .plan import ExcInfo
from .statements import SendsWith, SendsWithout

_SENDING = ("capture", "report_exc_info")  # how the names of what sends an event begin


@dataclass(frozen=True, slots=True)
class DoubleReport:
    """A log line that sends an event of its own; `loss` is why it cannot send the only one."""

    loss: Statement | None
    caught: str | None = None  # the name of the exception


def double_reports(source: SourceFile, context: Context) -> Iterator[Match]:
    """The log lines without the exception, beside a call that sends it.

    What it does
        Finds `logger.error(f"... {e}")` without exc_info beside `capture_exception(e)`.

    Why is this bad?
        One failure is two events, and their counts and alerts are wrong.

    Example
        logger.error(f"no rows: {e}")
        sentry_sdk.capture_exception(e)

    Use instead
        logger.error("no rows: %s", e, exc_info=True)
        sentry_sdk.capture_exception(e)
    """
    for handler, _ in handlers_of(source):
        calls = [node for node in own_nodes(handler.body) if isinstance(node, ast.Call)]
        sent = [call for call in calls if captures(call) and _sends(call)]
        logs = [log for log in map(log_of, calls) if log and _sends_an_event(log)]
        if not sent or any(log.has_exception for log in logs):
            continue
        sent.sort(key=lambda call: call.lineno)
        for log in logs:
            facts = (
                Fact(SendsWithout(), source.path, log.node.lineno),
                Fact(SendsWith(), source.path, sent[0].lineno),
            )
            name, other = f"{log.receiver}.{log.method}()", f"{last_name(sent[0])}()"
            message = f"`{name}` without exc_info beside `{other}` sends two events"
            loss = _loss(source, handler, log.node, sent)
            remedy = DoubleReport(loss, handler.name)
            yield Match(log.node, message, Evidence("proven", facts), remedy)


def assess_double(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    """What one event would not tell, or why there would still be two."""
    remedy: DoubleReport = match.remedy
    log = log_of(match.node) if isinstance(match.node, ast.Call) else None
    if remedy.loss or log is None:
        return Unfixable(remedy.loss) if remedy.loss else None
    if not takes_exc_info(source, context.infer, log):
        return Unfixable(reasons.TakesNoException(f"{log.receiver}.{log.method}"))
    return None


def plan_double(source: SourceFile, context: Context, match: Match) -> ExcInfo:
    """The log line takes the exception with it."""
    log = log_of(match.node) if isinstance(match.node, ast.Call) else None
    if log is None:
        return ExcInfo()
    manner = manner_of(source, context.infer, log)
    has_method = manner in ("logging", "structlog")
    told_by = how_it_is_told(source, context, log, match.remedy.caught) if has_method else ""
    return ExcInfo(manner, told_by)


def _sends(call: ast.Call) -> bool:
    return last_name(call).startswith(_SENDING)


def _sends_an_event(log: Log) -> bool:
    return log.level >= ERROR and bool(log.receiver)


def _loss(
    source: SourceFile, handler: ast.ExceptHandler, log: ast.Call, sent: list[ast.Call]
) -> Statement | None:
    """What is lost where Sentry keeps the event of the log line, which comes first.

    Of two reports with the same exception the second is dropped: one that is sent before the log
    line stays as it is.
    """
    for call in sent:
        if not _is_of_caught(call, handler.name):
            return reasons.SendsSomethingElse(last_name(call))
        if _comes_first(call, log):
            continue
        if len(call.args) > 1 or any(each.arg != "error" for each in call.keywords):
            return reasons.EventCarriesMore(last_name(call))
        if _is_set_up_after(source, handler, log):
            return reasons.EventCarriesMore(last_name(call))
    return None


def _is_of_caught(call: ast.Call, name: str | None) -> bool:
    """Whether a call sends the exception that the handler caught: `capture_exception(e)`."""
    if last_name(call) in ("capture_message", "capture_event", "captureMessage"):
        return False
    named = (each.value for each in call.keywords if each.arg == "error")
    error = next(iter(call.args), next(named, None))
    return error is None or (name is not None and dotted(error) == name)


def _comes_first(one: ast.Call, other: ast.Call) -> bool:
    return (one.lineno, one.col_offset) < (other.lineno, other.col_offset)


def _is_set_up_after(source: SourceFile, handler: ast.ExceptHandler, log: ast.Call) -> bool:
    """Whether the handler tells Sentry more once the log line is written: a tag, a scope."""
    return any(
        isinstance(node, ast.Call)
        and not _sends(node)
        and (captures(node) or full_name(source, node.func).startswith("sentry_sdk."))
        and _comes_first(log, node)
        for node in own_nodes(handler.body)
    )
