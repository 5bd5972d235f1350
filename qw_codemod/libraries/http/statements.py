"""What is stated about HTTP calls: what ends their wait, and what leaves that in doubt."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement

# Why a call does not wait for ever


class HasTimeout(Statement):
    template = "it has a timeout"


class MayHoldTimeout(Statement):
    template = "`{argument}` may hold a timeout"

    argument: str


class HoldsTimeout(Statement):
    template = "`{argument}` holds a timeout"

    argument: str


class EndsByDefault(Statement):
    template = "{library} waits {seconds:g} s at the most by default"

    library: str
    seconds: float


class SocketDefault(Statement):
    template = "socket.setdefaulttimeout() in {file}"

    file: str


class BuiltWith(Statement):
    template = "it is built with {argument}="

    argument: str


class MethodSets(Statement):
    template = "{cls}.{method}() sets a timeout"

    cls: str
    method: str


class ClassSets(Statement):
    template = "{cls} sets a timeout for every request"

    cls: str


class Mounted(Statement):
    template = "a {cls} is mounted"

    cls: str


class Replaced(Statement):
    template = "`.{attribute}` is replaced by one with a timeout"

    attribute: str


# Why it is not certain that a call waits for ever


class SeveralLibraries(Statement):
    template = "it is sent by more than one library"


class GivenToo(Statement):
    template = "it is given a {cls} too"

    cls: str


class MayBeBounded(Statement):
    template = "it may be bounded: {why}"

    why: Statement


class PartlyBounded(Statement):
    template = "only some of what it may be is bounded: {why}"

    why: Statement


class SocketDefaultUndone(Statement):
    template = "{default}, which requests takes away again"

    default: SocketDefault


class DefaultOverruled(Statement):
    template = "{cls}.send() has a default timeout that requests overrules"

    cls: str


class HandsElsewhere(Statement):
    template = "{cls}.{method}() hands the timeout to something else"

    cls: str
    method: str


class UnknownAdapter(Statement):
    template = "it mounts an adapter that is not followed, which may set a timeout"


class IgnoredAttribute(Statement):
    template = "`.timeout` is set on the session, which requests does not read"


# Why a call cannot be given a timeout


class TakesNone(Statement):
    template = "{cls}.{method}() takes no timeout"

    cls: str
    method: str


class KeepsKeywordOut(Statement):
    template = "`{argument}` holds no timeout: give it one"

    argument: str
