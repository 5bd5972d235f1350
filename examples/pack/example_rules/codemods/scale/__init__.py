"""Lowers the maximum of a service, and the constants that repeat it."""

from __future__ import annotations

from qw_codemod.rules.api import Codemod, Edit, Rewrite, Settings


def rewrite(text: str, plan: tuple[str, tuple[Edit, ...]], settings: Settings) -> Rewrite:
    """The number in the YAML file; with it, the same number in files of Python."""
    number, edits = plan
    return Rewrite(number, edits=edits)


CODEMOD = Codemod(("TEAM601",), rewrite)
