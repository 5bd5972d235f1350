"""What is stated about retries: what they do, and what they lack."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement


@dataclass(frozen=True, slots=True)
class TriesAgain(Statement):
    template = "this loop tries again after a failure"


@dataclass(frozen=True, slots=True)
class Waits(Statement):
    template = "it waits here"


@dataclass(frozen=True, slots=True)
class Lacks(Statement):
    template = "no {arguments: and no } here"

    arguments: tuple[str, ...]
