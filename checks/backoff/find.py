"""Finds waits between tries that do not grow, says what makes them unsafe, and plans them anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from qw_codemod.analysis.constants import given_in
from qw_codemod.analysis.exception_flow import exception_name
from qw_codemod.analysis.exception_risks import retried
from qw_codemod.analysis.numbers import computed, number_of
from qw_codemod.analysis.repetition import numbers_of, refused_and_tried_again
from qw_codemod.facts.requirement_versions import major
from qw_codemod.infer import Inference
from qw_codemod.kernel.statements import InLine
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.names import bound_names, full_name
from qw_codemod.python.syntax import (
    LOOPS,
    Loop,
    definition_of,
    function_of,
    last_name,
    own_nodes,
)
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

from . import reasons, statements
from .computations import computes_again
from .last_round import all_but_last, line_above
from .messages import line_that_tells
from .plan import LongerSleep, RetryOptions

_CAP = 60  # seconds
_SHORTEST = 0.5  # seconds
_MOST = 10  # tries of a loop that retries
_SLEEPS = frozenset({"time.sleep", "asyncio.sleep", "trio.sleep", "anyio.sleep", "gevent.sleep"})
_RETRY = frozenset(
    f"{module}.Retry"
    for module in (
        "urllib3",
        "urllib3.util",
        "urllib3.util.retry",
        "requests.adapters",
        "requests.packages.urllib3",
        "requests.packages.urllib3.util",
        "requests.packages.urllib3.util.retry",
    )
)
# Who says how often each of these kinds is tried again means these alone. Beside `connect`, `read`
# and `other` a list of statuses would be retried as often as `total` says, ten times by default;
# `status` bounds them itself [run: urllib3 2.8.0].
_KINDS = frozenset({"connect", "read", "status", "other"})
_STATUSES = "(429, 500, 502, 503, 504)"
_DEFAULT_TRIES = 10  # urllib3.Retry's own `total`


def flat(source: SourceFile, context: Context) -> Iterator[Match]:
    """Retries that wait as long each time, or not at all.

    What it does
        Finds loops that try again after a sleep of the same length, and urllib3's Retry without a
        growing wait.

    Why is this bad?
        All clients come back at the same moment, as often as before, while the service is down.

    Example
        for attempt in range(5):
            try:
                return send()
            except ConnectionError:
                time.sleep(5)

    Use instead
        for attempt in range(5):
            try:
                return send()
            except ConnectionError:
                if attempt < 4:
                    time.sleep(min(60, 5 * 2**attempt))
    """
    if context.infer.is_test(source):
        return
    for call in source.nodes(ast.Call):
        name = full_name(source, call.func)
        if name in _SLEEPS and len(call.args) == 1 and not call.keywords:
            yield from _of_sleep(source, context, call)
        elif name in _RETRY:
            yield from _of_retry(source, context, call)


def assess(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    found: _Sleep | RetryOptions = match.remedy
    reason: Statement | None
    if isinstance(found, RetryOptions):
        reason = _why_multiplied(source)
    elif not found.counter and not found.grows:
        return Unfixable(reasons.CountsNothing())
    else:
        reason = (
            _why_blocking(source, found)
            or _used_elsewhere(source, found.wait)
            or _why_told(source, found)
        )
    return Unsafe(reason) if reason else None


def plan(source: SourceFile, context: Context, match: Match) -> LongerSleep | RetryOptions:
    found: _Sleep | RetryOptions = match.remedy
    if isinstance(found, RetryOptions):
        return found
    seconds = _longer(source, found)
    rounds = all_but_last(source, context.infer, found.loop, found.call, found.counter)
    if found.grows or not rounds:
        return LongerSleep(seconds)
    at, head = line_above(source, source.statement(found.call))
    return LongerSleep(seconds, rounds, at, head)


# -- loops ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sleep:
    """How a loop sleeps.

    `seconds` is what it waits where that is known, `grows` whether it doubles, and `counter` what
    counts the tries, if anything does.
    """

    call: ast.Call
    loop: Loop
    wait: ast.expr
    seconds: float | None
    grows: bool
    counter: str


def _of_sleep(source: SourceFile, context: Context, call: ast.Call) -> Iterator[Match]:
    loop = _loop(source, call)
    if loop is None:
        return
    if not _is_retry_loop(source, loop, call) and not refused_and_tried_again(source, loop, call):
        return
    if computes_again(source, context.infer, loop, call):
        return  # no service is given time by longer waits
    wait = call.args[0]
    infer = context.infer
    tries = _tries(source, infer, loop)
    number = number_of(source, infer, wait)
    value = _given_in_round(loop, wait)
    grows = _grows(source, loop, value)
    if grows is None or (value is not wait and not grows):
        return
    if grows:
        longest = _longest(source, infer, loop, value, tries)
        if longest is not None and longest <= _CAP:
            return  # it has an end before it gets too long
    elif number is not None and not _SHORTEST <= number < _CAP:
        return  # no room for it to double below the cap, or a moment that a lock is held
    elif tries > _MOST:
        return  # so many tries are a way to wait for something
    facts = (
        Fact(statements.TriesAgain(), source.path, loop.lineno),
        Fact(statements.Waits(), source.path, call.lineno),
    )
    text = source.text(wait)
    message = f"the retry waits {text} s each time"
    if grows:
        message = f"the retry waits {text} s, without a cap"
    found = _Sleep(call, loop, wait, number, grows, _counter(source, loop))
    yield Match(call, message, Evidence("proven", facts), found)


def _given_in_round(loop: Loop, wait: ast.expr) -> ast.expr:
    """`2 ** attempt` for the `delay` that is given that in each round, and nothing else."""
    name = dotted(wait)
    given = [
        each.value
        for each in own_nodes(loop.body)
        if isinstance(each, ast.Assign) and name and name in map(dotted, each.targets)
    ]
    own = len(given) == 1 and name not in {dotted(each) for each in ast.walk(given[0])}
    if not own or _is_capped(loop, name):
        return wait
    return given[0]


def _tries(source: SourceFile, infer: Inference, loop: Loop) -> int:
    """How often a loop goes round at the most; 0 where that is not known."""
    counted = numbers_of(loop)
    if counted is None or last_name(counted) != "range":
        return 0
    numbers = [number_of(source, infer, each) for each in counted.args]
    return int(max((each for each in numbers if each is not None), default=0))


def _why_blocking(source: SourceFile, found: _Sleep) -> Statement | None:
    """`time.sleep` in a coroutine stops all others, and longer from now on."""
    name = full_name(source, found.call.func)
    if name == "time.sleep" and isinstance(function_of(source, found.call), ast.AsyncFunctionDef):
        return reasons.BlocksEventLoop()
    return None


def _used_elsewhere(source: SourceFile, wait: ast.expr) -> Statement | None:
    """Why the number is not this wait's alone; None if it is."""
    name = dotted(wait)
    if not name:
        return None
    scope = function_of(source, wait)
    is_local = scope is not None and name in set(bound_names([scope]))
    for node in ast.walk(scope) if is_local and scope is not None else _of_names(source):
        if not isinstance(node, (ast.Name, ast.Attribute)) or dotted(node) != name:
            continue
        if not isinstance(node.ctx, ast.Load) or node is wait:
            continue
        around = source.parent(node)
        if isinstance(around, ast.Call) and full_name(source, around.func) in _SLEEPS:
            continue
        if not any(_stores(each, name) for each in source.ancestors(node)):
            return reasons.UsedElsewhere(name, InLine(node.lineno))
    return None


