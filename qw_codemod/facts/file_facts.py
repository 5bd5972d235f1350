"""What one file says, as plain values: no node of its tree, so that the tree need not be kept."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.facts.query import Question, digest
from qw_codemod.facts.stubs import Rows, rows_of
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.definitions import Names, links_of, module_names, texts_of
from qw_codemod.python.imports import ImportedName, imports_of


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Imports and names of a file; of a test also its doubles, and the texts that may name modules.

    `answers` are those to the questions about them, which `FileAnswers` gives as well.
    """

    imports: tuple[ImportedName, ...]
    texts: tuple[str, ...]
    names: Names
    doubles: Rows
    answers: dict[Question, str]


def facts_of(source: SourceFile, kind: str, with_answers: bool) -> FileFacts:
    """The facts of a file that can be parsed; `kind` is "test" or "code"."""
    names, doubles = module_names(source, kind), rows_of(source) if kind == "test" else Rows()
    answers: dict[Question, str] = {}
    if with_answers:
        told = {
            ("doubles", source.path): doubles,
            ("links", source.path, kind): links_of(source, kind),
            ("names", source.path, kind): names.summary(),
        }
        answers = {question: digest(repr(said).encode()) for question, said in told.items()}
    texts = tuple(dict.fromkeys(texts_of(source))) if kind == "test" else ()
    return FileFacts(imports_of(source.tree), texts, names, doubles, answers)
