"""The programs that load a file: deployed units, and scripts with the way that they are started."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from qw_codemod.facts.deployments import Start, Unit
from qw_codemod.facts.project import Tree
from qw_codemod.languages.python import SourceFile, UnreadableSource

_COMMAND = re.compile(r"\bpython[\d.]*(?:[ \t]+-[A-Zu]\S*)*[ \t]+(-m[ \t]+)?([\w./-]+)")
_DAGS = "dags"


@dataclass(frozen=True, slots=True)
class Program:
    """What loads a file: a unit, or a start of `entry`, whose module path begins with `roots`.

    `line` is 0 where nobody says how it is started.
    """

    unit: Unit | None = None
    entry: str = ""
    roots: tuple[str, ...] = ()
    path: str = ""
    line: int = 0
    is_by_path: bool = False
    is_dag: bool = False
    seconds: float | None = None  # after so many it is ended, as line `stopped_at` says
    stopped_at: int = 0
    packages: tuple[str, ...] = ()  # the only ones, installed by name in line `installed_at`
    installed_at: int = 0
    image: str = ""  # that nothing in the project builds

    @property
    def is_told(self) -> bool:
        """Whether something in the project says how it is started."""
        return bool(self.line or self.is_dag or (self.unit is not None and self.unit.entries))

    @property
    def is_seen(self) -> bool:
        """Whether it is more than the guess that a file of a package may be started itself."""
        return self.unit is not None or self.is_by_path or self.is_dag or self.line > 0


def programs_of(tree: Tree, path: str) -> tuple[Program, ...]:
    """The programs that are seen to load a file, tests aside."""
    loaders = tree.loaders(path)
    deployed = tree.deployments()
    units = _nearest([unit for unit in deployed.units if _loads(unit, path, loaders)], path)
    found = [Program(unit=unit) for unit in units]
    named = {entry for unit in deployed.units for entry in unit.entries}
    for start in deployed.starts:
        named.add(start.file)
        if start.file in loaders and not tree.is_test(start.file):
            found.append(_of_start(start))
    guarded = tree.holding(("__main__",))
    for each in sorted(loaders):
        if tree.is_test(each):
            continue
        written: tuple[Start, ...] = ()
        if each in guarded or each == path:
            written = tuple(_documented(tree, each))
        found += map(_of_start, written)
        if each in guarded and not written and each not in named:
            found.append(_guessed(tree, each))
        elif not units and (folder := _dags_folder(tree, each)):
            beside = [f"{os.path.dirname(folder)}/{name}" for name in ("plugins", "config")]
            roots = (folder, *(root for root in beside if tree.below(root + "/")))
            found.append(Program(entry=each, roots=roots, is_dag=True))
    return tuple(dict.fromkeys(found))


def entries_of(program: Program) -> tuple[str, ...]:
    """The files that a program starts with; empty where that is not known."""
    return program.unit.entries if program.unit is not None else (program.entry,)


def _loads(unit: Unit, path: str, loaders: frozenset[str]) -> bool:
    if not unit.places(path):
        return False
    return not unit.entries or not loaders.isdisjoint(unit.entries)


def _nearest(units: list[Unit], path: str) -> list[Unit]:
    """The units that hold a file for its own sake.

    The image of a whole repository holds every job, each of which has an image of its own: where it
    does not say what it starts, it is none of theirs.
    """
    sources = [unit.source_of(path) for unit in units]
    nearest = max(sources, key=len, default="")
    return [
        unit
        for unit, source in zip(units, sources, strict=True)
        if not unit.is_image or unit.entries or source == nearest
    ]


def _of_start(start: Start) -> Program:
    return Program(
        entry=start.file,
        roots=start.roots,
        path=start.path,
        line=start.line,
        is_by_path=start.is_by_path,
        seconds=start.seconds,
        stopped_at=start.stopped_at,
        packages=start.packages,
        installed_at=start.installed_at,
        image=start.image,
    )


def _guessed(tree: Tree, path: str) -> Program:
    """How a script is started of which nobody says it: in a package as a module, else by path."""
    folder = os.path.dirname(path)
    package = own_root(tree, path)
    return Program(entry=path, roots=(package,), path=path, is_by_path=package == folder)


def own_root(tree: Tree, path: str) -> str:
    """The folder that the name of a file itself counts from."""
    return published_root(tree, path) or tree.package_root(path)


def published_root(tree: Tree, path: str) -> str:
    """The folder that a module's name counts from once it is installed; empty if nobody says so."""
    found = [(len(each.folder), each.root_of(path)) for each in tree.deployments().distributions]
    return max((each for each in found if each[1]), default=(0, ""))[1]


def _dags_folder(tree: Tree, path: str) -> str:
    """The folder that Airflow loads a file from; empty if it does not."""
    inner = path[len(tree.root) :].split("/")[1:-1]
    if _DAGS not in inner or not tree.holds_any(path, ("airflow",)):
        return ""
    return "/".join([tree.root, *inner[: inner.index(_DAGS) + 1]])


def _documented(tree: Tree, path: str) -> Iterator[Start]:
    """The commands in the docstring and the first comments of a file that start it itself."""
    if not tree.holds_any(path, ("python",)):
        return
    for line, text in _head(path, tree.read(path)):
        for module, named in _COMMAND.findall(text):
            folders = tree.folders_of(path)
            if not module:
                if any(f"{folder}/{named.removeprefix('./')}" == path for folder in folders):
                    yield Start(path, (os.path.dirname(path),), path, line)
                continue
            inner = named.replace(".", "/")
            for folder in folders:
                if path in (f"{folder}/{inner}.py", f"{folder}/{inner}/__main__.py"):
                    yield Start(path, (folder,), path, line, is_by_path=False)


@lru_cache(maxsize=256)
def _head(path: str, data: bytes) -> tuple[tuple[int, str], ...]:
    """The lines of a file's first comments and of its docstring."""
    source = SourceFile(path, data)
    try:
        body = source.tree.body
    except UnreadableSource:
        return ()
    last = next((each.end_lineno or 1 for each in body[:1] if _is_text(each)), 0)
    if not last:
        last = body[0].lineno - 1 if body else 0
    return tuple((line, source.line_text(line)) for line in range(1, last + 1))


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
