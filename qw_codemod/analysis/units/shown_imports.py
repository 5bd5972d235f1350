"""Whether an import is certain to be found, by the imports that find their modules already.

    from feeds.clients import football

at the top of `feeds/scores.py` shows that `feeds` is found, by that name, wherever the file is
loaded: were it not, the program would end at that line. So `feeds/http_retry.py` is found as well,
which lies beside what is imported, in a folder that the file itself is in. `from .clients import`
shows that the file is a part of a package, whatever that is called. A file that imports nothing of
the project is found in the way that all others load it.

Where no import shows it, the layout does in a few cases: a file in no package is loaded from its
own folder, DAGs from theirs, and a function from its source.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator

from qw_codemod.analysis.units.programs import Program
from qw_codemod.facts.project import Tree
from qw_codemod.python.imports import ImportedName, imports_of
from qw_codemod.python.syntax import LOOPS

_FARTHEST = 6  # files on the way from one that shows it
_DEEPEST = 2  # imports on the way to one


def root_of(module: str, target: str) -> str:
    """The folder that a module's name counts from; empty where it is not the name of the file."""
    inner = "/" + module.replace(".", "/")
    for end in (".py", "/__init__.py"):
        if target.endswith(inner + end):
            return target[: -len(inner + end)]
    return ""


def resolved(tree: Tree, each: ImportedName, path: str) -> tuple[str, str]:
    """The module that is imported, and its file; both empty where it is none of the project."""
    for name in (f"{each.module}.{each.name}" if each.name else "", each.module):
        if name and (target := tree.resolve(name, path)):
            return name, target
    return "", ""


def file_of(tree: Tree, each: ImportedName, path: str) -> str:
    """The file that an import of a file means; empty where it is none of the project."""
    return _relative_file(tree, each, path) if each.level else resolved(tree, each, path)[1]


def counted_from(tree: Tree, each: ImportedName, path: str) -> str:
    """The folder that an import's name counts from; empty if relative or none of the project."""
    return "" if each.level else root_of(*resolved(tree, each, path))


def all_imports(tree: Tree, path: str) -> Iterator[ImportedName]:
    """What a file imports, anywhere in it."""
    view = tree.view(path)
    if view is not None:
        yield from imports_of(view.source.tree)


def sure_imports(tree: Tree, path: str) -> Iterator[ImportedName]:
    """What a module imports in any case, when it is loaded."""
    return (each for each in all_imports(tree, path) if not each.inside)


def is_shown(tree: Tree, path: str, module: str, target: str, steps: int = _FARTHEST) -> bool:
    """Whether imports show that a file finds a module, which `target` is the file of.

    The file itself does, or all that load it do, tests too.
    """
    if module.startswith("."):
        return _is_in_package(tree, path, _depth(path, target))
    root = root_of(module, target)
    if not root:
        return False
    for importer, each in loaded_with(tree, path):
        if not each.level and _is_beside(tree, *resolved(tree, each, importer), target, root, path):
            return True
    known = [*_importers(tree, path)] if steps else []
    return bool(known) and all(
        not each.level
        and _is_beside(tree, *resolved(tree, each, importer), target, root, path)
        or (importer != path and is_shown(tree, importer, module, target, steps - 1))
        for importer, each in known
    )


def loaded_with(tree: Tree, path: str) -> Iterator[tuple[str, ImportedName]]:
    """What a file imports in any case, and what that imports, each with the file it is in."""
    known, todo = {path}, [(path, 0)]
    while todo:
        at, steps = todo.pop(0)
        for each in sure_imports(tree, at):
            yield at, each
            found = file_of(tree, each, at)
            if found and found not in known and steps < _DEEPEST:
                known.add(found)
                todo.append((found, steps + 1))


def relative_name(path: str, target: str) -> str:
    """The name of a module for a relative import: one beside a file or further up; or empty."""
    depth = _depth(path, target)
    return "." * depth + os.path.basename(target).removesuffix(".py") if depth else ""


def _depth(path: str, target: str) -> int:
    """How many folders up a module lies, its own one counted; 0 where it lies elsewhere."""
    folder = os.path.dirname(target)
    if not path.startswith(f"{folder}/"):
        return 0
    return path[len(folder) :].count("/")


def _is_beside(tree: Tree, name: str, found: str, target: str, root: str, path: str) -> bool:
    """Whether a module that is imported shows a folder, by a name that counts from a root.

    What lies directly in the folder does. What lies further down in a package does for a file that
    is in it as well: what is copied from elsewhere shows that part alone, and a folder that is no
    package may be one of several of that name.
    """
    folder = os.path.dirname(target)
    if not name or root_of(name, found) != root:
        return False
    is_package = folder.startswith(f"{root}/")
    if os.path.dirname(found) == folder:
        return is_package or path.startswith(f"{root}/")
    is_package = is_package and tree.has(f"{folder}/__init__.py")
    return is_package and found.startswith(f"{folder}/") and path.startswith(f"{folder}/")


