"""Random histories of edits on an application, and the three ways to answer after each edit.

A cold run looks at every file anew. A warm run uses the cache that all runs before it have filled.
A server keeps one `Inference` and gives it each edited file, before that is on the disk. All three
must say the same.

    for difference in History(folder, steps(seed=7)).differences():
        print(difference)
"""

from __future__ import annotations

import ast
import difflib
import functools
import itertools
import os
import pprint
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qw_codemod.app.commands import Request, check
from qw_codemod.app.config import Config, ConfigError, schemas
from qw_codemod.engine.examine import examine
from qw_codemod.engine.files import deployment_files
from qw_codemod.engine.tasks import Options
from qw_codemod.infer import Inference
from qw_codemod.kernel.model import FileReport
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.models import MODELS
from qw_codemod.rules import packs
from tests.store.application import FILES

STEPS = 6  # after the first one, which writes the whole application
WAYS = ("warm", "overlay", "some")  # each is compared with cold

Texts = dict[str, str]  # by path below the root, with slashes
Answers = dict[str, object]  # by path: what is said of that file
_TIMES = itertools.count(1_700_000_000_000_000_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Step:
    """One edit: what it is, and the new text of each file; None where it is deleted."""

    what: str
    changes: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """A file of which one way says something else than a cold run."""

    step: int
    what: str  # the edits up to this one
    way: str
    path: str
    cold: object
    other: object

    def __str__(self) -> str:
        texts = [pprint.pformat(each, width=160).splitlines() for each in (self.cold, self.other)]
        lines = difflib.unified_diff(*texts, "cold", self.way, n=0, lineterm="")
        return "\n".join([f"{self.path}, step {self.step} ({self.what}):", *lines])


# -- edits ----------------------------------------------------------------------------------------


def steps(seed: int, count: int = STEPS) -> Iterator[Step]:
    """The application, some of it in other versions than the usual, and then edits of it."""
    chance = random.Random(seed)
    texts: Texts = {}
    for name, versions in FILES.items():
        text = versions[0] if chance.random() < 0.7 else chance.choice(versions)
        if text is not None:
            texts[name] = text
    yield Step("the application", dict(texts))
    past = [dict(texts)]
    for _ in range(count):
        step = _edit(chance, texts, past)
        for name, text in step.changes.items():
            if text is None:
                texts.pop(name, None)
            else:
                texts[name] = text
        past.append(dict(texts))
        yield step


def _edit(chance: random.Random, texts: Texts, past: list[Texts]) -> Step:
    """One of the edits that change something, at random."""
    if chance.random() < 0.1:
        return _back(chance, texts, past)
    whats, changes = [], {}
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        now = {name: text for name, text in {**texts, **changes}.items() if text is not None}
        for _ in range(20):
            kind = chance.choice(_EDITS)
            made = kind(chance, now)
            if made:
                whats.append(f"{kind.__name__.strip('_')} {', '.join(made)}")
                changes |= made
                break
    return Step("; ".join(whats), changes)


def _back(chance: random.Random, texts: Texts, past: list[Texts]) -> Step:
    """Another branch is checked out: all files as they were, deleted ones among them."""
    before = chance.choice(past)
    names = sorted({*before, *texts})
    changes = {name: before.get(name) for name in names if before.get(name) != texts.get(name)}
    return Step(f"back to {past.index(before)}", changes)


def _python(texts: Texts) -> list[str]:
    return sorted(name for name in texts if name.endswith(".py"))


def _version(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """Another version of a file; it may be a new or a deleted one."""
    name = chance.choice(sorted(FILES))
    text = chance.choice(FILES[name])
    return {name: text} if text != texts.get(name) else {}


def _configuration(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """Another version of the settings, of pinned requirements, or of how it is deployed."""
    name = chance.choice([name for name in sorted(FILES) if not name.endswith(".py")])
    text = chance.choice(FILES[name])
    return {name: text} if text != texts.get(name) else {}


def _touch(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """The same text is written again."""
    name = chance.choice(sorted(texts))
    return {name: texts[name]}


def _comment(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A comment above some statement, so that all below it moves."""
    name = chance.choice(_python(texts))
    lines = texts[name].splitlines(keepends=True)
    at = chance.choice([0, *(each.lineno - 1 for each in _statements(texts[name]))])
    indent = re.match(r"[ \t]*", lines[at])[0] if lines else ""  # type: ignore[index]
    return {name: "".join([*lines[:at], f"{indent}# client.job\n", *lines[at:]])}


def _suppression(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A comment that suppresses what is found in a line, or one less."""
    name = chance.choice(_python(texts))
    if "# noqa" in texts[name]:
        return {name: re.sub(r"  # noqa.*", "", texts[name])}
    lines = texts[name].splitlines()
    if not lines:
        return {}
    at = chance.randrange(len(lines))
    lines[at] += chance.choice(("  # noqa: QW101", "  # noqa: QW103", "  # noqa"))
    return _parsed(name, "\n".join(lines) + "\n")


def _body(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A statement is added at the start of a function's body."""
    name, function = _one(chance, texts, (ast.FunctionDef,))
    if function is None:
        return {}
    first = function.body[0]
    statement = chance.choice(
        ("print('here')", "return None", "return 5", "raise ValueError", "sql = 'y'")
        + (("self.client = None", "self.job = 5") if _has_self(function) else ())
    )
    return _inserted(texts, name, first, statement)


def _attribute(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """An attribute is set in `__init__`, which is made where there is none, or not any more."""
    name, cls = _one(chance, texts, (ast.ClassDef,))
    if cls is None:
        return {}
    attribute = chance.choice(("client", "job", "timeout", "session", "extra"))
    value = chance.choice(("None", "5", "__import__('x')", "[1]"))
    for each in cls.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            if chance.random() < 0.4 and len(each.body) > 1:
                return _without(texts, name, chance.choice(each.body))
            return _inserted(texts, name, each.body[-1], f"self.{attribute} = {value}")
    if chance.random() < 0.5:
        return _inserted(texts, name, cls.body[0], f"{attribute} = {value}")
    made = f"def __init__(self, *rest):\n        self.{attribute} = {value}"
    return _inserted(texts, name, cls.body[0], made)


def _bases(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A class gets another base class, one more, or none."""
    name, cls = _one(chance, texts, (ast.ClassDef,))
    if cls is None:
        return {}
    known = sorted({found for text in texts.values() for found in re.findall(r"class (\w+)", text)})
    bases = chance.choice(("", "", "Loader", "Warehouse", "Base", *known))
    head = re.compile(rf"class {cls.name}(?:\([^)]*\))?:")
    text = head.sub(f"class {cls.name}({bases}):" if bases else f"class {cls.name}:", texts[name])
    return _parsed(name, text)


def _outside(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """An attribute of an object is set where its class is not."""
    name = chance.choice(_python(texts))
    lines = ("{}.client = None", "{}.job = 5", "{}.run = print", "{}.session: object = 5")
    line = chance.choice(lines).format(chance.choice(("worker", "some", "loader.it")))
    return _parsed(name, f"{texts[name]}def change(worker, some, loader):\n    {line}\n")


def _call(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A function or a class is called from one more place."""
    name = chance.choice(_python(texts))
    calls = (
        "from shared.warehouse import Warehouse\nWarehouse(5).start('z')\n",
        "import workers.loader\nworkers.loader.Loader([]).load()\n",
        "from helpers import wait\nwait(5)\n",
        "import helpers\nhelpers.wait(open('x'))\n",
        "from shared.fetching import fetch\nfetch('https://z')\n",
        "from north.run import Runner\nRunner().go(5)\n",
        "import deep\ndeep.make = print\n",
        "from functions.ingest import parse\nparse.client = 5\n",
        "from google.cloud import bigquery\nfrom shared import state\n"
        "state.client = bigquery.Client()\n",
    )
    return _parsed(name, texts[name] + chance.choice(calls))


def _import(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """An import more, or one less."""
    name = chance.choice(_python(texts))
    found = [each for each in _statements(texts[name]) if isinstance(each, _IMPORTS)]
    if found and chance.random() < 0.4:
        return _without(texts, name, chance.choice(found))
    lines = (
        "from shared.warehouse import *",
        "import workers.loader as loader",
        "import north.run, south.use",
        "from helpers import *",
        "import deep, mid",
        "from tests import fakes",
        "import sentry_sdk",
        "import functions.ingest.fetch",
        "from shared import clock",
    )
    return {name: f"{chance.choice(lines)}\n{texts[name]}"}


def _path(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """`sys.path` is edited, or not any more."""
    name = chance.choice(_python(texts))
    if "sys.path" in texts[name]:
        return {name: re.sub(r"^sys\.path.*\n", "", texts[name], flags=re.M)}
    folder = chance.choice(("workers", "shared", "../shared", "functions/ingest", "old"))
    return {name: f"import sys\nsys.path.insert(0, {folder!r})\n{texts[name]}"}


def _double(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """What a test puts in the place of something takes a timeout, or not any more."""
    names = [name for name in _python(texts) if "tests/" in name]
    if not names:
        return {}
    name = chance.choice(names)
    text = texts[name]
    if ", timeout=None)" in text:
        return {name: text.replace(", timeout=None)", ")", 1)}
    return _parsed(name, re.sub(r"(def (?:result|to_dataframe|get)\([^)]*)\)", r"\1, timeout=None)",
                                text, count=chance.choice((0, 1))))  # fmt: skip


def _rename(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A function, method or class gets another name, in its file or in all of them."""
    name, node = _one(chance, texts, (ast.FunctionDef, ast.ClassDef))
    if node is None or node.name.startswith("__"):
        return {}
    word = re.compile(rf"\b{node.name}\b")
    new = chance.choice((f"{node.name}_now", "run", "Loader", "load", "client", "test_it"))
    if chance.random() < 0.5:
        return _parsed(name, word.sub(new, texts[name]))
    return {name: word.sub(new, texts[name]) for name in _python(texts)
            if word.search(texts[name])}  # fmt: skip


def _move(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A file is moved, with those who import it or without."""
    name = chance.choice(_python(texts))
    stem = name.rpartition("/")[2]
    names = (f"old/{name}", f"src/{name}", f"shared/{stem}", stem, f"tests/{stem}",
             f"{name[:-3]}_2.py", f"{name[:-3]}/__init__.py", f"workers/test_{stem}")  # fmt: skip
    new = chance.choice(names)
    if new in texts or new == name:
        return {}
    changes: dict[str, str | None] = {name: None, new: texts[name]}
    if chance.random() < 0.5:
        before, after = (each[:-3].replace("/", ".") for each in (name, new))
        for other in _python(texts):
            if other != name and before in texts[other]:
                changes[other] = texts[other].replace(before, after)
    return changes


def _shadow(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A new file that an import or a path may mean instead of another one."""
    name = chance.choice(_python(texts))
    stem = name.rpartition("/")[2]
    new = chance.choice((stem, f"{name[:-3]}/__init__.py", f"old/{name}", f"workers/{stem}"))
    text = chance.choice(("", "client = None\n", "class Loader:\n    pass\n", texts[name]))
    return {} if new in texts else {new: text}


def _test(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A new test, which gets what a fixture makes or starts a script."""
    name = f"{chance.choice(('tests', 'workers', 'tests/more'))}/test_{chance.randrange(3)}.py"
    bodies = (
        "def test_more(loader):\n    loader.load()\n",
        "def test_more(loader):\n    assert loader.finish() is None\n",
        "import subprocess\ndef test_script():\n    subprocess.run(['workers/main.py'])\n",
    )
    return {name: chance.choice(bodies)}


def _delete(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A file is deleted."""
    return {chance.choice(sorted(texts)): None}


def _break(chance: random.Random, texts: Texts) -> dict[str, str | None]:
    """A file cannot be parsed any more, or it can again."""
    name = chance.choice(_python(texts))
    if texts[name].endswith("\ndef (\n"):
        return {name: texts[name][: -len("def (\n")]}
    return {name: texts[name] + "\ndef (\n"}


_IMPORTS = (ast.Import, ast.ImportFrom)
_Edit = Callable[[random.Random, Texts], "dict[str, str | None]"]
_EDITS: tuple[_Edit, ...] = (
    *(_version, _version, _version, _version, _configuration, _touch, _comment, _comment),
    *(_suppression, _body, _body, _body, _attribute, _attribute, _attribute, _bases, _bases),
    *(_outside, _outside, _call, _call, _import, _path, _double, _double, _rename, _move),
    *(_move, _shadow, _shadow, _test, _delete, _break),
)


def _statements(text: str) -> list[ast.stmt]:
    try:
        return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    except SyntaxError:
        return []


def _one(
    chance: random.Random, texts: Texts, kinds: tuple[type[ast.stmt], ...]
) -> tuple[str, ast.FunctionDef | ast.ClassDef | None]:
    """One definition of all files; its body starts in a line of its own."""
    found = [
        (name, node)
        for name in _python(texts)
        for node in _statements(texts[name])
        if isinstance(node, kinds)
        and isinstance(node, ast.FunctionDef | ast.ClassDef)
        and node.body[0].lineno > node.lineno
    ]
    return chance.choice(found) if found else ("", None)


def _has_self(function: ast.FunctionDef | ast.ClassDef) -> bool:
    arguments = function.args.args if isinstance(function, ast.FunctionDef) else ()
    return bool(arguments) and arguments[0].arg == "self"


def _inserted(texts: Texts, name: str, before: ast.stmt, line: str) -> dict[str, str | None]:
    lines = texts[name].splitlines(keepends=True)
    first = min([before.lineno, *(each.lineno for each in getattr(before, "decorator_list", ()))])
    lines.insert(first - 1, f"{' ' * before.col_offset}{line}\n")
    return _parsed(name, "".join(lines))


def _without(texts: Texts, name: str, statement: ast.stmt) -> dict[str, str | None]:
    lines = texts[name].splitlines(keepends=True)
    del lines[statement.lineno - 1 : statement.end_lineno]
    return _parsed(name, "".join(lines))


def _parsed(name: str, text: str) -> dict[str, str | None]:
    """The change, if Python can still read the file."""
    try:
        ast.parse(text)
    except SyntaxError:
        return {}
    return {name: text}


# -- answers --------------------------------------------------------------------------------------


class History:
    """Some steps, in a folder of their own, and what each way says after each of them."""

    def __init__(self, folder: Path, steps: Iterable[Step], ways: Iterable[str] = WAYS) -> None:
        self._steps = steps
        self._ways = frozenset(ways)
        folder.mkdir(parents=True, exist_ok=True)
        self._root = Path(tempfile.mkdtemp(prefix="history-", dir=folder))

    def differences(self) -> Iterator[Difference]:
        """What the ways say otherwise than a cold run."""
        server: _Server | None = None
        done: list[str] = []
        for number, step in enumerate(self._steps):
            done.append(step.what)
            others: dict[str, Answers] = {}
            if server is not None and _is_typed(step):
                others["overlay"] = server.overlay(step.changes)
                self._write(step)
            else:
                self._write(step)
                server = _Server(self._root) if "overlay" in self._ways else None
                if server is not None:
                    others["overlay"] = server.overlay({})
            cold = self._cold()
            if "warm" in self._ways:
                others["warm"] = self._checked(cache=True)
            if "some" in self._ways:
                others["some"] = self._some(cold, number)
            for way, answers in others.items():
                for path in sorted(answers.keys() | cold.keys()):
                    if way != "warm" and not (path in answers and path in cold):
                        continue  # left out by the settings, or not asked for
                    before, other = cold.get(path), answers.get(path)
                    if way == "overlay" and before is not None:
                        before = before.report  # type: ignore[attr-defined]
                    if before != other:
                        what = "; then ".join(done[1:]) or done[0]
                        yield Difference(number, what, way, path, before, other)

    def _write(self, step: Step) -> None:
        for name, text in step.changes.items():
            path = self._root / name
            if text is None:
                path.unlink(missing_ok=True)
                continue
            if path.parent.is_file():
                path.parent.unlink()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            time = next(_TIMES)
            os.utime(path, ns=(time, time))

    def _cold(self) -> Answers:
        return self._checked(cache=False)

    def _some(self, cold: Answers, number: int) -> Answers:
        """What is said of three files, with the cache, as a hook before a commit asks."""
        names = sorted(name for name in cold if name)[number % 7 :: 7][:3]
        return self._checked(cache=True, paths=[str(self._root / name) for name in names])

    def _checked(self, cache: bool, paths: Iterable[str] = ()) -> Answers:
        """The outcome of each file, or the one problem with the settings."""
        start_anew()
        asked = tuple(paths) or (str(self._root),)
        try:
            results = check(Request(asked, root=str(self._root), cache=cache))
        except ConfigError as error:
            return {"": str(error)}
        prefix = f"{self._root.as_posix()}/"
        return {each.report.path.removeprefix(prefix): each for each in results.outcomes}


def _is_typed(step: Step) -> bool:
    """Whether these are edits of Python files, of which an editor hands on the text."""
    return all(name.endswith(".py") and text is not None for name, text in step.changes.items())


class _Server:
    """One `Inference` that lives as long as no file goes and no setting changes."""

    def __init__(self, root: Path) -> None:
        start_anew()
        self._root = root.as_posix()
        self._pack = packs.load()
        self._config = Config(root, schemas(self._pack))
        self._sources: dict[str, SourceFile] = {}
        paths = sorted(path for path in root.rglob("*.py") if path.is_file())
        for path in paths:
            self._take(path.relative_to(root).as_posix(), path.read_bytes())
        self._files = [path.as_posix() for path in paths]
        self._inferences: dict[tuple[tuple[str, str], ...], Inference] = {}

    def overlay(self, changes: Mapping[str, str | None]) -> Answers:
        """What is said of every file, with these changes in memory alone."""
        for name, text in changes.items():
            source = self._take(name, (text or "").encode())
            for inference in self._inferences.values():
                inference.overlay(source)
        return {name: self._examined(name) for name in sorted(self._sources)}

    def _take(self, name: str, data: bytes) -> SourceFile:
        source = self._sources[name] = SourceFile(f"{self._root}/{name}", data)
        return source

    def _examined(self, name: str) -> FileReport | str:
        source = self._sources[name]
        try:
            settings = self._config.of(os.path.dirname(source.path))
        except ConfigError as error:
            return str(error)
        ignored = self._pack.select(settings.ignore) if settings.ignore else frozenset()
        options = Options(self._pack.select(settings.select) - ignored, settings=settings.families)
        types = tuple(sorted(settings.types.items()))
        if types not in self._inferences:
            files = sorted({*self._files, *(each.path for each in self._sources.values())})
            texts = deployment_files(Path(self._root))
            self._inferences[types] = Inference(self._root, files, MODELS, dict(types), texts=texts)
            for each in self._sources.values():
                self._inferences[types].overlay(each)
        return examine(
            SourceFile(source.path, source.data), self._pack, self._inferences[types], options
        )


def start_anew() -> None:
    """Forget what this process has learned from files, as if it had just started."""
    for cached in _cached(len(sys.modules)):
        cached.cache_clear()


@functools.lru_cache(1)
def _cached(modules: int) -> tuple[functools._lru_cache_wrapper[Any], ...]:
    """The functions that keep answers, in so many modules."""
    return tuple(
        value
        for name, module in [*sys.modules.items()]
        if name.partition(".")[0] in ("qw_codemod", "checks", "codemods")
        for value in [*vars(module).values()]
        if isinstance(value, functools._lru_cache_wrapper)
    )
