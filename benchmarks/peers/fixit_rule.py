"""The peers' rule for Fixit: by name alone, it infers nothing."""

from __future__ import annotations

import libcst as cst
from fixit import LintRule


class BareWait(LintRule):
    """A wait whose call has no arguments."""

    MESSAGE = "a wait without a bound"

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802 - LibCST names its visitors so
        """Report the call, with the bound that `apply timeouts` would give a job."""
        method = node.func
        if node.args or not isinstance(method, cst.Attribute):
            return
        bound = cst.Arg(
            cst.Integer("300"),
            keyword=cst.Name("timeout"),
            equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
        )
        if method.attr.value == "result":
            self.report(node, replacement=node.with_changes(args=[bound]))
        elif method.attr.value in ("to_dataframe", "to_arrow"):
            wait = cst.Call(cst.Attribute(method.value, cst.Name("result")), [bound])
            download = method.with_changes(value=wait)
            self.report(node, replacement=node.with_changes(func=download))
