"""Calls that report a failure, by their names: levels of logs, services that collect errors."""

from __future__ import annotations

import ast
import re

from qw_codemod.python.bindings import dotted

# Of Python's logging, loguru and structlog; the numbers are logging's own.
LEVELS = {
    "trace": 5,
    "debug": 10,
    "info": 20,
    "success": 25,
    "notice": 25,
    "warn": 30,
    "warning": 30,
    "error": 40,
    "exception": 40,
    "critical": 50,
    "fatal": 50,
    "log": 20,
    "msg": 20,
}
DEBUG = LEVELS["debug"]
INFO = LEVELS["info"]
WARNING = LEVELS["warning"]
ERROR = 40  # from here on Sentry's logging integration sends an event [doc: docs.sentry.io]
_CAPTURES = frozenset("capture_exception captureException capture_message report_exc_info".split())
_SENTRY = re.compile(r"(^|\.)(sentry_sdk|sentry|raven\w*|rollbar|bugsnag)\.", re.I)
CURRENT_EXCEPTION = frozenset(
    "sys.exc_info sys.exception traceback.print_exc traceback.format_exc traceback.print_exception "
    "traceback.format_exception logging.exception".split()
)


def captures(call: ast.Call) -> bool:
    """Whether a call sends the current exception to a service for errors."""
    name = dotted(call.func)
    return name.rpartition(".")[2] in _CAPTURES or bool(_SENTRY.search(name + "."))
