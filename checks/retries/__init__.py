"""Calls that give up at once (QW301), and retries without an end or a pause (QW302).

What it does
    QW301 finds outgoing HTTP calls (requests, urllib, httpx, aiohttp) that nothing retries, and
    requests of google-api-python-client that are executed without `num_retries`. QW302
    finds tenacity and backoff decorators without a stop, without a wait, or for every exception,
    and those on generators: they call it once, and what fails while it is read is not retried.

Why is this bad?
    An API's bad minute kills the night's run. A retry without an end, or without a pause, turns the
    bad minute into a bad hour for everybody.

Example
    answer = requests.get(url, timeout=30)

Use instead
    answer = retry_call(requests.get, url, timeout=30)

    found = service.files().list(pageSize=100).execute(num_retries=3)

What changes at run time
    A call that meets a connection error, a timeout, or 408, 429 or 5xx is tried three times more,
    after 1, 2 and 4 seconds and up to one more each (Retry-After counts, up to 60 seconds). Each
    try may take the call's own timeout: with timeout=30 the worst case is four times 30 seconds
    and ten of waiting, and five minutes where the server asks for 60 seconds each time. After the
    last try the caller meets the same exception, or the same response, as before.

Fix safety
    GET, HEAD and OPTIONS alone. PUT and DELETE are unsafe: a second DELETE may answer 404. POST and
    PATCH are left unless `include` or `include_post` says so, or an idempotency key is sent; of all
    POSTs that `include_post` allows, what pays or charges is unsafe until `include` names it.
    Calls without a timeout are left until `apply timeouts` has bounded them.

    A loop that tries again, an adapter, a decorator or a deadline around the call leaves it, and so
    does a coroutine, since the policy waits with time.sleep, and a probe, which is to tell at once
    that nobody answers. What asks a machine for its metadata is unsafe: outside of a cloud nobody
    answers there. What tries again may stand several functions further up: a task with `retries=`,
    an operator or a queue that is handed the function. Unsafe is also a call that fails in a test:
    its double may have no second answer, and the test would wait between tries. Where all tries and
    waits take longer than the unit, the task or the web request is given (gunicorn's --timeout,
    uWSGI's harakiri, nginx's proxy_read_timeout; 60 seconds where no server is configured, and 29
    behind the gateway of chalice), the call is unsafe too. A function of Google's whose deployment
    names no timeout is given 60 seconds; a schedule's attempt deadline counts. Where the program
    retries with another library than the policy, calls are unsafe until that is written with it.

    The policy is imported where that is certain: where the file imports something that lies beside
    the policy already, by the same name or relatively, or all that load the file do; a file in no
    package finds what lies beside it. Where the imports of what lies beside it have a comment for a
    type checker (`# type: ignore`), this one gets it too. Its package has to be installed there
    too: a call is left while a lock (uv.lock, poetry.lock, pdm.lock, Pipfile.lock, a compiled list)
    lacks it, with the command that adds it, and unsafe where nothing says what is installed, where
    a script, a job or an image installs its packages by name without this one, where the file runs
    in an image that the project does not build, or where others who load it install from a list
    that lacks it.

    Where the package has a function of its own whose sessions try again, calls of requests are
    unsafe: use such a session. So are a call whose answer nobody reads, and one whose handler takes
    a failure for ordinary: it goes on and says so at debug level alone. What a comment at the call
    says against trying again counts as well. Where a failure, or an answer that would be tried
    again, means something (its handler, a caller or a branch on the status sends another request,
    or `== 500` does more than raise), the call is unsafe, and so is what runs in a thread whose
    results nobody reads. A second try in a handler is left. A call is left, too, where
    its function would move off a line that a linter or a type checker is told to pass over.

Settings
    [tool.qw-codemod.retries]
    policy = "shared.http_retry:retry_api"    # set by: qw-codemod init retries --policy PATH;
                                              # or a list: each file uses the nearest it can import
    include_post = false                      # true: POST and PATCH as well
    include = ""                              # or those whose URL or function matches this pattern,
                                              # whatever their names suggest
"""

from __future__ import annotations

from qw_codemod.rules.api import Check, Lazy

from .tokens import GOOGLE, HTTP

SETTINGS = {"policy": "functions", "include_post": "flag", "include": "text"}
_FIND = f"{__name__}.find"
CHECKS = (
    Check(
        "QW301",
        "unretried-api-call",
        "An HTTP call is not retried.",
        Lazy(_FIND, "unretried"),
        (*HTTP, *GOOGLE),
        assess=Lazy(_FIND, "assess"),
        plan=Lazy(_FIND, "plan"),
    ),
    Check(
        "QW302",
        "unbounded-retry",
        "A retry has no stop or no wait, or retries everything.",
        Lazy(_FIND, "unbounded"),
        (b"tenacity", b"backoff", b"retry"),
        assess=Lazy(_FIND, "assess_unbounded"),
    ),
)
