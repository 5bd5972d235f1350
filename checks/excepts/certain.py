"""Whether a failure is out of order whatever the data are: that alone is told aloud unasked.

So is one of what reaches out or changes something, and of what is asked for by its name; what works
on the values that it is given may fail because of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import definition_of, last_name, own_nodes

from . import statements as says
from .comments import hedge_above
from .docstrings import docstring_plans
from .effects import ends_program, is_exit_status
from .logging_style import any_log_of
from .operation_name import called, is_trivial
from .outcome import Outcome, answers_broken
from .probing import probes
from .reaching_out import (
    fails_by_itself,
    is_command,
    is_fixed,
    is_of_object,
    is_own,
    is_seen,
    raising,
    reaches_out,
    reads_one_of_many,
    stores_replaced,
)
from .told_values import told_names
from .undecided import CONVERTING, results_by_name
from .work import Work, is_of_machine, is_parser, is_pure, makes_output, opens_to_write


def why_uncertain(
    source: SourceFile,
    infer: Inference,
    statement: ast.Try,
    handler: ast.ExceptHandler,
    work: Work,
    outcome: Outcome,
) -> Statement | None:
    """Why a failure may be ordinary; None where it is not, or where the code says what it is."""
    if ends_program(handler) or is_exit_status(source, handler) or answers_broken(handler):
        return None
    function = definition_of(source, statement)
    if hedge := hedge_above(source, statement):
        return says.IsHedged(hedge)
    if function is not None and words(function.name)[:1] == ("try",):
        return says.OnlyTries(function.name)
    if work is Work.VALUES and stores_replaced(source, statement, handler):
        return None if told_names(source, infer, statement) else says.CannotBeTold()
    if work is Work.VALUES or outcome in (Outcome.EXPLAINED, Outcome.KEPT):
        return None
    is_planned = docstring_plans(source, statement, handler)
    if function is not None and work is Work.SERVICE and is_planned:
        return says.IsDocumented(function.name)
    nodes = list(raising(statement.body))
    calls = [each for each in nodes if isinstance(each, ast.Call)]
    if work is Work.FILES:
        return _of_files(source, calls)
    if doubt := probes(source, infer, statement, handler):
        return doubt
    if work is Work.SERVICE or makes_output(source, statement):
        return None
    if any(reaches_out(source, infer, each) for each in calls):
        return None
    if any(isinstance(each, ast.Await) and dotted(each.value) for each in nodes):
        return None  # a task that was started
    if any(is_command(source, infer, each) for each in calls):
        converting = (each for each in calls if full_name(source, each.func) in CONVERTING)
        return next((says.WorksOnGiven(called(each)) for each in converting), None)
    if doubt := _of_files(source, calls):
        return doubt
    if outcome is Outcome.OTHERWISE:
        return says.HasAnotherWay()
    if _is_counted(source, statement):
        return None
    if any(reads_one_of_many(source, infer, each) for each in calls):
        return None
    return _of_found(source, infer, statement)


def _of_found(source: SourceFile, infer: Inference, statement: ast.Try) -> Statement | None:
    """What only looks something up, or works on what it is given."""
    told = {*told_names(source, infer, statement)}
    taken = {*_taken_apart(statement)}
    calls = [
        node
        for node in raising(statement.body)
        if isinstance(node, ast.Call)
        and not (is_trivial(source, node) or is_pure(source, infer, node))
        and any_log_of(source, infer, node) is None
        and not _is_of_chain(source, node)
    ]
    bound = {
        node.id
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    if any(call not in taken and _asks_by_name(source, infer, call, told, bound) for call in calls):
        return None
    for call in calls:
        if call in taken:
            return says.MayFindNothing(called(call))
    for call in calls:
        if is_of_object(source, call):
            return says.IsUnknown(called(call))
    return says.WorksOnGiven(called(calls[0])) if calls else says.NothingTells()


def _is_of_chain(source: SourceFile, call: ast.Call) -> bool:
    """Whether a method of what a call gives is called: `service.files()` of `.list(q=query)`."""
    of = source.parent(call)
    return isinstance(of, ast.Attribute) and isinstance(source.parent(of), ast.Call)


def _asks_by_name(
    source: SourceFile, infer: Inference, call: ast.Call, told: set[str], bound: set[str]
) -> bool:
    """Whether a call gets something by what it is called, or all that there is: `load()`."""
    given = [*call.args, *(each.value for each in call.keywords)]
    if is_own(source, infer, call):
        return fails_by_itself(source, infer, call)
    if is_of_object(source, call):
        return False
    function = definition_of(source, call)
    taken = ast.walk(function.args) if function is not None else ()
    if dotted(call.func) in {each.arg for each in taken if isinstance(each, ast.arg)}:
        return True
    if given and is_parser(source, call):
        return False  # whatever tells which text it is
    if given:
        names = {n.id for each in given for n in ast.walk(each) if isinstance(n, ast.Name)}
        return not names.isdisjoint(told)
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    return of is None or (bool(dotted(of)) and dotted(of).partition(".")[0] not in bound)


def _is_counted(source: SourceFile, statement: ast.Try) -> bool:
    """Whether the function leaves, or gets elsewhere, where there is too little: `len(x) < 2`."""
    read = {
        node.id
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for around in source.ancestors(statement):
        if isinstance(around, ast.If) and _counts(around.test) & read:
            return True
        if isinstance(around, FUNCTIONS):
            break
    function = definition_of(source, statement)
    return any(
        isinstance(node, ast.If)
        and isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue)
        and (node.lineno <= statement.lineno or node in statement.body)
        and _counts(node.test) & read
        for node in own_nodes(function.body if function is not None else [])
    )


def _counts(test: ast.expr) -> set[str]:
    """The names of what a test counts."""
    return {
        name.id
        for node in ast.walk(test)
        if isinstance(node, ast.Compare)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and dotted(call.func) == "len"
        for name in ast.walk(call)
        if isinstance(name, ast.Name)
    }


def _taken_apart(statement: ast.Try) -> Iterator[ast.Call]:
    """The calls of whose result the body takes a part, which there may not be."""
    made = results_by_name(statement)
    asked = {
        each.id
        for node in own_nodes(statement.body)
        if isinstance(node, ast.If | ast.IfExp)
        for each in ast.walk(node.test)
        if isinstance(each, ast.Name)
    }
    for node in own_nodes(statement.body):
        match node:
            case (
                ast.Subscript(value=value, ctx=ast.Load())
                | ast.Attribute(value=value, ctx=ast.Load())
            ):
                found = made.get(dotted(value)) if isinstance(value, ast.Name) else value
                is_asked = isinstance(value, ast.Name) and value.id in asked
                if isinstance(found, ast.Call) and not (is_asked or _builds(found)):
                    yield found


def _builds(call: ast.Call) -> bool:
    """Whether an object is built, which is one in any case: `Station(day)`."""
    return last_name(call)[:1].isupper()


# -- files ----------------------------------------------------------------------------------------


def _of_files(source: SourceFile, calls: list[ast.Call]) -> Statement | None:
    """A file that the program knows by its name, and of which nobody asked whether it is there."""
    for call in calls:
        if not is_of_machine(source, call) or opens_to_write(call) or not _reads(source, call):
            continue
        path = call.func.value if isinstance(call.func, ast.Attribute) else None
        if call.args and (path is None or dotted(call.func).partition(".")[0] in _MODULES):
            path = call.args[0]
        if path is not None and is_fixed(source, path) and not is_seen(source, path):
            return says.MayNotBeThere(called(call))
    return None


_MODULES = frozenset("os bz2 gzip lzma tarfile zipfile np numpy pd pandas shutil".split())


def _reads(source: SourceFile, call: ast.Call) -> bool:
    return last_name(call) in ("open", "read_text", "read_bytes", "getmtime", "getsize", "stat")
