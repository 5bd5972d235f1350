"""The ways to wait for a BigQuery job, each with the bounded text it is to be rewritten to."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from .bigquery_server import ROWS

HEADER = """\
from google.cloud import bigquery


def run(client: bigquery.Client):
"""


@dataclass(frozen=True, eq=False)
class Form:
    """A way to wait for a job, and the same with a bound; both are bodies of `run(client)`."""

    name: str
    code: str
    before: str
    after: str
    before_raises: type[Exception] | None = None
    """What the code before raises without any waiting, if it does."""
    returns: Any = None
    """What both return when the job ends in time; all the rows, unless something else is said."""
    since: tuple[int, ...] = (2, 34)
    needs: str | None = None
    extra_requests: int = 0
    """How many requests more the code after may make for the same rows."""
    answers: Any = None
    """What the code after returns of a job that never ends, if its handler takes the timeout."""

    def source(self, side: str) -> str:
        body = textwrap.dedent(getattr(self, side)).strip("\n")
        if "def run(client" in body:
            return body + "\n"
        return HEADER + textwrap.indent(body, "    ") + "\n"


def module(name: str, before: str, *bound: tuple[str, str], **options: Any) -> Form:
    """A whole module, bounded by the given replacements."""
    before = after = textwrap.dedent(before)
    for old, new in bound:
        assert after.count(old) == 1, (name, old)
        after = after.replace(old, new)
    return form(name, before, after, **options)


def form(name: str, before: str, after: str, code: str = "QW101", **options: Any) -> Form:
    return Form(name, code, before, after, **options)


LOADED = ["DONE", len(ROWS)]

FORMS = [
    form(
        "handed to a thread",
        """
        import asyncio
        async def rows(job):
            return await asyncio.to_thread(job.result)
        return asyncio.run(rows(client.query("SELECT 1")))
        """,
        """
        import asyncio
        async def rows(job):
            return await asyncio.to_thread(job.result, timeout=1)
        return asyncio.run(rows(client.query("SELECT 1")))
        """,
    ),
    form(
        "handed to an executor",
        """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        return pool.submit(client.query("SELECT 1").result).result()
        """,
        """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        return pool.submit(client.query("SELECT 1").result, timeout=1).result()
        """,
    ),
    form(
        "bound method",
        """
        wait = client.query("SELECT 1").result
        return wait()
        """,
        """
        wait = client.query("SELECT 1").result
        return wait(timeout=1)
        """,
    ),
    form(
        "chained result",
        'return client.query("SELECT 1").result()',
        'return client.query("SELECT 1").result(timeout=1)',
    ),
    form(
        "result of a name",
        """
        job = client.query("SELECT 1")
        return job.result()
        """,
        """
        job = client.query("SELECT 1")
        return job.result(timeout=1)
        """,
    ),
    form(
        "result with arguments",
        """
        job = client.query("SELECT 1")
        return job.result(max_results=2)
        """,
        """
        job = client.query("SELECT 1")
        return job.result(max_results=2, timeout=1)
        """,
        returns=ROWS[:2],
    ),
    form(
        "result of jobs.query",
        """
        job = client.query("SELECT 1", api_method="QUERY")
        return job.result()
        """,
        """
        job = client.query("SELECT 1", api_method="QUERY")
        return job.result(timeout=1)
        """,
    ),
    form(
        "result of create_job",
        """
        job = client.create_job({"query": {"query": "SELECT 1"}})
        return job.result()
        """,
        """
        job = client.create_job({"query": {"query": "SELECT 1"}})
        return job.result(timeout=1)
        """,
    ),
    form(
        "result of get_job",
        """
        started = client.query("SELECT 1")
        job = client.get_job(started.job_id)
        return job.result()
        """,
        """
        started = client.query("SELECT 1")
        job = client.get_job(started.job_id)
        return job.result(timeout=1)
        """,
    ),
    form(
        "load from a bucket",
        """
        job = client.load_table_from_uri("gs://bucket/games.csv", "p.raw.games")
        job.result()
        return [job.state, job.output_rows]
        """,
        """
        job = client.load_table_from_uri("gs://bucket/games.csv", "p.raw.games")
        job.result(timeout=1)
        return [job.state, job.output_rows]
        """,
        returns=LOADED,
    ),
    form(
        "load from json",
        """
        job = client.load_table_from_json([{"player": "ann"}], "p.raw.games")
        job.result()
        return [job.state, job.output_rows]
        """,
        """
        job = client.load_table_from_json([{"player": "ann"}], "p.raw.games")
        job.result(timeout=1)
        return [job.state, job.output_rows]
        """,
        returns=LOADED,
    ),
    form(
        "load from a file",
        """
        import io

        job = client.load_table_from_file(io.BytesIO(b"ann,31"), "p.raw.games")
        job.result()
        return [job.state, job.output_rows]
        """,
        """
        import io

        job = client.load_table_from_file(io.BytesIO(b"ann,31"), "p.raw.games")
        job.result(timeout=1)
        return [job.state, job.output_rows]
        """,
        returns=LOADED,
    ),
    form(
        "copy",
        'return client.copy_table("p.raw.games", "p.raw.copy").result().state',
        'return client.copy_table("p.raw.games", "p.raw.copy").result(timeout=1).state',
        returns="DONE",
    ),
    form(
        "extract",
        'return client.extract_table("p.raw.games", "gs://bucket/x-*").result().state',
        'return client.extract_table("p.raw.games", "gs://bucket/x-*").result(timeout=1).state',
        returns="DONE",
    ),
    form(
        "chained to_dataframe",
        'return client.query("SELECT 1").to_dataframe()',
        'return client.query("SELECT 1").result(timeout=1).to_dataframe()',
    ),
    form(
        "to_dataframe of a name",
        """
        job = client.query("SELECT 1")
        return job.to_dataframe(create_bqstorage_client=False)
        """,
        """
        job = client.query("SELECT 1")
        return job.result(timeout=1).to_dataframe(create_bqstorage_client=False)
        """,
    ),
    form(
        "to_dataframe with max_results",
        """
        job = client.query("SELECT 1")
        return job.to_dataframe(max_results=2, create_bqstorage_client=False)
        """,
        """
        job = client.query("SELECT 1")
        return job.result(max_results=2, timeout=1).to_dataframe(create_bqstorage_client=False)
        """,
        returns=ROWS[:2],
    ),
    form(
        "to_arrow",
        'return client.query("SELECT 1").to_arrow()',
        'return client.query("SELECT 1").result(timeout=1).to_arrow()',
    ),
    form(
        "to_arrow with max_results",
        'return client.query("SELECT 1").to_arrow(max_results=2)',
        'return client.query("SELECT 1").result(max_results=2, timeout=1).to_arrow()',
        returns=ROWS[:2],
    ),
    form(
        "to_geodataframe",
        'return client.query("SELECT 1").to_geodataframe()',
        'return client.query("SELECT 1").result(timeout=1).to_geodataframe()',
        needs="geopandas",
    ),
    form(
        "for",
        """
        rows = []
        for row in client.query("SELECT 1"):
            rows.append(row)
        return rows
        """,
        """
        rows = []
        for row in client.query("SELECT 1").result(timeout=1):
            rows.append(row)
        return rows
        """,
    ),
    form(
        "list",
        """
        job = client.query("SELECT 1")
        return list(job)
        """,
        """
        job = client.query("SELECT 1")
        return list(job.result(timeout=1))
        """,
    ),
    form(
        "next",
        """
        job = client.query("SELECT 1")
        return next(iter(job))
        """,
        """
        job = client.query("SELECT 1")
        return next(iter(job.result(timeout=1)))
        """,
        returns=ROWS[0],
    ),
    form(
        "comprehension",
        """
        job = client.query("SELECT 1")
        return {row.player: row.points for row in job}
        """,
        """
        job = client.query("SELECT 1")
        return {row.player: row.points for row in job.result(timeout=1)}
        """,
        returns=dict(ROWS),
    ),
    form(
        "generator expression",
        """
        job = client.query("SELECT 1")
        return sum(row.points or 0 for row in job)
        """,
        """
        job = client.query("SELECT 1")
        return sum(row.points or 0 for row in job.result(timeout=1))
        """,
        returns=43,
    ),
    form(
        "unpacking",
        """
        job = client.query("SELECT 1")
        first, *rest = job
        return [first, *rest]
        """,
        """
        job = client.query("SELECT 1")
        first, *rest = job.result(timeout=1)
        return [first, *rest]
        """,
    ),
    form(
        "star",
        """
        job = client.query("SELECT 1")
        return [*job]
        """,
        """
        job = client.query("SELECT 1")
        return [*job.result(timeout=1)]
        """,
    ),
    form(
        "query_and_wait",
        'return client.query_and_wait("SELECT 1")',
        'return client.query_and_wait("SELECT 1", wait_timeout=1)',
        since=(3, 14),
    ),
    form(
        "query_and_wait with api_timeout",
        'return client.query_and_wait("SELECT 1", api_timeout=1)',
        'return client.query_and_wait("SELECT 1", api_timeout=1, wait_timeout=1)',
        since=(3, 14),
    ),
    form(
        "page size for a timeout",
        """
        job = client.query("SELECT 1")
        return job.result(1)
        """,
        """
        job = client.query("SELECT 1")
        return job.result(timeout=1)
        """,
        code="QW102",
    ),
    form(
        "retry for a timeout",
        'return client.copy_table("p.raw.games", "p.raw.copy").result(1).state',
        'return client.copy_table("p.raw.games", "p.raw.copy").result(timeout=1).state',
        code="QW102",
        before_raises=TypeError,
        returns="DONE",
    ),
    form(
        "timeout of the submission",
        'return client.query("SELECT 1", timeout=1).result()',
        'return client.query("SELECT 1", timeout=1).result(timeout=1)',
        code="QW102",
    ),
    form(
        "timeout of a load's submission",
        """
        job = client.load_table_from_uri("gs://bucket/games.csv", "p.raw.games", timeout=1)
        return job.result().output_rows
        """,
        """
        job = client.load_table_from_uri("gs://bucket/games.csv", "p.raw.games", timeout=1)
        return job.result(timeout=1).output_rows
        """,
        code="QW102",
        returns=len(ROWS),
    ),
    form(
        "timeout of the submission, then to_dataframe",
        'return client.query("SELECT 1", timeout=1).to_dataframe()',
        'return client.query("SELECT 1", timeout=1).result(timeout=1).to_dataframe()',
        code="QW102",
    ),
    form(
        "timeout of the download",
        'return client.query("SELECT 1").to_dataframe(timeout=1)',
        'return client.query("SELECT 1").result(timeout=1).to_dataframe(timeout=1)',
        code="QW102",
        since=(3, 40, 1),
    ),
]

MODULE_FORMS = [
    module(
        "jobs in an annotated list",
        """
        from typing import Any

        from google.cloud import bigquery


        def run(client: bigquery.Client):
            copies: list = []
            queries: list[Any] = []
            for table in ("p.raw.games", "p.raw.clubs"):
                copies.append(client.copy_table(table, table + "_copy"))
                queries.append(client.query("SELECT 1"))
            states = [copy.result().state for copy in copies]
            return [*states, *(list(query.result()) for query in queries)]
        """,
        ("copy.result()", "copy.result(timeout=1)"),
        ("query.result()", "query.result(timeout=1)"),
        returns=["DONE", "DONE", ROWS, ROWS],
    ),
    module(
        "a container that the base class makes",
        """
        from google.cloud import bigquery


        class Stage:
            def __init__(self, client: bigquery.Client):
                self.client = client
                self.running = {}


        class Load(Stage):
            def begin(self, key, uri):
                self.running[key] = self.client.load_table_from_uri(uri, key)

            def finish(self):
                return [[key, job.result().state] for key, job in self.running.items()]


        def run(client: bigquery.Client):
            load = Load(client)
            load.begin("p.raw.games", "gs://bucket/games.csv")
            return load.finish()
        """,
        ("job.result()", "job.result(timeout=1)"),
        returns=[["p.raw.games", "DONE"]],
    ),
    module(
        "a method by its name",
        """
        import io

        from google.cloud import bigquery


        class Store:
            def __init__(self, client: bigquery.Client):
                self.client = client

            def do(self, method, *args):
                job = getattr(self.client, method)(*args)
                return job.result()

            def query(self, sql):
                return self.do("query", sql)

            def load(self, file, table):
                return self.do("load_table_from_file", file, table)


        def run(client: bigquery.Client):
            store = Store(client)
            loaded = store.load(io.BytesIO(b"ann,31"), "p.raw.games")
            return [loaded.state, list(store.query("SELECT 1"))]
        """,
        ("job.result()", "job.result(timeout=1)"),
        returns=["DONE", ROWS],
    ),
    module(
        "a class pattern",
        """
        from google.cloud import bigquery


        def finish(event):
            match event:
                case {"job": bigquery.LoadJob() as job, "table": str(table)}:
                    job.result()
                    return [table, job.state]
            return None


        def run(client: bigquery.Client):
            job = client.load_table_from_uri("gs://bucket/games.csv", "p.raw.games")
            return finish({"job": job, "table": "games"})
        """,
        ("job.result()", "job.result(timeout=1)"),
        returns=["games", "DONE"],
    ),
    module(
        "an attribute named like its module",
        """
        from google.cloud import bigquery


        class Services:
            bigquery = bigquery.Client()


        def begin(sql, services: Services):
            return services.bigquery.query(sql)


        def run(client: bigquery.Client):
            services = Services()
            services.bigquery = client
            first = list(begin("SELECT 1", services).result())
            return first + [row for row in begin("SELECT 2", services)]
        """,
        (").result()", ").result(timeout=1)"),
        ("services)]", "services).result(timeout=1)]"),
        returns=ROWS + ROWS,
    ),
    module(
        "a read that its handler reports",
        """
        import logging

        from google.cloud import bigquery

        logger = logging.getLogger(__name__)


        def run(client: bigquery.Client):
            try:
                return [row for row in client.query("SELECT 1").result()]
            except Exception as error:
                logger.warning("no rows: %s", error)
                return []
        """,
        (".result()", ".result(timeout=1)"),
        answers=[],
    ),
]
"""Modules whose waits are seen by following their values through classes, calls and containers."""

FORMS += MODULE_FORMS

STATEMENT_FORMS = [
    form(
        "to_dataframe of a chain, in statements",
        """
        frame = client.query("SELECT 1").to_dataframe()
        return frame
        """,
        """
        job = client.query("SELECT 1")
        job.result(timeout=1)
        frame = job.to_dataframe()
        return frame
        """,
    ),
    form(
        "to_dataframe of a name, in statements",
        """
        job = client.query("SELECT 1")
        frame = job.to_dataframe(max_results=2)
        return frame
        """,
        """
        job = client.query("SELECT 1")
        job.result(timeout=1)
        frame = job.to_dataframe(max_results=2)
        return frame
        """,
        returns=ROWS[:2],
        # Since 3.25 a wait with max_results brings the rows along.
        extra_requests=1,
    ),
    form(
        "for, in statements",
        """
        job = client.query("SELECT 1")
        rows = []
        for row in job:
            rows.append(row)
        return rows
        """,
        """
        job = client.query("SELECT 1")
        job.result(timeout=1)
        rows = []
        for row in job:
            rows.append(row)
        return rows
        """,
    ),
]
"""The wait as a statement of its own, where tests stub what the chained form would move."""
