"""Requests of google-api-python-client that are sent without `num_retries`, once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from qw_codemod.analysis.constants import values_of
from qw_codemod.analysis.deadlines import deadline_around
from qw_codemod.analysis.test_doubles import compatibility
from qw_codemod.analysis.test_doubles.compatibility import Producers
from qw_codemod.infer import Inference, Instance, Library, Unknown, Value, judge
from qw_codemod.infer.statements import Suggests
from qw_codemod.kernel.statements import At, InLine
from qw_codemod.libraries.googleapi import DOWNLOAD, RESOURCE
from qw_codemod.python.identifiers import words
from qw_codemod.python.imports import imports_of
from qw_codemod.python.syntax import last_name
from qw_codemod.rules.api import (
    Context,
    Evidence,
    Fact,
    Obstacle,
    SourceFile,
    Statement,
    Unfixable,
    Unsafe,
)

from . import reasons
from .already_retried import why_run_again
from .event_loop import why_node_blocks
from .purpose import READING
from .tokens import GOOGLE

_PACKAGES = ("googleapiclient", "apiclient.discovery")
# What is raised once the tries are used up: with num_retries=3 there are four after 5xx, 429, a
# rate limit's 403, time-outs, refused and reset connections and names that do not resolve, and one
# after 408 and other 4xx. [run: google-api-python-client 2.202.0, httplib2 0.32.1]
_ERRORS = (
    "googleapiclient.errors.HttpError",
    "httplib2.ServerNotFoundError",
    "TimeoutError",
    "ConnectionError",
)
_MEDIA = "get_media"


@dataclass(frozen=True, slots=True)
class GoogleRequest:
    """A call of `execute()` or `next_chunk()`, and the methods that may have made the request."""

    node: ast.Call
    name: str
    methods: tuple[str, ...]
    evidence: Evidence
    exempt: Statement | None = None


def google_requests(source: SourceFile, infer: Inference) -> Iterator[GoogleRequest]:
    """The requests of a file that nothing makes try again, or that say why not (`exempt`)."""
    if not any(each in source.data for each in GOOGLE) or not infer.tree.holding(_PACKAGES):
        return
    imported = any(
        each.package in ("googleapiclient", "apiclient") for each in imports_of(source.tree)
    )
    for node in source.nodes(ast.Call):
        if not isinstance(node.func, ast.Attribute) or node.args:
            continue
        if node.func.attr not in ("execute", "next_chunk"):
            continue
        if any(each.arg in (None, "num_retries") for each in node.keywords):
            continue
        download = judge(infer.holds(source, node.func.value), _is_download)
        if node.func.attr == "next_chunk" and download is not None:
            yield GoogleRequest(node, "next_chunk", (_MEDIA,), download.evidence)
            continue
        methods = tuple(sorted({*_methods(source, infer, node.func.value)}))
        evidence = _evidence(source, infer, node, imported) if methods else None
        if evidence is not None:
            name = f"{methods[0]}().{node.func.attr}"
            yield GoogleRequest(node, name, methods, evidence)


def _methods(source: SourceFile, infer: Inference, receiver: ast.expr) -> Iterator[str]:
    """`list` of `service.files().list(...)`, also where that was given to a name."""
    if isinstance(receiver, ast.Call):
        if isinstance(receiver.func, ast.Attribute):
            yield receiver.func.attr.removesuffix("_next")
        return
    for where, value in values_of(source, infer, receiver):
        if where is source and isinstance(value, ast.Call):
            yield last_name(value).removesuffix("_next")


def _evidence(
    source: SourceFile, infer: Inference, node: ast.Call, imported: bool
) -> Evidence | None:
    assert isinstance(node.func, ast.Attribute)
    held = infer.holds(source, node.func.value)
    answer = judge(held, _is_request)
    if answer is not None:
        return answer.evidence
    chain = node.func.value
    is_chain = isinstance(chain, ast.Call) and isinstance(chain.func, ast.Attribute)
    if not imported or not is_chain or not all(isinstance(p.value, Unknown) for p in held):
        return None
    assert isinstance(chain, ast.Call) and isinstance(chain.func, ast.Attribute)
    if not isinstance(chain.func.value, ast.Call):
        return None
    why = Suggests(source.text(chain.func), RESOURCE)
    return Evidence("likely", (Fact(why, source.path, node.lineno),), why)


def _is_request(value: Value) -> bool:
    return isinstance(value, Instance) and value.of == Library(RESOURCE)


def _is_download(value: Value) -> bool:
    return isinstance(value, Instance) and value.of == Library(DOWNLOAD)


def why_left(source: SourceFile, context: Context, found: GoogleRequest) -> Statement | None:
    """Why a request is not to be tried again; None if it is."""
    infer = context.infer
    in_parts = last_name(found.node) == "next_chunk"
    again = why_run_again(source, infer, found.node, _ERRORS, in_parts=in_parts)
    if again is not None:
        return again
    deadline = deadline_around(source, found.node, is_async=False)
    if deadline is not None:
        return reasons.HasDeadline(InLine(deadline.lineno))
    for method in found.methods:
        if READING.isdisjoint(words(method)) and not context.settings.get("include_post"):
            return reasons.MayChange(method)
    return None


def assess_request(source: SourceFile, context: Context, found: GoogleRequest) -> Obstacle | None:
    """What else stands in the way of `num_retries=3`."""
    blocking = why_node_blocks(source, context.infer, found.node)
    if blocking is not None:
        return Unfixable(blocking)
    known = compatibility.of(context.infer.tree)
    producers = Producers(names=("service", "request", "client", "googleapiclient"))
    facts = known.refuses(
        source.path,
        last_name(found.node),
        "num_retries",
        producers=producers,
        line=found.node.lineno,
    )
    for fact in facts:
        return Unsafe(reasons.RefusedInTest(fact.what, At(fact.path, fact.line)))
    return None
