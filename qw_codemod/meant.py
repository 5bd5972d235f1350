"""Signs that whoever wrote a handler counts on the failure: a line in the log, and no event.

Each is something the code itself says. What the exceptions are is a question for `expected`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from qw_codemod.alternatives import following, has_another_way, read_names
from qw_codemod.handlers import definition_of, function_of, own_nodes
from qw_codemod.infer.bindings import FUNCTIONS, dotted
from qw_codemod.operation import called, is_trivial, outermost, reaches_out
from qw_codemod.remarks import WORDS, comment_explains, is_passed, is_told
from qw_codemod.reporting import ERROR, log_of
from qw_codemod.source import SourceFile

_ASKS = re.compile(  # functions whose purpose is to find out, or to go without
    r"^_*(try|maybe|safe|safely|lenient|is|has|can|supports|guess|detect|sniff|probe)_"
    r"|_or_(none|default|null|empty)$|(^|_)(exists|optional)$"
)
_TIDIES = re.compile(
    r"^(close|aclose|unlink|rmtree|shutdown|terminate|kill|cancel|disconnect|release|cleanup)$"
)
_CHECK = re.compile(r"^(assert|validate|verify|ensure)(_|$)")
_GUARDS = re.compile(r"auth|rbac|permission|security|allowed", re.I)  # which fail open, perhaps
_SAFE = re.compile(r"_(safe|safely|or_none)$")
_QUIETLY = re.compile(r"^(suppress|ignore|silent|quiet)")
_CURRENT = re.compile(r"^(get_)?(current|active|running)_\w+$|^get_\w*(context|request)$")
_LOOKS_UP = re.compile(r"^(get|find|lookup)(_|$)")
_DOING: tuple[type[ast.AST], ...] = (
    *(ast.Await, ast.Yield, ast.YieldFrom, ast.For, ast.AsyncFor, ast.While),
    *(ast.With, ast.AsyncWith, ast.Raise, ast.Assert, ast.Try),
)
_MILDLY = frozenset({"debug", "info", "warn", "warning"})
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def why_meant(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> str:
    """What says that the failure is ordinary there; empty where nothing does."""
    name = str(getattr(function_of(source, statement), "name", ""))
    if _ASKS.search(name):
        return f"`{name}` is a function that finds out"
    if comment_explains(source, statement, handler):
        return "a comment explains the failure"
    if is_told(source, statement, handler):
        return "what is written above or below it counts on the failure"
    if _asks_library(statement):
        return "it asks a library that may be missing"
    if _only_looks(statement) and not _GUARDS.search(name):
        return "it only looks at what may not be set"
    if _is_tried_again(source, handler):
        return "it is tried again"
    if any(map(_is_quiet, _calls(statement.body))):
        return "it is asked for quietly"
    if _rolls_back(statement):
        return "it undoes a transaction that may not be there"
    if _tidies_up(statement, handler):
        return "it only tidies up"
    if _answers_question(statement, handler):
        return "it answers a question with yes or no"
    if _checks(statement, handler):
        return "it checks something, and goes without where that fails"
    if _converts_text(source, statement, handler):
        return "a text is converted that may be none of its kind"
    if _another_is_told_mildly(statement, handler):
        return "other failures of the same are no more than a warning"
    if _tells_in_words(handler):
        return "the caller is told in words"
    if _is_missed(source, statement, handler):
        return "what is not found is answered below"
    if _keeps_text(source, statement, handler):
        return "the text stays as it was"
    if has_another_way(source, statement, handler):
        return "there is another way to get the same"
    return ""


# -- what the body does ---------------------------------------------------------------------------


def _calls(body: Sequence[ast.stmt]) -> Iterator[ast.Call]:
    for each in body:
        yield from outermost(each)


def _asks_library(statement: ast.Try) -> bool:
    """Whether a body imports a library of others, and does no more than ask that one something.

    Such a library may be missing, or may have nothing to say here: `get_current_context()`.
    """
    imported: set[str] = set()
    imports = (n for n in own_nodes(statement.body) if isinstance(n, ast.Import | ast.ImportFrom))
    for each in imports:
        if isinstance(each, ast.ImportFrom) and each.level:
            return False
        imported |= {name.asname or name.name.partition(".")[0] for name in each.names}
    asked = [call for call in _calls(statement.body) if not is_trivial(call)]
    return bool(imported) and all(
        not call.args
        and not call.keywords
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
    calls = list(_calls(statement.body))
    return bool(calls) and all(
        called(call).endswith(".rollback")
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


# -- what is made of the failure ------------------------------------------------------------------


def _answers_question(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the body returns a comparison, and the handler a plain yes or no.

    A body that ends in `return True` is something else: it did its work.
    """
    match handler.body:
        case [ast.Return(value=ast.Constant(value=bool()))]:
            pass
        case _:
            return False
    returned = [each.value for each in own_nodes(statement.body) if isinstance(each, ast.Return)]
    return bool(returned) and all(isinstance(each, ast.Compare) for each in returned)


