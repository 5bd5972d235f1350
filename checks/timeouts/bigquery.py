"""Waits for BigQuery jobs that have no timeout (QW101), or one that bounds something else (QW102).

A wait is found in `waits`; here it is weighed: `job.result()` has no timeout, `job.result(300)` a
page size that looks like one, `job.result(timeout=300)` is as it should be.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from qw_codemod.analysis.exception_risks import TIMEOUT
from qw_codemod.analysis.test_doubles import compatibility
from qw_codemod.infer import Container, Inference
from qw_codemod.kernel.statements import At
from qw_codemod.libraries.google_exceptions import OUT_OF_REACH
from qw_codemod.python.hoisting import why_nothing_before
from qw_codemod.python.names import free_name
from qw_codemod.rules.api import (
    Context,
    Evidence,
    Fact,
    Match,
    Obstacle,
    SourceFile,
    Statement,
    Unfixable,
    Unsafe,
)

from . import reasons
from .aftermath import adds_again, default_feeds_write, harm, harm_if_reported
from .deadlines import within_deadline
from .handed import handed_over
from .longer_limits import Kind, LongerLimits
from .outer_deadline import has_deadline
from .passed import Ends, passes
from .plan import (
    DEFAULTS,
    AddTimeout,
    BindTimeout,
    Limit,
    NameTimeout,
    PassTimeout,
    Plan,
    ReplaceTimeout,
    WaitAround,
    WaitFirst,
)
from .statements import HandedOver, LongerBound, OfOthersToo, StarMayHold, StarsMayHold
from .tokens import DOWNLOADS
from .waits import (
    MOVES_TO_RESULT,
    TIMEOUT_AT,
    Wait,
    is_over,
    producers_of,
    submission,
    waits,
)

_KINDS = {
    "query": "a query job",
    "load": "a load job",
    "copy": "a copy job",
    "extract": "an extract job",
    "job": "a BigQuery job",
}
_OF_SUBMISSION = "the timeout= of the submission bounds one HTTP request, not this wait"
_JOB_NAMES = ("job", "query_job", "bigquery_job")
_ENDS = Ends(TIMEOUT, OUT_OF_REACH)
_WORDS = frozenset({*_KINDS, "bigquery", "bq", "wait", "result"})
_MOVES = tuple(sorted(MOVES_TO_RESULT))


@dataclass(frozen=True, slots=True)
class Unbounded:
    """A wait without a bound: what is wrong with it, and what would bound it.

    `misplaced`: a number is there, and bounds something else. `doubt`: why it may be bounded after
    all. Without a `plan`, `by_hand` says why there is none.
    """

    wait: Wait
    message: str
    plan: Plan | None
    misplaced: bool = False
    on_purpose: bool = False  # somebody wrote None
    doubt: Statement | None = None
    by_hand: Statement | None = None


def find_unbounded(source: SourceFile, context: Context) -> Iterator[Match]:
    """The waits for BigQuery jobs without any timeout.

    What it does
        Finds `result()`, `to_dataframe()`, `to_arrow()` and `to_geodataframe()` of a job, a job
        that is iterated, `query_and_wait()`, `exception()`, these methods where they are handed to
        a thread, and loops that ask `done()` without an end.

    Why is this bad?
        These waits are endless by default. A job that hangs holds the worker for ever: the night's
        run never fails, never ends, and nobody is told.

    Example
        client.query(SQL).to_dataframe()

    Use instead
        client.query(SQL).result(timeout=300).to_dataframe()
    """
    return (_match(each) for each in context.once(_all, source) if not each.misplaced)


def find_misplaced(source: SourceFile, context: Context) -> Iterator[Match]:
    """The waits for BigQuery jobs with a timeout that bounds something else.

    What it does
        Finds `result(300)`, which sets the page size, `query(sql, timeout=60)`, which bounds one
        HTTP request of the submission, and `to_dataframe(timeout=60)`, which bounds the download.

    Why is this bad?
        Whoever wrote the number takes the wait for bounded, and it is endless.

    Example
        client.query(SQL, timeout=60).result()

    Use instead
        client.query(SQL, timeout=60).result(timeout=60)
    """
    return (_match(each) for each in context.once(_all, source) if each.misplaced)


def _match(found: Unbounded) -> Match:
    wait = found.wait
    evidence = wait.answer.evidence
    if wait.is_of_base:
        found = replace(found, doubt=found.doubt or OfOthersToo())
    if found.doubt and evidence.level == "proven":
        evidence = Evidence("likely", evidence.facts, found.doubt)
    node = wait.receiver if isinstance(found.plan, PassTimeout) and wait.receiver else wait.node
    return Match(node, found.message, evidence, found, at=wait.node)


def _waits(source: SourceFile, infer: Inference) -> tuple[Wait, ...]:
    return tuple(waits(source, infer))


def _all(source: SourceFile, infer: Inference) -> tuple[Unbounded, ...]:
    found_waits = chain(waits(source, infer), handed_over(source, infer))
    weighed = ((wait, _weighed(source, infer, wait)) for wait in found_waits)
    return tuple(
        found
        for wait, found in weighed
        if found is not None and not has_deadline(source, infer, wait)
    )


def _weighed(source: SourceFile, infer: Inference, wait: Wait) -> Unbounded | None:
    """What is wrong with a wait; None where it is bounded, or over."""
    if is_over(source, infer, wait):
        return None
    limit = Limit(wait.kind)
    if wait.form == "iterate":
        message = "iterating a query job has no timeout"
        return _submitted(source, infer, Unbounded(wait, message, WaitAround(limit)))
    if wait.form == "handed":
        return _handed(wait, limit)
    if wait.form == "polled":
        message = f"the loop asks whether {_KINDS[wait.kind]} is done, and has no end of its own"
        return Unbounded(wait, message, None, by_hand=reasons.NoDeadline())
    assert isinstance(wait.node, ast.Call)
    is_bound = isinstance(wait.node.func, ast.Attribute) and not wait.unbound
    if not wait.is_one_method or wait.form in DOWNLOADS and not is_bound:
        message = f".{wait.form}() of a query job has no timeout"
        return Unbounded(wait, message, None, by_hand=reasons.ByHand())
    if wait.form in DOWNLOADS:
        return _of_download(source, infer, wait, wait.node)
    if wait.form == "exception":
        what = f".exception() of {_KINDS[wait.kind]}"
        found = _of_call(source, infer, wait, what, "timeout")
        is_added = found is not None and isinstance(found.plan, AddTimeout)
        return replace(found, plan=PassTimeout(limit)) if found and is_added else found
    if wait.form == "query_and_wait":
        return _of_call(source, infer, wait, "query_and_wait()", "wait_timeout")
    return _of_result(source, infer, wait, wait.node)


def _handed(wait: Wait, limit: Limit) -> Unbounded:
    message = f"the wait for {_KINDS[wait.kind]} is handed over without timeout="
    if wait.handed == "iterate":
        message = "a query job is handed over to be iterated, and has no timeout"
    if wait.passes == "unknown":
        return Unbounded(wait, message, None, doubt=HandedOver(), by_hand=reasons.ByHand())
    # The timeout= of a download bounds something else.
    if wait.passes == "no argument" or wait.method in DOWNLOADS:
        return Unbounded(wait, message, None, by_hand=reasons.ByHand())
    keyword = "wait_timeout" if wait.method == "query_and_wait" else "timeout"
    if wait.passes == "nothing":
        return Unbounded(wait, message, BindTimeout(limit, keyword))
    return Unbounded(wait, message, PassTimeout(limit, keyword))


def _of_download(source: SourceFile, infer: Inference, wait: Wait, call: ast.Call) -> Unbounded:
    own = _keyword(call, "timeout")
    if own is not None and not _is_none(own):
        message = f"the timeout= of .{wait.form}() bounds the download, not the wait for the job"
        plan = WaitFirst(Limit(wait.kind, _seconds(own)), _MOVES)
        return Unbounded(wait, message, plan, misplaced=True)
    message = f".{wait.form}() of a query job has no timeout"
    found = Unbounded(wait, message, WaitFirst(Limit(wait.kind), _MOVES))
    return _submitted(source, infer, found)


def _of_result(
    source: SourceFile, infer: Inference, wait: Wait, call: ast.Call
) -> Unbounded | None:
    position = TIMEOUT_AT[wait.kind] + wait.unbound
    starred = any(isinstance(arg, ast.Starred) for arg in call.args)
    if len(call.args) > position and not starred:
        return None
    last = call.args[-1] if call.args and not _keyword(call, "timeout") else None
    if isinstance(last, ast.Constant) and type(last.value) in (int, float):
        number = source.text(last)
        message = f"the {number} in .result({number}) is no timeout: pass it as timeout="
        return Unbounded(wait, message, NameTimeout(len(call.args) - 1), misplaced=True)
    found = _of_call(source, infer, wait, f".result() of {_KINDS[wait.kind]}", "timeout")
    if found is None or not isinstance(found.plan, AddTimeout):
        return found
    return _submitted(source, infer, found)


def _of_call(
    source: SourceFile, infer: Inference, wait: Wait, what: str, keyword: str
) -> Unbounded | None:
    call = wait.node
    assert isinstance(call, ast.Call)
    given = _keyword(call, keyword)
    if given is not None:
        if not _is_none(given):
            return None
        message = f"{what} has no timeout: {keyword}=None"
        plan = ReplaceTimeout(Limit(wait.kind), keyword)
        return Unbounded(wait, message, plan, on_purpose=True)
    doubt, is_held = _packed(source, infer, call, keyword)
    if is_held:
        return None
    message = f"{what} has no timeout"
    if doubt:
        return Unbounded(wait, message, None, doubt=doubt, by_hand=doubt)
    return Unbounded(wait, message, AddTimeout(Limit(wait.kind), keyword))


def _submitted(source: SourceFile, infer: Inference, found: Unbounded) -> Unbounded:
    """The same where `query(timeout=…)` was taken for the bound: its number is what was meant."""
    call = submission(source, infer, found.wait)
    given = _keyword(call, "timeout") if call else None
    if given is None or _is_none(given):
        return found
    assert isinstance(found.plan, AddTimeout | WaitFirst | WaitAround)
    seconds = _seconds(given)
    plan = found.plan
    if seconds is not None:
        plan = replace(plan, limit=replace(plan.limit, seconds=seconds))
    return replace(found, misplaced=True, message=_OF_SUBMISSION, plan=plan)


# -- arguments ------------------------------------------------------------------------------------


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _packed(
    source: SourceFile, infer: Inference, call: ast.Call, keyword: str
) -> tuple[Statement | None, bool]:
    """Why `*args` or `**kwargs` may hold the bound, if they may; and whether they do hold it."""
    for arg in call.args:
        if isinstance(arg, ast.Starred):
            return StarMayHold(source.text(arg.value)), False
    for each in call.keywords:
        if each.arg is not None:
            continue
        held = infer.holds(source, each.value)
        spelled = [p.value for p in held if isinstance(p.value, Container) and p.value.named]
        if not spelled or len(spelled) != len(held):
            return StarsMayHold(source.text(each.value), keyword), False
        if any(key == keyword for value in spelled for key, _ in value.named):
            return None, True
    return None, False


def _seconds(node: ast.expr) -> float | None:
    """A number that a person wrote is the bound that they meant."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return None if isinstance(node.value, bool) else node.value
    return None


