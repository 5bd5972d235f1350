"""How loud a failure is: a small table of what the body does and what becomes of its failure.

`qw-codemod explain QW201` prints it, and says what the rows and columns mean. Blocks of one
function that call the same and go on alike get one level: what one of them logs at already, or else
a warning where they differ.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Literal

from qw_codemod.analysis.reporting import DEBUG, ERROR, INFO
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.syntax import catches_everything, definition_of, own_nodes

from .another_way import is_passed, only_edits_text, read_names, stays
from .certain import why_uncertain
from .docstrings import docstring_names, docstring_plans
from .effects import effects_of, is_printing, log_of
from .logging_style import any_log_of, loggers_in
from .operation_name import called, is_trivial
from .ordinary import ordinary
from .outcome import Outcome, outcome_of
from .pieces import is_of_pieces
from .reaching_out import stores_replaced
from .told_values import told_names
from .undecided import undecided
from .work import Work, work_of

Level = Literal["debug", "info", "warning", "error"]

_LOUDNESS: tuple[Level, ...] = ("debug", "info", "warning", "error")
_QUIET = (Outcome.NEXT, Outcome.REPORTED)  # debug, whatever the body does
_COLUMNS = (Outcome.EXPLAINED, Outcome.OTHERWISE, Outcome.LOST)
_SAME = {Outcome.KEPT: Outcome.OTHERWISE}
_TABLE: Mapping[Work, tuple[Level, Level, Level]] = {
    Work.ASKS: ("debug", "debug", "debug"),
    Work.VALUES: ("debug", "debug", "debug"),
    Work.FILES: ("debug", "debug", "warning"),
    Work.CODE: ("debug", "warning", "error"),
    Work.SERVICE: ("warning", "warning", "error"),
}


def level_of(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Level:
    """The level that a handler's failure deserves."""
    level = _alone(source, infer, statement, handler)
    others = {*_of_twins(source, infer, statement, handler)} - {level}
    if others:
        return next(_logged_by_twins(source, infer, statement, handler), "warning")
    if level == "error":
        return next(_logged_beside(source, infer, statement, handler), level)
    return level


