"""What one file says to each question about it alone: a function of its bytes.

The store asks these when a file has changed: an answer that depended on the file still holds where
all of them come out as before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from qw_codemod.facts.import_scan import Imports, defines, imports
from qw_codemod.facts.query import Answer, Question, digest
from qw_codemod.facts.stubs import rows_of
from qw_codemod.languages.python import SourceFile, UnreadableSource
from qw_codemod.python.definitions import links_of, module_names
from qw_codemod.python.layout import Layout
from qw_codemod.python.lookups import Lookups, lookups_of

UNPARSED = ""
_SUMMARIES: dict[str, Callable[..., object]] = {
    "doubles": rows_of,
    "links": links_of,
    "lookups": lambda source, kind: Lookups() if kind == "test" else lookups_of(source),
    "names": lambda source, kind: module_names(source, kind).summary(),
}


class FileAnswers:
    """The answers of one file."""

    def __init__(self, path: str, data: bytes) -> None:
        self._source = SourceFile(path, data)
        self._data = data

    def answer(self, question: Question) -> Answer:
        """The answer to a question of one of KINDS."""
        kind, _, *about = question
        if kind == "bytes":
            return any(text.encode() in self._data for text in about)
        if kind == "imports":
            return self._imports.digest
        if kind == "defines":
            return defines(about[0], self._data)
        if kind == "leads":
            return self._imports.lead_to(about[0], self._data)
        if kind == "parses":
            return self.layout is not None
        if self.layout is None:
            return UNPARSED
        if kind == "code":
            return self.layout.digest
        if kind in _SUMMARIES:
            return digest(repr(_SUMMARIES[kind](self._source, *about)).encode())
        if kind == "lines":
            return self.layout.lines()
        if kind == "part":
            return self.layout.holds(*about)
        assert kind == "words", kind
        return self.layout.with_words(about[0], about[1:])

    @cached_property
    def _imports(self) -> Imports:
        return imports(self._data)

    @cached_property
    def layout(self) -> Layout | None:
        """The parts of the code; None where it cannot be parsed."""
        try:
            return Layout(self._source)
        except UnreadableSource:
            return None

    @property
    def digest(self) -> str:
        """What stands for the bytes."""
        return digest(self._data)
