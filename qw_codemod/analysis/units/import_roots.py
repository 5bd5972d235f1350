"""Whether a file may import a module of the project in every program that loads it.

What a file imports already, whatever happens, shows which folders are on its module path there:
were they not, the program would end at that line. For a unit that counts for the same package only,
for a deployed folder may hold one that is copied from elsewhere and nothing else.
"""

from __future__ import annotations

import ast
import os
import sys

from qw_codemod.analysis.units import statements as says
from qw_codemod.analysis.units.programs import Program, own_root, programs_of, published_root
from qw_codemod.analysis.units.shown_imports import (
    all_imports,
    counted_from,
    is_laid_out,
    is_shown,
    resolved,
    root_of,
    sure_imports,
)
from qw_codemod.facts.deployments import Distribution, Unit
from qw_codemod.facts.project import Tree
from qw_codemod.kernel.model import Obstacle, Unfixable, Unsafe
from qw_codemod.kernel.statements import At
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import imports_of


def why_not_imported(tree: Tree, path: str, module: str, target: str) -> Obstacle | None:
    """Why a file must not import a module, which `target` is the file of; None if it may.

    `module` may begin with dots, as in a relative import.
    """
    if path == target:
        return None
    if module.startswith("."):
        return _why_not_beside(tree, path, module, target)
    root = root_of(module, target)
    if not root:
        return None
    if imports_late(tree, path):
        return Unfixable(says.ImportsLate())
    if is_shown(tree, path, module, target, 0):
        return None
    why = _why_not_there(tree, path, module, target, root)
    if why is not None:
        return why
    programs = programs_of(tree, path)
    if root in _changed_path(tree, path) or is_shown(tree, path, module, target):
        return None
    if is_laid_out(tree, path, module, target, programs):
        return None
    if not any(each.unit for each in programs) and _imports_package_of(tree, path, module, root):
        return None
    return Unsafe(says.StartIsUnknown(module))


def _imports_package_of(tree: Tree, path: str, module: str, root: str) -> bool:
    """Whether a file that is in no unit imports something of the package that a module is in.

    It runs where the project lies, and a package that has a marker in each folder is one folder:
    what is there of it is found, whatever the file imports of it now.
    """
    parts = module.split(".")[:-1]
    folders = ["/".join([root, *parts[: at + 1]]) for at in range(len(parts))]
    if not folders or not all(tree.has(f"{each}/__init__.py") for each in folders):
        return False
    for each in sure_imports(tree, path):
        name, found = ("", "") if each.level else resolved(tree, each, path)
        if name and root_of(name, found) == root and found.startswith(f"{folders[0]}/"):
            return True
    return False


def _why_not_beside(tree: Tree, path: str, module: str, target: str) -> Obstacle | None:
    """The same of a relative import."""
    if imports_late(tree, path):
        return Unfixable(says.ImportsLate())
    for program in programs_of(tree, path):
        unit = program.unit
        if unit is not None and not _lies_alike(unit, path, target):
            place = At(unit.path, unit.line)
            return Unfixable(says.NotInUnit(_name(tree, unit), module, place))
    lacking = _published_without(tree, path, module, target)
    if lacking is not None:
        return Unfixable(_of_published(tree, lacking, module))
    if is_shown(tree, path, module, target):
        return None
    return Unsafe(says.StartIsUnknown(module))


def _lies_alike(unit: Unit, path: str, target: str) -> bool:
    """Whether a module lies in a unit as it does in the project, seen from a file."""
    way = os.path.relpath(target, os.path.dirname(path))
    there = {*unit.places(target)}
    return any(
        os.path.normpath(os.path.join(os.path.dirname(place), way)) in there
        for place in unit.places(path)
    )


