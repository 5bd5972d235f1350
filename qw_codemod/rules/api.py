"""All that the author of a rule imports: Check and Hit to find, Codemod and Rewrite to mend."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qw_codemod.kernel.document import Document, Language
from qw_codemod.kernel.model import Evidence, Fact, Finding, Import, Refusal, Safety, Span
from qw_codemod.languages.python import PYTHON, SourceFile

if TYPE_CHECKING:
    import ast

    import libcst

    from qw_codemod.infer import Inference

__all__ = [
    "Check",
    "Codemod",
    "Context",
    "Dependency",
    "Document",
    "Evidence",
    "Fact",
    "Finding",
    "Hit",
    "Import",
    "Language",
    "Refusal",
    "Rewrite",
    "SourceFile",
    "Span",
]

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may ask beside the file itself."""

    infer: Inference
    settings: Settings  # the family's own table, `[tool.qw-codemod.<family>]`, may be empty


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that breaks the rule; the engine makes the Finding of it.

    `node` is what a codemod would rewrite, `at` the part of it where a person should look
    (the node itself if None; for a method call the line and column of the method's name). Where a
    file has no nodes, a Span stands for both. `quiet`:
    it is as it should be, and only an `apply` says why it is left.
    """

    node: ast.expr | ast.stmt | ast.excepthandler | Span
    message: str
    evidence: Evidence
    remedy: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    safety: Safety = "safe"
    caution: str = ""
    at: ast.expr | Span | None = None
    quiet: bool = False


Token = bytes | re.Pattern[bytes]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: its code, the name of the pattern, and the function that finds it.

    `tokens`: the rule can hit only a file that holds one of these byte strings, or a match of one
    of these patterns. `find` is handed the files of its `language`, each as that language's
    Document: a SourceFile for Python.
    """

    code: str
    name: str
    summary: str
    find: Callable[[Any, Context], Iterable[Hit]]
    tokens: tuple[Token, ...]
    language: Language = PYTHON


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a codemod makes of one finding.

    `node` takes the place of the finding's expression, simple statement or handler; in a file that
    is not Python it is text. `before` are statements (source text, one line each) that go on lines
    of their own before the statement around it; `globals` are assignments (source text) that go
    below the file's imports, and `decorators` (without the `@`) go to the function around the
    finding. These and `imports` are for Python alone.
    """

    node: (
        libcst.BaseExpression
        | libcst.BaseSmallStatement
        | libcst.ExceptHandler
        | libcst.ExceptStarHandler
        | str
    )
    before: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()
    globals: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dependency:
    """A distribution that rewritten code needs: `requirement` provides the top-level `module`.

    Where no file of the project holds one of the words in `started_by`, the summary of a run says
    `reminder`.
    """

    module: str
    requirement: str
    started_by: tuple[bytes, ...] = ()
    reminder: str = ""


@dataclass(frozen=True, slots=True)
class Codemod:
    """The rewriting half of a family: which codes it fixes, and how.

    `rewrite` is handed the LibCST node cut out of the file (in a file that is not Python: the text
    of the finding's span), its Finding and the family's settings; None means that it cannot, and
    the finding is left with that said. It may raise a Refusal to say why. `dependencies` are
    declared for the files that come to import them. `policy` makes the text of a module that the
    rewrites rely on, and that `init` writes into the project; it is given the top-level modules
    that the project imports.
    """

    fixes: tuple[str, ...]
    rewrite: Callable[[Any, Finding, Settings], Rewrite | None]
    dependencies: tuple[Dependency, ...] = ()
    policy: Callable[[Collection[str]], str] | None = None
    policy_name: str = ""  # of what that module offers, for the setting `policy`
