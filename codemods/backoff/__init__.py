"""Let retries wait longer each time, up to a cap."""

from __future__ import annotations

import libcst as cst

from qw_codemod.edit.arguments import with_keyword
from qw_codemod.rules.api import Codemod, Finding, Rewrite, Settings


def _rewrite(node: cst.CSTNode, finding: Finding, settings: Settings) -> Rewrite | None:
    if not isinstance(node, cst.Call):
        return None
    if finding.remedy == "retry-options":
        for name, value in finding.details:
            node = with_keyword(node, name, value)
        return Rewrite(node)
    wait = cst.parse_expression(finding.detail("wait"))
    return Rewrite(node.with_changes(args=[node.args[0].with_changes(value=wait)]))


CODEMOD = Codemod(("QW303",), _rewrite)
