"""What is stated about decorators that retry."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement


@dataclass(frozen=True, slots=True)
class Lacks(Statement):
    template = "`{decorator}` has no {missing: and no }"

    decorator: str
    missing: tuple[str, ...]
