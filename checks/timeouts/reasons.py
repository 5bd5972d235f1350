"""Why a wait is left, or bounded only with --unsafe."""

from __future__ import annotations

from qw_codemod.kernel.statements import At, InLine, Place, Statement


class OnPurpose(Statement):
    template = "None was written on purpose"


class NoDeadline(Statement):
    template = "how long this loop may poll is not known: give it a deadline by hand"


class ByHand(Statement):
    template = "what is handed over is changed by hand"


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


class Swallowed(Statement):
    template = "the {catcher}{place} would swallow the timeout"

    catcher: Statement
    place: InLine


class SwallowedInSilence(Statement):
    template = "the {catcher}{place} would swallow the timeout, and nobody would hear of it"

    catcher: Statement
    place: InLine


class GoesOnAfterWrite(Statement):
    template = "the {catcher}{place} goes on after a timeout, while the {verb} may still be running"

    catcher: Statement
    place: InLine
    verb: str


class TakesTableAway(Statement):
    template = "`{call}()`{place} follows a timeout, while the {verb} may still be running"

    call: str
    place: InLine
    verb: str


class KeptToBeSent(Statement):
    template = (
        "`{keeper}`{place} keeps what was sent after a timeout, to be sent again while the {verb} "
        "may still be running"
    )

    keeper: str
    place: InLine
    verb: str


class SentAgain(Statement):
    template = (
        "`{kept}` stays as it is after a timeout, and the same is sent again while the {verb} may "
        "still be running"
    )

    kept: str
    verb: str


class NotRepeatable(Statement):
    template = "the {verb} may end after its timeout was raised, and does more if it is run again"

    verb: str


class CalledAgain(Statement):
    template = (
        "`{function}`{place} is called again with the same event after a timeout, while the {verb} "
        "may still be running"
    )

    function: str
    place: Place
    verb: str


class Queued(Statement):
    template = "a BATCH query waits for free slots, longer than its timeout where these are few"


class OwnLine(Statement):
    template = "the wait has a line of its own: {double}{place}"

    double: Statement
    place: At


class DefaultFeedsWrite(Statement):
    template = "after a timeout the default decides what is written: check that it may"


class AddsAgain(Statement):
    template = "a load that appends may end after its timeout: a second start adds its rows again"


class PassesHandler(Statement):
    template = "the {catcher}{place} goes on after other failures, and a timeout passes it"

    catcher: Statement
    place: Place


class EndsLoop(Statement):
    template = (
        "the {catcher}{place} leaves out what failed, and a timeout would end the loop, with what "
        "was sent perhaps taken in"
    )

    catcher: Statement
    place: Place


class FailsUnseen(Statement):
    template = "nobody would see the timeout: what `{function}` raises is not read{place}"

    function: str
    place: At


class PassesRetry(Statement):
    template = "{by} tries again after other failures, and a timeout passes it"

    by: Statement


class Elsewhere(Statement):
    template = "{by} of {path:name}"

    by: Statement
    path: str


class Replaced(Statement):
    template = "nothing is waited for: the test replaces `{what}`{place}"

    what: str
    place: Place


class PerhapsLonger(Statement):
    template = "{said}, perhaps for this as well: say which timeout is right"

    said: Statement
