"""Whether what `apply all` edits still starts where it is deployed, with what is installed there.

Each application is rewritten in a copy, as a user would do it: `init retries`, the policies that it
asks for beside the first, `apply all`. Each unit and script that an edit touches is then imported
before and after, in an environment of its own requirements, from a folder that holds what the unit
holds. What imported before must import after.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import tomllib

from benchmarks import results
from benchmarks.tools import ToolProblem
from qw_codemod.analysis.units.programs import Program, programs_of
from qw_codemod.facts.project import Tree

# Each application, and where a maintainer would put the first policy of retries.
APPLICATIONS: Mapping[str, str] = {
    "data-gcp": "jobs/etl_jobs/http_retry.py",
    "telemetry-airflow": "plugins/utils/http_retry.py",
    "data-hub-core-airflow-dags": "data_pipeline/utils/http_retry.py",
    "gch-prod-dwh01": "utils/http_retry.py",
    "data-infra": "airflow/plugins/http_retry.py",
    "curation": "data_steward/utils/http_retry.py",
}
_PYTHON = "3.11"  # where `requires-python` does not ask for another
_INSTALLING = 300  # seconds
_IMPORTING = 120  # seconds
_SHOWN = 200  # characters of an error
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__")
_ASKED = re.compile(r"init retries --policy (\S+)")
_VARIABLE = re.compile(
    r"(?:environ\[|environ\.get\(|getenv\()\s*[\"'](\w+)[\"']\s*[\])]"  # no default beside it
)
_IMPORTED = re.compile(r"^[ \t]*(?:import|from)[ \t]+(\w+)", re.MULTILINE)
_PARSES = re.compile(r"\b(?:argparse|click|typer)\b")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_EXTRAS = re.compile(r"\s*(\[[^]]*\])?")

# Runs in the unit's environment: imports a file under its name below a root, or runs it by path.
_HARNESS = r"""
import importlib.abc, importlib.machinery, json, os, runpy, socket, subprocess, sys, types, warnings
way, target = sys.argv[1:3]
roots, absent = map(json.loads, sys.argv[3:5])
sys.argv = [target, "--help"] if way == "--help" else [target]
sys.path[0:1] = roots
warnings.simplefilter("ignore")


def blocked(*_, **__):
    raise OSError("blocked by the benchmark")


socket.socket.connect = socket.create_connection = socket.getaddrinfo = blocked
subprocess.Popen.__init__ = os.system = blocked


def stub(module, name, value):
    try:
        holder = importlib.import_module(module)
        *inner, last = name.split(".")
        for each in inner:
            holder = getattr(holder, each)
        setattr(holder, last, value)
    except Exception:
        pass


def known():
    from unittest.mock import MagicMock

    secret = MagicMock()
    secret.return_value.access_secret_version.return_value.payload.data = b"{}"
    try:
        from google.auth import credentials

        default = lambda *_, **__: (credentials.AnonymousCredentials(), "project")
        stub("google.auth", "default", default)
        stub("google.auth._default", "default", default)
    except ImportError:
        pass
    stub("google.cloud.secretmanager", "SecretManagerServiceClient", secret)
    stub("google.cloud._http", "JSONConnection.api_request", lambda *_, **__: {})
    stub("googleapiclient.discovery", "build", MagicMock())
    stub("google.oauth2.service_account", "Credentials", MagicMock())
    value = lambda *_, deserialize_json=False, **__: MagicMock() if deserialize_json else "1"
    stub("airflow.models", "Variable.get", value)


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    # Stands in for modules that the application imports and nobody says how to install.

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        from unittest.mock import MagicMock

        module = types.ModuleType(spec.name)
        module.__getattr__ = lambda name: MagicMock() if name[:2] != "__" else missing(name)
        return module

    def exec_module(self, module):
        pass


def missing(name):
    raise AttributeError(name)


known()
sys.meta_path.append(Absent())
try:
    if way == "import":
        importlib.import_module(target)
    else:
        runpy.run_path(target, run_name="__main__" if way == "--help" else "imported")
    said = ""
except SystemExit as ended:
    said = "" if ended.code in (None, 0) else f"SystemExit: {ended.code}"
except BaseException as error:
    said = f"{type(error).__name__}: {error}"
