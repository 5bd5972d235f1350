"""Services that may grow past a number of instances.

    autoscaling.knative.dev/maxScale: "100"

The number is `maximum` in `[tool.qw-codemod.scale]`, 10 if it is not set. Python constants named
MAX_SCALE that repeat the old number are edited together with it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qw_codemod.languages.yaml import YAML
from qw_codemod.rules.api import Check, Context, Document, Edit, Evidence, Match, Span

_MAXIMUM = re.compile(rb"^[^#\n]*\bmaxScale:[ \t]*\"?(\d+)", re.M)
_CONSTANT = "MAX_SCALE"


def find(document: Document, context: Context) -> Iterator[Match]:
    """Every maximum above the one that is wanted."""
    wanted = int(context.settings.get("maximum", 10))
    for found in _MAXIMUM.finditer(document.data):
        if int(found[1]) > wanted:
            message = f"up to {found[1].decode()} instances, {wanted} are wanted"
            yield Match(Span(*found.span(1)), message, Evidence("proven"), remedy=str(wanted))


def plan(document: Document, context: Context, match: Match) -> tuple[str, tuple[Edit, ...]]:
    """The new number, and the edits of the files of Python that repeat the old one."""
    old = document.source_of(document.span(match.node))
    return match.remedy, tuple(_edits(context, old, match.remedy))


def _edits(context: Context, old: str, new: str) -> Iterator[Edit]:
    for path in context.infer.tree.holding((_CONSTANT,)):
        view = context.infer.tree.view(path)
        for node in view.source.nodes(ast.Assign) if view else ():
            names = {each.id for each in node.targets if isinstance(each, ast.Name)}
            if view and _CONSTANT in names and view.source.text(node.value) == old:
                yield Edit(view.source.span(node.value), new.encode(), path)


CHECKS = (
    Check(
        "TEAM601",
        "oversized-service",
        "A service may grow past the number of instances that is wanted.",
        find,
        (b"maxScale",),
        YAML,
        plan=plan,
    ),
)
