"""Finds requests that are not tried again, and decorators that try without an end."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from qw_codemod.analysis.exception_flow import canonical, subclasses_of
from qw_codemod.analysis.repetition import asks_another
from qw_codemod.analysis.test_doubles import compatibility
from qw_codemod.analysis.test_doubles.compatibility import Producers
from qw_codemod.analysis.units.programs import programs_of
from qw_codemod.analysis.unread_results import unread_in
from qw_codemod.infer.statements import Annotated, Built
from qw_codemod.kernel.statements import At, InLine
from qw_codemod.libraries.http import tables as http
from qw_codemod.libraries.http.calls import HttpCall, HttpCalls
from qw_codemod.libraries.http.exceptions import RETRIED, RETRIED_STATUSES, TRANSIENT
from qw_codemod.libraries.retrying import BACKOFF, TENACITY
from qw_codemod.python.imports import imports_of
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import BROAD, definition_of, last_name, own_nodes
from qw_codemod.rules.api import (
    Context,
    Evidence,
    Fact,
    Match,
    NotNeeded,
    NotYet,
    Obstacle,
    SourceFile,
    Statement,
    Unfixable,
    Unsafe,
)

from . import reasons, statements
from .address import address_of, headers_of
from .already_retried import asked_once_too, why_retried
from .deadlines import is_of_user, outlasts
from .event_loop import why_blocking
from .fallbacks import asks_otherwise
from .forms import does_more, form_of, why_not
from .google_requests import (
    GoogleRequest,
    assess_request,
    google_requests,
    why_left,
)
from .installation import OF_INIT, why_not_installed, why_not_named
from .plan import AddKeyword, Plan
from .policy import (
    is_of_policy,
    is_policy,
    lacks_errors,
    other_library,
    pace_of,
    policy_of,
)
from .purpose import (
    asks_metadata,
    costs_money,
    forbidden_by_comment,
    is_unread,
    may_command,
    told_as_ordinary,
    why_probe,
)
from .sessions import own_session

_KEY = re.compile(r"idempoten", re.I)


@dataclass(frozen=True, slots=True)
class _Unretried:
    """A call that nothing retries; `exempt`: why that is as it should be, None where it is not."""

    call: HttpCall
    exempt: Statement | None


def unretried(source: SourceFile, context: Context) -> Iterator[Match]:
    """Outgoing HTTP calls that nothing retries.

    What it does
        Finds calls of requests, urllib, httpx and aiohttp that give up at the first failure.

    Why is this bad?
        An API's bad minute kills the night's run.

    Example
        answer = requests.get(url, timeout=30)

    Use instead
        answer = retry_call(requests.get, url, timeout=30)
    """
    if context.infer.is_test(source):
        return
    for call in context.once(HttpCalls, source).all():
        if call.through or is_policy(source, context.settings):
            continue
        if _has_policy(source, context, call):
            continue
        exempt = why_retried(source, context.infer, call)
        if exempt is None or isinstance(exempt, reasons.CallerRetries):
            exempt = _why_exempt(source, context, call) or exempt  # others may ask it once
        message = f"{call.name}() is not retried"
        remedy = _Unretried(call, exempt)
        # Whoever asks once only is not helped by others who try again.
        hidden = exempt is not None and not (
            isinstance(exempt, reasons.CallerRetries)
            and asked_once_too(source, context.infer, call)
        )
        is_left = exempt or call.sender.is_later or does_more(source, call)
        library = "" if is_left else call.sender.library
        yield Match(call.node, message, call.evidence, remedy, hidden=hidden, about=library)
    for request in google_requests(source, context.infer):
        left = why_left(source, context, request)
        message = f"{request.name}() is not retried"
        found = replace(request, exempt=left)
        yield Match(request.node, message, request.evidence, found, hidden=left is not None)


def _has_policy(source: SourceFile, context: Context, call: HttpCall) -> bool:
    """Whether a function around the call has the policy's own decorator."""
    return any(
        is_of_policy(source, context.settings, decorator)
        for each in source.ancestors(call.node)
        for decorator in getattr(each, "decorator_list", ())
    )


