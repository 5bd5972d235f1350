"""What inference states: facts about a place, and reasons why something is not known.

`Assigned("job")` at a place is a link in a chain of facts. `NoCaller("f")` is what keeps a value
from being known, or from being proven.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qw_codemod.kernel.statements import Place, Statement

# Facts about a name


@dataclass(frozen=True, slots=True)
class OfName(Statement):
    """A fact about a name: as it is written there, `job` or `self.job`."""

    name: str


@dataclass(frozen=True, slots=True)
class Assigned(OfName):
    template = "`{name}` is assigned here"


@dataclass(frozen=True, slots=True)
class Annotated(OfName):
    template = "`{name}` is annotated here"


@dataclass(frozen=True, slots=True)
class AnnotatedParameter(Annotated):
    template = "parameter `{name}` is annotated here"


@dataclass(frozen=True, slots=True)
class Iterated(OfName):
    template = "`{name}` is an item of this iteration"


@dataclass(frozen=True, slots=True)
class Entered(OfName):
    template = "`{name}` is entered here"


@dataclass(frozen=True, slots=True)
class Narrowed(OfName):
    template = "isinstance says what `{name}` is"


@dataclass(frozen=True, slots=True)
class Imported(OfName):
    template = "`{name}` is imported here"


@dataclass(frozen=True, slots=True)
class Passed(OfName):
    template = "`{name}` is passed here"


@dataclass(frozen=True, slots=True)
class PutInto(OfName):
    template = "this is put into `{name}`"


@dataclass(frozen=True, slots=True)
class IsProperty(OfName):
    template = "`{name}` is this property"


@dataclass(frozen=True, slots=True)
class Suggests(OfName):
    """A guess."""

    template = "the name `{name}` suggests {what:an}"

    what: str


# Facts about calls


@dataclass(frozen=True, slots=True)
class Built(Statement):
    template = "`{cls}(…)` is built here"

    cls: str


@dataclass(frozen=True, slots=True)
class LibraryCalled(Statement):
    template = "`{function}(…)` is called here"

    function: str


@dataclass(frozen=True, slots=True)
class Called(Statement):
    template = "`{function}()` is called here"

    function: str


@dataclass(frozen=True, slots=True)
class MethodCalled(Statement):
    template = "`.{method}()` of a {cls}"

    method: str
    cls: str


@dataclass(frozen=True, slots=True)
class MethodGives(MethodCalled):
    template = "`.{method}()` of a {cls} gives {result:an}"

    result: str


@dataclass(frozen=True, slots=True)
class DeclaresReturn(Statement):
    template = "`{function}()` says what it returns"

    function: str


@dataclass(frozen=True, slots=True)
class Configured(Statement):
    template = "`{name}` gives {result}, says the configuration"

    name: str
    result: str


# Doubts: something is known, and may not be all


@dataclass(frozen=True, slots=True)
class UsedOtherwise(Statement):
    template = "{function} is used{place} in a way that is not followed"

    function: FunctionName
    place: Place


@dataclass(frozen=True, slots=True)
class NotPassed(Statement):
    template = "the call{place} does not pass `{parameter}`"

    place: Place
    parameter: str


@dataclass(frozen=True, slots=True)
class Decorated(Statement):
    template = "{function} is handed to a decorator that may call it"

    function: FunctionName


@dataclass(frozen=True, slots=True)
class MayAlsoBe(Statement):
    template = "it may also be {what}{place}"

    what: Statement
    place: Place | None


@dataclass(frozen=True, slots=True)
class ObjectOf(Statement):
    template = "a {cls}"

    cls: str


@dataclass(frozen=True, slots=True)
class SomethingElse(Statement):
    template = "something else"


@dataclass(frozen=True, slots=True)
class FunctionName(Statement):
    template = "`{name}()`"

    name: str


@dataclass(frozen=True, slots=True)
class Lambda(FunctionName):
    template = "the lambda"

    name: str = ""


# Why a name or a parameter is not known


@dataclass(frozen=True, slots=True)
class NoCaller(Statement):
    template = "{function} has no caller in the tree"

    function: FunctionName


@dataclass(frozen=True, slots=True)
class NothingPassed(Statement):
    template = "nothing is passed for `{parameter}`"

    parameter: str


@dataclass(frozen=True, slots=True)
class BehindStar(Statement):
    template = "an argument behind `{star}`"

    star: Literal["*", "**"]


@dataclass(frozen=True, slots=True)
class ParameterOfTest(Statement):
    template = "a parameter in a test"


@dataclass(frozen=True, slots=True)
class NotBound(Statement):
    template = "`{name}` is not bound in {where}"

    name: str
    where: str


@dataclass(frozen=True, slots=True)
class NotBoundHere(Statement):
    template = "`{name}` is not bound in this file"

    name: str


@dataclass(frozen=True, slots=True)
class NotSet(Statement):
    template = "`{attribute}` is not set in {cls}"

    attribute: str
    cls: str


@dataclass(frozen=True, slots=True)
class BoundOtherwise(Statement):
    template = "`{name}` is bound in a way that is not followed"

    name: str


@dataclass(frozen=True, slots=True)
class OfModuleGetattr(Statement):
    template = "`{name}` comes from a module's __getattr__"

    name: str


@dataclass(frozen=True, slots=True)
class NotParsed(Statement):
    template = "the file of `{module}` cannot be parsed"

    module: str


@dataclass(frozen=True, slots=True)
class NotInTree(Statement):
    template = "the module of `{name}` is not in the tree"

    name: str


@dataclass(frozen=True, slots=True)
class UnknownBase(Statement):
    template = "a base of {cls} is not known"

    cls: str


@dataclass(frozen=True, slots=True)
class ComesFrom(Statement):
    template = "`{attribute}` comes from {cls}"

    attribute: str
    cls: str


@dataclass(frozen=True, slots=True)
class MayComeFrom(Statement):
    template = "`{attribute}` may come from {cls}"

    attribute: str
    cls: str


# Why an expression is not known


@dataclass(frozen=True, slots=True)
class NotFollowed(Statement):
    template = "{what} that is not followed"

    what: Literal[
        "a cast",
        "a part of something",
        "a sum",
        "an annotation",
        "an expression",
        "an item of something",
        "the items of something",
        "the result of a call",
        "the result of an await",
        "the type of something",
    ]


@dataclass(frozen=True, slots=True)
class TooMuch(Statement):
    template = "too much to follow"


@dataclass(frozen=True, slots=True)
class TooManyAlternatives(Statement):
    template = "too many alternatives"


@dataclass(frozen=True, slots=True)
class UnparsedAnnotation(Statement):
    template = "a quoted annotation that does not parse"


@dataclass(frozen=True, slots=True)
class SaysNothing(Statement):
    template = "{annotation} says nothing"

    annotation: str


@dataclass(frozen=True, slots=True)
class TypeVariable(Statement):
    template = "a type variable"


@dataclass(frozen=True, slots=True)
class Alias(Statement):
    template = "an alias"


@dataclass(frozen=True, slots=True)
class UntypedItems(Statement):
    template = "items of no stated type"


@dataclass(frozen=True, slots=True)
class ResultOf(Statement):
    template = "the result of {function}()"

    function: str


@dataclass(frozen=True, slots=True)
class ResultOfMethod(Statement):
    template = "the result of .{method}() of {cls}"

    method: str
    cls: str


@dataclass(frozen=True, slots=True)
class ResultOfContainerMethod(Statement):
    template = "the result of .{method}() of a container"

    method: str


@dataclass(frozen=True, slots=True)
class ResultOfObject(Statement):
    template = "the result of a call of an object"


@dataclass(frozen=True, slots=True)
class ResultOfLibrary(Statement):
    template = "the result of a library call"


@dataclass(frozen=True, slots=True)
class ClassMadeByType(Statement):
    template = "a class made by type()"


@dataclass(frozen=True, slots=True)
class SuperOutside(Statement):
    template = "super() outside of a method"


@dataclass(frozen=True, slots=True)
class ItemOf(Statement):
    template = "an item of {cls}"

    cls: str


@dataclass(frozen=True, slots=True)
class ItemOfLibraryObject(Statement):
    template = "an item of a library object"


@dataclass(frozen=True, slots=True)
class EntersUnknown(Statement):
    template = "what {cls} enters"

    cls: str


@dataclass(frozen=True, slots=True)
class AttributeOf(Statement):
    template = "`.{attribute}` of {kind}"

    attribute: str
    kind: str


@dataclass(frozen=True, slots=True)
class AttributeOfRecord(Statement):
    template = "`.{attribute}` of a record"

    attribute: str


@dataclass(frozen=True, slots=True)
class AttributeOfFunction(Statement):
    template = "an attribute of a function"


@dataclass(frozen=True, slots=True)
class AttributeByName(Statement):
    template = "an attribute by a name"


@dataclass(frozen=True, slots=True)
class AttributeByExpression(Statement):
    template = "an attribute by a name that is not spelled out"


@dataclass(frozen=True, slots=True)
class UnknownFields(Statement):
    template = "a namedtuple whose fields are not spelled out"


@dataclass(frozen=True, slots=True)
class Field(Statement):
    template = "the field {name}"

    name: str
