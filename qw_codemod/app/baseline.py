"""Findings that are known and accepted for now: recognised by path, code and the line's text."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qw_codemod.kernel.model import Finding, Outcome

_VERSION = 1

_Key = tuple[str, str, str]  # path relative to the root, code, text of the line


class BaselineError(Exception):
    """The file cannot be read or written; the message says why."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The findings that the baseline knows, and its entries that nothing answers to any more."""

    known: frozenset[Finding]
    removable: tuple[str, ...]


def compare(file: Path, outcomes: Sequence[Outcome], root: str) -> Comparison:
    """What of a run is known already.

    The number of equal lines counts: a copy of a known line is a new finding.
    """
    entries = _read(file)
    known = []
    for key, finding in _keys(outcomes, root):
        if entries[key] > 0:
            entries[key] -= 1
            known.append(finding)
    examined = _examined(outcomes, root)
    removable = tuple(
        f"{path}: {code} {text}" + (f" ({count} times)" if count > 1 else "")
        for (path, code, text), count in sorted(entries.items())
        if count > 0 and (path in examined or not Path(root, path).exists())
    )
    return Comparison(frozenset(known), removable)


def write(file: Path, outcomes: Sequence[Outcome], root: str) -> tuple[int, int]:
    """Make what stands now the baseline; entries of files that were not examined stay.

    Gives the number of entries that came, and that went.
    """
    former = _read(file) if file.exists() else Counter[_Key]()
    examined = _examined(outcomes, root)
    entries = Counter(key for key, _ in _keys(outcomes, root))
    for key, count in former.items():
        if key[0] not in examined and Path(root, key[0]).exists():
            entries[key] = count
    table = [
        {"path": path, "code": code, "line": text, "count": count}
        for (path, code, text), count in sorted(entries.items())
    ]
    lines = ",\n".join(f"  {json.dumps(each, ensure_ascii=False)}" for each in table)
    listed = f"[\n{lines}\n ]" if table else "[]"
    text = f'{{"version": {_VERSION}, "findings": {listed}}}\n'
    temporary = file.with_name(f".{file.name}.new")
    try:
        temporary.write_text(text, "utf-8")
        temporary.replace(file)
    except OSError as error:
        raise BaselineError(f"{file} cannot be written: {error.strerror}") from error
    return (entries - former).total(), (former - entries).total()


def _read(file: Path) -> Counter[_Key]:
    try:
        loaded: Any = json.loads(file.read_bytes())
        if loaded["version"] != _VERSION:
            raise BaselineError(f"{file} was written by another version of qw-codemod")
        return Counter(
            {
                (str(each["path"]), str(each["code"]), str(each["line"])): int(each["count"])
                for each in loaded["findings"]
            }
        )
    except FileNotFoundError:
        raise BaselineError(f"{file} does not exist; create it with --write-baseline") from None
    except OSError as error:
        raise BaselineError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BaselineError(f"{file} is not a baseline; create it with --write-baseline") from error


def _keys(outcomes: Iterable[Outcome], root: str) -> Iterator[tuple[_Key, Finding]]:
    for outcome in outcomes:
        path = _relative(outcome.report.path, root)
        for finding in outcome.report.findings:
            text = outcome.lines.get(finding.line, "").strip()
            yield (path, finding.code, text), finding


def _examined(outcomes: Iterable[Outcome], root: str) -> set[str]:
    return {
        _relative(outcome.report.path, root) for outcome in outcomes if not outcome.report.problems
    }


def _relative(path: str, root: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")
