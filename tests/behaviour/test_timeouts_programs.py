"""Waits whose bound depends on the program around them, run by the real client."""

from __future__ import annotations

import concurrent.futures
import logging
import pkgutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock

import pytest

pytest.importorskip("google.cloud.bigquery")

from google.auth.credentials import AnonymousCredentials

from qw_codemod.testkit import apply_to_files, apply_to_text, check_text

from .bigquery_server import NEVER, ROWS, BigQueryServer, error
from .loopback import Request, Response
from .rewriting import SECONDS, rewrite
from .test_timeouts_bigquery import new_client
from .trial import LONGEST_JOIN, Trial, function, wait_until

SETTINGS = {"timeouts": {"bigquery": SECONDS}}

APPEND = """\
import logging

from google.cloud import bigquery

logger = logging.getLogger(__name__)


def run(client: bigquery.Client):
    config = bigquery.LoadJobConfig(write_disposition="WRITE_APPEND")
    for attempt in range(2):
        try:
            job = client.load_table_from_uri("gs://bucket/a.csv", "p.raw.games", job_config=config)
            job.result()
            return attempt
        except Exception as error:
            logger.warning("not loaded, try %d: %s", attempt, error)
    return None
"""
MERGE = '''\
from google.cloud import bigquery


def run(client: bigquery.Client):
    sql = """
        MERGE stats.seen AS t USING `p.tmp.staged` AS s ON t.name = s.name
        WHEN MATCHED THEN UPDATE SET times = t.times + s.times
        WHEN NOT MATCHED THEN INSERT ROW
    """
    try:
        client.query(sql).result()
    finally:
        client.delete_table("tmp.staged", not_found_ok=True)
'''
POLLED = """\
import time

from google.cloud import bigquery


def run(client: bigquery.Client):
    job = client.query("MERGE a USING b ON FALSE")
    while not job.done():
        time.sleep(0.05)
    return job.state
"""
SILENT = """\
from google.cloud import bigquery


def run(client: bigquery.Client):
    try:
        rows = client.query("SELECT player FROM p.raw.games").result()
        return [row.player for row in rows]
    except Exception:
        return []
"""
KEPT = """\
import logging

from google.cloud import bigquery

logger = logging.getLogger(__name__)


class Loader:
    def __init__(self, client: bigquery.Client):
        self.client = client
        self.uris = ["gs://bucket/a.csv"]

    def flush(self):
        uris, self.uris = self.uris, []
        try:
            self.client.load_table_from_uri(uris, "p.raw.games").result()
        except Exception as error:
            logger.error("not loaded: %s", error)
            self.uris = uris


def run(client: bigquery.Client):
    loader = Loader(client)
    for _ in range(2):
        loader.flush()
    return loader.uris
"""
PROGRAMS = {"kept": KEPT, "append": APPEND, "merge": MERGE, "polled": POLLED, "silent": SILENT}


def forced(source: str) -> str:
    return rewrite(source, unsafe=True)


def both(source: str) -> str:
    """The text after `apply timeouts,excepts`, which edits the handler and its wait in one run."""
    return apply_to_text(source, families=("timeouts", "excepts"), settings=SETTINGS)


@dataclass(frozen=True)
class Seen:
    """What a program had sent when the bounds of all were over, and whether it still waited."""

    waiting: bool
    calls: Counter[str]
    trial: Trial


@pytest.fixture(scope="module")
def seen() -> dict[str, Seen]:
    """Each program as it is, and as it would be, with jobs that never end; all at the same time."""
    texts = {f"{name}-before": text for name, text in PROGRAMS.items()}
    texts |= {"append-forced": forced(APPEND), "merge-forced": forced(MERGE)}
    texts |= {"kept-forced": forced(KEPT)}
    texts["silent-both"] = both(SILENT)
    with BigQueryServer() as server, ExitStack() as stack:
        trials = {}
        for name, text in texts.items():
            server.finish_after(name, NEVER)
            client = stack.enter_context(closing(new_client(server, name)))
            trials[name] = Trial(text, client).start()
        for name, trial in trials.items():
            if not name.endswith("-before"):
                trial.join()
        waiting = [name for name in trials if name.endswith("-before")]
        wait_until(lambda: all(_polls(server.calls(name)) > 1 for name in waiting))
        found = {
            name: Seen(trial.waiting, server.calls(name), trial) for name, trial in trials.items()
        }
        server.release()
        for trial in trials.values():
            trial.join()
    return found


