"""What is stated about HTTP calls: what ends their wait, and what leaves that in doubt."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement

# Why a call does not wait for ever


@dataclass(frozen=True, slots=True)
class HasTimeout(Statement):
    template = "it has a timeout"


@dataclass(frozen=True, slots=True)
class MayHoldTimeout(Statement):
    template = "`{argument}` may hold a timeout"

    argument: str


@dataclass(frozen=True, slots=True)
class HoldsTimeout(Statement):
    template = "`{argument}` holds a timeout"

    argument: str


@dataclass(frozen=True, slots=True)
class EndsByDefault(Statement):
    template = "{library} waits {seconds:g} s at the most by default"

    library: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SocketDefault(Statement):
    template = "socket.setdefaulttimeout() in {file}"

    file: str


@dataclass(frozen=True, slots=True)
class BuiltWith(Statement):
    template = "it is built with {argument}="

    argument: str


@dataclass(frozen=True, slots=True)
class MethodSets(Statement):
    template = "{cls}.{method}() sets a timeout"

    cls: str
    method: str


@dataclass(frozen=True, slots=True)
class ClassSets(Statement):
    template = "{cls} sets a timeout for every request"

    cls: str


@dataclass(frozen=True, slots=True)
class Mounted(Statement):
    template = "a {cls} is mounted"

    cls: str


@dataclass(frozen=True, slots=True)
class Replaced(Statement):
    template = "`.{attribute}` is replaced by one with a timeout"

    attribute: str


# Why it is not certain that a call waits for ever


@dataclass(frozen=True, slots=True)
class SeveralLibraries(Statement):
    template = "it is sent by more than one library"


@dataclass(frozen=True, slots=True)
class GivenToo(Statement):
    template = "it is given a {cls} too"

    cls: str


@dataclass(frozen=True, slots=True)
class MayBeBounded(Statement):
    template = "it may be bounded: {why}"

    why: Statement


@dataclass(frozen=True, slots=True)
class PartlyBounded(Statement):
    template = "only some of what it may be is bounded: {why}"

    why: Statement


@dataclass(frozen=True, slots=True)
class SocketDefaultUndone(Statement):
    template = "{default}, which requests takes away again"

    default: SocketDefault


@dataclass(frozen=True, slots=True)
class DefaultOverruled(Statement):
    template = "{cls}.send() has a default timeout that requests overrules"

    cls: str


@dataclass(frozen=True, slots=True)
class HandsElsewhere(Statement):
    template = "{cls}.{method}() hands the timeout to something else"

    cls: str
    method: str


@dataclass(frozen=True, slots=True)
class UnknownAdapter(Statement):
    template = "it mounts an adapter that is not followed, which may set a timeout"


@dataclass(frozen=True, slots=True)
class IgnoredAttribute(Statement):
    template = "`.timeout` is set on the session, which requests does not read"


# Why a call cannot be given a timeout


@dataclass(frozen=True, slots=True)
class TakesNone(Statement):
    template = "{cls}.{method}() takes no timeout"

    cls: str
    method: str


@dataclass(frozen=True, slots=True)
class KeepsKeywordOut(Statement):
    template = "`{argument}` holds no timeout: give it one"

    argument: str
