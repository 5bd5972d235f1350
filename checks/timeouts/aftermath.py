"""What becomes of a job that is not waited for any longer, and of what its timeout interrupts.

A query that reads is given up on without harm: whoever handles a failed query handles this one. A
job that writes goes on at the server after the program was told that it failed. It is safe to give
up on where nobody starts it again, takes its tables away, or goes on as if it were over.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass

from qw_codemod.analysis.exception_flow import leaves, surroundings
from qw_codemod.analysis.exception_risks import endings, retried
from qw_codemod.analysis.sql_text import Sql, statement
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import InLine, Statement
from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.python.assignments import assigned
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import (
    LOOPS,
    definition_of,
    function_of,
    last_name,
    own_nodes,
)

from . import reasons
from .called_again import called_again
from .handlers import reports, tells
from .tokens import DOWNLOADS
from .waits import Wait, given_by, is_submission, submission

_WITH = (ast.With, ast.AsyncWith)
_FORGETS = frozenset({"clear", "pop", "popleft", "popitem"})  # of what has been sent
_CONFIRMS = frozenset({"ack", "acknowledge", "commit", "basic_ack", "task_done"})  # of a queue
_REMOVING = frozenset({"DROP", "TRUNCATE", "DELETE"})
_SENDS = ("load_table_", "insert_rows", "copy_table")
_EXISTS = frozenset({"exist", "exists", "existing"})  # in the name of the function that asks
_MANY = 200  # names and texts of a statement
_CONFIGS = {"load": "LoadJobConfig", "copy": "CopyJobConfig", "query": "QueryJobConfig"}


@dataclass(frozen=True, slots=True)
class Work:
    """What a job does: `verb` says it in a word where it writes, and is empty where it reads.

    `repeats`: done a second time, it leaves the same behind; None where that is not seen.
    """

    verb: str
    repeats: bool | None = True


def work_of(source: SourceFile, infer: Inference, wait: Wait) -> Work:
    """What the job of a wait does, as far as it can be seen."""
    call = _started_by(source, infer, wait)
    if wait.kind == "extract":
        return Work("export")
    if wait.kind in ("load", "copy"):
        return Work(wait.kind, _replaces(source, call, wait.kind))
    seen = _statement(source, infer, call) if call is not None else None
    if seen is not None and seen.verb:
        return Work(seen.verb, seen.repeats)
    if call is not None:
        configured = _configured(source, call, "query")
        if not {"destination", "write_disposition"}.isdisjoint(configured):
            replaces = _replaces(source, call, "query")
            return Work("query", replaces is not False)
    if seen is not None and seen.reads or _is_read(source, wait):
        return Work("")
    return Work("job" if wait.kind == "job" else "statement", None)


def _started_by(source: SourceFile, infer: Inference, wait: Wait) -> ast.Call | None:
    """The call that gives the job, or starts it and waits: of the client, or of a wrapper."""
    if wait.form == "query_and_wait":
        return wait.node if isinstance(wait.node, ast.Call) else None
    return given_by(source, infer, wait)


def _statement(source: SourceFile, infer: Inference, call: ast.Call) -> Sql | None:
    """The SQL that a call is given, in whichever argument of a wrapper it stands."""
    sql = _argument(call, 0, "query")
    given = [sql] if sql is not None else []
    if not is_submission(call):
        given = [*call.args, *(each.value for each in call.keywords)]
    seen = [statement(source, each, infer.tree) for each in given]
    told = [each for each in seen if each.verb or each.reads]
    return next((each for each in told if each.verb), next(iter(told), None))


def _is_read(source: SourceFile, wait: Wait) -> bool:
    """Whether the rows of a job are wanted: a statement that writes has none worth looking at."""
    if wait.form in (*DOWNLOADS, "iterate", "query_and_wait"):
        return True
    if wait.writes:  # all kinds of jobs are waited for in one place
        return False
    return not isinstance(source.parent(wait.node), ast.Expr)


def _replaces(source: SourceFile, call: ast.Call | None, kind: str) -> bool | None:
    """Whether what is written takes the place of what was there, by the job's configuration."""
    configured = _configured(source, call, kind) if call is not None else {}
    said = configured.get("write_disposition")
    if said is None:
        return None if kind == "load" else True  # a load appends, the others want an empty table
    text = source.text(said).upper()
    if "TRUNCATE" in text or "EMPTY" in text:
        return True
    return False if "APPEND" in text else None


