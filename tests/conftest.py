"""A family of toy rules, and projects to run the commands on."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import libcst as cst
import pytest
from click.testing import CliRunner, Result

from qw_codemod.app.cli import cli
from qw_codemod.edit.arguments import with_keyword
from qw_codemod.kernel.model import Evidence, Fact
from qw_codemod.kernel.statements import InLine, Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.rules import packs
from qw_codemod.rules.api import (
    Check,
    Codemod,
    Context,
    Match,
    NotNeeded,
    Obstacle,
    Rewrite,
    Unsafe,
)
from qw_codemod.rules.packs import Pack, assemble

Run = Callable[..., Result]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class CalledWait(Statement):
    template = "it is called wait"


class OnlyItsName(Statement):
    template = "only its name"


class _Swallowed(Statement):
    template = "swallowed{place}"

    place: InLine


def _find(source: SourceFile, context: Context) -> Iterator[Match]:
    """`wait()` without `timeout=`; its first argument says what else is to happen."""
    for call in source.nodes(ast.Call):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else source.text(call.func)
        if name != "wait" or any(each.arg == "timeout" for each in call.keywords):
            continue
        text = source.text(call)
        if "crash" in text:
            raise LookupError("no such thing")
        if "die" in text:
            os._exit(7)
        facts = (Fact(CalledWait(), source.path, call.lineno),)
        likely = "likely" in text
        yield Match(
            call,
            f"`{name}()` without `timeout=` waits for ever",
            Evidence("likely" if likely else "proven", facts, OnlyItsName() if likely else None),
            remedy=None if "hopeless" in text else "timeout",
        )


def _assess(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    if "needless" in source.text(match.node):
        return NotNeeded(CalledWait())
    is_unsafe = "unsafe" in source.text(match.node)
    return Unsafe(_Swallowed(InLine(match.node.lineno))) if is_unsafe else None


def _rewrite(node: cst.CSTNode, keyword: str, settings: Mapping[str, Any]) -> Rewrite | None:
    assert isinstance(node, cst.Call)
    return Rewrite(with_keyword(node, keyword, str(settings.get("seconds", 5))))


ENDLESS = Check(
    "TOY101", "endless-wait", "A wait without an end.", _find, (b"wait",), assess=_assess
)


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the cache of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QW_CODEMOD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def installed_packs() -> Iterator[None]:
    """What is installed stays so: to look through all packages again costs each run 10 ms."""
    found = packs.entry_points(group=packs.GROUP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packs, "entry_points", lambda group: found)
        yield


@pytest.fixture
def pack() -> Pack:
    """One family, `waits`, with a rule that can be told what to do, and its codemod."""
    return assemble({"waits": [ENDLESS]}, {"waits": Codemod(("TOY101",), _rewrite)})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the current folder."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def run(pack: Pack, project: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line with the toy rules; `input=` is standard input."""
    monkeypatch.setattr(packs, "load", lambda: pack)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)

    def runs(*arguments: str, **options: Any) -> Result:
        result = CliRunner().invoke(cli, arguments, standalone_mode=False, **options)
        code = getattr(result.exception, "exit_code", None)
        if isinstance(result.exception, Exception) and code is None:
            raise result.exception
        result.exit_code = code if code is not None else result.return_value or 0
        if code is not None:
            result.stderr_bytes += f"error: {result.exception}\n".encode()
        return result

    return runs


@pytest.fixture
def write(project: Path) -> Callable[..., Path]:
    """Write a file of the project."""

    def writes(path: str, text: str | bytes) -> Path:
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    return writes


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Take the right to write a file away, from root too, to whom its mode says nothing."""
    access = os.access

    def deny(file: Path) -> None:
        file.chmod(0o444)

        def asked(path: str, mode: int) -> bool:
            return access(path, mode) and not (mode & os.W_OK and file.samefile(path))

        monkeypatch.setattr(os, "access", asked)

    return deny


@pytest.fixture
def git(project: Path) -> Callable[..., str]:
    """Run git in the project, which becomes a repository."""
    environment = {key: os.environ[key] for key in os.environ if not key.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def gits(*arguments: str) -> str:
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.invalid", *arguments]
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    gits("init", "-q")
    return gits
