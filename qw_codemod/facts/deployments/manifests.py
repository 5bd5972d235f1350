"""What manifests deploy and stop: AWS Lambda, Kubernetes, Cloud Run, Azure Functions.

    Resources:
      Refresh:
        Type: AWS::Serverless::Function
        Properties: {CodeUri: functions/refresh/, Handler: main.handler, Timeout: 60}

is a unit of the folder, which starts with `main.py` and is stopped after 60 seconds. A job of
Kubernetes with `activeDeadlineSeconds`, and a service of Cloud Run with `timeoutSeconds`, are those
of the image that they run, and of the files that their commands start.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qw_codemod.facts.deployments.values import (
    LAMBDA_SECONDS,
    Deadline,
    Layout,
    Start,
    Told,
    Unit,
)

Path = tuple[str, ...]

_LAMBDAS = frozenset({"AWS::Serverless::Function", "AWS::Lambda::Function"})
_OF_SERVERLESS = 6.0  # [serverless.com/framework/docs/providers/aws/guide/functions]
# [github.com/nficano/python-lambda, "aws_lambda.py": create_function, build]
_OF_PYTHON_LAMBDA = 15.0
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SPAN = re.compile(r"(?:(\d+)\.)?(\d+):(\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A scalar of a YAML text, the keys that lead to it (`-` in a list), and its line from 1."""

    path: Path
    value: str
    line: int


def entries(text: str) -> Iterator[list[Entry]]:
    """The scalars of each document of a text, up to the first one that is no YAML.

    A template of Helm is none: what it deploys is not known before it is filled in.
    """
    import yaml

    try:
        for document in yaml.compose_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            yield [*_scalars(document, (), frozenset())]
    except (yaml.YAMLError, RecursionError):
        return


def _scalars(node: Any, path: Path, around: frozenset[int]) -> Iterator[Entry]:
    """Those of a node; an alias to what it stands in is left out."""
    if id(node) in around:
        return
    within = around | {id(node)}
    if isinstance(node.value, str):
        tag = f"{node.tag} " if node.tag.startswith("!") else ""
        yield Entry(path, tag + node.value, node.start_mark.line + 1)
    elif node.id == "mapping":
        for key, value in node.value:
            if isinstance(key.value, str):
                yield from _scalars(value, (*path, key.value), within)
    else:
        for value in node.value:
            yield from _scalars(value, (*path, "-"), within)


def told_by_manifest(path: str, text: str, layout: Layout) -> Told:
    """What a YAML file deploys, and after how long that is stopped."""
    told = Told()
    folder = posixpath.dirname(path)
    is_serverless = re.match(r"serverless\b", posixpath.basename(path)) is not None
    for found in entries(text):
        if not found:
            continue
        if is_serverless:
            told.units += _of_serverless(path, folder, found, layout)
        else:
            told.units += _of_template(path, folder, found, layout)
            told.units += _of_python_lambda(path, folder, found, layout)
        told.images += _of_workload(path, found)
    return told


def timed(starts: Sequence[Start], path: str, text: str) -> list[Start]:
    """The starts that a manifest tells, with the deadline of the workload that each is of."""
    spans = []
    for found in entries(text):
        for each in _of_workload(path, found):
            spans.append((found[0].line, found[-1].line, each.seconds, each.line))
    return [
        next(
            (
                replace(start, seconds=seconds, stopped_at=line)
                for first, last, seconds, line in spans
                if first <= start.line <= last
            ),
            start,
        )
        for start in starts
    ]


# -- AWS Lambda -----------------------------------------------------------------------------------


def _of_template(path: str, folder: str, found: Sequence[Entry], layout: Layout) -> Iterator[Unit]:
    """The functions of a template of SAM or CloudFormation."""
    said = {each.path: each for each in found}
    shared = ("Globals", "Function")
    for each in found:
        if len(each.path) != 3 or each.path[0] != "Resources" or each.path[2] != "Type":
            continue
        if each.value not in _LAMBDAS:
            continue

        def given(key: str, name: str = each.path[1]) -> str:
            own = said.get(("Resources", name, "Properties", key)) or said.get((*shared, key))
            return own.value if own is not None else ""

        source = given("CodeUri") or given("Code") or "."
        if source.startswith(("s3:", "!", "$")) or not given("Handler"):
            continue
        of = posixpath.normpath(posixpath.join(folder, source))
        seconds = _number(given("Timeout"), LAMBDA_SECONDS)
        yield from _lambda(each.path[1], path, each.line, of, given("Handler"), seconds, layout)


def _of_serverless(
    path: str, folder: str, found: Sequence[Entry], layout: Layout
) -> Iterator[Unit]:
    """The functions of a `serverless.yml`, each of which is given the whole service."""
    said = {each.path: each for each in found}
    usual = said.get(("provider", "timeout"))
    provider = said.get(("provider", "name")) or said.get(("provider",))
    if provider is None or provider.value != "aws":
        return
    for each in found:
        if len(each.path) != 3 or each.path[0] != "functions" or each.path[2] != "handler":
            continue
        own = said.get(("functions", each.path[1], "timeout")) or usual
        seconds = _number(own.value if own is not None else "", _OF_SERVERLESS)
        line = own.line if own is not None else each.line
        yield from _lambda(each.path[1], path, line, folder, each.value, seconds, layout)