def _polls(calls: Counter[str]) -> int:
    return calls["jobs.get"] + calls["jobs.getQueryResults"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_waits_for_ever_and_is_reported(name: str, seen: dict[str, Seen]) -> None:
    before = seen[f"{name}-before"]
    assert before.waiting
    assert before.calls["jobs.insert"] == 1
    assert before.calls["tables.delete"] == 0
    assert "QW101" in {each.code for each in check_text(PROGRAMS[name])}
    assert rewrite(PROGRAMS[name]) == PROGRAMS[name]


def test_with_a_timeout_the_rows_would_be_appended_twice(seen: dict[str, Seen]) -> None:
    assert seen["append-forced"].trial.result() is None
    assert seen["kept-forced"].trial.result() == ["gs://bucket/a.csv"]
    for name in ("append-forced", "kept-forced"):
        assert seen[name].calls["jobs.insert"] == 2
        assert seen[name].calls["jobs.cancel"] == 0  # the first goes on


def test_with_a_timeout_the_table_would_be_dropped_under_the_merge(seen: dict[str, Seen]) -> None:
    after = seen["merge-forced"]
    with pytest.raises(concurrent.futures.TimeoutError):
        after.trial.result()
    assert after.calls["tables.delete"] == 1
    assert after.calls["jobs.cancel"] == 0


def test_a_silent_read_is_bounded_once_its_handler_speaks(
    bigquery: BigQueryServer, caplog: pytest.LogCaptureFixture, seen: dict[str, Seen]
) -> None:
    assert seen["silent-both"].trial.result() == []
    bigquery.finish_after("silent", 0)
    with closing(new_client(bigquery, "silent")) as client:
        assert function(both(SILENT))(client) == function(SILENT)(client) == ["ann", "bob", "eve"]
        assert not caplog.records
    assert function(both(SILENT))(None) == []  # whatever fails is said
    (record,) = [each for each in caplog.records if each.name == "form"]
    assert record.levelno == logging.ERROR and record.exc_info


def test_a_poll_of_a_job_that_ends_is_as_it_was(bigquery: BigQueryServer) -> None:
    bigquery.finish_after("polled-soon", 2)
    with closing(new_client(bigquery, "polled-soon")) as client:
        assert function(POLLED)(client) == "DONE"


# -- what has a result and is no job ----------------------------------------------------------

FUTURES = """\
import asyncio
from concurrent.futures import ThreadPoolExecutor, as_completed


class Job:
    def result(self):
        return 42


def query(sql):
    return Job().result()


async def both(first, second):
    one, other = asyncio.create_task(first()), asyncio.create_task(second())
    await asyncio.wait({one, other})
    return one.result() + other.result()


async def seven():
    return 7


def run(jobs):
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(len, job) for job in jobs]
        sizes = sum(future.result() for future in as_completed(futures))
    return [sizes, asyncio.run(both(seven, seven)), query("SELECT 1")]
"""


def test_futures_and_tasks_are_no_jobs() -> None:
    left = apply_to_text(FUTURES, ("timeouts",), SETTINGS, likely=True, unsafe=True)
    assert left == FUTURES
    assert function(FUTURES)(["a", "bc"]) == [3, 14, 42]
    for wait in ("one.result", "Job().result"):  # with a timeout they would not run
        with pytest.raises(TypeError, match="keyword"):
            function(FUTURES.replace(f"{wait}()", f"{wait}(timeout=1)"))(["a"])


CALLERS = {
    "waits.py": "def wait(source, sql):\n    return source.query(sql).result()\n",
    "nightly.py": (
        "from google.cloud import bigquery\n\nimport waits\n\n\ndef nightly():\n"
        '    return waits.wait(bigquery.Client(), "SELECT 1")\n'
    ),
    "replay.py": (
        "import waits\nfrom lines import Line\n\n# Replays wait in the line.\n"
        'waits.wait(Line(), "SELECT 2")\n'
    ),
    "lines.py": (
        "class Answer:\n    def result(self):\n        return 7\n\n\n"
        "class Line:\n    def query(self, sql):\n        return Answer()\n"
    ),
}


def test_a_caller_below_a_comment_waits_for_something_else() -> None:
    assert apply_to_files(CALLERS, ("timeouts",), SETTINGS) == CALLERS
    forced = apply_to_files(CALLERS, ("timeouts",), SETTINGS, likely=True)["waits.py"]
    line: dict[str, Any] = {}
    exec(CALLERS["lines.py"], line)
    for text, raises in ((CALLERS["waits.py"], False), (forced, True)):
        namespace: dict[str, Any] = {}
        exec(text, namespace)
        if raises:
            with pytest.raises(TypeError, match="timeout"):
                namespace["wait"](line["Line"](), "SELECT 2")
        else:
            assert namespace["wait"](line["Line"](), "SELECT 2") == 7


# -- where it is deployed ---------------------------------------------------------------------

UNIT = {
    "deploy.sh": (
        "#!/bin/sh\ngcloud functions deploy table --runtime=python311 --trigger-http \\\n"
        "    --source=. --entry-point=table --timeout=2s\n"
    ),
    "table.py": (
        "from google.cloud import bigquery\n\nclient = bigquery.Client()\n\n\n"
        "def table(request):\n"
        '    rows = client.query("SELECT player, points FROM p.raw.games").result()\n'
        "    return {row.player: row.points for row in rows}\n"
    ),
}
ROOT_WITH_A_MARKER = {
    "app/__init__.py": "",
    "app/report.py": (
        "from books import Books\n\n\ndef report():\n"
        '    return list(Books("root").query("SELECT 1").result())\n'
    ),
    "app/books/__init__.py": (
        "from google.cloud.bigquery import Client\n\n\nclass Books(Client):\n    pass\n"
    ),
    "tests/unit/books_test.py": (
        "from unittest import TestCase\n\nfrom books import Books\n\n\n"
        'class BooksTest(TestCase):\n    def setUp(self):\n        self.client = Books("root")\n\n'
        '    def test_answers(self):\n        job = self.client.query("SELECT 1")\n'
        "        self.assertEqual(len(list(job.result())), 3)\n"
    ),
}
DOUBLE_OF_ANOTHER = {
    "jobs/__init__.py": "",
    "jobs/filling/__init__.py": "",
    "jobs/filling/fill.py": (
        "from google.cloud import bigquery\n\n\ndef fill():\n"
        '    return list(bigquery.Client().query("SELECT 1").result())\n'
    ),
    "jobs/moving/__init__.py": "",
    "jobs/moving/move.py": (
        "from google.cloud import bigquery\n\n\ndef move(client: bigquery.Client):\n"
        '    return client.query("SELECT 2").result()\n'
    ),
    "tests/unit/jobs/moving/move_test.py": (
        "import unittest\nfrom unittest import mock\n\nfrom moving import move\n\n\n"
        "class MoveTest(unittest.TestCase):\n    def test_moves(self):\n"
        "        client = mock.MagicMock()\n"
        "        job = mock.MagicMock(job_id=None, result=lambda: 7)\n"
        "        client.query.return_value = job\n"
        "        self.assertEqual(move.move(client), 7)\n"
    ),
}


def rewritten(files: dict[str, str]) -> dict[str, str]:
    after = apply_to_files(files, ("timeouts",), SETTINGS)
    return {path: text for path, text in after.items() if text != files[path]}


PROJECTS = {
    # folder on the path, module, function
    "a unit with a deadline": (UNIT, ".", "table:table"),
    "a root with a marker": (ROOT_WITH_A_MARKER, "app", "report:report"),
    "a double of another module": (DOUBLE_OF_ANOTHER, "jobs", "filling.fill:fill"),
}


@pytest.fixture(scope="module")
def imported(
    tmp_path_factory: pytest.TempPathFactory, bigquery: BigQueryServer
) -> Iterator[dict[str, Any]]:
    """The functions of the rewritten projects, imported the way that they are where they run."""
    known = set(sys.modules)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("google.auth.default", lambda *_, **__: (AnonymousCredentials(), "root"))
        patch.setenv("BIGQUERY_EMULATOR_HOST", bigquery.url)
        for name, (files, root, entry) in PROJECTS.items():
            folder = tmp_path_factory.mktemp("project")
            settings = {} if files is UNIT else SETTINGS
            for path, text in apply_to_files(files, ("timeouts",), settings).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text)
            patch.syspath_prepend(folder / root)
            found[name] = pkgutil.resolve_name(entry)
        patch.syspath_prepend(folder / "tests/unit/jobs/moving")
        found["test"] = pkgutil.resolve_name("move_test:MoveTest")
        yield found
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in (
            "table",
            "report",
            "books",
            "filling",
            "moving",
            "move_test",
        ):
            del sys.modules[name]


