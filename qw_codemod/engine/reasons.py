"""Why `apply` leaves a finding."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement


@dataclass(frozen=True, slots=True)
class ReportedOnly(Statement):
    template = "reported only: there is no rewrite for it"


@dataclass(frozen=True, slots=True)
class NoCodemod(Statement):
    template = "no codemod fixes {code}"

    code: str


@dataclass(frozen=True, slots=True)
class Unproven(Statement):
    template = "not proven"


@dataclass(frozen=True, slots=True)
class OnlyLikely(Statement):
    template = "likely only: {doubt}"

    doubt: Statement


@dataclass(frozen=True, slots=True)
class MayChangeBehaviour(Statement):
    template = "it may change what the code does"


@dataclass(frozen=True, slots=True)
class IsUnsafe(Statement):
    template = "unsafe: {reason}"

    reason: Statement


@dataclass(frozen=True, slots=True)
class All(Statement):
    template = "{reasons:, and }"

    reasons: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class NeedsOptions(Statement):
    """The command line could have allowed it."""

    template = "{why}; edit with {options: }"

    why: Statement
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodemodCrashed(Statement):
    template = "its codemod crashed"


@dataclass(frozen=True, slots=True)
class Declined(Statement):
    template = "declined"


@dataclass(frozen=True, slots=True)
class GivenUp(Statement):
    template = "the edits of this file were given up: {problem}"

    problem: str
