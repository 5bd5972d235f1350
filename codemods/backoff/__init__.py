"""Let retries wait longer each time, up to a cap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from qw_codemod.edit.arguments import with_keyword
from qw_codemod.rules.api import Codemod, Edit, Rewrite, Settings, Span

if TYPE_CHECKING:  # the same folder: setup.py maps it into the package
    from checks.backoff.plan import LongerSleep, RetryOptions
else:
    from qw_codemod.checks.backoff.plan import LongerSleep, RetryOptions


def _rewrite(
    node: cst.CSTNode, plan: LongerSleep | RetryOptions, settings: Settings
) -> Rewrite | None:
    if not isinstance(node, cst.Call):
        return None
    if isinstance(plan, LongerSleep):
        seconds = cst.parse_expression(plan.seconds)
        longer = node.with_changes(args=[node.args[0].with_changes(value=seconds)])
        if not plan.unless_last:
            return Rewrite(longer)
        condition = f"if {plan.unless_last}:{plan.head}".encode()
        return Rewrite(longer, edits=(Edit(Span(plan.at, plan.at), condition),))
    for name, value in plan.arguments:
        node = with_keyword(node, name, value)
    return Rewrite(node)


CODEMOD = Codemod(("QW303",), _rewrite)
