"""The words of an identifier: names are compared word by word, never letter by letter."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")


def words(name: str) -> tuple[str, ...]:
    """The words of an identifier, a path or a dotted name, in lower case.

    `_loadHTTPPages2` gives load, http, pages, 2. So `pay` is a word of `pay_order`, and none of
    `payload`.
    """
    return tuple(_WORD.findall(_CAMEL.sub("_", name).lower()))