def _is_in_package(tree: Tree, path: str, depth: int) -> bool:
    """Whether a file is a part of a package wherever it is loaded, this many folders up."""
    if not depth:
        return False
    levels = [
        each.level
        for each in sure_imports(tree, path)
        if each.level and _relative_file(tree, each, path)
    ]
    if max(levels, default=0) >= depth:
        return True
    if is_started(tree, path):
        return False
    known = [*_importers(tree, path)]
    return bool(known) and all(
        _is_imported_in_package(tree, importer, each, path, depth) for importer, each in known
    )


def _is_imported_in_package(
    tree: Tree, importer: str, each: ImportedName, path: str, depth: int
) -> bool:
    if each.level:
        # `from ..b import c` tells of the folders that both are in, and of those below
        above = tree.folder_of("", each.level, importer)
        return path[len(above) :].count("/") >= depth if path.startswith(f"{above}/") else False
    name, _ = resolved(tree, each, importer)
    return name.count(".") >= depth - path.endswith("/__init__.py")


def _relative_file(tree: Tree, each: ImportedName, path: str) -> str:
    """The file that a relative import means, the module that is named in it first."""
    inner = f"{each.module}.{each.name}" if each.module else each.name
    return tree.relative(inner, each.level, path) or tree.relative(each.module, each.level, path)


def _importers(tree: Tree, path: str) -> Iterator[tuple[str, ImportedName]]:
    """The imports of a file by others, tests too."""
    name = os.path.basename(path.removesuffix("/__init__.py").removesuffix(".py"))
    if not name.isidentifier():
        return
    loaders = tree.loaders(path)
    for importer in tree.mentions(name):
        if importer == path or importer not in loaders:
            continue
        for each in all_imports(tree, importer):
            if each.level:
                found = _relative_file(tree, each, importer)
            elif name in each.module.split(".") or name == each.name:
                found = resolved(tree, each, importer)[1]
            else:
                continue
            if found == path:
                yield importer, each


def is_started(tree: Tree, path: str) -> bool:
    """Whether a file may be started: it has a `__main__` block, or is a script."""
    view = tree.view(path)
    return works_when_loaded(tree, path) or (
        view is not None
        and any(
            isinstance(each, ast.If) and "__main__" in view.source.text(each.test)
            for each in view.source.tree.body
        )
    )


def works_when_loaded(tree: Tree, path: str) -> bool:
    """Whether a file does its work when it is loaded, as a script does."""
    view = tree.view(path)
    return view is not None and any(
        isinstance(each, (*LOOPS, ast.With))
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Call))
        for each in view.source.tree.body
    )


# -- by the layout --------------------------------------------------------------------------------


def is_laid_out(
    tree: Tree, path: str, module: str, target: str, programs: tuple[Program, ...]
) -> bool:
    """Whether a module is found by where it and a file lie, and by how that is loaded.

    It is known already that no program lacks it.
    """
    root, folder = root_of(module, target), os.path.dirname(path)
    is_on_path = path.startswith(f"{root}/") and _shows_root(tree, path, root)
    told = [each for each in programs if each.is_told or each.unit is not None]
    if told and all(_finds(each, path, root, target, is_on_path) for each in told):
        return True
    importers = [each for each in _importers(tree, path) if not tree.is_test(each[0])]
    if root == folder and not tree.has(f"{folder}/__init__.py"):
        # In no package it is a module of its own folder, unless others say more than its name.
        is_alone = all(counted_from(tree, each, importer) == root for importer, each in importers)
        if is_alone and (importers or root == tree.root or is_started(tree, path) or programs):
            return True
    if root != tree.root or not _is_untold(tree):
        return False
    return is_on_path or (not importers and _is_at_top(tree, path))


def _is_untold(tree: Tree) -> bool:
    """Whether a project says nothing at all of how it is deployed, started or installed."""
    told = tree.deployments()
    return not (told.units or told.starts or told.deadlines or told.servers or told.installing)


def _shows_root(tree: Tree, path: str, root: str) -> bool:
    """Whether a folder is on the module path of a file for certain, whatever is in it."""
    if any(counted_from(tree, each, at) == root for at, each in loaded_with(tree, path)):
        return True
    importers = [*_importers(tree, path)]
    return bool(importers) and all(
        counted_from(tree, each, importer) == root for importer, each in importers
    )


def _finds(program: Program, path: str, root: str, target: str, is_on_path: bool) -> bool:
    """Whether a program that is told of has a module for certain.

    Folders of DAGs are on the path, a function's source too, and what a command names.
    """
    if program.is_dag:
        return root in program.roots
    unit = program.unit
    if unit is None:
        return root in program.roots and path == program.entry
    source = unit.source_of(path)
    if not unit.is_image and root == source and target.startswith(f"{source}/"):
        return True
    return is_on_path or path in unit.entries


def _is_at_top(tree: Tree, path: str) -> bool:
    """Whether a file is a module of a package at the top of the project, and no script."""
    folder = os.path.dirname(path)
    return (
        os.path.dirname(folder) == tree.root
        and tree.has(f"{folder}/__init__.py")
        and not works_when_loaded(tree, path)
    )
