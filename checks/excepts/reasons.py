"""Why a handler is left, or changed only with --unsafe."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement


class SharedNames(Statement):
    template = "a marimo notebook shares its names between cells"


class RaisesOnSomePaths(Statement):
    template = "it raises again on some paths only"


class ImportMayFailOtherwise(Statement):
    template = "what else fails in the import is not caught then"


class MayExit(Statement):
    template = "`{call}` in the `try` exits by itself, and `except:` may be there to catch it"

    call: str


class EndlessLoop(Statement):
    template = "the endless loop in the `try` is ended by Ctrl-C, which passes through then"


class MayBeInterrupted(Statement):
    template = "`{call}()` may be ended by Ctrl-C, which passes through then"

    call: str


class AtShutdown(Statement):
    template = "`__del__` may run when logging is gone already"


class WouldCallItself(Statement):
    template = "a report of the failure would call `{method}` again"

    method: str


class MayTellSecret(Statement):
    template = "what fails in `{function}()` may tell what it is there to hide"

    function: str


class ModuleWithholds(Statement):
    template = "this module withholds what exceptions say, and the log would tell it"


class ModuleIsStream(Statement):
    template = "this module stands in for the standard streams, and the log may be written by it"


class HandlesRecords(Statement):
    template = "`{function}()` handles log records, and logging there may call it again"

    function: str


class SourceIsSent(Statement):
    template = "the source of `{function}()` is sent elsewhere, where no logger may be"

    function: str


class IsLogging(Statement):
    template = "logging there would call itself"


class WritesLog(Statement):
    template = "the log may be written by this very `{method}()`"

    method: str
