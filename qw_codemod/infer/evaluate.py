"""What an expression holds: the walk over expressions and bindings at the heart of inference."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from qw_codemod.infer import containers
from qw_codemod.infer.annotations import Annotations
from qw_codemod.infer.bindings import ENTRY, FUNCTIONS, Binding, ScopeNode, dotted
from qw_codemod.infer.callers import Callers
from qw_codemod.infer.calls import Calls
from qw_codemod.infer.hierarchy import Hierarchy
from qw_codemod.infer.modules import Tree, View
from qw_codemod.infer.signatures import Arguments
from qw_codemod.infer.values import (
    Class,
    Function,
    FunctionNode,
    Instance,
    Items,
    Knowledge,
    Library,
    Method,
    Module,
    Nothing,
    Possibility,
    Super,
    Unknown,
    because,
    is_unknown,
    known,
    union,
    unknown,
)
from qw_codemod.model import Fact
from qw_codemod.recognize import library

_STEPS = 20_000  # expressions looked at for one question
_DEPTH = 70  # nested expressions and calls; each costs a few Python frames
_FREE = 1 << 30


Closure = tuple[tuple[FunctionNode, tuple[tuple[str, Knowledge], ...]], ...]


@dataclass(eq=False)
class Frame:
    """One call that is being followed: what its parameters were given."""

    node: ast.AST
    depth: int
    arguments: Mapping[str, Callable[[], Knowledge]]
    closure: Closure = ()
    values: dict[str, Knowledge] = field(default_factory=dict)
    answers: dict[object, Knowledge] = field(default_factory=dict)  # that lean on this call alone


@dataclass(frozen=True, slots=True)
class _Started:
    """An answer that leans on a question which is still open, further out."""

    answer: Knowledge
    cut: int
    frame_read: int
    reads_parameters: bool


def _says_nothing(found: Knowledge) -> bool:
    """Whether all that is known is that it can be called."""
    return all(
        is_unknown(p.value.element)
        if isinstance(p.value, Items) and p.value.kind == "callable"
        else is_unknown((p,))
        for p in found
    )


class Evaluator:
    """Answers what expressions hold, over one tree of files; remembers its answers."""

    def __init__(self, tree: Tree, types: Mapping[str, str]) -> None:
        self.tree = tree
        self.types = types
        self.annotations = Annotations(self)
        self.calls = Calls(self)
        self.callers = Callers(self)
        self.hierarchy = Hierarchy(self)
        self.frames: list[Frame] = []
        self._pure: dict[object, Knowledge] = {}  # what needs no parameter
        self._rooted: dict[object, Knowledge] = {}  # what was found through the callers
        self._active: dict[object, int] = {}
        self._started: dict[object, _Started] = {}
        self._leaning: dict[int, list[object]] = {}  # what leans on the question at that depth
        self._parameters_read = 0
        self._cut = _FREE  # lowest unfinished question that an answer leans on
        self._frame_read = _FREE  # lowest frame that an answer leans on
        self._steps = 0

    # -- questions, remembered ------------------------------------------------------------------

    def guarded(self, key: object, compute: Callable[[], Knowledge]) -> Knowledge:
        """Compute once; a question that leads back to itself adds nothing to its own answer."""
        found = self._pure.get(key)
        if found is None:
            answers = self.frames[-1].answers if self.frames else self._rooted
            found = answers.get(key)
            if found is not None and self.frames:
                self._frame_read = min(self._frame_read, len(self.frames) - 1)
                self._parameters_read += 1
        if found is not None:
            return found
        active = self._active.get(key)
        if active is not None:
            self._cut = min(self._cut, active)
            return ()
        depth = len(self._active)
        within = (key, self.frames[-1] if self.frames else None)
        started = self._started.get(within)
        if started is not None:
            self._cut = min(self._cut, started.cut)
            self._frame_read = min(self._frame_read, started.frame_read)
            self._parameters_read += started.reads_parameters
            return started.answer
        self._steps += 1
        if depth > _DEPTH or self._steps > _STEPS:
            return unknown("too much to follow")
        outer_cut, outer_frame = self._cut, self._frame_read
        self._cut = self._frame_read = _FREE
        read_before = self._parameters_read
        self._active[key] = depth
        try:
            result = compute()
        finally:
            del self._active[key]
        if self._cut >= depth:
            self._cut = _FREE
        for other in self._leaning.pop(depth, ()):
            del self._started[other]
        if self._cut != _FREE:
            # Good until the question that it leans on has its own answer, and no longer.
            reads = self._parameters_read != read_before
            self._started[within] = _Started(result, self._cut, self._frame_read, reads)
            self._leaning.setdefault(self._cut, []).append(within)
        if self._cut == _FREE and self._frame_read == _FREE and self._steps <= _STEPS:
            if self._parameters_read == read_before:
                self._pure[key] = result
            elif not self.frames:
                self._rooted[key] = result
        elif self._cut == _FREE and self.frames and self._frame_read == len(self.frames) - 1:
            self.frames[-1].answers[key] = result
        self._cut = min(self._cut, outer_cut)
        self._frame_read = min(self._frame_read, outer_frame)
        return result

    def fresh_question(self) -> None:
        """Start counting the effort anew."""
        self._steps = 0

    def forget(self) -> None:
        """Drop every answer: a file has changed."""
        self._pure.clear()
        self._rooted.clear()
        self.hierarchy.forget()
        self.calls.forget()

    def fact(self, view: View, node: ast.AST, text: str) -> Fact:
        """A fact that stands where the node stands."""
        return Fact(text, view.path, getattr(node, "lineno", 1))

    # -- expressions ----------------------------------------------------------------------------

    def value(self, node: ast.expr | None, view: View) -> Knowledge:
        """What the expression can hold where it stands."""
        if node is None:
            return known(Nothing())
        return self.guarded(("value", node), lambda: self._value(node, view))

    def _value(self, node: ast.expr, view: View) -> Knowledge:
        if isinstance(node, ast.Name):
            return self.name(node, view)
        if isinstance(node, ast.Attribute):
            return self._attribute_node(node, view)
        if isinstance(node, ast.Call):
            return self.calls.result(node, view)
        if isinstance(node, ast.Await):
            return containers.awaited(self.value(node.value, view))
        if isinstance(node, ast.NamedExpr):
            return self.value(node.value, view)
        if isinstance(node, ast.IfExp):
            return union([self.value(node.body, view), self.value(node.orelse, view)])
        if isinstance(node, ast.BoolOp):
            return union(self.value(part, view) for part in node.values)
        if isinstance(node, ast.Lambda):
            return known(Function(view, node, None, self._closure(node, view)))
        if isinstance(node, ast.Constant):
            if node.value is None:
                return known(Nothing())
            return known(Instance(Library(f"builtins.{type(node.value).__name__}")))
        if isinstance(node, ast.Subscript):
            return self._item(node, view)
        return containers.display(node, lambda part: self.value(part, view))

    def _item(self, node: ast.Subscript, view: View) -> Knowledge:
        holder = self.value(node.value, view)
        found = containers.item(holder, node.slice)
        for p in holder:
            if isinstance(p.value, Instance) and isinstance(p.value.of, Class):
                if isinstance(node.slice, ast.Constant) and self.hierarchy.is_typed_dict(p.value.of):
                    return self.hierarchy.attribute(p.value, str(node.slice.value))
                look = Arguments((lambda: self.value(node.slice, view),))
                given = self.hierarchy.special(p.value, "__getitem__", look)
                if given is not None:
                    found = union([*([] if is_unknown(found) else [found]), given])
        return found

    def _attribute_node(self, node: ast.Attribute, view: View) -> Knowledge:
        scope = view.scope_of(node)
        bindings = view.flow(scope).reaching.get(node)
        if bindings and ENTRY not in bindings and isinstance(scope, FUNCTIONS):
            return self._of_bindings(bindings, view)
        receiver = self.value(node.value, view)
        result = self.attribute(receiver, node.attr, view, node)
        if bindings and any(binding.kind == "narrow" for binding in bindings):
            narrowed = [b for b in bindings if b is not ENTRY]
            result = union([result, self._of_bindings(narrowed, view)])
        return result

    def attribute(
        self, receiver: Knowledge, name: str, view: View, node: ast.AST
    ) -> Knowledge:
        """What `.name` of each alternative is."""
        parts = [
            tuple(
                Possibility(found.value, (*found.facts, *p.facts), found.doubt or p.doubt)
                for found in self._attribute(p, name, view, node)
            )
            for p in receiver
            if not isinstance(p.value, Nothing)
        ]
        return union(parts)

    def _attribute(self, p: Possibility, name: str, view: View, node: ast.AST) -> Knowledge:
        value = p.value
        if isinstance(value, Module):
            return self.module_attribute(value.view, name)
        if isinstance(value, Library):
            return self._library_attribute(value, name, view)
        if isinstance(value, Instance):
            if isinstance(value.of, Library):
                return self.library_member(value.of, name)
            return self.hierarchy.attribute(value, name)
        if isinstance(value, Class):
            return self.hierarchy.class_attribute(value, name)
        if isinstance(value, Super):
            return self.hierarchy.past(value, name)
        if isinstance(value, Items):
            return containers.member(value, name)
        guessed = self._guess(node, name, view, isinstance(value, Unknown) and value.open)
        if guessed:
            return guessed
        reason = value.reason if isinstance(value, Unknown) else "an attribute of a function"
        return unknown(reason)

    def attribute_by_name(self, receiver: Knowledge, name: str) -> Knowledge:
        """What `getattr(x, "name")` gives; nothing is guessed."""
        views = [p.value.view for p in receiver if isinstance(p.value, (Module, Class, Function))]
        of = [p.value.of.view for p in receiver if isinstance(p.value, Instance) and isinstance(p.value.of, Class)]
        view = next(iter((*views, *of)), None)
        if view is None:
            return unknown("an attribute by a name")
        return self.attribute(receiver, name, view, ast.Pass())

    def _library_attribute(self, value: Library, name: str, view: View) -> Knowledge:
        dotted_name = f"{value.name}.{name}"
        path = self.tree.resolve(dotted_name, view.path)
        if path:
            return self.module(path, dotted_name)
        package = self.tree.resolve(value.name, view.path)
        if package:
            found = self.tree.view(package)
            if found is not None:
                return self.module_attribute(found, name)
        return known(Library(library.canonical(dotted_name)))

    def library_member(self, cls: Library, name: str) -> Knowledge:
        """A method or attribute of an object whose class is not in the tree."""
        held = library.attribute(cls.name, name)
        if held:
            return containers.from_notation(held)
        return known(Method(Library(library.canonical(cls.name)), name))

    def _guess(self, node: ast.AST, name: str, view: View, untold: bool) -> Knowledge:
        if not isinstance(node, ast.Attribute) or view.is_test:
            return ()
        receiver = dotted(node.value)
        if not receiver and isinstance(node.value, ast.Call):
            receiver = dotted(node.value.func) + "()"
        in_bigquery_file = b"bigquery" in view.source.data
        untold = untold or self._is_untold(node.value, view)
        guessed = library.guess(receiver, name, in_bigquery_file, untold)
        if guessed is None:
            return ()
        cls, why = guessed
        return (Possibility(Method(Library(cls), name), (self.fact(view, node, why),), why),)

    def _is_untold(self, node: ast.expr, view: View) -> bool:
        """Whether nothing at all is known of the first name of `context.resources.bigquery`."""
        while isinstance(node, ast.Attribute):
            node = node.value
        found = self.value(node, view) if isinstance(node, ast.Name) else ()
        return bool(found) and all(isinstance(p.value, Unknown) and p.value.open for p in found)

    # -- names ----------------------------------------------------------------------------------

    def name(self, node: ast.Name, view: View) -> Knowledge:
        """What a name can hold where it is read."""
        scope = view.scope_of(node)
        flow = view.flow(scope)
        reaching = flow.reaching.get(node)
        if reaching and node.id not in flow.outer:
            declared = [
                b for b in flow.bindings.get(node.id, ()) if b.kind == "annotation" and not b.value
            ]
            inner = view.nonlocal_writes.get((scope, node.id), ())
            return self._of_bindings([*reaching, *declared, *inner], view)
        return self.lookup(node.id, scope, view)

    def lookup(self, name: str, scope: ScopeNode | None, view: View) -> Knowledge:
        """What a name means in a scope, whatever the place in it."""
        innermost = True
        while scope is not None and not isinstance(scope, ast.Module):
            if innermost or not isinstance(scope, ast.ClassDef):
                flow = view.flow(scope)
                if name in flow.bindings and name not in flow.outer:
                    inner = view.nonlocal_writes.get((scope, name), ())
                    return self._of_bindings([*flow.bindings[name], *inner], view)
            innermost = False
            scope = view.outer_scope(scope)
        return self.global_name(name, view)

    def global_name(self, name: str, view: View) -> Knowledge:
        """A name of the module, of a star import or of the builtins."""
        bindings = view.exports(name)
        if bindings:
            found = self._of_bindings(bindings, view)
            if not is_unknown(found):
                return found
            written = self.hierarchy.module_writes(view, name)
            return union([found, written]) if written else found
        starred = [self._star(node, name, view) for node in view.star_imports]
        found = union(part for part in starred if part and not is_unknown(part))
        if found:
            return found
        if hasattr(builtins, name):
            return known(Library(f"builtins.{name}"))
        return unknown(f"`{name}` is not bound in this file")

    def alias(self, node: ast.expr, view: View) -> tuple[ast.expr, View] | None:
        """The expression that a name of a type stands for: `Jobs = dict[str, QueryJob]`."""
        if isinstance(node, ast.Attribute):
            for p in self.value(node.value, view):
                if isinstance(p.value, Module):
                    return self._exported_alias(node.attr, p.value.view)
            return None
        return self._exported_alias(node.id, view) if isinstance(node, ast.Name) else None

    def _exported_alias(self, name: str, view: View, depth: int = 0) -> tuple[ast.expr, View] | None:
        for b in view.exports(name):
            if b.kind == "assign" and isinstance(b.value, (ast.Subscript, ast.BinOp)):
                return b.value, view
            if b.kind == "from" and isinstance(b.node, ast.alias) and depth < 5:
                node = view.source.parent(b.node)
                assert isinstance(node, ast.ImportFrom)
                target = self.tree.view(self._import_path(node, view) or "")
                if target is not None and target is not view:
                    return self._exported_alias(b.node.name, target, depth + 1)
        return None

    def _star(self, node: ast.ImportFrom, name: str, view: View) -> Knowledge:
        path = self._import_path(node, view)
        target = self.tree.view(path) if path else None
        if target is None or target is view:
            return ()
        if not target.exports(name) and not target.star_imports:
            return ()
        return self.guarded(("star", target, name), lambda: self.global_name(name, target))

    def module_attribute(self, view: View, name: str) -> Knowledge:
        """What a module of the tree offers under a name."""
        if view.exports(name) or view.star_imports:
            found = self.guarded(("export", view, name), lambda: self.global_name(name, view))
            if found and not is_unknown(found):
                return found
        if view.path.endswith("__init__.py"):
            folder = view.path.rpartition("/")[0]
            path = self.tree.submodule(folder, name)
            if path:
                return self.module(path, name)
        if view.exports(name):
            return self.guarded(("export", view, name), lambda: self.global_name(name, view))
        if view.exports("__getattr__"):
            return unknown(f"`{name}` comes from a module's __getattr__")
        return unknown(f"`{name}` is not bound in {view.path.rpartition('/')[2]}")

    def module(self, path: str, name: str) -> Knowledge:
        """The module in a file of the tree."""
        view = self.tree.view(path)
        return known(Module(view)) if view else unknown(f"the file of `{name}` cannot be parsed")

    # -- bindings -------------------------------------------------------------------------------

    def _of_bindings(self, bindings: Iterable[Binding], view: View) -> Knowledge:
        ordered = sorted(
            set(bindings),
            key=lambda b: (getattr(b.node, "lineno", 0), getattr(b.node, "col_offset", 0), b.kind),
        )
        declared = [b for b in ordered if b.kind == "annotation"]
        if declared:
            found = self.binding(declared[0], view)
            if not is_unknown(found):
                return found
        return union(self.binding(binding, view) for binding in ordered)

    def binding(self, binding: Binding, view: View) -> Knowledge:
        """What one binding gives its name."""
        return self.guarded(("binding", binding), lambda: self._binding(binding, view))

    def _binding(self, b: Binding, view: View) -> Knowledge:
        if b.kind in ("assign", "walrus"):
            found = containers.unpacked(self._assigned(b, view), b.path)
            if isinstance(b.value, (ast.Name, ast.Constant)) and not b.path:
                return found
            return because(found, self.fact(view, b.node, f"`{b.name}` is assigned here"))
        if b.kind == "annotation":
            assert b.annotation is not None
            found = self.annotations.value(b.annotation, view)
            if is_unknown(found) and b.value is not None:
                found = self._assigned(b, view)
            return because(found, self.fact(view, b.node, f"`{b.name}` is annotated here"))
        if b.kind == "for":
            found = containers.element(self.value(b.value, view), self.hierarchy, b.is_async)
            found = containers.unpacked(found, b.path)
            return because(found, self.fact(view, b.node, f"`{b.name}` is an item of this iteration"))
        if b.kind == "with":
            found = containers.entered(self.value(b.value, view), self.hierarchy, b.is_async)
            found = containers.unpacked(found, b.path)
            return because(found, self.fact(view, b.node, f"`{b.name}` is entered here"))
        if b.kind == "narrow":
            assert b.value is not None
            found = self.annotations.value(b.value, view)
            return because(found, self.fact(view, b.node, f"isinstance says what `{b.name}` is"))
        if b.kind == "import" and isinstance(b.node, ast.alias):
            return self._import(b.node, view)
        if b.kind == "from" and isinstance(b.node, ast.alias):
            return self._import_from(b.node, view)
        if b.kind == "def":
            assert isinstance(b.node, (ast.FunctionDef, ast.AsyncFunctionDef))
            return self.defined(b.node, view)
        if b.kind == "class":
            return known(Class(view, b.node))  # type: ignore[arg-type]
        if b.kind == "param" and isinstance(b.node, ast.arg):
            return self._parameter(b.node, view)
        if b.kind == "augment":
            before = self._of_bindings(b.previous, view)
            return containers.joined([before, self.value(b.value, view)])
        if b.kind == "exclude":
            assert b.value is not None
            return self._without(self._of_bindings(b.previous, view), b.value, view)
        return unknown(f"`{b.name}` is bound in a way that is not followed")

    def _without(self, found: Knowledge, excluded: ast.expr, view: View) -> Knowledge:
        """The alternatives that are left when isinstance said no."""
        classes = {
            p.value.of
            for p in self.annotations.value(excluded, view)
            if isinstance(p.value, Instance)
        }
        return tuple(
            p for p in found if not (isinstance(p.value, Instance) and p.value.of in classes)
        )

    def defined(self, node: ast.FunctionDef | ast.AsyncFunctionDef, view: View) -> Knowledge:
        """What the name of a function holds once its decorators have run."""
        found = known(Function(view, node, None, self._closure(node, view)))
        for decorator in reversed(node.decorator_list):
            found = union(self._decorated(p, found, node) for p in self.value(decorator, view))
        return found

    def _decorated(self, decorator: Possibility, found: Knowledge, node: ast.AST) -> Knowledge:
        value = decorator.value
        if isinstance(value, (Function, Class)):
            if isinstance(value, Function) and any(f.node is value.node for f in self.frames):
                return found
            given = self.calls.call(decorator, Arguments((lambda: found,)))
            # A decorator that cannot be followed is taken for one that gives the function back.
            return found if _says_nothing(given) else given
        return found

    def _closure(self, node: ast.AST, view: View) -> Closure:
        """The parameters of the calls around a function that is made now."""
        if not self.frames:
            return ()
        around = set(view.source.ancestors(node))
        found = []
        for frame in self.frames:
            if frame.node in around:
                names = tuple((name, self._from_frame(frame, name)) for name in frame.arguments)
                found.append((frame.node, names))
        return tuple(found)  # type: ignore[arg-type]

    def configured(self, view: View, node: ast.AST) -> Knowledge:
        """What the user's own table says that a function or class of the tree gives."""
        if not self.types:
            return ()
        name = getattr(node, "name", "")
        for key, holds in self.types.items():
            module, _, last = key.rpartition(".")
            if last != name or not isinstance(view.source.parent(node), (ast.Module, ast.ClassDef)):
                continue
            owner = view.source.parent(node)
            if isinstance(owner, ast.ClassDef):
                module = module.removesuffix(f".{owner.name}")
            parts = view.path.removesuffix(".py").removesuffix("/__init__").split("/")
            wanted = module.split(".")
            if parts[-len(wanted) :] == wanted:
                fact = self.fact(view, node, f"`{key}` gives {holds}, says the configuration")
                return known(Instance(self.typed(Library(holds))), fact)
        return ()

    def typed(self, value: Library) -> Library:
        """The library class that a name stands for, with the user's own table."""
        return Library(library.canonical(self.types.get(value.name, value.name)))

    def _assigned(self, b: Binding, view: View) -> Knowledge:
        found = self.value(b.value, view)
        if b.path or not isinstance(b.value, (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp)):
            return found
        if any(isinstance(p.value, Items) for p in found):
            return containers.with_additions(found, b, view, self)
        return found

    def _import(self, alias: ast.alias, view: View) -> Knowledge:
        if not alias.asname and "." in alias.name:
            top = alias.name.partition(".")[0]
            path = self.tree.resolve(top, view.path)
            # `import a.b` binds `a`; its parts are looked up one by one.
            return self.module(path, top) if path else known(Library(top))
        path = self.tree.resolve(alias.name, view.path)
        if path:
            return self.module(path, alias.name)
        return known(Library(library.canonical(alias.name)), self._import_fact(alias, view))

    def _import_fact(self, alias: ast.alias, view: View) -> Fact:
        return self.fact(view, alias, f"`{alias.asname or alias.name}` is imported here")

    def _import_path(self, node: ast.ImportFrom, view: View) -> str:
        if node.level:
            return self.tree.relative(node.module or "", node.level, view.path)
        return self.tree.resolve(node.module or "", view.path)

    def _import_from(self, alias: ast.alias, view: View) -> Knowledge:
        node = view.source.parent(alias)
        assert isinstance(node, ast.ImportFrom)
        fact = self._import_fact(alias, view)
        if node.level:
            folder = self.tree.folder_of(node.module or "", node.level, view.path)
            submodule = self.tree.submodule(folder, alias.name)
        else:
            submodule = self.tree.resolve(f"{node.module}.{alias.name}", view.path)
        path = self._import_path(node, view)
        target = self.tree.view(path) if path else None
        if target is not None and target is not view:
            if target.exports(alias.name) or not submodule:
                return because(self.module_attribute(target, alias.name), fact)
        if submodule:
            return self.module(submodule, alias.name)
        if node.level or target is view:
            return unknown(f"the module of `{alias.name}` is not in the tree", fact)
        return known(Library(library.canonical(f"{node.module}.{alias.name}")), fact)

    # -- parameters -----------------------------------------------------------------------------

    def parameter(self, argument: ast.arg, view: View) -> Knowledge:
        """What a parameter holds: in the call that is followed, or over all calls."""
        return self.guarded(("argument", argument), lambda: self._parameter(argument, view))

    def _parameter(self, argument: ast.arg, view: View) -> Knowledge:
        function = next(a for a in view.source.ancestors(argument) if isinstance(a, FUNCTIONS))
        self._parameters_read += 1
        frame = next((f for f in reversed(self.frames) if f.node is function), None)
        first = self.hierarchy.bound_first_parameter(function, argument, view)
        if first is not None and (frame is None or argument.arg not in frame.arguments):
            return first
        declared: Knowledge = ()
        if argument.annotation is not None:
            declared = self.annotations.value(argument.annotation, view)
            if declared and not is_unknown(declared):
                fact = self.fact(view, argument, f"parameter `{argument.arg}` is annotated here")
                return because(declared, fact)
        if frame is not None and first is None and argument.arg in frame.arguments:
            return self._from_frame(frame, argument.arg)
        if frame is not None and first is not None:
            return self._from_frame(frame, argument.arg)
        if any(p.value == Unknown("too much to follow") for p in declared):
            return declared
        return self.callers.parameter(function, argument, view)

    def _from_frame(self, frame: Frame, name: str) -> Knowledge:
        self._frame_read = min(self._frame_read, frame.depth)
        found = frame.values.get(name)
        if found is None:
            compute = frame.arguments.get(name)
            if compute is None:
                return unknown(f"nothing is passed for `{name}`")
            rest = self.frames[frame.depth :]
            del self.frames[frame.depth :]
            try:
                found = compute()
            finally:
                self.frames.extend(rest)
            if self._cut == _FREE:
                frame.values[name] = found
        return found

    def within(
        self,
        node: ast.AST,
        arguments: Mapping[str, Callable[[], Knowledge]],
        run: Callable[[], Knowledge],
        closure: Closure = (),
    ) -> Knowledge:
        """Evaluate `run` as inside one particular call of the function `node`."""
        depth = len(self.frames)
        for frame in self.frames:
            if frame.node is node and frame.closure == closure:
                # Recursion adds no new value; but this answer is good within that call alone.
                self._parameters_read += 1
                self._frame_read = min(self._frame_read, frame.depth)
                return ()
        outer = self._frame_read
        self._frame_read = _FREE
        for function, names in closure:
            if not any(frame.node is function for frame in self.frames):
                held = {name: (lambda found=found: found) for name, found in names}
                self.frames.append(Frame(function, len(self.frames), held))
        self.frames.append(Frame(node, len(self.frames), arguments, closure))
        try:
            result = run()
        finally:
            del self.frames[depth:]
        if self._frame_read >= depth:
            self._frame_read = _FREE
        self._frame_read = min(self._frame_read, outer)
        return result

    def detached(self, run: Callable[[], Knowledge]) -> Knowledge:
        """Evaluate `run` as outside of every call that is being followed."""
        if not self.frames:
            return run()
        frames, self.frames = self.frames, []
        outer, self._frame_read = self._frame_read, _FREE
        try:
            return run()
        finally:
            self.frames = frames
            self._frame_read = outer