def _checks(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the body asserts something: `assert_permissions(view)`, to filter what follows."""
    if not is_passed(handler):
        return False
    first = statement.body[0]
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Call)):
        return False
    return _CHECK.search(called(first.value).rpartition(".")[2]) is not None


def _converts_text(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether something that was found to be a text is converted, and stays one otherwise."""
    match handler.body:
        case [ast.Pass() | ast.Continue() | ast.Return(value=ast.Constant() | ast.Name() | None)]:
            pass
        case _:
            return False
    if len(statement.body) != 1 or not isinstance(statement.body[0], ast.Assign | ast.Return):
        return False
    return bool(read_names(statement.body) & set(_texts(source, statement)))


def _texts(source: SourceFile, statement: ast.Try) -> Iterator[str]:
    """The names that an `if` around a statement found to be a text, in the same function."""
    below: ast.AST = statement
    for each in source.ancestors(statement):
        if isinstance(each, FUNCTIONS):
            return
        if isinstance(each, ast.If) and below in each.body:
            for call in ast.walk(each.test):
                match call:
                    case ast.Call(
                        func=ast.Name(id="isinstance"), args=[ast.Name(id=name), ast.Name(id="str")]
                    ):
                        yield name
        below = each


def _is_missed(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether something is looked up, and `if view is None:` or `if view:` comes next."""
    match statement.body, handler.body, following(source, statement):
        case (
            [ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)],
            [ast.Pass() | ast.Assign(targets=[ast.Name()], value=ast.Constant(value=None))],
            ast.If(test=test),
        ):
            looks_up = _LOOKS_UP.search(called(call).rpartition(".")[2])
            return looks_up is not None and _is_asked_for(test, name)
    return False


def _is_asked_for(test: ast.expr, name: str) -> bool:
    """Whether a test is about something being there: `view`, `not view`, `view is None`."""
    match test:
        case ast.BoolOp(values=[first, *_]):
            return _is_asked_for(first, name)
        case (
            ast.Name(id=asked)
            | ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=asked))
            | ast.Compare(left=ast.Name(id=asked), ops=[ast.Is() | ast.IsNot()])
        ):
            return asked == name
    return False


def _another_is_told_mildly(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether another handler of the same `try` warns, or informs, and goes on."""
    return any(
        isinstance(node, ast.Call) and called(node).rpartition(".")[2] in _MILDLY
        for each in statement.handlers
        if each is not handler and not any(isinstance(n, ast.Raise) for n in own_nodes(each.body))
        for node in own_nodes(each.body)
    )


def _tells_in_words(handler: ast.ExceptHandler) -> bool:
    """Whether all that the handler does is to return a message."""
    match handler.body:
        case [ast.Return(value=ast.Tuple() | ast.Constant() as value)]:
            texts = (each.value for each in ast.walk(value) if isinstance(each, ast.Constant))
            return any(isinstance(text, str) and text.count(" ") >= WORDS - 1 for text in texts)
    return False


def _keeps_text(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the body makes something of a parameter, and the handler takes its text instead."""
    match handler.body:
        case [ast.Return(value=ast.Name(id=name)) | ast.Assign(value=ast.Name(id=name))]:
            pass
        case _:
            return False
    function = definition_of(source, statement)
    if function is None:
        return False
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    is_text = any(
        each.arg == name and each.annotation is not None and dotted(each.annotation) == "str"
        for each in arguments
    )
    return is_text and name in read_names(statement.body)
