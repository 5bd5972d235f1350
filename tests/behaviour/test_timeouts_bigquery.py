"""Waits on BigQuery jobs, run by the real client: for ever before the rewrite, bounded after."""

from __future__ import annotations

import concurrent.futures
import importlib.util
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

pytest.importorskip("google.cloud.bigquery")

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from .bigquery_forms import FORMS, STATEMENT_FORMS, Form
from .bigquery_server import NEVER, ROWS, BigQueryServer
from .rewriting import SECONDS, rewrite
from .trial import Trial, wait_until


@pytest.fixture(scope="module", autouse=True)
def no_credentials() -> Iterator[None]:
    """Let modules make a client of their own while they are imported; none of them is asked."""
    with pytest.MonkeyPatch.context() as patch:
        found = (AnonymousCredentials(), "nowhere")
        patch.setattr("google.auth.default", lambda *_, **__: found)
        patch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:1")
        yield


pytestmark = pytest.mark.filterwarnings(
    # Since 3.44 or so the library points to pandas-gbq whenever it makes a frame.
    "ignore:Retrieving DataFrames via google-cloud-bigquery:PendingDeprecationWarning"
)

GUARD = 2.5 * SECONDS
"""Seconds after which code that still waits is taken to have no bound of its own."""

VERSION = tuple(int(part) for part in bigquery.__version__.split(".")[:3])


def ids(values: list[Form]) -> list[str]:
    return [f"{value.code} {value.name}" for value in values]


RUNNABLE = [form for form in FORMS + STATEMENT_FORMS if form.since <= VERSION]


def new_client(server: BigQueryServer, project: str) -> bigquery.Client:
    return bigquery.Client(
        project=project,
        credentials=AnonymousCredentials(),
        client_options=ClientOptions(api_endpoint=server.url),
    )


@dataclass(frozen=True)
class Observation:
    """What a piece of code was doing when the guard's time was over, and how it ended."""

    waiting: bool
    polls: int
    cancels: int
    trial: Trial


@pytest.fixture(scope="module")
def stuck() -> dict[tuple[str, str], Observation]:
    """Every form, before and after, with jobs that never end.

    All at the same time, so that the guard's seconds are spent once.
    """
    observed = {}
    with BigQueryServer() as server, ExitStack() as clients:
        trials = {}
        for form in RUNNABLE:
            for side in ("before", "after"):
                project = f"{form.name}-{side}".replace(" ", "-")
                server.finish_after(project, NEVER)
                client = clients.enter_context(closing(new_client(server, project)))
                trials[form, side, project] = Trial(form.source(side), client)
        for trial in trials.values():
            trial.start()
        guard_ends = time.monotonic() + GUARD
        for (_, side, _), trial in trials.items():
            if side == "after":
                trial.join()
        time.sleep(max(0.0, guard_ends - time.monotonic()))
        waiting = [
            project for form, side, project in trials if side == "before" and not form.before_raises
        ]
        wait_until(lambda: all(_polls(server, project) > 1 for project in waiting))
        for (form, side, project), trial in trials.items():
            observed[form.name, side] = Observation(
                waiting=trial.waiting,
                polls=_polls(server, project),
                cancels=server.calls(project)["jobs.cancel"],
                trial=trial,
            )
        server.release()
        for trial in trials.values():
            trial.join()
    return observed


def _polls(server: BigQueryServer, project: str) -> int:
    calls = server.calls(project)
    return calls["jobs.get"] + calls["jobs.getQueryResults"]


@pytest.mark.parametrize("form", FORMS, ids=ids(FORMS))
def test_rewrite(form: Form) -> None:
    assert rewrite(form.source("before")) == form.source("after")


@pytest.mark.parametrize("form", RUNNABLE, ids=ids(RUNNABLE))
def test_before_waits_for_ever(form: Form, stuck: dict[tuple[str, str], Observation]) -> None:
    before = stuck[form.name, "before"]
    if form.before_raises is not None:
        assert not before.waiting
        with pytest.raises(form.before_raises):
            before.trial.result()
        return
    assert before.waiting
    assert before.polls > 1
    # It waited for the job and for nothing else: when the job ended, so did the code.
    if form.needs is None or importlib.util.find_spec(form.needs):
        assert before.trial.result() == (form.returns or ROWS)


@pytest.mark.parametrize("form", RUNNABLE, ids=ids(RUNNABLE))
def test_after_raises(form: Form, stuck: dict[tuple[str, str], Observation]) -> None:
    after = stuck[form.name, "after"]
    assert not after.waiting
    if form.answers is not None:
        assert after.trial.result() == form.answers
        return
    with pytest.raises(concurrent.futures.TimeoutError):
        after.trial.result()
    # Only query_and_wait cancels what it no longer waits for.
    assert after.cancels == (1 if "query_and_wait" in form.name else 0)


@pytest.mark.parametrize("form", RUNNABLE, ids=ids(RUNNABLE))
@pytest.mark.parametrize("polls", [0, 1])
def test_same_rows(form: Form, polls: int, bigquery: BigQueryServer) -> None:
    if form.needs is not None:
        pytest.importorskip(form.needs)
    for side in ("before", "after"):
        if side == "before" and form.before_raises:
            continue
        project = f"{form.name}-{side}-{polls}".replace(" ", "-")
        bigquery.finish_after(project, polls)
        with closing(new_client(bigquery, project)) as client:
            value = Trial(form.source(side), client).start().result()
        assert value == (form.returns or ROWS), side
