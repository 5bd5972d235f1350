"""A function of the project's own that waits, and cancels the job that it gives up."""

from __future__ import annotations

import concurrent.futures
import sys
import types
from contextlib import closing

import pytest

pytest.importorskip("google.cloud.bigquery")

from qw_codemod.testkit import apply_to_files

from .bigquery_server import NEVER, ROWS, BigQueryServer
from .rewriting import SECONDS
from .test_timeouts_bigquery import new_client
from .trial import Trial

HELPER = """\
import concurrent.futures


def wait_for_job(job, timeout, **kwargs):
    try:
        return job.result(timeout=timeout, **kwargs)
    except concurrent.futures.TimeoutError:
        job.cancel()
        raise
"""

WAITER = """\
from google.cloud import bigquery


def run(client: bigquery.Client):
    for attempt in range(3):
        try:
            return list(client.query("MERGE a USING b ON FALSE").result())
        except ConnectionError:
            continue
"""


@pytest.fixture
def rewritten(monkeypatch: pytest.MonkeyPatch) -> str:
    settings = {"timeouts": {"bigquery": SECONDS, "helper": "shared.waits:wait_for_job"}}
    files = {"shared/waits.py": HELPER, "app.py": WAITER}
    after = apply_to_files(files, ("timeouts",), settings)
    assert after["shared/waits.py"] == HELPER
    shared, waits = types.ModuleType("shared"), types.ModuleType("shared.waits")
    exec(compile(HELPER, "shared/waits.py", "exec"), waits.__dict__)
    monkeypatch.setitem(sys.modules, "shared", shared)
    monkeypatch.setitem(sys.modules, "shared.waits", waits)
    return after["app.py"]


def test_it_is_called(rewritten: str) -> None:
    assert "wait_for_job(client.query(" in rewritten


def test_a_job_that_never_ends_is_cancelled(rewritten: str, bigquery: BigQueryServer) -> None:
    bigquery.finish_after("helper-never", NEVER)
    with closing(new_client(bigquery, "helper-never")) as client:
        trial = Trial(rewritten, client).start()
        with pytest.raises(concurrent.futures.TimeoutError):
            trial.result()
    assert bigquery.calls("helper-never")["jobs.cancel"] == 1


def test_a_job_that_ends_in_time_gives_its_rows(rewritten: str, bigquery: BigQueryServer) -> None:
    bigquery.finish_after("helper-soon", 1)
    with closing(new_client(bigquery, "helper-soon")) as client:
        assert Trial(rewritten, client).start().result() == ROWS
    assert bigquery.calls("helper-soon")["jobs.cancel"] == 0
