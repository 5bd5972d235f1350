"""Answers that are kept for as long as what they are about: a file, a node of its tree."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

_About = TypeVar("_About")
_Answer = TypeVar("_Answer")


def kept(find: Callable[[_About], _Answer]) -> Callable[[_About], _Answer]:
    """Have a function keep each answer, but not what it is about, as `lru_cache` would.

    The answer must not hold that either: the nodes of a tree do not hold its file, nor the scope.
    """
    answers: WeakKeyDictionary[_About, _Answer] = WeakKeyDictionary()

    @wraps(find)
    def answer(about: _About) -> _Answer:
        try:
            return answers[about]
        except KeyError:
            found = answers[about] = find(about)
            return found

    return answer
