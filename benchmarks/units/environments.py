"""Virtual environments of what an application's own files of requirements install."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import tomllib

_INSTALLING = 240  # seconds, for one try
_TRIES = 6  # with one more package that is left to the resolver each time
_DEFAULT = f"{sys.version_info[0]}.{sys.version_info[1]}"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_EXTRAS = re.compile(r"\s*(\[[^]]*\])?")
_VERSION = re.compile(r"(?:>=|==|~=|~|\^|^)\s*(3\.\d+)")
_BASE = re.compile(r"^FROM\b.*?python:?-?(3\.\d+)", re.MULTILINE | re.IGNORECASE)
_FAILED = re.compile(r"Failed to [^`\n]*`([\w.-]+)(?:==| @|`)")
_UNKNOWN = re.compile(r"\b([\w.-]+) was not found in the package registry")
_NO_WHEEL = re.compile(r"\b([\w.-]+)==\S+ has no (?:usable )?wheels")
_CONFLICT = re.compile(r"\b([\w.-]+)(?:\[[^]]*\])?(?:==|[<>]=?)\d")
_LARGE = ("grpcio", "lxml", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
_GROUPS = ("airflow", "main")  # that are deployed
_FOR_TESTS = re.compile(r"dev|test")
_NOT_DEPLOYED = re.compile(r"dev|test|build|override|(?<!-)-ci\b")


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter with packages, and how it differs from what was asked for."""

    python: str
    relaxed: tuple[str, ...] = ()  # pins that were left to the resolver
    missing: tuple[str, ...] = ()  # not installed at all

    @property
    def bytecode(self) -> str:
        """Where what is imported is kept compiled: nothing is written beside the files."""
        return str(Path(self.python).parent.parent / "bytecode")


class Environments:
    """Makes environments, one for each different list of requirements; safe in threads."""

    def __init__(self, scratch: Path) -> None:
        self._folder = scratch
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._made: dict[str, Environment] = {}
        self._built: dict[str, set[str]] = defaultdict(lambda: {*_LARGE})  # never from source
        if not (scratch / "uv" / "bin" / "uv").exists():
            subprocess.run([sys.executable, "-m", "venv", str(scratch / "uv")], check=True)
            pip = [str(scratch / "uv" / "bin" / "pip"), "install", "-q", "uv"]
            subprocess.run(pip, check=True, capture_output=True)
        (scratch / "building.txt").write_text("setuptools<75\n")  # what old pins were built with

    def of(
        self, tree: Path, needs: Sequence[str], version: str, beside: Iterable[str] = ()
    ) -> Environment:
        """The environment for files of requirements of a tree, and more requirements."""
        wanted: dict[str, None] = dict.fromkeys(beside)
        locked: dict[str, str] = {}
        for each in needs:
            if (tree / each).is_file():
                asked = requirements(tree / each)
                again = {plain(one) for one in asked if "==" in one}  # installed over the others
                wanted = {one: None for one in wanted if "==" not in one or plain(one) not in again}
                wanted.update(dict.fromkeys(asked))
                locked.update(_locked((tree / each).parent))
        key = repr((version, sorted(wanted), sorted(locked.items())))
        name = f"env-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
        with self._locks[name]:
            if name not in self._made:
                self._made[name] = self._kept(name, version, sorted(wanted), locked)
        return self._made[name]

    def _kept(
        self, name: str, version: str, wanted: list[str], locked: dict[str, str]
    ) -> Environment:
        note = self._folder / name / "built.json"
        if note.exists():
            python, relaxed, missing = json.loads(note.read_text())
            return Environment(python, tuple(relaxed), tuple(missing))
        made = self._build(self._folder / name, version, wanted, locked)
        note.write_text(json.dumps(astuple(made)))
        return made

    def _build(
        self, folder: Path, version: str, wanted: list[str], locked: dict[str, str]
    ) -> Environment:
        python = folder / "bin" / "python"
        relaxed: list[str] = []
        missing: list[str] = []
        if self._uv("venv", "--quiet", "--clear", "--python", version, str(folder)):
            relaxed.append(f"Python {version}")
            version = _DEFAULT
            self._uv("venv", "--quiet", "--clear", "--python", version, str(folder))
        if int(version.split(".")[1]) < 12 and not any(e.startswith("setuptools") for e in wanted):
            self._install(python, ["setuptools<75"], {})  # it is in every image of such a Python
        if not wanted:
            return Environment(str(python), tuple(relaxed))
        built = self._built[version]
        for _ in range(_TRIES):
            failure = self._install(python, wanted, locked, built)
            if not failure:
                return Environment(str(python), tuple(relaxed), tuple(missing))
            with open(folder / "failures.txt", "a") as notes:
                notes.write(f"{failure}\n\n")
            unknown = _blamed(_UNKNOWN, failure)
            sources = _blamed(_NO_WHEEL, failure)
            gone = [
                each
                for each in wanted
                if plain(each) in unknown or (plain(each) in sources and each == unpinned(each))
            ]
            if gone:
                missing += gone
                wanted = [each for each in wanted if each not in gone]
                continue
            failed = _blamed(_FAILED, failure)
            named = failed or _blamed(_CONFLICT, failure)
            loose = [each for each in wanted if plain(each) in named and each != unpinned(each)]
            held = [name for name in named if name in locked]
            if not loose and not held and failed <= built:
                break
            built |= failed - {plain(each) for each in loose}
            relaxed += [*loose, *(f"{each} (locked)" for each in held)]
            wanted = [unpinned(each) if each in loose else each for each in wanted]
            locked = {name: pin for name, pin in locked.items() if name not in held}
        relaxed += [each for each in wanted if each != unpinned(each)]
        bare = [unpinned(each) for each in wanted]
        if not self._install(python, bare, {}, built):
            return Environment(str(python), tuple(relaxed), tuple(missing))
        missing += [each for each in bare if self._install(python, [each], {}, built)]
        return Environment(str(python), tuple(relaxed), tuple(missing))

    def _install(
        self,
        python: Path,
        wanted: Iterable[str],
        locked: Mapping[str, str],
        built: Iterable[str] = (),
    ) -> str:
        building = str(self._folder / "building.txt")
        command = ["pip", "install", "--quiet", "--python", str(python), "-b", building]
        for each in sorted(built):
            command += ["--only-binary", each]
        if locked:
            held = python.parent.parent / "locked.txt"
            held.write_text("".join(f"{name}=={pin}\n" for name, pin in sorted(locked.items())))
            command += ["-c", str(held)]
        return self._uv(*command, *wanted)

    def _uv(self, *arguments: str) -> str:
        """What uv says where it fails; empty where it does not."""
        command = ["nice", str(self._folder / "uv" / "bin" / "uv"), *arguments]
        environment = {
            **os.environ,
            "UV_CACHE_DIR": str(self._folder / "uvcache"),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_CONCURRENT_BUILDS": "1",
        }
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
        if pyenv.is_dir():  # else its shims give one of them
            environment["PYENV_VERSION"] = ":".join(sorted(each.name for each in pyenv.iterdir()))
        environment.pop("VIRTUAL_ENV", None)
        running = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            _, said = running.communicate(timeout=_INSTALLING)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # with what it builds
            running.wait()
            return "it takes too long"
        return (said or "failed") if running.returncode else ""


