"""What is stated about handlers: what they do, and why a failure is ordinary there."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement

# What a handler does


class RaisesSame(Statement):
    template = "it raises the same exception"


class RaisesAnother(Statement):
    template = "it raises another one"


class LogsTooLittle(Statement):
    template = "it logs, below the level of an error or without the exception"


class IsSilent(Statement):
    template = "it neither logs, nor reports, nor raises, nor uses the exception"


class NamesNoException(Statement):
    template = "it says something, and names no exception"


class SendsWithout(Statement):
    template = "this sends an event without the exception"


class SendsWith(Statement):
    template = "this sends one with it"


# Why a failure is ordinary, by what stands in the `try` or beside it


class FindsOut(Statement):
    template = "`{function}` is a function that finds out"

    function: str


class Commented(Statement):
    template = "a comment explains the failure"


class Documented(Statement):
    template = "what is written above or below it counts on the failure"


class AsksLibrary(Statement):
    template = "it asks a library that may be missing"


class OnlyLooks(Statement):
    template = "it only looks at what may not be set"


class TriedAgain(Statement):
    template = "it is tried again"


class AskedQuietly(Statement):
    template = "it is asked for quietly"


class UndoesTransaction(Statement):
    template = "it undoes a transaction that may not be there"


class OnlyTidiesUp(Statement):
    template = "it only tidies up"


class OnlyChecks(Statement):
    template = "it checks something, and goes without where that fails"


class WasCancelled(Statement):
    template = "what is awaited was cancelled just before"


class ReadsAnyKind(Statement):
    template = "something is read that may be of another kind"


class AnotherWay(Statement):
    template = "there is another way to get the same"


class AsksByConverting(Statement):
    template = "it asks first whether something can be converted"


class KnownToRaise(Statement):
    template = "all that the `try` does is known to raise {exceptions:, } alone"

    exceptions: tuple[str, ...]


class LooksToRaise(Statement):
    template = "by the look of it, all that the `try` does raises {exceptions:, } alone"

    exceptions: tuple[str, ...]


# Why a failure is ordinary, by what becomes of it


class AnswersQuestion(Statement):
    template = "it answers a question with yes or no"


class ConvertsText(Statement):
    template = "a text is converted that may be none of its kind"


class OthersAreMild(Statement):
    template = "other failures of the same are no more than a warning"


class AroundIsMild(Statement):
    template = "all that is done there is no more than a warning where it fails"


class TreatedAlike(Statement):
    template = "another failure of the same that is named is treated alike"


class PersonIsTold(Statement):
    template = "whoever waits for it is told in words"


class AnsweredBelow(Statement):
    template = "what is not found is answered below"


class Stays(Statement):
    template = "it stays as it was"


class ErrorAnyway(Statement):
    template = "an error is raised or logged right after it in any case"


class NextIsTried(Statement):
    template = "the next one is tried"


class DoneBelow(Statement):
    template = "there is another way to do the same"
