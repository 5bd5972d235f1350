"""Why a handler is left, or changed only with --unsafe."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement


@dataclass(frozen=True, slots=True)
class SharedNames(Statement):
    template = "a marimo notebook shares its names between cells"


@dataclass(frozen=True, slots=True)
class RaisesOnSomePaths(Statement):
    template = "it raises again on some paths only"


@dataclass(frozen=True, slots=True)
class ImportMayFailOtherwise(Statement):
    template = "what else fails in the import is not caught then"


@dataclass(frozen=True, slots=True)
class MayExit(Statement):
    template = "`{call}` in the `try` exits by itself, and `except:` may be there to catch it"

    call: str


@dataclass(frozen=True, slots=True)
class EndlessLoop(Statement):
    template = "the endless loop in the `try` is ended by Ctrl-C, which passes through then"


@dataclass(frozen=True, slots=True)
class MayBeInterrupted(Statement):
    template = "`{call}()` may be ended by Ctrl-C, which passes through then"

    call: str


@dataclass(frozen=True, slots=True)
class AtShutdown(Statement):
    template = "`__del__` may run when logging is gone already"


@dataclass(frozen=True, slots=True)
class WouldCallItself(Statement):
    template = "a report of the failure would call `{method}` again"

    method: str


@dataclass(frozen=True, slots=True)
class MayTellSecret(Statement):
    template = "what fails in `{function}()` may tell what it is there to hide"

    function: str


@dataclass(frozen=True, slots=True)
class ModuleWithholds(Statement):
    template = "this module withholds what exceptions say, and the log would tell it"


@dataclass(frozen=True, slots=True)
class ModuleIsStream(Statement):
    template = "this module stands in for the standard streams, and the log may be written by it"


@dataclass(frozen=True, slots=True)
class HandlesRecords(Statement):
    template = "`{function}()` handles log records, and logging there may call it again"

    function: str


@dataclass(frozen=True, slots=True)
class SourceIsSent(Statement):
    template = "the source of `{function}()` is sent elsewhere, where no logger may be"

    function: str


@dataclass(frozen=True, slots=True)
class IsLogging(Statement):
    template = "logging there would call itself"


@dataclass(frozen=True, slots=True)
class WritesLog(Statement):
    template = "the log may be written by this very `{method}()`"

    method: str
