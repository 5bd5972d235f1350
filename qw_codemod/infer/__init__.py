"""What does this expression hold, and how do we know?

`holds` answers with the values that an expression may have, each with the facts that lead to it.
Take the last line of

    def days(pool: ThreadPoolExecutor):
        job = pool.submit(load, "2026-01-01")
        return job.result()

Where `job` is read, one binding reaches it: the assignment. Its value is a call of `submit`, a
method of what `pool` holds. A parameter holds what its annotation promises; without one, what all
callers in the project pass, or unknown if there are none. A model of the library says that `submit`
gives a future of what its first argument gives. So `job` holds a future, because of four facts:
`job` is assigned here, `.submit()` of a ThreadPoolExecutor, parameter `pool` is
annotated here, `ThreadPoolExecutor` is imported here.

Every branch, override and caller adds an alternative. `judge` makes evidence of them: the answer is
proven if all alternatives are of the wanted kind and none is in doubt. `Unknown` is an alternative
like any other, so what cannot be followed costs the proof and never invents one.

`evaluate` walks expressions and bindings. It hands names, calls, callers, annotations, classes and
containers to the modules of these names, which know one another by `protocol` alone. `memo` keeps
each answer with what it depends on, and ends recursion: a question that comes up again while it is
being answered adds nothing to its own answer. What libraries do comes from outside (`models`).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from qw_codemod.facts.exchange import Member
from qw_codemod.facts.index import Known
from qw_codemod.facts.project import State, Tree
from qw_codemod.facts.query import Trace
from qw_codemod.infer import statements as says
from qw_codemod.infer.evaluate import Evaluator
from qw_codemod.infer.hierarchy import Hierarchy
from qw_codemod.infer.models import Model, Models
from qw_codemod.infer.values import (
    Class,
    Compound,
    Container,
    Function,
    Inferred,
    Instance,
    Library,
    Method,
    Module,
    Nothing,
    Unknown,
    Value,
    ValueSet,
)
from qw_codemod.kernel.model import Evidence, Fact
from qw_codemod.kernel.statements import At, Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.module import View

__all__ = [
    "Answer",
    "Class",
    "Container",
    "Function",
    "Inference",
    "Inferred",
    "Instance",
    "Library",
    "Method",
    "Module",
    "Nothing",
    "Unknown",
    "Value",
    "ValueSet",
    "judge",
]

_STACK = 6000  # Python frames: following a chain through many files nests deeply


@dataclass(frozen=True, slots=True)
class Answer:
    """The alternatives that a rule asked about, and how sure it is that there is no other."""

    values: tuple[Value, ...]
    evidence: Evidence


def judge(held: ValueSet, wanted: Callable[[Value], bool]) -> Answer | None:
    """Whether an expression holds what is wanted: proven, likely, or (None) not at all.

    Proven: every alternative is wanted, None aside, and none is in doubt.
    """
    yes = [p for p in held if wanted(p.value)]
    if not yes:
        return None
    others = [p for p in held if p not in yes and not isinstance(p.value, Nothing)]
    sure = next((p for p in yes if not p.doubt), None)
    told = [p for p in others if not isinstance(p.value, Unknown)]
    if sure is None and told:
        return None  # a guess against what is known
    doubt = next((p.doubt for p in yes if p.doubt), None)
    if not doubt and others:
        other = (told or others)[0]
        doubt = other.value.reason if isinstance(other.value, Unknown) else _otherwise(other)
    facts = _once((sure or yes[0]).facts)
    values = tuple(p.value for p in yes)
    return Answer(values, Evidence("likely" if doubt else "proven", facts, doubt))


def _otherwise(p: Inferred) -> Statement:
    first = p.facts[0] if p.facts else None
    where = At(first.path, first.line) if first else None
    return says.MayAlsoBe(_described(p.value), where)


def _described(value: Value) -> Statement:
    if isinstance(value, Instance):
        cls = value.of
        return says.ObjectOf(cls.node.name if isinstance(cls, Class) else cls.name)
    if isinstance(value, Compound):
        return says.ObjectOf(value.kind)
    return says.SomethingElse()


def _once(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return tuple(dict.fromkeys(facts))


class Inference:
    """What is known about one tree of files.

    `root` is the absolute path of the project, `files` the absolute paths of every Python file in
    it (also those that are not examined), `models` what is known of libraries, `types` the user's
    own wrappers: dotted name to the dotted name of the class that it gives; `texts` are files that
    tell of deployments; `exchange` is with other processes of this run.
    """

    def __init__(
        self,
        root: str,
        files: Sequence[str],
        models: Iterable[Model],
        types: Mapping[str, str] | None = None,
        trace: Trace | None = None,
        known: Known | None = None,
        texts: Sequence[str] = (),
        exchange: Member | None = None,
    ) -> None:
        self.root = root
        self._texts = texts
        self.files = files
        self._models = Models(models)
        self.types = dict(types or {})
        self.trace = trace or Trace()
        self._known = known
        self._exchange = exchange
        self._kept: tuple[Evaluator, str, State] | None = None

    @cached_property
    def tree(self) -> Tree:
        """The modules of the tree."""
        return Tree(self.root, self.files, self.trace, self._known, self._texts, self._exchange)

    @cached_property
    def evaluator(self) -> Evaluator:
        """What answers the questions."""
        if sys.getrecursionlimit() < _STACK:
            sys.setrecursionlimit(_STACK)
        return Evaluator(self.tree, self.types, self._models)

    def overlay(self, source: SourceFile) -> None:
        """Look at this version of the file instead of the one on disk."""
        self.tree.overlay(source)
        self.evaluator.forget()

    def revise(self, source: SourceFile) -> None:
        """Look at an edited version of a file, until `restore`; what was known before is kept."""
        if self._kept is None:
            self._kept = (self.evaluator, source.path, self.tree.state(source.path))
        else:
            self.evaluator.forget()  # its parts know one another: it would stay for long
        self.tree.overlay(source)
        self.__dict__["evaluator"] = Evaluator(self.tree, self.types, self._models)

    def restore(self) -> None:
        """Look at the file as it was before it was revised."""
        if self._kept is None:
            return
        evaluator, path, state = self._kept
        self.evaluator.forget()
        self.tree.reset(path, state)
        self.__dict__["evaluator"] = evaluator
        self._kept = None

    def begin(self, source: SourceFile) -> None:
        """Get ready for questions about a file; to be called before its tree is used."""
        if self.tree.is_full:
            self.tree.drop()
            for each in (self.evaluator, *(self._kept[:1] if self._kept else ())):
                each.forget_nodes()
        self.view(source)

    def view(self, source: SourceFile) -> View:
        """The file as inference sees it; its nodes are those of `source`."""
        view, replaces = self.tree.adopt(source)
        if replaces:
            self.evaluator.forget()
        return view

    def is_test(self, source: SourceFile) -> bool:
        """Whether a file belongs to the project's tests, by its path below the root."""
        return self.tree.is_test(source.path)

    def holds(self, source: SourceFile, node: ast.expr) -> ValueSet:
        """What an expression of the file can hold."""
        return self.holds_in(self.view(source), node)

    def holds_in(self, view: View, node: ast.expr) -> ValueSet:
        """What an expression of a module can hold."""
        self.evaluator.fresh_question()
        return self.evaluator.value(node, view)

    @property
    def hierarchy(self) -> Hierarchy:
        """What answers a new question about classes."""
        self.evaluator.fresh_question()
        return self.evaluator.hierarchy

    def judged(
        self, source: SourceFile, node: ast.expr, wanted: Callable[[Value], bool]
    ) -> Answer | None:
        """`judge` of what an expression holds, where what containers hold is not wanted.

        Few expressions hold what is wanted: what the containers among them hold is not looked for.
        """
        view = self.view(source)
        evaluator = self.evaluator
        evaluator.fresh_question()
        held = evaluator.shallowly(lambda: evaluator.value(node, view))
        if not any(wanted(p.value) for p in held):
            return None
        return judge(self.holds(source, node), wanted)
