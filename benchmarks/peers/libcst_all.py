"""The peers' rules for `libcst.tool codemod`, for all that qw-codemod looks for: by shape alone."""

from __future__ import annotations

import libcst as cst
from libcst_command import BareWait


class Everything(BareWait):
    """Bound the waits and the requests, and name the exception of bare handlers."""

    DESCRIPTION = "waits, requests and handlers"

    def leave_Call(  # noqa: N802 - LibCST names its visitors so
        self, original_node: cst.Call, updated_node: cst.Call
    ) -> cst.Call:
        """Rewrite the call of a wait or a request."""
        match updated_node.func:
            case cst.Attribute(
                value=cst.Name(value="requests"), attr=cst.Name(value="get" | "post")
            ):
                pass
            case _:
                return super().leave_Call(original_node, updated_node)
        if any(each.keyword and each.keyword.value == "timeout" for each in updated_node.args):
            return updated_node
        bound = cst.Arg(cst.Integer("30"), keyword=cst.Name("timeout"))
        return updated_node.with_changes(args=[*updated_node.args, bound])

    def leave_ExceptHandler(  # noqa: N802
        self, original_node: cst.ExceptHandler, updated_node: cst.ExceptHandler
    ) -> cst.ExceptHandler:
        """Name the exception of a bare handler."""
        if updated_node.type is not None:
            return updated_node
        return updated_node.with_changes(
            type=cst.Name("Exception"), whitespace_after_except=cst.SimpleWhitespace(" ")
        )
