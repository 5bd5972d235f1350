"""Find the files that are meant, read them, and replace them whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase, translate
from pathlib import Path

from qw_codemod.facts.components import modules
from qw_codemod.kernel.document import Language, language_of
from qw_codemod.languages.python import PYTHON

LARGEST = 100_000_000  # bytes; beyond that it is data, and its tree would not fit into memory
TEMPORARY = ".qw-codemod"  # the end of a temporary file's name; one left by a kill is written over

_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg")
_NEVER = frozenset(
    "node_modules bower_components site-packages __pycache__ __pypackages__ "
    "_vendor _vendored vendor vendored third_party".split()
)
_PERHAPS_OURS = frozenset(("vendor", "third_party"))  # code for others' services may stand there
_TELLING = (
    *("*.sh", "*.bash", "Makefile", "*.mk", "*.yml", "*.yaml", "*Dockerfile*", "*.tf"),
    *("Procfile", "README*", "*.md", "*.rst", "*.txt", "*.in", "pyproject.toml"),
    *("ruff.toml", ".ruff.toml", "Pipfile"),
    *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"),
    *("pytest.ini", "tox.ini", "setup.cfg", "host.json", "function.json"),
    *("*gunicorn*", "*uwsgi*", "*nginx*", "*.conf", "*.conf.template"),
    *("*env*sample*", "*env*example*", "*env*template*"),
)
_HIDDEN = frozenset((".github", ".circleci", ".gitlab", ".buildkite"))  # with what is run in CI
_BUILT = frozenset(("build", "dist", "_build"))  # where git cannot say that they are outputs
_GIT_ENVIRONMENT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
_GIT_DENIED = re.compile(r"could not open directory '(.+?)/?': (.+)")


class FileProblem(Exception):
    """A file cannot be read, or must not be written; the message says why and what to do."""


@dataclass
class Listing:
    """What the given paths mean; all paths are absolute, sorted, each once."""

    files: list[str] = field(default_factory=list)  # to examine
    problems: list[tuple[str, str]] = field(default_factory=list)  # path, what is wrong with it
    notices: list[str] = field(default_factory=list)  # what was left out, and why
    explicit: set[str] = field(default_factory=set)  # those of `files` that were given by name
    languages: dict[str, Language] = field(default_factory=dict)  # of files that are not Python


def find_root(path: Path) -> Path:
    """The project of a path: its git work tree, or else the nearest folder that looks like one.

    Git wins, so that a run on three staged files of a monorepo sees the whole tree.
    """
    start = path if os.path.isdir(path) else path.parent
    folders = [start, *start.parents]
    for folder in folders:
        if os.path.exists(folder / ".git"):
            return folder
    for folder in folders:
        if any(os.path.isfile(folder / marker) for marker in _MARKERS):
            return folder
    return start


def project_files(root: Path, language: Language = PYTHON) -> list[str]:
    """Every file of a language in the project, by git's ignore rules where git knows them."""
    found = _in_folder(root, Listing(), language.patterns)
    return sorted(path for path in found if language.matches(path))


def deployment_files(root: Path) -> list[str]:
    """The files of a project that tell what is deployed; those of workflows lie in `.github`."""
    found = _in_folder(root, Listing(), _TELLING, _HIDDEN)
    return sorted(path for path in found if not path.endswith(".py") and _tells(path))


def _tells(path: str) -> bool:
    """Whether a text is none of all those that are only data: of lists, those of requirements."""
    folder, name = os.path.split(path)
    is_list = name.startswith("requirements") or os.path.basename(folder) == "requirements"
    return is_list or not name.endswith((".txt", ".in"))