def test_waits_end_where_they_are_deployed(
    imported: dict[str, Any], bigquery: BigQueryServer
) -> None:
    table, report, fill = (imported[name] for name in PROJECTS)
    calls = [partial(table, None), report, fill]
    bigquery.finish_after("root", NEVER)
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        for future in [pool.submit(call) for call in calls]:
            assert isinstance(future.exception(LONGEST_JOIN), concurrent.futures.TimeoutError)
    bigquery.finish_after("root", 1)
    first, *others = [call() for call in calls]
    assert first == dict(ROWS)
    assert [[tuple(row) for row in rows] for rows in others] == [ROWS, ROWS]


def test_a_wait_ends_before_its_unit_is_stopped() -> None:
    after = apply_to_files(UNIT, ("timeouts",))
    assert ".result(timeout=1)" in after["table.py"]  # of the two seconds that it has


def test_an_import_root_with_a_marker() -> None:
    assert set(rewritten(ROOT_WITH_A_MARKER)) == {"app/report.py", "tests/unit/books_test.py"}


def test_a_double_of_another_module(imported: dict[str, Any]) -> None:
    assert set(rewritten(DOUBLE_OF_ANOTHER)) == {"jobs/filling/fill.py"}
    imported["test"]("test_moves").debug()
    # With a timeout in the other module its double would be red.
    forced = apply_to_files(DOUBLE_OF_ANOTHER, ("timeouts",), SETTINGS, unsafe=True)
    job = mock.MagicMock(result=lambda: 7)
    client = mock.MagicMock(query=lambda sql: job)
    namespace: dict[str, Any] = {}
    exec(forced["jobs/moving/move.py"], namespace)
    with pytest.raises(TypeError, match="timeout"):
        namespace["move"](client)