# -- is the edit safe -----------------------------------------------------------------------------


def assess(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    """A timeout that vanishes, starts the same thing again or fails a test is for a person."""
    found: Unbounded = match.remedy
    if found.plan is None:
        return Unfixable(found.by_hand)
    cancels = bool(context.settings.get("helper"))  # the job that it leaves
    reason = (
        (reasons.OnPurpose() if found.on_purpose else None)
        or harm(source, context.infer, found.wait, cancels)
        or first_of(_refused(source, context, found))
        or passes(source, context.infer, found.wait.node, _ENDS)
    )
    if reason is None:
        return None
    # A handler that tells of what it catches makes the same timeout safe.
    silent = isinstance(reason, reasons.SwallowedInSilence)
    helps = silent and not harm_if_reported(source, context.infer, found.wait, cancels)
    return Unsafe(reason, beside=("excepts",) if helps else ())


def _refused(source: SourceFile, context: Context, found: Unbounded) -> tuple[Fact, ...]:
    """The facts about tests whose doubles would refuse the edited call."""
    wait, plan = found.wait, found.plan
    known = compatibility.of(context.infer.tree)
    producers = producers_of(source, context.infer, wait)
    line = wait.node.lineno
    if isinstance(plan, AddTimeout | ReplaceTimeout | NameTimeout | PassTimeout | BindTimeout):
        name = plan.keyword
        return known.refuses(source.path, wait.method, name, producers=producers, line=line)
    refused = known.refuses(
        source.path, "result", "timeout", instead=wait.method, producers=producers, line=line
    )
    if refused:
        return refused
    stubbed = _stubbed(source, context, wait)
    return stubbed if stubbed and why_nothing_before(source, wait.node) else ()


def _stubbed(source: SourceFile, context: Context, wait: Wait) -> tuple[Fact, ...]:
    """The facts about tests that stub the method on what `query()` gives, not on a result."""
    if context.settings.get("style", "auto") != "auto":
        return ()
    producers = producers_of(source, context.infer, wait)
    return compatibility.of(context.infer.tree).stubbed(
        source.path, wait.method, producers=producers, line=wait.node.lineno
    )


def first_of(facts: tuple[Fact, ...]) -> Statement | None:
    """The first of the facts about the project's tests, with its place; None if there is none."""
    first = next(iter(facts), None)
    if first is None:
        return None
    place = At(first.path, first.line)
    return reasons.TestWouldFail(first.what, place)


# -- the edit -------------------------------------------------------------------------------------


@within_deadline
def plan(source: SourceFile, context: Context, match: Match) -> Plan | None:
    """The edit in the form that the settings ask for, and that the project's tests can stand."""
    found: Unbounded = match.remedy
    made = _with_longer(source, context, found)
    if not isinstance(made, WaitFirst | WaitAround):
        return made
    asked_for = context.settings.get("style", "auto") == "statement"
    if not asked_for and not _stubbed(source, context, found.wait):
        return made
    if why_nothing_before(source, found.wait.node):
        return made
    name = free_name(source, found.wait.node, _JOB_NAMES)
    return replace(made, own_statement=True, name=name)


def _with_longer(source: SourceFile, context: Context, found: Unbounded) -> Plan | None:
    """The plan with the longest limit that is meant for such waits around this one."""
    made = found.plan
    if made is None or isinstance(made, NameTimeout) or made.limit.seconds is not None:
        return made
    if not context.settings.keys().isdisjoint({"bigquery", made.limit.kind}):
        return made

    def waiting(where: SourceFile) -> list[ast.AST]:
        is_home = where is source  # whose waits are the same for each of them
        found = context.once(_waits, source) if is_home else waits(where, context.infer)
        return [each.node for each in found]

    limits = LongerLimits(source, context.infer, Kind(waiting, _WORDS, lambda _: False))
    said = limits.above(found.wait.node, DEFAULTS["bigquery"])
    if said is None or not said.is_meant:
        return made
    longer = LongerBound(f"{said.seconds:g}", said.why)
    return replace(made, limit=replace(made.limit, seconds=said.number, why=longer))


def remarks(source: SourceFile, context: Context, match: Match) -> Iterator[Statement]:
    """Why an edit has the form that it has, and what a timeout would lead to."""
    found: Unbounded = match.remedy
    if isinstance(found.plan, WaitFirst | WaitAround):
        double = next(iter(_stubbed(source, context, found.wait)), None)
        if double is not None and not why_nothing_before(source, found.wait.node):
            yield reasons.OwnLine(double.what, At(double.path, double.line))
    if default_feeds_write(source, context.infer, found.wait):
        yield reasons.DefaultFeedsWrite()
    if found.wait.kind == "load" and adds_again(source, context.infer, found.wait):
        yield reasons.AddsAgain()
