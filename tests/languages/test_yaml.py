"""Where the comments of a YAML file are, and what no YAML may hold."""

from __future__ import annotations

import pytest

from qw_codemod.kernel.document import Document, UnreadableSource
from qw_codemod.kernel.model import Span
from qw_codemod.languages.yaml import YAML, YamlFile


def comments(text: str) -> list[str]:
    return [comment.text for comment in YamlFile("x.yaml", text.encode()).comments()]


@pytest.mark.parametrize(
    "text",
    [
        "# one\na: 1 # two\n  # three",
        'a: "x # no" # one\nb: it\'s # two\nc: x#y # three',
        "a: 'it''s # no\n  # no' # one\nb: \"\\\" # no\" # two\nc:# no\nd: 1 # three",
        "a: | # one\n  # no\n   text: ' \"\n\n  # no\nb: 1 # two\n# three",
        "a:\n- >-\n   # no\n- b: |2\n\n      # no\n# one\nc: 1 # two\n# three",
        "a: {b: '# no', c: [1, # one\n 2 # two\n]} # three",
        'a: plain\n  goes "on # one\n\nb: &x !!str # two\nc: *x # three',
        '"# no": |\n # no\n? |\n # no\n: 1 # one\n- # two\n# three',
        "--- # one\n- |\n # no\n--- |\n # no\n... # two\n--- # three",
        "--- >\n   # no\n # one\na: {{ .Values.x | quote }} # two\n{{ if x }} # three",
        "a:\n  |\n  # no\nb: # one\n  c # two\n%: x # three",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_comments(text: str, newline: str, start: str) -> None:
    assert comments(start + text.replace("\n", newline)) == ["# one", "# two", "# three"]


def test_places_are_counted_in_characters() -> None:
    (comment,) = YamlFile("x.yaml", "é: 'é' # é".encode()).comments()
    assert (comment.line, comment.column) == (1, 8)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 'x\nb: 1\n", "a quote that opens in line 1 is not closed"),
        ('\na: "x\\"\n', "a quote that opens in line 2 is not closed"),
        ("a: [1\n", "`[` in line 1 is not closed"),
        ("a: {b: [1}\n", "`}` in line 1 closes another bracket"),
        ("a:\n\tb: 1\n", "a tab indents line 2"),
        ("a: it's [\nb: x}\n", ""),
        ("a: |\n \tx\n\t# y\n", ""),
        ("a: [\n\t1]\n", ""),
    ],
)
def test_why_it_is_invalid(text: str, reason: str) -> None:
    assert YamlFile("x.yaml", text.encode()).why_invalid() == reason


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [(b"a: 1\nb: \xff\n", 2, "not utf-8"), ("a: 1\n".encode("utf-16"), 1, "NUL bytes")],
)
def test_what_cannot_be_read(data: bytes, line: int, reason: str) -> None:
    with pytest.raises(UnreadableSource, match=reason) as caught:
        YamlFile("x.yaml", data).check_readable()
    assert caught.value.line == line


def test_positions_of_any_document() -> None:
    document = Document("x", "\ufeffé\r\nab\rc".encode())
    assert document.newline == b"\r\n"
    assert [document.line_text(line) for line in (1, 2, 3)] == ["é", "ab", "c"]
    assert [document.position(at) for at in (3, 5, 7, 8, 10)] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
        (3, 1),
    ]
    assert document.span(Span(3, 5)) == Span(3, 5)
    assert document.source_of(Span(3, 5)) == "é"


def test_files_by_name() -> None:
    names = ["a.yaml", "deep/b.yml", "c.yaml.txt", "yaml", "D.YAML"]
    assert [name for name in names if YAML.matches(name)] == ["a.yaml", "deep/b.yml"]
