"""google-cloud-bigquery: what gives a client, a job, or rows.

Read from and run with google-cloud-bigquery 3.47.0, 3.11.4 and 2.6.1.
"""

from __future__ import annotations

import re
from typing import Literal

from qw_codemod.infer.models import Clue, Model
from qw_codemod.kernel.statements import Statement

CLIENT = "google.cloud.bigquery.Client"
QUERY_JOB = "google.cloud.bigquery.QueryJob"
LOAD_JOB = "google.cloud.bigquery.LoadJob"
COPY_JOB = "google.cloud.bigquery.CopyJob"
EXTRACT_JOB = "google.cloud.bigquery.ExtractJob"
ANY_JOB = "google.cloud.bigquery.job.UnknownJob"  # what get_job gives: any of the kinds
# What may be a job, as far as waits for it are concerned: what a method of unknown name gives, and
# `.query()` of a client that only its use tells of. Others may be iterated, and hold rows.
PERHAPS_JOB = "google.cloud.bigquery.job.PerhapsJob"
PERHAPS_CLIENT = "google.cloud.bigquery.PerhapsClient"
POLLING = "google.api_core.future.polling.PollingFuture"  # the base of all jobs, and of others
ROWS = "google.cloud.bigquery.table.RowIterator"

_CLIENT_METHODS = {
    "query": QUERY_JOB,
    "load_table_from_uri": LOAD_JOB,
    "load_table_from_file": LOAD_JOB,
    "load_table_from_dataframe": LOAD_JOB,
    "load_table_from_json": LOAD_JOB,
    "copy_table": COPY_JOB,
    "extract_table": EXTRACT_JOB,
    "get_job": ANY_JOB,
    "cancel_job": ANY_JOB,
    "create_job": ANY_JOB,
    "job_from_resource": ANY_JOB,
    "list_jobs": f"iterator[{ANY_JOB}]",
    "query_and_wait": ROWS,
    "list_rows": ROWS,
    "get_table": "google.cloud.bigquery.Table",
    "create_table": "google.cloud.bigquery.Table",
    "get_dataset": "google.cloud.bigquery.Dataset",
    "create_dataset": "google.cloud.bigquery.Dataset",
    "insert_rows_json": "list[builtins.dict]",
    "insert_rows": "list[builtins.dict]",
    "__enter__": "self",
}

METHODS: dict[str, dict[str, str]] = {
    CLIENT: _CLIENT_METHODS,
    PERHAPS_CLIENT: dict.fromkeys(("query", "copy_table", "extract_table"), PERHAPS_JOB),
    QUERY_JOB: {
        "result": ROWS,
        "to_dataframe": "pandas.DataFrame",
        "to_arrow": "pyarrow.Table",
        "to_geodataframe": "geopandas.GeoDataFrame",
    },
    LOAD_JOB: {"result": LOAD_JOB},
    COPY_JOB: {"result": COPY_JOB},
    EXTRACT_JOB: {"result": EXTRACT_JOB},
    ANY_JOB: {"result": ROWS},
    PERHAPS_JOB: {"result": ROWS},
    POLLING: {"result": "?"},
    ROWS: {
        "to_dataframe": "pandas.DataFrame",
        "to_arrow": "pyarrow.Table",
        "to_geodataframe": "geopandas.GeoDataFrame",
        "to_dataframe_iterable": "iterator[pandas.DataFrame]",
    },
    # Wrappers that other libraries hand out.
    # [src: apache-airflow-providers-google, prefect-gcp, dagster-gcp]
    "airflow.providers.google.cloud.hooks.bigquery.BigQueryHook": {
        "get_client": CLIENT,
        "insert_job": ANY_JOB,
        "get_job": ANY_JOB,
    },
    "prefect_gcp.GcpCredentials": {"get_bigquery_client": CLIENT},
    "dagster_gcp.BigQueryResource": {"get_client": f"context[{CLIENT}]"},
}

# Attributes that hold something, by class. [src 3.47.0]
ATTRIBUTES: dict[str, dict[str, str]] = {
    "google.cloud.bigquery.dbapi.Cursor": {"query_job": QUERY_JOB},
}

FUNCTIONS: dict[str, str] = {
    f"{CLIENT}.from_service_account_json": CLIENT,
    f"{CLIENT}.from_service_account_info": CLIENT,
    **{f"{job}.from_api_repr": job for job in (QUERY_JOB, LOAD_JOB, COPY_JOB, EXTRACT_JOB)},
    "bigframes.pandas.read_gbq": "bigframes.dataframe.DataFrame",
}


