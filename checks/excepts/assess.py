"""Whether a handler may be changed: who needs it for Ctrl-C or an exit, where a log would harm."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import function_of, last_name, own_nodes
from qw_codemod.rules.api import Context, Match, Obstacle, Statement, Unfixable, Unsafe

from . import reasons
from .handlers import Case, Handler

_EXITING = frozenset("parse_args parse_known_args exit quit _exit abort".split())
_EXITS = frozenset({"sys.exit", "exit", "quit"})
_WAITING = frozenset(
    "serve_forever run_forever start_consuming input raw_input pause join serve run_app".split()
)
_OF_LOGGING = frozenset({"emit", "format", "filter", "handle", "flush"})
_WITHHOLDS = re.compile(  # what an exception says, for a secret may be in it
    rb"\b(redact|scrub|withh[eo]ld)\w*[ (_][^\n-]{0,60}"
    rb"\b(exception|exc|error|traceback)s?\b"
    rb"|\b(exception|error|traceback)('s)? (text |message )?[^\n]{0,40}"
    rb"\b(redact|scrub|leak|withh[eo]ld)\w*",
    re.I,
)
_STANDS_IN = re.compile(rb"\bsetattr\(\s*sys\.std(out|err)\b|\bsys\.std(out|err)\.write *=[^=]")
# What is made fit for JSON or a file name is sanitized too: that hides nothing.
_HIDES = frozenset("mask redact scrub obfuscate anonymize anonymise".split())
_LOGGING_CLASS = re.compile(r"(Handler|Formatter|Filter)$")


def assess(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    """What somebody may count on in the handler as it is, or what a report may do there."""
    handler: Handler = match.remedy
    if handler.case is Case.NOTEBOOK:
        return Unfixable(reasons.SharedNames())
    reason = _why_unsafe(source, handler)
    return Unsafe(reason) if reason else None


def _why_unsafe(source: SourceFile, handler: Handler) -> Statement | None:
    if handler.case is Case.RAISES_SAME:
        return None
    if handler.is_bare:
        reason = _why_bare(source, handler.statement)
        if reason:
            return reason
    if handler.case is Case.RAISES:
        again = any(
            isinstance(n, ast.Raise) and n.exc is None for n in own_nodes(handler.node.body)
        )
        return reasons.RaisesOnSomePaths() if again else None
    if handler.case is Case.IMPORTS:
        return None if handler.is_bare else reasons.ImportMayFailOtherwise()
    if handler.case is Case.REPORTS:
        return _out_of_place(source, handler.node)
    return None


# -- what a bare `except:` catches ----------------------------------------------------------------


def _why_bare(source: SourceFile, statement: ast.Try) -> Statement | None:
    """Why somebody may count on it to catch an exit or Ctrl-C; None if nobody does."""
    if exits := _exit(source, statement):
        return reasons.MayExit(exits)
    return _why_interrupted(statement)


def _exit(source: SourceFile, statement: ast.Try) -> str:
    """The call in a `try` body that ends the program through SystemExit; empty if none does."""
    for node in own_nodes(statement.body):
        raised = last_name(node.exc) if isinstance(node, ast.Raise) and node.exc else ""
        if raised in ("SystemExit", "KeyboardInterrupt"):
            return f"raise {raised}"
        if not isinstance(node, ast.Call):
            continue
        if last_name(node) in _EXITING or full_name(source, node.func) == "unittest.main":
            return f"{dotted(node.func) or last_name(node)}()"
        if _exits_within(source, node):
            return f"{dotted(node.func)}()"
    return ""


def _exits_within(source: SourceFile, call: ast.Call) -> bool:
    """Whether a function of the same file that is called there exits, on some path."""
    name = dotted(call.func)
    if name not in (last_name(call), f"self.{last_name(call)}"):
        return False
    return last_name(call) in _exiting(source)


@lru_cache(maxsize=8)
def _exiting(source: SourceFile) -> frozenset[str]:
    """The functions of a file that exit, on some path."""
    return frozenset(
        function.name
        for function in source.nodes(ast.FunctionDef)
        for each in own_nodes(function.body)
        if isinstance(each, ast.Call) and full_name(source, each.func) in _EXITS
    )


def _why_interrupted(statement: ast.Try) -> Statement | None:
    """Why somebody may count on a bare handler to catch Ctrl-C; None if nobody does."""
    for node in own_nodes(statement.body):
        if isinstance(node, ast.While) and _is_endless(node):
            return reasons.EndlessLoop()
        if isinstance(node, ast.Call) and last_name(node) in _WAITING and not node.args:
            return reasons.MayBeInterrupted(dotted(node.func) or last_name(node))
    return None


def _is_endless(loop: ast.While) -> bool:
    if not isinstance(loop.test, ast.Constant) or not loop.test.value:
        return False
    return not any(isinstance(each, ast.Break | ast.Return) for each in own_nodes(loop.body))


# -- where a report may do harm --------------------------------------------------------------------


def _out_of_place(source: SourceFile, handler: ast.ExceptHandler) -> Statement | None:
    """Why logging there may do harm; None if it does not."""
    function = function_of(source, handler)
    name = getattr(function, "name", "")
    if name == "__del__":
        return reasons.AtShutdown()
    if name in ("__repr__", "__str__", "__format__"):
        return reasons.WouldCallItself(name)
    if not _HIDES.isdisjoint(words(name)[:1]):
        return reasons.MayTellSecret(name)
    if _WITHHOLDS.search(source.data):
        return reasons.ModuleWithholds()
    if _STANDS_IN.search(source.data):
        return reasons.ModuleIsStream()
    for each in source.ancestors(handler):
        if isinstance(each, FUNCTIONS[:2]) and _handles_records(each):
            return reasons.HandlesRecords(each.name)
        if isinstance(each, FUNCTIONS[:2]) and _is_sent_elsewhere(source, each.name):
            return reasons.SourceIsSent(each.name)
        if isinstance(each, ast.ClassDef):
            bases = [last_name(base) for base in each.bases]
            if any(map(_LOGGING_CLASS.search, bases)) and name in _OF_LOGGING:
                return reasons.IsLogging()
            if name in ("write", "writelines", "flush"):
                return reasons.WritesLog(name)
            break
    return None


def _handles_records(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is given a record of `logging`, by annotation or by what it asks of it."""
    for argument in (*function.args.posonlyargs, *function.args.args):
        if argument.annotation is not None and "LogRecord" in ast.unparse(argument.annotation):
            return True
        if argument.arg == "record" and any(
            isinstance(each, ast.Attribute) and each.attr in ("getMessage", "levelno", "exc_info")
            for each in ast.walk(function)
        ):
            return True
    return False


def _is_sent_elsewhere(source: SourceFile, name: str) -> bool:
    return b"getsource" in source.data and any(
        last_name(call) == "getsource" and any(last_name(each) == name for each in call.args)
        for call in source.nodes(ast.Call)
    )
