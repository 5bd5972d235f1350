"""The rewrite under test, as a user of the public test kit would call it."""

from __future__ import annotations

SECONDS = 1
"""The bound that the rewrites set: short for the tests' sake, and no default of any library."""


def rewrite(source: str, unsafe: bool = False) -> str:
    """The text after `apply timeouts`; an explicit None is edited with `unsafe` alone."""
    from qw_codemod.testkit import apply_to_text

    return apply_to_text(
        source,
        families=("timeouts",),
        settings={"timeouts": {"bigquery": SECONDS, "http": SECONDS}},
        unsafe=unsafe,
    )


def rewrite_handlers(source: str, unsafe: bool = False, **settings: object) -> str:
    """The text after `apply excepts`, where a program is believed to start Sentry."""
    from qw_codemod.testkit import apply_to_text

    given = {"sentry": "unexpected", **settings}
    return apply_to_text(source, families=("excepts",), settings={"excepts": given}, unsafe=unsafe)
