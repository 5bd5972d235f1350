"""The rooms of the engine: one ordered list, and each room imports only from those before it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from qw_codemod.libraries.models import MODELS

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "qw_codemod"

ROOMS = (
    "kernel",
    "languages",
    "python",
    "facts",
    "store",
    "infer",
    "libraries",
    "analysis",
    "rules",
    "edit",
    "engine",
    "app",
    "testkit",
)
FOR_CHECKS = {*ROOMS[: ROOMS.index("edit")]} - {"store"}
FOR_CODEMODS = {"kernel", "edit", "rules"}
NO_LIBRARIES = {  # the language itself, and modules that say what they hold
    *("__init__", "__pycache__", "builtins", "typing_extensions"),
    *("decorators", "iterating", "models", "stdlib"),
}
# Modules of the shared rooms that only one family reaches as yet, each with the reason.
OF_ONE_FAMILY = {
    "qw_codemod.analysis.sql_text": "whatever repeats or moves a query asks whether it writes",
}
TOP = {"__init__", "__main__"}  # the package itself: its version, and `python -m`


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """One parse of each file for all tests."""
    return ast.parse(path.read_bytes())


@cache
def imports(path: Path) -> tuple[tuple[int, str], ...]:
    """The line and the dotted name of everything that a file imports, at any depth of it."""
    return (*_imports(path),)


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{each.name}") for each in node.names)


def room(dotted: str) -> str:
    return dotted.split(".")[1] if "." in dotted else "__init__"


def room_of(path: Path) -> str:
    return path.relative_to(ENGINE).parts[0].removesuffix(".py")


def engine_rooms(path: Path) -> set[str]:
    """The rooms of the engine that a file imports from."""
    return {room(name) for _, name in imports(path) if name.startswith("qw_codemod.")} & {*ROOMS}


ids = [str(path.relative_to(ROOT)) for path in modules(ENGINE)]


@pytest.mark.parametrize("path", modules(ENGINE), ids=ids)
def test_rooms_import_only_from_those_before_them(path: Path) -> None:
    here = room_of(path)
    if here in TOP:
        return
    later = {*ROOMS[ROOMS.index(here) + 1 :]}
    wrong = [
        f"line {line}: {here} imports {name}"
        for line, name in imports(path)
        if name.startswith("qw_codemod.") and room(name) in later
    ]
    assert not wrong, "\n".join(wrong)


def test_every_module_is_in_a_room() -> None:
    assert {room_of(path) for path in modules(ENGINE)} - TOP == {*ROOMS}


@pytest.mark.parametrize("path", modules(ENGINE), ids=ids)
def test_no_room_knows_a_family(path: Path) -> None:
    names = [name for _, name in imports(path)]
    wanted = ("checks", "codemods", "qw_codemod.checks", "qw_codemod.codemods")
    assert not [name for name in names if name.startswith(wanted)]


@pytest.mark.parametrize("half", ["checks", "codemods"])
def test_no_family_imports_another(half: str) -> None:
    families = {path.name for path in (ROOT / half).iterdir() if path.is_dir()} - {"__pycache__"}
    wrong = []
    for path in modules(ROOT / half):
        own = path.relative_to(ROOT / half).parts[0].removesuffix(".py")
        for line, name in imports(path):
            parts = name.removeprefix("qw_codemod.").split(".")
            if half == "codemods" and parts[:3] == ["checks", own, "plan"]:
                continue  # what a check hands to its codemod
            if parts[0] in ("checks", "codemods") and (
                parts[0] != half or parts[1:2] != [own] and {*parts[1:2]} <= families
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("half", "allowed"), [("checks", FOR_CHECKS), ("codemods", FOR_CODEMODS)])
def test_families_use_only_the_rooms_meant_for_them(half: str, allowed: set[str]) -> None:
    wrong = {path: engine_rooms(path) - allowed for path in modules(ROOT / half)}
    assert not {path: rooms for path, rooms in wrong.items() if rooms}


def test_inference_names_no_library() -> None:
    """What is known of libraries comes from outside, as models."""
    inside = {path.stem for path in (ENGINE / "libraries").iterdir()}
    tables = (
        (*each.aliases, *each.functions, *each.methods, *each.attributes, *each.calls)
        for each in MODELS
    )
    patterns = "|".join(re.sub(r"\([^()]*\)", "", each.transparent) for each in MODELS)
    decorators = re.findall(r"(?:^|\|)(\w+)", patterns)
    named = {name.partition(".")[0] for table in tables for name in table} | {*decorators}
    wanted = (named | inside) - NO_LIBRARIES - sys.stdlib_module_names
    assert wanted >= {"bigquery", "google", "httpx", "pytest", "requests", "tenacity"}
    for path in modules(ENGINE / "infer"):
        assert not wanted & {*re.findall(r"\w+", path.read_text("utf-8"))}, path


def test_only_one_room_imports_libcst() -> None:
    importers = {
        path
        for folder in (ENGINE, ROOT / "checks")
        for path in modules(folder)
        if "libcst" in {name.split(".")[0] for _, name in imports(path)}
    }
    assert {room_of(path) for path in importers} <= {"edit", "rules"}  # rules: for its types


def test_no_import_circle() -> None:
    """Not within a room either, `TYPE_CHECKING` and late imports included."""
    found = circle(import_graph())
    assert not found, " -> ".join(found)


def test_shared_rooms_are_shared() -> None:
    """What only one family reaches belongs to that family, unless it is declared."""
    graph = import_graph()
    named: dict[str, set[str]] = {}
    for name in graph:
        half, _, rest = name.partition(".")
        if half in ("checks", "codemods") and rest:
            named.setdefault(rest.split(".")[0], set()).add(name)
    reached = {family: _reached(graph, names) for family, names in named.items()}
    alone = {
        name
        for name in graph
        if name.startswith(("qw_codemod.libraries.", "qw_codemod.analysis."))
        and not any(other.startswith(f"{name}.") for other in graph)  # a package says what it is
        and sum(name in modules for modules in reached.values()) < 2
    }
    declared = {name for name in alone if name.startswith(tuple(OF_ONE_FAMILY))}
    assert alone == declared
    idle = [each for each in OF_ONE_FAMILY if not any(name.startswith(each) for name in alone)]
    assert not idle, "declared, and shared by now"


def _reached(graph: Mapping[str, set[str]], start: set[str]) -> set[str]:
    """The modules that are loaded with some; with inference come the models that it is given."""
    found: set[str] = set()
    waiting = {*start}
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting |= graph[name]
            if name == "qw_codemod.infer":
                waiting.add("qw_codemod.libraries.models")
    return found


@cache
def import_graph() -> Mapping[str, set[str]]:
    """Which module imports which, of the engine and the families."""
    named = {}
    for folder, prefix in ((ENGINE, ""), (ROOT / "checks", ""), (ROOT / "codemods", "")):
        for path in modules(folder):
            parts = path.relative_to(ROOT).with_suffix("").parts
            named[prefix + ".".join(parts).removesuffix(".__init__")] = path
    graph: dict[str, set[str]] = {}
    for name, path in named.items():
        graph[name] = set()
        for _, wanted in imports(path):
            target = wanted.removeprefix("qw_codemod.") if "checks" in wanted else wanted
            while target and target not in named:
                target = target.rpartition(".")[0]
            if target and target != name:
                graph[name].add(target)
    return graph


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The modules of one import circle; empty if there is none."""
    done: set[str] = set()

    def follow(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for each in sorted(graph[name]):
            found = follow(each, [*way, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := follow(name, []))), [])


