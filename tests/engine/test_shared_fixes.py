"""Fixes that edit several files: made whole or not at all, in order, written and undone as one."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from qw_codemod.app import commands
from qw_codemod.engine import files
from qw_codemod.kernel.document import Document
from qw_codemod.languages.yaml import YAML
from qw_codemod.rules.api import (
    Check,
    Codemod,
    Context,
    Edit,
    Evidence,
    Match,
    Rewrite,
    SourceFile,
    Span,
)
from qw_codemod.rules.packs import Pack, assemble
from qw_codemod.testkit import apply_to_files

Run = Callable[..., Result]
Write = Callable[..., Path]

_MAXIMUM = re.compile(rb'(\w+): "(\d+)"')


def _constants(context: Context, name: str) -> Iterator[tuple[SourceFile, ast.expr]]:
    """Where the project's Python assigns a number to a name."""
    for path in context.infer.tree.holding((name,)):
        view = context.infer.tree.view(path)
        for node in view.source.nodes(ast.Assign) if view else ():
            if view and view.source.text(node.targets[0]) == name:
                yield view.source, node.value


def _find(document: Document, context: Context) -> Iterator[Match]:
    """Numbers above ten."""
    for match in _MAXIMUM.finditer(document.data):
        if int(match[2]) > 10:
            name = match[1].decode()
            yield Match(Span(*match.span(2)), f"{name} > 10", Evidence("proven"), remedy=name)


def _plan(document: Document, context: Context, match: Match) -> tuple[Edit, ...]:
    """The edits of constants of the same name (in capitals), and of a place in the settings."""
    new = str(context.settings.get(match.remedy, context.settings.get("new", "10"))).encode()
    found = _constants(context, match.remedy.upper())
    edits = [Edit(source.span(node), new, source.path) for source, node in found]
    if extra := context.settings.get("extra"):
        path, start, end = extra.rsplit(":", 2)
        edits.append(Edit(Span(int(start), int(end)), new, path))
    return tuple(edits)


def _lower(text: str, edits: tuple[Edit, ...], settings: Mapping[str, Any]) -> Rewrite:
    return Rewrite(None if settings.get("only_elsewhere") else "10", edits=edits)


SCALE = Check("TOY601", "oversized", "A service that may grow.", _find, (b": ",), YAML, plan=_plan)


@pytest.fixture
def pack(pack: Pack) -> Pack:
    """The toy rules for Python, and one for YAML whose fix edits Python too."""
    waits = [rule.check for rule in pack.rules]
    codemods = {"waits": pack.codemods()["TOY101"], "scale": Codemod(("TOY601",), _lower)}
    return assemble({"waits": waits, "scale": [SCALE]}, codemods)


def contents(project: Path) -> dict[str, bytes]:
    found = (path for path in project.rglob("*") if path.is_file())
    texts = {path.relative_to(project).as_posix(): path.read_bytes() for path in found}
    return {path: text for path, text in texts.items() if not path.startswith(".qw-codemod/")}


@pytest.mark.parametrize(
    ("newline", "start", "indent"),
    [("\n", b"", "    "), ("\r\n", b"\xef\xbb\xbf", "\t"), ("\n", b"\xef\xbb\xbf", "\t\t")],
)
def test_all_files_change_and_come_back(
    run: Run, write: Write, project: Path, newline: str, start: bytes, indent: str
) -> None:
    def put(path: str, text: str) -> None:
        if path.endswith(".py"):
            text = text.replace("    ", indent)
        write(path, start + text.replace("\n", newline).encode())

    put("deploy/service.yaml", 'a:\n    max_scale: "100" # é\n')
    put("limits.py", "if True:\n    é = 'é'; MAX_SCALE = 100  # stays\nwait()\n")
    put("src/more.py", "class A:\n    class B:\n        MAX_SCALE  =  (100)\n")
    before = contents(project)
    shown = run("apply", "scale", "--diff")
    assert shown.exit_code == 1
    assert [line for line in shown.stdout.splitlines() if line.startswith("+++")] == [
        "+++ b/deploy/service.yaml",
        "+++ b/limits.py",
        "+++ b/src/more.py",
    ]
    assert contents(project) == before
    result = run("apply", "scale")
    assert result.exit_code == 0
    assert "limits.py: changed, for deploy/service.yaml:2" in result.output
    assert "Made 1 edit in 3 of" in result.output
    assert contents(project) == {
        path: re.sub(rb"\b100\b", b"10", text) for path, text in before.items()
    }
    assert run("apply", "scale", "--diff").exit_code == 0
    assert "3 files restored" in run("undo").stdout
    assert contents(project) == before


