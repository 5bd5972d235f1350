"""Give outgoing calls the project's own policy of retries."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from qw_codemod.edit.rewrite import is_atom
from qw_codemod.rules.api import Codemod, Dependency, Finding, Import, Refusal, Rewrite, Settings

_SPACE = cst.SimpleWhitespace(" ")
_NONE = cst.SimpleWhitespace("")
_MODULE = cst.Module([])
NEXT = "name a policy first: qw-codemod init retries --policy shared/http_retry.py"


def _rewrite(node: cst.CSTNode, finding: Finding, settings: Settings) -> Rewrite | None:
    if not isinstance(node, cst.Call):
        return None
    module, _, name = str(settings.get("policy", "")).partition(":")
    if not name:
        raise Refusal(NEXT)
    if finding.remedy == "decorate" and finding.detail("decorator"):
        decorator = finding.detail("decorator")
        return Rewrite(node, decorators=(decorator,), imports=(Import(module, decorator),))
    caller = finding.detail("caller")
    if caller:
        room = int(finding.detail("room", "0"))
        return Rewrite(_through(node, cst.Name(caller), room), imports=(Import(module, caller),))
    policy = cst.Call(cst.Name(name), [cst.Arg(node.func)])
    return Rewrite(node.with_changes(func=policy), imports=(Import(module, name),))


def _through(node: cst.Call, caller: cst.Name, room: int) -> cst.Call:
    """`caller(function, arguments)`, laid out as the arguments are.

    `room`: the columns that the line of the first argument has left.
    """
    function = node.func
    if not is_atom(function):
        raise Refusal("what is called is no name")
    space = node.whitespace_before_args
    if not node.args:
        return node.with_changes(func=caller, args=[cst.Arg(function)])
    after: cst.BaseParenthesizableWhitespace = _SPACE
    rest = node.args
    if isinstance(space, cst.ParenthesizedWhitespace):
        second = rest[0].comma
        in_a_row = isinstance(second, cst.Comma) and isinstance(
            second.whitespace_after, cst.SimpleWhitespace
        )
        fits = len(_MODULE.code_for_node(function)) + len(", ") <= room
        if not in_a_row or not fits:
            after = space
        if in_a_row and not fits:
            comma = cst.Comma(whitespace_after=space)
            last = rest[-1].comma
            if not isinstance(last, cst.Comma):
                last = cst.Comma(whitespace_after=rest[-1].whitespace_after_arg)
            rest = [
                *(each.with_changes(comma=comma) for each in rest[:-1]),
                rest[-1].with_changes(comma=last, whitespace_after_arg=_NONE),
            ]
    first = cst.Arg(function, comma=cst.Comma(whitespace_after=after))
    return node.with_changes(func=caller, args=[first, *rest])


# -- the policy that `init` writes ----------------------------------------------------------------

_IMPORTS = {
    "aiohttp": ("import asyncio", "import aiohttp"),
    "httpx": ("", "import httpx"),
    "requests": ("", "import requests"),
    "urllib": (
        "import copy\nimport functools\nimport http.client\nimport urllib.error"
        "\nimport urllib.request",
        "",
    ),
}
_ERRORS = {
    "aiohttp": (
        "aiohttp.ClientConnectionError",
        "aiohttp.ClientPayloadError",
        "asyncio.TimeoutError",
    ),
    "httpx": ("httpx.TransportError",),
    "requests": (
        "requests.ConnectionError",
        "requests.Timeout",
        "requests.exceptions.ChunkedEncodingError",
    ),
    "urllib": ("urllib.error.URLError", "http.client.IncompleteRead"),
}
_HEAD = '''\
"""Retries for outgoing HTTP calls: three more tries where a failure may pass by itself."""

from __future__ import annotations

{standard}

{libraries}

logger = logging.getLogger(__name__)

TRIES = 4  # the first one counts
LONGEST_WAIT = 60.0  # seconds between two tries, whatever Retry-After says
STATUSES = frozenset({{408, 429, *range(500, 600)}})
ERRORS = (
{errors}
)
'''
# Python's urllib/request.py: `Request.set_proxy` changes type, host and selector for good.
_ANEW = '''

def _anew(function):
    """Behind a proxy urlopen changes the Request that it is given: each try gets a copy."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*map(_copied, args), **{key: _copied(kwargs[key]) for key in kwargs})

    return function if inspect.iscoroutinefunction(function) else call