def _why_not_there(tree: Tree, path: str, module: str, target: str, root: str) -> Obstacle | None:
    """What shows that a module is not found in one of the programs of a file."""
    if other := _found_instead(tree, path, module, root):
        return Unfixable(says.FoundInstead(os.path.relpath(other, tree.root), module))
    programs = programs_of(tree, path)
    is_told = any(each.is_told for each in programs)
    # What is imported from elsewhere may be copied to where the file is deployed, and no more.
    shown = {each for each in _shown_roots(tree, path) if path.startswith(f"{each}/")}
    by_path = {root for each in programs if each.is_by_path for root in each.roots}
    for program in programs:
        if program.unit is not None:
            if root in by_path and not program.unit.entries:
                continue  # it holds the script, which is started by its path there too
            if not holds_module(program.unit, module, target):
                place = At(program.unit.path, program.unit.line)
                return Unfixable(says.NotInUnit(_name(tree, program.unit), module, place))
            continue
        if is_told and not program.is_told:
            continue  # a `__main__` block, where others are said to load the file
        roots = {*_roots_of(tree, program), *_changed_path(tree, program.entry)}
        if root in roots or root in shown or root in _shown_roots(tree, program.entry):
            continue
        if program.is_dag:
            folder = os.path.relpath(program.roots[0], tree.root)
            return Unfixable(says.NotOnPathOfDags(folder, module))
        script = os.path.relpath(program.entry, tree.root)
        if not program.is_told:
            return Unfixable(says.NotOnPathByItself(script, module))
        return Unfixable(says.NotOnPath(script, module, At(program.path, program.line)))
    lacking = _published_without(tree, path, module, target)
    if lacking is not None:
        return Unfixable(_of_published(tree, lacking, module))
    if root not in shown and (test := _test_without(tree, path, root)):
        return Unfixable(says.NotOnPathOfTest(os.path.relpath(test, tree.root), module))
    return None


def _of_published(tree: Tree, lacking: Distribution, module: str) -> says.PublishedAlone:
    folder = os.path.relpath(lacking.folder, tree.root)
    name = lacking.name if folder == "." else folder
    return says.PublishedAlone(name, module, At(lacking.path, lacking.line))


def _found_instead(tree: Tree, path: str, module: str, root: str) -> str:
    """A package that is called like that of a module, and hides it; empty if none does.

    It is one that the file imports. One that has a marker where the other has none is found first
    wherever it stands on the module path: there what runs in one program with the file counts too.
    """
    top, dot, _ = module.partition(".")
    if not dot:
        return ""
    is_marked = tree.has(f"{root}/{top}/__init__.py")
    for other in (path,) if is_marked else tree.mentions(top, path):
        facts = None if tree.is_test(other) else tree.facts(other, "links")
        for each in facts.imports if facts is not None else ():
            if each.package != top:
                continue
            found = counted_from(tree, each, other)
            if found not in ("", root) and tree.has(f"{found}/{top}/__init__.py"):
                return f"{found}/{top}"
    return ""


def _roots_of(tree: Tree, program: Program) -> frozenset[str]:
    """The folders that the module path of a program begins with, as far as anything shows it.

    One that nobody is told to start, and nobody loads, is started as those beside it are.
    """
    entry = program.entry
    if program.is_told or published_root(tree, entry) or _is_loaded(tree, entry):
        return frozenset(program.roots)
    return _roots_beside(tree, entry) or frozenset(program.roots)


def _roots_beside(tree: Tree, path: str) -> frozenset[str]:
    """What all scripts of a folder have on their module path that are started by their paths."""
    folder = os.path.dirname(path)
    found = [
        frozenset(each.roots)
        for each in tree.deployments().starts
        if each.is_by_path and os.path.dirname(each.file) == folder
    ]
    return frozenset.intersection(*found) if found else frozenset()


def _is_loaded(tree: Tree, path: str) -> bool:
    """Whether another file loads one, tests aside."""
    return any(each != path and not tree.is_test(each) for each in tree.loaders(path))


def imports_package(tree: Tree, path: str, module: str, target: str) -> bool:
    """Whether a file imports the package of a module already, or is in it, whatever happens."""
    root = root_of(module, target)
    return bool(root) and _imports_same(tree, path, module, root)


def shows_root(tree: Tree, path: str, module: str, target: str) -> bool:
    """Whether a file imports another one, whatever happens, from where a module counts."""
    return root_of(module, target) in _shown_roots(tree, path)


def holds_module(unit: Unit, module: str, target: str) -> bool:
    """Whether a unit holds a module where it is looked for."""
    inner = module.replace(".", "/")
    for place in unit.places(target):
        for root in unit.roots:
            top = root.rstrip("/")
            if place in (f"{top}/{inner}.py", f"{top}/{inner}/__init__.py"):
                return True
    return False


