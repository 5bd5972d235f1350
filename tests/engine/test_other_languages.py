"""Rules on files that are not Python: listed, found, suppressed, fixed, guarded, remembered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from qw_codemod.app import commands
from qw_codemod.engine import files
from qw_codemod.kernel.document import Document, Language
from qw_codemod.languages.python import PYTHON
from qw_codemod.languages.yaml import YAML
from qw_codemod.rules import packs
from qw_codemod.rules.api import Check, Codemod, Context, Dependency, Evidence, Match, Rewrite, Span
from qw_codemod.rules.packs import Pack, assemble
from qw_codemod.testkit import apply_to_files, check_files

Run = Callable[..., Result]
Write = Callable[..., Path]

_MAXIMUM = re.compile(rb'maxScale: "(\d+)"')


def _without_time(text: str) -> str:
    return re.sub(r"\(\S+ s\)", "", text)


def _find(document: Document, context: Context) -> Iterator[Match]:
    limit = context.settings.get("limit", 10)
    for match in _MAXIMUM.finditer(document.data):
        if int(match[1]) > limit:
            place = Span(*match.span(1))
            yield Match(place, f"more than {limit} instances", Evidence("proven"), remedy="lower")


def _lower(text: str, plan: object, settings: Mapping[str, Any]) -> Rewrite:
    assert text.isdigit()
    return Rewrite(settings.get("text", "10"))


SCALE = Check("TOY601", "oversized", "A service that may grow.", _find, (b"maxScale",), YAML)
SCALED = Codemod(("TOY601",), _lower, dependencies=(Dependency("scaling", "scaling>=1"),))
SERVICE = "# é\nmetadata:\n  maxScale: \"100\"  # of 'é'\n  other: '# noqa: TOY601'\n"


@pytest.fixture
def pack(pack: Pack) -> Pack:
    """The toy rules for Python, and one for YAML."""
    waits = [rule.check for rule in pack.rules]
    codemods = {"waits": pack.codemods()["TOY101"], "scale": SCALED}
    return assemble({"waits": waits, "scale": [SCALE]}, codemods)


def test_found_where_they_are(run: Run, write: Write) -> None:
    write("deploy/service.yaml", SERVICE)
    write("app.py", "wait()\n")
    result = run("check")
    assert result.exit_code == 1
    assert "deploy/service.yaml:3:14: TOY601 more than 10 instances" in result.stdout
    assert "app.py:1:1: TOY101" in result.stdout


def test_only_the_files_of_rules_that_run_are_listed(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("app.py", "wait(timeout=1)\n")
    broken = write("service.yaml", b"maxScale: \xff\n")
    asked: list[tuple[Language, ...]] = []
    find = files.find

    def listing(*arguments: Any) -> files.Listing:
        asked.append(arguments[-1])
        return find(*arguments)

    monkeypatch.setattr(commands.files, "find", listing)
    assert run("check").exit_code == 2
    assert run("check", "--select", "waits").exit_code == 0
    assert asked == [(PYTHON, YAML), (PYTHON,)]
    assert run("check", "--ignore", "scale").exit_code == 0
    broken.unlink()
    assert run("check").exit_code == 0


def test_a_folder_decides_which_rules_read_it(run: Run, write: Write, project: Path) -> None:
    write("a/service.yaml", SERVICE)
    write("b/service.yaml", b"maxScale: \xff\n")
    write("b/pyproject.toml", '[tool.qw-codemod]\nselect = ["waits"]\n')
    result = run("check")
    assert result.exit_code == 1
    assert "b/service.yaml" not in result.output


def test_named_files_of_no_language(run: Run, write: Write) -> None:
    write("notes.txt", "wait()\n")
    write("run", "#!/usr/bin/env python3\nwait()\n")
    result = run("check", "notes.txt", "run")
    assert "run:2:1: TOY101" in result.stdout
    assert "its first line is of Python, YAML" in result.output
    assert result.exit_code == 2


def test_names_without_a_star(git: Callable[..., str], project: Path, write: Write) -> None:
    language = Language("Docker", ("Dockerfile", "Dockerfile.*"), Document)
    wanted = ["Dockerfile", "deep/er/Dockerfile", "deep/Dockerfile.test"]
    for name in (*wanted, "deep/MyDockerfile", "Dockerfile/x.py"):
        if name != "Dockerfile/x.py":
            write(name, "FROM scratch\n")
    expected = sorted(f"{project}/{name}" for name in wanted)
    assert files.project_files(project, language) == expected
    for path in (project / ".git").iterdir():
        path.unlink() if path.is_file() else None
    assert files.find((".",), project, lambda path: False, languages=(language,)).files == expected


def test_suppressed_by_a_comment_and_not_by_a_string(run: Run, write: Write) -> None:
    write("a.yaml", "maxScale: \"100\" # noqa: TOY601\nb: '# noqa: TOY601'\n")
    write("b.yaml", 'maxScale: "5"  # noqa: TOY601\n')
    result = run("check")
    assert result.exit_code == 0
    assert "1 suppressed" in result.output
    assert "b.yaml:1:24: QW001" in result.output


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_fixed_and_undone(run: Run, write: Write, newline: str, start: bytes) -> None:
    before = start + SERVICE.replace("\n", newline).encode()
    file = write("service.yaml", before)
    other = write("other.yaml", "maxScale: '100'\n")
    shown = run("apply", "scale", "--diff")
    assert '+  maxScale: "10"  # of' in shown.stdout
    assert file.read_bytes() == before
    assert run("apply", "scale").exit_code == 0
    assert file.read_bytes() == before.replace(b"100", b"10")
    assert other.read_bytes() == b"maxScale: '100'\n"
    assert run("apply", "scale", "--diff").exit_code == 0
    assert run("undo").exit_code == 0
    assert file.read_bytes() == before


def test_an_edit_that_breaks_the_file_is_given_up(run: Run, write: Write) -> None:
    write("pyproject.toml", "[tool.qw-codemod.scale]\ntext = '\\'\n")
    before = SERVICE.replace("'", "")
    file = write("service.yaml", before)
    result = run("apply", "scale")
    assert result.exit_code == 2
    assert "would not be valid: a quote that opens in line" in result.output
    assert file.read_text() == before


def test_from_standard_input(run: Run) -> None:
    result = run("check", "-", "--stdin-filename", "service.yaml", input=SERVICE)
    assert "service.yaml:3:14: TOY601" in result.stdout


def test_remembered_until_they_change(
    run: Run, write: Write, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qw_codemod.store.reports._SETTLED", -1.0)
    looked: list[str] = []

    def find(document: Document, context: Context) -> Iterator[Match]:
        looked.append(Path(document.path).name)
        return _find(document, context)

    check = Check("TOY601", "oversized", "", find, (b"maxScale",), YAML)
    monkeypatch.setattr(packs, "load", lambda: assemble({"scale": [check]}))
    write("a.yaml", SERVICE)
    write("b.yaml", SERVICE)
    write("c.py", "import os\n")
    first = _without_time(run("check").stdout)
    assert looked == ["a.yaml", "b.yaml"]
    assert _without_time(run("check").stdout) == first
    assert run("check", "a.yaml").exit_code == 1
    assert run("check", "b.yaml").exit_code == 1
    assert _without_time(run("check").stdout) == first
    assert looked == ["a.yaml", "b.yaml"]
    write("b.yaml", SERVICE.replace("100", "7"))
    write("d.yaml", SERVICE)
    assert "b.yaml" not in run("check").stdout
    assert looked == ["a.yaml", "b.yaml", "b.yaml", "d.yaml"]
    (project / "d.yaml").unlink()
    assert "d.yaml" not in run("check").stdout
    assert looked == ["a.yaml", "b.yaml", "b.yaml", "d.yaml"]


def test_over_several_processes(run: Run, write: Write) -> None:
    for number in range(4):
        write(f"{number}.yaml", SERVICE)
        write(f"{number}.py", "wait()\n")
    both = run("check", "--jobs", "2", "--no-cache").stdout
    assert both.count("TOY601") == both.count("TOY101") == 4
    one = run("check", "--jobs", "1", "--no-cache").stdout
    assert _without_time(one) == _without_time(both)


def test_the_test_kit_runs_them(pack: Pack) -> None:
    project = {"service.yaml": SERVICE, "app.py": "wait()\n", "notes.txt": "maxScale"}
    found = check_files(project, pack=pack)
    assert {path: [each.code for each in found[path]] for path in found} == {
        "service.yaml": ["TOY601"],
        "app.py": ["TOY101"],
    }
    fixed = apply_to_files(project, ["scale"], pack=pack)
    assert fixed["service.yaml"] == SERVICE.replace("100", "10")
