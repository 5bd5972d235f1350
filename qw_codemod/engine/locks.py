"""What a lock or a compiled list gains by a package that is declared anew, where that is known.

A version that needs no other package changes nothing else in a lock: its entry, and who needs it.
Poetry's locks and compiled lists are written so, and uv's where they hold the version already, for
another package. Where a tool would work it out in another way, and in all other locks, it is left
to the tool: None is the answer of each function.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qw_codemod.kernel import toml
from qw_codemod.rules.api import Published

LARGEST = 20_000_000  # bytes
_PACKAGE = re.compile(r"^\[\[package\]\]\n(?:(?!\[\[package\]\]|\[metadata\]\n).*\n)*", re.M)
_PYTHON = re.compile(r"(?:>=|==|~=|\^|~)\s*(\d+)\.(\d+)")
_COMPILED_BY = re.compile(r"with Python (\d+)\.(\d+)", re.I)
_ROW = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==[^\n]*\n(?:[ \t]+[^\n]*\n)*", re.M)
_ORIGIN = re.compile(
    r"(?:# via|^ {4}#|,)[ \t]+(-r [^\s,]+|[\w.-]+ \([^\s)]*pyproject\.toml\))", re.M
)
_UNSAFE = re.compile(r"^# .*considered (?:to be )?unsafe", re.M)
_INDEX = re.compile(r"^(?:--index-url|-i)[ =]", re.M)
_OF_EXTRA = re.compile(r"\bmarker = \"extra == '[^'\"]+'\"")
_COLUMN = 24  # of pip-compile's notes at the end of a line, at least


@dataclass(frozen=True, slots=True)
class Need:
    """A package as a project declares it now: `said` is what follows its name, as `>=8.2`."""

    name: str
    said: str
    published: Published | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the list that a lock follows: `keys` as in its TOML, the text before and after.

    `folder` is that of the list, relative to that of the lock.
    """

    lock: str
    keys: tuple[str, ...]
    folder: str
    before: str
    after: str

    def locked(self, text: str, need: Need) -> str | None:
        """The lock with one package more."""
        if self.lock == "uv.lock" and self.keys == ("project", "dependencies"):
            return in_uv_lock(text, self.folder, need)
        if self.lock != "poetry.lock" or self.keys[-1:] != ("dependencies",) or self.folder != ".":
            return None
        return in_poetry_lock(text, _toml(self.before), _toml(self.after), need)


def version_in(lock: str, text: str, name: str) -> str:
    """The version of a package in a lock (`uv.lock`, ...) or in a compiled list; empty if none."""
    if lock == "Pipfile.lock":
        found = re.search(rf'"{re.escape(name)}": \{{[^{{}}]*"version": "==([^"]+)"', text)
    elif lock.endswith(".lock"):
        found = re.search(rf'^name = "{re.escape(name)}"\nversion = "([^"]+)"', text, re.M)
    else:
        found = re.search(rf"^{re.escape(name)}(?:\[[^\]]*\])?===?([^\s;\\]+)", text, re.M | re.I)
    return found[1] if found else ""


# -- uv -------------------------------------------------------------------------------------------


def in_uv_lock(text: str, folder: str, need: Need) -> str | None:
    """The lock in which the project of a folder (`.` where the lock lies) needs what is locked."""
    rows = [*_PACKAGE.finditer(text)]
    mark = re.compile(rf'^source = \{{ (?:virtual|editable) = "{re.escape(folder)}" \}}$', re.M)
    own = [each[0] for each in rows if mark.search(each[0])]
    locked = [each[0] for each in rows if _value(each[0], "name") == need.name]
    if len(own) != 1 or len(locked) != 1 or "\r" in text or not _is_simple(need):
        return None
    if not _meets(_value(locked[0], "version"), need.said):
        return None
    said = f', specifier = "{need.said}"' if need.said else ""
    new = _with_item(own[0], "dependencies", f'{{ name = "{need.name}" }}')
    new = new and _with_item(new, "requires-dist", f'{{ name = "{need.name}"{said} }}')
    return text.replace(own[0], new) if new else None