def _copied(value):
    return copy.copy(value) if isinstance(value, urllib.request.Request) else value
'''
_REST = '''

def _answer(state):
    """The response that a try returned, or that its error holds; else the error itself."""
    if not state.outcome.failed:
        return state.outcome.result()
    error = state.outcome.exception()
    response = getattr(error, "response", None)
    return error if response is None else response


def _may_pass(state):
    answer = _answer(state)
    for name in ("status_code", "status", "code"):
        if isinstance(getattr(answer, name, None), int):
            return getattr(answer, name) in STATUSES
    return state.outcome.failed and isinstance(state.outcome.exception(), ERRORS)


_backoff = tenacity.wait_exponential_jitter(max=LONGEST_WAIT)  # 1, 2, 4 s and up to 1 s more


def _wait(state):
    """As long as the server asks for with Retry-After, in seconds or as a date."""
    asked = str((getattr(_answer(state), "headers", None) or {}).get("Retry-After", "")).strip()
    try:
        if asked.isdigit():
            return min(float(asked), LONGEST_WAIT)
        then = email.utils.parsedate_to_datetime(asked)
        seconds = (then - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    except (TypeError, ValueError):
        return _backoff(state)
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _before_sleep(state):
    answer = _answer(state)
    # the name alone: the text of an error may hold a URL, and a URL a secret
    told = type(answer).__name__ if state.outcome.failed else "an answer"
    name = getattr(state.fn, "__qualname__", "the call")
    status = getattr(answer, "status_code", getattr(answer, "status", ""))
    logger.warning(
        "%s met %s %s, try %d of %d: again in %.1f s",
        name, told, status, state.attempt_number, TRIES, state.next_action.sleep,
    )
    if hasattr(answer, "close") and not hasattr(answer, "aclose"):  # httpx has read it already
        answer.close()


# After the last try the caller meets what it would have met without us.
_OPTIONS = {
    "retry": _may_pass,
    "wait": _wait,
    "stop": tenacity.stop_after_attempt(TRIES),
    "before_sleep": _before_sleep,
    "retry_error_callback": lambda state: state.outcome.result(),
}


def retry_call(function, /, *args, **kwargs):
    """Call a function, up to four times; of a coroutine function, give the coroutine."""
    if inspect.iscoroutinefunction(function):
        return tenacity.AsyncRetrying(**_OPTIONS)(function, *args, **kwargs)
    return tenacity.Retrying(**_OPTIONS)(function, *args, **kwargs)


def retry_api(function):
    """Decorate a function, plain or async, whose only effect is an HTTP call."""
    return tenacity.retry(**_OPTIONS)(function)
'''


def _policy(libraries: Collection[str]) -> str:
    """The text of the module that holds the policy, for these HTTP libraries."""
    used = sorted(each for each in libraries if each in _ERRORS) or ["requests"]
    standard = ["import datetime", "import email.utils", "import inspect", "import logging"]
    third = ["import tenacity"]
    for name in used:
        standard += filter(None, _IMPORTS[name][0].split("\n"))
        third += filter(None, [_IMPORTS[name][1]])
    errors = [error for name in used for error in _ERRORS[name]]
    head = _HEAD.format(
        standard="\n".join(sorted(standard)),
        libraries="\n".join(sorted(third)),
        errors="\n".join(f"    {each}," for each in [*errors, "ConnectionError", "TimeoutError"]),
    )
    if "urllib" not in used:
        return head + _REST
    rest = _REST
    for called in ("Retrying", "retry"):
        for end in (",", ")"):
            plain = f"tenacity.{called}(**_OPTIONS)(function{end}"
            rest = rest.replace(plain, plain.replace("(function", "(_anew(function)"))
    return head + _ANEW + rest


CODEMOD = Codemod(
    ("QW301",),
    _rewrite,
    dependencies=(Dependency("tenacity", "tenacity>=8.2"),),
    policy=_policy,
    policy_name="retry_api",
)
