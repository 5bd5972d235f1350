"""Whether a failure is expected: then it is logged as a warning, and no event is sent.

Each signal is something in the code itself. Which exceptions can come is a question for `raises`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import ImportStatement, names_of
from qw_codemod.python.syntax import function_of, own_nodes

from .. import statements as says
from ..effects import ERROR, log_of
from ..operation_name import called, is_trivial, outermost, reaches_out
from .comments import comment_explains, is_documented, is_passed
from .control_flow import by_outcome
from .fallback import has_another_way, preceding

_ASKS = re.compile(  # functions whose purpose is to find out, or to go without
    r"^_*(try|maybe|safe|safely|lenient|is|has|can|supports|guess|detect|sniff|probe)_"
    r"|_or_(none|default|null|empty)$|(^|_)(exists(_async)?|optional)$|_(is|are)_\w+able$"
)
_TIDIES = re.compile(
    r"^(close|aclose|unlink|rmtree|shutdown|terminate|kill|cancel|disconnect|release|cleanup)$"
)
_CHECK = re.compile(r"^(assert|validate|verify|ensure)(_|$)")
_LIBRARY_CONVERTERS = re.compile(  # of libraries; a team's own parser that fails is an event
    r"^(from_?string|from_str|fromisoformat|strptime|loads|raw_decode|tokenize|parse_one"
    r"|b64decode|ParseFromString|Requirement|SpecifierSet|croniter)$"
)
_ROLLBACK = re.compile(r"(^|\.)_*rollback(_transaction)?$")
_GUARDS = re.compile(r"auth|rbac|permission|security|allowed", re.I)  # which fail open, perhaps
_SAFE = re.compile(r"_(safe|safely|or_none)$")
_QUIETLY = re.compile(r"^(suppress|ignore|silent|quiet)")
_CURRENT = re.compile(r"^(get_)?(current|active|running)_\w+$|^get_\w*(context|request)$")
_DOING: tuple[type[ast.AST], ...] = (
    *(ast.Await, ast.Yield, ast.YieldFrom, ast.For, ast.AsyncFor, ast.While),
    *(ast.With, ast.AsyncWith, ast.Raise, ast.Assert, ast.Try),
)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def why_expected(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """What says that the failure is ordinary there; None where nothing does."""
    name = str(getattr(function_of(source, statement), "name", ""))
    if _ASKS.search(name):
        return says.FindsOut(name)
    if comment_explains(source, statement, handler):
        return says.Commented()
    if is_documented(source, statement, handler):
        return says.Documented()
    if _asks_library(statement):
        return says.AsksLibrary()
    if _only_looks(statement) and not _GUARDS.search(name):
        return says.OnlyLooks()
    if _is_tried_again(source, handler):
        return says.TriedAgain()
    if any(map(_is_quiet, _calls(statement.body))):
        return says.AskedQuietly()
    if _rolls_back(statement):
        return says.UndoesTransaction()
    if _tidies_up(statement, handler):
        return says.OnlyTidiesUp()
    if _checks(statement, handler):
        return says.OnlyChecks()
    if _was_cancelled(source, statement):
        return says.WasCancelled()
    if _converts(statement):
        return says.ReadsAnyKind()
    if after := by_outcome(source, statement, handler):
        return after
    if has_another_way(source, statement, handler):
        return says.AnotherWay()
    return None


# -- what the body does ---------------------------------------------------------------------------


def _calls(body: Sequence[ast.stmt]) -> Iterator[ast.Call]:
    for each in body:
        yield from outermost(each)


def _asks_library(statement: ast.Try) -> bool:
    """Whether a body imports a library of others, and does no more than ask that one something.

    Such a library may be missing, or may have nothing to say here: `get_current_context()`.
    """
    imported: set[str] = set()
    for node in own_nodes(statement.body):
        for each in names_of(node) if isinstance(node, ImportStatement) else ():
            if each.level:
                return False
            imported.add(each.bound)
    asked = [call for call in _calls(statement.body) if not is_trivial(call)]
    return bool(imported) and all(
        imported.issuperset(
            dotted(each).partition(".")[0]
            for each in (*call.args, *(keyword.value for keyword in call.keywords))
        )
        and called(call).partition(".")[0] in imported
        and not reaches_out(called(call))
        for call in asked
    )


def _only_looks(statement: ast.Try) -> bool:
    """Whether the body does no more than read attributes, or what is current.

    `repo.head.commit` of a repository without commits, `get_current_context()` outside of a task.
    """
    if any(isinstance(each, _DOING) or _logs_error(each) for each in own_nodes(statement.body)):
        return False
    calls = [call for call in _calls(statement.body) if not is_trivial(call)]
    if calls:
        return all(
            _CURRENT.search(called(call).rpartition(".")[2]) and not (call.args or call.keywords)
            for call in calls
        )
    return any(
        isinstance(each, ast.Attribute)
        or (isinstance(each, ast.Call) and dotted(each.func) in ("getattr", "setattr"))
        for each in own_nodes(statement.body)
    )


def _is_quiet(call: ast.Call) -> bool:
    """`get_secret_or_none(name)`, `load(day, suppress_warnings=True)`."""
    last = called(call).rpartition(".")[2]
    return bool(_SAFE.search(last)) or any(
        each.arg is not None
        and _QUIETLY.search(each.arg)
        and isinstance(each.value, ast.Constant)
        and each.value.value is True
        for each in call.keywords
    )


def _logs_error(node: ast.AST) -> bool:
    """Whether a node logs an error: the body has found something then."""
    if not isinstance(node, ast.Call):
        return False
    log = log_of(node)
    return log is not None and log.level >= ERROR


def _is_tried_again(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether the handler waits a while, in a loop."""
    sleeps = any(
        isinstance(each, ast.Call) and called(each).rpartition(".")[2] == "sleep"
        for each in own_nodes(handler.body)
    )
    return sleeps and any(isinstance(each, _LOOPS) for each in source.ancestors(handler))