def test_edits_of_single_files_are_made_on_top(run: Run, write: Write, project: Path) -> None:
    write("a.yaml", 'max_scale: "100"\n')
    write("limits.py", "wait()\nMAX_SCALE = 1000000\nwait()\n")
    result = run("apply", "all", "--format", "json")
    assert (project / "limits.py").read_text() == (
        "wait(timeout=5)\nMAX_SCALE = 10\nwait(timeout=5)\n"
    )
    fixed = json.loads(result.stdout)["fixed"]
    assert [(each["path"], each["line"], each.get("also_edited")) for each in fixed] == [
        ("a.yaml", 1, ["limits.py"]),
        ("limits.py", 1, None),
        ("limits.py", 3, None),
    ]
    assert run("apply", "all", "--diff").exit_code == 0


def test_places_are_those_of_the_file_as_it_was(run: Run, write: Write) -> None:
    write("pyproject.toml", "[tool.qw-codemod.scale]\nnew = '''(\n    10\n)'''\n")
    write("a.yaml", 'max_scale: "100"\n')
    write("limits.py", "MAX_SCALE = 100\nwait()\n")
    result = run("apply", "all", "--format", "json", "--diff")
    fixed = json.loads(result.stdout)["fixed"]
    assert [(each["path"], each["line"]) for each in fixed] == [("a.yaml", 1), ("limits.py", 2)]


def test_files_that_were_not_named_are_edited_too(run: Run, write: Write, project: Path) -> None:
    write("a.yaml", 'max_scale: "100"\n')
    write("b.yaml", 'max_scale: "100"\n')
    write("limits.py", "MAX_SCALE = 100\nwait()\n")
    assert run("apply", "all", "a.yaml").exit_code == 0
    assert contents(project)["a.yaml"] == b'max_scale: "10"\n'
    assert contents(project)["b.yaml"] == b'max_scale: "100"\n'
    assert contents(project)["limits.py"] == b"MAX_SCALE = 10\nwait()\n"


def test_only_the_other_file_is_edited(run: Run, write: Write, project: Path) -> None:
    """Found again and again as it is, but not edited twice: there is nothing left to change."""
    write("pyproject.toml", "[tool.qw-codemod.scale]\nonly_elsewhere = true\n")
    write("a.yaml", 'max_scale: "100"\n')
    write("limits.py", "MAX_SCALE = 100\n")
    result = run("apply", "scale")
    assert contents(project)["limits.py"] == b"MAX_SCALE = 100\n"
    assert "did not converge" in result.output


def test_what_overlaps_waits_for_the_next_round(run: Run, write: Write, project: Path) -> None:
    write("a.yaml", 'max_scale: "100"\n')
    write("b.yaml", '# longer\nmax_scale: "200"\n')
    write("limits.py", "MAX_SCALE = 100\n")
    result = run("apply", "scale")
    assert result.exit_code == 0
    assert contents(project)["limits.py"] == b"MAX_SCALE = 10\n"
    assert contents(project)["b.yaml"] == b'# longer\nmax_scale: "10"\n'
    assert run("apply", "scale", "--diff").exit_code == 0


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("{project}/../outside.py:0:1", "which is outside of the project"),
        ("{project}/.git/config:0:1", "which is none of the project's own"),
        ("{project}/legacy/x.py:0:1", "which is excluded"),
        ("{project}/gone.py:0:1", "does not exist"),
        ("{project}/broken.py:0:1", "which is not valid Python"),
        ("{project}/text.py:0:1", "text.py would not be valid Python"),
    ],
)
def test_none_of_the_edits_is_made_where_one_cannot(
    run: Run, write: Write, project: Path, where: str, reason: str
) -> None:
    extra = where.format(project=project.as_posix())
    write(
        "pyproject.toml",
        f"[tool.qw-codemod]\nexclude = ['legacy']\n[tool.qw-codemod.scale]\nextra = '{extra}'\n",
    )
    write("../outside.py", "x = 1\n")
    write(".git/config", "x = 1\n")
    write("legacy/x.py", "x = 1\n")
    write("broken.py", "x = (\n")
    write("text.py", "x = 1\n")
    write("a.yaml", 'max_scale: "100"\nwait: 1\n')
    write("limits.py", "MAX_SCALE = 100\nwait()\n")
    before = contents(project)
    result = run("apply", "all", "--format", "json", "a.yaml", "limits.py", "text.py")
    (left,) = json.loads(result.stdout)["left"]
    assert left["path"] == "a.yaml"
    assert reason in left["reason"]
    before["limits.py"] = b"MAX_SCALE = 100\nwait(timeout=5)\n"  # which is of another rule
    assert contents(project) == before


def test_one_process_or_two(run: Run, write: Write, project: Path) -> None:
    write("a.yaml", 'first: "100"\n')
    write("b.yaml", 'second: "100"\n')
    write("limits.py", "FIRST = 100\ndef f(x): SECOND = 100\n")
    for jobs in ("1", "2"):
        run("apply", "scale", "--jobs", jobs)
        assert contents(project)["limits.py"] == b"FIRST = 10\ndef f(x): SECOND = 10\n"
        assert run("undo").exit_code == 0


