"""The commands that a person types; each parses its options and calls one function."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    raise SystemExit("not yet")