def _of_names(source: SourceFile) -> Iterator[ast.AST]:
    yield from source.nodes(ast.Name)
    yield from source.nodes(ast.Attribute)


def _stores(node: ast.AST, name: str) -> bool:
    """`delay = delay * 2`"""
    return isinstance(node, ast.Assign) and any(dotted(each) == name for each in node.targets)


def _why_told(source: SourceFile, found: _Sleep) -> Statement | None:
    """A text beside the sleep that says how long it is: it would not be true any more."""
    if found.grows or found.seconds is None:
        return None
    line = line_that_tells(source, found.loop, found.call, found.seconds)
    return reasons.TextSaysHowLong(InLine(line)) if line else None


def _loop(source: SourceFile, call: ast.Call) -> Loop | None:
    for around in source.ancestors(call):
        if isinstance(around, FUNCTIONS):
            return None
        if isinstance(around, LOOPS):
            return around
    return None


def _is_retry_loop(source: SourceFile, loop: Loop, sleep: ast.Call) -> bool:
    """Whether the loop goes round again because something failed, and sleeps in between."""
    for node in own_nodes(loop.body):
        if not isinstance(node, ast.Try) or _loop(source, _marker(node)) is not loop:
            continue
        in_handler = any(sleep in ast.walk(handler) for handler in node.handlers)
        if not in_handler and not _is_after_failure(node, sleep):
            continue
        for handler in node.handlers:
            names = [exception_name(source, each) for each in _types(handler)] or ["Exception"]
            calls = [each for each in own_nodes(node.body) if isinstance(each, ast.Call)]
            again = retried(source, calls[0], names) if calls else None
            if again is not None and again.by.place.line == loop.lineno:
                return True
    return False


