"""Why a call that nothing retries is left, or retried only with --unsafe."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import InLine, Statement


@dataclass(frozen=True, slots=True)
class IsProbe(Statement):
    template = "it looks like a probe, which is to know the answer now"


@dataclass(frozen=True, slots=True)
class AsksStatusOnly(Statement):
    template = "only the status of the answer is looked at: it looks like a probe"


@dataclass(frozen=True, slots=True)
class HasDeadline(Statement):
    template = "the deadline{place} would cut the waits off"

    place: InLine


@dataclass(frozen=True, slots=True)
class IsGenerator(Statement):
    template = "a generator has handed out something before it would be tried again"


@dataclass(frozen=True, slots=True)
class IsStream(Statement):
    template = "a stream is read after the call, and a second try would not cover that"


@dataclass(frozen=True, slots=True)
class ReadOnce(Statement):
    template = "`{argument}=` can be read once only"

    argument: str


@dataclass(frozen=True, slots=True)
class UnknownMethod(Statement):
    template = "its HTTP method is not known"


@dataclass(frozen=True, slots=True)
class LooksLike(Statement):
    template = "a {verb} that looks like `{word}`: twice would be once too often"

    verb: str
    word: str


@dataclass(frozen=True, slots=True)
class NotIncluded(Statement):
    template = "a {verb} is retried only where `include` or `include_post` says so"

    verb: str


@dataclass(frozen=True, slots=True)
class NoTimeout(Statement):
    template = "it has no timeout yet: qw-codemod apply timeouts"


@dataclass(frozen=True, slots=True)
class MayCommand(Statement):
    template = "a {verb} in `{function}()` may set something off"

    verb: str
    function: str


@dataclass(frozen=True, slots=True)
class PutMeetsItself(Statement):
    template = "a PUT that is sent twice may meet its own change (412)"


@dataclass(frozen=True, slots=True)
class DeleteAnswers404(Statement):
    template = "a DELETE that is sent twice may answer 404"


@dataclass(frozen=True, slots=True)
class SessionNotSeen(Statement):
    template = "where the session was built is not seen: it may have retries already"


@dataclass(frozen=True, slots=True)
class DoesMore(Statement):
    template = "its `async with` does more than read the answer: retry that by hand"


@dataclass(frozen=True, slots=True)
class RequestIsChanged(Statement):
    template = "urlopen() changes a Request behind a proxy: make it anew for each try"


@dataclass(frozen=True, slots=True)
class YoursToSay(Statement):
    template = "what to stop at, and what to retry, is for you to say"
