"""How a retry comes to wait longer: the plans that the check makes and the codemod carries out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LongerSleep:
    """The sleep gets another argument, as source text.

    `unless_last` is what holds in all rounds but the last one, where nobody waits for anything;
    empty where every pause is slept. `at` is the byte where the statement starts, and `head` what
    stands between the condition and it.
    """

    seconds: str
    unless_last: str = ""
    at: int = 0
    head: str = ""


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """`urllib3.Retry` gets more keyword arguments: each a name and its value as source text."""

    arguments: tuple[tuple[str, str], ...]
