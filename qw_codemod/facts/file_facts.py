"""What one file says, as plain values: no node of its tree, so that the tree need not be kept."""

from __future__ import annotations

import io
import pickle
import sys
from dataclasses import dataclass, replace

from qw_codemod.facts import fakes, stubs
from qw_codemod.facts.query import Question, digest
from qw_codemod.facts.stubs import Rows, rows_of
from qw_codemod.python import definitions
from qw_codemod.python.definitions import Names, links_of, module_names, texts_of
from qw_codemod.python.imports import ImportedName, imports_of
from qw_codemod.python.lookups import Lookups, lookups_of
from qw_codemod.python.module import View


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Imports and names of a file; of a test also its doubles, and the texts that may name modules.

    What is reached by a text counts in code alone.

    `answers` are those to the questions about them, which `FileAnswers` gives as well.
    """

    imports: tuple[ImportedName, ...]
    texts: tuple[str, ...]
    names: Names
    doubles: Rows
    lookups: Lookups
    answers: dict[Question, str]


def facts_of(view: View, with_answers: bool) -> FileFacts:
    """The facts of a file that can be parsed."""
    source, kind = view.source, kind_of(view.is_test)
    names, doubles = module_names(source, kind), rows_of(source) if view.is_test else Rows()
    lookups = Lookups() if view.is_test else lookups_of(source)
    answers: dict[Question, str] = {}
    if with_answers:
        told = {
            ("doubles", source.path): doubles,
            ("links", source.path, kind): links_of(source, kind),
            ("lookups", source.path, kind): lookups,
            ("names", source.path, kind): names.summary(),
        }
        answers = {question: digest(repr(said).encode()) for question, said in told.items()}
        answers["lines", source.path] = view.layout.lines()
    texts = tuple(dict.fromkeys(texts_of(source))) if view.is_test else ()
    return FileFacts(imports_of(source.tree), texts, names, doubles, lookups, answers)


def kind_of(is_test: bool) -> str:
    """What a file is read as: more is asked of a test."""
    return "test" if is_test else "code"


def packed(facts: FileFacts) -> bytes:
    """Facts as they are stored: wherever the file is."""
    return pickle.dumps(_moved(facts, ""), protocol=pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes, path: str) -> FileFacts | None:
    """The facts of a file that were stored; None where they make no sense."""
    try:
        facts = _Unpickler(io.BytesIO(data)).load()
        return _moved(facts, path) if isinstance(facts, FileFacts) else None
    except (pickle.UnpicklingError, ValueError, TypeError, AttributeError, EOFError, LookupError):
        return None


def _moved(facts: FileFacts, path: str) -> FileFacts:
    """The facts of the same file at another path."""
    defined = tuple(
        replace(each, key=(path, *each.key[1:]), words=tuple(map(sys.intern, each.words)))
        for each in facts.names.definitions
    )
    answers = {(kind, path, *rest): said for (kind, _, *rest), said in facts.answers.items()}
    return replace(facts, names=replace(facts.names, definitions=defined), answers=answers)


# Whoever could write into the cache could otherwise have anything run by reading it.
_PLAIN = {
    (each.__module__, each.__qualname__): each
    for each in (
        FileFacts,
        Rows,
        Names,
        Lookups,
        ImportedName,
        definitions.Definition,
        stubs.Stub,
        stubs.Line,
        stubs.Status,
        fakes.Expression,
        fakes.Function,
        fakes.FakeClass,
    )
}


class _Unpickler(pickle.Unpickler):
    """Makes values of these classes, and calls nothing else."""

    def find_class(self, module: str, name: str) -> type:
        try:
            return _PLAIN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of facts") from None
