"""Prose is free: whatever the templates say, findings, evidence, edits and exit codes stay."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qw_codemod.app.cli import cli
from qw_codemod.kernel import statements

FIXTURES = Path(__file__).parents[1] / "fixtures"
WORDS = "a annotated asks built called for here it line none of or run says the to up was".split()
TEXTS = {"doubt", "caution", "reason", "fact"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--jobs", "1"])


def without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_texts(each) for key, each in value.items() if key not in TEXTS}
    return [without_texts(each) for each in value] if isinstance(value, list) else value


def answers() -> tuple[object, ...]:
    """What a run finds and edits, without the text of a statement."""
    checked = run("check", "--no-cache", "--format", "json")
    edited = run("apply", "all", "--likely", "--unsafe", "--diff", "--quiet")
    found = without_texts(json.loads(checked.stdout))
    return checked.exit_code, found, edited.exit_code, edited.stdout


def reworded(template: str, chance: random.Random) -> str:
    """Other words around the same fields, in another order."""
    fields = [
        f"{{{name}:{spec}}}" if spec else f"{{{name}}}"
        for _, name, spec, _ in Formatter().parse(template)
        if name
    ]
    parts = [*fields, *chance.choices(WORDS, k=chance.randint(1, 5))]
    chance.shuffle(parts)
    return " ".join(parts)


@pytest.fixture
def other_words(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    chance = random.Random(11)
    for cls in statements.classes().values():
        monkeypatch.setattr(cls, "template", reworded(cls.template, chance))
    yield


@pytest.fixture(params=["excepts", "retries", "backoff", "timeouts", "pipeline"])
def tree(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    shutil.copytree(FIXTURES / request.param, tmp_path / "tree")
    monkeypatch.chdir(tmp_path / "tree")
    yield


@pytest.mark.long
def test_other_words_make_no_difference(tree: None, request: pytest.FixtureRequest) -> None:
    before = answers()
    request.getfixturevalue("other_words")
    assert answers() == before