def _configured(source: SourceFile, call: ast.Call, kind: str) -> dict[str, ast.expr]:
    """What the job's configuration is made with, and what is set on it."""
    named = {each.arg: each.value for each in call.keywords}
    found = {}
    if not is_submission(call) and "write_disposition" in named:  # a wrapper hands it on
        found["write_disposition"] = named["write_disposition"]
    given = named.get("job_config")
    if given is None:
        return found
    name = dotted(given)
    for made in (given, *(assigned(source, name) if name else ())):
        if isinstance(made, ast.Call) and last_name(made) == _CONFIGS[kind]:
            found.update((each.arg, each.value) for each in made.keywords if each.arg)
    for setting in ("write_disposition", "destination", "priority"):
        for value in assigned(source, f"{name}.{setting}") if name else ():
            found[setting] = value
    return found


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if position < len(call.args):
        return call.args[position]
    return next((each.value for each in call.keywords if each.arg == name), None)


# -- what may go wrong ----------------------------------------------------------------------------


def harm(source: SourceFile, infer: Inference, wait: Wait, cancels: bool) -> Statement | None:
    """Why a timeout of this wait would do harm; None if none is seen.

    `cancels`: the project's own function waits, and cancels the job that it gives up on.
    """
    work = work_of(source, infer, wait)
    return (
        _vanishes(source, wait, work)
        or _goes_on(source, infer, wait, work, cancels)
        or _queued(source, infer, wait)
    )


def harm_if_reported(source: SourceFile, infer: Inference, wait: Wait, cancels: bool) -> bool:
    """Whether a timeout would do harm even where every handler tells of it."""
    work = work_of(source, infer, wait)
    goes_on = work.verb and any(
        isinstance(each.node, ast.ExceptHandler) and not _leaves_function(source, each.node)
        for each in endings(source, wait.node)
    )
    others = _goes_on(source, infer, wait, work, cancels) or _queued(source, infer, wait)
    return bool(goes_on or others)


def _queued(source: SourceFile, infer: Inference, wait: Wait) -> Statement | None:
    """Where a query is to wait until there is room for it, its timeout counts that too."""
    call = submission(source, infer, wait)
    if wait.kind != "query" or not isinstance(call, ast.Call):
        return None
    priority = _configured(source, call, "query").get("priority")
    is_batch = priority is not None and source.text(priority).strip("'\"").endswith("BATCH")
    return reasons.Queued() if is_batch else None


def _vanishes(source: SourceFile, wait: Wait, work: Work) -> Statement | None:
    """Where nobody would hear of a timeout, or the program go on as if a write were done."""
    for meeting in endings(source, wait.node):
        place = InLine(meeting.line)
        handler = meeting.node
        if not isinstance(handler, ast.ExceptHandler):
            return reasons.Swallowed(meeting.catcher, place)
        if not reports(source, handler):
            return reasons.SwallowedInSilence(meeting.catcher, place)
        if work.verb and not _leaves_function(source, handler):
            return reasons.GoesOnAfterWrite(meeting.catcher, place, work.verb)
    return None


