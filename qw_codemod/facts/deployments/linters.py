"""Which rules of ruff a project has its files checked by."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from qw_codemod.kernel import toml

_NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")  # the first in a folder counts
_CODE = re.compile(r"([A-Z]+)(\d*)")
# What ruff checks from 0.16 on where nothing is selected, of the rules that are asked for here.
# [run: ruff 0.17.6 --isolated; before that it was E4, E7, E9 and F]
_ITS_CHOICE = ("BLE001", "G201", "TRY401")
_SINCE = (0, 16)
_PINS = (  # where a version of ruff is told, beside its configuration
    ("uv.lock", re.compile(rb'name = "ruff"\s+version = "(\d+)\.(\d+)')),
    ("poetry.lock", re.compile(rb'name = "ruff"\s+version = "(\d+)\.(\d+)')),
    (".pre-commit-config.yaml", re.compile(rb"/ruff-pre-commit[\"']?\s+rev: *[\"']?v(\d+)\.(\d+)")),
    *(
        (name, re.compile(rb"\bruff *(?:==|>=|~=) *(\d+)\.(\d+)"))
        for name in ("pyproject.toml", "requirements-dev.txt", "requirements.txt")
    ),
)


@dataclass(frozen=True, slots=True)
class Linter:
    """What ruff is told for the files below a folder that no configuration is nearer to.

    Rules are named by their codes or the beginnings of these; patterns of paths are as they are
    written, relative to the folder.
    """

    folder: str
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()

    def finds(self, code: str, path: str) -> bool:
        """Whether a rule is on for a file."""
        below = path.removeprefix(f"{self.folder}/")
        parts = below.split("/")
        if any(fnmatchcase(e, p) for p in self.exclude for e in (below, *parts)):
            return False
        if _closest(self.select, code) <= _closest(self.ignore, code):
            return False
        return not any(
            _closest(codes, code) >= 0 and _fits(below, pattern) for pattern, codes in self.per_file
        )


def _closest(named: Sequence[str], code: str) -> int:
    """How much of a code the longest of some names tells; -1 where none means it."""
    found = [-1, *(0 for each in named if each == "ALL")]
    linter = _CODE.fullmatch(code)
    for each in named:
        match = _CODE.fullmatch(each)
        if match and linter and match[1] == linter[1] and linter[2].startswith(match[2]):
            found.append(len(each))
    return max(found)


def _fits(below: str, pattern: str) -> bool:
    if pattern.startswith("!"):
        return not _fits(below, pattern[1:])
    pattern = pattern.removeprefix("./")
    return any(fnmatchcase(each, pattern) for each in (below, f"/{below}", below.split("/")[-1]))


def linters(texts: Sequence[str], read: Callable[[str], bytes]) -> Iterator[Linter]:
    """The configurations of ruff, one a folder, in the order of the folders."""
    known = set(texts)
    for folder in sorted({path.rpartition("/")[0] for path in texts}):
        for name in _NAMES:
            path = f"{folder}/{name}"
            told = _told(path, known, read)
            if told is not None:
                its_choice = () if "select" in told else _chooses(folder, read)
                yield _linter(folder, told, its_choice)
                break


def _told(
    path: str, known: set[str], read: Callable[[str], bytes], depth: int = 5
) -> dict[str, Any] | None:
    """What ruff is told by a file and those that it extends; None where it is told nothing."""
    if path not in known or not depth:
        return None
    data = read(path)
    is_shared = path.endswith("/pyproject.toml")
    if is_shared and b"ruff" not in data:
        return None
    try:
        told: Any = toml.parsed(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    if is_shared:
        told = toml.table(told, "tool").get("ruff")
        if not isinstance(told, dict):
            return None
    own: dict[str, Any] = {
        **told,
        **toml.table(told, "lint"),
    }  # where the settings of rules stood before
    extended = own.get("extend")
    if isinstance(extended, str):
        other = posixpath.normpath(posixpath.join(path.rpartition("/")[0], extended))
        own = {**(_told(other, known, read, depth - 1) or {}), **own}
    return own


def _chooses(folder: str, read: Callable[[str], bytes]) -> tuple[str, ...]:
    """What the ruff that a folder asks for checks of its own accord; nothing if none is told."""
    for name, version in _PINS:
        if found := version.search(read(f"{folder}/{name}")):
            is_new = (int(found[1]), int(found[2])) >= _SINCE
            return _ITS_CHOICE if is_new else ()
    return ()


def _linter(folder: str, told: dict[str, Any], its_choice: tuple[str, ...]) -> Linter:
    per_file = {
        **toml.table(told, "per-file-ignores"),
        **toml.table(told, "extend-per-file-ignores"),
    }
    return Linter(
        folder,
        (
            *its_choice,
            *toml.texts(told.get("select")),
            *toml.texts(told.get("extend-select")),
        ),
        (*toml.texts(told.get("ignore")), *toml.texts(told.get("extend-ignore"))),
        tuple((pattern, toml.texts(per_file[pattern])) for pattern in sorted(per_file)),
        (*toml.texts(told.get("exclude")), *toml.texts(told.get("extend-exclude"))),
    )
