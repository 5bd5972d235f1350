"""Whether bytes may hold an assignment to an attribute of some name: most files need no parser.

The answer may be yes where there is none, and is never no where there is one: targets of `=`, of
`+=` and its like, with an annotation, in tuples and lists over several lines, of `for` and `as`.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TARGETS = rb"[\w.*()\[\]'\", \t\x80-\xff]*"
_SET = re.compile(rb"(?:\+|-|\*\*?|//?|%|@|&|\||\^|<<|>>)?=(?!=)")
_TAIL = re.compile(_TARGETS + rb"=(?!=)")
_HEAD = re.compile(rb"(?:.*[;:])?" + _TARGETS + rb"$")
_ALONE = re.compile(rb"(?:.*[;:])?[ \t]*[A-Za-z_\x80-\xff][\w.()\[\]'\"\x80-\xff]*$")
_ARGUMENT = re.compile(rb"[\w\])][(\[][^()\[\]]*$")  # of a call, or an index
_LOOP = re.compile(rb"\b(?:for|as)[ \t]+(?:(?!\bin\b)[^:=])*$")
_OWN = re.compile(rb"(?<![\w.\x80-\xff])self[ \t]*\.$")
_CLOSER = re.compile(rb"^[^\n\[({]*[)\]}](?P<rest>[^\n]*)", re.M)
_TO = re.compile(rb"[ \t]*(?:,[^\n=]*)?=(?!=)")
_BEFORE = 16  # bytes in front of the name that tell whose attribute it is
_CLOSING = frozenset((b"", b",", b")", b"]", b"),", b"],"))


@lru_cache(maxsize=256)
def _pattern(word: bytes) -> re.Pattern[bytes]:
    return re.compile(re.escape(word) + rb"(?![\w\x80-\xff])[ \t]*")


def assigns(word: bytes, data: bytes) -> bool:
    """Whether something other than `self` may get an attribute of that name there."""
    for match in _pattern(word).finditer(data):
        before = data[max(0, match.start() - _BEFORE) : match.start()].rstrip(b" \t")
        if before.endswith(b".") and not _OWN.search(before) and _is_target(match, data):
            return True
    return False


def _is_target(match: re.Match[bytes], data: bytes) -> bool:
    end = data.find(b"\n", match.end())
    rest = data[match.end() : end if end >= 0 else len(data)].rstrip()
    first = rest[:1]
    if _SET.match(rest) or rest.endswith(b"\\"):
        return True
    if first not in b",:)]#i":  # or nothing
        return False
    start = data.rfind(b"\n", 0, match.start()) + 1
    head = data[start : match.start()]
    if _LOOP.search(head):
        return True
    if first == b":":
        inside = data[:start].rstrip()[-1:] in (b"{", b"(", b"[", b",")
        return not inside and _ALONE.match(head) is not None
    if not _HEAD.match(head):
        return False
    if _TAIL.match(rest) and not _ARGUMENT.search(head):
        return True
    is_last = rest.partition(b"#")[0].strip() in _CLOSING or rest.endswith(b",")
    return is_last and _is_closed_to(data, end)


def _is_closed_to(data: bytes, end: int) -> bool:
    """Whether the bracket around a line is closed in front of a `=`."""
    closer = _CLOSER.search(data, end + 1) if end >= 0 else None
    return closer is not None and _TO.match(closer["rest"]) is not None
