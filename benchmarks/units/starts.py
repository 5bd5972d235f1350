"""How the files that an edit touches are loaded: by units, by scripts, by Airflow, or by name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.units.environments import needs_of, python_of
from qw_codemod.analysis.units.programs import Program, programs_of
from qw_codemod.facts.project import Tree

_PARSES = re.compile(r"\b(?:argparse|click|typer|docopt|fire)\b")


@dataclass(frozen=True, slots=True)
class Start:
    """One way to load a file: the name or the path, the folders looked in, and what is installed.

    `target` is a dotted name or a path relative to the application, `roots` are relative to the
    application, or to the unit, whose `copies` are relative to the application.
    """

    way: str  # import, path, --help
    target: str
    roots: tuple[str, ...]
    needs: tuple[str, ...]  # files of requirements, relative to the application
    version: str  # of Python
    packages: tuple[str, ...] = ()  # that the unit installs by name
    unit: str = ""
    copies: tuple[tuple[str, str], ...] = ()
    is_documented: bool = False  # a docstring, a README or a script says how it is started

    def __str__(self) -> str:
        return f"{self.target} ({self.way}, {self.unit or 'no unit'})"


def starts(folder: Path, touched: Iterable[str]) -> Iterator[Start]:
    """How each edited file is loaded: by all units and scripts that are seen to load it."""
    root = folder.resolve().as_posix()
    texts = [path.as_posix() for path in folder.resolve().rglob("*") if _is_text(path)]
    tree = Tree(root, [f"{root}/{path}" for path in python_files(folder)], texts=texts)
    for path in touched:
        full = f"{root}/{path}"
        if tree.is_test(full):
            continue
        programs = programs_of(tree, full)
        for program in programs:
            yield from _of_program(tree, program, full)
        if not programs:
            top = os.path.dirname(full)
            while tree.has(f"{top}/__init__.py") and top != root:
                top = os.path.dirname(top)
            needs = needs_of(root, path)
            project = os.path.join(root, os.path.dirname(needs[0])) if needs else top
            project = project.rstrip("/")
            roots = (project, top) if _name_below(full, project) else (top, project)
            yield _plain(tree, full, tuple(dict.fromkeys(roots)))


def python_files(tree: Path) -> list[str]:
    """The Python files of a tree, relative to it."""
    found = (path for path in tree.rglob("*.py") if path.is_file() and ".git" not in path.parts)
    return sorted(path.relative_to(tree).as_posix() for path in found)


def _is_text(path: Path) -> bool:
    return path.suffix != ".py" and ".git" not in path.parts and path.is_file()


def _of_program(tree: Tree, program: Program, path: str) -> Iterator[Start]:
    unit = program.unit
    if unit is None:
        if program.is_dag:  # Airflow imports its files in folders; one that is edited is enough
            yield _plain(tree, path, program.roots)
            return
        text = Path(program.entry).read_text("utf-8", "replace")
        by_path = program.is_by_path or not program.is_seen
        way = "--help" if by_path and _PARSES.search(text) and "__main__" in text else ""
        yield _plain(tree, program.entry, program.roots, by_path, way, program.line > 0)
        return
    installs = [os.path.relpath(each, tree.root) for each in unit.installs if os.path.isfile(each)]
    inner = tuple((os.path.relpath(a, tree.root), b) for a, b in unit.copies)
    for each in dict.fromkeys((*unit.entries, path)):
        places = unit.places(each)
        name = next((n for p in places for r in unit.roots if (n := _name_below(p, r))), "")
        if name:
            needs = tuple(installs) or needs_of(tree.root, os.path.relpath(each, tree.root))
            version = python_of(tree.root, needs, os.path.relpath(unit.path, tree.root))
            yield Start("import", name, unit.roots, needs, version, unit.packages, unit.name, inner)


def _plain(
    tree: Tree,
    path: str,
    roots: Sequence[str],
    is_by_path: bool = False,
    way: str = "",
    is_documented: bool = False,
) -> Start:
    short = os.path.relpath(path, tree.root)
    inner = tuple(os.path.relpath(each, tree.root) for each in roots)
    name = "" if is_by_path else _name_below(path, roots[0])
    needs = needs_of(tree.root, short)
    version = python_of(tree.root, needs)
    if name:
        return Start("import", name, inner, needs, version, is_documented=is_documented)
    return Start(way or "path", short, inner, needs, version, is_documented=is_documented)


def _name_below(path: str, root: str) -> str:
    """The dotted name of a file counted from a folder; empty where it has none."""
    top = root.rstrip("/") + "/"
    if not path.startswith(top):
        return ""
    parts = path[len(top) :].removesuffix(".py").removesuffix("/__init__").split("/")
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""