def find(
    paths: Sequence[str],
    root: Path,
    excluded: Callable[[str], bool],
    force_exclude: bool = False,
    languages: Sequence[Language] = (PYTHON,),
) -> Listing:
    """The files to examine: those given by name always, those in folders unless left out."""
    listing = Listing()
    chosen: set[str] = set()
    notebooks: set[str] = set()
    patterns = [pattern for language in languages for pattern in language.patterns]
    patterns += ["*.ipynb"] if PYTHON in languages else []
    for given in paths:
        path = _real(given)
        if os.path.isdir(given) and Path(path).is_relative_to(root):
            for found in _in_folder(Path(path), listing, patterns):
                if not excluded(found):
                    (notebooks if found.endswith(".ipynb") else chosen).add(found)
            continue
        if force_exclude and excluded(path):
            continue
        reason = _refusal(given, path, root, languages)
        if reason:
            listing.problems.append((_absolute(given), reason))
            continue
        if path.endswith(".pyi"):
            listing.notices.append(f"{given}: a stub holds no code to examine")
            continue
        chosen.add(path)
        listing.explicit.add(path)
    if notebooks:
        listing.notices.append(f"notebooks are not examined: {_some(sorted(notebooks))}")
    listing.files = sorted(chosen)
    if any(language is not PYTHON for language in languages):
        listing.languages = _other_languages(listing, languages)
    listing.notices = list(dict.fromkeys(listing.notices))
    listing.problems = sorted(dict.fromkeys(listing.problems))
    return listing


