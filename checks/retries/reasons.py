"""Why a call that nothing retries is left, or retried only with --unsafe."""

from __future__ import annotations

from qw_codemod.kernel.statements import At, InLine, Statement


class IsProbe(Statement):
    template = "it looks like a health probe, which needs the answer at once"


class AsksStatusOnly(Statement):
    template = "only the status of the answer is read: it looks like a health probe"


class HasDeadline(Statement):
    template = "the deadline{place} would cut the waits off"

    place: InLine


class IsGenerator(Statement):
    template = "a generator has handed out something before it would be tried again"


class IsStream(Statement):
    template = "a stream is read after the call, and a second try would not cover that"


class ReadOnce(Statement):
    template = "`{argument}=` can be read once only"

    argument: str


class UnknownMethod(Statement):
    template = "its HTTP method is not known"


class LooksLike(Statement):
    template = "a {verb} that looks like `{word}` is not safe to repeat"

    verb: str
    word: str


class NotIncluded(Statement):
    template = "a {verb} is retried only where `include` or `include_post` says so"

    verb: str


class NoTimeout(Statement):
    template = "it has no timeout yet: qw-codemod apply timeouts"


class MayCommand(Statement):
    template = "a {verb} in `{function}()` may set something off"

    verb: str
    function: str


class PutMeetsItself(Statement):
    template = "a PUT that is sent twice may meet its own change (412)"


class DeleteAnswers404(Statement):
    template = "a DELETE that is sent twice may answer 404"


class SessionNotSeen(Statement):
    template = "where the session was built is not seen: it may have retries already"


class TriedAgainInTest(Statement):
    template = "{double}, which would be tried again{place}"

    double: Statement
    place: At


class DoesMore(Statement):
    template = "its `async with` does more than read the answer: retry that by hand"


class RequestIsChanged(Statement):
    template = "urlopen() changes a Request behind a proxy: make it anew for each try"


class YoursToSay(Statement):
    template = "when to stop and what to retry is for you to decide"
