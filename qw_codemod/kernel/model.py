"""The values that travel between rooms: frozen, without syntax nodes, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from qw_codemod.kernel.statements import Statement

Level = Literal["proven", "likely"]
Safety = Literal["safe", "unsafe"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of byte offsets in one file."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether both cover a byte, or stand at the same point."""
        return self.start < other.end and other.start < self.end or self == other


@dataclass(frozen=True, slots=True)
class Fact:
    """One link of a chain of reasons: what is known, and the place that says so."""

    what: Statement
    path: str
    line: int  # 1-based


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a finding is believed.

    `proven`: every binding that reaches the expression agrees. `likely`: the facts point one way,
    and `doubt` says what is missing for a proof.
    """

    level: Level
    facts: tuple[Fact, ...] = ()
    doubt: Statement | None = None


@dataclass(frozen=True, slots=True)
class Unsafe:
    """The edit may change what the code does; only `apply --unsafe` makes it.

    `beside`: families whose edits would make it safe, where they are made in the same run.
    """

    reason: Statement | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfixable:
    """No option makes an edit of it: it is for a person to change."""

    reason: Statement | None = None


@dataclass(frozen=True, slots=True)
class NotNeeded(Unfixable):
    """Nothing is to be changed: the reason says what already does what an edit would."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Another command has to be run first, which the reason names."""

    reason: Statement | None = None


Obstacle = Unsafe | Unfixable | NotYet


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that breaks one rule."""

    code: str
    rule: str
    family: str
    path: str
    line: int  # 1-based: where the pattern is recognised, e.g. the name of the called method
    column: int  # 1-based, in characters
    end_line: int
    span: Span  # the node that a codemod would rewrite
    message: str
    evidence: Evidence
    fixable: bool = False  # some `apply` would edit it, if its family comes with a codemod
    obstacle: Obstacle | None = None  # what keeps a plain `apply` from it
    hidden: bool = False  # `check` does not show it, `apply` says why it is left
    about: str = ""  # what a policy that `init` writes has to know for it

    @property
    def safety(self) -> Safety:
        """Whether the edit may change what the code does."""
        return "unsafe" if isinstance(self.obstacle, Unsafe) else "safe"

    @property
    def beside(self) -> tuple[str, ...]:
        """The families whose edits, made in the same run, would make this one safe."""
        return self.obstacle.beside if isinstance(self.obstacle, Unsafe) else ()

    @property
    def reason(self) -> Statement | None:
        """Why the edit is unsafe, or why there is none."""
        return self.obstacle.reason if self.obstacle is not None else None


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes of `span` by `new`; an empty span inserts.

    `path` is absolute; it is empty for the file of the finding.
    """

    span: Span
    new: bytes
    path: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """The edits that fix one finding: all of them or none.

    `adds_names`: the module gets an import or a global of it, and looks otherwise to the next fix.
    `remarks` are what whoever reads the edit should know.
    """

    finding: Finding
    edits: tuple[Edit, ...]
    adds_names: bool = False
    notes: tuple[Statement, ...] = ()  # what to tell about them
    remarks: tuple[Statement, ...] = ()

    @property
    def is_shared(self) -> bool:
        """Whether it edits other files than the finding's."""
        return any(edit.path for edit in self.edits)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that kept a file, or a rule on a file, from being examined."""

    path: str
    message: str
    line: int = 0  # 1-based; 0 where no line applies
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A finding that a codemod could rewrite and did not, with the reason."""

    finding: Finding
    reason: Statement


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be known about an edit that was made."""

    finding: Finding
    what: Statement


@dataclass(frozen=True, slots=True)
class FileReport:
    """All that one run has to say about one file."""

    path: str
    findings: tuple[Finding, ...] = ()  # what stands in the file after this run
    fixed: tuple[Finding, ...] = ()
    notes: tuple[Statement, ...] = ()  # about the edits
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[Remark, ...] = ()
    suppressed: tuple[Finding, ...] = ()
    unused_suppressions: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    shared: tuple[Fix, ...] = ()  # that edit other files too: not made here, and all that is asked
    fixed_elsewhere: tuple[Finding, ...] = ()  # of other files, whose fixes edit this one too
    before: bytes = field(default=b"", repr=False)  # empty unless the file changes
    after: bytes | None = field(default=None, repr=False)  # None: nothing to write


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a span lies; lines and columns are 1-based, columns in characters."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report, with what is needed to show its places without reading the file again."""

    report: FileReport
    lines: Mapping[int, str] = field(default_factory=dict)
    extents: Mapping[Span, Extent] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """A name that rewritten code needs: `import module`, or `from module import name`.

    `comment` is for a tool that would find fault with the line: at its end, or above it.
    """

    module: str
    name: str = ""
    comment: str = ""
    comment_is_above: bool = False

    @property
    def bound(self) -> str:
        """The name under which the code refers to it."""
        return self.name or self.module


class CannotFix(Exception):
    """There is no edit that would be right; the finding is left, with the reason."""

    def __init__(self, reason: Statement) -> None:
        super().__init__(reason)
        self.reason = reason
