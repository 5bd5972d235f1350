"""TOML that other people have written: any key may be missing, or of another type."""

from __future__ import annotations

import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def parsed(text: str) -> dict[str, Any]:
    """The document. Raises ValueError, RecursionError."""
    return tomllib.loads(text)


def table(data: Any, *keys: str) -> dict[str, Any]:
    """The table under some keys; an empty one where there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def texts(value: Any) -> tuple[str, ...]:
    """The texts of an array; none where it is no array."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
