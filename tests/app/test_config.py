"""Settings come from the pyproject.toml files down to a file's folder, and faults are named."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from qw_codemod.app.config import Config, ConfigError, Schemas, Settings, schemas
from qw_codemod.rules.packs import Pack, Rule

Write = Callable[..., Path]

SCHEMAS: Schemas = {
    "waits": {"bigquery": "seconds", "style": ("auto", "chain"), "loud": "flag", "note": "text"},
    "free": None,
}


def settings(project: Path, folder: str = "") -> Settings:
    return Config(project, SCHEMAS).of(str(project / folder) if folder else str(project))


def test_defaults(project: Path) -> None:
    assert settings(project) == Settings()


def test_every_key(project: Path, write: Write) -> None:
    write(
        "pyproject.toml",
        """
        [tool.qw-codemod]
        select = ["waits"]
        ignore = ["TOY1"]
        exclude = ["made/*"]
        likely = true
        unsafe = true
        [tool.qw-codemod.types]
        "shared.clients.get" = "google.cloud.bigquery.Client"
        [tool.qw-codemod.waits]
        bigquery = 300
        style = "chain"
        loud = true
        note = "x"
        [tool.qw-codemod.free]
        anything = [1]
        """,
    )
    read = settings(project)
    assert (read.select, read.ignore, read.likely, read.unsafe) == (
        ("waits",),
        ("TOY1",),
        True,
        True,
    )
    assert read.exclude == ((str(project), "made/*"),)
    assert read.types == {"shared.clients.get": "google.cloud.bigquery.Client"}
    assert read.families["waits"] == {
        "bigquery": 300,
        "style": "chain",
        "loud": True,
        "note": "x",
    }
    assert read.families["free"] == {"anything": [1]}


def test_a_folder_inherits_key_by_key(project: Path, write: Write) -> None:
    write(
        "pyproject.toml",
        '[tool.qw-codemod]\nlikely = true\nignore = ["A1"]\nexclude = ["made"]\n'
        "[tool.qw-codemod.waits]\nbigquery = 300\nloud = true\n"
        "[tool.qw-codemod.types]\na = 'b.C'\n",
    )
    write("x/pyproject.toml", "[project]\nname = 'no table here'\n")
    write(
        "x/y/pyproject.toml",
        '[tool.qw-codemod]\nignore = ["B1"]\nexclude = ["old"]\n'
        "[tool.qw-codemod.waits]\nbigquery = 60.5\n[tool.qw-codemod.types]\nd = 'e.F'\n",
    )
    read = settings(project, "x/y/z")
    assert (read.likely, read.ignore) == (True, ("B1",))
    assert read.families["waits"] == {"bigquery": 60.5, "loud": True}
    assert read.types == {"a": "b.C", "d": "e.F"}
    assert read.sources == (f"{project}/pyproject.toml", f"{project}/x/y/pyproject.toml")
    assert settings(project, "x").families["waits"]["bigquery"] == 300


def test_globs_are_relative_to_the_file_that_has_them(project: Path, write: Write) -> None:
    write("x/pyproject.toml", '[tool.qw-codemod]\nexclude = ["old/*.py"]\n')
    config = Config(project, SCHEMAS)
    assert config.excluded(f"{project}/x/old/a.py")
    assert not config.excluded(f"{project}/old/a.py")
    assert not config.excluded(f"{project}/x/new/old/a.py")


def test_nothing_above_the_root_counts(project: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.qw-codemod]\nlikely = true\n")
    assert not settings(project).likely


@pytest.mark.parametrize("value", ["300", "0.5", "'shared.limits:BIGQUERY'"])
def test_seconds(project: Path, write: Write, value: str) -> None:
    write("pyproject.toml", f"[tool.qw-codemod.waits]\nbigquery = {value}\n")
    assert settings(project).families["waits"]["bigquery"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.qw-codemod]\nselct = []",
            "[tool.qw-codemod] unknown key 'selct'; did you mean 'select'?",
        ),
        ("[tool.qw-codemod.wait]\n", "[tool.qw-codemod] unknown key 'wait'; did you mean 'waits'?"),
        ("[tool.qw-codemod]\nzzz = 1", "unknown key 'zzz'; known are exclude, free, ignore"),
        ("[tool.qw-codemod]\nselect = 'all'", "select: must be a list of strings, not 'all'"),
        ("[tool.qw-codemod]\nselect = [1]", "select: must be a list of strings, not [1]"),
        ("[tool.qw-codemod]\nlikely = 1", "likely: must be true or false, not 1"),
        ("[tool.qw-codemod]\ntypes = 1", "types: must be a table, not 1"),
        ("[tool.qw-codemod.types]\na = 1", "types: 'a': must be a dotted class name in quotes"),
        ("[tool.qw-codemod]\nwaits = 1", "waits: must be a table"),
        (
            "[tool.qw-codemod.waits]\nbigqery = 1",
            "[tool.qw-codemod.waits] unknown key 'bigqery'; did you mean 'bigquery'?",
        ),
        ("[tool.qw-codemod.waits]\nbigquery = true", "bigquery: must be a number of seconds or"),
        ("[tool.qw-codemod.waits]\nbigquery = 0", "must be a number of seconds"),
        ("[tool.qw-codemod.waits]\nbigquery = -1", "must be a number of seconds"),
        ("[tool.qw-codemod.waits]\nbigquery = nan", "must be a number of seconds"),
        ("[tool.qw-codemod.waits]\nbigquery = 'x; import os'", "must be a number of seconds"),
        ("[tool.qw-codemod.waits]\nbigquery = '300'", "must be a number of seconds"),
        (
            "[tool.qw-codemod.waits]\nstyle = 'chian'",
            "style: must be one of auto, chain, not 'chian'",
        ),
        ("[tool.qw-codemod.waits]\nstyle = []", "style: must be one of auto, chain"),
        ("[tool.qw-codemod.waits]\nloud = 'yes'", "loud: must be true or false"),
        ("[tool.qw-codemod.waits]\nnote = 3", "note: must be a string"),
        ("[tool.qw-codemod", "is not valid TOML"),
        ("tool.qw-codemod = 3", "[tool.qw-codemod] must be a table"),
    ],
)
def test_faults_are_named(project: Path, write: Write, text: str, message: str) -> None:
    write("pyproject.toml", text)
    with pytest.raises(ConfigError) as caught:
        settings(project)
    assert str(caught.value).startswith("pyproject.toml")
    assert message in str(caught.value)


def test_bytes_that_are_no_text_are_named(project: Path, write: Write) -> None:
    write("pyproject.toml", b"[tool.qw-codemod]\nx = '\xff'")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        settings(project)


def test_a_family_declares_its_settings_in_its_module(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("toy_waits")
    module.SETTINGS = {"bigquery": "seconds"}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_waits", module)

    declared = Pack((Rule(pack.rules[0].check, "waits", "toy_waits"),))
    assert schemas(declared) == {"waits": {"bigquery": "seconds"}}
