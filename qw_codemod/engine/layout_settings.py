"""What a project says of its layout: its formatter, and how wide its linters let a line be."""

from __future__ import annotations

import configparser
import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from qw_codemod.kernel import toml

_HOOK = re.compile(r"^\s*-\s*id:\s*[\"']?([\w-]+)", re.M)
_LENGTH = re.compile(r"--line-length[\s=,\"']+(\d+)|(?<![\w-])-l[\s,\"']*(\d+)")
_PINNING = re.compile(
    r".*requirements.*\.(txt|in)|constraints.*\.txt|(dev|lint|test)s?\.(txt|in)|pyproject\.toml"
    r"|Pipfile|(uv|poetry|pdm)\.lock|\.pre-commit-config\.ya?ml"
)
_PIN = re.compile(
    r"(?<![\w-])ruff[\"']?\s*={1,3}\s*[\"']?v?(\d[\w.]*)"  # ruff==0.5.7, ruff = "0.5.7"
    r"|name = \"ruff\"\s+version = \"([\w.]+)\""
    r"|ruff-pre-commit[\"']?\s+rev:\s*[\"']?v?(\d[\w.]*)"
)


@dataclass(frozen=True, slots=True)
class Formatter:
    """How a folder's files are formatted: by ruff, which stands in for black too, or by yapf."""

    arguments: tuple[str, ...] = ()  # of ruff
    sorts_imports: bool = False  # there is a configuration of ruff's, which may select `I`
    differs: bool = False  # from the formatter of the project: ruff stands in for black
    style: Mapping[str, str] = field(default_factory=dict, hash=False)  # yapf's


@lru_cache(maxsize=4096)
def is_pinned_otherwise(folder: Path) -> bool:
    """Whether the project asks for another version of ruff than the one that runs here.

    What that one left clean may look otherwise to this one.
    """
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _PINNING.fullmatch(file.name):
            with contextlib.suppress(OSError, ValueError):
                found = _PIN.search(file.read_text("utf-8"))
                if found:
                    return (found[1] or found[2] or found[3]) != version("ruff")
    if (folder / ".git").exists() or folder.parent == folder:
        return False
    return is_pinned_otherwise(folder.parent)


@lru_cache(maxsize=4096)
def formatter_for(folder: Path) -> Formatter | None:
    """The formatter that the nearest configuration at or above a folder names, if any does."""
    found = _configured(folder)
    if found is not None or (folder / ".git").exists() or folder.parent == folder:
        return found
    return formatter_for(folder.parent)


@lru_cache(maxsize=4096)
def has_ruff(folder: Path) -> bool:
    """Whether there is a configuration of ruff's at or above a folder."""
    if _has_ruff(folder):
        return True
    return not (folder / ".git").exists() and folder.parent != folder and has_ruff(folder.parent)


def _has_ruff(folder: Path) -> bool:
    tool = _read_toml(folder / "pyproject.toml").get("tool", {})
    return "ruff" in tool or any((folder / n).is_file() for n in ("ruff.toml", ".ruff.toml"))


def _configured(folder: Path) -> Formatter | None:
    tool = _read_toml(folder / "pyproject.toml").get("tool", {})
    has_ruff = _has_ruff(folder)
    hooks = _hooks(folder / ".pre-commit-config.yaml")
    ruff = Formatter((), sorts_imports=True)
    if "black" in tool and not (has_ruff and "ruff-format" in hooks):
        return Formatter(_as_black(tool["black"]), has_ruff, differs=True)
    if has_ruff and "black" in hooks:
        return Formatter(_as_black(_black_arguments(hooks["black"])), True, differs=True)
    if (style := _settings_of_yapf(folder, tool)) and "ruff-format" not in hooks:
        return Formatter((), has_ruff, differs=True, style=_style_of_yapf(style))
    if has_ruff:
        return ruff
    if "black" in hooks:
        return Formatter(_as_black(_black_arguments(hooks["black"])), differs=True)
    if "ruff-format" in hooks:
        return Formatter(("--isolated", *_line_length(hooks["ruff-format"])))
    return None


def _settings_of_yapf(folder: Path, tool: dict[str, Any]) -> Mapping[str, Any]:
    """The style that yapf finds in a folder, in the order in which it looks, or none."""
    return (
        _section(folder / ".style.yapf", "style")
        or _section(folder / "setup.cfg", "yapf")
        or tool.get("yapf", {})
    )


