"""Finds handlers for everything that say nothing, or catch more than they mean."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from qw_codemod.analysis.exception_flow import classes
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import BROAD
from qw_codemod.rules.api import Context, Evidence, Fact, Match, SourceFile

from .assess import is_mute
from .effects import Effects, effects_of, reports
from .handlers import Case, Suppression, examine, handlers_of, is_left_over
from .levels import why_undecided
from .logging_style import loggers_in
from .statements import IsSilent

_BROAD = BROAD | {f"builtins.{name}" for name in BROAD}


def bare(source: SourceFile, context: Context) -> Iterator[Match]:
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


def silent(source: SourceFile, context: Context) -> Iterator[Match]:
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


def unreported(source: SourceFile, context: Context) -> Iterator[Match]:
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
    facts = handler.facts(source.path)
    doubt = None
    if handler.case is Case.REPORTS and handler.effects.is_silent:
        doubt = why_undecided(source, context.infer, statement, node)
    return Match(node, message, Evidence("likely" if doubt else "proven", facts, doubt), handler)
