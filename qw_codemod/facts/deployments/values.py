"""What is told of deployments: the units, the ways to start a file, and where Python files lie."""

from __future__ import annotations

import bisect
import fnmatch
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")


# Seconds, where nothing is said [docs.aws.amazon.com/lambda, CloudFormation].
LAMBDA_SECONDS = 3.0
# The same of Google's functions: gcloud leaves what an earlier deployment said, Terraform does not
# [docs.cloud.google.com/functions/docs/configuring/timeout, "gcloud functions deploy --timeout"].
FUNCTION_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that is deployed or packed on its own, and what is in it.

    `copies` are files and folders of the project (absolute) with their places in the unit, `/` the
    top; what comes later lies over what was there. The last part of both may be a pattern of files,
    as in `COPY *.py ./`. `roots` are places that modules are looked for
    in. `entries` are the files that it starts with, empty where nobody says. `installs` are files
    of requirements, there or not, and `packages` distributions that are installed by name.
    `groups` are those of dependencies that are installed alone. `seconds`: after so many a request
    or a task is ended; `usual`: after so many where nobody has said anything else elsewhere.
    """

    name: str
    path: str  # of the file that says so
    line: int
    copies: tuple[tuple[str, str], ...]
    roots: tuple[str, ...] = ("/",)
    entries: tuple[str, ...] = ()
    installs: tuple[str, ...] = ()
    seconds: float | None = None
    packages: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    usual: float | None = None
    installed_at: int = 0  # the line of the first package that is installed by name
    is_image: bool = False
    is_service: bool = False  # deployed from a folder, which may hold a Dockerfile
    is_retried: bool = False  # its events come again when it has failed

    def places(self, path: str) -> list[str]:
        """Where a file of the project, or a folder, lies in the unit."""
        found = []
        for source, place in self.copies:
            if path == source:
                found.append(place)
            elif path.startswith(source + "/"):
                found.append(posixpath.join(place, path[len(source) + 1 :]))
            elif _matches(path, source):
                found.append(_beside(place, path))
        return found

    def source_of(self, path: str) -> str:
        """The innermost of the files and folders that bring a file into the unit; or empty.

        Of a pattern it is the folder: what lies there and is called alike is brought as well.
        """
        holding = [source for source, _ in self.copies if f"{path}/".startswith(f"{source}/")]
        folder = posixpath.dirname(path)
        holding += [folder for source, _ in self.copies if _matches(path, source)]
        return max(holding, key=len, default="")

    def sources(self, place: str) -> list[str]:
        """The files of the project that may lie at a place, there or not; the last one does."""
        found = []
        for source, at in self.copies:
            if place == at:
                found.append(source)
            elif place.startswith(at.rstrip("/") + "/"):
                found.append(posixpath.join(source, place[len(at.rstrip("/")) + 1 :]))
            elif _matches(place, at):
                found.append(_beside(source, place))
        return found


def is_pattern(name: str) -> bool:
    """Whether a name stands for all files that are called alike."""
    return any(each in name for each in "*?[")


def _matches(path: str, pattern: str) -> bool:
    folder, _, name = pattern.rpartition("/")
    here, _, file = path.rpartition("/")
    return here == folder and is_pattern(name) and fnmatch.fnmatchcase(file, name)


def _beside(pattern: str, path: str) -> str:
    return posixpath.join(posixpath.dirname(pattern), posixpath.basename(path))


@dataclass(frozen=True, slots=True)
class Start:
    """A command that starts a file; modules are looked for in `roots`, which are folders.

    `seconds`: after so many it is ended, as line `stopped_at` of the same file says. `packages` are
    installed by their names in line `installed_at`, and nothing else is there. `image`: of a
    container that it runs in, and that nothing in the project builds.
    """

    file: str
    roots: tuple[str, ...]
    path: str  # where the command is written
    line: int
    is_by_path: bool = True
    seconds: float | None = None
    stopped_at: int = 0
    packages: tuple[str, ...] = ()
    installed_at: int = 0
    image: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """What is given so many seconds: whoever is named so, or serves what is."""

    name: str
    seconds: float
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is published, or installed, as a package of its own.

    `packages` are its packages and modules, absolute and without an ending; empty where they are
    looked for in its folder. `needs` are the distributions that it requires, by name, `beside` the
    folders of those that it is given by their path.
    """

    path: str  # of the file that says so
    line: int
    name: str
    packages: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Where its packages are looked for."""
        return posixpath.dirname(self.path)

    def holds(self, path: str) -> bool:
        """Whether a file of Python is in what is published."""
        if not self.packages:
            return path.startswith(f"{self.folder}/")
        return bool(self.root_of(path))

    def root_of(self, path: str) -> str:
        """The folder that the name of a module counts from, where a package of it is spelled."""
        for each in self.packages:
            if path == f"{each}.py" or path.startswith(f"{each}/"):
                return posixpath.dirname(each)
        return ""


@dataclass(frozen=True, slots=True)
class Server:
    """What answers web requests, and after how many seconds it ends one; None where it does not.

    `variable`: of the environment, which says so. `is_default`: nobody says so.
    """

    name: str
    seconds: float | None
    path: str
    line: int
    variable: str = ""
    is_default: bool = False


@dataclass
class Told:
    """What one file, or all of them, tell."""

    units: list[Unit] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)  # of subscriptions
    images: list[Deadline] = field(default_factory=list)  # of what is deployed as an image

    def add(self, other: Told) -> None:
        """Take in what another one tells."""
        self.units += other.units
        self.starts += other.starts
        self.deadlines += other.deadlines
        self.images += other.images


class Layout:
    """Where the Python files of a project lie; all paths are absolute, with slashes."""

    def __init__(self, root: str, files: Sequence[str], others: Sequence[str] = ()) -> None:
        self.root = root
        self._files = files  # sorted
        self._known = frozenset(files)
        self._others = sorted(others)
        self._listed = self._known | frozenset(others)

    def has(self, path: str) -> bool:
        """Whether there is such a file, or a folder with one somewhere in it."""
        return path in self._known or next(self.below(path), "") != ""

    def has_file(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._known

    def has_like(self, pattern: str) -> bool:
        """Whether there is a file whose name a pattern stands for."""
        return any(_matches(path, pattern) for path in self.below(posixpath.dirname(pattern)))

    def has_folder(self, path: str) -> bool:
        """Whether there is such a folder, with a file in it that is of Python or tells a thing."""
        start = path.rstrip("/") + "/"
        at = bisect.bisect_left(self._others, start)
        told = at < len(self._others) and self._others[at].startswith(start)
        return told or next(self.below(path), "") != ""

    def lists(self, path: str) -> bool:
        """Whether there is such a file, of Python or one that tells of deployments."""
        return path in self._listed

    def has_files_in(self, folder: str) -> bool:
        """Whether Python files lie in a folder itself."""
        return any("/" not in path[len(folder) + 1 :] for path in self.below(folder))

    def below(self, folder: str) -> Iterator[str]:
        """The Python files in a folder, at any depth."""
        start = folder.rstrip("/") + "/"
        at = bisect.bisect_left(self._files, start)
        while at < len(self._files) and self._files[at].startswith(start):
            yield self._files[at]
            at += 1

    def module(self, folder: str, dotted: str) -> str:
        """The file that a module is in, counted from a folder; empty if there is none."""
        path = posixpath.join(folder, *dotted.split("."))
        ends = (".py", "/__main__.py", "/__init__.py")
        return next((path + end for end in ends if path + end in self._known), "")

    def handler(self, folder: str, written: str) -> str:
        """The file of a handler of AWS Lambda, `main.run` or `app/main.run`; empty if none."""
        module = written.rpartition(".")[0].replace("/", ".")
        return self.module(folder, module) if module else ""

    def above(self, path: str) -> list[str]:
        """The folders of a file, from its own up to the root of the project."""
        found = []
        folder = os.path.dirname(path)
        while folder.startswith(self.root):
            found.append(folder)
            if folder == self.root:
                break
            folder = os.path.dirname(folder)
        return found


def seconds_of(text: str) -> float | None:
    """A duration as it is written for gcloud and Terraform: `90`, `90s`, `1m30s`."""
    match = _DURATION.fullmatch(text.strip().strip("\"'")) if text.strip() else None
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (float(each or 0) for each in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
