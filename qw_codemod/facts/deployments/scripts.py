"""What the commands of shell scripts, Makefiles and workflows deploy, pack and start."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from qw_codemod.facts.deployments.installations import Installation
from qw_codemod.facts.deployments.machines import Machine, Machines
from qw_codemod.facts.deployments.values import (
    FUNCTION_SECONDS,
    Deadline,
    Layout,
    Start,
    Told,
    Unit,
    seconds_of,
)
from qw_codemod.languages.shell import Command, Variables, commands, substitutions

_PYTHON = re.compile(r"(?:.*/)?(?:python|pypy)[\d.]*")
_SERVED = re.compile(r"((?:[A-Za-z_]\w*)(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*(?:\(.*\))?")
_SERVERS = frozenset("gunicorn uvicorn hypercorn daphne granian fastapi".split())
_OF_SCRIPT = re.compile(r"dirname\b.*(?:\$\{?0\b|\$0|BASH_SOURCE)|\$\{0%/\*\}")
_UP = re.compile(r"\)[\"']?((?:/\.\.)+)[\"']?[ \t]*&&")  # `$(cd "$(dirname "$0")/.." && pwd)`
_HERE = frozenset({"$(pwd)", "$PWD", "${PWD}"})
_TOP = frozenset({"$GITHUB_WORKSPACE", "${GITHUB_WORKSPACE}", "$CI_PROJECT_DIR", "/workspace"})
_CONTAINERS = frozenset({"docker", "podman", "nerdctl"})
_PROJECTS = frozenset({"uv", "poetry", "pipenv", "hatch", "pdm"})  # run what is in their own place
_VALUED = frozenset("-o -x -i --exclude --include --filter".split())  # options with a value


class Script:
    """Commands that are followed one after the other, from a folder that they are started in.

    `machines` tells on which one the commands of a line run, where that is not the same for all.
    """

    def __init__(
        self, path: str, layout: Layout, base: str, machines: Machines | None = None
    ) -> None:
        self.told = Told()
        self.met = 0  # paths of the commands that are there
        self.missed = 0
        self._path = path
        self._layout = layout
        self._here = base
        self._outer: list[str] = []
        self._variables = Variables()
        self._staged: list[tuple[str, str]] = []  # what was copied, and to where
        self._folders: set[str] = set()  # that were made
        self._python_path: tuple[str, ...] = ()
        self._machines = machines
        self._block = 0  # the line of the outermost block of commands
        self._installations: dict[int, Installation] = {}

    def follow(self, commands: Iterable[Command]) -> None:
        """Take in commands, in their order."""
        for command in commands:
            self._follow(command.line, command.words)

    def _follow(self, line: int, words: tuple[str, ...]) -> None:
        for inner in _started_inside(line, words):
            self._run(line, tuple(map(self._variables.expand, inner.words)))
        if words == ("(",):
            self._block = self._block if self._outer else line
            self._outer.append(self._here)
        elif words == (")",):
            self._here = self._outer.pop() if self._outer else self._here
        elif self._variables.assign(words):
            self._note_python_path(words)
        else:
            words = tuple(self._variables.expand(word) for word in words)
            self._run(line, words)

    def _note_python_path(self, words: Sequence[str]) -> None:
        for word in words:
            name, _, value = word.partition("=")
            if name == "PYTHONPATH":
                value = self._variables.expand(value)
                self._python_path = tuple(map(self.folder, filter(None, value.split(":"))))

    def _run(self, line: int, words: tuple[str, ...]) -> None:
        name = words[0].rpartition("/")[2]
        if name in ("cd", "pushd") and len(words) > 1:
            self._here = self.folder(words[-1])
        elif name == "mkdir":
            self._folders.update(map(self.folder, _plain(words)))
        elif name in ("cp", "rsync", "ln"):
            self._copy(name, _plain(words))
        elif name == "zip":
            self._zip(line, _plain(words))
        elif {"deploy", "subscriptions", "scheduler"}.intersection(words):
            self._gcloud(line, words)
        self._installed(line).take_in(words, line)
        self._start(line, words)

    def _machine(self, line: int) -> Machine:
        return Machine(0) if self._machines is None else self._machines.of(line, self._block)

    def _installed(self, line: int) -> Installation:
        machine = self._machine(line)
        first = Installation(is_open=machine.is_open or bool(machine.image))
        return self._installations.setdefault(machine.key, first)

    def folder(self, path: str) -> str:
        """The absolute path that is meant; it begins with `$` where that is not known."""
        if _OF_SCRIPT.search(path):
            up = _UP.search(path)
            rest = path.rpartition(")")[2] if ")" in path else path.partition("}")[2]
            own = os.path.dirname(self._path)
            return posixpath.normpath(own + (up[1] if up else "") + rest)
        if path.startswith("$(git rev-parse --show-toplevel)"):
            return posixpath.normpath(self._layout.root + path.partition(")")[2])
        for known, value in (
            *((h, self._here) for h in _HERE),
            *((t, self._layout.root) for t in _TOP),
        ):
            if path == known or path.startswith(known + "/"):
                return posixpath.normpath(value + path[len(known) :])
        if path.startswith(("$", "/", "~")):
            return posixpath.normpath(path)
        return posixpath.normpath(posixpath.join(self._here, path))

    def _look(self, path: str) -> bool:
        """Whether a path is there, in the project or copied; it is counted."""
        there = self._layout.has(path) or any(
            place == path or place.startswith(path + "/") for _, place in self._staged
        )
        self.met += there
        self.missed += not there
        return there

    # -- what is put together -------------------------------------------------------------------

    def _copy(self, name: str, paths: Sequence[str]) -> None:
        if len(paths) < 2 or ":" in paths[-1]:
            return
        *sources, target = paths
        into = self.folder(target)
        is_folder = (
            len(sources) > 1
            or target.endswith(("/", "/."))
            or into in self._folders
            or into.startswith("$(mktemp")
            or self._layout.has(into)
        )
        for source in sources:
            of = self.folder(source.removesuffix("*") or ".")
            contents = source.endswith(("/.", "/*")) or source in (".", "*")
            contents = contents or (name == "rsync" and source.endswith("/"))
            if not self._look(of):
                continue
            place = posixpath.join(into, posixpath.basename(of)) if is_folder else into
            self._staged += self._copied(of, into if contents else place)
        if is_folder:
            self._folders.add(into)

    def _copied(self, source: str, place: str) -> Iterator[tuple[str, str]]:
        """What lies at a place once a source was copied there, which may be a copy itself."""
        if self._layout.has(source):
            yield source, place
        for original, copy in [*self._staged]:
            if copy == source or copy.startswith(source + "/"):
                yield original, posixpath.normpath(place + copy[len(source) :])

    def _contents(self, folder: str) -> tuple[tuple[str, str], ...]:
        """What is in a unit that is made of a folder."""
        found = [
            (source, place[len(folder) :] or "/") for source, place in self._copied(folder, folder)
        ]
        return tuple(found)

    def _zip(self, line: int, paths: Sequence[str]) -> None:
        if len(paths) < 2:
            return
        copies: list[tuple[str, str]] = []
        for source in paths[1:]:
            of = self.folder(source.removesuffix("*") or ".")
            if self._look(of):
                place = posixpath.join("/", posixpath.relpath(of, self._here))
                copies += self._copied(of, posixpath.normpath(place))
        if copies:
            unit = Unit(posixpath.basename(paths[0]), self._path, line, tuple(copies))
            self.told.units.append(self._with_requirements(unit))

    # -- what is deployed -----------------------------------------------------------------------

    def _gcloud(self, line: int, words: tuple[str, ...]) -> None:
        plain = [
            each for each in words if not each.startswith("-") and each not in ("beta", "alpha")
        ]
        options = dict(_options(words))
        named = plain.index("deploy") + 1 if "deploy" in plain else 0
        name = plain[named] if 0 < named < len(plain) else ""
        if "functions" in plain and "deploy" in plain:
            seconds = seconds_of(options.get("timeout", ""))
            usual = None if "timeout" in options else FUNCTION_SECONDS
            source = options.get("source", ".")
            is_retried = "--retry" in words
            self._deploy(line, name, source, seconds, usual, True, is_retried)
        elif "run" in plain and "deploy" in plain:
            limit = options.get("task-timeout" if "jobs" in plain else "timeout", "")
            seconds = seconds_of(limit)
            if "source" in options:
                self._deploy(line, name, options["source"], seconds)
            elif seconds is not None:
                self.told.images.append(Deadline(name, seconds, self._path, line))
        elif "subscriptions" in plain:
            made = [each for each in ("create", "update") if each in plain]
            seconds = seconds_of(options.get("ack-deadline", ""))
            if made and seconds is not None:
                after = plain.index(made[0]) + 1
                name = plain[after] if after < len(plain) else ""
                self.told.deadlines.append(Deadline(name, seconds, self._path, line))
        elif "scheduler" in plain and "http" in plain[:-1]:
            seconds = seconds_of(options.get("attempt-deadline", ""))
            if seconds is not None:  # a try that takes longer counts as failed, and comes again
                name = plain[plain.index("http") + 1]
                self.told.deadlines.append(Deadline(name, seconds, self._path, line))

    def _deploy(
        self,
        line: int,
        name: str,
        source: str,
        seconds: float | None,
        usual: float | None = None,
        is_function: bool = False,
        is_retried: bool = False,
    ) -> None:
        if ":/" in source or source.endswith(".zip"):
            return
        folder = self.folder(source)
        copies = self._contents(folder)
        main = [each for of, place in copies for each in _mains(self._layout, of, place)]
        if is_function and not main:
            self.missed += 1
            copies = copies if self._layout.has_files_in(folder) else ()
        self._look(folder)
        self.met += bool(main)
        if copies:
            unit = Unit(name, self._path, line, copies, entries=tuple(main), seconds=seconds)
            unit = replace(unit, usual=usual, is_service=not is_function, is_retried=is_retried)
            self.told.units.append(self._with_requirements(unit))

    def _with_requirements(self, unit: Unit) -> Unit:

        installs = [*unit.sources("/requirements.txt"), *unit.sources("/pyproject.toml")]
        return replace(unit, installs=tuple(installs))

    # -- what is started ------------------------------------------------------------------------

    def _start(self, line: int, words: tuple[str, ...]) -> None:
        roots = self._python_path
        for word in words:
            if word.startswith("PYTHONPATH="):
                roots = tuple(map(self.folder, filter(None, word[11:].split(":"))))
        started = started_by(words)
        if started is None:
            return
        kind, what = started
        installed = self._installed(line)
        image = _image(words)
        if not (image or installed.is_told or _PROJECTS.intersection(words)):
            image = self._machine(line).image
        is_bare = not (image or installed.is_open or _PROJECTS.intersection(words))
        start = Start("", (), self._path, line, kind == "path", image=image)
        if is_bare and installed.line:
            names = tuple(dict.fromkeys(installed.packages))
            start = replace(start, packages=names, installed_at=installed.line)
        if kind == "path":
            file = self.folder(what)
            self._note_start(replace(start, file=file, roots=(os.path.dirname(file), *roots)))
        else:
            for folder in (self._here, *roots):
                if file := self._layout.module(folder, what):
                    self._note_start(replace(start, file=file, roots=(folder, *roots)))
                    return

    def _note_start(self, start: Start) -> None:
        if self._layout.has_file(start.file):
            self.met += 1
            self.told.starts.append(start)
        else:
            self.missed += 1


def is_telling(command: Command) -> bool:
    """Whether a command deploys, packs or starts something, as far as its words show."""
    words = command.words
    return (
        words[0].endswith("zip")
        or "deploy" in words
        or "subscriptions" in words
        or "scheduler" in words
        or started_by(words) is not None
        or any(_started_inside(command.line, words))
    )


def _started_inside(line: int, words: Sequence[str]) -> Iterator[Command]:
    """The commands in `$(…)` that start something: `VERSION=$(python3 tools/version.py)`."""
    for inner in (each for word in words for each in substitutions(word)):
        yield from (each for each in commands(inner, line) if started_by(each.words) is not None)


def _image(words: Sequence[str]) -> str:
    """The image in whose container a command starts a program; empty where it does not."""
    if "run" not in words or not _CONTAINERS.intersection(words[: words.index("run")]):
        return ""
    at = next((n for n, word in enumerate(words) if _PYTHON.fullmatch(word)), 0)
    return words[at - 1] if at > words.index("run") + 1 else ""


def started_by(words: Sequence[str]) -> tuple[str, str] | None:
    """What a command starts: ("path", "a/b.py") or ("module", "a.b"); None where it starts none."""
    for at, word in enumerate(words):
        if _PYTHON.fullmatch(word):
            return _started_by_python(words[at + 1 :])
        if word in ("uv", "poetry", "pipenv", "hatch", "pdm") and words[at + 1 : at + 2] == (
            "run",
        ):
            rest = words[at + 2 :]
            if rest and rest[0].endswith(".py"):
                return "path", rest[0]
        if word.rpartition("/")[2] in _SERVERS:
            served = filter(None, map(_SERVED.fullmatch, words[at + 1 :]))
            found = next(served, None)
            return ("module", found[1]) if found else None
        if word == "celery":
            for flag, value in pairwise(words):
                if flag in ("-A", "--app"):
                    return "module", value.partition(":")[0]
            return None
    first = words[0] if words else ""
    return ("path", first) if first.endswith(".py") and "/" in first else None


def _started_by_python(rest: Sequence[str]) -> tuple[str, str] | None:
    for at, word in enumerate(rest):
        if word == "-m":
            return ("module", rest[at + 1]) if at + 1 < len(rest) else None
        if word.startswith("-") and word not in ("-c",):
            continue
        return ("path", word) if word.endswith(".py") else None
    return None


def _mains(layout: Layout, source: str, place: str) -> Iterator[str]:
    """The `main.py` at the top of a unit."""
    if place == "/" and layout.has_file(f"{source}/main.py"):
        yield f"{source}/main.py"
    elif place == "/main.py":
        yield source


def _plain(words: Sequence[str]) -> list[str]:
    """The words of a command that are no options."""
    found: list[str] = []
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in _VALUED:
            skip = True
        elif not word.startswith("-"):
            found.append(word)
    return found


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word, following in zip(words, (*words[1:], ""), strict=True):
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            yield name, value if equals else following
