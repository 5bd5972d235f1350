"""Why a retry is left, or changed only with --unsafe."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import InLine, Statement


@dataclass(frozen=True, slots=True)
class CountsNothing(Statement):
    template = "the loop has no variable that counts from a known number"


@dataclass(frozen=True, slots=True)
class UsedElsewhere(Statement):
    template = "`{name}` is used{place} as well: is that still right?"

    name: str
    place: InLine


@dataclass(frozen=True, slots=True)
class RetriesMultiply(Statement):
    template = "{library} retries in this module as well: tries would multiply"

    library: str
