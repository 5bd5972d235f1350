"""Retries that hammer: loops that sleep as long each time, urllib3.Retry without a pause (QW303).

What it does
    QW303 finds counted retry loops whose sleep is constant or grows without a cap, and
    `urllib3.Retry` without `backoff_factor`, without `status_forcelist` or, where the project's
    urllib3 is 2 or newer, without `backoff_max`.

Why is this bad?
    A service that is down needs time. A hundred workers that knock every five seconds keep it down,
    and a wait that doubles without a cap sleeps through the night. urllib3.Retry does not wait at
    all by default, and does not look at the status.

Example
    for attempt in range(5):
        try:
            return fetch(url)
        except ConnectionError:
            time.sleep(5)

Use instead
    for attempt in range(5):
        try:
            return fetch(url)
        except ConnectionError:
            time.sleep(min(60, 5 * 2 ** attempt))

What changes at run time
    The first wait stays as it was; each of the next ones is twice as long, up to 60 seconds (or the
    wait that was there, if it was longer). Five tries with a sleep of 5 waited 25 seconds at the
    most, and now wait 135. `Retry` waits 0, 2, 4 ... seconds with `backoff_factor=1`, and retries
    429, 500, 502, 503 and 504 as well; the last answer still reaches the caller, since
    `raise_on_status=False` comes with it.

Fix safety
    Safe. Loops that poll for a state, limit a rate or run a schedule are not retries and stay. A
    loop without a variable that counts is reported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from qw_codemod.analysis.exception_flow import exception_name
from qw_codemod.analysis.exception_risks import retried
from qw_codemod.facts.requirement_versions import major
from qw_codemod.kernel.statements import InLine
from qw_codemod.python.bindings import FUNCTIONS
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import assigned, last_name, own_nodes
from qw_codemod.rules.api import (
    Check,
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
_STATUSES = "(429, 500, 502, 503, 504)"


def _flat(source: SourceFile, context: Context) -> Iterator[Match]:
    if context.infer.is_test(source):
        return
    for call in source.nodes(ast.Call):
        name = full_name(source, call.func)
        if name in _SLEEPS and len(call.args) == 1 and not call.keywords:
            yield from _of_sleep(source, call)
        elif name in _RETRY:
            yield from _of_retry(source, context, call)


def _assess(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    found: _Sleep | RetryOptions = match.remedy
    reason: Statement | None
    if isinstance(found, RetryOptions):
        reason = _why_multiplied(source)
    elif not found.counter:
        return Unfixable(reasons.CountsNothing())
    else:
        reason = _used_elsewhere(source, found.wait)
    return Unsafe(reason) if reason else None


def _plan(source: SourceFile, context: Context, match: Match) -> LongerSleep | RetryOptions:
    found: _Sleep | RetryOptions = match.remedy
    if isinstance(found, RetryOptions):
        return found
    return LongerSleep(_longer(source, found.wait, found.counter, found.grows))


# -- loops ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sleep:
    """How long a loop sleeps, whether that grows, and what counts the tries, if anything does."""

    wait: ast.expr
    grows: bool
    counter: str


def _of_sleep(source: SourceFile, call: ast.Call) -> Iterator[Match]:
    loop = _loop(source, call)
    if loop is None or not _is_retry_loop(source, loop, call):
        return
    wait = call.args[0]
    grows = _grows(wait, _variables(loop))
    if grows is None or (not grows and _changes(source, loop, wait)):
        return
    number = _number(source, wait)
    if number is not None and not _SHORTEST <= number < _CAP:
        return  # no room for it to double below the cap, or a moment that a lock is held
    if _tries(loop) > _MOST:
        return  # so many tries are a way to wait for something
    facts = (
        Fact(statements.TriesAgain(), source.path, loop.lineno),
        Fact(statements.Waits(), source.path, call.lineno),
    )
    text = source.text(wait)
    message = f"the retry waits {text} s each time"
    if grows:
        message = f"the retry waits {text} s, without a cap"
    evidence = Evidence("proven", facts)
    yield Match(call, message, evidence, _Sleep(wait, grows, _counter(source, loop)))


def _tries(loop: ast.For | ast.AsyncFor | ast.While) -> int:
    """How often a loop goes round at the most; 0 where that is not written there."""
    if isinstance(loop, ast.While) or not isinstance(loop.iter, ast.Call):
        return 0
    numbers = [each.value for each in loop.iter.args if isinstance(each, ast.Constant)]
    return max((each for each in numbers if isinstance(each, int)), default=0)


def _used_elsewhere(source: SourceFile, wait: ast.expr) -> Statement | None:
    """Why the number is not this wait's alone; None if it is."""
    if not isinstance(wait, ast.Name):
        return None
    for node in source.nodes(ast.Name):
        if node.id != wait.id or isinstance(node.ctx, ast.Store) or node is wait:
            continue
        around = source.parent(node)
        if not isinstance(around, ast.Call) or full_name(source, around.func) not in _SLEEPS:
            return reasons.UsedElsewhere(wait.id, InLine(node.lineno))
    return None


