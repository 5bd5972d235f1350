"""Why a retry is left, or changed only with --unsafe."""

from __future__ import annotations

from qw_codemod.kernel.statements import InLine, Statement


class CountsNothing(Statement):
    template = "the loop has no variable that counts from a known number"


class UsedElsewhere(Statement):
    template = "`{name}` is used{place} as well, which has to be right for growing waits"

    name: str
    place: InLine


class RetriesMultiply(Statement):
    template = "{library} retries in this module as well: tries would multiply"

    library: str


class TextSaysHowLong(Statement):
    template = "the text{place} says how long the wait is, which would not be true any more"

    place: InLine


class BlocksEventLoop(Statement):
    template = "time.sleep() stops the event loop, and would do so for longer"