def _blamed(pattern: re.Pattern[str], failure: str) -> set[str]:
    """The distributions that uv names as the cause of a failure."""
    return {re.sub(r"[-_.]+", "-", name).lower() for name in pattern.findall(failure)}


# -- what is asked for ----------------------------------------------------------------------------


def needs_of(root: str, path: str, for_tests: bool = False) -> tuple[str, ...]:
    """The nearest files of requirements at or above a file, relative to the root."""
    folder = os.path.dirname(path)
    while True:
        here = Path(root, folder)
        found = sorted(
            each.name
            for each in [*here.glob("requirements*.txt"), here / "pyproject.toml"]
            if each.is_file()
            and not (_NOT_DEPLOYED.search(each.name) and each.suffix == ".txt")
            and (each.suffix == ".txt" or _of_toml(each, False))
        )
        if found or not folder:
            if for_tests:
                found += sorted(
                    each.name
                    for each in here.glob("requirements*.txt")
                    if _FOR_TESTS.search(each.name) and each.name not in found
                )
            return tuple(os.path.join(folder, each) for each in found)
        folder = os.path.dirname(folder)


def python_of(root: str, needs: Sequence[str], unit: str = "") -> str:
    """The version of Python that an image, a pin or a project asks for; ours where none does."""
    if unit and os.path.basename(unit).startswith("Dockerfile"):
        based = _BASE.findall(Path(root, unit).read_text("utf-8", "replace"))
        if based:
            return str(based[-1])
    for need in needs:
        if need.endswith(".toml") and Path(root, need).is_file():
            asked = _version(Path(root, need))
            if asked:
                return asked
    folder = os.path.dirname(needs[0]) if needs else ""
    while True:
        here = Path(root, folder)
        if (here / ".python-version").is_file():
            pinned = _VERSION.search((here / ".python-version").read_text())
            if pinned:
                return pinned[1]
        texts = [each.read_text("utf-8", "replace") for each in here.glob("Dockerfile*")]
        versions = {each for text in texts for each in _BASE.findall(text)}
        if len(versions) == 1:
            return str(versions.pop())
        if not folder:
            return _DEFAULT
        folder = os.path.dirname(folder)


