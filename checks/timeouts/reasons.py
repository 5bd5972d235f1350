"""Why a wait is left, or bounded only with --unsafe."""

from __future__ import annotations

from qw_codemod.kernel.statements import At, Statement


class OnPurpose(Statement):
    template = "None was written on purpose"


class ByHand(Statement):
    template = "a method that is handed over is changed by hand"


class WhileFirstGoesOn(Statement):
    template = "{again}, while the first {verb} goes on"

    again: Statement
    verb: str


class DoneTwice(Statement):
    template = "{again}, and {verb} may do its work twice"

    again: Statement
    verb: str


class TestWouldFail(Statement):
    template = "{double}{place}"

    double: Statement
    place: At


class MayBeStream(Statement):
    template = "it may be a stream, which a limit would cut off"


class OnlyOtherLimits(Statement):
    template = "only other limits are set: one on the whole would count the download too"
