"""Retries that hammer: loops that sleep as long each time, urllib3.Retry without a pause (QW303).

What it does
    QW303 finds retry loops whose sleep is constant, or doubles beyond a minute without a cap: those
    that go round after an exception, and counted ones that go round because of the answer's status.
    It finds `urllib3.Retry` without `backoff_factor` or without `status_forcelist`. Where the first
    is added, the project's urllib3 is 2 or newer and the tries may wait longer than a minute, it
    gets `backoff_max`, too. Who names a kind of failure (`connect=`) or sets `raise_on_status=True`
    has chosen: no list of statuses is missed there.

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
    Safe, but for a wait that a message, a docstring or a comment beside it names, and for
    `time.sleep` in a coroutine. Loops that poll for a state, limit a rate or run a schedule are not
    retries and stay. A loop without a variable that counts is reported.
"""

from __future__ import annotations

from qw_codemod.rules.api import Check, Lazy

_FIND = f"{__name__}.find"
CHECKS = (
    Check(
        "QW303",
        "flat-backoff",
        "A retry waits as long each time, or not at all.",
        Lazy(_FIND, "flat"),
        (b"sleep", b"Retry"),
        assess=Lazy(_FIND, "assess"),
        plan=Lazy(_FIND, "plan"),
    ),
)
