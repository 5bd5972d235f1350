"""`# expect: QW101`: the expectation stands on the line it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from qw_codemod.kernel.document import Document
from qw_codemod.kernel.model import Finding
from qw_codemod.languages.python import SourceFile

_MARKER = re.compile(r"#\s*expect:\s*(?P<items>[^#]+)")
_ITEM = re.compile(r"(?P<code>[A-Z]+[0-9]+)(?P<words>(\s+(likely|proven|unsafe|safe))*)")


def verdicts(source: bytes, findings: Iterable[Finding], name: str = "") -> list[str]:
    """What is missing (marked `# expect: QW101` and not found) or noisy (found and not marked).

    A marker lists codes, separated by commas, each with the word `likely` if it is not proven;
    `unsafe` and `safe` are compared where they are written. Hidden findings are none here.
    """
    found: dict[int, Counter[str]] = {}
    safeties: dict[tuple[int, str], set[str]] = {}
    for finding in findings:
        if finding.hidden:
            continue
        key = f"{finding.code} likely" if finding.evidence.level == "likely" else finding.code
        found.setdefault(finding.line, Counter())[key] += 1
        safeties.setdefault((finding.line, key), set()).add(finding.safety)
    result = []
    is_python = not name or name.endswith(".py")
    file = SourceFile(name, source) if is_python else Document(name, source)
    for number in range(1, len(file.line_starts) + 1):
        line = file.line_text(number)
        expected: Counter[str] = Counter()
        for code, words in _marked(line):
            key = f"{code} likely" if "likely" in words else code
            expected[key] += 1
            for word in {"safe", "unsafe"}.intersection(words):
                if safeties.get((number, key), {word}) != {word}:
                    result.append(f"{name}:{number}: {key} is not {word}: {line.strip()}")
        actual = found.get(number, Counter())
        for kind, keys in (("missing", expected - actual), ("noisy", actual - expected)):
            result += [f"{kind} {key} at {name}:{number}: {line.strip()}" for key in keys]
    return result


def expected_codes(source: bytes) -> frozenset[str]:
    """The codes that the markers of a file name."""
    lines = source.decode("utf-8", "replace").splitlines()
    return frozenset(code for line in lines for code, _ in _marked(line))


def _marked(line: str) -> list[tuple[str, list[str]]]:
    marker = _MARKER.search(line)
    if marker is None:
        return []
    items = [item.strip() for item in marker["items"].split(",")]
    matches = [_ITEM.fullmatch(item) for item in items]
    assert all(matches), f"this marker is not understood: {line.strip()}"
    return [(match["code"], match["words"].split()) for match in matches if match]
