"""Queries that wait for one another.

    for day in days:
        client.query(sql, job_config=of(day)).result()

BigQuery runs a query as soon as it is sent, so that all of them can run while the first is waited
for. Started together, the later ones also run where an earlier one fails: the edit is unsafe.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from example_rules.checks.queries.reasons import LaterQueriesStart, NameUsed
from qw_codemod.infer import Instance, Library, Value, judge
from qw_codemod.rules.api import Check, Context, Match, Obstacle, SourceFile, Unfixable, Unsafe

_NEW = frozenset(("job", "jobs"))  # names that the rewritten code binds


def find(source: SourceFile, context: Context) -> Iterator[Match]:
    """Loops whose whole body waits for a query that it has just sent."""
    for loop in source.nodes(ast.For):
        query = _query(loop)
        if query is None or not isinstance(query.func, ast.Attribute):
            continue
        answer = judge(context.infer.holds(source, query.func.value), _is_client)
        if answer is None:
            continue
        message = "the queries of this loop wait for one another"
        yield Match(loop, message, answer.evidence, remedy="start-all")


def assess(source: SourceFile, context: Context, match: Match) -> Obstacle:
    """Never safe: the caller decides whether the later queries may run."""
    assert isinstance(match.node, ast.For)
    if not _is_free(source, match.node):
        return Unfixable(NameUsed("jobs"))
    return Unsafe(LaterQueriesStart())


def _query(loop: ast.For) -> ast.Call | None:
    """`x.query(…)` where the body of a loop is `x.query(…).result()` and nothing else."""
    match loop:
        case ast.For(body=[ast.Expr(ast.Call(ast.Attribute(sent, "result")))], orelse=[]):
            match sent:
                case ast.Call(ast.Attribute(attr="query")):
                    return sent
    return None


def _is_client(value: Value) -> bool:
    return (
        isinstance(value, Instance)
        and isinstance(value.of, Library)
        and value.of.name == "google.cloud.bigquery.Client"
    )


def _is_free(source: SourceFile, loop: ast.For) -> bool:
    """Whether nobody else uses the names that would be bound, or would be no longer."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    around = (node for node in source.ancestors(loop) if isinstance(node, functions))
    inside = set(ast.walk(loop))
    used = {node.id for node in inside if isinstance(node, ast.Name)}
    scope = ast.walk(next(around, source.tree))
    others = {node.id for node in scope if isinstance(node, ast.Name) and node not in inside}
    own = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    in_class = isinstance(source.parent(loop), ast.ClassDef)  # where comprehensions see no names
    return not (own & others or _NEW & (others | used) or in_class)


CHECKS = (
    Check(
        "TEAM401",
        "queries-in-turn",
        "The queries of a loop wait for one another.",
        find,
        (b".query(",),
        assess=assess,
    ),
)
