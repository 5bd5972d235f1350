"""Why an edit cannot be written."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement


class NoRewrite(Statement):
    template = "the codemod has no rewrite for this form"


class NestedTooDeeply(Statement):
    template = "the expression is nested too deeply"


class NotEncodable(Statement):
    template = "{encoding} cannot hold the new code"

    encoding: str


class NotParsedAlone(Statement):
    template = "LibCST cannot parse it on its own"


class NotPrintedAlike(Statement):
    template = "LibCST does not print it as it was"


class PlaceUncertain(Statement):
    template = "its place in the file is not certain"


class NoFunctionAround(Statement):
    template = "there is no function around it"


class FunctionSharesLine(Statement):
    template = "its function shares the line with another statement"


class NothingGoesBefore(Statement):
    template = "no statement can go before it: {why}"

    why: Statement


class NoLineForImport(Statement):
    template = "there is no line of its own for the import"


class LineHoldsMore(Statement):
    template = "its line holds something else as well"


class KeywordGiven(Statement):
    template = "`{keyword}=` is there already"

    keyword: str


class MayHoldKeyword(Statement):
    template = "`{argument}` may hold `{keyword}` already"

    argument: str
    keyword: str


class KeywordNotSpelledOut(Statement):
    template = "`{keyword}=` is not spelled out"

    keyword: str


class NoSuchArgument(Statement):
    template = "there is no argument number {number}"

    number: int  # counted from 1


class PositionUncertain(Statement):
    template = "`*` before it makes the argument's position uncertain"


class AnotherFollows(Statement):
    template = "another positional argument follows"


class CommentAtArgument(Statement):
    template = "a comment stands with the argument `{name}`"

    name: str


class CommentInParentheses(Statement):
    template = "a comment stands between the parentheses"


class CommentBeforeArgument(Statement):
    template = "a comment stands before the argument `{name}`"

    name: str


class CommentWouldMove(Statement):
    template = "`{comment}` would no longer stand at what it is about"

    comment: str


class HasDecorators(Statement):
    template = "it has decorators"


class NothingLeft(Statement):
    template = "nothing would be left in its place"


class ForPython2(Statement):
    template = "the edit needs an import, and this file is for Python 2: it imports `{module}`"

    module: str
