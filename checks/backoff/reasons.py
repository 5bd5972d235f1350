"""Why a retry is left, or changed only with --unsafe."""

from __future__ import annotations

from qw_codemod.kernel.statements import InLine, Statement


class CountsNothing(Statement):
    template = "the loop has no variable that counts from a known number"


class UsedElsewhere(Statement):
    template = "`{name}` is used{place} as well: is that still right?"

    name: str
    place: InLine


class RetriesMultiply(Statement):
    template = "{library} retries in this module as well: tries would multiply"

    library: str