# -- a loop that probes -----------------------------------------------------------------------


class OneColumn(BigQueryServer):
    """The table has one column of the three that are asked for."""

    def answer(self, request: Request) -> Response:
        if b"sold_on" in request.body or b"booked_on" in request.body:
            return error(400, "Unrecognized name", "invalidQuery")
        return super().answer(request)


PROBE = """\
import logging

from google.cloud import bigquery

logger = logging.getLogger(__name__)
COLUMNS = ("sold_on", "booked_on", "points")


def run(client: bigquery.Client):
    for column in COLUMNS:
        try:
            job = client.query(f"SELECT MAX({column}) AS points FROM p.raw.games")
            return next(iter(job.result(timeout=5))).points
        except Exception:
            continue
    return None
"""


def test_a_probe_says_nothing_that_anybody_is_called_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    after = apply_to_text(PROBE, families=("excepts",))
    with OneColumn() as server, closing(new_client(server, "probe")) as client:
        assert function(PROBE)(client) == 31
        with caplog.at_level(logging.DEBUG, logger="form"):
            assert function(after)(client) == 31
    records = [each for each in caplog.records if each.name == "form"]
    assert [each.levelno for each in records] == [logging.DEBUG] * 2
    assert "sold_on" in records[0].getMessage() and "booked_on" in records[1].getMessage()