def _leaves_function(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether nothing of the function runs after a handler."""
    if leaves(source, handler.body) and not any(
        isinstance(each, (ast.Break, ast.Continue)) for each in own_nodes(handler.body)
    ):
        return True
    child: ast.AST = source.parent(handler) or handler
    for around in source.ancestors(child):
        if isinstance(around, LOOPS) or getattr(around, "finalbody", None):
            return False
        block = block_of(around, child)
        if block and block[-1] is not child:
            return False
        if isinstance(around, (*FUNCTIONS, ast.Module)):
            return True
        child = around
    return True


def _goes_on(
    source: SourceFile, infer: Inference, wait: Wait, work: Work, cancels: bool
) -> Statement | None:
    """Where a job that goes on at the server meets what the program does next."""
    if not work.verb or cancels:
        return None
    again = retried(source, wait.node)
    if again is not None:
        return reasons.WhileFirstGoesOn(again, work.verb)
    dropped = _drops(source, wait.node)
    if dropped is not None:
        what = " ".join(source.text(dropped.func).split())
        return reasons.TakesTableAway(what, InLine(dropped.lineno), work.verb)
    if work.repeats:
        return None
    kept = _kept(source, infer, wait)
    if kept is not None:
        return reasons.SentAgain(kept, work.verb)
    keeper = _keeper(source, infer, wait)
    if keeper is not None:
        text = " ".join(source.text(keeper).split())
        return reasons.KeptToBeSent(text, InLine(keeper.lineno), work.verb)
    again_by = called_again(source, infer, wait.node) if _appends(wait, work) else None
    if again_by is not None:
        return reasons.CalledAgain(*again_by, work.verb)
    # A load that appends is as good as any other where nobody starts it again.
    if work.repeats is None or wait.kind in ("load", "copy") or infer.is_test(source):
        return None
    return None if _is_new(source, infer, wait) else reasons.NotRepeatable(work.verb)


def _appends(wait: Wait, work: Work) -> bool:
    """Whether a job adds to what is there, as far as it is seen."""
    return wait.kind == "load" or work.repeats is False


def _is_new(source: SourceFile, infer: Inference, wait: Wait) -> bool:
    """Whether the function makes the table first: a second start fails there, and adds nothing."""
    call = submission(source, infer, wait)
    sql = _argument(call, 0, "query") if isinstance(call, ast.Call) else None
    function = definition_of(source, wait.node)
    if sql is None or function is None:
        return False
    said = _said(source, sql)
    return any(
        isinstance(node, ast.Call)
        and last_name(node) == "create_table"
        and node.lineno < wait.node.lineno
        and len(node.args) == 1
        and not node.keywords
        and _is_said(source, node.args[0], said)
        for node in own_nodes(function.body)
    )


def _said(source: SourceFile, sql: ast.expr) -> set[str]:
    """The names and texts that a statement is made of, and those that these names are given."""
    found: set[str] = set()
    left = [sql]
    while left and len(found) < _MANY:
        for each in ast.walk(left.pop()):
            text = dotted(each) or _text(each)
            if text and text not in found:
                found.add(text)
                left += assigned(source, text)
    return found


def _text(node: ast.AST) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else ""


def _is_said(source: SourceFile, table: ast.expr, said: set[str], deep: int = 6) -> bool:
    """Whether all that a table's name is made of stands in a statement."""
    name = dotted(table)
    if name in said or not deep:
        return name in said
    if isinstance(table, ast.JoinedStr):
        return all(_is_said(source, each, said, deep - 1) for each in table.values)
    if isinstance(table, ast.FormattedValue):
        return _is_said(source, table.value, said, deep - 1)
    if isinstance(table, ast.Constant):
        words_of_it = re.findall(r"\w+", _text(table))
        return all(any(word in text for text in said) for word in words_of_it)
    if isinstance(table, ast.Call):
        is_table = last_name(table) == "Table" and bool(table.args)
        return is_table and _is_said(source, table.args[0], said, deep - 1)
    values = assigned(source, name) if name else ()
    return any(_is_said(source, each, said, deep - 1) for each in values)


def _drops(source: SourceFile, node: ast.AST) -> ast.Call | None:
    """A call that takes a table or a file away once the wait has failed."""
    for around, child in surroundings(source, node):
        if isinstance(around, _WITH):
            for item in around.items:
                for call in _leaving(source, item.context_expr):
                    return call
        elif isinstance(around, ast.Try) and any(child is each for each in around.body):
            after = [*around.finalbody, *(n for h in around.handlers for n in h.body)]
            for call in _removals(source, after):
                return call
    return None


def _leaving(source: SourceFile, context: ast.expr) -> Iterator[ast.Call]:
    """What a context manager of this file takes away when it is left."""
    for function in source.nodes(ast.FunctionDef):
        if function.name == last_name(context) and isinstance(context, ast.Call):
            found = [n for n in own_nodes(function.body) if isinstance(n, (ast.Yield, ast.Try))]
            if found:
                yield from _removals(source, function.body)


def _removals(source: SourceFile, body: list[ast.stmt]) -> Iterator[ast.Call]:
    for node in own_nodes(body):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr.startswith(("delete", "drop")) or _is_dropping(source, node):
            yield node


def _is_dropping(source: SourceFile, call: ast.Call) -> bool:
    verbs = {statement(source, each).verb for each in call.args[:1]}
    return last_name(call).startswith("query") and not verbs.isdisjoint(_REMOVING)


def _kept(source: SourceFile, infer: Inference, wait: Wait) -> str | None:
    """What is forgotten only once the wait is over, and so sent a second time after a timeout."""
    call = _started_by(source, infer, wait)
    function = function_of(source, wait.node)
    if function is None or not isinstance(function.body, list):
        return None
    sent = {*map(dotted, ast.walk(call))} - {""} if call is not None else set()
    line = wait.node.end_lineno or wait.node.lineno
    for node in own_nodes(function.body):
        if getattr(node, "lineno", 0) <= line:
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder = dotted(node.func.value)
            if node.func.attr in _CONFIRMS or node.func.attr in _FORGETS and holder in sent:
                return " ".join(source.text(node.func).split())
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                name = dotted(target)
                if "." in name and name in sent:
                    return name
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                name = dotted(target.value if isinstance(target, ast.Subscript) else target)
                if name in sent:
                    return name
    return None


def _keeper(source: SourceFile, infer: Inference, wait: Wait) -> ast.expr | None:
    """What a handler puts what was sent into, or gives it to, so that it is sent another time."""
    call = _started_by(source, infer, wait)
    sent = (
        {*map(dotted, ast.walk(call.args[0]))} - {""} if call is not None and call.args else set()
    )
    for around, child in surroundings(source, wait.node) if sent else ():
        if isinstance(around, ast.Try) and any(child is each for each in around.body):
            for handler in around.handlers:
                found = _keeps(handler, sent)
                if found is not None:
                    return found
    return None


def _keeps(handler: ast.ExceptHandler, sent: set[str]) -> ast.expr | None:
    told: set[ast.AST] = set()  # what is only said of it
    for node in own_nodes(handler.body):
        if node in told:
            continue
        match node:
            case ast.Raise():
                told.update(ast.walk(node))
            case ast.Call(func=func) if tells(node) or hasattr(builtins, dotted(func)):
                told.update(ast.walk(node))
            case ast.Call(func=func, args=given) if any(dotted(each) in sent for each in given):
                return func
            case ast.For(iter=it) if dotted(it) in sent:
                return it
            case (
                ast.Assign(targets=[target], value=value)
                | ast.AugAssign(target=target, value=value)
            ) if not isinstance(target, ast.Name) and any(
                dotted(each) in sent for each in ast.walk(value)
            ):
                return target
            case ast.Return(value=ast.expr() as value) if dotted(value) in sent:
                return value
    return None


def adds_again(source: SourceFile, infer: Inference, wait: Wait) -> bool:
    """Whether a job adds what it writes to what is there, as it is seen to say itself."""
    work = work_of(source, infer, wait)
    return bool(work.verb) and work.repeats is False


# -- reads that writes are made of ----------------------------------------------------------------


def default_feeds_write(source: SourceFile, infer: Inference, wait: Wait) -> bool:
    """Whether a read that may now time out ends in a default, and that decides about a write.

    `get_existing_ids()` answers with nothing, and everything is written again.
    """
    if work_of(source, infer, wait).verb or not any(endings(source, wait.node)):
        return False
    function = definition_of(source, wait.node)
    if function is None:
        return False
    if not _EXISTS.isdisjoint(words(function.name)) or _writes(source, function):
        return True
    users = (each for each in source.nodes(ast.Call) if last_name(each) == function.name)
    around = {definition_of(source, each) for each in users} - {None, function}
    return any(_writes(source, each) for each in around if each is not None)


def _writes(source: SourceFile, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function sends something that is written."""
    for node in own_nodes(function.body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            verbs = {statement(source, each).verb for each in node.args[:1]} - {""}
            if node.func.attr.startswith(_SENDS) or last_name(node).startswith("query") and verbs:
                return True
    return False