def _is_after_failure(node: ast.Try, sleep: ast.Call) -> bool:
    """Whether a sleep below a `try` is reached after a failure alone: success leaves the loop."""
    if sleep.lineno <= (node.end_lineno or 0):
        return False
    inside = own_nodes([*node.body, *node.orelse])
    return any(isinstance(each, ast.Return | ast.Break) for each in inside)


def _marker(node: ast.Try) -> ast.Call:
    """Any call in a `try`, to look for the loop around it."""
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return calls[0] if calls else ast.Call(ast.Name("", ast.Load()), [], [])


def _types(handler: ast.ExceptHandler) -> list[ast.expr]:
    if isinstance(handler.type, ast.Tuple):
        return handler.type.elts
    return [handler.type] if handler.type is not None else []


def _grows(source: SourceFile, loop: Loop, wait: ast.expr) -> bool | None:
    """Whether a wait doubles, without a cap; False where it is constant; None for all others."""
    if any(isinstance(node, ast.Call) for node in ast.walk(wait)):
        return None  # min(...), random.uniform(...)
    variables = _variables(loop)
    names = {dotted(node) for node in ast.walk(wait)} - {""}
    powers = [n for n in ast.walk(wait) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)]
    if powers:
        inner = {dotted(n) for p in powers for n in ast.walk(p.right)} - {""}
        return True if inner & variables else None
    if not isinstance(wait, _CONSTANT):
        return None
    name = dotted(wait)
    if name in variables:
        return True if _doubles(loop, name) and not _is_capped(loop, name) else None
    return None if names & variables else False


_CONSTANT = (ast.Constant, ast.Name, ast.Attribute)


def _variables(loop: Loop) -> set[str]:
    """What has another value in each round: what the loop counts with, and what it assigns."""
    found = set() if isinstance(loop, ast.While) else {dotted(n) for n in ast.walk(loop.target)}
    for node in ast.walk(loop):
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            found.add(dotted(node))
    return found - {""}


def _doubles(loop: Loop, name: str) -> bool:
    """`delay *= 2`, `delay = delay * 2`, and nothing else is assigned to it."""
    doubled = False
    for node in own_nodes(loop.body):
        if isinstance(node, ast.AugAssign) and dotted(node.target) == name:
            if not isinstance(node.op, (ast.Mult, ast.LShift)):
                return False
            doubled = True
        elif _stores(node, name) and isinstance(node, ast.Assign):
            value = node.value
            if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Mult):
                return False
            if name not in (dotted(value.left), dotted(value.right)):
                return False
            doubled = True
    return doubled


def _is_capped(loop: Loop, name: str) -> bool:
    """Whether the loop compares the wait with something: an end that somebody thought of."""
    return any(
        dotted(part) == name
        for node in ast.walk(loop)
        if isinstance(node, ast.Compare)
        or (isinstance(node, ast.Call) and last_name(node) == "min")
        for part in ast.walk(node)
    )


def _longest(
    source: SourceFile, infer: Inference, loop: Loop, wait: ast.expr, tries: int
) -> float | None:
    """The longest wait of a loop that goes round so often; None where it is not known."""
    if not tries:
        return None
    if dotted(wait):
        first = _first(source, infer, loop, dotted(wait))
        factor = _factor(loop, dotted(wait))
        return None if first is None or factor is None else first * factor ** (tries - 1)
    known = {name: float(tries) for name in _variables(loop)}
    return computed(source, infer, wait, known)


def _first(source: SourceFile, infer: Inference, loop: Loop, name: str) -> float | None:
    """What a name was given above the loop, once."""
    scope = definition_of(source, loop) or source.tree
    given = given_in(source, scope, name, without=loop)
    if len(given) != 1 or given[0] is None:
        return None
    return number_of(source, infer, given[0])