def test_one_broad_handler_in_the_engine() -> None:
    """Around one rule on one file; those that end in `raise` clean up and hide nothing."""
    found = []
    for path in modules(ENGINE):
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.ExceptHandler) or isinstance(node.body[-1], ast.Raise):
                continue
            kinds = {each.id for each in ast.walk(node.type or node) if isinstance(each, ast.Name)}
            if node.type is None or kinds & {"Exception", "BaseException"}:
                found.append(room_of(path))
    assert found == ["engine"]


@pytest.mark.parametrize("folder", ["qw_codemod", "checks", "codemods"])
def test_modules_say_what_they_are(folder: str) -> None:
    for path in modules(ROOT / folder):
        assert ast.get_docstring(parsed(path)), path


@pytest.mark.parametrize("folder", ["qw_codemod", "checks", "codemods"])
def test_no_room_for_odds_and_ends(folder: str) -> None:
    names = {"utils", "util", "common", "helpers", "helper", "base", "manager", "mixin", "misc"}
    assert not [path for path in modules(ROOT / folder) if path.stem.strip("_") in names]


def test_sentences_are_made_where_reports_are() -> None:
    """No rule and no engine has a text to search: `render` is for who shows it to a person."""
    users = {
        room_of(path)
        for path in modules(ENGINE)
        for _, name in imports(path)
        if name == "qw_codemod.kernel.statements.render"
    }
    assert users <= {"app", "testkit"}
    for half in ("checks", "codemods"):
        names = {name for path in modules(ROOT / half) for _, name in imports(path)}
        assert "qw_codemod.kernel.statements.render" not in names
