"""What is stated about retries: what they do, and what they lack."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement


class TriesAgain(Statement):
    template = "this loop tries again after a failure"


class Waits(Statement):
    template = "it waits here"


class Lacks(Statement):
    template = "no {arguments: and no } here"

    arguments: tuple[str, ...]