def _other_languages(listing: Listing, languages: Sequence[Language]) -> dict[str, Language]:
    found = {}
    for path in listing.files:
        language = language_of(path, languages)
        if language is None and path in listing.explicit:
            language = _by_first_line(path, languages)
        if language is not None and language is not PYTHON:
            found[path] = language
    return found


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a relative path, or a folder above it, matches a glob.

    A pattern without a slash is matched against each name of the path, as git does.
    """
    parts = path.split("/")
    above = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    for pattern in patterns:
        glob = pattern.rstrip("/").removeprefix("./").replace("**/", "*").replace("/**", "/*")
        if any(fnmatchcase(name, glob) for name in (above if "/" in glob else parts)):
            return True
    return False


def _refusal(given: str, path: str, root: Path, languages: Sequence[Language]) -> str:
    """Why a file given by name is not examined; empty if it is."""
    if not os.path.lexists(given):
        return "does not exist"
    if not Path(path).is_relative_to(root):
        if os.path.islink(given):
            return f"a symbolic link out of the project, not followed: name {path} itself"
        return f"outside of the project {root}"
    if path.endswith(".ipynb"):
        return "notebooks are not examined: export its code to a .py file"
    if path.endswith(".pyi") or language_of(path, languages) or _by_first_line(path, languages):
        return ""
    if all(language is PYTHON for language in languages):
        return "not a Python file: neither .py nor a python interpreter in its first line"
    names = ", ".join(language.name for language in languages)
    return f"no rule reads such a file: neither its name nor its first line is of {names}"


def _by_first_line(path: str, languages: Sequence[Language]) -> Language | None:
    """The language whose interpreter a file starts; the first where the file cannot be read."""
    try:
        if not os.path.isfile(path):
            return None
        with Path(path).open("rb") as stream:
            first = stream.readline(200)
    except OSError:
        return languages[0]  # reading it again says what is wrong
    if not first.startswith(b"#!"):
        return None
    return next((each for each in languages if any(map(first.count, each.interpreters))), None)


def _in_folder(
    folder: Path, listing: Listing, patterns: Sequence[str], hidden: frozenset[str] = frozenset()
) -> Iterator[str]:
    """The files in a folder; of folders whose names begin with a dot, only in those of `hidden`."""
    found = _listed_by_git(folder, listing, patterns)
    if not found:  # no git, or a folder that is ignored as a whole and was meant all the same
        found = list(_walked(folder, listing, patterns, hidden))
    left_out: dict[str, int] = {}
    known: dict[str, str] = {}
    for path in found:
        reason = _left_out(folder, path, known, hidden)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        if _is_ours(path, folder, listing):
            yield path
    for reason, count in sorted(left_out.items()):
        listing.notices.append(f"left out: {count} {'file' if count == 1 else 'files'} in {reason}")


def _is_ours(path: str, folder: Path, listing: Listing) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False  # still in git's index, and deleted from the disk
    if stat.S_ISREG(mode):
        return True
    if stat.S_ISLNK(mode) and not Path(path).resolve().is_relative_to(find_root(folder)):
        target = os.path.realpath(path)
        listing.notices.append(f"not followed: {_short(path)} is a symbolic link to {target}")
    return False  # a link to a file of the project: that file is found by its own name


def _left_out(folder: Path, path: str, known: dict[str, str], hidden: frozenset[str]) -> str:
    """The folder, below the one that was given, for which a file is left out; empty if none."""
    at = str(folder)
    for name in path[len(at) :].strip("/").split("/")[:-1]:
        at = f"{at}/{name}"
        if at not in known:
            known[at] = _reason(at, name, hidden)
        if known[at]:
            return known[at]
    return ""


def _reason(folder: str, name: str, hidden: frozenset[str]) -> str:
    if _is_never(folder, name) or (name.startswith(".") and name not in hidden):
        return f"{name}/"
    if os.path.isfile(f"{folder}/pyvenv.cfg"):
        return f"the virtual environment {_short(folder)}/"
    return ""


def _is_never(folder: str, name: str) -> bool:
    return name in _NEVER and not (name in _PERHAPS_OURS and _is_written_here(folder))


def _is_written_here(folder: str) -> bool:
    """Whether code in a folder for that of others is the project's own: it uses what lies around.

    What was copied from elsewhere knows nothing of the project, and often brings its licence.
    """
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    if any(name.lower().startswith(("license", "licence", "copying")) for name in names):
        return False
    packages = [os.path.basename(folder)]
    above = os.path.dirname(folder)
    while os.path.isfile(f"{above}/__init__.py"):
        packages.insert(0, os.path.basename(above))
        above = os.path.dirname(above)
    dotted = ".".join(packages)
    for name in names:
        if name.endswith(".py"):
            with contextlib.suppress(FileProblem):
                for module in modules(read(f"{folder}/{name}")):
                    is_around = module.startswith(f"{packages[0]}.") and len(packages) > 1
                    if (
                        module.startswith("..")
                        or is_around
                        and not f"{module}.".startswith(f"{dotted}.")
                    ):
                        return True
    return False


def _listed_by_git(folder: Path, listing: Listing, patterns: Sequence[str]) -> list[str]:
    """What git neither ignores nor hides; empty where git has nothing to say."""
    if not any(os.path.exists(each / ".git") for each in (folder, *folder.parents)):
        return []
    environment = {key: os.environ[key] for key in os.environ if key not in _GIT_ENVIRONMENT}
    command = ["git", "-c", "core.fsmonitor=false"]  # that setting would run a command of the tree
    command += ["-C", str(folder), "ls-files", "-co", "--exclude-standard", "-z", "--deduplicate"]
    # Without `glob` a star stands for folders too: quicker, where only the end is asked for.
    ends = [each for each in patterns if re.fullmatch(r"\*[.\w]+", each)]
    names = [f":(glob)**/{each}" for each in patterns if each not in ends]
    command += ["--", *ends, *names]
    try:
        done = subprocess.run(
            command, capture_output=True, env={**environment, "LC_ALL": "C"}, check=False
        )
    except OSError:
        return []
    errors = os.fsdecode(done.stderr)
    if done.returncode:
        first = next(iter(errors.strip().splitlines()), "it does not say why")
        listing.notices.append(f"git could not list {_short(str(folder))}: {first}")
        return []
    for denied in _GIT_DENIED.finditer(errors):
        listing.problems.append((f"{folder}/{denied[1]}", f"cannot be listed: {denied[2]}"))
    return [f"{folder}/{os.fsdecode(name)}" for name in done.stdout.split(b"\0") if name]


def _walked(
    folder: Path, listing: Listing, patterns: Sequence[str], hidden: frozenset[str]
) -> Iterator[str]:
    is_meant = re.compile("|".join(map(translate, patterns))).match

    def denied(error: OSError) -> None:
        listing.problems.append((str(error.filename), f"cannot be listed: {_words(error)}"))

    for at, folders, names in os.walk(folder, onerror=denied):
        folders[:] = sorted(
            name
            for name in folders
            if not _is_never(f"{at}/{name}", name)
            and name not in _BUILT
            and (not name.startswith(".") or name in hidden)
            and not name.endswith(".egg-info")
            and not os.path.isfile(f"{at}/{name}/pyvenv.cfg")
        )
        for name in sorted(names):
            if is_meant(name):
                yield f"{at}/{name}"


def read(path: str) -> bytes:
    """The bytes of a regular file; raises FileProblem."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise FileProblem("not a regular file")
        if status.st_size > LARGEST:
            raise FileProblem(f"too large: more than {LARGEST // 1_000_000} MB")
        return Path(path).read_bytes()
    except OSError as error:
        raise FileProblem(f"cannot be read: {_words(error)}") from error


