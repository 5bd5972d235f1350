"""Every format names every finding and every file that could not be examined."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from qw_codemod.app.report import diff
from qw_codemod.engine.results import Counts

Write = Callable[..., Path]
Run = Callable[..., Result]
Git = Callable[..., str]

FORMATS = ("text", "json", "sarif", "github", "html")


def stdout(result: Result) -> str:
    return result.stdout


@pytest.mark.parametrize("format_", FORMATS)
def test_what_could_not_be_examined_is_named(run: Run, write: Write, format_: str) -> None:
    write("broken.py", "\n\nwait(\n")
    write("crash.py", "wait('crash')\n")
    write("nul.py", b"wait()\0\n")
    result = run("check", "--format", format_, ".", "gone.py")
    assert result.exit_code == 2
    for text in ("broken.py", "was never closed", "crash.py", "no such thing", "TOY101"):
        assert text in result.output
    for text in ("nul.py", "NUL bytes", "gone.py", "does not exist"):
        assert text in result.output


@pytest.mark.parametrize("format_", FORMATS)
def test_paths_are_relative_with_forward_slashes(
    run: Run, write: Write, project: Path, format_: str
) -> None:
    write("pkg/sub/a.py", "wait()\n")
    result = run("check", "--format", format_, "--why")
    assert "pkg/sub/a.py" in result.output
    assert str(project) not in result.output


def test_text_shows_the_line_and_underlines_the_span(run: Run, write: Write) -> None:
    write("a.py", "if 1:\n\tx = '日本', job.wait(1)  # y\n")
    output = run("check").output
    assert output.splitlines()[:5] == [
        "a.py:2:16: TOY101 `wait()` without `timeout=` waits for ever",
        "  |",
        "2 | \tx = '日本', job.wait(1)  # y",
        "  | \t            ^^^^^^^^^^^",
        "",
    ]


def test_text_crops_a_line_that_is_data(run: Run, write: Write) -> None:
    write("a.py", f"x = '{'a' * 1000}'; job.wait(1)\n")
    lines = run("check").output.splitlines()
    assert max(map(len, lines)) < 200
    start = lines[2].index("job.wait(1)")
    assert lines[3][start:] == "^" * len("job.wait(1)")


def test_text_obeys_no_escape_sequence_of_the_file(run: Run, write: Write) -> None:
    write("a.py", "wait('\x1b[2J')\n")
    assert "\x1b" not in run("check", "--why").output


def test_colour_only_where_it_is_wanted(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.py", "wait()\n")
    assert "\x1b" not in run("check").output
    assert "\x1b[" in run("check", color=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("check", color=True).output


def test_why_prints_the_chain(run: Run, write: Write) -> None:
    write("a.py", "\nwait()\n")
    assert "why it is proven:\n      1. it is called wait  a.py:2" in run("check", "--why").output
    assert "it is called" not in run("check").output


def test_the_summary_counts_what_each_way_would_add(run: Run, write: Write) -> None:
    write(
        "a.py", "wait()\nwait('likely', 1)\nwait('likely', 2)\nwait('unsafe')\nwait('hopeless')\n"
    )
    output = run("check").output
    assert "Found 5 findings in 1 of 1 file: 3 proven, 2 likely" in output
    assert "  1 edited by: qw-codemod apply waits\n" in output
    assert "  2 more edited by: qw-codemod apply waits --likely\n      2  only its name" in output
    assert "  1 more edited by: qw-codemod apply waits --unsafe\n      1  swallowed in" in output
    assert re.search(r"  1 to change by hand:\n.*\n +a\.py:5\n", output)


def test_apply_says_what_was_left_and_what_to_type(run: Run, write: Write) -> None:
    write("my dir/a.py", "wait()\nwait('likely')\nwait('unsafe')\nwait('hopeless')\n")
    output = run("apply", "waits", "my dir").output
    assert "my dir/a.py: changed, 1 edit, 3 left" in output
    assert "  1 more with: qw-codemod apply waits 'my dir' --likely\n" in output
    assert "  1 more with: qw-codemod apply waits 'my dir' --unsafe\n" in output
    assert "Undo with: qw-codemod undo" in output


@pytest.mark.parametrize("command", [("check",), ("apply", "waits")])
def test_what_needs_no_change_is_not_left_to_a_person(
    run: Run, write: Write, command: tuple[str, ...]
) -> None:
    write("a.py", "wait('needless')\n")
    output = run(*command).output
    assert "by hand" not in output
    assert "  1 with nothing to change:\n      1  it is called wait" in output


def loaded(run: Run, *arguments: str) -> Any:
    return json.loads(stdout(run("check", *arguments)))


def test_json_has_the_keys_that_programs_rely_on(run: Run, write: Write) -> None:
    write("a.py", "x = (y\n  .wait('likely'))\nwait()  # noqa: TOY101\n")
    document = loaded(run, "--output-format", "json")
    (finding,) = document["findings"]
    assert finding == {
        "path": "a.py",
        "line": 2,
        "column": 4,
        "end_line": 2,
        "end_column": 18,
        "code": "TOY101",
        "name": "endless-wait",
        "message": "`wait()` without `timeout=` waits for ever",
        "level": "likely",
        "doubt": "only its name",
        "fixable": True,
        "safety": "safe",
        "caution": "",
        "evidence": [{"fact": "it is called wait", "path": "a.py", "line": 1}],
    }
    assert [each["line"] for each in document["suppressed"]] == [3]
    assert document["summary"]["exit_code"] == 0
    assert document["version"] == 1


def sarif(run: Run) -> Any:
    return loaded(run, "--format", "sarif")["runs"][0]


def prints(result: Any) -> Any:
    return result["partialFingerprints"]["primaryLocationLineHash"]


def test_sarif_fingerprints_outlive_moved_lines(run: Run, write: Write) -> None:
    write("a.py", "wait(1)\nwait(1)\nwait(2)\n")
    before = [prints(each) for each in sarif(run)["results"]]
    write("a.py", "# more\n\nif x:\n    wait(1)\n    wait(1)\nwait(2)\n")
    assert [prints(each) for each in sarif(run)["results"]] == before
    assert len(set(before)) == 3
    write("b.py", "wait(1)\n")
    assert len({prints(each) for each in sarif(run)["results"]}) == 4


def test_sarif_paths_are_relative_to_the_root_from_any_folder(
    run: Run, write: Write, git: Git, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("my pkg/a.py", "wait()\n")
    monkeypatch.chdir(project / "my pkg")
    (result,) = sarif(run)["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "my%20pkg/a.py", "uriBaseId": "%SRCROOT%"}


def test_sarif_keeps_suppressed_results_as_such(run: Run, write: Write) -> None:
    write("a.py", "wait(1)  # noqa: TOY101\nwait(2)\n")
    first, second = sarif(run)["results"]
    assert [each["kind"] for each in first["suppressions"]] == ["inSource"]
    assert "suppressions" not in second


def test_sarif_marks_what_the_baseline_knows(run: Run, write: Write) -> None:
    write("a.py", "wait(1)\n")
    run("check", "--baseline", "b.json", "--write-baseline")
    document = loaded(run, "--format", "sarif", "--baseline", "b.json")
    (result,) = document["runs"][0]["results"]
    assert [each["kind"] for each in result["suppressions"]] == ["external"]


def test_sarif_says_whether_the_run_succeeded(run: Run, write: Write) -> None:
    write("a.py", "wait(")
    (invocation,) = sarif(run)["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    (notification,) = invocation["toolExecutionNotifications"]
    assert "was never closed" in notification["message"]["text"]


def test_sarif_rule_indexes_point_at_their_rules(run: Run, write: Write) -> None:
    write("a.py", "wait()\nx = 1  # noqa: TOY101\n")
    document = sarif(run)
    rules = document["tool"]["driver"]["rules"]
    assert [rules[each["ruleIndex"]]["id"] for each in document["results"]] == ["TOY101", "QW001"]
    assert [each["level"] for each in document["results"]] == ["error", "warning"]


def test_github_escapes_what_would_end_a_command(run: Run, write: Write) -> None:
    write("a,b:c%.py", "wait()\nwait('likely')\n")
    lines = stdout(run("check", "--format", "github")).splitlines()
    place = "file=a%2Cb%3Ac%25.py"
    message = "`wait()` without `timeout=` waits for ever"
    assert lines == [
        f"::error {place},line=1,col=1,endColumn=7,title=TOY101 endless-wait::{message}",
        f"::warning {place},line=2,col=1,endColumn=15,title=TOY101 endless-wait::{message}"
        " (likely: only its name)",
    ]


def test_github_paths_are_relative_to_the_workspace(
    run: Run, write: Write, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("pkg/a.py", "wait()\n")
    monkeypatch.chdir(project / "pkg")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project))
    assert "file=pkg/a.py," in stdout(run("check", "--format", "github"))


class Page(HTMLParser):
    """What a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]