def _why_exempt(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    """Why the call is not to be tried again, or already is perhaps."""
    reason = why_not(source, context.infer, call) or _why_not_twice(source, context, call)
    if reason is None and not _is_included(source, context, call):
        reason = why_probe(source, call, address_of(source, context.infer, call))
    if reason is not None or _waits_for_ever(call):
        return reason
    return call.said.hidden


def _waits_for_ever(call: HttpCall) -> bool:
    return not (call.bound or call.said.node is not None) or call.said.never


def assess(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    found: _Unretried | GoogleRequest = match.remedy
    if found.exempt is not None:
        again = isinstance(found.exempt, reasons.RetriedAlready)
        return NotNeeded(found.exempt) if again else Unfixable(found.exempt)
    if isinstance(found, GoogleRequest):
        return assess_request(source, context, found)
    call = found.call
    blocking = why_blocking(source, context.infer, call)
    if blocking is not None:
        return Unfixable(blocking)
    if call.sender.is_later:
        return Unfixable(reasons.GivesFuture())
    if does_more(source, call):
        return Unfixable(reasons.DoesMore())
    reason = _why_unsafe(source, context, call)
    if reason is None and _is_bare(source, context, call):
        reason = reasons.InstallationNotSeen()
    if reason is None and call.sender.library == "requests":
        own = context.once(own_session, source)
        reason = reasons.OwnSession(*own) if own else None
    if reason is None:
        reason = _failing_double(source, context, call)
    if reason is not None:
        return Unsafe(reason)
    if _waits_for_ever(call):
        return NotYet(reasons.NoTimeout())
    if reason := outlasts(source, context, call):
        return Unsafe(reason)
    policy = policy_of(source, context)
    if policy.obstacle is not None:
        told = why_not_named(source, context, OF_INIT)
        return Unsafe(told) if told is not None else policy.obstacle
    if lacks_errors(policy, context.infer, call.sender.library):
        return Unfixable(reasons.PolicyLacksErrors(policy.module, call.sender.library))
    form = form_of(source, context, call)
    if isinstance(form, Unfixable):
        return form
    if other := other_library(source, context):
        return Unsafe(reasons.OtherLibrary(other[1], other[0], policy.module))
    return why_not_installed(source, context, policy)


def _why_unsafe(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    other = asks_another(source, call.node)
    if other is not None:
        return reasons.AsksAnother(InLine(other.lineno))
    included = _is_included(source, context, call)
    if not included and (otherwise := asks_otherwise(source, context, call)):
        return otherwise
    if line := forbidden_by_comment(source, call):
        return reasons.AuthorForbids(InLine(line))
    if not included:
        address = address_of(source, context.infer, call)
        if asks_metadata(address, headers_of(source, context.infer, call)):
            return reasons.AsksMetadata()
        if call.verb in http.READ_ONLY:
            if may_command(source, call, address):
                return reasons.MayCommand(call.verb)
            if is_unread(source, call):
                return reasons.AnswerIsNotRead(call.verb)
        elif word := costs_money(source, call, address):
            return reasons.LooksLike(call.verb, word)
        if line := told_as_ordinary(source, call):
            return reasons.FailureIsOrdinary(InLine(line))
    if not included and (unread := _unread(source, context, call)):
        return unread
    if call.verb in _UNSAFE:
        return _UNSAFE[call.verb]
    if _is_handed_in(call):
        return reasons.SessionNotSeen()
    if setting := is_of_user(source, context, call):
        pace = pace_of(policy_of(source, context), context.infer)
        return reasons.TimeoutOfUser(setting, str(pace.tries) if pace else "several")
    return None


def _unread(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    """A thread whose failure nobody sees: that comes first, and what it may cost is not known."""
    errors = [*map(canonical, TRANSIENT[call.sender.library])]
    found = unread_in(source, context.infer, call.node, errors)
    return None if found is None else reasons.FailsUnseen(*found)


def _failing_double(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    """A test that has the call fail: a second try meets a double that has no second answer."""
    errors = {name.rpartition(".")[2] for name in subclasses_of(RETRIED[call.sender.library])}
    facts = compatibility.of(context.infer.tree).failing(
        source.path,
        last_name(call.node),
        errors,
        RETRIED_STATUSES,
        line=call.node.lineno,
        producers=Producers(names=(call.sender.library, "session", "client", "http")),
    )
    for fact in facts:
        return reasons.TriedAgainInTest(fact.what, At(fact.path, fact.line))
    return None


def plan(source: SourceFile, context: Context, match: Match) -> Plan:
    found: _Unretried | GoogleRequest = match.remedy
    if isinstance(found, GoogleRequest):
        return AddKeyword("num_retries", "3")
    form = form_of(source, context, found.call)
    assert not isinstance(form, Unfixable)
    return form


_INSTALLING = ("pip install", "pipenv", "poetry install", "uv sync")


def _is_bare(source: SourceFile, context: Context, call: HttpCall) -> bool:
    """Whether a file that needs no package installs some, and is loaded by nobody knows what.

    What sets a project up runs before anything is there that the policy needs.
    """
    tree = context.infer.tree
    packages = {each.package for each in imports_of(source.tree)} - {""}
    own = {each: tree.resolve(each, source.path) for each in packages}
    others = {each for each, home in own.items() if not home} - sys.stdlib_module_names
    if call.sender.library != "urllib" or others or programs_of(tree, source.path):
        return False
    near = {each.source for each in imports_of(source.tree)}
    paths = {source.path, *filter(None, (tree.resolve(each, source.path) for each in near))}
    return any(tree.holds_any(path, _INSTALLING) for path in sorted(paths))


def _is_handed_in(call: HttpCall) -> bool:
    """Whether a declaration is all that is known of the session; its adapters are not."""
    if call.sender.library != "requests" or not isinstance(call.node.func, ast.Attribute):
        return False
    facts = [fact.what for fact in call.evidence.facts]
    declared = any(isinstance(what, Annotated) for what in facts)
    return declared and not any(isinstance(what, Built) for what in facts)


_UNSAFE: dict[str, Statement] = {
    "PUT": reasons.PutMeetsItself(),
    "DELETE": reasons.DeleteAnswers404(),
}


def _why_not_twice(source: SourceFile, context: Context, call: HttpCall) -> Statement | None:
    """Why a call must not be sent twice by itself; None if it may."""
    if call.verb in http.IDEMPOTENT or _is_included(source, context, call):
        return None
    if _KEY.search(source.text(call.node) + headers_of(source, context.infer, call)):
        return None
    if not call.verb:
        return reasons.UnknownMethod()
    if context.settings.get("include_post"):
        return None
    return reasons.NotIncluded(call.verb)


def _is_included(source: SourceFile, context: Context, call: HttpCall) -> bool:
    """Whether the setting names the call, by its function, its text, or the value of its URL.

    What the project says outweighs all that is guessed from names.
    """
    pattern = str(context.settings.get("include", ""))
    if not pattern:
        return False
    function = _function_name(source, call.node)
    texts = (f"{function} {source.text(call.node)}", address_of(source, context.infer, call))
    return any(re.search(pattern, each) for each in texts)


def _function_name(source: SourceFile, node: ast.AST) -> str:
    function = definition_of(source, node)
    return function.name if function is not None else ""


# QW302: decorators


def unbounded(source: SourceFile, context: Context) -> Iterator[Match]:
    """Retries without an end or a pause.

    What it does
        Finds tenacity and backoff decorators without a stop, without a wait, or for every
        exception.

    Why is this bad?
        The bad minute of an API becomes a bad hour for everybody.

    Example
        @tenacity.retry
        def prices(): ...

    Use instead
        @tenacity.retry(stop=stop_after_attempt(4), wait=wait_exponential_jitter(max=60))
        def prices(): ...
    """
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*source.nodes(ast.FunctionDef)]
    for function in (*functions, *source.nodes(ast.AsyncFunctionDef)):
        is_generator = any(isinstance(n, _YIELDS) for n in own_nodes(function.body))
        for decorator in function.decorator_list:
            if is_generator and _calls_once(source, context, decorator):
                yield _of_generator(source, function, decorator)
            else:
                yield from _of_decorator(source, decorator)


_YIELDS = (ast.Yield, ast.YieldFrom)
# These call the function and look at nothing that is read from what it gives: a generator that
# fails is run once. google.api_core has StreamingRetry for generators; AsyncRetry raises TypeError.
# [run: tenacity 9.2.1, backoff 2.2.1, retrying 1.4.2, retry 0.9.2, google-api-core 2.44.0]
_CALL_ONCE = (
    TENACITY
    | BACKOFF
    | {
        "retrying.retry",
        "retry.retry",
        "google.api_core.retry.Retry",
    }
)


def _calls_once(source: SourceFile, context: Context, decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = full_name(source, function)
    return name in _CALL_ONCE or is_of_policy(source, context.settings, function)


def _of_generator(
    source: SourceFile, function: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.expr
) -> Match:
    called = node.func if isinstance(node, ast.Call) else node
    fact = Fact(statements.Yields(function.name), source.path, function.lineno)
    message = f"@{source.text(called)} has no effect: a generator fails while it is read"
    return Match(node, message, Evidence("proven", (fact,)), remedy=_Generator())


def _of_decorator(source: SourceFile, node: ast.expr) -> Iterator[Match]:
    call = node if isinstance(node, ast.Call) else None
    name = full_name(source, call.func if call else node)
    given = {each.arg for each in call.keywords} if call else set()
    if None in given or (call and call.args and name in TENACITY):
        return
    missing = []
    if name in TENACITY:
        missing = [word for word in ("stop", "wait", "retry") if word not in given]
    elif name in BACKOFF and call is not None:
        if not given & {"max_tries", "max_time"}:
            missing.append("stop")
        if len(call.args) > 1 and full_name(source, call.args[1]) in BROAD:
            missing.append("retry")
    if not missing:
        return
    said = {
        "stop": "never stops",
        "wait": "does not wait between tries",
        "retry": "retries every exception",
    }
    text = " and ".join(said[each] for each in missing)
    fact = Fact(statements.Lacks(name, tuple(missing)), source.path, node.lineno)
    message = f"@{source.text(call.func if call else node)} {text}"
    yield Match(node, message, Evidence("proven", (fact,)))


@dataclass(frozen=True, slots=True)
class _Generator:
    """A decorator that retries nothing: the function is a generator."""


def assess_unbounded(source: SourceFile, context: Context, match: Match) -> Obstacle:
    if isinstance(match.remedy, _Generator):
        return Unfixable(reasons.RetryWhatYields())
    return Unfixable(reasons.YoursToSay())
