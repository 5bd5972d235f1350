"""Why the queries of a loop are not started together."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.rules.api import Statement


@dataclass(frozen=True, slots=True)
class LaterQueriesStart(Statement):
    template = "a query that fails no longer keeps the later ones from being started"


@dataclass(frozen=True, slots=True)
class NameUsed(Statement):
    template = "its variable, or the name `{name}`, is used elsewhere in the file"

    name: str


@dataclass(frozen=True, slots=True)
class TupleWithoutParentheses(Statement):
    template = "it loops over a tuple without parentheses"
