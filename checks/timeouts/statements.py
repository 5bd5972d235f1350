"""What is stated about the timeouts of waits."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement


@dataclass(frozen=True, slots=True)
class HandedOver(Statement):
    template = "what it is handed to may pass a timeout"


@dataclass(frozen=True, slots=True)
class StarMayHold(Statement):
    template = "`*{argument}` may hold the timeout"

    argument: str


@dataclass(frozen=True, slots=True)
class StarsMayHold(Statement):
    template = "`**{argument}` may hold {keyword}= already"

    argument: str
    keyword: str
