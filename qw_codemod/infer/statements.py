"""What inference states: facts about a place, and reasons why something is not known.

`Assigned("job")` at a place is a link in a chain of facts. `NoCaller("f")` is what keeps a value
from being known, or from being proven.
"""

from __future__ import annotations

from typing import Literal

from qw_codemod.kernel.statements import Place, Statement

# Facts about a name


class OfName(Statement):
    """A fact about a name: as it is written there, `job` or `self.job`."""

    name: str


class Assigned(OfName):
    template = "`{name}` is assigned here"


class Annotated(OfName):
    template = "`{name}` is annotated here"


class AnnotatedParameter(Annotated):
    template = "parameter `{name}` is annotated here"


class Iterated(OfName):
    template = "`{name}` is an item of this iteration"


class Entered(OfName):
    template = "`{name}` is entered here"


class Narrowed(OfName):
    template = "isinstance says what `{name}` is"


class Imported(OfName):
    template = "`{name}` is imported here"


class Passed(OfName):
    template = "`{name}` is passed here"


class PutInto(OfName):
    template = "this is put into `{name}`"


class IsProperty(OfName):
    template = "`{name}` is this property"


class Suggests(OfName):
    """A guess."""

    template = "the name `{name}` suggests {what:an}"

    what: str


# Facts about calls


class Built(Statement):
    template = "`{cls}(…)` is built here"

    cls: str


class LibraryCalled(Statement):
    template = "`{function}(…)` is called here"

    function: str


class Called(Statement):
    template = "`{function}()` is called here"

    function: str


class MethodCalled(Statement):
    template = "`.{method}()` of a {cls}"

    method: str
    cls: str


class MethodGives(MethodCalled):
    template = "`.{method}()` of a {cls} gives {result:an}"

    result: str


class DeclaresReturn(Statement):
    template = "`{function}()` says what it returns"

    function: str


class Configured(Statement):
    template = "`{name}` gives {result}, says the configuration"

    name: str
    result: str


# Doubts: something is known, and may not be all


class UsedOtherwise(Statement):
    template = "{function} is used{place} in a way that is not followed"

    function: FunctionName
    place: Place


class NotPassed(Statement):
    template = "the call{place} does not pass `{parameter}`"

    place: Place
    parameter: str


class Decorated(Statement):
    template = "{function} is handed to a decorator that may call it"

    function: FunctionName


class MayAlsoBe(Statement):
    template = "it may also be {what}{place}"

    what: Statement
    place: Place | None


class ObjectOf(Statement):
    template = "a {cls}"

    cls: str


class SomethingElse(Statement):
    template = "something else"


class FunctionName(Statement):
    template = "`{name}()`"

    name: str


class Lambda(FunctionName):
    template = "the lambda"

    name: str = ""


# Why a name or a parameter is not known


class NoCaller(Statement):
    template = "{function} has no caller in the tree"

    function: FunctionName


class NothingPassed(Statement):
    template = "nothing is passed for `{parameter}`"

    parameter: str


class BehindStar(Statement):
    template = "an argument behind `{star}`"

    star: Literal["*", "**"]


class ParameterOfTest(Statement):
    template = "a parameter in a test"


class NotBound(Statement):
    template = "`{name}` is not bound in {where}"

    name: str
    where: str


class NotBoundHere(Statement):
    template = "`{name}` is not bound in this file"

    name: str


class NotSet(Statement):
    template = "`{attribute}` is not set in {cls}"

    attribute: str
    cls: str


class BoundOtherwise(Statement):
    template = "`{name}` is bound in a way that is not followed"

    name: str


class OfModuleGetattr(Statement):
    template = "`{name}` comes from a module's __getattr__"

    name: str


class NotParsed(Statement):
    template = "the file of `{module}` cannot be parsed"

    module: str


class NotInTree(Statement):
    template = "the module of `{name}` is not in the tree"

    name: str


class UnknownBase(Statement):
    template = "a base of {cls} is not known"

    cls: str


class ComesFrom(Statement):
    template = "`{attribute}` comes from {cls}"

    attribute: str
    cls: str


class MayComeFrom(Statement):
    template = "`{attribute}` may come from {cls}"

    attribute: str
    cls: str


# Why an expression is not known


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


class TooMuch(Statement):
    template = "too much to follow"


class TooManyAlternatives(Statement):
    template = "too many alternatives"


class UnparsedAnnotation(Statement):
    template = "a quoted annotation that does not parse"


class SaysNothing(Statement):
    template = "{annotation} says nothing"

    annotation: str


class TypeVariable(Statement):
    template = "a type variable"


class Alias(Statement):
    template = "an alias"


class UntypedItems(Statement):
    template = "items of no stated type"


class ResultOf(Statement):
    template = "the result of {function}()"

    function: str


class ResultOfMethod(Statement):
    template = "the result of .{method}() of {cls}"

    method: str
    cls: str


class ResultOfContainerMethod(Statement):
    template = "the result of .{method}() of a container"

    method: str


class ResultOfObject(Statement):
    template = "the result of a call of an object"


class ResultOfLibrary(Statement):
    template = "the result of a library call"


class ClassMadeByType(Statement):
    template = "a class made by type()"


class SuperOutside(Statement):
    template = "super() outside of a method"


class ItemOf(Statement):
    template = "an item of {cls}"

    cls: str


class ItemOfLibraryObject(Statement):
    template = "an item of a library object"


class EntersUnknown(Statement):
    template = "what {cls} enters"

    cls: str


class AttributeOf(Statement):
    template = "`.{attribute}` of {kind}"

    attribute: str
    kind: str


class AttributeOfRecord(Statement):
    template = "`.{attribute}` of a record"

    attribute: str


class AttributeOfFunction(Statement):
    template = "an attribute of a function"


class AttributeByExpression(Statement):
    template = "an attribute by a name that is not spelled out"


class UnknownFields(Statement):
    template = "a namedtuple whose fields are not spelled out"


class DefaultOfField(Statement):
    template = "a field without a default"


class Field(Statement):
    template = "the field {name}"

    name: str
