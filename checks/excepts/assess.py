"""Whether a handler may be changed: who needs it for Ctrl-C or an exit, where a log would harm."""

from __future__ import annotations

import ast
import re

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import function_of, last_name, own_nodes
from qw_codemod.rules.api import Context, Match, Obstacle, Statement, Unfixable, Unsafe

from . import reasons
from .comments import comment_forbids_log
from .each_line import handles_records, is_part_of_logging, logs_through
from .effects import only_prints
from .escapes import escapes, is_endless
from .handlers import Case, Handler, Suppression
from .levels import level_of
from .linting import BLIND, PRINT, is_found_blind, is_found_printing
from .logging_style import style_of

_WAITING = frozenset("serve_forever run_forever start_consuming pause join serve run_app".split())
_ASKING = frozenset({"input", "raw_input", "getpass.getpass", "getpass"})
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
_SAME = (Case.RAISES_SAME, Case.OTHERS_CATCH_EXCEPTIONS, Case.HANDS_ON)


def assess(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    """What somebody may count on in the handler as it is, or what a report may do there."""
    if isinstance(match.remedy, Suppression):
        return Unfixable(reasons.HasNoHandler())
    handler: Handler = match.remedy
    if handler.case is Case.NOTEBOOK:
        return Unfixable(reasons.SharedNames())
    if reason := _why_unsafe(source, context, handler):
        return Unsafe(reason)
    if is_mute(source, context, handler):
        return Unfixable(reasons.NoQuietWay())
    if handler.is_bare and is_found_blind(source, context, handler):
        return Unfixable(reasons.LinterFindsIt(BLIND))
    if is_found_printing(source, context, handler):
        return Unfixable(reasons.LinterFindsPrint(PRINT))
    return None


def is_mute(source: SourceFile, context: Context, handler: Handler) -> bool:
    """Whether there is nothing to say and nothing else to change, where all is told aloud."""
    if handler.is_bare or handler.case is not Case.REPORTS or not handler.effects.is_silent:
        return False
    style = style_of(source, context.infer, handler.statement)
    if not style.is_too_loud("debug") or (style.manner == "print" and not only_prints(source)):
        return False
    return level_of(source, context.infer, handler.statement, handler.node) == "debug"


def _why_unsafe(source: SourceFile, context: Context, handler: Handler) -> Statement | None:
    if handler.case in _SAME:
        return None
    if handler.is_bare:
        reason = _why_bare(source, context, handler)
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
        reason = _out_of_place(source, handler.node)
        if reason is None and handler.effects.is_silent:
            if comment_forbids_log(source, handler.node):
                return reasons.IsNotToBeLogged()
            name = logs_through(source, context.infer, handler.node)
            return reasons.RunsOnEachLine(name) if name else None
        return reason
    return None


# -- what a bare `except:` catches ----------------------------------------------------------------


def _why_bare(source: SourceFile, context: Context, handler: Handler) -> Statement | None:
    """Why somebody may count on it to catch an exit or Ctrl-C; None if nobody does."""
    if reason := _why_interrupted(handler.statement):
        return reason
    found = escapes(source, context, handler.statement, handler.node)
    return next((each.reason for each in found if not each.is_named), None)


def _why_interrupted(statement: ast.Try) -> Statement | None:
    """Why somebody may count on a bare handler to catch Ctrl-C; None if nobody does."""
    for node in own_nodes(statement.body):
        if isinstance(node, ast.While) and is_endless(node):
            return reasons.EndlessLoop()
        if isinstance(node, ast.Call) and _waits(node):
            return reasons.MayBeInterrupted(dotted(node.func) or last_name(node))
    return None


def _waits(call: ast.Call) -> bool:
    """Whether a call waits for a person, or until somebody stops it."""
    if dotted(call.func) in _ASKING:
        return True
    return last_name(call) in _WAITING and not call.args


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
        if isinstance(each, FUNCTIONS[:2]) and handles_records(each):
            return reasons.HandlesRecords(each.name)
        if isinstance(each, FUNCTIONS[:2]) and is_part_of_logging(source, each):
            return reasons.IsLogging()
        if isinstance(each, FUNCTIONS[:2]) and _is_sent_elsewhere(source, each.name):
            return reasons.SourceIsSent(each.name)
        if isinstance(each, ast.ClassDef):
            if name in ("write", "writelines", "flush"):
                return reasons.WritesLog(name)
            break
    return None


def _is_sent_elsewhere(source: SourceFile, name: str) -> bool:
    return b"getsource" in source.data and any(
        last_name(call) == "getsource" and any(last_name(each) == name for each in call.args)
        for call in source.nodes(ast.Call)
    )
