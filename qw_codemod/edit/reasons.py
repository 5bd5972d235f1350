"""Why an edit cannot be written."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement


@dataclass(frozen=True, slots=True)
class NoRewrite(Statement):
    template = "the codemod has no rewrite for this form"


@dataclass(frozen=True, slots=True)
class NestedTooDeeply(Statement):
    template = "the expression is nested too deeply"


@dataclass(frozen=True, slots=True)
class NotEncodable(Statement):
    template = "{encoding} cannot hold the new code"

    encoding: str


@dataclass(frozen=True, slots=True)
class NotParsedAlone(Statement):
    template = "LibCST cannot parse it on its own"


@dataclass(frozen=True, slots=True)
class NotPrintedAlike(Statement):
    template = "LibCST does not print it as it was"


@dataclass(frozen=True, slots=True)
class PlaceUncertain(Statement):
    template = "its place in the file is not certain"


@dataclass(frozen=True, slots=True)
class NoFunctionAround(Statement):
    template = "there is no function around it"


@dataclass(frozen=True, slots=True)
class FunctionSharesLine(Statement):
    template = "its function shares the line with another statement"


@dataclass(frozen=True, slots=True)
class NothingGoesBefore(Statement):
    template = "no statement can go before it: {why}"

    why: Statement


@dataclass(frozen=True, slots=True)
class NoLineForImport(Statement):
    template = "there is no line of its own for the import"


@dataclass(frozen=True, slots=True)
class LineHoldsMore(Statement):
    template = "its line holds something else as well"


@dataclass(frozen=True, slots=True)
class KeywordGiven(Statement):
    template = "`{keyword}=` is there already"

    keyword: str


@dataclass(frozen=True, slots=True)
class MayHoldKeyword(Statement):
    template = "`{argument}` may hold `{keyword}` already"

    argument: str
    keyword: str


@dataclass(frozen=True, slots=True)
class KeywordNotSpelledOut(Statement):
    template = "`{keyword}=` is not spelled out"

    keyword: str


@dataclass(frozen=True, slots=True)
class NoSuchArgument(Statement):
    template = "there is no argument number {number}"

    number: int  # counted from 1


@dataclass(frozen=True, slots=True)
class PositionUncertain(Statement):
    template = "`*` before it makes the argument's position uncertain"


@dataclass(frozen=True, slots=True)
class AnotherFollows(Statement):
    template = "another positional argument follows"


@dataclass(frozen=True, slots=True)
class CommentAtArgument(Statement):
    template = "a comment stands with the argument `{name}`"

    name: str


@dataclass(frozen=True, slots=True)
class CommentInParentheses(Statement):
    template = "a comment stands between the parentheses"


@dataclass(frozen=True, slots=True)
class CommentBeforeArgument(Statement):
    template = "a comment stands before the argument `{name}`"

    name: str


@dataclass(frozen=True, slots=True)
class HasDecorators(Statement):
    template = "it has decorators"


@dataclass(frozen=True, slots=True)
class NothingLeft(Statement):
    template = "nothing would be left in its place"
