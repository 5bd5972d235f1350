"""The code of one file in parts, each with a digest that comments and moved lines leave alone.

A part is what an answer can depend on: the lines of one function's body, or of one statement of a
module or class. The body of a `def` or `class` is no part of the statement: it has its own.

    import os                       scope ""            "import os"
                                    (blank lines and lines of comments belong to none)
    class Loader(Base):             scope ""            "class Loader(Base):"
        limit = 3                   scope "Loader"      "limit = 3"
        def load(self, day):        scope "Loader"      "def load(self, day):"
            job = self.query(day)   scope "Loader.load" both lines
            return job.result()

An answer that came from `Loader.load` depends on that part alone: a comment, a blank line, or an
edit of another method changes nothing of it. Where its lines stand now is told by `moves`.
"""

from __future__ import annotations

import ast
import bisect
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from qw_codemod.languages.python import SourceFile
from qw_codemod.python.syntax import first_line

_WORD = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")
_STAR = re.compile(rb"\bimport[\s\\(]*\*")
_HASH = ord("#")
STAR = "*"  # stands among the words of a part that imports everything of a module
ANYWHERE = "**"  # instead of a scope

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Part:
    """The code lines of one statement or function body."""

    __slots__ = ("digest", "lines", "scope", "text", "words")

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.lines: list[int] = []  # 1-based
        self.digest = ""
        self.text = b""
        self.words: frozenset[bytes] = frozenset()  # once they are asked for

    def all_words(self) -> frozenset[bytes]:
        """The identifiers in the text, and STAR where it imports everything of a module."""
        if not self.words and self.text:
            stars = [STAR.encode()] if _STAR.search(self.text) else []
            self.words = frozenset([*_WORD.findall(self.text), *stars])
        return self.words


