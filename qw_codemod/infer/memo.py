"""Answers that are remembered, and the calls that are being followed while new ones are found."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TypeVar

from qw_codemod.facts.query import Dependencies, Held, Trace
from qw_codemod.infer import statements as says
from qw_codemod.infer.protocol import Lasting
from qw_codemod.infer.values import FunctionNode, ValueSet, unknown

_STEPS = 1_100  # expressions that one answer may rest on; those that are proven rest on fewer
_DEPTH = 70  # nested expressions and calls; each costs a few Python frames
_FREE = 1 << 30
_Key = TypeVar("_Key", bound=Hashable)
_Found = TypeVar("_Found")
Closure = tuple[tuple[FunctionNode, tuple[tuple[str, ValueSet], ...]], ...]


@dataclass(eq=False)
class Frame:
    """One call that is being followed: what its parameters were given."""

    node: ast.AST
    depth: int
    arguments: Mapping[str, Callable[[], ValueSet]]
    closure: Closure = ()
    values: dict[str, ValueSet] = field(default_factory=dict)
    answers: dict[object, ValueSet] = field(default_factory=dict)  # that lean on this call alone


@dataclass(frozen=True, slots=True)
class _Started:
    """An answer that leans on a question which is still open, further out."""

    answer: ValueSet
    cut: int
    frame_read: int
    reads_parameters: bool


class Memo:
    """Answers by question; a question that leads back to itself adds nothing to its own answer."""

    def __init__(self, trace: Trace) -> None:
        self.frames: list[Frame] = []
        self.is_shallow = False  # whether containers are told by their kind, whatever they hold
        self.trace = trace
        self._pure: dict[object, Held[ValueSet]] = {}  # what needs no parameter
        self._rooted: dict[object, Held[ValueSet]] = {}  # what was found through the callers
        self._active: dict[object, int] = {}
        self._started: dict[object, _Started] = {}
        self._leaning: dict[int, list[object]] = {}  # what leans on the question at that depth
        self._parameters_read = 0
        self._cut = _FREE  # lowest unfinished question that an answer leans on
        self._frame_read = _FREE  # lowest frame that an answer leans on
        self._steps = 0
        self._charged: set[Dependencies] = set()  # the answers whose effort has been counted
        self._too_deep = 0  # the questions that were given up for their depth

    def guarded(self, key: object, compute: Callable[[], ValueSet]) -> ValueSet:
        """Compute once; a question that leads back to itself adds nothing to its own answer."""
        held = self._remembered(key)
        if held is None and self.is_shallow:
            key = ("shallow", key)
            held = self._remembered(key)
        if held is not None:
            self.trace.now.add(held[1])
            return held[0] if self._charge(held[1]) else (*held[0], *unknown(says.TooMuch()))
        if self.frames:
            found = self.frames[-1].answers.get(key)
            if found is not None:
                # Found while this call was followed, and what it leans on was noted then.
                self._frame_read = min(self._frame_read, len(self.frames) - 1)
                self._parameters_read += 1
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
            self._too_deep += depth > _DEPTH
            return unknown(says.TooMuch())
        outer_cut, outer_frame = self._cut, self._frame_read
        self._cut = self._frame_read = _FREE
        read_before, deep_before = self._parameters_read, self._too_deep
        self._active[key] = depth
        outer_trace, self.trace.now = self.trace.now, set()
        try:
            result = compute()
        finally:
            del self._active[key]
            leaning = Dependencies(self.trace.now, 1)
            self._charged.add(leaning)
            outer_trace.add(leaning)
            self.trace.now = outer_trace
        if self._cut >= depth:
            self._cut = _FREE
        for other in self._leaning.pop(depth, ()):
            del self._started[other]
        if self._cut != _FREE:
            # Good until the question that it leans on has its own answer, and no longer.
            reads = self._parameters_read != read_before
            self._started[within] = _Started(result, self._cut, self._frame_read, reads)
            self._leaning.setdefault(self._cut, []).append(within)
        is_whole = self._steps <= _STEPS and self._too_deep == deep_before
        if self._cut == _FREE and self._frame_read == _FREE and is_whole:
            if self._parameters_read == read_before:
                self._pure[key] = (result, leaning)
            elif not self.frames:
                self._rooted[key] = (result, leaning)
        elif self._cut == _FREE and self.frames and self._frame_read == len(self.frames) - 1:
            self.frames[-1].answers[key] = result
        self._cut = min(self._cut, outer_cut)
        self._frame_read = min(self._frame_read, outer_frame)
        return result

    def _remembered(self, key: object) -> Held[ValueSet] | None:
        """The answer that is good here."""
        held = self._pure.get(key)
        if held is None and not self.frames:
            held = self._rooted.get(key)
            self._parameters_read += held is not None
        return held

    def remembered(
        self,
        memory: MutableMapping[_Key, Held[_Found]],
        key: _Key,
        compute: Callable[[], _Found],
        meanwhile: _Found,
    ) -> _Found:
        """An answer of another kind, from `memory`; what is only half found does not stay there."""
        if key in memory:
            return self.trace.remembered(memory, key, compute)
        outer, self._cut = self._cut, _FREE
        deep_before = self._too_deep
        found = self.trace.remembered(memory, key, compute, meanwhile)
        if self._cut != _FREE or self._steps > _STEPS or self._too_deep != deep_before:
            memory.pop(key, None)
        self._cut = min(self._cut, outer)
        return found

    @property
    def is_spent(self) -> bool:
        """Whether the question has taken so much effort that whatever is found now is unknown."""
        return self._steps > _STEPS

    def fresh_question(self) -> None:
        """Start counting the effort anew."""
        self._steps = 0
        self._charged.clear()

    def _charge(self, answer: Dependencies) -> bool:
        """Count the effort for an answer that is known already; whether it is not too much.

        So that a question takes the same whatever was asked before it.
        """
        charged = self._charged
        if answer in charged:
            return self._steps <= _STEPS
        charged.add(answer)
        ahead = [answer]
        while ahead and self._steps <= _STEPS:
            each = ahead.pop()
            self._steps += each.effort
            new = [other for other in each.answers if other not in charged]
            charged.update(new)
            ahead += new
        return self._steps <= _STEPS

    def from_frame(self, frame: Frame, name: str) -> ValueSet:
        """What a parameter was given in one of the calls that are followed."""
        self._frame_read = min(self._frame_read, frame.depth)
        found = frame.values.get(name)
        if found is None:
            compute = frame.arguments.get(name)
            if compute is None:
                return unknown(says.NothingPassed(name))
            rest = self.frames[frame.depth :]
            del self.frames[frame.depth :]
            try:
                found = self.deeply(compute)
            finally:
                self.frames.extend(rest)
            if self._cut == _FREE:
                frame.values[name] = found
        return found

    def within(
        self,
        node: ast.AST,
        arguments: Mapping[str, Callable[[], ValueSet]],
        run: Callable[[], ValueSet],
        closure: Closure = (),
    ) -> ValueSet:
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

    def detached(self, run: Callable[[], ValueSet]) -> ValueSet:
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

    def deeply(self, run: Callable[[], ValueSet]) -> ValueSet:
        """Evaluate `run` with all that containers hold: something is taken out of one."""
        if not self.is_shallow:
            return run()
        self.is_shallow = False
        try:
            return run()
        finally:
            self.is_shallow = True

    def shallowly(self, run: Callable[[], ValueSet]) -> ValueSet:
        """Evaluate `run` where only the outermost kind of value counts.

        Most of what is iterated is a list, and what it is filled with costs more than the rest.
        """
        outer, self.is_shallow = self.is_shallow, True
        try:
            return run()
        finally:
            self.is_shallow = outer

    def forget(self) -> None:
        """Drop every answer: a file has changed."""
        self._pure.clear()
        self._rooted.clear()

    def forget_nodes(self) -> None:
        """Drop the answers that may hold nodes: syntax trees have been dropped."""
        for answers in (self._pure, self._rooted):
            lasting: dict[object, Held[ValueSet]] = {
                key: held for key, held in answers.items() if isinstance(key, Lasting)
            }
            answers.clear()
            answers.update(lasting)

    def parameter_is_read(self) -> None:
        """The answer that is being looked for leans on what a parameter is given."""
        self._parameters_read += 1
