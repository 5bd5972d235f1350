"""Whether a statement writes, as far as its text stands in the file."""

from __future__ import annotations

import ast
import textwrap

import pytest

from qw_codemod.analysis.sql_text import written
from qw_codemod.languages.python import SourceFile


def verb(text: str) -> str:
    """For the first argument of the call of `query` in a file."""
    source = SourceFile("x.py", textwrap.dedent(text).encode())
    calls = [c for c in source.nodes(ast.Call) if source.text(c.func).endswith("query")]
    (call,) = calls
    return written(source, call.args[0])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", ""),
        ("  select * from t where note = 'delete; drop table x'", ""),
        ("WITH a AS (SELECT 1) SELECT * FROM a", ""),
        ("(SELECT 1)", ""),
        ("insert into t values (1)", "INSERT"),
        ("\n  MERGE `p.d.t` t USING s ON TRUE", "MERGE"),
        ("-- nightly; DELETE nothing\n# twice\n/* or;\n more */ UPDATE t SET a = 1", "UPDATE"),
        ("-- it's\nSELECT 1", ""),
        ("TRUNCATE TABLE t", "TRUNCATE"),
        ("EXPORT DATA OPTIONS() AS SELECT 1", "EXPORT"),
        ("CREATE OR REPLACE TABLE t AS SELECT 1", "CREATE"),
        ("CREATE TEMP FUNCTION f() AS (1); SELECT f()", ""),
        ("DECLARE day DATE; SELECT day", "DECLARE"),
        ("DECLARE day DATE; DELETE FROM t WHERE d = day", "DELETE"),
        ("BEGIN TRANSACTION", "BEGIN"),
        ("SELECT 1; DROP TABLE t", "DROP"),
        ("", ""),
    ],
)
def test_statements(sql: str, expected: str) -> None:
    assert verb(f"client.query({sql!r})") == expected


@pytest.mark.parametrize(
    "expression",
    [
        "f'DELETE FROM `{table}` WHERE day = {day}'",
        "f'{HEADER}DELETE FROM t'",
        "f'{unknown} DELETE FROM t'",
        "'DELETE FROM ' + table",
        "'DELETE FROM %s' % table",
        "'DELETE FROM {}'.format(table)",
        "textwrap.dedent(''' DELETE FROM t ''')",
        "text('DELETE FROM t').strip()",
        "TEMPLATE.render(table=table)",
        "'\\n'.join(['DELETE FROM t', where])",
        "'DELETE FROM t' if full else 'SELECT 1'",
        "(sql := 'DELETE FROM t')",
        "SQL",
        "Queries.CLEAN",
        "build()",
        "local",
        "annotated",
        "parts_joined",
        "given or SQL",
    ],
)
def test_expressions(expression: str) -> None:
    text = f"""
        import textwrap
        HEADER = "-- nightly\\n"
        SQL = "DELETE FROM t"
        TEMPLATE = jinja2.Environment().from_string("DELETE FROM {{ table }}")
        class Queries:
            CLEAN = "DELETE FROM t"
        def build():
            sql = "DELETE FROM t"
            return sql
        def run(client, table):
            local = SQL
            local += " WHERE TRUE"
            annotated: str = "DELETE FROM t"
            parts = ["DELETE FROM t", "WHERE TRUE"]
            parts_joined = " ".join(parts)
            client.query({expression})
        """
    assert verb(text) == "DELETE"


@pytest.mark.parametrize(
    "expression",
    ["sql", "read()", "f'{sql}'", "f'{verb} INTO t'", "names[0]", "1", "unknown", "SQL.of(1)"],
)
def test_what_cannot_be_seen(expression: str) -> None:
    text = f"""
        sql = "DELETE FROM t"
        def run(client, sql, verb, read):
            client.query({expression})
        """
    assert verb(text) == ""


def test_every_branch_counts() -> None:
    text = """
        def run(client, full):
            if full:
                sql = "CREATE OR REPLACE TABLE t AS SELECT 1"
            else:
                sql = "SELECT 1"
            client.query(sql)
        """
    assert verb(text) == "CREATE"


def test_statements_of_a_loop() -> None:
    assert verb("for sql in ['SELECT 1', 'DROP TABLE t']:\n    client.query(sql)\n") == "DROP"


def test_names_that_refer_to_each_other() -> None:
    text = """
        def run(client, sql):
            query_text = other = None
        def go(client):
            a = b + a
            b = a + b
            client.query(a)
        """
    assert verb(text) == ""
