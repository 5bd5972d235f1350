"""Why a handler is left, or changed only with --unsafe."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement


class SharedNames(Statement):
    template = "a marimo notebook shares its names between cells"


class HasNoHandler(Statement):
    template = "`suppress` has no handler that could say what went wrong: `try` and `except` have"


class TakesNoException(Statement):
    template = "`{method}()` is a method of the project's own, and takes no `exc_info`"

    method: str


class RaisesOnSomePaths(Statement):
    template = "it raises again on some paths only"


class ImportMayFailOtherwise(Statement):
    template = "other errors in the import would no longer be caught"


class MayExit(Statement):
    template = "`{call}` in the `try` ends the program, and `except:` may be there to catch that"

    call: str


class MayExitWithin(Statement):
    template = (
        "`{call}` may end the program, through `{exit}` in `{function}()`, and `except:` may be "
        "there to catch that"
    )

    call: str
    exit: str
    function: str


class CallsWhatIsGiven(Statement):
    template = (
        "nothing tells what `{call}` calls, and functions of this program end it, which `except:` "
        "may be there to catch"
    )

    call: str


class RunsModule(Statement):
    template = "`{call}` runs a module that may end the program, as `except:` may count on"

    call: str


class RaisesIt(Statement):
    template = "{error} is raised in the `try`, and is no Exception"

    error: str


class RaisesWithin(Statement):
    template = "`{call}` may raise {error} in `{function}()`, which is no Exception"

    call: str
    error: str
    function: str


class RaisesNoException(Statement):
    template = "`{call}` may raise {error}, which is no Exception"

    call: str
    error: str


class IsClosedEarly(Statement):
    template = (
        "a generator that is closed early gets GeneratorExit at its `yield`, which would no longer "
        "be caught"
    )


class MayPanic(Statement):
    template = "`{library}` runs Rust code, whose panics are no Exceptions"

    library: str


class EndlessLoop(Statement):
    template = "the endless loop in the `try` is ended by Ctrl-C, which would no longer be caught"


class EndlessLoopWithin(Statement):
    template = (
        "`{call}` runs an endless loop in `{function}()`, which is ended by Ctrl-C, and that would "
        "no longer be caught"
    )

    call: str
    function: str


class MayBeInterrupted(Statement):
    template = "`{call}()` may be ended by Ctrl-C, which would no longer be caught"

    call: str


class AtShutdown(Statement):
    template = "`__del__` may run when logging is gone already"


class WouldCallItself(Statement):
    template = "a report of the failure would call `{method}` again"

    method: str


class MayTellSecret(Statement):
    template = "an error in `{function}()` may hold what the function hides"

    function: str


class ModuleWithholds(Statement):
    template = "this module redacts exceptions, and the log would show them"


class ModuleIsStream(Statement):
    template = "this module replaces the standard streams, and the log may be written through it"


class HandlesRecords(Statement):
    template = "`{function}()` handles log records, and logging there may call it again"

    function: str


class SourceIsSent(Statement):
    template = "the source of `{function}()` is sent elsewhere, where no logger may be"

    function: str


class IsLogging(Statement):
    template = "logging there would call itself"


class RunsOnEachLine(Statement):
    template = "`{function}()` logs, and calls it for each line: logging there would call itself"

    function: str


class IsNotToBeLogged(Statement):
    template = "a comment there says that it is not to be logged, or is already"


class WritesLog(Statement):
    template = "the log may be written by this very `{method}()`"

    method: str


class SendsSomethingElse(Statement):
    template = "`{call}()` sends something else than the exception: there would still be two events"

    call: str


class EventCarriesMore(Statement):
    template = "the event of `{call}()` carries more than the exception, and would be dropped"

    call: str


class NoQuietWay(Statement):
    template = "the failure is ordinary, and this file has no quiet way to say so"


class LinterFindsIt(Statement):
    template = "ruff checks this file by {code}, which finds the handler once it names Exception"

    code: str


class LinterFindsPrint(Statement):
    template = "ruff checks this file by {code}, which finds the `print` that it would be told by"

    code: str
