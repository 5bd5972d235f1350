"""Waits without an end: BigQuery jobs (QW101, QW102) and HTTP requests (QW103).

What it does
    QW101 finds waits for a BigQuery job that have no timeout: `result()`, `to_dataframe()`,
    `to_arrow()`, `to_geodataframe()`, iterating the job, `query_and_wait()`, `exception()`, the
    same handed to a thread or an executor, and loops that ask `done()` for ever. QW102 finds
    numbers that bound something else: `result(300)` sets the page size, `query(sql, timeout=60)`
    bounds one HTTP request of the submission, `to_dataframe(timeout=60)` the download. QW103 finds
    requests of requests, urllib, httpx and aiohttp that have no timeout.

Why is this bad?
    These waits are endless by default. A job or a server that hangs holds the worker for ever: the
    night's run never fails, never ends, and nobody is told.

Example
    client.query(SQL).to_dataframe()
    client.query(SQL).result(300)
    requests.get(url)

Use instead
    client.query(SQL).result(timeout=300).to_dataframe()
    client.query(SQL).result(timeout=300)
    requests.get(url, timeout=30)

What changes at run time
    A wait that takes too long raises concurrent.futures.TimeoutError (the builtin TimeoutError from
    Python 3.11 on only). The job goes on running and billing; `query_and_wait` alone tries to
    cancel it. The bound is looked at between polls and can be exceeded by about two minutes. HTTP
    requests raise their library's own timeout.

Fix safety
    A query that reads is bounded wherever a handler tells of its failure, as of any other.
    Unsafe, and left without --unsafe: a timeout that a handler would swallow without a word (`apply
    timeouts,excepts` mends both); one that passes a handler or a retry that goes on after other
    failures, here or in a caller; one of a write that would end a loop which leaves out what
    failed; one in a thread whose results nobody reads; a job that writes where a handler goes on,
    code tries again, `finally` drops a table, or the same is written twice if it is run again; a
    load that appends where a platform or a queue calls its function again by itself (events of AWS
    Lambda, of Google's functions with --retry, pushes of Pub/Sub, tasks with retries); an explicit
    None; a stream; a limit above the default that may be meant for the request; a test double that
    would refuse the new argument. A test that replaces what sends its requests waits for nothing.

    More time is given where the class, the module or the package says so by a name with the word
    timeout, and where a request sends a file, a query, or asks for a report. What tells of such
    a longer timeout is shown beside the edit.

Settings
    [tool.qw-codemod.timeouts]
    bigquery = 300       # seconds, or "package.module:NAME"; also query, load, copy, extract
    http = 30            # where the other requests of a file have no timeout by a name
    share_of_deadline = 0.8      # of a unit that is stopped sooner: 90 s in a function of 120
    style = "auto"       # "chain"; "statement": job.result(timeout=300) on a line of its own
    helper = "package.module:function"     # is called as function(job, timeout=300, ...)
"""

from __future__ import annotations

from qw_codemod.rules.api import Check, Lazy

from .tokens import REQUESTS, WAITS

SETTINGS = {
    "bigquery": "seconds",
    "query": "seconds",
    "load": "seconds",
    "copy": "seconds",
    "extract": "seconds",
    "http": "seconds",
    "share_of_deadline": "share",
    "style": ("auto", "chain", "statement"),
    "helper": "function",
}
_BIGQUERY, _HTTP = f"{__name__}.bigquery", f"{__name__}.http"
CHECKS = (
    Check(
        "QW101",
        "unbounded-bigquery-wait",
        "A wait for a BigQuery job has no timeout.",
        Lazy(_BIGQUERY, "find_unbounded"),
        WAITS,
        assess=Lazy(_BIGQUERY, "assess"),
        plan=Lazy(_BIGQUERY, "plan"),
        remarks=Lazy(_BIGQUERY, "remarks"),
    ),
    Check(
        "QW102",
        "misplaced-bigquery-timeout",
        "A timeout bounds something else than the wait for the job.",
        Lazy(_BIGQUERY, "find_misplaced"),
        WAITS,
        assess=Lazy(_BIGQUERY, "assess"),
        plan=Lazy(_BIGQUERY, "plan"),
        remarks=Lazy(_BIGQUERY, "remarks"),
    ),
    Check(
        "QW103",
        "unbounded-http-request",
        "An HTTP request has no timeout.",
        Lazy(_HTTP, "find_requests"),
        REQUESTS,
        assess=Lazy(_HTTP, "assess"),
        plan=Lazy(_HTTP, "plan"),
    ),
)