def _aliases() -> dict[str, str]:
    found = {
        "google.cloud.bigquery.client.Client": CLIENT,
        "google.cloud.bigquery.dbapi.cursor.Cursor": "google.cloud.bigquery.dbapi.Cursor",
        "google.cloud.bigquery.RowIterator": ROWS,
        "google.cloud.bigquery.table._EmptyRowIterator": ROWS,
        "google.cloud.bigquery.UnknownJob": ANY_JOB,
        "google.cloud.bigquery.job.base.UnknownJob": ANY_JOB,
        "google.cloud.bigquery.job._AsyncJob": ANY_JOB,
        "google.cloud.bigquery.job.base._AsyncJob": ANY_JOB,
        "prefect_gcp.credentials.GcpCredentials": "prefect_gcp.GcpCredentials",
        "airflow.contrib.hooks.bigquery_hook.BigQueryHook": (
            "airflow.providers.google.cloud.hooks.bigquery.BigQueryHook"
        ),
    }
    for job, module in (
        (QUERY_JOB, "query"),
        (LOAD_JOB, "load"),
        (COPY_JOB, "copy_"),
        (EXTRACT_JOB, "extract"),
    ):
        name = job.rpartition(".")[2]
        found[f"google.cloud.bigquery.job.{name}"] = job
        found[f"google.cloud.bigquery.job.{module}.{name}"] = job
    return found


ALIASES = _aliases()

# No other library in this field has methods of these names.
_UNMISTAKABLE = {
    "load_table_from_uri",
    "load_table_from_file",
    "load_table_from_dataframe",
    "load_table_from_json",
    "query_and_wait",
}
_TELLING = {"query", "extract_table", "copy_table", "get_job", "list_jobs"}
_CLIENT_NAME = re.compile(
    r"(^|[._])(bq|bigquery|big_query|gbq)[._]?(client|conn|connection|cli|c)(\(\))?$", re.I
)
_SHORT_NAME = re.compile(r"(^|[._])(bq|bigquery|big_query|gbq)(\(\))?$", re.I)
_WEAK_NAME = re.compile(r"(client|conn|connection)$", re.I)
_SURE_JOB_NAME = re.compile(r"(^|[._])(query|load|copy|extract|bq|bigquery)_?job$", re.I)


class OnlyClients(Statement):
    template = "only BigQuery clients are known to have .{method}()"

    method: str


class Suggests(Statement):
    template = "the name `{name}` suggests a BigQuery {what}"

    name: str
    what: Literal["client", "job"]


class WaitedFor(Statement):
    template = "what `{name}.{method}()` gives may be waited for, as a BigQuery job"

    name: str
    method: str


class InBigQueryModule(Statement):
    template = "`{name}.{method}()` in a module that works with BigQuery"

    name: str
    method: str


def guess(clue: Clue) -> tuple[str, Statement] | None:
    """The class that an unknown receiver is likely to be, and why, if something says BigQuery."""
    receiver, method, untold = clue.receiver, clue.method, clue.untold
    in_bigquery_file = clue.view.depend_on_bytes(b"bigquery")
    if method in _UNMISTAKABLE:
        return CLIENT, OnlyClients(method)
    named = _CLIENT_NAME.search(receiver) or (untold and _SHORT_NAME.search(receiver))
    if method in _TELLING and named:
        return CLIENT, Suggests(receiver, "client")
    if untold and method in _TELLING and _WEAK_NAME.search(receiver):
        if in_bigquery_file:
            return CLIENT, InBigQueryModule(receiver, method)
        if clue.is_near("bigquery"):
            return PERHAPS_CLIENT, WaitedFor(receiver, method)
    if method not in METHODS[QUERY_JOB] or not in_bigquery_file:
        return None
    if not _SURE_JOB_NAME.search(receiver):
        return None
    kind = receiver.rpartition(".")[2].lower()
    kinds = (("load", LOAD_JOB), ("copy", COPY_JOB), ("extract", EXTRACT_JOB))
    job = next((job for name, job in kinds if kind.startswith(name)), QUERY_JOB)
    return job, Suggests(receiver, "job")


MODEL = Model(
    aliases=ALIASES,
    functions=FUNCTIONS,
    methods=METHODS,
    attributes=ATTRIBUTES,
    by_name={CLIENT: PERHAPS_JOB},
    guess=guess,
)