def _with_item(row: str, key: str, item: str) -> str:
    """A package's row with one more item in a sorted list; empty where it is not known how.

    What an extra requires stands beside it, with a marker that says so; what is required on some
    platforms alone would become one with it.
    """
    found = re.search(rf"^{key} = \[(?:\n((?:    .*,\n)*)|(\{{ [^{{}}\n]* \}}))\]$", row, re.M)
    if found is None:
        return ""
    items = [each.strip().removesuffix(",") for each in (found[1] or found[2]).splitlines()]
    if item in items:
        return row
    alike = [each for each in items if _item_name(each) == _item_name(item)]
    if not all(_OF_EXTRA.search(each) for each in alike):
        return ""
    lines = "".join(f"    {each},\n" for each in sorted([item, *items], key=_item_name))
    return f"{row[: found.start()]}{key} = [\n{lines}]{row[found.end() :]}"


def _item_name(item: str) -> str:
    found = re.match(r'\{ name = "([^"]*)"', item)
    return found[1] if found else ""


# -- poetry ---------------------------------------------------------------------------------------


def in_poetry_lock(
    text: str, before: Mapping[str, Any], after: Mapping[str, Any], need: Need
) -> str | None:
    """The lock of a pyproject.toml that was `before` and is `after`, with one more dependency."""
    data = _toml(text)
    metadata = data.get("metadata", {})
    known = metadata.get("content-hash", "-")
    forms = [(each, project) for each in (True, False) for project in (before, after)]
    form = next((form for form, each in forms if _content_hash(each, form) == known), None)
    is_private = bool(re.search(r'^type = "legacy"$', text, re.M)) or toml.table(
        after, "tool", "poetry"
    ).get("source")
    if form is None or is_private or "\r" in text or not _is_simple(need):
        return None
    made = re.sub(
        rf'^content-hash = "{known}"',
        f'content-hash = "{_content_hash(after, form)}"',
        text,
        flags=re.M,
    )
    row = next(
        (each[0] for each in _PACKAGE.finditer(text) if _value(each[0], "name") == need.name), ""
    )
    grouped = str(metadata.get("lock-version")) >= "2.1"
    if row:
        if (
            not _meets(_value(row, "version"), need.said)
            or "optional = true" in row
            or "\nmarkers =" in row
        ):
            return None
        groups = re.search(r"^groups = \[(.*)\]$", row, re.M)
        if groups is None:
            return None if grouped else made
        if '"main"' in groups[1]:
            return made
        return made.replace(row, row.replace(groups[0], f'groups = ["main", {groups[1]}]'))
    published = need.published
    if published is None or not _meets(published.version, need.said):
        return None
    if not _runs_on(published, str(metadata.get("python-versions", ""))):
        return None
    listed = "".join(
        f'    {{file = "{name}", hash = "sha256:{sha256}"}},\n'
        for name, sha256 in sorted(published.files)
    )
    extras = "".join(
        f"{name} = [{', '.join(map(json.dumps, needs))}]\n" for name, needs in published.extras
    )
    entry = (
        f'[[package]]\nname = "{need.name}"\nversion = "{published.version}"\n'
        f'description = "{published.summary}"\noptional = false\n'
        f'python-versions = "{published.python}"\n'
        + ('groups = ["main"]\n' if grouped else "")
        + f"files = [\n{listed}]\n"
        + (f"\n[package.extras]\n{extras}" if extras else "")
    )
    return _with_package(made, need.name, entry)