def requirements(path: Path) -> list[str]:
    """The requirements that a file lists; options, URLs and constraints are left out."""
    if path.suffix == ".toml":
        return _of_toml(path, False)
    lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
    text = (re.sub(r"(^|\s)#.*|\s--hash\S*", "", line).strip() for line in lines)
    found = [each for each in text if _NAME.match(each) and "://" not in each]
    source = path.with_suffix(".in")
    if path.suffix == ".txt" and source.is_file():  # compiled from it, which the tool asks for
        names = {plain(each) for each in found}
        found += [each for each in requirements(source) if plain(each) not in names]
    return found


def for_tests(path: Path) -> list[str]:
    """The requirements that a project lists for its tests beside its own."""
    return [each for each in _of_toml(path, True) if each not in _of_toml(path, False)]


def _of_toml(path: Path, tests: bool) -> list[str]:
    data = tomllib.loads(path.read_text("utf-8"))
    found: list[Any] = list(data.get("project", {}).get("dependencies", []))
    groups = data.get("dependency-groups", {})
    poetry = data.get("tool", {}).get("poetry", {})
    found += [each for name in _GROUPS for each in groups.get(name, [])]
    found += _of_poetry(poetry.get("dependencies", {}))
    if tests:
        optional = data.get("project", {}).get("optional-dependencies", {})
        for name, listed in [*groups.items(), *optional.items()]:
            found += listed if _FOR_TESTS.search(name) else []
        for name, group in poetry.get("group", {}).items():
            found += _of_poetry(group.get("dependencies", {})) if _FOR_TESTS.search(name) else []
        found += _of_poetry(poetry.get("dev-dependencies", {}))
    return [each for each in found if isinstance(each, str) and "://" not in each]


def _of_poetry(listed: dict[str, Any]) -> Iterator[str]:
    """Poetry's dependencies as everyone else writes them; those that are optional are left out."""
    for name, asked in listed.items():
        entry = asked if isinstance(asked, dict) else {"version": asked}
        if name == "python" or "version" not in entry or entry.get("optional"):
            continue
        extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
        yield name + extras + ",".join(map(_bounds, str(entry["version"]).split(",")))


def _bounds(asked: str) -> str:
    asked = asked.strip()
    if asked == "*":
        return ""
    if asked[0] not in "^~" or asked.startswith("~="):
        return f"=={asked}" if asked[0].isdigit() else asked
    numbers = [int(each) for each in re.findall(r"\d+", asked)]
    if asked[0] == "^":
        kept = next((at for at, each in enumerate(numbers) if each), len(numbers) - 1)
    else:
        kept = min(1, len(numbers) - 1)
    upper = [*numbers[:kept], numbers[kept] + 1]
    return f">={asked[1:].strip()},<{'.'.join(map(str, upper))}"


def _locked(folder: Path) -> dict[str, str]:
    """The versions in the lock file of a folder; what is there in several is left to pip."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in ("uv.lock", "poetry.lock"):
        if (folder / name).is_file():
            for each in tomllib.loads((folder / name).read_text("utf-8")).get("package", []):
                source = each.get("source", {})
                if "version" in each and not {"git", "virtual", "editable"} & set(source):
                    found[each["name"].lower()].add(each["version"].partition("+")[0])
            break
    return {name: versions.pop() for name, versions in found.items() if len(versions) == 1}


def _version(path: Path) -> str:
    """The lowest Python that a project asks for; empty where it does not say."""
    data = tomllib.loads(path.read_text("utf-8"))
    asked = data.get("project", {}).get("requires-python", "")
    asked = asked or data.get("tool", {}).get("poetry", {}).get("dependencies", {}).get("python")
    lowest = _VERSION.search(str(asked))
    return lowest[1] if lowest else ""


def unpinned(requirement: str) -> str:
    """A requirement without its versions and markers."""
    name = _NAME.match(requirement)
    if name is None:
        return requirement
    extras = _EXTRAS.match(requirement, name.end())
    return name[0] + ((extras[1] or "") if extras else "")


def plain(requirement: str) -> str:
    """The name of a requirement as an index spells it."""
    return re.sub(r"[-_.]+", "-", unpinned(requirement).partition("[")[0]).lower()
