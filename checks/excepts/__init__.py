"""Handlers that hide what went wrong: bare (QW201), silent (QW202), unreported (QW203, QW204).

What it does
    QW201 finds `except:`. QW202 finds handlers for Exception or BaseException that neither log, nor
    report, nor raise, nor use the exception, and `contextlib.suppress(Exception)`. QW203, off
    unless `unreported = true`, finds those that log, but so that no event reaches Sentry. QW204
    finds `logger.error(f"... {e}")` without exc_info beside `capture_exception(e)`: two events for
    one failure. It is edited where the event that stays tells as much: tags, a level or a scope of
    the other one, or something else that is captured, leave it as it is.

Why is this bad?
    A handler that says nothing turns a failure into wrong data that nobody looks for. `except:`
    catches KeyboardInterrupt and SystemExit as well, so that the program cannot be stopped.

Example
    def status(player_id):
        try:
            return fetch_status(player_id)
        except:
            return None

Use instead
    def status(player_id):
        try:
            return fetch_status(player_id)
        except Exception as e:
            logger.exception(
                "status: fetch_status failed (player_id=%s): %s",
                player_id,
                e,
                extra={"context": {"operation": "status: fetch_status", "player_id": player_id}},
            )
            sentry_sdk.capture_exception(e)
            return None

What changes at run time
    The program goes on as before, and says what went wrong. How loudly follows from what the body
    of the `try` does, and from what becomes of its failure:

    | the body | next one tried, or reported | comment | another way | lost |
    |---|---|---|---|---|
    | asks for what may not be there | debug | debug | debug | debug |
    | works on data at hand | debug | debug | debug | warning |
    | runs other code | debug | debug | warning | error |
    | calls a service | debug | warning | warning | error |

    The rows; the first that fits counts:
    - It asks for what may not be there: the next item of a queue, a socket or an iterator; it
      closes, removes or rolls back something; it answers for a function `is_…`, `has_…`,
      `…_exists`.
    - It calls a service: requests, httpx, aiohttp, urllib, Google's clients. Where a stored object
      or a table is read by its name, Google's NotFound is an answer, and is not logged.
    - It works on data at hand: values, parsers of the standard library or of the project, files,
      and whatever `.apply(load_shape)` does with each value of a column.
    - It runs other code: anything else.

    The columns; the first that fits counts:
    - A loop tries one candidate after the other, until one works; or what is called logs its
      failure and raises it, or the line below raises or warns in any case.
    - A comment at the handler says why it may fail.
    - The same is done in another way, or is tried again; a value that does not convert stays as it
      was, or becomes what the docstring says (`None if it is no number`); what failed is kept as
      such: in a list that is warned of below, or in a record like that of a success with another
      `status`.
    - Data is dropped or replaced.

    An error is logged with its traceback, and is sent as an event where Sentry is started in the
    units and scripts that load the file, or its package reports already. Blocks of one function
    that call the same and go on alike get one level: what one of them logs at already, or else a
    warning where they differ.

    The message names the function, the call that it is about, and the two most telling values. Told
    are dates, numbers, paths and identifiers by type or name, of loops, arguments and locals; never
    a mapping, a body, a text, a credential, what names a person or a query. `extra` holds up to
    four where that is shown: of an event in Sentry, and by a structured formatter.

    A file that only prints goes on printing, to stderr, and says nothing of what is debug. A
    function of the project's own that the file logs with is told the level where it takes one.
    KeyboardInterrupt and SystemExit pass through a handler that was bare; one that raises the same
    exception on becomes `except BaseException:` and catches as much as before.

Fix safety
    `except:` also catches what is no Exception. Where that may come from a cancelled task that is
    awaited, or from a timeout of gevent, eventlet or func_timeout, it stays caught: `except
    (asyncio.CancelledError, Exception)`.

    Unsafe: a `try` that may exit, any number of calls away, a `yield`, where a generator is closed,
    Rust code that may panic, a wait that Ctrl-C ends, a handler that raises on some
    paths only, `except Exception` around an import, `__del__`, logging's own handlers, functions
    that are given log records, `write` and `flush` of streams, modules that stand in for sys.stdout
    or say that they redact what exceptions tell, functions named `mask_…` or `redact_…`. Sentry
    sends the local variables of the frames by default: where they hold secrets,
    `sentry_sdk.init(include_local_variables=False)`.

Settings
    [tool.qw-codemod.excepts]
    sentry = "auto"           # where Sentry is started; "unexpected": of errors wherever that is;
                              # "always": of warnings, too; "never": log alone
    narrow = false            # true: `except (ValueError, TypeError) as e:` where all is known
    on_swallow = "continue"   # "raise": raise on after the report
    unreported = false        # true: QW203 as well
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from qw_codemod.analysis.exception_flow import classes
from qw_codemod.python.names import full_name
from qw_codemod.rules.api import Check, Context, Evidence, Fact, Match, SourceFile

from .assess import assess, is_mute
from .double_report import assess_double, double_reports, plan_double
from .effects import Effects, effects_of, reports
from .handlers import Suppression, examine, handlers_of, is_left_over
from .logging_style import loggers_in
from .plan import plan
from .statements import IsSilent

SETTINGS = {
    "sentry": ("auto", "unexpected", "always", "never"),
    "narrow": "flag",
    "on_swallow": ("continue", "raise"),
    "unreported": "flag",
}
_BROAD = frozenset({"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"})
_BARE = re.compile(rb"\bexcept[ \t\f]*(?:\\\r?\n[ \t\f]*)*:")
_CLASS = re.compile(rb"\b(?:Base)?Exception\b")


def _bare(source: SourceFile, context: Context) -> Iterator[Match]:
    """Handlers that name no exception.

    What it does
        Finds `except:`.

    Why is this bad?
        It catches KeyboardInterrupt and SystemExit as well: the program cannot be stopped.

    Example
        try:
            status = fetch_status(player)
        except:
            status = None

    Use instead
        try:
            status = fetch_status(player)
        except Exception:
            logger.exception("fetch_status failed")
            status = None
    """
    for handler, statement in handlers_of(source):
        if handler.type is None:
            loggers = loggers_in(source, context.infer, handler)
            message = _of_bare(effects_of(source, handler, loggers))
            yield _match(source, context, handler, statement, message)


def _of_bare(effects: Effects) -> str:
    if effects.raises == "same":
        return "bare `except:` that raises on: `except BaseException:` says so"
    if effects.is_silent:
        return "bare `except:` hides what went wrong, and keeps the program from being stopped"
    return "bare `except:` also catches KeyboardInterrupt and SystemExit"


def _silent(source: SourceFile, context: Context) -> Iterator[Match]:
    """Handlers for everything that say nothing.

    What it does
        Finds handlers for Exception or BaseException that neither log, nor report, nor raise, nor
        use the exception.

    Why is this bad?
        A failure becomes wrong data that nobody looks for.

    Example
        try:
            status = fetch_status(player)
        except Exception:
            status = None

    Use instead
        try:
            status = fetch_status(player)
        except Exception:
            logger.exception("fetch_status failed")
            status = None
    """
    for handler, statement, effects in _broad(source, context):
        if effects.is_silent and not reports(statement.body):
            message = f"`except {_types(source, handler)}` hides what went wrong"
            match = _match(source, context, handler, statement, message)
            yield replace(match, hidden=is_mute(source, context, match.remedy))
    yield from _suppressed(source, context)


def _suppressed(source: SourceFile, context: Context) -> Iterator[Match]:
    """`contextlib.suppress(Exception)`, the silent handler in one line."""
    if b"suppress" not in source.data or context.infer.is_test(source):
        return
    for call in source.nodes(ast.Call):
        if full_name(source, call.func) != "contextlib.suppress":
            continue
        caught = {name for each in call.args for name in classes(source, each)}
        around = next((each for each in source.ancestors(call) if isinstance(each, ast.stmt)), None)
        if _BROAD.isdisjoint(caught) or (isinstance(around, ast.With) and reports(around.body)):
            continue
        message = f"`{' '.join(source.text(call).split())}` hides what went wrong"
        evidence = Evidence("proven", (Fact(IsSilent(), source.path, call.lineno),))
        yield Match(call, message, evidence, Suppression())


def _unreported(source: SourceFile, context: Context) -> Iterator[Match]:
    """Handlers for everything that log, so that no event reaches Sentry.

    What it does
        Finds handlers for Exception or BaseException that log below an error or without the
        traceback, and do not capture the exception. Off unless `unreported = true`.

    Why is this bad?
        Whoever watches Sentry never hears of the failure.

    Example
        except Exception as e:
            logger.warning("no rows: %s", e)

    Use instead
        except Exception as e:
            logger.warning("no rows: %s", e)
            sentry_sdk.capture_exception(e)
    """
    if not context.settings.get("unreported", False):
        return
    for handler, statement, effects in _broad(source, context):
        if effects.logs and not effects.raises and not effects.reaches_sentry:
            message = f"`except {_types(source, handler)}` logs, and no event reaches Sentry"
            yield _match(source, context, handler, statement, message)


def _broad(
    source: SourceFile, context: Context
) -> Iterator[tuple[ast.ExceptHandler, ast.Try, Effects]]:
    """The handlers for everything, in code that is not a test: a test hides no data."""
    if context.infer.is_test(source):
        return
    for handler, statement in handlers_of(source):
        if handler.type is None or is_left_over(source, handler, statement):
            continue  # exits and Ctrl-C are nothing that went wrong
        if not _BROAD.isdisjoint(classes(source, handler.type)):
            loggers = loggers_in(source, context.infer, handler)
            yield handler, statement, effects_of(source, handler, loggers)


def _types(source: SourceFile, handler: ast.ExceptHandler) -> str:
    return " ".join(source.text(handler.type).split()) if handler.type is not None else ""


def _match(
    source: SourceFile,
    context: Context,
    node: ast.ExceptHandler,
    statement: ast.Try,
    message: str,
) -> Match:
    handler = examine(source, context.infer, node, statement)
    return Match(node, message, Evidence("proven", handler.facts(source.path)), handler)


CHECKS = (
    Check(
        "QW201",
        "bare-except",
        "A handler names no exception.",
        _bare,
        (_BARE,),
        assess=assess,
        plan=plan,
    ),
    Check(
        "QW202",
        "silent-except",
        "A broad handler says nothing.",
        _silent,
        (_CLASS,),
        assess=assess,
        plan=plan,
    ),
    Check(
        "QW203",
        "unreported-exception",
        "A broad handler logs, and Sentry never hears of it.",
        _unreported,
        (_CLASS,),
        assess=assess,
        plan=plan,
    ),
    Check(
        "QW204",
        "double-report",
        "One failure is sent to Sentry twice.",
        double_reports,
        (b"capture", b"report_exc_info"),
        assess=assess_double,
        plan=plan_double,
    ),
)
