"""What becomes of a failure: what its handler answers, and what runs next."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.syntax import definition_of, own_nodes

from .. import statements as says
from ..effects import ERROR, effects_of, log_of
from ..operation_name import called, outermost, reaches_out
from .comments import WORDS, is_passed
from .fallback import following, read_names

_LOOKS_UP = re.compile(r"^(get|find|lookup)(_|$)")
_MILDLY = frozenset({"debug", "info", "warn", "warning"})
_VALIDATES = re.compile(r"^_*(validate|verify)_")
_ERROR = re.compile(r"error|fail|exception|problem", re.I)
_NAMED = re.compile(r"^(cannot|can't|could_not|no|not|invalid|missing)_|_(error|invalid|missing)$")
_RESPONSE = re.compile(r"response|json", re.I)
_CONVERTS = re.compile(
    r"^_*(as|cast|coerce|convert|decode|encode|extract|format|from|loads|normali[sz]e|parse"
    r"|sorted|strip|to)(_|$|list$|type$)"
)


def by_outcome(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """What makes the failure ordinary by what is made of it; None where nothing does."""
    if _answers_question(source, statement, handler):
        return says.AnswersQuestion()
    if _converts_text(source, statement, handler):
        return says.ConvertsText()
    if _another_is_mild(statement, handler):
        return says.OthersAreMild()
    if _around_is_mild(source, statement):
        return says.AroundIsMild()
    if _another_does_the_same(statement, handler):
        return says.TreatedAlike()
    if _tells_in_words(handler) or _is_person_told(handler):
        return says.PersonIsTold()
    if _is_missed(source, statement, handler):
        return says.AnsweredBelow()
    if _stays(source, statement, handler):
        return says.Stays()
    if _is_error_anyway(source, statement):
        return says.ErrorAnyway()
    if _next_is_tried(source, statement, handler):
        return says.NextIsTried()
    if _is_done_below(source, statement, handler):
        return says.DoneBelow()
    return None


# -- what the handler answers ---------------------------------------------------------------------


def _answers_question(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the body returns a comparison, and the handler a plain yes or no.

    A body that ends in `return True` is something else, unless it validates: it did its work.
    """
    match handler.body:
        case [ast.Return(value=ast.Constant(value=bool() as answer))]:
            pass
        case _:
            return False
    function = definition_of(source, statement)
    if function is not None and _VALIDATES.search(function.name) and not answer:
        return True
    returned = [each.value for each in own_nodes(statement.body) if isinstance(each, ast.Return)]
    return bool(returned) and all(isinstance(each, ast.Compare) for each in returned)


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
            [ast.Assign(targets=[target], value=ast.Call() as call)],
            [ast.Pass() | ast.Assign(value=ast.Constant(value=None))],
            ast.If(test=test),
        ):
            looks_up = _LOOKS_UP.search(called(call).rpartition(".")[2])
            return looks_up is not None and _is_asked_for(test, dotted(target))
    return False


def _is_asked_for(test: ast.expr, name: str) -> bool:
    """Whether a test is about something being there: `view`, `not view`, `view is None`."""
    match test:
        case ast.BoolOp(values=[first, *_]):
            return _is_asked_for(first, name)
        case (
            ast.UnaryOp(op=ast.Not(), operand=asked)
            | ast.Compare(left=asked, ops=[ast.Is() | ast.IsNot()])
        ):
            return dotted(asked) == name != ""
    return dotted(test) == name != ""


