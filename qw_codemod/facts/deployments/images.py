"""What Dockerfiles put into an image, install and start."""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from qw_codemod.facts.deployments.installations import PACKAGE, PIP
from qw_codemod.facts.deployments.scripts import started_by
from qw_codemod.facts.deployments.values import Layout, Unit, is_pattern
from qw_codemod.languages.shell import Variables, commands

_LINE = re.compile(
    r"^[ \t]*([A-Za-z]+)[ \t]+((?:[^\n\\]|\\[ \t]*\n(?:[ \t]*#[^\n]*\n)*|\\.)*)", re.M
)
_HERE_DOCUMENT = re.compile(
    r"^([ \t]*RUN[ \t](?:[^\n]*[ \t])?)<<-?[ \t]*[\"']?(\w+)[\"']?[ \t]*\n(.*?)^[ \t]*\2[ \t]*$",
    re.M | re.S | re.I,
)


@dataclass
class _Stage:
    """What is in an image at some line."""

    workdir: str = "/"
    copies: list[tuple[str, str]] = field(default_factory=list)
    python_path: list[str] = field(default_factory=list)
    installs: list[str] = field(default_factory=list)  # files of the project
    packages: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    is_installed: bool = False  # the project is installed as a package
    installed_at: int = 0
    command: tuple[str, ...] = ()
    line: int = 0


def _continued(found: re.Match[str]) -> str:
    """A here-document of `RUN` as one line that goes on, with as many line ends as before."""
    lines = [line.strip() for line in found[3].splitlines()]
    ends = ("then", "do", "else", "{", "(", "&&", "||", "|", "\\")
    said = (
        ""
        if line.startswith("#")
        else line.removesuffix("\\") + (";" if not line.endswith(ends) else "")
        for line in lines
    )
    return f"{found[1]}\\\n" + "".join(f"{line} \\\n" for line in said) + "true"


def image_of(path: str, text: str, layout: Layout, context: str = "") -> Unit | None:
    """The image that a Dockerfile builds; None where it holds no Python file of the project.

    `context` is the folder that it is built from, if somebody says so; else the one is taken in
    which the paths that it names are there.
    """
    folders = [context] if context else layout.above(path)
    contexts = [_Image(path, text, layout, folder) for folder in folders]
    best = max(contexts, key=lambda image: image.met - image.missed, default=None)
    return best.unit() if best is not None else None