def test_the_first_of_two_that_break_a_file_only_together(
    run: Run, write: Write, project: Path
) -> None:
    config = "[tool.qw-codemod.scale]\nfirst = '(c := 1)'\nsecond = '2; global c'\n"
    write("pyproject.toml", config)
    write("a.yaml", 'first: "100"\n')
    write("b.yaml", 'second: "100"\n')
    write("limits.py", "def f():\n    FIRST = 100\n    SECOND = 100\n")
    result = run("apply", "scale", "--format", "json")
    after = contents(project)
    assert after["limits.py"] == b"def f():\n    FIRST = (c := 1)\n    SECOND = 100\n"
    assert (after["a.yaml"], after["b.yaml"]) == (b'first: "10"\n', b'second: "100"\n')
    (left,) = json.loads(result.stdout)["left"]
    assert left["path"] == "b.yaml"
    assert "limits.py would not be valid Python" in left["reason"]


def test_not_written_in_part(
    run: Run, write: Write, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.yaml", 'max_scale: "100"\n')
    write("limits.py", "MAX_SCALE = 100\n")
    write("other.yaml", 'max_more: "100"\n')
    os.link(project / "limits.py", project / "second_name")
    result = run("apply", "scale", "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert [each["path"] for each in document["problems"]] == ["limits.py"]
    assert [(each["path"], each["reason"]) for each in document["left"]] == [
        (
            "a.yaml",
            "not written: it belongs to edits of other files, and limits.py cannot be written",
        )
    ]
    after = contents(project)
    assert after["a.yaml"] == b'max_scale: "100"\n'
    assert after["limits.py"] == b"MAX_SCALE = 100\n"
    assert after["other.yaml"] == b'max_more: "10"\n'


def test_what_was_written_goes_back_where_the_disk_refuses_the_rest(
    run: Run, write: Write, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.yaml", 'max_scale: "100"\n')
    write("limits.py", "MAX_SCALE = 100\n")
    before = contents(project)
    replace = files.replace

    def refuse(path: str, old: bytes, new: bytes, mode: int | None = None) -> None:
        if path.endswith("limits.py"):
            raise files.FileProblem("no space left on the disk")
        replace(path, old, new, mode)

    monkeypatch.setattr(commands.files, "replace", refuse)
    result = run("apply", "scale")
    assert result.exit_code == 2
    assert "no space left" in result.output
    assert contents(project) == before


def test_standard_input_is_one_file(run: Run, write: Write, project: Path) -> None:
    write("limits.py", "MAX_SCALE = 100\n")
    text = 'max_scale: "100"\n'
    result = run("apply", "scale", "-", "--stdin-filename", "a.yaml", "--diff", input=text)
    assert result.exit_code == 0
    assert "and standard input is one file" in run(
        "apply", "scale", "-", "--stdin-filename", "a.yaml", input=text
    ).output.replace("\n", " ")
    assert contents(project)["limits.py"] == b"MAX_SCALE = 100\n"


def test_asked_once_with_all_that_would_change(run: Run, write: Write, project: Path) -> None:
    write("a.yaml", 'max_scale: "100"\n')
    write("b.yaml", 'max_other: "100"\n')
    write("limits.py", "MAX_SCALE = 100\nMAX_OTHER = 100\nwait()\n")
    result = run("apply", "all", "-i", input="y\nn\nn\ny\n")
    assert result.output.count("Make this edit?") == 4  # about the last again: its file changed
    assert "  and in limits.py:" in result.output
    assert contents(project)["limits.py"] == b"MAX_SCALE = 10\nMAX_OTHER = 100\nwait(timeout=5)\n"
    assert contents(project)["b.yaml"] == b'max_other: "100"\n'


def test_a_formatter_has_its_way(run: Run, write: Write, project: Path) -> None:
    write("pyproject.toml", "[tool.ruff]\n[tool.qw-codemod.scale]\nnew = '( 10 )'\n")
    write("a.yaml", 'max_scale: "100"\n')
    write("limits.py", "MAX_SCALE = 100\nMAX_SCALE = 100\n")
    assert run("apply", "scale").exit_code == 0
    assert contents(project)["limits.py"] == b"MAX_SCALE = 10\nMAX_SCALE = 10\n"


def test_the_test_kit_makes_them(pack: Pack) -> None:
    project = {"a.yaml": 'max_scale: "100"\n', "limits.py": "wait()\nMAX_SCALE = 100\n"}
    assert apply_to_files(project, pack=pack) == {
        "a.yaml": 'max_scale: "10"\n',
        "limits.py": "wait(timeout=5)\nMAX_SCALE = 10\n",
    }