def test_html_stands_alone_and_escapes(run: Run, write: Write) -> None:
    write("a.py", "wait('</pre><script>alert(1)</script>')\n")
    page = Page()
    output = stdout(run("check", "--format", "html"))
    page.feed(output)
    assert not page.loaded
    assert "script" not in page.tags
    assert "&lt;script&gt;" in output


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\n", b"a\nc\n"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"a\rb\rc", b"a\rx\rc"),
        (b"a\nb", b"a\nc"),
        (b"a\nb", b"a\nb\n"),
        (b"\xff\n\x0c\nb\n", b"\xff\n\x0c\nc\n"),
        (b"x\n" * 50 + b"b\n" + b"y\n" * 50, b"x\n" * 50 + b"c\n" + b"y\n" * 49 + b"z"),
    ],
)
def test_git_takes_the_diff(project: Path, git: Git, before: bytes, after: bytes) -> None:
    (project / "a.py").write_bytes(before)
    (project / "p.diff").write_bytes(diff.render("a.py", before, after))
    git("-c", "core.autocrlf=false", "apply", "p.diff")
    assert (project / "a.py").read_bytes() == after


@pytest.mark.parametrize(
    ("counts", "command", "likely", "code"),
    [
        (Counts(), "check", False, 0),
        (Counts(likely=3), "check", False, 0),
        (Counts(likely=3), "check", True, 1),
        (Counts(proven=1), "check", False, 1),
        (Counts(proven=1, failed=1), "check", False, 2),
        (Counts(suppressed=1, unused=1, baselined=1), "check", False, 0),
        (Counts(proven=1, changed=1, left=1), "apply", False, 0),
        (Counts(changed=1, failed=1), "apply", False, 2),
        (Counts(proven=1, left=1), "diff", False, 0),
        (Counts(changed=1), "diff", False, 1),
    ],
)
def test_exit_codes(counts: Counts, command: Any, likely: bool, code: int) -> None:
    assert counts.exit_code(command, likely) == code


def test_reasons_that_differ_in_their_lines_alone_are_one(run: Run, write: Write) -> None:
    write("a.py", "wait('unsafe')\nwait('unsafe')\n")
    output = run("apply", "waits", ".").output
    assert "      2  unsafe: swallowed\n         a.py:1, a.py:2\n" in output
