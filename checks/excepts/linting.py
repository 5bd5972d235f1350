"""What ruff, as the project has it, would find in a handler that is bare no more, or reports."""

from __future__ import annotations

import ast
import re

from qw_codemod.analysis.reporting import ERROR
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.syntax import own_nodes
from qw_codemod.rules.api import Context

from .effects import Log
from .handlers import Case, Handler
from .levels import level_of
from .logging_style import style_of

BLIND = "BLE001"  # `except Exception` that neither raises nor logs the traceback
REDUNDANT = "G201"  # `logger.error(..., exc_info=True)`, which `logger.exception(...)` says
VERBOSE = "TRY401"  # `logger.exception("...: %s", e)`, of which the traceback tells
PRINT = "T201"
_PRINTS_IN_FILE = re.compile(
    rb"^\s*#\s*(?:ruff|flake8)\s*:\s*noqa(?:\s*:[^#\n]*\bT20|\s*$)", re.I | re.M
)
_ALLOWED = re.compile(rb"#\s*noqa\s*:[^#]*\bBLE001\b", re.I)
_ALLOWED_IN_FILE = re.compile(
    rb"^\s*#\s*(?:ruff|flake8)\s*:\s*noqa(?:\s*:[^#\n]*\bBLE001\b|\s*$)", re.I | re.M
)


def is_found_blind(source: SourceFile, context: Context, handler: Handler) -> bool:
    """Whether the rule is on for the file, and what is made of a bare handler breaks it."""
    if not context.infer.tree.deployments().linted(BLIND, source.path):
        return False
    if _ALLOWED.search(source.line_bytes(handler.node.lineno)):
        return False
    if _ALLOWED_IN_FILE.search(source.data):
        return False
    return not _raises_on(handler) and not _logs_all(source, context, handler)


def is_found_printing(source: SourceFile, context: Context, handler: Handler) -> bool:
    """Whether a silent handler would be made to print, where that rule is on for the file."""
    if handler.case is not Case.REPORTS or not handler.effects.is_silent:
        return False
    if not context.infer.tree.deployments().linted(PRINT, source.path):
        return False
    if _PRINTS_IN_FILE.search(source.data):
        return False
    style = style_of(source, context.infer, handler.statement)
    return (style.manner, style.logger) == ("print", "print")


def how_it_is_told(source: SourceFile, context: Context, log: Log, caught: str | None) -> str:
    """How `logger.error(...)` takes the traceback so that ruff, as the project has it, passes it.

    Empty: by `exc_info=True`, where that is allowed. Else it becomes `logger.exception(...)`, which
    may not tell the exception once more where that is found: there it is the name of that one.
    """
    linted = context.infer.tree.deployments().linted
    if log.method != "error" or not linted(REDUNDANT, source.path):
        return ""
    told = caught is not None and any(
        isinstance(node, ast.Name) and node.id == caught
        for given in log.node.args
        for node in ast.walk(given)
    )
    return caught if caught and told and linted(VERBOSE, source.path) else "exception"


def _raises_on(handler: Handler) -> bool:
    """Whether what is caught is raised, on some paths at least, or is the cause of another one."""
    last = handler.node.body[-1]
    if handler.case is Case.RAISES_OTHER and isinstance(last, ast.Raise) and last.cause is None:
        return True  # `from e` is added
    raised = (node for node in own_nodes(handler.node.body) if isinstance(node, ast.Raise))
    return any(node.exc is None for node in raised)


def _logs_all(source: SourceFile, context: Context, handler: Handler) -> bool:
    """Whether the traceback is logged, or the exception is named otherwise."""
    effects = handler.effects
    if handler.case is Case.IMPORTS:
        return effects.is_silent  # `except ImportError`
    if any(log.has_exception for log in effects.logs):
        return True
    if handler.case is not Case.REPORTS:
        return False
    if effects.logs:
        return any(log.level >= ERROR and log.receiver for log in effects.logs)
    if not effects.is_silent:
        return False
    style = style_of(source, context.infer, handler.statement)
    level = level_of(source, context.infer, handler.statement, handler.node)
    return style.manner != "print" and level == "error"
