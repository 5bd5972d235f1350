"""What is stated about handlers: what they do, and why a failure is ordinary there."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement

# What a handler does


@dataclass(frozen=True, slots=True)
class RaisesSame(Statement):
    template = "it raises the same exception"


@dataclass(frozen=True, slots=True)
class RaisesAnother(Statement):
    template = "it raises another one"


@dataclass(frozen=True, slots=True)
class LogsTooLittle(Statement):
    template = "it logs, below the level of an error or without the exception"


@dataclass(frozen=True, slots=True)
class IsSilent(Statement):
    template = "it neither logs, nor reports, nor raises, nor uses the exception"


@dataclass(frozen=True, slots=True)
class NamesNoException(Statement):
    template = "it says something, and names no exception"


@dataclass(frozen=True, slots=True)
class SendsWithout(Statement):
    template = "this sends an event without the exception"


@dataclass(frozen=True, slots=True)
class SendsWith(Statement):
    template = "this sends one with it"


# Why a failure is ordinary, by what stands in the `try` or beside it


@dataclass(frozen=True, slots=True)
class FindsOut(Statement):
    template = "`{function}` is a function that finds out"

    function: str


@dataclass(frozen=True, slots=True)
class Commented(Statement):
    template = "a comment explains the failure"


@dataclass(frozen=True, slots=True)
class Documented(Statement):
    template = "what is written above or below it counts on the failure"


@dataclass(frozen=True, slots=True)
class AsksLibrary(Statement):
    template = "it asks a library that may be missing"


@dataclass(frozen=True, slots=True)
class OnlyLooks(Statement):
    template = "it only looks at what may not be set"


@dataclass(frozen=True, slots=True)
class TriedAgain(Statement):
    template = "it is tried again"


@dataclass(frozen=True, slots=True)
class AskedQuietly(Statement):
    template = "it is asked for quietly"


@dataclass(frozen=True, slots=True)
class UndoesTransaction(Statement):
    template = "it undoes a transaction that may not be there"


@dataclass(frozen=True, slots=True)
class OnlyTidiesUp(Statement):
    template = "it only tidies up"


@dataclass(frozen=True, slots=True)
class OnlyChecks(Statement):
    template = "it checks something, and goes without where that fails"


@dataclass(frozen=True, slots=True)
class WasCancelled(Statement):
    template = "what is awaited was cancelled just before"


@dataclass(frozen=True, slots=True)
class ReadsAnyKind(Statement):
    template = "something is read that may be of another kind"


@dataclass(frozen=True, slots=True)
class AnotherWay(Statement):
    template = "there is another way to get the same"


@dataclass(frozen=True, slots=True)
class AsksByConverting(Statement):
    template = "it asks first whether something can be converted"


@dataclass(frozen=True, slots=True)
class KnownToRaise(Statement):
    template = "all that the `try` does is known to raise {exceptions:, } alone"

    exceptions: tuple[str, ...]


# Why a failure is ordinary, by what becomes of it


@dataclass(frozen=True, slots=True)
class AnswersQuestion(Statement):
    template = "it answers a question with yes or no"


@dataclass(frozen=True, slots=True)
class ConvertsText(Statement):
    template = "a text is converted that may be none of its kind"


@dataclass(frozen=True, slots=True)
class OthersAreMild(Statement):
    template = "other failures of the same are no more than a warning"


@dataclass(frozen=True, slots=True)
class AroundIsMild(Statement):
    template = "all that is done there is no more than a warning where it fails"


@dataclass(frozen=True, slots=True)
class TreatedAlike(Statement):
    template = "another failure of the same that is named is treated alike"


@dataclass(frozen=True, slots=True)
class PersonIsTold(Statement):
    template = "whoever waits for it is told in words"


@dataclass(frozen=True, slots=True)
class AnsweredBelow(Statement):
    template = "what is not found is answered below"


@dataclass(frozen=True, slots=True)
class Stays(Statement):
    template = "it stays as it was"


@dataclass(frozen=True, slots=True)
class ErrorAnyway(Statement):
    template = "an error is raised or logged right after it in any case"


@dataclass(frozen=True, slots=True)
class NextIsTried(Statement):
    template = "the next one is tried"


@dataclass(frozen=True, slots=True)
class DoneBelow(Statement):
    template = "there is another way to do the same"
