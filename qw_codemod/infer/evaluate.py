"""What an expression holds: the walk over expressions and bindings at the heart of inference."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from qw_codemod.facts.project import Tree
from qw_codemod.infer import containers
from qw_codemod.infer import statements as says
from qw_codemod.infer.annotations import Annotations
from qw_codemod.infer.callers import Callers
from qw_codemod.infer.calls import Calls
from qw_codemod.infer.hierarchy import Hierarchy
from qw_codemod.infer.memo import Closure, Memo
from qw_codemod.infer.models import Clue, Models
from qw_codemod.infer.names import Names
from qw_codemod.infer.signatures import Arguments
from qw_codemod.infer.values import (
    AnyCallable,
    Class,
    Compound,
    Container,
    Function,
    FunctionNode,
    Inferred,
    Instance,
    Library,
    Method,
    Module,
    Nothing,
    Super,
    Unknown,
    ValueSet,
    because,
    is_unknown,
    is_vague,
    known,
    union,
    unknown,
)
from qw_codemod.kernel.model import Fact
from qw_codemod.kernel.statements import Statement
from qw_codemod.python.bindings import ENTRY, FUNCTIONS, Binding, dotted
from qw_codemod.python.module import View


def _says_nothing(found: ValueSet) -> bool:
    """Whether all that is known is that it can be called."""
    return all(
        is_unknown(p.value.result) if isinstance(p.value, AnyCallable) else is_unknown((p,))
        for p in found
    )


# What may make a container that is filled later on.
_FILLED = (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp)


class Evaluator(Memo):
    """Answers what expressions hold, over one tree of files; remembers its answers."""

    def __init__(self, tree: Tree, types: Mapping[str, str], models: Models) -> None:
        super().__init__(tree.trace)
        self.tree = tree
        self.types = types
        self.models = models
        self.annotations = Annotations(self)
        self.calls = Calls(self)
        self.callers = Callers(self)
        self.hierarchy = Hierarchy(self)
        self.names = Names(self)

    def forget(self) -> None:
        """Drop every answer: a file has changed."""
        super().forget()
        self.hierarchy.forget()
        self.calls.forget()
        self.callers.forget()

    def forget_nodes(self) -> None:
        """Drop the answers that may hold nodes: syntax trees have been dropped."""
        super().forget_nodes()
        self.hierarchy.forget()
        self.calls.forget()

    def fact(self, view: View, node: ast.AST, what: Statement) -> Fact:
        """A fact that stands where the node stands."""
        return Fact(what, view.path, getattr(node, "lineno", 1))

    def value(self, node: ast.expr | None, view: View) -> ValueSet:
        """What the expression can hold where it stands."""
        if node is None:
            return known(Nothing())
        return self.guarded(("value", node), lambda: self._value(node, view))

    def held_by(self, node: ast.expr | None, view: View) -> ValueSet:
        """What an expression holds out of which something is taken."""
        return self.deeply(lambda: self.value(node, view))

    def _value(self, node: ast.expr, view: View) -> ValueSet:
        view.depend_on(node)
        if isinstance(node, ast.Name):
            return self.names.name(node, view)
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
        if self.is_shallow and (kind := containers.kind_of(node)):
            return known(Container(kind, ()))
        return containers.display(node, lambda part: self.value(part, view))

    def _item(self, node: ast.Subscript, view: View) -> ValueSet:
        holder = self.held_by(node.value, view)
        found = containers.item(holder, node.slice)
        for p in holder:
            if isinstance(p.value, Instance) and isinstance(p.value.of, Class):
                if isinstance(node.slice, ast.Constant) and self.hierarchy.is_typed_dict(
                    p.value.of
                ):
                    return self.hierarchy.attribute(p.value, str(node.slice.value))
                look = Arguments((lambda: self.value(node.slice, view),))
                given = self.hierarchy.special(p.value, "__getitem__", look)
                if given is not None:
                    found = union([*([] if is_unknown(found) else [found]), given])
        return found

    def _attribute_node(self, node: ast.Attribute, view: View) -> ValueSet:
        scope, name = view.scope_of(node), dotted(node)
        bindings = view.reaching(scope, node, name) if name else None
        if bindings and ENTRY not in bindings and isinstance(scope, FUNCTIONS):
            return self.of_bindings(bindings, view)
        receiver = self.value(node.value, view)
        if self.is_shallow and any(isinstance(p.value, Compound) for p in receiver):
            receiver = self.held_by(node.value, view)
        result = self.attribute(receiver, node.attr, view, node)
        if bindings and any(binding.kind == "narrow" for binding in bindings):
            narrowed = [b for b in bindings if b is not ENTRY]
            result = union([result, self.of_bindings(narrowed, view)])
        return result

    def attribute(self, receiver: ValueSet, name: str, view: View, node: ast.AST) -> ValueSet:
        """What `.name` of each alternative is."""
        parts = [
            tuple(
                Inferred(found.value, (*found.facts, *p.facts), found.doubt or p.doubt)
                for found in self._attribute(p, name, view, node)
            )
            for p in receiver
            if not isinstance(p.value, Nothing)
        ]
        return union(parts)

    def _attribute(self, p: Inferred, name: str, view: View, node: ast.AST) -> ValueSet:
        value = p.value
        if isinstance(value, Module):
            return self.names.module_attribute(value.view, name)
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
        if isinstance(value, Compound):
            return containers.member(value, name)
        guessed = self._guess(node, name, view, isinstance(value, Unknown) and value.open)
        if guessed:
            return guessed
        reason = value.reason if isinstance(value, Unknown) else says.AttributeOfFunction()
        return unknown(reason)

    def _library_attribute(self, value: Library, name: str, view: View) -> ValueSet:
        dotted_name = f"{value.name}.{name}"
        path = self.tree.resolve(dotted_name, view.path)
        if path:
            return self.names.module(path, dotted_name)
        package = self.tree.resolve(value.name, view.path)
        if package:
            found = self.tree.module(package)
            if found is not None:
                return self.names.module_attribute(found, name)
        return known(Library(self.models.canonical(dotted_name)))

    def library_member(self, cls: Library, name: str) -> ValueSet:
        """A method or attribute of an object whose class is not in the tree."""
        held = self.models.attribute(cls.name, name)
        return held or known(Method(Library(self.models.canonical(cls.name)), name))

    def _guess(self, node: ast.AST, name: str, view: View, untold: bool) -> ValueSet:
        if not isinstance(node, ast.Attribute) or view.is_test:
            return ()
        receiver = dotted(node.value)
        if not receiver and isinstance(node.value, ast.Call):
            receiver = dotted(node.value.func) + "()"
        untold = untold or self._is_untold(node.value, view)
        clue = Clue(receiver, name, view, untold, lambda word: bool(self._near(word, view)))
        guessed = self.models.guess(clue)
        if guessed is None:
            return ()
        cls, why = guessed
        return (Inferred(Method(Library(cls), name), (self.fact(view, node, why),), why),)

    def _near(self, word: str, view: View) -> tuple[str, ...]:
        """The files that mention a word and can run in one program with this one."""
        return self.tree.mentions(word, view.path)

    def _is_untold(self, node: ast.expr, view: View) -> bool:
        """Whether nothing at all is known of the first name of `context.resources.client`."""
        while isinstance(node, ast.Attribute):
            node = node.value
        found = self.value(node, view) if isinstance(node, ast.Name) else ()
        return bool(found) and all(isinstance(p.value, Unknown) and p.value.open for p in found)

    def of_bindings(self, bindings: Iterable[Binding], view: View) -> ValueSet:
        """What a name holds that has any of these bindings; an annotation counts before all."""
        ordered = sorted(
            set(bindings),
            key=lambda b: (getattr(b.node, "lineno", 0), getattr(b.node, "col_offset", 0), b.kind),
        )
        declared = [b for b in ordered if b.kind == "annotation"]
        if declared:
            found = self.binding(declared[0], view)
            if not is_vague(found):
                return found
        return union(self.binding(binding, view) for binding in ordered)

    def binding(self, binding: Binding, view: View) -> ValueSet:
        """What one binding gives its name."""
        return self.guarded(("binding", binding), lambda: self._binding(binding, view))

    def _binding(self, b: Binding, view: View) -> ValueSet:
        view.depend_on(b.node)
        if b.kind in ("assign", "walrus"):
            found = containers.unpacked(self._assigned(b, view), b.path)
            if isinstance(b.value, (ast.Name, ast.Constant)) and not b.path:
                return found
            return because(found, self.fact(view, b.node, says.Assigned(b.name)))
        if b.kind == "annotation":
            assert b.annotation is not None
            found = self.annotations.value(b.annotation, view)
            if is_vague(found) and b.value is not None:
                given = self._assigned(b, view)
                found = found if is_unknown(given) and not is_unknown(found) else given
            return because(found, self.fact(view, b.node, says.Annotated(b.name)))
        if b.kind == "for":
            found = containers.element(self.held_by(b.value, view), self, b.is_async)
            found = containers.unpacked(found, b.path)
            return because(found, self.fact(view, b.node, says.Iterated(b.name)))
        if b.kind == "with":
            found = containers.entered(self.held_by(b.value, view), self, b.is_async)
            found = containers.unpacked(found, b.path)
            return because(found, self.fact(view, b.node, says.Entered(b.name)))
        if b.kind == "narrow":
            assert b.value is not None
            found = self.annotations.value(b.value, view)
            return because(found, self.fact(view, b.node, says.Narrowed(b.name)))
        if b.kind == "import" and isinstance(b.node, ast.alias):
            return self.names.imported(b.node, view)
        if b.kind == "from" and isinstance(b.node, ast.alias):
            return self.names.imported_from(b.node, view)
        if b.kind == "def":
            assert isinstance(b.node, (ast.FunctionDef, ast.AsyncFunctionDef))
            return self.defined(b.node, view)
        if b.kind == "class":
            return known(Class(view, b.node))  # type: ignore[arg-type]
        if b.kind == "param" and isinstance(b.node, ast.arg):
            argument = b.node
            return self.deeply(lambda: self._parameter(argument, view))
        if b.kind == "augment":
            before = self.of_bindings(b.previous, view)
            return containers.joined([before, self.value(b.value, view)])
        if b.kind == "exclude":
            assert b.value is not None
            return self._without(self.of_bindings(b.previous, view), b.value, view)
        return unknown(says.BoundOtherwise(b.name))

    def _without(self, found: ValueSet, excluded: ast.expr, view: View) -> ValueSet:
        """The alternatives that are left when isinstance said no."""
        classes = {
            p.value.of
            for p in self.annotations.value(excluded, view)
            if isinstance(p.value, Instance)
        }
        return tuple(
            p for p in found if not (isinstance(p.value, Instance) and p.value.of in classes)
        )

    def defined(self, node: ast.FunctionDef | ast.AsyncFunctionDef, view: View) -> ValueSet:
        """What the name of a function holds once its decorators have run."""
        found = known(Function(view, node, None, self._closure(node, view)))
        for decorator in reversed(node.decorator_list):
            found = union(self._decorated(p, found, node) for p in self.value(decorator, view))
        return found

    def _decorated(self, decorator: Inferred, found: ValueSet, node: ast.AST) -> ValueSet:
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
                names = tuple((name, self.from_frame(frame, name)) for name in frame.arguments)
                found.append((frame.node, names))
        return tuple(found)  # type: ignore[arg-type]

    def configured(self, view: View, node: ast.AST) -> ValueSet:
        """What the user's own table says that a function or class of the tree gives."""
        if not self.types:
            return ()
        view.depend_on(node)
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
                fact = self.fact(view, node, says.Configured(key, holds))
                return known(Instance(self.typed(Library(holds))), fact)
        return ()

    def typed(self, value: Library) -> Library:
        """The library class that a name stands for, with the user's own table."""
        return Library(self.models.canonical(self.types.get(value.name, value.name)))

    def _assigned(self, b: Binding, view: View) -> ValueSet:
        found = self.held_by(b.value, view) if b.path else self.value(b.value, view)
        if self.is_shallow or b.path or not isinstance(b.value, _FILLED):
            return found
        if any(isinstance(p.value, Container) for p in found):
            return containers.with_additions(found, b, view, self)
        return found

    def parameter(self, argument: ast.arg, view: View) -> ValueSet:
        """What a parameter holds: in the call that is followed, or over all calls."""
        return self.deeply(
            lambda: self.guarded(("argument", argument), lambda: self._parameter(argument, view))
        )

    def _parameter(self, argument: ast.arg, view: View) -> ValueSet:
        view.depend_on(argument)
        function: FunctionNode = next(
            a for a in view.source.ancestors(argument) if isinstance(a, FUNCTIONS)
        )
        self.parameter_is_read()
        frame = next((f for f in reversed(self.frames) if f.node is function), None)
        first = self.hierarchy.bound_first_parameter(function, argument, view)
        if first is not None and (frame is None or argument.arg not in frame.arguments):
            return first
        declared: ValueSet = ()
        if argument.annotation is not None:
            declared = self.annotations.value(argument.annotation, view)
            if declared and not is_vague(declared):
                fact = self.fact(view, argument, says.AnnotatedParameter(argument.arg))
                return because(declared, fact)
        if frame is not None and (first is not None or argument.arg in frame.arguments):
            given = self.from_frame(frame, argument.arg)
        elif any(p.value == Unknown(says.TooMuch()) for p in declared):
            return declared
        else:
            given = self.callers.parameter(function, argument, view)
        return declared if is_vague(given) and not is_unknown(declared) else given
