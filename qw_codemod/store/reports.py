"""The reports of earlier runs, each with all that it leant on, for as long as that holds.

A report leans on questions: what stands in a file, which files mention a word, which file an import
means. Each question is kept with its answer. When a run starts, the questions are asked again of
the files that have changed since; a report that leans on an answer which comes out differently is
forgotten.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qw_codemod.facts.query import KINDS, Answer, Leaning, Question, digest
from qw_codemod.facts.suites import is_test
from qw_codemod.kernel.model import Outcome
from qw_codemod.store import outcome_json
from qw_codemod.store.places import relocated
from qw_codemod.store.portable import Portable
from qw_codemod.store.queries import (
    OF_CONTENTS,
    OF_PROGRAMS,
    KnownAnswers,
    LateAnswers,
    Questions,
    bits_of,
    numbers_to_blob,
    to_bits,
    to_blob,
    to_numbers,
)
from qw_codemod.store.stored_facts import StoredFacts

if TYPE_CHECKING:  # most runs find nothing changed, and need none of what reads files
    from qw_codemod.facts.index import Known
    from qw_codemod.facts.project import Tree

_SETTLED = 2.0  # seconds; a file that is younger may change again within one tick of its clock
_NO_ANSWER = ""
_TOLD = "deployments"
_ROOT = "root"
_NO_PYTHON = "-"  # what a file imports that is of another language


class _Conflict(Exception):
    """Two processes met two versions of one file."""


@dataclass(slots=True)
class _File:
    number: int
    stamp: str  # of the file's state on the disk; empty where it cannot be relied on
    digest: str = ""  # of its contents, where a report leans on them
    imports: str = ""  # stands for what it loads, and shows of import roots; empty: not known


class Memories:
    """The remembered reports of one project, for one version of the rules."""

    def __init__(
        self,
        root: str,
        database: Path,
        python: Sequence[str],
        others: Sequence[str] = (),
        texts: Sequence[str] = (),
    ) -> None:
        self._root = root
        self._portable = Portable(root)
        self._stored = StoredFacts(database, self._portable)
        self._python = python
        self._texts = texts
        self._others = {*others, *texts}
        self._files = files = [*python, *sorted(self._others)]
        self._started = time.time()
        self._stamps = {file: _stamp(file, self._started) for file in files}
        self._kept: dict[str, _File] = {}
        self._questions = Questions()
        self._loaded: Questions | None = None  # until they are needed
        self._generation = 0
        self._stale: list[tuple[str, str]] = []
        self._gone: set[str] = set()
        self._moved: dict[str, dict[int, int]] = {}  # lines of changed files: from where to where
        self._relocated: list[tuple[str, str, str]] = []  # reports with new places, to be written
        self._next_file = 0  # until it is known
        self._touched: set[str] = set()  # files whose rows differ from the stored ones
        self._answered: set[Question] = set()  # whose answers differ from the stored ones
        self._ledgers: dict[int, list[int]] = {}
        self._asked: dict[int, list[tuple[Question, Answer]]] = {}  # not yet in the ledgers
        self._facts: dict[str, tuple[str, bytes]] = {}  # read of files by this run
        self._new: list[tuple[str, str, set[int], str]] = []
        self._is_broken = False
        self._connection: sqlite3.Connection | None = None

    # -- reading --------------------------------------------------------------------------------

    def load(self, connection: sqlite3.Connection) -> None:
        """Load what is remembered, and forget what does not hold any more; raises sqlite3.Error."""
        self._connection = connection
        ((self._generation,),) = connection.execute("SELECT generation FROM state")
        rows = connection.execute("SELECT path, id, stamp, digest, imports FROM file")
        here = self._portable.here
        self._kept = {here(path): _File(*rest) for path, *rest in rows}
        current = set(self._files)
        changed: dict[str, bytes] = {}
        if not self._kept:
            return
        for file, stamp in self._stamps.items():
            kept = self._kept.get(file)
            if kept is not None and stamp and stamp == kept.stamp:
                continue
            data = _read(file)
            if kept is None or not kept.digest or kept.digest != digest(data):
                changed[file] = data
            else:
                kept.stamp = stamp
                self._touched.add(file)
        self._gone = {path for path in self._kept.keys() - current if not self._is_unasked(path)}
        if changed or self._gone:
            is_relisted = not changed.keys() - self._others <= self._kept.keys()
            self._revise(changed, bool(self._gone) or is_relisted)

    def _is_unasked(self, path: str) -> bool:
        """Whether a file of another language stands there as it did; this run names others."""
        kept = self._kept[path]
        return kept.imports == _NO_PYTHON and kept.stamp == _stamp(path, self._started) != ""

    def _revise(self, changed: Mapping[str, bytes], is_relisted: bool) -> None:
        """Ask every question again whose answer these files can have changed."""
        from qw_codemod.facts.index import Contents

        questions = self._all_questions()
        texts = {*self._texts}
        is_redeployed = not texts.isdisjoint(changed)
        others: set[Question] = {("file", file) for file in (*changed, *self._gone)}
        of_files = questions.of_files({*changed, *self._gone})
        is_rewired = is_rerooted = is_relisted
        for file, data in changed.items():
            kept = self._file(file)
            contents = Contents(data)
            if file not in self._others:
                others |= questions.change(kept.number, contents.answer)
            others.update(self._ask_again(file, data, of_files.get(file, ())))
            imports = self._links(file, data)
            (links, _, signs), (linked, _, shown) = (
                each.partition(" ") for each in (imports, kept.imports)
            )
            is_rewired = is_rewired or links != linked
            is_rerooted = is_rerooted or signs != shown
            kept.stamp = self._stamps[file]
            kept.digest = digest(data) if kept.digest else ""
            kept.imports = imports
            self._touched.add(file)
        for file in self._gone:
            others |= questions.change(self._kept.pop(file).number, lambda question: False)
            others.update(of_files.get(file, ()))
        self._answered |= others & questions.files.keys()
        different = {questions.numbers[each] for each in others & questions.numbers.keys()}
        if is_rerooted and not is_relisted:
            is_relisted = self._has_other_roots(questions)
        if is_relisted or is_rewired or is_redeployed:
            different |= self._relist(questions, is_relisted, is_rewired, is_redeployed)
        assert self._connection is not None
        for stored, options, leans in self._connection.execute(
            "SELECT path, options, leans FROM report"
        ):
            path = self._portable.here(stored)
            if path in self._gone or not different.isdisjoint(to_numbers(leans)):
                self._stale.append((path, options))

    def _ask_again(self, file: str, data: bytes, asked: Iterable[Question]) -> Iterator[Question]:
        """The questions about a file alone to which it says something else now."""
        from qw_codemod.facts.file_answers import FileAnswers
        from qw_codemod.python.layout import moves

        answers = FileAnswers(file, data)
        for question in asked:
            before, text = self._questions.answers[question], json.dumps(answers.answer(question))
            if text == before:
                continue
            self._questions.answers[question] = text
            self._answered.add(question)
            if question[0] == "lines":
                self._moved[file] = moves(json.loads(before), json.loads(text))
            else:
                yield question

    def _has_other_roots(self, questions: Questions) -> bool:
        """Whether other packages are import roots now, on which depends where imports lead."""
        from qw_codemod.facts.project import Tree

        tree = Tree(self._root, self._python, texts=self._texts)
        roots = (question for question in questions.numbers if question[0] == _ROOT)
        return any(json.dumps(_ask(tree, each)) != questions.answers[each] for each in roots)

    def _relist(
        self, questions: Questions, is_relisted: bool, is_rewired: bool, is_redeployed: bool
    ) -> set[int]:
        """The questions about imports, names and paths that today's files answer differently.

        If the files and the import roots are the same, and only what is imported has changed, those
        about imports alone; if only what tells of deployments has, the one about these.
        """
        from qw_codemod.facts.project import Tree

        tree = Tree(self._root, self._python, texts=self._texts)
        different = set()
        for question, number in questions.numbers.items():
            if question[0] in OF_CONTENTS or question[0] in KINDS or question[0] == "file":
                continue
            if not is_relisted and not (
                is_rewired if question[0] in OF_PROGRAMS else is_redeployed and question[0] == _TOLD
            ):
                continue
            answer = json.dumps(_ask(tree, question))
            if answer != questions.answers[question]:
                different.add(number)
                questions.answers[question] = answer
                self._answered.add(question)
        return different

    def _all_questions(self) -> Questions:
        if self._loaded is None:
            assert self._connection is not None
            self._loaded = self._questions
            here = self._portable.texts_here
            self._connection.execute("BEGIN")
            ((generation,),) = self._connection.execute("SELECT generation FROM state")
            rows = self._connection.execute(
                "SELECT id, question, answer, files FROM question ORDER BY id"
            ).fetchall()
            self._connection.execute("COMMIT")
            if generation != self._generation:
                # Another run has written since: its questions are about files that we do not know.
                self._is_broken = True
                rows = []
            # All at once: a call for each of some ten thousand costs more than what it does.
            texts = here([text for _, text, _, _ in rows])
            answers = here([answer for _, _, answer, _ in rows])
            questions = map(tuple, json.loads(f"[{','.join(texts)}]"))
            for question, answer, (number, _, _, files) in zip(
                questions, answers, rows, strict=True
            ):
                self._questions.next = number
                self._questions.add(question, answer, to_bits(files))
        return self._questions

    def _file(self, path: str) -> _File:
        """What is kept of a file; a new one gets a number of its own."""
        kept = self._kept.get(path)
        if kept is None:
            if not self._next_file:
                self._next_file = 1 + max((each.number for each in self._kept.values()), default=0)
            kept = self._kept[path] = _File(self._next_file, self._stamps.get(path, ""))
            self._touched.add(path)
            self._next_file += 1
        return kept

    def outcomes(self, wanted: Iterable[tuple[str, str]]) -> dict[str, Outcome]:
        """The remembered outcomes of these files, each with the digest of its options.

        Raises sqlite3.Error, ValueError or TypeError where what is remembered makes no sense.
        """
        assert self._connection is not None
        asked = dict(wanted)
        stale = set(self._stale)
        found: dict[str, Outcome] = {}
        rows = self._connection.execute("SELECT path, options, outcome FROM report")
        for stored, options, portable in rows:
            path, text = self._portable.here(stored), self._portable.text_here(portable)
            if (path, options) in stale or asked.get(path) != options and not self._moved:
                continue
            outcome = outcome_json.loads(path, text)
            if self._moved and text:
                moved = relocated(outcome, self._moved)
                if moved is None:
                    self._stale.append((path, options))
                    continue
                if moved is not outcome:
                    self._relocated.append((outcome_json.dumps(moved), path, options))
                    outcome = moved
            if asked.get(path) == options:
                found[path] = outcome
        return found

    def known(self, at_once: bool = True) -> Known | None:
        """What is known of the files as they are now; for those that have to be examined.

        Not `at_once`: it is loaded when something is asked, which this process alone can do.
        """
        return self._known() if at_once else LateAnswers(self._known, self._stored)

    def _known(self) -> KnownAnswers | None:
        questions = self._all_questions()
        if not questions.files:
            return None
        others: dict[Question, tuple[str, ...]] = {}
        for question in questions.numbers:
            if question[0] in OF_PROGRAMS:
                others[question] = tuple(json.loads(questions.answers[question]))
            elif question[0] == _ROOT:
                is_root = json.loads(questions.answers[question])
                others[question] = (question[1],) if is_root else ()
        paths = {kept.number: path for path, kept in self._kept.items()}
        return KnownAnswers(questions.files, paths, others, self._stored)

    # -- writing --------------------------------------------------------------------------------

    def note(
        self, options: Mapping[str, str], process: int, outcome: Outcome, leaning: Leaning
    ) -> None:
        """Take in an outcome, and what it leans on; `options` are those of each file."""
        asked = self._asked.setdefault(process, [])
        asked += leaning.asked
        self._facts.update((path, (contents, facts)) for path, contents, facts in leaning.facts)
        if outcome.report.problems:
            return  # it is looked at again the next time
        questions = self._all_questions()
        ledger = self._ledgers.setdefault(process, [])
        try:
            ledger += (self._number(questions, *each) for each in asked)
            asked.clear()
        except _Conflict:
            self._is_broken = True
        own = questions.numbers.get(("file", outcome.report.path))
        if self._is_broken or own is None:
            return
        leans = {ledger[place] for place in leaning.numbers}
        if own in leans:
            path = outcome.report.path
            self._new.append((path, options[path], leans, outcome_json.dumps(outcome)))

    def _number(self, questions: Questions, question: Question, answer: Answer) -> int:
        """The number of a question; raises _Conflict where it has another answer by now."""
        number = questions.numbers.get(question)
        if question[0] == "file":
            file = self._file(question[1])
            if file.digest and file.digest != answer:
                raise _Conflict
            file.digest = str(answer)
            file.stamp = self._stamps.get(question[1], "")
            self._touched.add(question[1])
            return questions.add(question, _NO_ANSWER) if number is None else number
        if question[0] in OF_CONTENTS:
            return self._number_of_contents(questions, question, answer, number)
        text = json.dumps(answer)
        if number is None:
            return questions.add(question, text)
        if questions.answers[question] != text:
            raise _Conflict
        return number

    def _number_of_contents(
        self, questions: Questions, question: Question, answer: Answer, number: int | None
    ) -> int:
        assert isinstance(answer, tuple)
        files = bits_of(self._file(path).number for path in answer)
        if number is None:
            return questions.add(question, _NO_ANSWER, files)
        if questions.files[question] != files:
            raise _Conflict
        return number

    def save(self) -> None:
        """Write what is new, whole or not at all; nothing where another run was quicker."""
        connection = self._connection
        of_reports = self._new or self._stale or self._gone
        changes = of_reports or self._touched or self._answered or self._facts
        if connection is None or self._is_broken or not changes:
            return
        for file in self._files:
            self._file(file)
        questions = self._all_questions()
        self._note_imports()
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            ((generation,),) = connection.execute("SELECT generation FROM state")
            if generation != self._generation:
                return
            connection.execute("UPDATE state SET generation = generation + 1")
            path_of, text_of = self._portable.path, self._portable.text
            connection.executemany(
                "DELETE FROM report WHERE path = ? AND options = ?",
                ((path_of(path), options) for path, options in self._stale),
            )
            connection.executemany(
                "UPDATE report SET outcome = ? WHERE path = ? AND options = ?",
                (
                    (text_of(text), path_of(path), options)
                    for text, path, options in self._relocated
                ),
            )
            connection.executemany(
                "DELETE FROM file WHERE path = ?", [(path_of(each),) for each in self._gone]
            )
            connection.executemany(
                "DELETE FROM facts WHERE path = ?", [(path_of(each),) for each in self._gone]
            )
            connection.executemany(
                "INSERT OR REPLACE INTO facts VALUES (?, ?, ?)",
                ((path_of(path), *read) for path, read in self._facts.items()),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)",
                (
                    (path_of(path), kept.number, kept.stamp, kept.digest, kept.imports)
                    for path in self._touched
                    if (kept := self._kept.get(path)) is not None
                ),
            )
            (stored,) = connection.execute("SELECT COALESCE(MAX(id) + 1, 0) FROM question")
            changed = [
                question
                for question, number in questions.numbers.items()
                if number >= stored[0] or question in self._answered
            ]
            connection.executemany(
                "INSERT OR REPLACE INTO question VALUES (?, ?, ?, ?)",
                zip(
                    (questions.numbers[each] for each in changed),
                    self._portable.texts([json.dumps(each) for each in changed]),
                    self._portable.texts([questions.answers[each] for each in changed]),
                    (to_blob(questions.files.get(each, 0)) for each in changed),
                    strict=True,
                ),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO report VALUES (?, ?, ?, ?)",
                (
                    (path_of(path), options, numbers_to_blob(sorted(leans)), text_of(text))
                    for path, options, leans, text in self._new
                ),
            )

    def close(self) -> None:
        """Let go of the cache."""
        self._stored.close()

    def _note_imports(self) -> None:
        """Note what the files import that have been the same since this run began."""
        now = time.time()
        for path in self._touched:
            kept = self._kept.get(path)
            if kept is not None and not kept.imports and kept.stamp:
                data = _read(path)
                if _stamp(path, now) == kept.stamp:
                    kept.imports = self._links(path, data)

    def _links(self, path: str, data: bytes) -> str:
        """What stands for all that a file may load, and for what shows import roots in it."""
        if path in self._others:
            return _NO_PYTHON
        from qw_codemod.facts.components import links
        from qw_codemod.facts.import_scan import root_signs

        found = links(data, is_test(path.removeprefix(self._root)))
        return f"{digest(' '.join(sorted(found)).encode())} {root_signs(data)}"


def _ask(tree: Tree, question: Question) -> Answer:
    """The answer of the tree to a question about names and paths."""
    kind, about, *rest = question
    asked: dict[str, Callable[[], Answer]] = {
        "resolve": lambda: tree.resolve(about, os.path.join(rest[0], "_.py")),
        _ROOT: lambda: tree.is_import_root(about),
        "has": lambda: tree.has(about),
        "below": lambda: tree.below(about),
        "ending": lambda: tree.ending(about),
        "together": lambda: tuple(sorted(tree.together(about))),
        "packages": tree.nested_packages,
        "importers": lambda: tuple(sorted(tree.importers(about))),
        "loaders": lambda: tuple(sorted(tree.loaders(about))),
        _TOLD: lambda: tree.deployments().digest(tree.root),
    }
    return asked[kind]()


def _stamp(path: str, now: float) -> str:
    """What changes on the disk when a file does; empty where the file is too young to tell."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    if status.st_mtime > now - _SETTLED or status.st_ctime > now - _SETTLED:
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
