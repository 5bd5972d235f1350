"""Which files mention a word, told by their bytes: most need not be parsed to be left out."""

from __future__ import annotations

import bisect
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

from qw_codemod.facts.import_scan import keeps
from qw_codemod.facts.query import Question
from qw_codemod.facts.write_scan import assigns

# All of these are looked for in every file: they begin with letters, which `re` is quick to find.
_CLASS_HEAD = re.compile(rb"class[ \t]+\w+[ \t]*\(([^:]*)")
_QUALIFIED = re.compile(rb"[\w\x80-\xff]+[ \t]*\.")  # in front of what a base is called
# `Name as Other`, which `import module as name` and what binds in `with` and `except` are not.
_RENAMING = re.compile(rb"as(?<=[ \t]as)[ \t]")
_NOT_RENAMED = re.compile(rb"[ \t]*(?:import|with|async|except|case)\b[^;]*$")
_AS = re.compile(rb"([\w\x80-\xff]+)[ \t]+as[ \t]")
_WORD = rb"([A-Za-z_\x80-\xff][\w\x80-\xff]*)"
# A look ahead: what follows one dot may hold the next, `see a.\n# b.c` and `x.  # of y.z\n w`.
_READ = re.compile(rb"\.(?=(?:[\s\\]|#[^\n]*\n)*" + _WORD + rb")")
_QUOTED = re.compile(rb"[\"']([\w.\x80-\xff]+)[\"']")
_BY_NAME = (b"getattr", b"methodcaller", b"attrgetter", b"globals", b"vars", b"__dict__")
_NOT_IDENTIFIER = bytes(
    c if chr(c).isalnum() and c < 128 or c == 95 or c > 127 else 32 for c in range(256)
)


_FEW = 4  # questions that are cheaper to answer by looking for the word than from a whole index

_Words = Callable[[bytes], set[bytes]]


class Known(Protocol):
    """What is known from an earlier run, of the files as they are now."""

    def __call__(self, question: Question) -> tuple[str, ...] | None:
        """The answer to a question about contents, import roots or programs; None: not known."""

    def facts(self, path: str, contents: str) -> bytes | None:
        """The packed facts of a file with contents for which this digest stands."""


class Index:
    """Which files answer a question about contents; they are read when they are asked about.

    The questions are `("mentions", word)`: the word occurs as an identifier; `("reads", word)`: it
    follows a dot, and may be an attribute; `("spells", word)`: it stands in quotes, where something
    is looked up by its name; `("keeps", word)`: a module of that name may be a value;
    `("bases", word)`: a class may have that base, itself or under an alias; `("assigns", word)`: an
    attribute of that name may be assigned to, of something else than `self`;
    `("holds", also, token, ...)`: `also` and one of the tokens occur.
    """

    def __init__(
        self, files: Sequence[str], read: Callable[[str], bytes], known: Known | None = None
    ) -> None:
        self._files = files
        self._read = read
        self._known = known
        self._lookups = {kind: _Lookup(files, read, words) for kind, words in _KINDS.items()}
        self._answers: dict[Question, tuple[str, ...]] = {}

    def find(self, question: Question) -> tuple[str, ...]:
        """The files of which the answer is yes, in their order."""
        found = self._answers.get(question)
        if found is None:
            found = self._known(question) if self._known else None
            found = self._answers[question] = self._find(question) if found is None else found
        return found

    def revise(self, path: str, before: bytes, now: bytes) -> None:
        """Take in that a file has other contents."""
        self._known = None
        old, new = Contents(before), Contents(now)
        # What words answer is quickly found again; the others were asked of every file.
        asked = [question for question in self._answers if question[0] in _TESTS]
        self._answers = {question: self._answers[question] for question in asked}
        for question in asked:
            is_one = new.answer(question)
            if is_one != old.answer(question):
                others = {*self._answers[question]} - {path}
                found = {*others, path} if is_one else others
                self._answers[question] = tuple(sorted(found))
        for lookup in self._lookups.values():
            lookup.revise(path, before, now)

    def _find(self, question: Question) -> tuple[str, ...]:
        kind, word, *_ = question
        if kind in self._lookups:
            return self._lookups[kind].find(word.encode())
        # What is assigned to follows a dot, as what is read does.
        near = {"assigns": "reads", "keeps": "mentions"}.get(kind)
        paths = self.find((near, word)) if near else self._files
        return tuple(path for path in paths if _TESTS[kind](question, self._read(path)))