def _alone(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Level:
    """What the table says, whatever other blocks do."""
    outcome = outcome_of(source, infer, statement, handler)
    if outcome in _QUIET:
        return "debug"
    work = work_of(source, infer, statement, handler)
    level = _by_table(source, infer, statement, handler, outcome, work)
    is_open = level == "error" and (
        undecided(source, infer, statement, handler, work)
        or ordinary(source, infer, statement, handler, work)
        or (
            effects_of(source, handler).is_silent
            and why_uncertain(source, infer, statement, handler, work, outcome)
        )
    )
    return "warning" if is_open else level


def _by_table(
    source: SourceFile,
    infer: Inference,
    statement: ast.Try,
    handler: ast.ExceptHandler,
    outcome: Outcome,
    work: Work,
) -> Level:
    """What the table says, whether or not the failure may be ordinary."""
    if outcome is Outcome.LOST and _is_meant(source, infer, statement, handler, work):
        outcome = Outcome.OTHERWISE
    if (
        outcome is Outcome.LOST
        and work is Work.VALUES
        and (
            _is_noticed(source, infer, statement, handler)
            or stores_replaced(source, statement, handler)
        )
    ):
        return "warning"
    if (
        outcome is Outcome.OTHERWISE
        and work is Work.VALUES
        and _goes_on_raw(source, infer, statement, handler)
    ):
        return "warning"
    level = _TABLE[work][_COLUMNS.index(_SAME.get(outcome, outcome))]
    if (
        work is Work.CODE
        and level != "debug"
        and stays(source, statement, handler)
        and _asks_itself(statement, handler)
        and why_uncertain(source, infer, statement, handler, work, outcome)
    ):
        return "debug"  # it works on the value that goes on as it was
    return level


def why_undecided(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """Why nothing tells whether a failure that would be a warning or an error is ordinary."""
    outcome = outcome_of(source, infer, statement, handler)
    if outcome in _QUIET or outcome is Outcome.EXPLAINED:
        return None
    work = work_of(source, infer, statement, handler)
    level = _by_table(source, infer, statement, handler, outcome, work)
    if level == "debug":
        return None
    if level == "error" and (doubt := undecided(source, infer, statement, handler, work)):
        return doubt
    if doubt := ordinary(source, infer, statement, handler, work):
        return doubt
    if outcome is Outcome.OTHERWISE and _goes_on_raw(source, infer, statement, handler):
        return None
    return why_uncertain(source, infer, statement, handler, work, outcome)


def _asks_itself(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a value is asked for another form of itself, `value.item()`, and stays else."""
    kept = read_names(handler.body)
    return any(
        isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[0] in kept - {""}
        for node in own_nodes(statement.body)
    )


def _is_noticed(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> bool:
    """Whether nobody else notices: one item is dropped, or a text goes on as it was.

    Who gets None, or another default, can tell.
    """
    loop = source.parent(statement)
    if isinstance(loop, ast.For | ast.AsyncFor) and is_passed(handler):
        names = {each.id for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
        return not names.isdisjoint(told_names(source, infer, statement))
    return stays(source, statement, handler) and only_edits_text(source, statement)


def _goes_on_raw(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> bool:
    """Whether the text of an answer that is no JSON stands for it in what is done below.

    To log or raise that text, or to give it to the caller, takes it for no JSON.
    """
    match statement.body[-1], handler.body[-1]:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call),
            ast.Assign(targets=[ast.Name(id=other)], value=raw),
        ) if name == other and called(call).rpartition(".")[2] in ("json", "loads"):
            pass
        case _:
            return False
    read = {dotted(node) for node in ast.walk(call)} - {""}
    texts = [e for e in ast.walk(raw) if isinstance(e, ast.Attribute) and e.attr in _RAW]
    if not any(dotted(each.value) in read for each in texts):
        return False
    function = definition_of(source, statement)
    return any(
        isinstance(node, ast.Call)
        and node.lineno > (statement.end_lineno or 0)
        and not (isinstance(node.func, ast.Name) and is_trivial(source, node))  # len(rows)
        and not is_printing(node)
        and any_log_of(source, infer, node) is None
        and not any(isinstance(around, ast.Raise) for around in source.ancestors(node))
        and any(dotted(given) == name for given in (*node.args, *(e.value for e in node.keywords)))
        for node in own_nodes(function.body if function is not None else source.tree.body)
    )


_RAW = frozenset("text content".split())


def _is_meant(
    source: SourceFile,
    infer: Inference,
    statement: ast.Try,
    handler: ast.ExceptHandler,
    work: Work,
) -> bool:
    """Whether nothing is lost, for that is what becomes of a value or of other code's failure."""
    if work is Work.CODE:
        return docstring_plans(source, statement, handler)
    return work in (Work.VALUES, Work.FILES) and (
        (stays(source, statement, handler) and not only_edits_text(source, statement))
        or docstring_names(source, statement, handler)
        or docstring_plans(source, statement, handler)
        or is_of_pieces(source, statement, handler)
    )


# -- twins ----------------------------------------------------------------------------------------


def _of_twins(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Iterator[Level]:
    """The levels of the blocks in the same function that do the same."""
    yield from _logged_by_twins(source, infer, statement, handler)
    for other, twin in _twins(source, statement, handler):
        if not effects_of(source, twin).logs:
            yield _alone(source, infer, other, twin)


def _logged_by_twins(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Iterator[Level]:
    """The levels at which such blocks log already."""
    for _, twin in _twins(source, statement, handler):
        yield from _logged(source, infer, twin)


def _logged(source: SourceFile, infer: Inference, handler: ast.ExceptHandler) -> Iterator[Level]:
    for log in effects_of(source, handler, loggers_in(source, infer, handler)).logs:
        if log.level >= ERROR:
            yield "error"
        else:
            yield "debug" if log.level <= DEBUG else "info" if log.level <= INFO else "warning"


def _logged_beside(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Iterator[Level]:
    """The level of the handlers for everything beside it that go on alike, where all have one.

    In `for window in windows` one step that fails is as bad as another one, and the next is tried.
    What is tried in a handler is no worse than what that one is for, and a part of what is tried is
    no worse than all of it; a failure is a warning where that one tells the user something alone.
    """
    child: ast.AST = statement
    for around in source.ancestors(statement):
        if isinstance(around, FUNCTIONS):
            break
        if isinstance(around, ast.ExceptHandler) and not effects_of(source, around).raises:
            yield from _loudest(source, infer, around)
        if isinstance(around, ast.Try) and child in around.body:
            for each in filter(catches_everything, around.handlers):
                if not effects_of(source, each).raises:
                    yield from _loudest(source, infer, each)
        child = around
    block = block_of(source.parent(statement), statement)
    levels: set[Level] = set()
    for other in block:
        if not isinstance(other, ast.Try) or other is statement:
            continue
        for each in other.handlers:
            if catches_everything(each) and _goes_on(source, infer, each) == _goes_on(
                source, infer, handler
            ):
                levels.update(_logged(source, infer, each))
    if len(levels) == 1:
        yield from levels


def _loudest(source: SourceFile, infer: Inference, handler: ast.ExceptHandler) -> Iterator[Level]:
    for level in sorted(_logged(source, infer, handler), key=_LOUDNESS.index)[-1:]:
        yield "warning" if level == "info" else level


def _goes_on(source: SourceFile, infer: Inference, handler: ast.ExceptHandler) -> list[str]:
    """What a handler does beside logging."""
    return [
        ast.dump(each)
        for each in handler.body
        if not isinstance(each, ast.Pass)
        and not (
            isinstance(each, ast.Expr)
            and isinstance(each.value, ast.Call)
            and any_log_of(source, infer, each.value) is not None
        )
    ]


def _twins(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> Iterator[tuple[ast.Try, ast.ExceptHandler]]:
    """The other `try` statements of a function that call the same and go on alike."""
    function = definition_of(source, statement)
    wanted = _shape(statement, handler)
    for other in own_nodes(function.body if function is not None else source.tree.body):
        if isinstance(other, ast.Try) and other is not statement:
            for twin in other.handlers:
                if catches_everything(twin) and _shape(other, twin) == wanted:
                    yield other, twin


def _shape(statement: ast.Try, handler: ast.ExceptHandler) -> object:
    """What two blocks that do the same have alike: what they call, and the kinds of statements."""
    calls = [called(node) for node in own_nodes(statement.body) if isinstance(node, ast.Call)]
    kinds = [type(each) for each in statement.body]
    goes_on = [type(each) for each in handler.body if not _is_log(each)]
    return sorted(calls), kinds, [each for each in goes_on if each is not ast.Pass]


def _is_log(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and log_of(statement.value) is not None
    )
