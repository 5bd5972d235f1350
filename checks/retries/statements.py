"""What is stated about decorators that retry."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement


class Lacks(Statement):
    template = "`{decorator}` has no {missing: and no }"

    decorator: str
    missing: tuple[str, ...]


class Yields(Statement):
    template = "`{function}()` is a generator"

    function: str