def replace(path: str, before: bytes, after: bytes, mode: int | None = None) -> None:
    """Put new bytes in the place of `before`, whole or not at all, with the file's mode and owner.

    Raises FileProblem, and leaves the file as it is, where it is read-only, has other names, or
    no longer holds `before`, and where the disk refuses.
    """
    try:
        status = _writable_status(path, before)
        temporary = temporary_name(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # of a run that was killed
        try:
            _write(temporary, after, status, stat.S_IMODE(status.st_mode) if mode is None else mode)
            now = os.stat(path)
            if (now.st_mtime_ns, now.st_ino) != (status.st_mtime_ns, status.st_ino):
                raise FileProblem("changed while it was examined, so it is not written: run again")
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        sync_folder(os.path.dirname(path))
    except OSError as error:
        raise FileProblem(f"cannot be written: {_words(error)}; it is as it was") from error


def check_writable(path: str, before: bytes) -> None:
    """Raise FileProblem where `replace` would, as far as that can be told without writing."""
    try:
        _writable_status(path, before)
    except OSError as error:
        raise FileProblem(f"cannot be written: {_words(error)}; it is as it was") from error


def _writable_status(path: str, before: bytes) -> os.stat_result:
    status = _writable(path)
    if read(path) != before:
        raise FileProblem("changed while it was examined, so it is not written: run again")
    return status


def temporary_name(path: str) -> str:
    """Where the new bytes of a file are put before they take its place."""
    folder, name = os.path.split(path)
    return f"{folder}/.{name}{TEMPORARY}"


def sync_folder(folder: str) -> None:
    """Make renames in a folder durable, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _writable(path: str) -> os.stat_result:
    status = os.lstat(path)
    name = _short(path)
    if stat.S_ISLNK(status.st_mode):
        raise FileProblem("a symbolic link, so it is not written: name the file it leads to")
    if not os.access(path, os.W_OK):  # as editors and formatters do: root may
        raise FileProblem(f"read-only, so it is not written: chmod u+w {name}")
    if status.st_nlink > 1:
        raise FileProblem(
            f"has {status.st_nlink} names (hard links), of which one alone would change, so it is "
            f"not written: cp -p {name} {name}.own && mv {name}.own {name}"
        )
    return status


def _write(path: str, data: bytes, like: os.stat_result, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        if hasattr(os, "fchown") and (like.st_uid, like.st_gid) != (os.getuid(), os.getgid()):
            with contextlib.suppress(PermissionError):  # a file of somebody else in our group
                os.fchown(handle, like.st_uid, like.st_gid)
        os.chmod(path, mode)  # after the owner, whose change may clear bits
        os.fsync(handle)
    finally:
        os.close(handle)


def _real(path: str) -> str:
    return os.path.realpath(path).replace(os.sep, "/")


def _absolute(path: str) -> str:
    return os.path.abspath(path).replace(os.sep, "/")  # keeps a link's own name


def _words(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "no space left on the disk"
    if error.errno == errno.EACCES:
        return "permission denied"
    if error.errno == errno.ENOENT:
        return "it does not exist any more"
    return (error.strerror or str(error)).lower()


def _short(path: str) -> str:
    relative = os.path.relpath(path).replace(os.sep, "/")
    return path if relative.startswith("../..") else relative


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(_short(path) for path in paths[:3]) + more
