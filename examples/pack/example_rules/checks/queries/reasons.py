"""Why the queries of a loop are not started together."""

from __future__ import annotations

from qw_codemod.rules.api import Statement


class LaterQueriesStart(Statement):
    template = "a query that fails no longer keeps the later ones from being started"


class NameUsed(Statement):
    template = "its variable, or the name `{name}`, is used elsewhere in the file"

    name: str