def _rolls_back(statement: ast.Try) -> bool:
    """Whether all that the body does is to undo a transaction: there may be none."""
    calls = [call for call in _calls(statement.body) if not called(call).endswith("in_transaction")]
    return bool(calls) and all(
        _ROLLBACK.search(called(call))
        or any(
            isinstance(arg, ast.Constant) and str(arg.value).upper().startswith("ROLLBACK")
            for arg in call.args
        )
        for call in calls
    )


def _tidies_up(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the body closes or removes something, and nothing is made of a failure to."""
    if not is_passed(handler):
        return False
    does = [each for each in own_nodes(statement.body) if isinstance(each, ast.stmt)]
    if not all(isinstance(each, ast.Expr | ast.If | ast.Pass) for each in does):
        return False
    calls = [next(outermost(each), None) for each in does if isinstance(each, ast.Expr)]
    return bool(calls) and all(
        call is not None and _TIDIES.search(called(call).rpartition(".")[2]) for call in calls
    )


def _checks(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the body asserts something: `assert_permissions(view)`, to filter what follows."""
    if not is_passed(handler):
        return False
    first = statement.body[0]
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Call)):
        return False
    return _CHECK.search(called(first.value).rpartition(".")[2]) is not None


def _was_cancelled(source: SourceFile, statement: ast.Try) -> bool:
    """`task.cancel()`, and then `await task`."""
    match preceding(source, statement), statement.body:
        case (
            ast.Expr(value=ast.Call(func=ast.Attribute(value=task, attr="cancel"))),
            [ast.Expr(value=ast.Await(value=awaited))],
        ):
            return dotted(task) == dotted(awaited) != ""
    return False


def _converts(statement: ast.Try) -> bool:
    """Whether all that is called is a converter of some library: `Urn.from_string(text)`."""
    calls = [call for call in _calls(statement.body) if not is_trivial(call)]
    return bool(calls) and all(
        _LIBRARY_CONVERTERS.search(called(call).rpartition(".")[2].removesuffix("()"))
        for call in calls
    )
