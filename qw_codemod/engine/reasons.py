"""Why `apply` leaves a finding."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement


class ReportedOnly(Statement):
    template = "reported only: there is no rewrite for it"


class NoCodemod(Statement):
    template = "no codemod fixes {code}"

    code: str


class Unproven(Statement):
    template = "not proven"


class OnlyLikely(Statement):
    template = "likely only: {doubt}"

    doubt: Statement


class MayChangeBehaviour(Statement):
    template = "it may change what the code does"


class IsUnsafe(Statement):
    template = "unsafe: {reason}"

    reason: Statement


class All(Statement):
    template = "{reasons:, and }"

    reasons: tuple[Statement, ...]


class NeedsOptions(Statement):
    """The command line could have allowed it."""

    template = "{why}; edit with {options: }"

    why: Statement
    options: tuple[str, ...]


class NeedsRules(Statement):
    """The same run could have made it safe."""

    template = "{why}; apply {families:,} as well"

    why: Statement
    families: tuple[str, ...]
    options: tuple[str, ...] = ()


class CodemodCrashed(Statement):
    template = "its codemod crashed"


class Declined(Statement):
    template = "declined"


class GivenUp(Statement):
    template = "the edits of this file were given up: {problem}"

    problem: str


class HasToWait(Statement):
    template = "it edits other files too, and has to wait for the next apply"


class WouldEdit(Statement):
    template = "it would edit {name}, {why}"

    name: str
    why: Statement


class IsOutside(Statement):
    template = "which is outside of the project"


class IsNotOwn(Statement):
    template = "which is none of the project's own"


class IsExcluded(Statement):
    template = "which is excluded"


class IsStandardInput(Statement):
    template = "and standard input is one file"


class CannotEdit(Statement):
    template = "it would edit {name}: {problem}"

    name: str
    problem: str


class NotValid(Statement):
    template = "it would edit {name}, which is not valid {language}: {problem}"

    name: str
    language: str
    problem: str


class WouldNotBeValid(Statement):
    template = "{name} would not be valid {language}: {problem}"

    name: str
    language: str
    problem: str


class NoConvergence(Statement):
    template = "its edits of several files did not converge after {rounds} rounds"

    rounds: int


class NotWritten(Statement):
    template = "not written: it belongs to edits of other files, and {names} cannot be written"

    names: str
