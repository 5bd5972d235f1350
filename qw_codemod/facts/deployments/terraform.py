"""What Terraform packs into archives, and the deadlines of the functions that it deploys."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from qw_codemod.facts.deployments.values import (
    FUNCTION_SECONDS,
    LAMBDA_SECONDS,
    Deadline,
    Layout,
    Told,
    Unit,
    seconds_of,
)

_BLOCK = re.compile(r'^(data|resource|module)[ \t]+"([\w-]+)"(?:[ \t]+"([\w-]+)")?[ \t]*\{', re.M)
_LOCALS = re.compile(r"^locals[ \t]*\{", re.M)
_SETS = re.compile(r"^[ \t]*([\w-]+)[ \t]*=[ \t]*(.+?)[ \t]*(?:#.*)?$", re.M)
_FOLDER = re.compile(r"\$\{path\.(?:module|cwd)\}|\$\{path\.root\}")
_PROBE = re.compile(r"\w*probe[ \t]*\{(?:[^{}]|\{[^{}]*\})*\}")  # which has a timeout of its own
_RETRIED = re.compile(  # of events, in both generations of functions
    r"^[ \t]*(?:retry[ \t]*=[ \t]*true|retry_policy[ \t]*=[ \t]*\"RETRY_POLICY_RETRY\")", re.M
)
_PERMISSIONS = frozenset(
    "aws_lambda_function_url aws_lambda_function_event_invoke_config "
    "google_cloudfunctions_function_iam_member google_cloudfunctions2_function_iam_member".split()
)
_OF_GOOGLE = frozenset({"google_cloudfunctions_function", "google_cloudfunctions2_function"})
_LIMITS = ("timeout_seconds", "timeout")


class _Block(NamedTuple):
    kind: str
    name: str
    line: int
    text: str

    def value(self, *keys: str) -> str:
        """The first value that is set under one of these keys."""
        for key in keys:
            if match := re.search(
                rf"^[ \t]*{key}[ \t]*=[ \t]*(.+?)[ \t]*(?:#.*)?$", self.text, re.M
            ):
                return match[1].strip()
        return ""


def told_by_terraform(path: str, text: str, layout: Layout, beside: str) -> Told:
    """What a file tells; `beside` is the text of all such files in its folder."""
    told = Told()
    named = dict(_locals(beside))
    functions = [each for each in _blocks(text) if "function" in each.kind]
    for block in _blocks(_PROBE.sub("", text)):
        if block.kind == "archive_file":
            unit = _archive(path, block, layout, named)
            if unit is not None:
                told.units.append(_timed(unit, block, functions, layout))
        elif block.kind.endswith("pubsub_subscription"):
            seconds = seconds_of(block.value("ack_deadline_seconds"))
            if seconds is not None:
                name = block.value("name").strip('"') or block.name
                told.deadlines.append(Deadline(name, seconds, path, block.line))
        elif block.kind.endswith("scheduler_job"):
            seconds = seconds_of(block.value("attempt_deadline").strip('"'))
            if seconds is not None:
                name = block.value("name").strip('"') or block.name
                told.deadlines.append(Deadline(name, seconds, path, block.line))
        elif "cloud_run" in block.kind:
            seconds = seconds_of(block.value(*_LIMITS))
            if seconds is not None:
                name = block.value("name").strip('"') or block.name
                told.images.append(Deadline(name, seconds, path, block.line))
    return told


def _archive(path: str, block: _Block, layout: Layout, named: Mapping[str, str]) -> Unit | None:
    source = block.value("source_dir", "source_file")
    for name, value in named.items():
        if source == f"local.{name}" or f"${{local.{name}}}" in source:
            source = source.replace(f"${{local.{name}}}", value.strip('"'))
            source = value if source == f"local.{name}" else source
    source = _FOLDER.sub(".", source.strip('"')).replace("path.module", ".")
    if not source or "$" in source:
        return None
    folder = posixpath.normpath(posixpath.join(os.path.dirname(path), source))
    if not layout.has(folder):
        return None
    is_file = layout.has_file(folder)
    place = "/" + posixpath.basename(folder) if is_file else "/"
    entries = [f"{folder}/main.py"] if layout.has_file(f"{folder}/main.py") else []
    installs = () if is_file else (f"{folder}/requirements.txt", f"{folder}/pyproject.toml")
    name = posixpath.relpath(folder, layout.root)
    return Unit(name, path, block.line, ((folder, place),), ("/",), tuple(entries), installs)


def _timed(unit: Unit, archive: _Block, functions: list[_Block], layout: Layout) -> Unit:
    """The unit with the deadline of its function: the only one, or the one that bears its name."""

    same = [
        each for each in functions if archive.name in (each.name, each.value("name").strip('"'))
    ]
    found = [each for each in same or functions if each.kind not in _PERMISSIONS]
    if len(found) != 1:
        return unit
    function = found[0]
    said = function.value(*_LIMITS)
    seconds = seconds_of(said)
    if function.kind == "aws_lambda_function":
        seconds = seconds if said else LAMBDA_SECONDS
        unit = _handled(unit, function.value("handler").strip('"'), layout)
    elif function.kind in _OF_GOOGLE:
        seconds = seconds if said else FUNCTION_SECONDS
        unit = replace(unit, is_retried=_RETRIED.search(function.text) is not None)
    return replace(unit, seconds=seconds)


def _handled(unit: Unit, handler: str, layout: Layout) -> Unit:
    """The unit with the module that a handler (`main.run`, `app/main.run`) is in."""
    for source, place in unit.copies:
        folder = source if place == "/" else posixpath.dirname(source)
        if entry := layout.handler(folder, handler):
            return replace(unit, entries=(entry,))
    return unit


def _blocks(text: str) -> Iterator[_Block]:
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield _Block(match[2], match[3] or "", line, _inside(text, match.end()))


def _locals(text: str) -> Iterator[tuple[str, str]]:
    for match in _LOCALS.finditer(text):
        for each in _SETS.finditer(_inside(text, match.end())):
            yield each[1], each[2]


def _inside(text: str, start: int) -> str:
    """What stands up to the bracket that closes the one before `start`."""
    depth = 1
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if not depth:
            return text[start:at]
    return text[start:]