def _factor(loop: Loop, name: str) -> float | None:
    for node in own_nodes(loop.body):
        if isinstance(node, ast.AugAssign) and dotted(node.target) == name:
            values = [node.value]
        elif _stores(node, name) and isinstance(node, ast.Assign):
            assert isinstance(node.value, ast.BinOp)
            values = [node.value.left, node.value.right]
        else:
            continue
        numbers = [each.value for each in values if isinstance(each, ast.Constant)]
        if len(numbers) == 1 and isinstance(numbers[0], int | float):
            return float(numbers[0])
    return None


def _counter(source: SourceFile, loop: Loop) -> str:
    """What counts the tries from 0, as source text; empty if nothing does."""
    if not isinstance(loop, ast.For) or not isinstance(loop.iter, ast.Call):
        return ""
    target = loop.target
    if last_name(loop.iter) == "enumerate" and isinstance(target, ast.Tuple):
        target = target.elts[0]
        if len(loop.iter.args) > 1 or loop.iter.keywords:
            return ""
        return target.id if isinstance(target, ast.Name) else ""
    if last_name(loop.iter) != "range" or not isinstance(target, ast.Name) or target.id == "_":
        return ""
    arguments = loop.iter.args
    if len(arguments) == 1:
        return target.id
    first = arguments[0]
    if len(arguments) == 2 and isinstance(first, ast.Constant) and isinstance(first.value, int):
        return f"({target.id} - {first.value})" if first.value else target.id
    return ""


def _longer(source: SourceFile, found: _Sleep) -> str:
    """The capped wait that doubles from where it stands."""
    text = source.text(found.wait)
    if found.grows:
        return f"min({_CAP}, {text})"
    power = f"2 ** {found.counter}"
    if found.seconds is not None:
        return f"min({_CAP}, {power})" if text == "1" else f"min({_CAP}, {text} * {power})"
    return f"min(max({_CAP}, {text}), {text} * {power})"


# -- urllib3.Retry --------------------------------------------------------------------------------


def _of_retry(source: SourceFile, context: Context, call: ast.Call) -> Iterator[Match]:
    given = {each.arg: each.value for each in call.keywords}
    if None in given or len(call.args) > 1 or _is_off(call.args, given):
        return
    missing = {} if _tries_once_more(source, context.infer, given) else {"backoff_factor": "1"}
    if _KINDS.isdisjoint(given) and not _is_true(given.get("raise_on_status")):
        missing["status_forcelist"] = _STATUSES
    capped = (major(context.infer.root, "urllib3") or 0) >= 2
    is_own = "backoff_factor" in given  # who chose how the wait grows has urllib3's cap of 120 s
    if capped and missing and not is_own and not _ends_early(source, context.infer, call, given):
        missing["backoff_max"] = str(_CAP)
    missing = {key: value for key, value in missing.items() if key not in given}
    if not missing:
        return
    fact = Fact(statements.Lacks(tuple(missing)), source.path, call.lineno)
    message = f"Retry() without {', '.join(missing)}"
    if "status_forcelist" in missing and "raise_on_status" not in given:
        missing["raise_on_status"] = "False"  # the caller gets the last answer
    yield Match(call, message, Evidence("proven", (fact,)), RetryOptions(tuple(missing.items())))


def _tries_once_more(
    source: SourceFile, infer: Inference, given: dict[str | None, ast.expr]
) -> bool:
    """Whether no more than one try follows the first: urllib3 does not wait before that one."""
    limits = [given.get(each) for each in ("connect", "read", "status")]
    tries = [number_of(source, infer, each) for each in limits if each is not None]
    return len(tries) == len(limits) and sum(2 if each is None else each for each in tries) <= 1


def _ends_early(
    source: SourceFile, infer: Inference, call: ast.Call, given: dict[str | None, ast.expr]
) -> bool:
    """Whether the tries are over before a wait gets as long as the cap, which would never count."""
    total = call.args[0] if call.args else given.get("total")
    tries = number_of(source, infer, total) if total is not None else _DEFAULT_TRIES
    return tries is not None and 2 ** min(max(tries - 1, 0), 64) <= _CAP


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _why_multiplied(source: SourceFile) -> Statement | None:
    others = [each for each in (b"tenacity", b"backoff.", b"stamina") if each in source.data]
    return reasons.RetriesMultiply(others[0].decode().rstrip(".")) if others else None


def _is_off(arguments: list[ast.expr], given: dict[str | None, ast.expr]) -> bool:
    total = arguments[0] if arguments else given.get("total")
    return isinstance(total, ast.Constant) and not total.value
