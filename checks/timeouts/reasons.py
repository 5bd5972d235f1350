"""Why a wait is left, or bounded only with --unsafe."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import At, Statement


@dataclass(frozen=True, slots=True)
class OnPurpose(Statement):
    template = "None was written on purpose"


@dataclass(frozen=True, slots=True)
class ByHand(Statement):
    template = "a method that is handed over is changed by hand"


@dataclass(frozen=True, slots=True)
class WhileFirstGoesOn(Statement):
    template = "{again}, while the first {verb} goes on"

    again: Statement
    verb: str


@dataclass(frozen=True, slots=True)
class DoneTwice(Statement):
    template = "{again}, and {verb} may do its work twice"

    again: Statement
    verb: str


@dataclass(frozen=True, slots=True)
class TestWouldFail(Statement):
    template = "{double}{place}"

    double: Statement
    place: At


@dataclass(frozen=True, slots=True)
class MayBeStream(Statement):
    template = "it may be a stream, which a limit would cut off"


@dataclass(frozen=True, slots=True)
class OnlyOtherLimits(Statement):
    template = "only other limits are set: one on the whole would count the download too"