def _published_without(tree: Tree, path: str, module: str, target: str) -> Distribution | None:
    """The distribution that a file is published in, where a module would not be beside it.

    What a distribution requires, by name or by path, is installed with it, and so is what it
    imports whatever happens.
    """
    known = tree.deployments().distributions
    own = _distribution_of(tree, known, path)
    if own is None or own.holds(target):
        return None
    installed, todo = {own}, [own]
    while todo:
        each = todo.pop()
        more = {other for other in known if other.name and other.name in each.needs}
        more |= {other for other in known if other.folder in each.beside}
        todo += more - installed
        installed |= more
    folders = {each.folder for each in known}
    unsaid = {at for each in installed for at in each.beside if at not in folders}
    if any(each.holds(target) for each in installed) or any(
        target.startswith(f"{at}/") for at in unsaid
    ):
        return None
    top = module.partition(".")[0]
    root = root_of(module, target)
    for other in tree.mentions(top):
        if (
            own.holds(other)
            and not tree.is_test(other)
            and _imports_same(tree, other, module, root)
        ):
            return None
    return own


def _distribution_of(tree: Tree, known: tuple[Distribution, ...], path: str) -> Distribution | None:
    """The innermost distribution that a file is in; one that is in no package is in none."""
    found = [each for each in known if each.holds(path)]
    best = max(found, key=lambda each: len(each.folder), default=None)
    if best is not None and not best.packages and tree.package_root(path) == os.path.dirname(path):
        return None
    return best


def imports_late(tree: Tree, path: str) -> bool:
    """Whether a module imports nothing but the standard library at its top, and the rest later."""
    view = tree.view(path)
    if view is None:
        return False
    found = [each for each in imports_of(view.source.tree) if not each.is_for_types]
    others = [
        each
        for each in found
        if each.level or each.package not in sys.stdlib_module_names and each.package
    ]
    return bool(others) and all("def" in each.inside for each in others)


def module_name(tree: Tree, target: str) -> str:
    """The name under which the program that holds a file imports it: counted from its root.

    The root is that of the unit which is made of the least; else the folder around the package, or
    of a script that is started by its path; else that of the project, or its `src`.
    """
    units = sorted(tree.deployments().units, key=lambda unit: -len(unit.source_of(target)))
    for unit in units:
        for place in unit.places(target):
            for root in unit.roots:
                name = _dotted(place.removeprefix(root.rstrip("/") + "/"))
                is_below = place.startswith(root.rstrip("/") + "/")
                if is_below and _is_name(name) and _is_known_by(tree, name, target):
                    return name
    folder = os.path.dirname(target)
    guarded = [each for each in tree.holding(("__main__",)) if os.path.dirname(each) == folder]
    if guarded and not tree.has(f"{folder}/__init__.py") and folder != tree.root:
        return _dotted(os.path.basename(target))
    root = own_root(tree, target)
    is_marked = tree.has(f"{folder}/__init__.py")
    if root == folder and not is_marked or not root.startswith(tree.root):
        root = tree.root
    name = _dotted(target[len(root) + 1 :].removeprefix("src/"))
    return name if _is_name(name) else _dotted(os.path.basename(target))


def _is_known_by(tree: Tree, name: str, target: str) -> bool:
    """Whether a module is found by a name as the folders are, or by what else is imported there.

    `/env/osv` in an image is `osv` for all that import it, though `/` may be a root.
    """
    top = name.partition(".")[0]
    if root_of(name, target):
        return True
    views = filter(None, map(tree.view, tree.mentions(top)))
    return any(
        each.package == top and not each.level
        for view in views
        for each in imports_of(view.source.tree)
    )


def _is_name(dotted_name: str) -> bool:
    """Whether an `import` can spell a name: the folders of `jobs-daily/load` are no package."""
    return all(each.isidentifier() for each in dotted_name.split("."))


def _dotted(inner: str) -> str:
    return inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _name(tree: Tree, unit: Unit) -> str:
    folders = [source for source, _ in unit.copies if source != tree.root]
    if len(folders) == 1:
        return os.path.relpath(folders[0], tree.root)
    return unit.name


