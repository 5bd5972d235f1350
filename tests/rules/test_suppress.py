"""noqa comments: what they silence, and which of them silence nothing."""

from __future__ import annotations

import ast

import pytest

from qw_codemod.kernel.model import Evidence, Finding
from qw_codemod.languages.python import SourceFile
from qw_codemod.rules.suppress import UNUSED_CODE, Verdict, noqas, suppress

CODES = {"QW101", "QW102"}


def judge(text: str, code: str = "QW101", codes: set[str] = CODES) -> Verdict:
    """With one finding on each call of `wait`, at the name that is called."""
    source = SourceFile("x.py", text.encode())
    findings = [
        Finding(
            code=code,
            rule="endless-wait",
            family="timeouts",
            path="x.py",
            line=call.func.end_lineno or 0,
            column=1,
            end_line=call.end_lineno or 0,
            span=source.span(call),
            message="",
            evidence=Evidence("proven"),
        )
        for call in source.nodes(ast.Call)
        if source.text(call.func).endswith("wait")
    ]
    return suppress(source, findings, codes)


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# NoQA",
        "#noqa",
        "# noqa: QW101",
        "# noqa:QW101",
        "# noqa : qw101",
        "# noqa: E501,QW101",
        "# noqa: E501, QW101",
        "# noqa: E501 QW101",
        "# noqa: QW101 it ends by itself",
        "# type: ignore  # noqa: QW101",
        "# noqa: E501  # noqa: QW101",
    ],
)
def test_silences(comment: str) -> None:
    verdict = judge(f"wait()  {comment}\n")
    assert not verdict.kept
    assert len(verdict.suppressed) == 1
    assert not verdict.unused


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: E501",
        "# noqa: QW1011",
        "# noqa: is not wanted here",
        "# noqa:",
        "# noqa-like",
        "# noqaQW101",
        "# no qa",
    ],
)
def test_does_not_silence(comment: str) -> None:
    verdict = judge(f"wait()  {comment}\n")
    assert len(verdict.kept) == 1
    assert not verdict.suppressed


@pytest.mark.parametrize("line", [0, 1, 3])
def test_on_the_first_the_last_and_the_line_found(line: int) -> None:
    lines = ["(job", "    .wait(", "        1,", "    ))"]
    lines[line] += "  # noqa: QW101"
    assert bool(judge("\n".join(lines)).suppressed)


def test_not_on_another_line_of_the_call() -> None:
    assert judge("(job\n    .wait(\n        1,  # noqa: QW101\n    ))").kept


def test_a_string_is_no_comment() -> None:
    assert judge('wait("# noqa: QW101")\n').kept
    assert judge('wait("""\n# noqa: QW101\n""")\n').kept


def test_an_unused_suppression_is_reported() -> None:
    verdict = judge("x = 1  # noqa: E501, QW102\nwait()\n")
    (unused,) = verdict.unused
    assert (unused.code, unused.line, unused.column) == (UNUSED_CODE, 1, 22)
    assert "QW102" in unused.message
    assert unused.span.end - unused.span.start == len("QW102")


def test_each_code_is_judged_alone() -> None:
    (unused,) = judge("wait()  # noqa: QW101, QW102\n").unused
    assert "QW102" in unused.message


def test_codes_of_rules_that_did_not_run_are_not_unused() -> None:
    assert not judge("x = 1  # noqa: QW102\n", codes={"QW101"}).unused


def test_a_bare_noqa_is_never_unused() -> None:
    assert not judge("x = 1  # noqa\n").unused


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_alike_whatever_ends_them(newline: str) -> None:
    text = newline.join(["'''", "é", "'''", "x = 1", "wait()  # noqa: QW101", ""])
    assert judge(text).suppressed


def test_a_form_feed_and_a_byte_order_mark_are_no_lines() -> None:
    assert judge("\ufeffx = 1\n\x0c\ny = '\x1d'\nwait()  # noqa: QW101\n").suppressed


def test_where_the_tokenizer_gives_up() -> None:
    source = SourceFile("x.py", b"wait()  # noqa\nx = (\n")
    assert [noqa.line for noqa in noqas(source)] == [1]
