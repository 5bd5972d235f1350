"""What sets a timeout for requests far from the call: subclasses, adapters, partials, sockets."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

from qw_codemod.facts.query import Held
from qw_codemod.infer import Inference
from qw_codemod.infer.protocol import Base
from qw_codemod.infer.values import Class, Function, Instance, Library, Unknown
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.http import statements as says
from qw_codemod.libraries.http import tables as http
from qw_codemod.libraries.http.arguments import FUNCTIONS, FunctionNode, effect, is_none, limits
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import imports_of


@dataclass(frozen=True, slots=True)
class Bound:
    """Why a call is bounded (`why`), or why that is not certain (`doubt`); neither: it is not.

    `closed` says that the call cannot be given a timeout, and why.
    """

    why: Statement | None = None
    doubt: Statement | None = None
    closed: Statement | None = None


NONE = Bound()
_MARKS = (
    *("setdefaulttimeout", "HTTPAdapter", "Session)", "Session,", "merge_environment_settings"),
    *(".request = ", "default_timeout", *(f".{verb} = " for verb in http.VERBS)),
)


@dataclass(frozen=True, slots=True)
class Mounted:
    """An adapter, and the file in which it is written."""

    source: SourceFile
    adapter: ast.expr | None


@dataclass(frozen=True, slots=True)
class Preparation:
    """Something done to a session that may give it a timeout: mounted, replaced, handed on.

    `mounted` says which adapter it is, if it is one.
    """

    holder: str  # the session as it is written there
    function: ast.AST | None
    cls: ast.AST | None
    bound: Bound
    mounted: Mounted


class Bounds:
    """Answers about one tree of files; remembers them."""

    def __init__(self, infer: Inference) -> None:
        self._infer = infer
        self._prepared: WeakKeyDictionary[SourceFile, Held[list[Preparation]]] = WeakKeyDictionary()

    # -- classes --------------------------------------------------------------------------------

    def bases(self, cls: Class) -> tuple[Base, ...]:
        """The class and its bases, the nearest first; None where a base could not be told."""
        return self._infer.hierarchy.mro(cls)

    def library_base(self, cls: Class, known: Sequence[str]) -> str:
        """The first base outside the tree that is one of these; empty if there is none."""
        for base in self.bases(cls):
            if isinstance(base, Library) and base.name in known:
                return base.name
        return ""

    def is_own(self, cls: Class, method: str, past: Class | None = None) -> bool:
        """Whether a class has a method of its own that hands no timeout on to requests."""
        found = self._method(cls, method, past)
        return found is not None and effect(found) in ("closed", "away")

    def of_class(self, cls: Class, method: str, past: Class | None = None) -> Bound:
        """What the subclasses of Session that a class is made of do to a call of `method`.

        `past`: the call is one of `super()` in that class.
        """
        name = cls.node.name
        for step in (method, *(() if method == "send" else ("request", "send"))):
            found = self._method(cls, step, past if step == method else None)
            if found is None:
                continue
            done = effect(found)
            # Session.request hands timeout=None to send(), so a default there is never used. [run]
            if done == "default" and step == "send" and method != "send":
                return Bound(doubt=says.DefaultOverruled(name))
            if done in ("set", "default"):
                return Bound(why=says.MethodSets(name, step))
            if done == "closed" and step != method:
                return Bound(closed=says.TakesNone(name, step))
            if done == "away":
                return Bound(doubt=says.HandsElsewhere(name, step))
        settings = self._method(cls, "merge_environment_settings", None)
        if settings is not None and effect(settings) == "set":
            return Bound(why=says.ClassSets(name))
        return self._of_constructors(cls)

    def _method(self, cls: Class, name: str, past: Class | None) -> FunctionNode | None:
        chain = self.bases(cls)
        if past in chain:
            chain = chain[chain.index(past) + 1 :]
        for base in chain:
            if isinstance(base, Class):
                for node in base.node.body:
                    if isinstance(node, FUNCTIONS) and node.name == name:
                        return node
        return None

    def _of_constructors(self, cls: Class) -> Bound:
        """`self.mount(…)` and `self.request = partial(…)` in the methods of a Session subclass."""
        doubtful = NONE
        for base in self.bases(cls):
            if not isinstance(base, Class):
                continue
            for prepared in self.preparations(base.view.source):
                if prepared.holder == "self" and prepared.cls is base.node:
                    if prepared.bound.why:
                        return prepared.bound
                    doubtful = prepared.bound
        return doubtful

    def _source(self, path: str) -> SourceFile | None:
        view = self._infer.tree.view(path)
        return view.source if view else None

    # -- what is done to sessions ---------------------------------------------------------------

    def preparations(self, source: SourceFile) -> list[Preparation]:
        """What a file does to the sessions in it, wherever they come from."""
        # A function that hands its session to itself does no more to it than it did.
        compute = partial(self._find_preparations, source)
        return self._infer.evaluator.remembered(self._prepared, source, compute, [])

    def _find_preparations(self, source: SourceFile) -> list[Preparation]:
        return list(self._prepare(source))

    def _prepare(self, source: SourceFile) -> Iterator[Preparation]:
        if b".mount(" in source.data:
            for call in source.nodes(ast.Call):
                if isinstance(call.func, ast.Attribute) and call.func.attr == "mount":
                    adapter = call.args[1:2] or [
                        k.value for k in call.keywords if k.arg == "adapter"
                    ]
                    if adapter:
                        bound = self._of_adapter(source, adapter[0])
                        yield _preparation(
                            source, call.func.value, call, bound, Mounted(source, adapter[0])
                        )
        for assign in source.nodes(ast.Assign):
            for target in assign.targets:
                if isinstance(target, ast.Attribute):
                    bound = self._of_replacement(source, target.attr, assign.value)
                    if bound is not NONE:
                        yield _preparation(source, target.value, assign, bound)
        if self.are_likely or self._infer.tree.holding((".mount(",), "max_retries"):
            yield from self._handed(source)

    def _of_adapter(self, source: SourceFile, node: ast.expr) -> Bound:
        for p in self._infer.holds(source, node):
            value = p.value
            if isinstance(value, Unknown):
                return Bound(doubt=says.UnknownAdapter())
            if not isinstance(value, Instance):
                continue
            if isinstance(value.of, Library):
                if "timeout" in value.of.last.lower():
                    return Bound(why=says.Mounted(value.of.last))
                continue
            name = value.of.node.name
            send = self._method(value.of, "send", None)
            done = effect(send) if send is not None else "open"
            if done == "set":
                return Bound(why=says.MethodSets(name, "send"))
            if done == "default":
                return Bound(doubt=says.DefaultOverruled(name))
        return NONE

    def _of_replacement(self, source: SourceFile, attribute: str, value: ast.expr) -> Bound:
        if attribute == "timeout":
            # A common belief; nothing in requests reads it. [run]
            if not is_none(value):
                return Bound(doubt=says.IgnoredAttribute())
            return NONE
        if attribute not in (*http.VERBS, "request", "send"):
            return NONE
        for node in ast.walk(value):
            if any(not is_none(given) for given, _ in limits(node)):
                return Bound(why=says.Replaced(attribute))
        if isinstance(value, ast.Name):
            for p in self._infer.holds(source, value):
                made = p.value.node if isinstance(p.value, Function) else None
                if isinstance(made, FUNCTIONS) and effect(made) in ("set", "default"):
                    return Bound(why=says.Replaced(attribute))
        return NONE

    def _handed(self, source: SourceFile) -> Iterator[Preparation]:
        """`add_timeouts(session)`: what a function does to its parameter is done to the session."""
        for call in source.nodes(ast.Call):
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            if not any(map(_is_session_name, given)):
                continue
            if isinstance(call.func, ast.Attribute) and call.func.attr in http.VERBS:
                continue
            for p in self._infer.holds(source, call.func):
                if isinstance(p.value, Function) and isinstance(p.value.node, FUNCTIONS):
                    yield from self._done_to_arguments(source, call, p.value)

    def _done_to_arguments(
        self, source: SourceFile, call: ast.Call, function: Function
    ) -> Iterator[Preparation]:
        where = function.view.source
        if b".mount(" not in where.data and b"timeout" not in where.data:
            return
        spec = function.node.args
        names = [each.arg for each in (*spec.posonlyargs, *spec.args)]
        names = names[1:] if function.receiver is not None else names
        passed = [*zip(names, call.args, strict=False), *((k.arg, k.value) for k in call.keywords)]
        for name, argument in passed:
            for prepared in self.preparations(where):
                if prepared.function is function.node and prepared.holder == name:
                    yield _preparation(source, argument, call, prepared.bound, prepared.mounted)

    # -- sockets --------------------------------------------------------------------------------

    def of_sockets(self, source: SourceFile) -> str:
        """Where socket.setdefaulttimeout() bounds the sockets that this file opens; empty: nowhere.

        In the file itself, in a module that it imports, or in a program of the tree. It bounds
        urllib alone: requests hands None to the socket, which takes the default away. [run]
        """
        if b"setdefaulttimeout" in source.data and _sets_default(source, anywhere=True):
            return source.path
        for path in self._infer.tree.holding(("setdefaulttimeout",)):
            other = self._source(path)
            if other is None or path == source.path:
                continue
            program = _is_program(other)
            if not _sets_default(other, anywhere=program):
                continue
            if program or _imports(source, path):
                return path
        return ""

    @property
    def are_likely(self) -> bool:
        """Whether any file of the tree looks as if it sets a timeout for sessions."""
        return bool(self._infer.tree.holding(_MARKS, "timeout"))


def _preparation(
    source: SourceFile,
    holder: ast.expr,
    node: ast.AST,
    bound: Bound,
    mounted: Mounted | None = None,
) -> Preparation:
    function = cls = None
    for each in source.ancestors(node):
        if isinstance(each, FUNCTIONS):
            function = function or each
        elif isinstance(each, ast.ClassDef):
            cls = cls or each
    mounted = mounted or Mounted(source, None)
    return Preparation(dotted(holder), function, cls, bound, mounted)


def _is_session_name(node: ast.expr) -> bool:
    last = dotted(node).rpartition(".")[2].lower()
    return last in ("s", "http") or "sess" in last or "client" in last


def _sets_default(source: SourceFile, anywhere: bool) -> bool:
    """Whether it calls socket.setdefaulttimeout() with a number, anywhere or as it is imported."""
    for call in source.nodes(ast.Call):
        if dotted(call.func).rpartition(".")[2] != "setdefaulttimeout" or not call.args:
            continue
        if is_none(call.args[0]):
            continue
        if anywhere or not any(isinstance(each, FUNCTIONS) for each in source.ancestors(call)):
            return True
    return False


def _is_program(source: SourceFile) -> bool:
    return source.path.endswith("__main__.py") or b"__main__" in source.data


def _imports(source: SourceFile, path: str) -> bool:
    """Whether a file may import another: by the last part of its name, or of its package's."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    return any(
        parts[-1] in (each.name, each.module.rpartition(".")[2]) for each in imports_of(source.tree)
    )
