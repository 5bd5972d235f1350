"""What is stated about handlers: what they do."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement


class RaisesSame(Statement):
    template = "it raises the same exception"


class RaisesAnother(Statement):
    template = "it raises another one"


class LogsTooLittle(Statement):
    template = "it logs, below the level of an error or without the exception"


class IsSilent(Statement):
    template = "it neither logs, nor reports, nor raises, nor uses the exception"


class NamesNoException(Statement):
    template = "it says something, and names no exception"


class SendsWithout(Statement):
    template = "this sends an event without the exception"


class SendsWith(Statement):
    template = "this sends one with it"


class MayNotBeThere(Statement):
    template = "what `{call}()` asks for by its name may not be there, which may be ordinary"

    call: str


class MayFindNothing(Statement):
    template = "`{call}()` may find nothing, which may be ordinary, and fails here like an outage"

    call: str


class MayBeNothing(Statement):
    template = "`{name}` may be None, which cannot be formatted, and may be ordinary"

    name: str


class MayBeThere(Statement):
    template = "what `{call}()` makes may be there already, which may be ordinary"

    call: str


class IsMadeAbove(Statement):
    template = "`{call}()` is called above without a handler: only here may a failure be ordinary"

    call: str


class MayNotBeInstalled(Statement):
    template = "what `{name}` needs may not be installed, which may be ordinary"

    name: str


class MayBeEmpty(Statement):
    template = "`{call}()` waits for the next one, and that none comes may be ordinary"

    call: str


class IsAskedAgain(Statement):
    template = "the loop asks again until a time is up: that nothing is there yet may be ordinary"


class MayBeGone(Statement):
    template = "what `{call}()` ends may be gone already, which may be ordinary"

    call: str


class MayHaveLeft(Statement):
    template = "one of many to whom `{call}()` sends may have left, which may be ordinary"

    call: str


class MayNotCome(Statement):
    template = "what `{call}()` waits for may not come, which may be ordinary"

    call: str


class EndsWithOwner(Statement):
    template = "`{name}` is taken away by `{method}()`, which may end this loop ordinarily"

    name: str
    method: str


class MayBeAnotherLine(Statement):
    template = "`{function}()` is given each line of a text, and others may be among them"

    function: str


class MayNotFit(Statement):
    template = "the loop keeps the items for which `{call}()` works: a failure may be ordinary"

    call: str


class IsGivenByCaller(Statement):
    template = "`{name}()` is the caller's, and nothing tells what its failure means here"

    name: str


class IsTheAnswer(Statement):
    template = "a failure makes `{name}` true, which may be the ordinary answer"

    name: str


class MayBeANo(Statement):
    template = "the body only finds out `{flag}`: a failure may be an ordinary no"

    flag: str


class MayHaveNoKey(Statement):
    template = "the caller chooses the key `{name}`: that it is missing may be ordinary"

    name: str


class CannotBeTold(Statement):
    template = "no value that is safe to log says which one failed"


class IsDocumented(Statement):
    template = "the docstring of `{function}()` describes this result as a normal one"

    function: str


class IsMigration(Statement):
    template = "`{function}()` belongs to a migration, and what it looks for may not be there"

    function: str


class IsOfModule(Statement):
    template = "`{name}` is not known while the package is not installed, which may be ordinary"

    name: str


class MayHaveLogged(Statement):
    template = "`{call}()` logs failures of its own before one gets here"

    call: str


class WorksOnGiven(Statement):
    template = "`{call}()` works on what it is given: that some of it does not fit may be ordinary"

    call: str


class NothingTells(Statement):
    template = "nothing in the code tells whether this failure is ordinary"


class IsHedged(Statement):
    template = "the comment above says `{said}`, so that a failure may be ordinary"

    said: str


class OnlyTries(Statement):
    template = "`{function}()` only tries, by its name: a failure may be an ordinary answer"

    function: str


class HasAnotherWay(Statement):
    template = "the same is done in another way, which may be for what is ordinary"


class IsUnknown(Statement):
    template = "nothing tells that `{call}()` reaches a service: its failure may be ordinary"

    call: str


class IsOnlyAsked(Statement):
    template = "nobody uses what `{call}()` gives: that no answer comes may be ordinary"

    call: str


class IsOnlyShown(Statement):
    template = "`{name}` is shown and no more: that it is not known may be ordinary"

    name: str


class GoesOnAsking(Statement):
    template = "the loop does the same again after a pause: one failure may be ordinary"


class IsOfData(Statement):
    template = "`{call}()` goes to an address out of the data: that it is gone may be ordinary"

    call: str
