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


@dataclass(frozen=True, slots=True)
class HasToWait(Statement):
    template = "it edits other files too, and has to wait for the next apply"


@dataclass(frozen=True, slots=True)
class WouldEdit(Statement):
    template = "it would edit {name}, {why}"

    name: str
    why: Statement


@dataclass(frozen=True, slots=True)
class IsOutside(Statement):
    template = "which is outside of the project"


@dataclass(frozen=True, slots=True)
class IsNotOwn(Statement):
    template = "which is none of the project's own"


@dataclass(frozen=True, slots=True)
class IsExcluded(Statement):
    template = "which is excluded"


@dataclass(frozen=True, slots=True)
class IsStandardInput(Statement):
    template = "and standard input is one file"


@dataclass(frozen=True, slots=True)
class CannotEdit(Statement):
    template = "it would edit {name}: {problem}"

    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class NotValid(Statement):
    template = "it would edit {name}, which is not valid {language}: {problem}"

    name: str
    language: str
    problem: str


@dataclass(frozen=True, slots=True)
class WouldNotBeValid(Statement):
    template = "{name} would not be valid {language}: {problem}"

    name: str
    language: str
    problem: str


@dataclass(frozen=True, slots=True)
class NoConvergence(Statement):
    template = "its edits of several files did not converge after {rounds} rounds"

    rounds: int


@dataclass(frozen=True, slots=True)
class NotWritten(Statement):
    template = "not written: it belongs to edits of other files, and {names} cannot be written"

    names: str