class Contents:
    """What the bytes of one file say to such questions."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._words: dict[str, set[bytes]] = {}

    def answer(self, question: Question) -> bool:
        """Whether the file is one of those that `Index.find` gives."""
        kind, word, *_ = question
        if kind in _TESTS:
            return _TESTS[kind](question, self._data)
        if kind not in self._words:
            self._words[kind] = _KINDS[kind](self._data)
        return word.encode() in self._words[kind]


def _holds(question: Question, data: bytes) -> bool:
    _, also, *tokens = question
    return also.encode() in data and any(token.encode() in data for token in tokens)


def _assigns(question: Question, data: bytes) -> bool:
    return assigns(question[1].encode(), data)


def _keeps(question: Question, data: bytes) -> bool:
    return keeps(question[1], data)


# The questions that are answered by a look at each file; for the others there are words.
_TESTS: dict[str, Callable[[Question, bytes], bool]] = {
    "holds": _holds,
    "assigns": _assigns,
    "keeps": _keeps,
}


class _Lookup:
    """Which files have a word among those that `words` finds in their bytes.

    A run over three files asks a few questions, each a search for one word; the index of all words
    is for the many questions of a large run.
    """

    def __init__(self, files: Sequence[str], read: Callable[[str], bytes], words: _Words) -> None:
        self._files = files
        self._read = read
        self._words = words
        self._asked = 0
        self._found: dict[str, set[bytes]] = {}  # the words of a file, until there is an index

    def find(self, word: bytes) -> tuple[str, ...]:
        self._asked += 1
        return self._from_index(word) if self._asked > _FEW else self._by_search(word)

    def revise(self, path: str, before: bytes, now: bytes) -> None:
        """Take in that a file has other words."""
        self._found.pop(path, None)
        if "_index" not in self.__dict__:
            return
        place = bisect.bisect_left(self._files, path)
        old, new = self._words(before), self._words(now)
        for word in old - new:
            self._index[word] = array("I", (each for each in self._places(word) if each != place))
        for word in new - old:
            self._index[word] = array("I", sorted((*self._places(word), place)))

    def _by_search(self, word: bytes) -> tuple[str, ...]:
        datas = ((path, self._read(path)) for path in self._files)
        return tuple(path for path, data in datas if word in data and word in self._of(path, data))

    def _of(self, path: str, data: bytes) -> set[bytes]:
        words = self._found.get(path)
        if words is None:
            words = self._found[path] = self._words(data)
        return words

    def _from_index(self, word: bytes) -> tuple[str, ...]:
        return tuple(self._files[place] for place in self._places(word))

    def _places(self, word: bytes) -> Sequence[int]:
        found = self._index.get(word, ())
        return (found,) if isinstance(found, int) else found

    @cached_property
    def _index(self) -> dict[bytes, int | array[int]]:
        """The places of files by word; one alone as it is, for most words are of one file."""
        found: dict[bytes, int | array[int]] = {}
        for place, path in enumerate(self._files):
            for word in self._found.get(path) or self._words(self._read(path)):
                before = found.get(word)
                if before is None:
                    found[word] = place
                elif isinstance(before, int):
                    found[word] = array("I", (before, place))
                else:
                    before.append(place)
        self._found.clear()
        return found


def _all_words(data: bytes) -> set[bytes]:
    return set(data.translate(_NOT_IDENTIFIER).split())


def _base_words(data: bytes) -> set[bytes]:
    heads = _QUALIFIED.sub(b" ", b" ".join(_class_heads(data)))
    words = {*heads.translate(_NOT_IDENTIFIER).split()}
    found = _RENAMING.search(data)
    while found is not None:
        end = data.find(b"\n", found.end())
        line = data[data.rfind(b"\n", 0, found.start()) + 1 : end if end >= 0 else len(data)]
        if not _NOT_RENAMED.match(line):
            words.update(_AS.findall(line))
        found = _RENAMING.search(data, end) if end >= 0 else None
    return words


def _class_heads(data: bytes) -> Iterator[bytes]:
    """What stands in brackets after the names of classes."""
    found = _CLASS_HEAD.search(data)
    while found is not None:
        is_first = not data[data.rfind(b"\n", 0, found.start()) + 1 : found.start()].strip(b" \t")
        if is_first:
            yield found[1]
        found = _CLASS_HEAD.search(data, found.end() if is_first else found.start() + 1)


def _read_words(data: bytes) -> set[bytes]:
    return set(_READ.findall(data))


def _spelled_words(data: bytes) -> set[bytes]:
    if not any(each in data for each in _BY_NAME):
        return set()
    return {word for text in _QUOTED.findall(data) for word in text.split(b".")}


_KINDS: dict[str, _Words] = {
    "mentions": _all_words,
    "bases": _base_words,
    "reads": _read_words,
    "spells": _spelled_words,
}
