"""Which rules can possibly hit these bytes, before any parse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qw_codemod.rules.api import Check, Token


def possible(data: bytes, checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks that have no tokens, or one of whose tokens stands in the bytes.

    The checks are those of the bytes' language.
    """
    return tuple(_possible(data, checks))


def is_possible(data: bytes, checks: Iterable[Check]) -> bool:
    """Whether any of the checks can hit these bytes: most files are told by their first tokens."""
    return any(_possible(data, checks))


def _possible(data: bytes, checks: Iterable[Check]) -> Iterator[Check]:
    known: dict[Token, bool] = {}  # the rules of a family share most of their tokens

    def holds(token: Token) -> bool:
        if token not in known:
            known[token] = token in data if isinstance(token, bytes) else bool(token.search(data))
        return known[token]

    return (check for check in checks if not check.tokens or any(map(holds, check.tokens)))
