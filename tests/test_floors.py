"""The rooms of the engine: each imports from lower floors only, and none knows a rule by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "qw_codemod"

FLOORS = {
    "__init__": 0,
    "model": 0,
    "source": 1,
    "edits": 1,
    "sql": 5,
    "suppress": 2,
    "recognize": 2,
    "infer": 3,
    # what the rules share: facts about one library or one danger, on top of inference
    "handlers": 4,
    "hazards": 6,
    "fakes": 4,
    "mocks": 4,
    "doubles": 5,
    "waits": 4,
    "http_arguments": 4,
    "http_names": 5,
    "http_bounds": 5,
    "http_limits": 5,
    "http_objects": 6,
    "http_calls": 7,
    "rule": 4,
    "prefilter": 5,
    "names": 5,
    "placement": 6,
    "arguments": 5,
    "imports": 6,
    "blocks": 6,
    "reporting": 5,
    "operation": 6,
    "alternatives": 7,
    "remarks": 8,
    "aftermath": 9,
    "meant": 10,
    "layout": 2,
    "bound": 6,
    "habits": 7,
    "expected": 6,
    "handling": 11,
    "http_retries": 8,
    "retry_forms": 9,
    "project_versions": 2,
    "requirements": 11,
    "dependencies": 13,
    "rewrite": 7,
    "packs": 5,
    "engine": 8,
    "style": 8,
    "files": 8,
    "journal": 9,
    "outcome_json": 1,
    "questions": 4,
    "memories": 5,
    "cache": 9,
    "runner": 10,
    "baseline": 11,
    "report": 12,
    "testing": 10,
    "markers": 10,
    "fixtures": 11,
    "config": 11,
    "review": 13,
    "commands": 14,
    "cli": 15,
    "__main__": 16,
}
LONGEST = 400


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the dotted name of everything that a file imports, at any depth of it."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_bytes())):
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


ids = [str(path.relative_to(ROOT)) for path in modules(ENGINE)]


@pytest.mark.parametrize("path", modules(ENGINE), ids=ids)
def test_rooms_import_from_lower_floors(path: Path) -> None:
    here = room_of(path)
    wrong = []
    for line, name in imports(path):
        if name.split(".")[0] != "qw_codemod" or room(name) == here:
            continue
        if room(name) not in FLOORS:
            continue  # a name of the package itself, as its version
        if here == "rule" and room(name) == "infer" or FLOORS[room(name)] < FLOORS[here]:
            continue
        wrong.append(f"line {line}: {here} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in modules(ENGINE)} <= FLOORS.keys()


@pytest.mark.parametrize("path", modules(ENGINE), ids=ids)
def test_no_room_knows_a_rule(path: Path) -> None:
    names = [name for _, name in imports(path)]
    wanted = ("checks", "codemods", "qw_codemod.checks", "qw_codemod.codemods")
    assert not [name for name in names if name.startswith(wanted)]


@pytest.mark.parametrize(("here", "there"), [("checks", "codemods"), ("codemods", "checks")])
def test_checks_and_codemods_do_not_know_each_other(here: str, there: str) -> None:
    for path in modules(ROOT / here):
        assert not [name for _, name in imports(path) if there in name.split(".")], path


def test_checks_do_not_load_libcst() -> None:
    for path in modules(ROOT / "checks"):
        names = {name.split(".")[0] for _, name in imports(path)}
        assert "libcst" not in names, path
        rooms = {room(name) for _, name in imports(path) if name.startswith("qw_codemod.")}
        assert not rooms & {"rewrite", "arguments"}, path


def test_one_broad_handler_in_the_engine() -> None:
    """Around one rule on one file; those that end in `raise` clean up and hide nothing."""
    found = []
    for path in modules(ENGINE):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.ExceptHandler) or isinstance(node.body[-1], ast.Raise):
                continue
            kinds = {each.id for each in ast.walk(node.type or node) if isinstance(each, ast.Name)}
            if node.type is None or kinds & {"Exception", "BaseException"}:
                found.append(room_of(path))
    assert found == ["engine"]


@pytest.mark.parametrize("folder", ["qw_codemod", "checks", "codemods"])
def test_modules_are_short_and_say_what_they_are(folder: str) -> None:
    for path in modules(ROOT / folder):
        text = path.read_text("utf-8")
        assert text.count("\n") <= LONGEST, path
        assert ast.get_docstring(ast.parse(text)), path


@pytest.mark.parametrize("folder", ["qw_codemod", "checks", "codemods"])
def test_no_room_for_odds_and_ends(folder: str) -> None:
    names = {"utils", "util", "common", "helpers", "helper", "base", "manager", "mixin", "misc"}
    assert not [path for path in modules(ROOT / folder) if path.stem.strip("_") in names]