def _content_hash(project: Mapping[str, Any], with_groups: bool) -> str:
    """What poetry remembers of a pyproject.toml [src: poetry/packages/locker.py, 1.8 and 2.5]."""
    of_project = toml.table(project, "project")
    own = {
        key: of_project[key]
        for key in ("requires-python", "dependencies", "optional-dependencies")
        if of_project.get(key) is not None
    }
    groups = toml.table(project, "dependency-groups") if with_groups else {}
    of_poetry = toml.table(project, "tool", "poetry")
    legacy = ("dependencies", "source", "extras", "dev-dependencies")
    relevant: dict[str, Any] = {}
    for key in (*legacy, "group"):
        value = of_poetry.get(key)
        if value is None and (key not in legacy or own or groups):
            continue
        relevant[key] = value
    if own or groups:
        whole: dict[str, Any] = {"tool": {"poetry": relevant}}
        whole |= {"project": own} if own else {}
        whole |= {"dependency-groups": groups} if groups else {}
        relevant = whole
    return hashlib.sha256(json.dumps(relevant, sort_keys=True, default=str).encode()).hexdigest()


def _with_package(text: str, name: str, entry: str) -> str | None:
    """A lock with one more package, at its place in their order."""
    rows = [*_PACKAGE.finditer(text)]
    names = [_value(each[0], "name") for each in rows]
    if not rows or names != sorted(names):
        return None
    later = next((each for each, other in zip(rows, names, strict=True) if other > name), None)
    if later is not None:
        return text[: later.start()] + entry + "\n" + text[later.start() :]
    end = rows[-1].end()
    return text[:end] + entry + "\n" + text[end:]


# -- compiled lists -------------------------------------------------------------------------------


def in_compiled(source: str, text: str, need: Need) -> str | None:
    """What pip-compile or uv made of a file named `source`, with one more package that it lists."""
    origins = {each[1] for each in _ORIGIN.finditer(text) if _stands_for(each[1], source)}
    published = need.published
    if published is None or len(origins) != 1 or "\r" in text or _INDEX.search(text):
        return None
    python = _COMPILED_BY.search(text)
    if python and not _runs_on(published, f">={python[1]}.{python[2]}"):
        return None
    if not _is_simple(need) or not _meets(published.version, need.said):
        return None
    aside = _UNSAFE.search(text)
    rows = [*_ROW.finditer(text, 0, aside.start() if aside else len(text))]
    names = [re.sub(r"[-_.]+", "-", each[1]).lower() for each in rows]
    if not rows or names != sorted(names) or need.name in names:
        return None
    line = f"{need.name}=={published.version}"
    if "--hash=sha256:" in text:
        hashes = sorted(sha256 for _, sha256 in published.files)
        line += "".join(f" \\\n    --hash=sha256:{each}" for each in hashes)
    (origin,) = origins
    if re.search(r"^[^\s#][^\n]*  # via ", text, re.M):
        entry = f"{line:{_COLUMN}}  # via {origin}\n"
    else:
        entry = f"{line}\n    # via {origin}\n"
    earlier = [each for each, name in zip(rows, names, strict=True) if name < need.name]
    at = earlier[-1].end() if earlier else rows[0].start()
    return text[:at] + entry + text[at:]


def _stands_for(origin: str, source: str) -> bool:
    """Whether a note of a compiled list means the file that it is compiled from."""
    if source == "pyproject.toml":
        return origin.endswith("pyproject.toml)")
    return origin.startswith("-r ") and origin[3:].rpartition("/")[2] == source


# -- what they have in common ---------------------------------------------------------------------


def _is_simple(need: Need) -> bool:
    """Whether a requirement is nothing but a name and bounds of its version."""
    return re.fullmatch(r"(?:(?:>=|==)[\d.]+)?\*?", need.said) is not None


def _meets(version: str, said: str) -> bool:
    wanted = said.lstrip(">=")
    if said.startswith("=="):
        return version == wanted
    return not said.startswith(">=") or _numbers(version) >= _numbers(wanted)


def _runs_on(published: Published, python: str) -> bool:
    """Whether a version runs on every Python that a project says it runs on."""
    found = _PYTHON.search(python)
    least = _numbers(published.python)
    return found is not None and [int(found[1]), int(found[2])] >= least


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", version)]


def _value(row: str, key: str) -> str:
    found = re.search(rf'^{key} = "([^"]*)"', row, re.M)
    return found[1] if found else ""


def _toml(text: str) -> dict[str, Any]:
    try:
        return toml.parsed(text)
    except (ValueError, RecursionError):
        return {}
