"""Why a call that nothing retries is left, or retried only with --unsafe."""

from __future__ import annotations

from qw_codemod.kernel.statements import At, InFile, InLine, Statement


class MovesOffLine(Statement):
    template = "the function would move off the line that `{comment}` is about"

    comment: str


class IsProbe(Statement):
    template = "it looks like a health probe, which needs the answer at once"


class AsksStatusOnly(Statement):
    template = "only the status of the answer is read: it looks like a health probe"


class HasDeadline(Statement):
    template = "the deadline{place} would cut the waits off"

    place: InLine


class HasDeadlineAbove(Statement):
    template = "a caller's deadline would cut the waits off{place}"

    place: At


class RetriedAlready(Statement):
    """What tries the call again: nothing is to be changed there."""

    template = ""


class LoopAsksAgain(RetriedAlready):
    template = "the loop{place} asks again already"

    place: InLine


class TriedAgainBy(RetriedAlready):
    template = "{by} tries it again already"

    by: Statement


class DecoratorRetries(RetriedAlready):
    template = "`@{decorator}`{place} tries it again already"

    decorator: str
    place: InLine


class CallsItselfAgain(RetriedAlready):
    template = "`{function}()` calls itself again{place}"

    function: str
    place: InLine


class IsSecondTry(RetriedAlready):
    template = "it is the second try of the call{place}"

    place: InLine


class SessionRetries(RetriedAlready):
    template = "`{session}` was made to retry by itself"

    session: str


class NameSaysRetry(RetriedAlready):
    template = "`{function}()` retries already, by its name"

    function: str


class HandedToRetry(RetriedAlready):
    template = "`{function}` is handed to `{retry}()`, which tries it again{place}"

    function: str
    retry: str
    place: At


class CallerRetries(RetriedAlready):
    template = "the call of `{function}()` is tried again already{place}"

    function: str
    place: At


class AsksAnother(Statement):
    template = "the loop{place} asks another at once where this one fails"

    place: InLine


class CallerAsksAnother(Statement):
    template = "where `{function}()` fails another is asked at once{place}"

    function: str
    place: At


class FailureAsksOtherwise(Statement):
    template = "a failure is answered with another request{place}"

    place: InLine


class CallerAsksOtherwise(Statement):
    template = "a failure of `{function}()` is answered with another request{place}"

    function: str
    place: At


class FailsUnseen(Statement):
    template = "nobody reads what `{function}` gives or raises{place}: read the results first"

    function: str
    place: At


class AnswerMeansMore(Statement):
    template = "the answer {status} means something here{place}"

    status: str
    place: InLine


class BlocksEventLoop(Statement):
    template = "the waits between tries would stop the event loop: hand the call to a thread"


class BlocksCaller(Statement):
    template = "a coroutine calls `{function}()`, and the waits would stop the event loop{place}"

    function: str
    place: At


class IsGenerator(Statement):
    template = "a generator has handed out something before it would be tried again"


class IsStream(Statement):
    template = "a stream is read after the call, and a second try would not cover that"


class ReadOnce(Statement):
    template = "`{argument}=` can be read once only"

    argument: str


class GivesFuture(Statement):
    template = "it gives a future, which fails later: mount an adapter with `max_retries=` instead"


class UnknownMethod(Statement):
    template = "its HTTP method is not known"


class LooksLike(Statement):
    template = "a {verb} that looks like `{word}` is not safe to repeat"

    verb: str
    word: str


class NotIncluded(Statement):
    template = "a {verb} is retried only where `include` or `include_post` says so"

    verb: str


class NoPolicy(Statement):
    template = "name a policy first: qw-codemod init retries --policy shared/http_retry.py"


class OtherLibrary(Statement):
    template = "`{path:name}` retries with {library}: write `{module}` with it, to have one of them"

    path: str
    library: str
    module: str


class PolicyLacksErrors(Statement):
    template = "`{module}` retries no errors of {library} yet: add them to its ERRORS"

    module: str
    library: str


class OutlastsDeadline(Statement):
    template = "{tries} tries of {seconds} s and {pauses} s of pauses take {total} s, and {stop}"

    tries: str
    seconds: str
    pauses: str
    total: str
    stop: Statement


class TimeoutOfUser(Statement):
    template = "`{setting}` says how long the answer is waited for, and {tries} tries take longer"

    setting: str
    tries: str


class InstallationNotSeen(Statement):
    template = "this installs packages, and nothing shows that any is there before it runs"


class LockLacks(Statement):
    template = (
        "`{path:name}` does not hold {package}, and what is installed from it alone would "
        "not start: {command}"
    )

    path: str
    package: str
    command: str


class InstallationUnknown(Statement):
    template = "nothing says what is installed where this file runs: declare {package} there first"

    package: str


class InstalledByName(Statement):
    template = (
        "where this file runs, nothing but {packages} is installed{place}: add {package} there"
    )

    packages: str
    place: InFile
    package: str


class InForeignImage(Statement):
    template = "this file runs in `{image}`{place}, and nothing shows that {package} is in there"

    image: str
    place: InFile
    package: str


class LoadedElsewhere(Statement):
    template = "what loads this file installs from `{path:name}` as well: declare {package} there"

    path: str
    package: str


class LengthNotKnown(Statement):
    template = "how long a try takes is not known, and {stop}"

    stop: Statement


class ServerEndsRequest(Statement):
    template = "{server} ends a web request after {seconds} s{place}"

    server: str
    seconds: str
    place: At


class RequestIsAwaited(Statement):
    template = "`{function}()`{place} answers a web request, which proxies end after {seconds} s"

    function: str
    place: At
    seconds: str


class NoTimeout(Statement):
    template = "it has no timeout yet: qw-codemod apply timeouts"


class MayCommand(Statement):
    template = "this {verb} may set something off"

    verb: str


class AnswerIsNotRead(Statement):
    template = "nobody reads the answer: this {verb} may only ask whether somebody is there"

    verb: str


class FailureIsOrdinary(Statement):
    template = "a failure is ordinary here: the handler{place} says so at debug level alone"

    place: InLine


class AuthorForbids(Statement):
    template = "the comment{place} says that it is not to be tried again"

    place: InLine


class OwnSession(Statement):
    template = "`{path:name}` has `{function}()`, whose sessions try again: use one of them"

    path: str
    function: str


class AsksMetadata(Statement):
    template = "outside of a cloud nobody answers here, and every call would wait for all its tries"


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


class RetryWhatYields(Statement):
    template = "retry what the generator calls for each item, or give a list"


class MayChange(Statement):
    template = "`{method}()` may change something: it is retried only where `include_post` says so"

    method: str


class RefusedInTest(Statement):
    template = "{double}{place}"

    double: Statement
    place: At