print("\nSAID " + json.dumps(said), flush=True)
os._exit(0)
"""

_REMARKS = """\
Each application is edited in a copy: `init retries` with one policy, those that it asks for beside
it, `apply all`. A unit is copied to a folder of its own, as its deployment says, and its entry
points and edited files are imported with the packages of its own requirements alone, before and
after the edit; scripts are run by path, with `--help` where they read arguments. The network,
subprocesses, Google's credentials, secrets and Airflow's variables are stubbed. *Same* are those
that do not import before either, and end with the same error after. An environment that cannot be
installed as it is pinned is installed without its pins, and what cannot be installed even then is
left out: both are counted. *Modules stubbed*: starts of files that import what none
of their requirements installs; what the application imported before the edit is stubbed there, so
that the rest is seen, and nothing that the edit adds."""


@dataclass(frozen=True, slots=True)
class Start:
    """One way to load a file: the name or the path, the folders looked in, and the requirements."""

    way: str  # import, path, --help
    target: str  # relative to the application
    roots: tuple[str, ...]  # relative to the application, or to the unit
    needs: tuple[str, ...]  # files of requirements, relative to the application
    unit: str = ""
    copies: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.target} ({self.way}, {self.unit or 'no unit'})"


@dataclass(slots=True)
class _Report:
    """What was found in one application."""

    edited: int = 0
    environments: int = 0
    relaxed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    both: int = 0
    same: list[str] = field(default_factory=list)
    better: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    units: int = 0
    scripts: int = 0
    stubbed: list[str] = field(default_factory=list)

    def add(self, start: Start, first: str, second: str, stubbed: bool) -> None:
        """Count one way to start a file, by the errors before and after."""
        if stubbed:
            self.stubbed.append(str(start))
        if not first and not second:
            self.both += 1
        elif first and not second:
            self.better.append(f"{start}: {first[:_SHOWN]}")
        elif first and _alike(first, second):
            self.same.append(f"{start}: {first[:_SHOWN]}")
        else:
            self.broken.append(f"{start}: {first[:_SHOWN] or 'imported'} / {second[:_SHOWN]}")


def show(place: str, names: Sequence[str] = (), kept: str = "") -> int:
    """Edit and import each application of a folder, print and record the table; 1 if any broke.

    `kept` is a folder for trees and environments, which are then used again. Raises
    ToolProblem.
    """
    reports: dict[str, _Report] = {}
    with contextlib.ExitStack() as stack:
        scratch = Path(kept or stack.enter_context(tempfile.TemporaryDirectory(prefix="units-")))
        scratch.mkdir(parents=True, exist_ok=True)
        pool = _Environments(scratch)
        for name in names or APPLICATIONS:
            source = Path(place) / name
            if not source.is_dir():
                raise ToolProblem(f"{name} is not in {place}")
            print(f"{name} …", flush=True)
            reports[name] = _examined(name, source, scratch, pool)
            print(_told(name, reports[name]), flush=True)
    heads = "application|edited files|units|scripts|environments|unpinned|not installable"
    table = results.table(
        f"{heads}|modules stubbed|imported before and after|same|only after|only before".split("|"),
        [_row(name, each) for name, each in reports.items()],
    )
    print(table)
    if not names:
        results.record("Units", f"{table}\n\n{_REMARKS}")
    return 1 if any(each.broken for each in reports.values()) else 0


def _row(name: str, found: _Report) -> list[str]:
    counts = [found.edited, found.units, found.scripts, found.environments]
    lists = [found.relaxed, found.missing, found.stubbed]
    ends = [found.both, len(found.same), len(found.better), len(found.broken)]
    return [name, *map(str, [*counts, *map(len, lists), *ends])]


def _told(name: str, found: _Report) -> str:
    lines = [name]
    for title in ("relaxed", "missing", "stubbed", "same", "better", "broken"):
        lines += [f"  {title}: {each}" for each in getattr(found, title)]
    return "\n".join(lines)


def _examined(name: str, source: Path, scratch: Path, pool: _Environments) -> _Report:
    before, after, done = (scratch / name / each for each in ("before", "after", "edited"))
    if not done.exists():
        shutil.rmtree(scratch / name, ignore_errors=True)
        for tree in (before, after):
            shutil.copytree(source, tree, ignore=_LEFT_OUT, symlinks=True)
        _edit(after, APPLICATIONS[name], scratch / "cache")
        done.touch()
    touched = [path for path in _python(before) if _differs(before / path, after / path)]
    report = _Report(edited=len(touched))
    starts = list(dict.fromkeys(_starts(after, touched)))
    report.units = len({each.unit for each in starts if each.unit})
    report.scripts = len({each.target for each in starts if each.way != "import"})
    dummies, absent = _dummies(before), _imported(before)
    sets = list(dict.fromkeys(each.needs for each in starts))
    with ThreadPoolExecutor(2) as threads:
        pairs = threads.map(lambda needs: pool.pair(before, after, needs), sets)
        built = dict(zip(sets, pairs, strict=True))
        report.environments = len(set(built.values()))

        def both(start: Start) -> tuple[str, str, bool]:
            """The errors before and after, and whether what is not installed was stubbed."""
            runs = list(zip((before, after), built[start.needs], strict=True))
            first, second = (_loaded(start, *each, dummies) for each in runs)
            if not first.startswith("ModuleNotFoundError"):
                return first, second, False
            first, second = (_loaded(start, *each, dummies, absent) for each in runs)
            return first, second, True

        for start, (first, second, stubbed) in zip(starts, threads.map(both, starts), strict=True):
            report.add(start, first, second, stubbed)
            print(f"  {start}: {first[:60]} / {second[:60]}", flush=True)
    for python in {each for pair in built.values() for each in pair}:
        report.relaxed += pool.relaxed.get(python, ())
        report.missing += pool.missing.get(python, ())
    report.relaxed, report.missing = sorted(set(report.relaxed)), sorted(set(report.missing))
    return report


def _alike(first: str, second: str) -> bool:
    """Whether two errors are the same but for the line and the folder in their text."""
    plain = [re.sub(r"/\S*|\d+|0x\w+", "", each) for each in (first, second)]
    return plain[0] == plain[1]


# -- edits ----------------------------------------------------------------------------------------


def _edit(tree: Path, policy: str, cache: Path) -> None:
    cache.mkdir(mode=0o700, exist_ok=True)
    asked = [policy]
    for each in asked:
        said = _tool(tree, cache, "init", "retries", "--policy", each)
        asked += [more for more in _ASKED.findall(said) if more not in asked]
    _tool(tree, cache, "apply", "all", "--quiet")


def _tool(tree: Path, cache: Path, *arguments: str) -> str:
    command = [str(Path(sys.executable).parent / "qw-codemod"), *arguments]
    environment = {**os.environ, "QW_CODEMOD_CACHE_DIR": str(cache)}
    if not (tree / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(tree)], check=True)
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    if "Traceback" in done.stderr:
        raise ToolProblem(f"{' '.join(arguments)} crashed in {tree}: {done.stderr[-300:]}")
    return done.stdout + done.stderr


def _python(tree: Path) -> list[str]:
    found = (path for path in tree.rglob("*.py") if path.is_file() and ".git" not in path.parts)
    return sorted(path.relative_to(tree).as_posix() for path in found)


def _differs(one: Path, other: Path) -> bool:
    return one.read_bytes() != other.read_bytes()


# -- starts ---------------------------------------------------------------------------------------


def _starts(folder: Path, touched: Iterable[str]) -> Iterator[Start]:
    """How each edited file is loaded: by all units and scripts that are seen to load it."""
    root = folder.resolve().as_posix()
    texts = [path.as_posix() for path in folder.resolve().rglob("*") if _is_text(path)]
    tree = Tree(root, [f"{root}/{path}" for path in _python(folder)], texts=texts)
    for path in touched:
        full = f"{root}/{path}"
        if tree.is_test(full):
            continue
        programs = programs_of(tree, full)
        for program in programs:
            yield from _of_program(tree, program, full)
        if not programs:
            top = os.path.dirname(full)
            while tree.has(f"{top}/__init__.py") and top != root:
                top = os.path.dirname(top)
            yield _plain(tree, full, (top,))


def _is_text(path: Path) -> bool:
    return path.suffix != ".py" and ".git" not in path.parts and path.is_file()


def _of_program(tree: Tree, program: Program, path: str) -> Iterator[Start]:
    unit = program.unit
    if unit is None:
        if program.is_dag:  # Airflow imports its files in folders; one that is edited is enough
            yield _plain(tree, path, program.roots)
            return
        text = Path(program.entry).read_text("utf-8", "replace")
        by_path = program.is_by_path or not program.is_seen
        way = "--help" if by_path and _PARSES.search(text) and "__main__" in text else ""
        yield _plain(tree, program.entry, program.roots, by_path, way)
        return
    needs = tuple(
        os.path.relpath(each, tree.root) for each in unit.installs if os.path.exists(each)
    )
    inner = tuple((os.path.relpath(a, tree.root), b) for a, b in unit.copies)
    for each in dict.fromkeys((*unit.entries, path)):
        places = unit.places(each)
        name = next((n for p in places for r in unit.roots if (n := _name_below(p, r))), "")
        if name:
            short = os.path.relpath(each, tree.root)
            yield Start(
                "import", name, unit.roots, needs or _needs(tree.root, short), unit.name, inner
            )


def _plain(
    tree: Tree, path: str, roots: Sequence[str], is_by_path: bool = False, way: str = ""
) -> Start:
    short = os.path.relpath(path, tree.root)
    inner = tuple(os.path.relpath(each, tree.root) for each in roots)
    name = "" if is_by_path else _name_below(path, roots[0])
    needs = _needs(tree.root, short)
    if name:
        return Start("import", name, inner, needs)
    return Start(way or "path", short, inner, needs)


def _name_below(path: str, root: str) -> str:
    """The dotted name of a file counted from a folder; empty where it has none."""
    top = root.rstrip("/") + "/"
    if not path.startswith(top):
        return ""
    parts = path[len(top) :].removesuffix(".py").removesuffix("/__init__").split("/")
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


def _needs(root: str, path: str) -> tuple[str, ...]:
    """The nearest files of requirements at or above a file."""
    folder = os.path.dirname(path)
    while True:
        here = Path(root, folder)
        found = sorted(
            each.name
            for each in [*here.glob("requirements*.txt"), here / "pyproject.toml"]
            if each.is_file()
            and not re.search(r"dev|test|build|override", each.name)
            and (each.suffix == ".txt" or _of_toml(each))
        )
        if found or not folder:
            return tuple(os.path.join(folder, each) for each in found)
        folder = os.path.dirname(folder)


def _dummies(tree: Path) -> dict[str, str]:
    """A value for each variable of the environment that a file asks for without a default."""
    found: dict[str, str] = {}
    for path in _python(tree):
        text = (tree / path).read_text("utf-8", "replace")
        found.update(dict.fromkeys(_VARIABLE.findall(text), "1"))
    kept = ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in found.items() if name not in kept}


def _imported(tree: Path) -> list[str]:
    """The packages that the files import and the application does not hold."""
    found: set[str] = set()
    own = {part for path in _python(tree) for part in path.removesuffix(".py").split("/")}
    for path in _python(tree):
        text = (tree / path).read_text("utf-8", "replace")
        found.update(_IMPORTED.findall(text))
    return sorted(found - own - sys.stdlib_module_names)


# -- environments ---------------------------------------------------------------------------------


class _Environments:
    """Virtual environments, one for each different list of requirements."""

    def __init__(self, scratch: Path) -> None:
        self._folder = scratch
        self._made: dict[tuple[str, tuple[str, ...]], Path] = {}
        self.relaxed: dict[Path, list[str]] = {}
        self.missing: dict[Path, list[str]] = {}
        if not (scratch / "uv" / "bin" / "uv").exists():
            subprocess.run([sys.executable, "-m", "venv", str(scratch / "uv")], check=True)
            pip = [str(scratch / "uv" / "bin" / "pip"), "install", "-q", "uv"]
            subprocess.run(pip, check=True, capture_output=True)

    def pair(self, before: Path, after: Path, needs: Sequence[str]) -> tuple[Path, Path]:
        """The interpreters for what the files asked for before, and ask for after."""
        return self._of(before, needs), self._of(after, needs)

    def _of(self, tree: Path, needs: Sequence[str]) -> Path:
        wanted: dict[str, None] = {}
        version = _PYTHON
        for each in needs:
            if (tree / each).is_file():
                version = _version(tree / each) or version
                wanted.update(dict.fromkeys(_requirements(tree / each)))
        key = (version, tuple(sorted(wanted)))
        if key not in self._made:
            digest = hashlib.sha256(repr(key).encode()).hexdigest()[:12]
            self._made[key] = self._folder / f"env-{digest}" / "bin" / "python"
            self._build(self._made[key], version, key[1])
        return self._made[key]

    def _build(self, python: Path, version: str, wanted: Sequence[str]) -> None:
        folder = python.parent.parent
        if self._uv("venv", "--quiet", "--clear", "--python", version, str(folder)):
            self._uv("venv", "--quiet", "--clear", "--python", _PYTHON, str(folder))
        if not wanted or not self._install(python, wanted):
            return
        bare = [_unpinned(each) for each in wanted]
        self.relaxed[python] = [
            f"{each} ({folder.name})" for each in wanted if each != _unpinned(each)
        ]
        if self._install(python, bare):
            for each in bare:
                if self._install(python, [each]):
                    self.missing.setdefault(python, []).append(each)

    def _install(self, python: Path, wanted: Sequence[str]) -> str:
        return self._uv("pip", "install", "--quiet", "--python", str(python), *wanted)

    def _uv(self, *arguments: str) -> str:
        """What uv says where it fails; empty where it does not."""
        command = ["nice", str(self._folder / "uv" / "bin" / "uv"), *arguments]
        environment = {**os.environ, "UV_CACHE_DIR": str(self._folder / "uvcache")}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=_INSTALLING
            )
        except subprocess.TimeoutExpired:
            return "it takes too long"
        return (done.stderr or "failed") if done.returncode else ""


def _requirements(path: Path) -> list[str]:
    """The requirements that a file lists; options, URLs and constraints are left out."""
    if path.suffix == ".toml":
        return _of_toml(path)
    lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
    plain = (re.sub(r"(^|\s)#.*|\s--hash\S*", "", line).strip() for line in lines)
    found = [each for each in plain if _NAME.match(each) and "://" not in each]
    source = path.with_suffix(".in")
    if path.suffix == ".txt" and source.is_file():  # compiled from it, which the tool asks for
        names = {_unpinned(each).partition("[")[0] for each in found}
        found += [
            each for each in _requirements(source) if _unpinned(each).partition("[")[0] not in names
        ]
    return found


def _of_toml(path: Path) -> list[str]:
    data = tomllib.loads(path.read_text("utf-8"))
    found = list(data.get("project", {}).get("dependencies", []))
    if not found:
        groups = data.get("dependency-groups", {})
        found = [each for name in ("airflow", "main") for each in groups.get(name, [])]
    return [each for each in found if isinstance(each, str)]


def _version(path: Path) -> str:
    """The Python that a project asks for; empty where it does not say."""
    if path.suffix != ".toml":
        return ""
    asked = tomllib.loads(path.read_text("utf-8")).get("project", {}).get("requires-python", "")
    lowest = re.search(r"(?:>=|==|~=)\s*(3\.\d+)", asked)
    return lowest[1] if lowest and int(lowest[1][2:]) > 11 else ""


def _unpinned(requirement: str) -> str:
    name = _NAME.match(requirement)
    if name is None:
        return requirement
    extras = _EXTRAS.match(requirement, name.end())
    return name[0] + ((extras[1] or "") if extras else "")


# -- imports --------------------------------------------------------------------------------------


def _loaded(
    start: Start,
    tree: Path,
    python: Path,
    dummies: Mapping[str, str],
    absent: Sequence[str] = (),
) -> str:
    """The error with which a file ends when it is loaded; empty where it does not.

    The modules that `absent` names are stubbed where they are not installed.
    """
    with tempfile.TemporaryDirectory(prefix="unit-") as scratch:
        place = tree
        if start.copies:
            place = Path(scratch) / "unit"
            for source, at in start.copies:
                _copied(tree / source, place / at.lstrip("/"))
        roots = [str(place / each.lstrip("/")) for each in start.roots]
        target = start.target if start.way == "import" else str(place / start.target)
        environment = {
            **dummies,
            "PATH": os.environ["PATH"],
            "HOME": scratch,
            "AIRFLOW_HOME": scratch,
            "GOOGLE_CLOUD_PROJECT": "project",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = ["nice", str(python), "-c", _HARNESS, start.way, target]
        command += [json.dumps(roots), json.dumps(absent)]
        try:
            done = subprocess.run(
                command,
                cwd=place if place.is_dir() else scratch,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_IMPORTING,
            )
        except subprocess.TimeoutExpired:
            return "it takes too long"
    _, found, said = done.stdout.rpartition("\nSAID ")
    if not found:
        return f"ended {done.returncode}: {done.stderr.strip()[-200:]}"
    return str(json.loads(said)).replace(str(place), "")


def _copied(source: Path, into: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, into, ignore=_LEFT_OUT, symlinks=True, dirs_exist_ok=True)
    elif source.is_file():
        into.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, into)