def _number(source: SourceFile, wait: ast.expr) -> float | None:
    """The seconds that a constant stands for, one of the module's too; None if not known."""
    if isinstance(wait, ast.Name):
        given = list(assigned(source, wait.id))
        wait = given[0] if len(given) == 1 else wait
    if isinstance(wait, ast.Constant) and isinstance(wait.value, int | float):
        return wait.value
    return None


def _loop(source: SourceFile, call: ast.Call) -> ast.For | ast.AsyncFor | ast.While | None:
    for around in source.ancestors(call):
        if isinstance(around, FUNCTIONS):
            return None
        if isinstance(around, (ast.For, ast.AsyncFor, ast.While)):
            return around
    return None


def _is_retry_loop(
    source: SourceFile, loop: ast.For | ast.AsyncFor | ast.While, sleep: ast.Call
) -> bool:
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


def _variables(loop: ast.For | ast.AsyncFor | ast.While) -> set[str]:
    if isinstance(loop, ast.While):
        return set()
    return {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}


def _grows(wait: ast.expr, variables: set[str]) -> bool | None:
    """Whether a wait doubles, without a cap; False where it is constant; None for all others."""
    names = {node.id for node in ast.walk(wait) if isinstance(node, ast.Name)}
    if any(isinstance(node, ast.Call) for node in ast.walk(wait)):
        return None  # min(...), random.uniform(...)
    powers = [n for n in ast.walk(wait) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)]
    if powers:
        inner = {n.id for p in powers for n in ast.walk(p.right) if isinstance(n, ast.Name)}
        return True if inner & variables else None
    return None if names & variables or not isinstance(wait, _CONSTANT) else False


_CONSTANT = (ast.Constant, ast.Name, ast.Attribute)


def _changes(source: SourceFile, loop: ast.For | ast.AsyncFor | ast.While, wait: ast.expr) -> bool:
    """Whether the name that says how long is given another value on the way."""
    text = source.text(wait)
    return any(
        isinstance(node, (ast.Name, ast.Attribute))
        and isinstance(node.ctx, ast.Store)
        and source.text(node) == text
        for node in ast.walk(loop)
    )


def _counter(source: SourceFile, loop: ast.For | ast.AsyncFor | ast.While) -> str:
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


def _longer(source: SourceFile, wait: ast.expr, counter: str, grows: bool) -> str:
    """The capped wait that doubles from where it stands."""
    text = source.text(wait)
    if grows:
        return f"min({_CAP}, {text})"
    power = f"2 ** {counter}"
    if _number(source, wait) is not None:
        return f"min({_CAP}, {power})" if text == "1" else f"min({_CAP}, {text} * {power})"
    return f"min(max({_CAP}, {text}), {text} * {power})"


# -- urllib3.Retry --------------------------------------------------------------------------------


def _of_retry(source: SourceFile, context: Context, call: ast.Call) -> Iterator[Match]:
    given = {each.arg: each.value for each in call.keywords}
    if None in given or len(call.args) > 1 or _is_off(call.args, given):
        return
    missing = {"backoff_factor": "1", "status_forcelist": _STATUSES}
    if (major(context.infer.root, "urllib3") or 0) >= 2:
        missing["backoff_max"] = str(_CAP)
    missing = {key: value for key, value in missing.items() if key not in given}
    if not missing:
        return
    fact = Fact(statements.Lacks(tuple(missing)), source.path, call.lineno)
    message = f"Retry() without {', '.join(missing)}"
    if "status_forcelist" in missing and "raise_on_status" not in given:
        missing["raise_on_status"] = "False"  # the caller gets the last answer
    yield Match(call, message, Evidence("proven", (fact,)), RetryOptions(tuple(missing.items())))


def _why_multiplied(source: SourceFile) -> Statement | None:
    others = [each for each in (b"tenacity", b"backoff.", b"stamina") if each in source.data]
    return reasons.RetriesMultiply(others[0].decode().rstrip(".")) if others else None


def _is_off(arguments: list[ast.expr], given: dict[str | None, ast.expr]) -> bool:
    total = arguments[0] if arguments else given.get("total")
    return isinstance(total, ast.Constant) and not total.value


CHECKS = (
    Check(
        "QW303",
        "flat-backoff",
        "A retry waits as long each time, or not at all.",
        _flat,
        (b"sleep", b"Retry"),
        assess=_assess,
        plan=_plan,
    ),
)
