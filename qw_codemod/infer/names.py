"""What a name means: in its function, in its module, in the module that it is imported from."""

from __future__ import annotations

import ast
import builtins

from qw_codemod.infer import statements as says
from qw_codemod.infer.protocol import Infer
from qw_codemod.infer.values import (
    Library,
    Module,
    ValueSet,
    because,
    is_unknown,
    known,
    union,
    unknown,
)
from qw_codemod.kernel.model import Fact
from qw_codemod.python.bindings import ScopeNode
from qw_codemod.python.imports import ImportedName, names_of
from qw_codemod.python.module import View


class Names:
    """Looks names up."""

    def __init__(self, infer: Infer) -> None:
        self._infer = infer
        self._tree = infer.tree

    def name(self, node: ast.Name, view: View) -> ValueSet:
        """What a name can hold where it is read."""
        scope = view.scope_of(node)
        reaching = view.reaching(scope, node, node.id)
        if reaching and node.id not in view.flow(scope).outer:
            declared = [
                b for b in view.bindings(scope, node.id) if b.kind == "annotation" and not b.value
            ]
            inner = view.nonlocal_writes(scope, node.id)
            return self._infer.of_bindings([*reaching, *declared, *inner], view)
        return self.lookup(node.id, scope, view)

    def lookup(self, name: str, scope: ScopeNode | None, view: View) -> ValueSet:
        """What a name means in a scope, whatever the place in it."""
        innermost = True
        while scope is not None and not isinstance(scope, ast.Module):
            if innermost or not isinstance(scope, ast.ClassDef):
                bindings = view.bindings(scope, name)
                if bindings and name not in view.flow(scope).outer:
                    inner = view.nonlocal_writes(scope, name)
                    found = self._infer.of_bindings([*bindings, *inner], view)
                    # `client = client.Client()` in a class is made of the name further out.
                    if not isinstance(scope, ast.ClassDef) or not is_unknown(found):
                        return found
            innermost = False
            if isinstance(scope, ast.Lambda) and (items := view.items_seen_by(scope, name)):
                return self._infer.of_bindings(items, view)
            scope = view.outer_scope(scope)
        return self.global_name(name, view)

    def global_name(self, name: str, view: View) -> ValueSet:
        """A name of the module, of a star import or of the builtins."""
        bindings = view.exports(name)
        if bindings:
            found = self._infer.of_bindings(bindings, view)
            if not is_unknown(found):
                return found
            written = self._infer.hierarchy.written_outside(view, name)
            return union([found, written]) if written else found
        starred = [self._star(node, name, view) for node in view.star_imports]
        found = union(part for part in starred if part and not is_unknown(part))
        if found:
            return found
        if hasattr(builtins, name):
            return known(Library(f"builtins.{name}"))
        return unknown(says.NotBoundHere(name))

    def alias(self, node: ast.expr, view: View) -> tuple[ast.expr, View] | None:
        """The expression that a name of a type stands for: `Jobs = dict[str, QueryJob]`."""
        if isinstance(node, ast.Attribute):
            for p in self._infer.value(node.value, view):
                if isinstance(p.value, Module):
                    return self._exported_alias(node.attr, p.value.view)
            return None
        return self._exported_alias(node.id, view) if isinstance(node, ast.Name) else None

    def _exported_alias(
        self, name: str, view: View, depth: int = 0
    ) -> tuple[ast.expr, View] | None:
        for b in view.exports(name):
            if b.kind == "assign" and isinstance(b.value, (ast.Subscript, ast.BinOp)):
                return b.value, view
            if b.kind == "from" and isinstance(b.node, ast.alias) and depth < 5:
                path = self._import_path(_imported_name(b.node, view), view)
                target = self._tree.module(path)
                if target is not None and target is not view:
                    return self._exported_alias(b.node.name, target, depth + 1)
        return None

    def _star(self, imported: ImportedName, name: str, view: View) -> ValueSet:
        path = self._import_path(imported, view)
        target = self._tree.module(path) if path else None
        if target is None or target is view:
            return ()
        if not target.exports(name) and not target.star_imports:
            return ()
        return self._infer.guarded(("star", target, name), lambda: self.global_name(name, target))

    def module_attribute(self, view: View, name: str) -> ValueSet:
        """What a module of the tree offers under a name."""
        if view.exports(name) or view.star_imports:
            found = self._infer.guarded(
                ("export", view, name), lambda: self.global_name(name, view)
            )
            if found and not is_unknown(found):
                return found
        if view.path.endswith("__init__.py"):
            folder = view.path.rpartition("/")[0]
            path = self._tree.submodule(folder, name)
            if path:
                return self.module(path, name)
        if view.exports(name):
            return self._infer.guarded(("export", view, name), lambda: self.global_name(name, view))
        if view.exports("__getattr__"):
            return unknown(says.OfModuleGetattr(name))
        return unknown(says.NotBound(name, view.path.rpartition("/")[2]))

    def module(self, path: str, name: str) -> ValueSet:
        """The module in a file of the tree."""
        view = self._tree.module(path)
        return known(Module(view)) if view else unknown(says.NotParsed(name))

    def imported(self, alias: ast.alias, view: View) -> ValueSet:
        """What `import x` binds."""
        if not alias.asname and "." in alias.name:
            top = alias.name.partition(".")[0]
            path = self._tree.resolve(top, view.path)
            # `import a.b` binds `a`; its parts are looked up one by one.
            if path:
                return self.module(path, top)
            return known(Library(top), self._import_fact(alias, view))
        path = self._tree.resolve(alias.name, view.path)
        if path:
            return self.module(path, alias.name)
        return known(
            Library(self._infer.models.canonical(alias.name)), self._import_fact(alias, view)
        )

    def _import_fact(self, alias: ast.alias, view: View) -> Fact:
        return self._infer.fact(view, alias, says.Imported(alias.asname or alias.name))

    def _import_path(self, imported: ImportedName, view: View) -> str:
        if imported.level:
            return self._tree.relative(imported.module, imported.level, view.path)
        return self._tree.resolve(imported.module, view.path)

    def imported_from(self, alias: ast.alias, view: View) -> ValueSet:
        """What `from x import y` binds."""
        imported = _imported_name(alias, view)
        fact = self._import_fact(alias, view)
        if imported.level:
            folder = self._tree.folder_of(imported.module, imported.level, view.path)
            submodule = self._tree.submodule(folder, alias.name)
        else:
            submodule = self._tree.resolve(imported.source, view.path)
        path = self._import_path(imported, view)
        target = self._tree.module(path) if path else None
        if target is not None and target is not view:
            offered = target.exports(alias.name)
            if offered or not submodule:
                return because(self.module_attribute(target, alias.name), fact)
        if submodule:
            return self.module(submodule, alias.name)
        if imported.level or target is view:
            return unknown(says.NotInTree(alias.name), fact)
        return known(Library(self._infer.models.canonical(imported.source)), fact)


def _imported_name(alias: ast.alias, view: View) -> ImportedName:
    statement = view.source.parent(alias)
    assert isinstance(statement, ast.ImportFrom)
    return [*names_of(statement)][statement.names.index(alias)]
