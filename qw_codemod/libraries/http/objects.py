"""What was done to the very session of a call: where it is used, where it was made, on the way."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from qw_codemod.infer import Inference
from qw_codemod.infer.statements import Annotated, Built, DeclaresReturn, OfName
from qw_codemod.infer.values import Class, Instance, ValueSet
from qw_codemod.kernel.model import Fact
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http import statements as says
from qw_codemod.libraries.http import tables as http
from qw_codemod.libraries.http.arguments import FUNCTIONS, FunctionNode, is_none
from qw_codemod.libraries.http.bounds import NONE, Bound, Bounds, Mounted, Preparation
from qw_codemod.python.bindings import dotted

_FARTHEST = 40  # facts followed for one call


class Objects:
    """Follows sessions through one tree of files."""

    def __init__(self, infer: Inference) -> None:
        self._infer = infer
        self.bounds = Bounds(infer)

    def bound(
        self, source: SourceFile, receiver: ast.expr, method: str, facts: Sequence[Fact]
    ) -> Bound:
        """What bounds the calls of `method` on the session that an expression holds.

        `facts` are the chain that tells what the session is. Where a declaration is all that is
        known, what is assigned, returned or passed there is looked at too: `-> requests.Session`
        hides the subclass that a function really gives.
        """
        found = [*self._here(source, receiver), *self._along(facts, method, set())]
        return _strongest(found)

    def mounted(
        self, source: SourceFile, receiver: ast.expr, facts: Sequence[Fact]
    ) -> Iterator[Mounted]:
        """The adapters that are mounted on the session that an expression holds."""
        for prepared in self._prepared(source, receiver):
            yield prepared.mounted
        for fact in facts[:_FARTHEST]:
            view = self._infer.tree.view(fact.path)
            for prepared in self._prepared_at(view.source, fact) if view is not None else ():
                yield prepared.mounted

    def _here(self, source: SourceFile, receiver: ast.expr) -> Iterator[Bound]:
        for prepared in self._prepared(source, receiver):
            yield prepared.bound

    def _prepared(self, source: SourceFile, receiver: ast.expr) -> Iterator[Preparation]:
        name = dotted(receiver)
        around = list(source.ancestors(receiver)) if name else []
        for prepared in self.bounds.preparations(source) if name else ():
            if prepared.holder == name:
                on_object = name.startswith(("self.", "cls."))
                if (on_object and prepared.cls in around) or prepared.function in (None, *around):
                    yield prepared

    def _prepared_at(self, source: SourceFile, fact: Fact) -> Iterator[Preparation]:
        for prepared in self.bounds.preparations(source):
            # The fact names what is bound there: `session` is assigned here.
            if _is_of(fact, prepared.holder) and (
                _spans(prepared.function, fact.line)
                or (prepared.holder.startswith("self.") and _spans(prepared.cls, fact.line))
            ):
                yield prepared

    def _along(self, facts: Sequence[Fact], method: str, seen: set[Fact]) -> Iterator[Bound]:
        for fact in facts:
            if fact in seen or len(seen) > _FARTHEST:
                continue
            seen.add(fact)
            view = self._infer.tree.view(fact.path)
            if view is None:
                continue
            for prepared in self._prepared_at(view.source, fact):
                yield prepared.bound
            if isinstance(fact.what, Built):
                yield _of_constructor(view.source, fact)
            if self.bounds.are_likely:
                yield from self._behind(view.source, fact, method, seen)

    # -- behind a declaration -------------------------------------------------------------------

    def _behind(
        self, source: SourceFile, fact: Fact, method: str, seen: set[Fact]
    ) -> Iterator[Bound]:
        if isinstance(fact.what, DeclaresReturn):
            for function in _at(source, fact.line):
                values = [
                    each.value
                    for each in ast.walk(function)
                    if isinstance(each, ast.Return) and each.value is not None
                ]
                for value in values:
                    yield from self._here(source, value)
                yield _alternatives(self._of_values(source, values, method, seen))
        elif isinstance(fact.what, Annotated):
            yield self._of_annotated(source, fact, method, seen)

    def _of_annotated(self, source: SourceFile, fact: Fact, method: str, seen: set[Fact]) -> Bound:
        for argument in source.nodes(ast.arg):
            if argument.lineno == fact.line and _is_of(fact, argument.arg):
                function = next(a for a in source.ancestors(argument) if isinstance(a, FUNCTIONS))
                view = self._infer.view(source)
                self._infer.evaluator.fresh_question()
                passed = self._infer.evaluator.callers.parameter(function, argument, view)
                return _alternatives(self._of_any(passed, method, seen))
        for assign in source.nodes(ast.AnnAssign):
            if assign.lineno == fact.line and _is_of(fact, dotted(assign.target)):
                return _alternatives(
                    bound
                    for where, values in self._assigned(source, assign)
                    for bound in self._of_values(where, values, method, seen)
                )
        return NONE

    def _assigned(
        self, source: SourceFile, declared: ast.AnnAssign
    ) -> Iterator[tuple[SourceFile, list[ast.expr]]]:
        """The values given to an annotated name, by file: of a class, in it and its relatives."""
        name = dotted(declared.target)
        owner = source.parent(declared)
        method = next((a for a in source.ancestors(declared) if isinstance(a, FUNCTIONS)), None)
        if method is not None and name.startswith("self."):
            owner, name = source.parent(method), name.removeprefix("self.")
        if isinstance(owner, ast.ClassDef):
            hierarchy = self._infer.hierarchy
            cls = Class(self._infer.view(source), owner)
            related = dict.fromkeys(hierarchy.mro(cls))
            for sub in hierarchy.subclasses(cls):
                related.update(dict.fromkeys(hierarchy.mro(sub)))
            for each in related:
                if isinstance(each, Class):
                    yield each.view.source, _values(each.node, f"self.{name}")
        elif method is not None:
            yield source, _values(method, name)
        else:
            yield source, _values(source.tree, name)

    def _of_values(
        self, source: SourceFile, values: Sequence[ast.expr], method: str, seen: set[Fact]
    ) -> Iterator[Bound]:
        for value in values:
            yield from self._of_any(self._infer.holds(source, value), method, seen)

    def _of_any(self, held: ValueSet, method: str, seen: set[Fact]) -> Iterator[Bound]:
        """What bounds each session that it may be; what is unknown says nothing."""
        for p in held:
            value = p.value
            if not isinstance(value, Instance):
                continue
            if isinstance(value.of, Class):
                if not self.bounds.library_base(value.of, sorted(http.SESSION_LIKE)):
                    yield Bound(doubt=says.GivenToo(value.of.node.name))
                    continue
                own = self.bounds.of_class(value.of, method)
                if own is not NONE:
                    yield own
                    continue
            elif value.of.name not in http.SESSION_LIKE:
                continue
            yield _strongest(list(self._along(p.facts, method, seen)))


def _values(scope: ast.AST, name: str) -> list[ast.expr]:
    """What is assigned to a name in a scope; of a function, what follows its last plain one."""
    kept: dict[ast.AST, list[ast.expr]] = {}
    stack: list[tuple[ast.AST, ast.AST]] = [(scope, scope)]
    found: list[tuple[ast.AST, bool, ast.Assign | ast.AnnAssign]] = []
    while stack:
        node, function = stack.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Assign | ast.AnnAssign):
                targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                if any(dotted(target) == name for target in targets) and child.value is not None:
                    found.append((function, node is function, child))
            stack.append((child, child if isinstance(child, FUNCTIONS) else function))
    for function, plain, assign in sorted(found, key=lambda each: each[2].lineno):
        assert assign.value is not None
        if plain:
            kept[function] = []
        if not isinstance(assign.value, ast.Constant):
            kept.setdefault(function, []).append(assign.value)
    return [value for values in kept.values() for value in values]


def _of_constructor(source: SourceFile, fact: Fact) -> Bound:
    for call in source.nodes(ast.Call):
        if call.lineno == fact.line:
            for keyword in call.keywords:
                if keyword.arg in http.CONSTRUCTOR_LIMITS and not is_none(keyword.value):
                    return Bound(why=says.BuiltWith(keyword.arg))
    return NONE


def _is_of(fact: Fact, name: str) -> bool:
    return isinstance(fact.what, OfName) and fact.what.name == name


def _at(source: SourceFile, line: int) -> Iterator[FunctionNode]:
    for node in source.nodes(ast.FunctionDef):
        if node.lineno == line:
            yield node


def _spans(node: ast.AST | None, line: int) -> bool:
    return isinstance(node, (*FUNCTIONS, ast.ClassDef)) and (
        node.lineno <= line <= (node.end_lineno or node.lineno)
    )


def _strongest(bounds: Sequence[Bound]) -> Bound:
    """Of all that is done to one session: a bound, else a doubt."""
    return next(
        (each for each in bounds if each.why), next((each for each in bounds if each.doubt), NONE)
    )


def _alternatives(bounds: Iterable[Bound]) -> Bound:
    """Of sessions of which it is one: bounded if all are, doubtful if some are."""
    found = list(bounds)
    strongest = _strongest(found)
    if strongest.why and not all(each.why for each in found):
        return Bound(doubt=says.MayBeBounded(strongest.why))
    return strongest