class _Image:
    def __init__(self, path: str, text: str, layout: Layout, context: str) -> None:
        self._path = path
        self._layout = layout
        self._context = context
        self._variables = Variables()
        self._stages: dict[str, _Stage] = {}
        self._stage = _Stage()
        self.met = 0
        self.missed = 0
        line = 1
        at = 0
        text = _HERE_DOCUMENT.sub(_continued, text)
        for match in _LINE.finditer(text):
            line += text.count("\n", at, match.start())
            at = match.start()
            said = re.sub(r"\\[ \t]*\n(?:[ \t]*#[^\n]*\n)*", " ", match[2]).strip()
            self._follow(match[1].upper(), said, line)

    def _follow(self, word: str, said: str, line: int) -> None:
        stage = self._stage
        if word == "FROM":
            names = [each for each in said.split() if not each.startswith("--")]
            base = self._stages.get(names[0]) if names else None
            self._stage = _Stage(
                base.workdir if base else "/",
                [*base.copies] if base else [],
                [*base.python_path] if base else [],
                [*base.installs] if base else [],
                [*base.packages] if base else [],
                [*base.groups] if base else [],
                base.is_installed if base else False,
                base.installed_at if base else 0,
            )
            if len(names) > 2:
                self._stages[names[2]] = self._stage
        elif word in ("ENV", "ARG"):
            self._set(said)
        elif word == "WORKDIR":
            stage.workdir = self._place(said.split()[0] if said.split() else "/")
        elif word in ("COPY", "ADD"):
            self._copy(said)
        elif word == "RUN":
            before = len(stage.packages)
            self._run(said)
            if len(stage.packages) > before:
                stage.installed_at = stage.installed_at or line
        elif word in ("CMD", "ENTRYPOINT"):
            words = _words(said)
            if started_by(words) or not started_by(stage.command):
                stage.command, stage.line = words, line
            elif word == "CMD":
                stage.command = (*stage.command, *words)

    def _set(self, said: str) -> None:
        for command in commands(said):
            words = command.words
            if words and "=" not in words[0]:
                words = (f"{words[0]}={' '.join(words[1:])}",)
            self._variables.assign(words)
            for word in words:
                name, _, value = word.partition("=")
                if name == "PYTHONPATH":
                    value = self._variables.expand(value)
                    parts = [each for each in value.split(":") if each and "$" not in each]
                    self._stage.python_path += map(self._place, parts)

    def _place(self, path: str) -> str:
        path = self._variables.expand(path)
        return posixpath.normpath(posixpath.join(self._stage.workdir, path))

    def _copy(self, said: str) -> None:
        words = _words(said)
        built = next((word[7:] for word in words if word.startswith("--from=")), None)
        words = tuple(word for word in words if not word.startswith("--"))
        if len(words) < 2:
            return
        *sources, target = words
        into = self._place(target)
        if built is not None:
            self._take(built, sources, into)
            return
        for source in sources:
            of = posixpath.normpath(
                posixpath.join(self._context, source.lstrip("/").removesuffix("*") or ".")
            )
            is_folder = self._layout.has_folder(of)
            there = is_folder or self._layout.lists(of) or self._layout.has_like(of)
            self.met += there
            self.missed += not there
            as_file = not is_folder and (
                target.endswith(("/", "."))
                or len(sources) > 1
                or into == self._stage.workdir
                or is_pattern(posixpath.basename(of))
            )
            place = posixpath.join(into, posixpath.basename(of)) if as_file else into
            self._stage.copies.append((of, place))

    def _take(self, built: str, sources: Sequence[str], into: str) -> None:
        """Take in what an earlier stage made: what it installs may be among that."""
        stage = self._stages.get(built)
        if stage is None:
            return
        self._stage.installs += stage.installs
        self._stage.packages += stage.packages
        self._stage.groups += stage.groups
        self._stage.installed_at = self._stage.installed_at or stage.installed_at
        for source in map(self._place, sources):
            for of, place in stage.copies:
                if place == source or place.startswith(source.rstrip("/") + "/"):
                    inner = place[len(source.rstrip("/")) :]
                    self._stage.copies.append((of, posixpath.normpath(into + inner)))
            for of, place in [*stage.copies]:
                if source.startswith(place.rstrip("/") + "/"):
                    self._stage.copies.append((posixpath.join(of, source[len(place) + 1 :]), into))

    def _run(self, said: str) -> None:
        said = re.sub(r"--mount=\S+", "", said)
        here = self._stage.workdir
        holds: list[bool | None] = []  # of the conditions around a command; None is not known
        for command in commands(said):
            words = tuple(self._variables.expand(word) for word in command.words)
            if words[:1] in (("else",), ("elif",)) and holds:
                holds[-1] = None if holds[-1] is None or words[0] == "elif" else not holds[-1]
            if words[:1] in (("then",), ("else",), ("do",)):
                words = words[1:]
            if words[:1] == ("if",):
                holds.append(_holds(words[1:]))
            elif words[:1] == ("fi",) and holds:
                holds.pop()
            if False in holds:
                continue
            if words[:1] == ("cd",) and len(words) > 1:
                here = posixpath.normpath(posixpath.join(here, words[1]))
            elif any(map(PIP.fullmatch, words)) and {"install", "sync", "-r"} & {*words}:
                self._install(words, here)
            elif {"sync", "install", "export"} & {*words} and {"uv", "poetry", "pdm"} & {*words}:
                self._install_from(posixpath.join(here, "pyproject.toml"))
                for before, word in pairwise(words):
                    if before == "--only-group" or word.startswith("--only-group="):
                        self._stage.groups.append(word.removeprefix("--only-group="))

    def _install(self, words: Sequence[str], here: str) -> None:
        stage = self._stage
        before = ""
        for at, word in enumerate(words):
            if before in ("-r", "--requirement"):
                self._install_from(posixpath.normpath(posixpath.join(here, word)))
            elif word.startswith(("-r", "--requirement=")) and word not in ("-r", "--requirement"):
                named = word.partition("=")[2] if "=" in word else word[2:]
                self._install_from(posixpath.normpath(posixpath.join(here, named)))
            elif re.fullmatch(r"\.(\[.*\])?/?", word):
                stage.is_installed = True
                self._install_from(f"{here}/pyproject.toml")
                self._install_from(f"{here}/setup.py")
            elif PACKAGE.fullmatch(word) and "install" in words[:at]:
                stage.packages.append(re.split(r"[\[=<>~!]", word, maxsplit=1)[0])
            before = word

    def _install_from(self, place: str) -> None:
        bare = Unit("", self._path, 1, tuple(self._stage.copies))
        self._stage.installs += reversed(bare.sources(place))

    def unit(self) -> Unit | None:
        """The last stage, if a Python file of the project is in it."""
        stage = self._stage
        copies = tuple(stage.copies)
        has, has_like = self._layout.has, self._layout.has_like
        if not any(has(source) or has_like(source) for source, _ in copies):
            return None
        name = posixpath.relpath(os.path.dirname(self._path), self._layout.root)
        bare = Unit(name, self._path, stage.line or 1, copies)
        entries: list[str] = []
        roots = [*stage.python_path]
        started = started_by(stage.command)
        if started is not None and started[0] == "path":
            place = self._place(started[1])
            roots.insert(0, posixpath.dirname(place))
            entries += self._there(bare, place)
        else:
            roots.insert(0, stage.workdir)
            if started is not None:
                place = posixpath.join(stage.workdir, *started[1].split("."))
                for end in (".py", "/__main__.py", "/__init__.py"):
                    entries += self._there(bare, place + end)
        if stage.is_installed:
            roots += [stage.workdir, posixpath.join(stage.workdir, "src")]
        return Unit(
            name,
            self._path,
            stage.line or 1,
            copies,
            tuple(dict.fromkeys(roots)),
            tuple(dict.fromkeys(entries)),
            tuple(dict.fromkeys(stage.installs)),
            packages=tuple(dict.fromkeys(stage.packages)),
            groups=tuple(dict.fromkeys(stage.groups)),
            installed_at=stage.installed_at,
            is_image=True,
        )

    def _there(self, unit: Unit, place: str) -> Iterator[str]:
        yield from (each for each in unit.sources(place) if self._layout.has_file(each))


def _holds(condition: Sequence[str]) -> bool | None:
    """Whether two words are compared that are the same, or are not; None where that is not said."""
    words = [word for word in condition if word not in ("[", "[[", "]", "]]", "test")]
    if len(words) != 3 or words[1] not in ("=", "==", "!=") or "$" in words[0] + words[2]:
        return None
    return (words[0] == words[2]) is (words[1] != "!=")


def _words(said: str) -> tuple[str, ...]:
    """The words of an instruction, in the form of a list or of a command."""
    if said.startswith("["):
        try:
            listed = json.loads(said)
        except ValueError:
            return ()
        words = tuple(map(str, listed))
        if len(words) == 3 and words[1] in ("-c", "-lc", "-ec"):
            return _words(words[2])
        return words
    found = [command.words for command in commands(said)]
    return next((each for each in found if started_by(each)), found[-1] if found else ())