def _imports_same(tree: Tree, path: str, module: str, root: str) -> bool:
    """Whether a file imports the package of a module already, or is in it, whatever happens."""
    top = module.partition(".")[0]
    if "." not in module:
        return any(each.module == module for each in sure_imports(tree, path))
    for each in sure_imports(tree, path):
        if each.package == top and root_of(*resolved(tree, each, path)) == root:
            return True
        if each.level and path.startswith(f"{root}/{top}/"):
            own = own_root(tree, path)  # a package that is on the path itself, or a folder
            return published_root(tree, path) in ("", root) and not tree.has(f"{own}/__init__.py")
    return False


def _shown_roots(tree: Tree, path: str) -> frozenset[str]:
    """The folders that are on the module path of a file, by what it imports whatever happens."""
    sure = [*sure_imports(tree, path)]
    found = {counted_from(tree, each, path) for each in sure}
    if any(each.level for each in sure):
        found.add(own_root(tree, path))
    return frozenset(found - {""})


def _test_without(tree: Tree, path: str, root: str) -> str:
    """A test that imports a file from a folder above a root that is not on its module path."""
    for each in sorted(tree.loaders(path) - {path}):
        if not tree.is_test(each):
            continue
        froms = {
            root_of(name, target)
            for imported in all_imports(tree, each)
            for name, target in [resolved(tree, imported, each)]
            if target == path
        }
        if not any(root.startswith(above + "/") for above in froms if above):
            continue
        beside = [f"{folder}/conftest.py" for folder in tree.folders_of(each)]
        known = {os.path.dirname(each), *_shown_roots(tree, path)}
        known |= {at for top, at in tree.deployments().test_roots if each.startswith(f"{top}/")}
        for other in (each, *filter(tree.has, beside)):
            known |= _shown_roots(tree, other) | _changed_path(tree, other)
        if root not in known:
            return each
    return ""


# -- sys.path -------------------------------------------------------------------------------------


def _changed_path(tree: Tree, path: str) -> frozenset[str]:
    """The folders that a module puts on `sys.path`, as far as they are spelled."""
    view = tree.view(path)
    if view is None or b"sys.path" not in view.source.data:
        return frozenset()
    source = view.source
    found = set()
    for call in source.nodes(ast.Call):
        if dotted(call.func) in ("sys.path.insert", "sys.path.append") and call.args:
            folder = _folder(source, call.args[-1])
            if folder:
                found.add(os.path.normpath(folder))
    return frozenset(found)


def _folder(source: SourceFile, node: ast.expr, depth: int = 0) -> str:
    """The absolute path that an expression about `__file__` stands for; empty if unknown."""
    if depth > 12:
        return ""
    again = depth + 1
    match node:
        case ast.Name(id="__file__"):
            return source.path
        case ast.Name(id=name):
            for each in source.tree.body:
                if isinstance(each, ast.Assign) and dotted(each.targets[0]) == name:
                    return _folder(source, each.value, again)
            return ""
        case ast.Call(func=func, args=[first, *rest]):
            name = dotted(func).rpartition(".")[2]
            if name in ("abspath", "realpath", "str", "Path", "PurePath", "fspath", "normpath"):
                return _folder(source, first, again)
            if name == "dirname":
                return os.path.dirname(_folder(source, first, again))
            if name == "join":
                return _joined(_folder(source, first, again), rest)
            return ""
        case ast.Call(func=ast.Attribute(value=value, attr="resolve" | "absolute"), args=[]):
            return _folder(source, value, again)
        case ast.Attribute(value=value, attr="parent"):
            return os.path.dirname(_folder(source, value, again))
        case ast.Subscript(
            value=ast.Attribute(value=value, attr="parents"),
            slice=ast.Constant(value=int(number)),
        ):
            folder = _folder(source, value, again)
            for _ in range(number + 1):
                folder = os.path.dirname(folder)
            return folder
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _joined(_folder(source, left, again), [right])
    return ""


def _joined(start: str, parts: list[ast.expr]) -> str:
    names = [part.value for part in parts if isinstance(part, ast.Constant)]
    if not start or len(names) != len(parts):
        return ""
    return os.path.normpath(os.path.join(start, *map(str, names)))