def _another_is_mild(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether another handler of the same `try` warns, or informs, and goes on."""
    return any(
        isinstance(node, ast.Call) and called(node).rpartition(".")[2] in _MILDLY
        for each in statement.handlers
        if each is not handler and not any(isinstance(n, ast.Raise) for n in own_nodes(each.body))
        for node in own_nodes(each.body)
    )


def _around_is_mild(source: SourceFile, statement: ast.Try) -> bool:
    """Whether a `try` around it, in the same function, logs whatever fails, as no error."""
    child: ast.AST = statement
    for each in source.ancestors(statement):
        if isinstance(each, FUNCTIONS):
            return False
        if isinstance(each, ast.Try) and child in each.body:
            for handler in each.handlers:
                if handler.type is None or dotted(handler.type) == "Exception":
                    effects = effects_of(source, handler)
                    return (
                        bool(effects.logs)
                        and all(log.level < ERROR for log in effects.logs)
                        and not (effects.raises or effects.captures)
                    )
        child = each
    return False


def _another_does_the_same(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether another handler of the same `try`, for a class of its own, does just the same."""
    if is_passed(handler):
        return False
    wanted = {ast.dump(each) for each in handler.body}
    return any(
        wanted <= {ast.dump(node) for node in own_nodes(each.body) if isinstance(node, ast.stmt)}
        for each in statement.handlers
        if each is not handler
    )


def _tells_in_words(handler: ast.ExceptHandler) -> bool:
    """Whether all that the handler does is to answer with a message, or the name of an error."""
    match handler.body:
        case [ast.Return(value=ast.Call() as call)] if not _RESPONSE.search(called(call)):
            return False
        case [ast.Return(value=ast.Tuple() | ast.Constant() | ast.Dict() | ast.Call() as value)]:
            return any(text.count(" ") >= WORDS - 1 for text in _texts_of(value))
        case [ast.Assign(value=ast.Constant() | ast.Dict() as value)]:
            return any(_NAMED.search(text) for text in _texts_of(value))
    return False


def _is_person_told(handler: ast.ExceptHandler) -> bool:
    """Whether somebody reads a sentence about it on the screen that tells of no error."""
    for node in own_nodes(handler.body):
        if isinstance(node, ast.Call) and called(node) in ("print", "click.echo"):
            said = " ".join(_texts_of(node))
            return said.count(" ") >= WORDS - 1 and not _ERROR.search(said)
    return False


def _texts_of(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _stays(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a value is converted, and what it was made of is taken where that fails."""
    if not all(isinstance(each, ast.Assign | ast.Return) for each in statement.body):
        return False
    last = statement.body[-1]
    match last, handler.body, following(source, statement):
        case ast.Return(), [ast.Return(value=ast.Name(id=name))], _:
            pass
        case ast.Return(), [ast.Pass()], ast.Return(value=ast.Name(id=name)):
            pass
        case ast.Assign(targets=[one]), [ast.Assign(targets=[other], value=ast.Name(id=name))], _:
            if ast.dump(one) != ast.dump(other):
                return False
        case ast.Assign(targets=[ast.Name(id=name)]), [ast.Pass()], _:
            pass
        case _:
            return False
    if name not in read_names(statement.body):
        return False
    calls = [call for each in statement.body for call in outermost(each)]
    if any(reaches_out(called(call)) for call in calls):
        return False
    function = definition_of(source, statement)
    return name in (_annotated_as_text(function) if function else ()) or any(
        _CONVERTS.search(called(call).rpartition(".")[2]) for call in calls
    )


def _annotated_as_text(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
) -> Iterator[str]:
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    for each in arguments:
        if each.annotation is not None and dotted(each.annotation) == "str":
            yield each.arg


# -- what runs next -------------------------------------------------------------------------------


def _is_error_anyway(source: SourceFile, statement: ast.Try) -> bool:
    """Whether an error is raised or logged right after it in any case."""
    match following(source, statement):
        case ast.Raise():
            return True
        case ast.Expr(value=ast.Call() as call):
            log = log_of(call)
            return log is not None and log.level >= ERROR
    return False


def _next_is_tried(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a loop goes through possibilities until one of them does."""
    if not is_passed(handler):
        return False
    loop = source.parent(statement)
    if not isinstance(loop, ast.For | ast.AsyncFor) or loop.body[-1] is not statement:
        return False
    return any(isinstance(each, ast.Break | ast.Return) for each in own_nodes(statement.body))


def _is_done_below(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a success ends the function, or sets a flag, and what is below does it otherwise."""
    if not is_passed(handler):
        return False
    match statement.body, following(source, statement):
        case [_, *_, ast.Return(value=None)], ast.stmt() as below:
            return not isinstance(below, ast.Return | ast.Raise)
        case (
            [_, *_, ast.Assign(targets=[ast.Name(id=flag)], value=ast.Constant(value=True))],
            ast.If(test=ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=asked))),
        ):
            return flag == asked
    return False
