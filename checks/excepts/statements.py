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


class MayBeTooLittle(Statement):
    template = "`{call}()` may be given too little, which may be ordinary"

    call: str


class MayBeNothing(Statement):
    template = "`{name}` may be None, which cannot be formatted, and may be ordinary"

    name: str


class MayBeThere(Statement):
    template = "what `{call}()` makes may be there already, which may be ordinary"

    call: str


class IsMadeAbove(Statement):
    template = (
        "`{call}()` is called above for something else, without a handler: here alone it may "
        "ordinarily fail"
    )

    call: str
