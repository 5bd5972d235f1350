"""Keeps an edited file clean under the project's own formatter, if it was clean before."""

from __future__ import annotations

import ast
import contextlib
import difflib
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qw_codemod.languages.python import WIDTH, SourceFile, UnreadableSource
from qw_codemod.python.imports import ImportedName, imports_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SECONDS = 60  # for one run of ruff, which takes some milliseconds
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
_Block = tuple[str, int, int, int, int]  # difflib's: what it is, old lines, new lines


@dataclass(frozen=True, slots=True)
class Styled:
    """The bytes to write, and a note where the formatter could not be run."""

    data: bytes
    note: str = ""


@dataclass(frozen=True, slots=True)
class Formatter:
    """How a folder's files are formatted: arguments of ruff, which stands in for black too."""

    arguments: tuple[str, ...]
    sorts_imports: bool = False  # there is a configuration of ruff's, which may select `I`
    for_black: bool = False  # where ruff stands in for black, which it differs from here and there


class _RuffFailed(Exception):
    pass


def _grows_wide(before: bytes, after: bytes) -> bool:
    """Whether there are more lines now that are wider than black lets them be."""
    return _wide_lines(before) < _wide_lines(after)


def _wide_lines(data: bytes) -> int:
    return sum(len(line.decode("utf-8", "replace")) > WIDTH for line in data.splitlines())


def restyle(path: str, before: bytes, after: bytes) -> Styled:
    """The edited bytes as the project's formatter would have them.

    They stay as they are where the file was not clean before; if it may be clean under the
    project's own version, the lines are formatted that were edited. Where no formatter is
    configured, CI may run one all the same: what black leaves alone stays so. `path` need not
    exist; its folder's configuration counts, as the nearest folder's above it.
    """
    formatter = formatter_for(Path(path).absolute().parent)
    if before == after or (formatter is None and not _grows_wide(before, after)):
        return Styled(after)
    try:
        if formatter is None:
            is_clean = _formatted(path, before, _BLACK) == before
            return Styled(_formatted(path, after, _BLACK) if is_clean else after)
        if formatter.sorts_imports and _imports(before) != _imports(after):
            after = _sorted_imports(path, before, after)
        clean = _formatted(path, before, formatter)
        if clean == before:
            return Styled(_formatted(path, after, formatter))
        if formatter.for_black or _is_pinned_otherwise(Path(path).absolute().parent):
            return Styled(_merged(before, clean, after, _formatted(path, after, formatter)))
        return Styled(after)
    except (
        _RuffFailed,
        UnreadableSource,
        OSError,
        ImportError,
        subprocess.TimeoutExpired,
    ) as error:
        return Styled(after, f"not formatted: {error}")


@lru_cache(maxsize=4096)
def _is_pinned_otherwise(folder: Path) -> bool:
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
    return _is_pinned_otherwise(folder.parent)


def _merged(before: bytes, clean: bytes, after: bytes, formatted: bytes) -> bytes:
    """The edited bytes, formatted where they were edited and only where they were clean before.

    A file may be clean under black and not under ruff: lines that ruff would have changed anyway
    say nothing about those that were edited.
    """
    old, new, wanted = (each.splitlines(keepends=True) for each in (before, after, formatted))
    dirty: set[int] = set()
    for _, start, end, _, _ in _changes(old, clean.splitlines(keepends=True)):
        dirty.update(range(start, end) if end > start else (start - 1, start))
    edited, unclean = set[int](), set[int]()  # lines of the new
    for tag, start, end, first, last in _blocks(old, new):
        if tag != "equal":
            edited.update(range(first, last))
            unclean.update(range(first, last) if dirty & {*range(start, end)} else ())
        else:
            unclean.update(line - start + first for line in dirty & {*range(start, end)})
    merged: list[bytes] = []
    at = 0
    for _, start, end, first, last in _changes(new, wanted):
        lines = {*range(start, end)}
        if lines & edited and not lines & unclean:
            merged += [*new[at:start], *wanted[first:last]]
            at = end
    result = b"".join([*merged, *new[at:]])
    # a change that was taken in half would change what the file says
    return result if _meaning(result) == _meaning(after) else after


def _blocks(old: list[bytes], new: list[bytes]) -> Sequence[_Block]:
    """Which lines of the old are which of the new."""
    return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _changes(old: list[bytes], new: list[bytes]) -> list[_Block]:
    return [block for block in _blocks(old, new) if block[0] != "equal"]


def _meaning(data: bytes) -> str:
    try:
        return ast.dump(ast.parse(data))
    except (SyntaxError, ValueError, RecursionError):
        return ""


def _imports(data: bytes) -> list[ImportedName]:
    return [each._replace(line=0) for each in imports_of(SourceFile("", data).tree)]


def _sorted_imports(path: str, before: bytes, after: bytes) -> bytes:
    """Ruff decides by the project's selection whether I001 is on; no other rule may fix here."""
    command = ("check", "--fix-only", "--exit-zero", "--quiet", "--fixable", "I001")
    if _ruff(path, before, command) != before:
        return after
    return _ruff(path, after, command)


def _formatted(path: str, data: bytes, formatter: Formatter) -> bytes:
    return _ruff(path, data, ("format", "--quiet", *formatter.arguments))


def _ruff(path: str, data: bytes, arguments: Iterable[str]) -> bytes:
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]

    rest = ("--no-cache", "--force-exclude", "--stdin-filename", path, "-")
    done = subprocess.run(
        [find_ruff_bin(), *arguments, *rest],
        input=data,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = [each.strip() for each in done.stderr.decode(errors="replace").splitlines()]
        raise _RuffFailed("; ".join(filter(None, lines)) or f"ruff ended with {done.returncode}")
    return done.stdout


@lru_cache(maxsize=4096)
def formatter_for(folder: Path) -> Formatter | None:
    """The formatter that the nearest configuration at or above a folder names, if any does."""
    found = _configured(folder)
    if found is not None or (folder / ".git").exists() or folder.parent == folder:
        return found
    return formatter_for(folder.parent)


def _configured(folder: Path) -> Formatter | None:
    tool = _read_toml(folder / "pyproject.toml").get("tool", {})
    has_ruff = "ruff" in tool or any((folder / n).is_file() for n in ("ruff.toml", ".ruff.toml"))
    hooks = _hooks(folder / ".pre-commit-config.yaml")
    ruff = Formatter((), sorts_imports=True)
    if "black" in tool and not (has_ruff and "ruff-format" in hooks):
        return Formatter(_as_black(tool["black"]), has_ruff, for_black=True)
    if has_ruff and "black" in hooks:
        return Formatter(_as_black(_black_arguments(hooks["black"])), True, for_black=True)
    if has_ruff:
        return ruff
    if "black" in hooks:
        return Formatter(_as_black(_black_arguments(hooks["black"])), for_black=True)
    if "ruff-format" in hooks:
        return Formatter(("--isolated", *_line_length(hooks["ruff-format"])))
    return None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
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


_BLACK = Formatter(_as_black({}), for_black=True)  # as it is without a configuration
