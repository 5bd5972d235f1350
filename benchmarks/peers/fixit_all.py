"""The peers' rules for Fixit, for all that qw-codemod looks for: by name and shape alone."""

from __future__ import annotations

import libcst as cst
from fixit import LintRule
from fixit_rule import BareWait

__all__ = ["BareExcept", "BareWait", "RequestWithoutTimeout", "SilentExcept"]


class RequestWithoutTimeout(LintRule):
    """`requests.get(url)`."""

    MESSAGE = "a request without a timeout"

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802 - LibCST names its visitors so
        """Report the call, with a timeout."""
        method = node.func
        if not isinstance(method, cst.Attribute) or not isinstance(method.value, cst.Name):
            return
        if method.value.value != "requests" or method.attr.value not in ("get", "post"):
            return
        if any(each.keyword and each.keyword.value == "timeout" for each in node.args):
            return
        bound = cst.Arg(cst.Integer("30"), keyword=cst.Name("timeout"))
        self.report(node, replacement=node.with_changes(args=[*node.args, bound]))


class BareExcept(LintRule):
    """`except:`."""

    MESSAGE = "a handler that names no exception"

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:  # noqa: N802
        """Report the handler, for `Exception`."""
        if node.type is None:
            named = node.with_changes(
                type=cst.Name("Exception"), whitespace_after_except=cst.SimpleWhitespace(" ")
            )
            self.report(node, replacement=named)


class SilentExcept(LintRule):
    """`except Exception: pass`."""

    MESSAGE = "a broad handler that says nothing"

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:  # noqa: N802
        """Report the handler."""
        if not isinstance(node.type, cst.Name) or node.type.value != "Exception":
            return
        match node.body.body:
            case [cst.SimpleStatementLine(body=[cst.Pass(), *_])]:
                self.report(node)