def _of_python_lambda(
    path: str, folder: str, found: Sequence[Entry], layout: Layout
) -> Iterator[Unit]:
    """The function of a `config.yaml` of python-lambda: the files beside it, and named folders."""
    said = {each.path[0]: each for each in found if len(each.path) == 1}
    if not {"function_name", "handler", "runtime"} <= said.keys():
        return
    limit = said.get("timeout", said["function_name"])
    seconds = _number(said["timeout"].value if "timeout" in said else "", _OF_PYTHON_LAMBDA)
    named = (each.value for each in found if each.path == ("build", "source_directories"))
    inner = [name for each in named for part in each.split(",") if (name := part.strip())]
    copies = [(f"{folder}/*.py", "/"), *((f"{folder}/{each}", f"/{each}") for each in inner)]
    name, handler = said["function_name"].value, said["handler"].value
    for unit in _lambda(name, path, limit.line, folder, handler, seconds, layout):
        yield replace(unit, copies=tuple(copies))


def _lambda(
    name: str, path: str, line: int, of: str, handler: str, seconds: float | None, layout: Layout
) -> Iterator[Unit]:
    """The unit of a function whose handler is written `package/module.function`, or with dots."""
    entry = layout.handler(of, handler)
    if not entry:
        return
    installs = (f"{of}/requirements.txt", f"{of}/pyproject.toml")
    yield Unit(name, path, line, ((of, "/"),), ("/",), (entry,), installs, seconds)


def _number(text: str, otherwise: float) -> float | None:
    """A number that is spelled; None where a parameter gives it."""
    if not text:
        return otherwise
    return float(text) if _NUMBER.fullmatch(text) else None


# -- Kubernetes and Cloud Run ---------------------------------------------------------------------


def _of_workload(path: str, found: Sequence[Entry]) -> Iterator[Deadline]:
    """What ends a job of Kubernetes, or a request or a task of Cloud Run."""
    said = {each.path: each for each in found}
    kind = said.get(("kind",))
    jobs = {"CronJob": ("spec", "jobTemplate"), "Job": ()}
    limits: list[Path] = []
    version = said.get(("apiVersion",))
    of_run = version is not None and re.match(
        r"(serving\.knative|run\.googleapis)\b", version.value
    )
    if kind is None:
        return
    if of_run and kind.value == "Service":
        limits.append(("spec", "template", "spec", "timeoutSeconds"))
    elif of_run and kind.value == "Job":
        limits.append(("spec", "template", "spec", "template", "spec", "timeoutSeconds"))
    elif kind.value in jobs:
        start = jobs[kind.value]
        limits.append((*start, "spec", "activeDeadlineSeconds"))
        limits.append((*start, "spec", "template", "spec", "activeDeadlineSeconds"))
    known = [said[each] for each in limits if each in said and _NUMBER.fullmatch(said[each].value)]
    if not known:
        return
    least = min(known, key=lambda each: float(each.value))
    images = [each.value for each in found if each.path[-1] == "image"]
    named = said.get(("metadata", "name"))
    name = re.split(r"[:@]", images[0].rpartition("/")[2])[0] if images else ""
    name = name or (named.value if named is not None else "")
    yield Deadline(name, float(least.value), path, least.line)


# -- Azure Functions ------------------------------------------------------------------------------


def told_by_host(path: str, text: str, layout: Layout) -> Told:
    """What a `host.json` says of the functions of Azure that lie beside it."""
    try:
        limit = json.loads(text).get("functionTimeout", "")
    except (AttributeError, ValueError):
        return Told()
    match = _SPAN.fullmatch(limit) if isinstance(limit, str) else None
    folder = posixpath.dirname(path)
    entries_ = [
        each
        for each in layout.below(folder)
        if (inner := each[len(folder) + 1 :]) == "function_app.py"
        or inner.endswith("/__init__.py")
        and layout.lists(f"{posixpath.dirname(each)}/function.json")
    ]
    if match is None or not entries_:
        return Told()
    days, hours, minutes, rest = (int(each or 0) for each in match.groups())
    seconds = float(((days * 24 + hours) * 60 + minutes) * 60 + rest)
    line = text.count("\n", 0, text.find("functionTimeout")) + 1
    installs = (f"{folder}/requirements.txt", f"{folder}/pyproject.toml")
    name = posixpath.relpath(folder, layout.root)
    name = posixpath.basename(layout.root) if name == "." else name
    return Told(
        units=[Unit(name, path, line, ((folder, "/"),), ("/",), tuple(entries_), installs, seconds)]
    )
