"""README against the program: rules, settings, options, and the example with its evidence."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from qw_codemod.checks import timeouts

from qw_codemod.app.cli import cli
from qw_codemod.rules import packs
from qw_codemod.testkit import apply_to_files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)


def block(kind: str, holding: str = "") -> str:
    return next(text for name, text in BLOCKS if name == kind and holding in text)


def test_the_table_of_rules() -> None:
    listed = re.findall(r"^\| (QW\d+) \| `([\w-]+)` \|", README, re.M)
    assert listed == [(rule.code, rule.name) for rule in packs.load().rules]


def test_the_settings() -> None:
    table = tomllib.loads(block("toml"))["tool"]["qw-codemod"]
    assert set(table["timeouts"]) <= set(timeouts.SETTINGS)
    assert set(timeouts.SETTINGS) - set(table["timeouts"]) == {"query", "copy", "extract"}


@pytest.mark.parametrize("line", re.findall(r"qw-codemod ([a-z]+(?: [^\n`#]*)?)", README))
def test_commands_and_options_exist(line: str) -> None:
    name, *words = line.split()
    command = cli.commands[name]
    known = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.fixture
def example(project: Path) -> Path:
    """The files that the README's diff and its evidence come from."""
    (project / "shared").mkdir(exist_ok=True)
    (project / "processors").mkdir()
    (project / "shared" / "base.py").write_text(
        "from google.cloud import bigquery\n\n\nclass Processor:\n"
        "    def __init__(self, project):\n"
        "        self.client = bigquery.Client(project=project)\n"
    )
    (project / "processors" / "players.py").write_text(
        "from shared.base import Processor\n\n\n" + diff_side("-")
    )
    return project


def diff_side(sign: str) -> str:
    lines = block("diff").splitlines()
    return "\n".join(each[1:] for each in lines if not each or each[0] in (" ", sign)) + "\n"


def test_the_example(example: Path) -> None:
    files = {
        path.relative_to(example).as_posix(): path.read_text() for path in example.rglob("*.py")
    }
    after = apply_to_files(files, ("timeouts",))["processors/players.py"]
    assert after == "from shared.base import Processor\n\n\n" + diff_side("+")


def test_the_evidence(example: Path) -> None:
    printed = (
        CliRunner().invoke(cli, ["check", "--select", "timeouts", "--why", "processors"]).output
    )
    shown = re.search(r"^    processors/players.py:7.*?\n\n", README, re.M | re.S)
    assert shown is not None
    lines = [line[4:] for line in shown[0].rstrip().splitlines()]
    assert "\n".join(lines) in click.unstyle(printed)
