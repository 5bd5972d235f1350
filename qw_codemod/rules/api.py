"""All that the author of a rule imports: Check and Match to find, Codemod and Rewrite to fix.

A rule is up to four steps, and a run takes no more of them than it needs:

- `Check.find` yields a Match for each place: where, what is wrong, how that is known.
- `Check.assess` says whether the edit would be safe, and stops at the first reason why not.
- `Check.plan` works out the edit: all that the codemod has to know, as a value of the family's.
- `Codemod.rewrite` is handed the LibCST node and the plan.

The smallest rule finds and rewrites::

    def find(source, context):
        for call in source.nodes(ast.Call):
            if source.text(call.func) == "job.wait" and not call.keywords:
                yield Match(call, "no timeout", Evidence("proven"), remedy="timeout")

    def rewrite(node, keyword, settings):
        return Rewrite(with_keyword(node, keyword, "300"))
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from qw_codemod.kernel.document import Document, Language
from qw_codemod.kernel.model import (
    CannotFix,
    Edit,
    Evidence,
    Fact,
    Finding,
    Import,
    NotNeeded,
    NotYet,
    Obstacle,
    Span,
    Unfixable,
    Unsafe,
)
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import PYTHON, SourceFile

if TYPE_CHECKING:
    import ast

    import libcst

    from qw_codemod.infer import Inference

__all__ = [
    "CannotFix",
    "Check",
    "Codemod",
    "Context",
    "Dependency",
    "Document",
    "Edit",
    "Evidence",
    "Fact",
    "Finding",
    "Import",
    "Language",
    "Lazy",
    "Match",
    "NotNeeded",
    "NotYet",
    "Obstacle",
    "Published",
    "Rewrite",
    "SourceFile",
    "Span",
    "Statement",
    "Unfixable",
    "Unsafe",
]

Settings = Mapping[str, Any]
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may ask beside the file itself."""

    infer: Inference
    settings: Settings  # the family's own table, `[tool.qw-codemod.<family>]`, may be empty
    shared: dict[Any, Any] = field(default_factory=dict, repr=False)  # by the checks of one file

    def once(self, ask: Callable[[SourceFile, Inference], _Answer], source: SourceFile) -> _Answer:
        """What `ask` finds in the file; checks that ask the same share the answer.

        `ask` is a function of a module, and gives a value that can be read several times: a tuple,
        not an iterator.
        """
        if ask not in self.shared:
            self.shared[ask] = ask(source, self.infer)
        answer: _Answer = self.shared[ask]
        return answer


@dataclass(frozen=True, slots=True)
class Match:
    """A place that breaks the rule; the engine makes the Finding of it.

    `node` is what a codemod would rewrite, `at` the part of it where a person should look
    (the node itself if None; for a method call the line and column of the method's name). Several
    statements that follow each other in one block are given as a list. Where a file has no nodes, a
    Span stands for both.

    `remedy` is a value of the family's own, for `assess` and `plan`; where the rule has no `plan`,
    the codemod is handed the remedy itself. Without one the finding is reported only. `hidden`: the
    place is as it should be, and only an `apply` says why it is left. `about` is handed to the
    codemod's `policy` when `init` writes it.
    """

    node: ast.expr | ast.stmt | ast.excepthandler | Sequence[ast.stmt] | Span
    message: str
    evidence: Evidence
    remedy: Any = None
    at: ast.expr | Span | None = None
    hidden: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Lazy:
    """A function of a module that is imported when it is first called.

    Every run lists the rules, and most runs examine no file. `module` is a dotted name.
    """

    module: str
    name: str

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself."""
        found: Callable[..., Any] = getattr(importlib.import_module(self.module), self.name)
        return found

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)


Token = bytes | re.Pattern[bytes]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: its code, the name of the pattern, and the functions that find and weigh it.

    `tokens`: the rule can match only in a file that holds one of these byte strings, or a match of
    one of these patterns. The functions are handed the files of its `language`, each as that
    language's Document: a SourceFile for Python. `assess` asks the cheapest question first; None
    for a rule whose edits are always safe. Functions whose modules import much are each a `Lazy`.
    `plan` may raise CannotFix. `remarks` are what is to be known of an edit that is made: the
    summary of a run says each once.
    """

    code: str
    name: str
    summary: str
    find: Callable[[Any, Context], Iterable[Match]]
    tokens: tuple[Token, ...]
    language: Language = PYTHON
    assess: Callable[[Any, Context, Match], Obstacle | None] | None = None
    plan: Callable[[Any, Context, Match], Any] | None = None
    remarks: Callable[[Any, Context, Match], Iterable[Statement]] | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a codemod makes of one finding.

    `node` takes the place of the finding's expression, statement, run of statements or handler (of
    statements: one, or an IndentedBlock of several); in a file that is not Python it is text.
    `before` are statements (source text, one line each) that go on lines
    of their own before the statement around it; `globals` are assignments (source text) that go
    below the file's imports, and `decorators` (without the `@`) go to the function around the
    finding. These and `imports` are for Python alone.

    `edits` are bytes in the place of bytes, in this file or, by their absolute `path`, in any other
    of the project, of whatever language: for these alone `node` is None. All that a Rewrite holds
    is made, or none of it. `notes` are told to whoever applies it.
    """

    node: (
        libcst.BaseExpression
        | libcst.BaseSmallStatement
        | libcst.BaseStatement
        | libcst.IndentedBlock
        | libcst.ExceptHandler
        | libcst.ExceptStarHandler
        | str
        | None
    )
    before: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()
    globals: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    notes: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a distribution that needs no other one; its files by their SHA-256."""

    version: str
    python: str  # as in ">=3.8"
    summary: str
    files: tuple[tuple[str, str], ...]
    extras: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Dependency:
    """A distribution that rewritten code needs: `requirement` provides the top-level `module`.

    `pin` is a version for lists of requirements in which each has one, `published` what locks say
    of it. Where no file of the project holds one of the words in `started_by`, the summary of a run
    says `reminder`.
    """

    module: str
    requirement: str
    started_by: tuple[bytes, ...] = ()
    reminder: str = ""
    pin: str = ""
    published: Published | None = None

    @property
    def name(self) -> str:
        """The distribution, without a bound."""
        return re.split(r"[<>=~! ]", self.requirement, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class Codemod:
    """The rewriting half of a family: which codes it fixes, and how.

    `rewrite` is handed the LibCST node cut out of the file (several statements in an IndentedBlock;
    in a file that is not Python: the text of the finding's span), the plan that the check made for
    it and the family's settings; None means that it cannot, and the finding is left with that said.
    It may raise CannotFix to say why. `dependencies` are declared for the files that come to import
    them. `policy` makes the text of a module that the rewrites rely on, and that `init` writes into
    the project; it is given what the family's findings are `about`, or, where there are none, the
    top-level modules that the project imports.
    """

    fixes: tuple[str, ...]
    rewrite: Callable[[Any, Any, Settings], Rewrite | None]
    dependencies: tuple[Dependency, ...] = ()
    policy: Callable[[Collection[str]], str] | None = None
    policy_name: str = ""  # of what that module offers, for the setting `policy`
