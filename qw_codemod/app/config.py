"""`[tool.qw-codemod]` of the pyproject.toml files between the project's root and a file."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qw_codemod.engine import files

if TYPE_CHECKING:
    from qw_codemod.rules.packs import Pack

TABLE = "tool.qw-codemod"

# What a family's module may declare as `SETTINGS`, by key: a kind, or the words to choose from.
Kind = str | tuple[str, ...]
Schemas = Mapping[str, Mapping[str, Kind] | None]  # by family; None: anything goes

_CONSTANT = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


class ConfigError(Exception):
    """A setting is wrong; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What counts for the files of one folder."""

    select: tuple[str, ...] = ("all",)
    ignore: tuple[str, ...] = ()
    exclude: tuple[tuple[str, str], ...] = ()  # the folder that a glob is relative to, the glob
    likely: bool = False
    unsafe: bool = False
    types: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()  # the files that said so, outermost first


class Config:
    """The settings of one project, read when they are asked for.

    Each pyproject.toml down to a file's folder is laid over the one above it, key by key.
    """

    def __init__(self, root: Path, schemas: Schemas) -> None:
        self._root = str(root)
        self._schemas = schemas
        self._known: dict[str, Settings] = {}

    def of(self, folder: str) -> Settings:
        """The settings of the files in a folder; raises ConfigError."""
        if folder not in self._known:
            inside = folder != self._root and folder.startswith(self._root.rstrip("/") + "/")
            above = self.of(os.path.dirname(folder)) if inside else Settings()
            self._known[folder] = _over(above, folder, self._schemas)
        return self._known[folder]

    def excluded(self, path: str) -> bool:
        """Whether the settings of its folder leave a file out."""
        patterns = self.of(os.path.dirname(path)).exclude
        return any(
            files.matches(path[len(folder) :].lstrip("/"), (pattern,))
            for folder, pattern in patterns
        )


def schemas(pack: Pack) -> Schemas:
    """The settings that each family's module declares."""
    declared: dict[str, Mapping[str, Kind] | None] = {}
    for rule in pack.rules:
        declared[rule.family] = getattr(sys.modules.get(rule.module), "SETTINGS", None)
    return declared


def _over(above: Settings, folder: str, schemas: Schemas) -> Settings:
    path = Path(folder, "pyproject.toml")
    table = _table(path)
    if table is None:
        return above
    values: dict[str, Any] = {
        "select": above.select,
        "ignore": above.ignore,
        "exclude": above.exclude,
        "likely": above.likely,
        "unsafe": above.unsafe,
        "types": above.types,
    }
    families = {family: dict(settings) for family, settings in above.families.items()}
    for key, value in table.items():
        if key in _READERS:
            try:
                read = _READERS[key](value)
            except ValueError as error:
                raise ConfigError(f"{_name(path)}: [{TABLE}] {key}: {error}") from None
            if key == "exclude":
                read = (*above.exclude, *((folder, pattern) for pattern in read))
            elif key == "types":
                read = {**above.types, **read}
            values[key] = read
        else:
            families.setdefault(key, {}).update(_family(path, key, value, schemas))
    return Settings(**values, families=families, sources=(*above.sources, str(path)))


def _table(path: Path) -> dict[str, Any] | None:
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{_name(path)} cannot be read: {error.strerror}") from error
    if b"qw-codemod" not in data:
        return None
    from qw_codemod.kernel import toml

    try:
        tool: Any = toml.parsed(data.decode()).get("tool", {})
    except ValueError as error:
        raise ConfigError(f"{_name(path)} is not valid TOML: {error}") from error
    table = tool.get("qw-codemod") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{_name(path)}: [{TABLE}] must be a table")
    return table


def _family(path: Path, family: str, value: Any, schemas: Schemas) -> dict[str, Any]:
    if family not in schemas:
        known = [*_READERS, *schemas]
        raise ConfigError(f"{_name(path)}: [{TABLE}] unknown key {family!r}{_near(family, known)}")
    if not isinstance(value, dict):
        raise ConfigError(f"{_name(path)}: [{TABLE}] {family}: must be a table")
    schema = schemas[family]
    for key, each in value.items():
        where = f"{_name(path)}: [{TABLE}.{family}]"
        if schema is None:
            continue
        if key not in schema:
            raise ConfigError(f"{where} unknown key {key!r}{_near(key, schema)}")
        if reason := _wrong(each, schema[key]):
            raise ConfigError(f"{where} {key}: {reason}, not {each!r}")
    return value


def _wrong(value: Any, kind: Kind) -> str:
    """What the value must be; empty if it is."""
    if isinstance(kind, tuple):
        return "" if value in kind else f"must be one of {', '.join(kind)}"
    if kind == "flag":
        return "" if isinstance(value, bool) else "must be true or false"
    if kind == "function":
        named = isinstance(value, str) and _CONSTANT.fullmatch(value)
        return "" if named else "must be a function as 'package.module:name'"
    if kind == "functions":
        listed = value if isinstance(value, list) else [value]
        if listed and all(isinstance(each, str) and _CONSTANT.fullmatch(each) for each in listed):
            return ""
        return "must be a function as 'package.module:name', or a list of them"
    if kind == "share":
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return "" if is_number and 0 < value < 1 else "must be a number between 0 and 1"
    if kind == "text":
        return "" if isinstance(value, str) else "must be a string"
    if isinstance(value, str) and _CONSTANT.fullmatch(value):
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e9:
        return ""
    return "must be a number of seconds or a constant as 'package.module:NAME'"


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"must be a list of strings, not {value!r}")
    return tuple(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def _types(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"must be a table, not {value!r}")
    for name, holds in value.items():
        if not isinstance(holds, str):
            raise ValueError(f"{name!r}: must be a dotted class name in quotes, not {holds!r}")
    return value


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "select": _strings,
    "ignore": _strings,
    "exclude": _strings,
    "likely": _flag,
    "unsafe": _flag,
    "types": _types,
}


def _near(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(word, names, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(names)}"


def _name(path: Path) -> str:
    relative = os.path.relpath(path).replace(os.sep, "/")
    return path.as_posix() if relative.startswith("../..") else relative