class Layout:
    """The parts of a file. Raises UnreadableSource where it cannot be parsed."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._scopes: dict[ast.AST, str] = {source.tree: ""}
        self._count: dict[str, int] = {}  # of the scopes of one name
        self._owner: list[Part | None] = [None] * (len(source.line_starts) + 2)
        self.parts: list[Part] = []
        self._statements(source.tree.body, "")
        self._fill()

    # -- cutting --------------------------------------------------------------------------------

    def _statements(self, body: Sequence[ast.stmt], scope: str) -> None:
        for statement in body:
            part = self._part(scope, first_line(statement), statement.end_lineno or 0)
            self._carve((statement,), scope, part)

    def _part(self, scope: str, first: int, last: int) -> Part:
        part = Part(scope)
        self.parts.append(part)
        self._owner[first : last + 1] = [part] * (last + 1 - first)
        return part

    def _carve(self, statements: Sequence[ast.stmt], scope: str, part: Part) -> None:
        """Give the bodies of the definitions among or below statements to parts of their own."""
        for statement in statements:
            if not isinstance(statement, _DEFINITIONS):
                for block in _blocks(statement):
                    self._carve(block, scope, part)
                continue
            name = self._scopes[statement] = self._named(scope, statement.name)
            first, last = first_line(statement.body[0]), statement.end_lineno or 0
            if first <= statement.lineno or self._shares_line(statement, first):
                continue  # `def f(): return 1` is one part with what is around it
            if isinstance(statement, ast.ClassDef):
                self._owner[first : last + 1] = [None] * (last + 1 - first)
                self._statements(statement.body, name)
            else:
                own = self._part(name, first, last)
                self._carve(statement.body, name, own)

    @staticmethod
    def _shares_line(statement: _Definition, first: int) -> bool:
        heads = [statement.returns] if not isinstance(statement, ast.ClassDef) else []
        heads += statement.bases if isinstance(statement, ast.ClassDef) else []
        return any(each is not None and (each.end_lineno or 0) >= first for each in heads)

    def _named(self, scope: str, name: str) -> str:
        full = f"{scope}.{name}" if scope else name
        count = self._count[full] = self._count.get(full, 0) + 1
        return f"{full}#{count}" if count > 1 else full

    def _fill(self) -> None:
        source = self._source
        in_text = _lines_in_texts(source)
        starts = source.line_starts
        texts: dict[Part, list[bytes]] = {part: [] for part in self.parts}
        if len(starts) == source.data.count(b"\n") + 1:
            lines = source.data.split(b"\n")
        else:  # line ends of another kind
            ends = [*starts[1:], len(source.data)]
            lines = [source.data[start:end] for start, end in zip(starts, ends, strict=True)]
        for line, code in enumerate(lines, 1):
            part = self._owner[line]
            if part is not None:
                plain = code.strip()
                if (plain and plain[0] != _HASH) or line in in_text:
                    part.lines.append(line)
                    texts[part].append(code.rstrip(b"\r\n"))
        for part, codes in texts.items():
            part.text = b"\n".join(codes)
            part.digest = hashlib.blake2b(part.text, digest_size=12).hexdigest()

    # -- asking ---------------------------------------------------------------------------------

    def part_of(self, line: int) -> Part | None:
        """The part that a line of code belongs to."""
        return self._owner[line] if line < len(self._owner) else None

    def scope_name(self, scope: ast.AST) -> str:
        """The name of a module's, class's or function's scope."""
        return self._scopes.get(scope, "")

    def part_of_body(self, function: ast.AST) -> Part | None:
        """The part that holds the body of a function."""
        body = getattr(function, "body", None)
        first = body[0] if isinstance(body, list) and body else function
        return self.part_of(getattr(first, "lineno", 0))

    @cached_property
    def digest(self) -> str:
        """What stands for all the code of the file."""
        made = hashlib.blake2b(digest_size=12)
        for part in self.parts:
            made.update(f"{part.scope}\0{part.digest}\0".encode())
        return made.hexdigest()

    @cached_property
    def _known(self) -> frozenset[tuple[str, str]]:
        return frozenset((part.scope, part.digest) for part in self.parts)

    def holds(self, scope: str, digest: str) -> bool:
        """Whether a scope has a part with that digest."""
        return (scope, digest) in self._known

    def with_words(self, scope: str, words: Sequence[str]) -> str:
        """The digests of the parts of a scope, or ANYWHERE, that hold all these words, in order."""
        wanted = [word.encode() for word in words]
        return " ".join(
            part.digest
            for part in self._with_text(max(wanted, key=len, default=b""))
            if scope in (ANYWHERE, part.scope) and part.all_words().issuperset(wanted)
        )

    def _with_text(self, text: bytes) -> Iterator[Part]:
        """The parts in which a text stands: one search goes over all of them."""
        everything, starts = self._texts
        place = everything.find(text) if self.parts else -1
        while place >= 0:
            number = bisect.bisect_right(starts, place)
            yield self.parts[number - 1]
            place = everything.find(text, starts[number]) if number < len(starts) else -1

    @cached_property
    def _texts(self) -> tuple[bytes, list[int]]:
        """The texts of all parts, and where in them each part begins."""
        lengths = (len(part.text) + 1 for part in self.parts[:-1])
        return b"\n".join(part.text for part in self.parts), [*accumulate(lengths, initial=0)]

    def lines(self) -> str:
        """Where the lines of each part are: what `moves` compares."""
        return json.dumps([[part.scope, part.digest, _runs(part.lines)] for part in self.parts])


def moves(before: str, now: str) -> dict[int, int]:
    """Where the lines are now that stood elsewhere: of the parts that are still the same."""
    places: dict[tuple[str, str, int], list[int]] = {}
    for key, lines in _numbered(now):
        places[key] = lines
    found: dict[int, int] = {}
    for key, lines in _numbered(before):
        if key in places:
            found.update(zip(lines, places[key], strict=True))
    return found


def _numbered(text: str) -> Iterator[tuple[tuple[str, str, int], list[int]]]:
    seen: dict[tuple[str, str], int] = {}
    for scope, digest, runs in json.loads(text) if text else ():
        number = seen[scope, digest] = seen.get((scope, digest), 0) + 1
        lines = [line for start, count in runs for line in range(start, start + count)]
        yield (scope, digest, number), lines


def _runs(lines: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][0] + runs[-1][1]:
            runs[-1][1] += 1
        else:
            runs.append([line, 1])
    return runs


def _blocks(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if block:
            yield block
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


def _lines_in_texts(source: SourceFile) -> set[int]:
    """The lines, but for the first, of the texts that go over several."""
    data = source.data
    if b'"""' not in data and b"'''" not in data and b"\\\n" not in data and b"\\\r" not in data:
        return set()
    kinds: list[type[ast.expr]] = [ast.Constant, ast.JoinedStr]
    if template := getattr(ast, "TemplateStr", None):
        kinds.append(template)
    found: set[int] = set()
    for kind in kinds:
        for node in source.nodes(kind):
            if node.end_lineno is not None and node.end_lineno > node.lineno:
                found.update(range(node.lineno + 1, node.end_lineno + 1))
    return found