def _style_of_yapf(settings: Mapping[str, Any]) -> Mapping[str, str]:
    style = {key: str(value) for key, value in settings.items()}
    if style.get("based_on_style") == "chromium":
        style["based_on_style"] = "yapf"  # as it is called since yapf 0.30
    return style


@lru_cache(maxsize=4096)
def limit_for(folder: Path) -> int | None:
    """How wide the linters of the project let a line be: the nearest configuration counts."""
    found = min(_limits(folder), default=None)
    if found is not None or (folder / ".git").exists() or folder.parent == folder:
        return found
    return limit_for(folder.parent)


def _limits(folder: Path) -> Iterator[int]:
    for name in (".flake8", "setup.cfg", "tox.ini"):
        for section in ("flake8", "pycodestyle"):
            settings = _section(folder / name, section)
            if not _turns_off([settings], "E501"):
                yield from _numbers(settings)
    for name in (".pylintrc", "pylintrc", "setup.cfg"):
        file = _read_ini(folder / name)
        sections = [
            file[each]
            for each in file.sections()
            if name != "setup.cfg" or each.startswith("pylint.")
        ]
        if not _turns_off(sections, "line-too-long", "C0301"):
            yield from chain.from_iterable(map(_numbers, sections))
    tool = _read_toml(folder / "pyproject.toml").get("tool", {})
    yield from _numbers(_settings_of_yapf(folder, tool))
    tables = [each for each in tool.get("pylint", {}).values() if isinstance(each, dict)]
    if not _turns_off(tables, "line-too-long", "C0301"):
        for table in tables:
            yield from _numbers(table)


def _turns_off(sections: Iterable[Mapping[str, Any]], *rules: str) -> bool:
    """Whether a linter is told not to look at how long a line is."""
    return any(
        rule in str(section.get(option, ""))
        for section in sections
        for option in ("ignore", "extend-ignore", "disable")
        for rule in rules
    )


def _section(path: Path, name: str) -> Mapping[str, str]:
    file = _read_ini(path)
    return file[name] if file.has_section(name) else {}


def _numbers(settings: Mapping[str, Any]) -> Iterator[int]:
    for name in ("max-line-length", "max_line_length", "column_limit"):
        text = str(settings.get(name, ""))
        if text.isdecimal() and int(text) > 0:
            yield int(text)


def _read_ini(path: Path) -> configparser.RawConfigParser:
    """An ini file; an empty one where there is none or where its own tool complains about it."""
    parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=("#", ";"))
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, ValueError, configparser.Error):
        return configparser.RawConfigParser()
    return parser


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return toml.parsed(path.read_text("utf-8"))
    except (OSError, ValueError):  # ruff itself complains about a file that it cannot read
        return {}


def _hooks(path: Path) -> dict[str, str]:
    """The text of each hook's entry; a YAML parser is not worth a dependency for this."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return {}
    text = re.sub(r"(?m)^\s*#.*$", "", text)
    starts = list(_HOOK.finditer(text))
    ends = [*(match.start() for match in starts), len(text)][1:]
    return {match[1]: text[match.end() : end] for match, end in zip(starts, ends, strict=True)}


def _line_length(hook: str) -> tuple[str, ...]:
    match = _LENGTH.search(hook)
    return ("--line-length", match[1] or match[2]) if match else ()


def _black_arguments(hook: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if length := _line_length(hook):
        found["line-length"] = int(length[1])
    found["skip-string-normalization"] = bool(re.search(r"-S\b|--skip-string-norm", hook))
    found["skip-magic-trailing-comma"] = bool(re.search(r"-C\b|--skip-magic", hook))
    return found


def _as_black(settings: dict[str, Any]) -> tuple[str, ...]:
    """Ruff's arguments for black's settings; both default to 88 characters and double quotes."""
    arguments = ["--isolated", "--line-length", str(settings.get("line-length", 88))]
    if settings.get("skip-string-normalization"):
        arguments += ["--config", 'format.quote-style="preserve"']
    if settings.get("skip-magic-trailing-comma"):
        arguments += ["--config", "format.skip-magic-trailing-comma=true"]
    targets = settings.get("target-version", ())
    targets = [targets] if isinstance(targets, str) else targets
    known = sorted((int(each[3:]), each) for each in targets if re.fullmatch(r"py3\d+", each))
    if known:
        arguments += ["--target-version", known[0][1]]
    return tuple(arguments)


BLACK = Formatter(_as_black({}), differs=True)  # as it is without a configuration
