"""How a call comes to be retried: the plans that the check makes and the codemod carries out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decorate:
    """The function that the call is all of gets the decorator of the policy's `module`.

    `comment` goes to the import of that, at its end or above it.
    """

    module: str
    decorator: str
    comment: str = ""
    comment_is_above: bool = False


@dataclass(frozen=True, slots=True)
class Wrap:
    """The call goes through a function of the policy's `module`.

    `caller` takes the function and its arguments; without one, `policy` itself is called with the
    function. `room`: the columns that the line of the first argument has left. `comment` goes to
    the import, at its end or above it.
    """

    module: str
    policy: str
    caller: str
    room: int
    comment: str = ""
    comment_is_above: bool = False


@dataclass(frozen=True, slots=True)
class AddKeyword:
    """The call gets an argument that makes its library retry."""

    name: str
    value: str  # as source text


Plan = AddKeyword | Decorate | Wrap
