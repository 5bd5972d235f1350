"""The peers' rule for `libcst.tool codemod`: by name alone, it infers nothing."""

from __future__ import annotations

import libcst as cst
from libcst.codemod import VisitorBasedCodemodCommand


class BareWait(VisitorBasedCodemodCommand):
    """Give a wait whose call has no arguments the bound that `apply timeouts` would give a job."""

    DESCRIPTION = "a wait without a bound"

    def leave_Call(  # noqa: N802 - LibCST names its visitors so
        self, original_node: cst.Call, updated_node: cst.Call
    ) -> cst.Call:
        """Rewrite the call; plain tests of the node, for LibCST's matchers are slower."""
        method = updated_node.func
        if updated_node.args or not isinstance(method, cst.Attribute):
            return updated_node
        bound = cst.Arg(
            cst.Integer("300"),
            keyword=cst.Name("timeout"),
            equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
        )
        if method.attr.value == "result":
            return updated_node.with_changes(args=[bound])
        if method.attr.value in ("to_dataframe", "to_arrow"):
            wait = cst.Call(cst.Attribute(method.value, cst.Name("result")), [bound])
            return updated_node.with_changes(func=method.with_changes(value=wait))
        return updated_node
