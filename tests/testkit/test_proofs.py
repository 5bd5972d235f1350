"""The test kit: it proves what holds of a toy family, and says what does not."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import libcst as cst
import pytest

from qw_codemod.app.config import ConfigError
from qw_codemod.edit.arguments import with_keyword
from qw_codemod.languages.python import SourceFile
from qw_codemod.rules.api import (
    Check,
    Codemod,
    Context,
    Evidence,
    Fact,
    Match,
    Obstacle,
    Rewrite,
    Statement,
    Unsafe,
)
from qw_codemod.rules.packs import Pack, assemble
from qw_codemod.testkit import apply_to_files, apply_to_text, check_files, check_text
from qw_codemod.testkit import proofs as fixtures
from qw_codemod.testkit.markers import verdicts
from qw_codemod.testkit.proofs import APP_PROOFS, PROOFS, App, Family

BEFORE = b'''\
"""Waits."""

from __future__ import annotations

import os


def first(job):
    wait()  # expect: TOY1
    return wait(wait(job))  # expect: TOY1, TOY1


def second(perhaps):
    if os:
        x = wait(
            perhaps,
            1,
        )
        wait(perhaps)  # expect: TOY1 likely
    return x


class Third:
    def method(self):
        return self.job.wait("never")  # expect: TOY1 unsafe
'''.replace(b"x = wait(\n", b"x = wait(  # expect: TOY1 likely\n")
CLEAN = b"wait(t=1)\nawait_()\n"

Find = Callable[[SourceFile, Context], Iterator[Match]]
Rewriter = Callable[[cst.CSTNode, Any, Mapping[str, Any]], Rewrite | None]


class Waits(Statement):
    template = "it waits"


class WhoKnows(Statement):
    template = "who knows"


def find_simply(source: SourceFile, context: Context) -> Iterator[Match]:
    for call in source.nodes(ast.Call):
        bound = any(each.arg == "t" for each in call.keywords)
        if not bound and source.text(call.func).endswith("wait"):
            text = source.text(call)
            likely = Evidence("likely", doubt=WhoKnows())
            proven = Evidence("proven", (Fact(Waits(), source.path, call.lineno),))
            evidence = likely if "perhaps" in text else proven
            yield Match(call, "waits for ever", evidence, "t")


class NobodyListens(Statement):
    template = "nobody listens"


def assess(source: SourceFile, context: Context, match: Match) -> Obstacle | None:
    return Unsafe(NobodyListens()) if "never" in source.text(match.node) else None


def rewrite(node: cst.CSTNode, keyword: str, settings: Mapping[str, Any]) -> Rewrite | None:
    assert isinstance(node, cst.Call)
    return Rewrite(with_keyword(node, keyword, str(settings.get("seconds", 3))))


def pack_of(
    find: Find = find_simply, rewrite: Rewriter = rewrite, tokens: tuple[bytes, ...] = (b"wait",)
) -> Pack:
    check = Check("TOY1", "endless-wait", "", find, tokens, assess=assess)
    return assemble({"waits": [check]}, {"waits": Codemod(("TOY1",), rewrite)})


PACK = pack_of()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    family = tmp_path / "waits"
    app = family / "apps" / "small" / "deep"
    app.mkdir(parents=True)
    (family / "before.py").write_bytes(BEFORE)
    (family / "clean.py").write_bytes(CLEAN)
    (family / "pyproject.toml").write_text("[tool.qw-codemod.waits]\nseconds = 7\n")
    (app / "one.py").write_text("wait()  # expect: TOY1\n")
    (app / "two.py").write_text("wait(t=1)\n")
    (tmp_path / "no_family").mkdir()
    return tmp_path


def family_of(folder: Path, pack: Pack = PACK) -> Family:
    (family,) = fixtures.families(folder, pack)
    return family


def app_of(folder: Path, pack: Pack = PACK) -> App:
    (app,) = fixtures.apps(folder, pack)
    return app


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
def test_proofs_hold(folder: Path, proof: Callable[[Family], None]) -> None:
    proof(family_of(folder))


@pytest.mark.parametrize("proof", APP_PROOFS, ids=lambda proof: proof.__name__)
def test_proofs_hold_of_an_app(folder: Path, proof: Callable[[App], None]) -> None:
    proof(app_of(folder))


def test_an_app_outside_of_families_is_run_with_the_rules_that_it_expects(folder: Path) -> None:
    for name, marker in {"waiting": "TOY1", "other": "OTHER1"}.items():
        app = folder / "inference" / "apps" / name
        app.mkdir(parents=True)
        (app / "one.py").write_text(f"wait()  # expect: {marker} likely\n")
    found = {app.name: app.families for app in fixtures.apps(folder, PACK)}
    assert found == {"inference/waiting": ("waits",), "waits/small": ("waits",)}


def find_by_column(source: SourceFile, context: Context) -> Iterator[Match]:
    for hit in find_simply(source, context):
        if hit.node.col_offset < 8:
            yield hit


def find_by_newline(source: SourceFile, context: Context) -> Iterator[Match]:
    return iter(()) if b"\r" in source.data else find_simply(source, context)


def find_by_bom(source: SourceFile, context: Context) -> Iterator[Match]:
    return iter(()) if source.data.startswith(b"\xef") else find_simply(source, context)


def find_by_spaces(source: SourceFile, context: Context) -> Iterator[Match]:
    return iter(()) if b"\t" in source.data else find_simply(source, context)


def find_by_comment(source: SourceFile, context: Context) -> Iterator[Match]:
    return iter(()) if b"noqa" in source.data else find_simply(source, context)


def find_more(source: SourceFile, context: Context) -> Iterator[Match]:
    for call in source.nodes(ast.Call):
        yield Match(call, "calls", Evidence("proven"))


@pytest.mark.parametrize(
    ("proof", "pack"),
    [
        (fixtures.finds_what_is_marked, pack_of(find_by_column)),
        (fixtures.finds_what_is_marked, pack_of(find_more)),
        (fixtures.leaves_clean_alone, pack_of(find_more)),
        (fixtures.shows_every_rule, pack_of(lambda source, context: iter(()))),
        (fixtures.prefilter_hides_nothing, pack_of(tokens=(b"first",))),
        (fixtures.holds_with_crlf, pack_of(find_by_newline)),
        (fixtures.holds_with_bom, pack_of(find_by_bom)),
        (fixtures.holds_with_tabs, pack_of(find_by_spaces)),
        (fixtures.holds_one_block_deeper, pack_of(find_by_column)),
        (fixtures.noqa_silences_each, pack_of(find_by_comment)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_proofs_fail(folder: Path, proof: Callable[[Family], None], pack: Pack) -> None:
    with pytest.raises(AssertionError):
        proof(family_of(folder, pack))


def test_an_edit_that_is_not_where_it_should_be(folder: Path) -> None:
    family = family_of(folder)
    vars(family)["after"] = family.after.replace(b"return x", b"return  x")
    with pytest.raises(AssertionError, match=r"before\.py:20"):
        fixtures.keeps_other_bytes(family)


def test_a_family_that_goes_on(folder: Path) -> None:
    family = family_of(folder)
    vars(family)["after"] = BEFORE
    with pytest.raises(AssertionError):
        fixtures.second_run_changes_nothing(family)


def test_an_app_that_is_wrong(folder: Path) -> None:
    (folder / "waits/apps/small/deep/two.py").write_text("x = wait()\nx()  # expect: TOY1\n")
    with pytest.raises(AssertionError) as failed:
        fixtures.app_finds_what_is_marked(app_of(folder))
    assert "noisy TOY1 at deep/two.py:1: x = wait()" in str(failed.value)
    assert "missing TOY1 at deep/two.py:2: x()  # expect: TOY1" in str(failed.value)


class Recorder:
    """Stands in for pytest-snapshot."""

    def __init__(self) -> None:
        self.snapshot_dir = Path()
        self.seen: dict[str, bytes] = {}

    def assert_match(self, value: bytes, snapshot_name: str) -> None:
        self.seen[snapshot_name] = value


def test_snapshots(folder: Path) -> None:
    recorder = Recorder()
    fixtures.matches_snapshots(family_of(folder), recorder)
    assert recorder.snapshot_dir == folder / "waits"
    assert b'self.job.wait("never", t=7)' in recorder.seen["after.py"]
    assert b"            1,\n            t=7,\n        )" in recorder.seen["after.py"]
    assert recorder.seen["findings.txt"].decode() == (
        "9:5 TOY1 proven safe waits for ever\n"
        "    9: it waits\n"
        "10:12 TOY1 proven safe waits for ever\n"
        "    10: it waits\n"
        "10:17 TOY1 proven safe waits for ever\n"
        "    10: it waits\n"
        "15:13 TOY1 likely safe waits for ever\n"
        "    left: likely only: who knows; edit with --likely\n"
        "19:9 TOY1 likely safe waits for ever\n"
        "    left: likely only: who knows; edit with --likely\n"
        "25:25 TOY1 proven unsafe waits for ever\n"
        "    25: it waits\n"
        "    left: unsafe: nobody listens; edit with --unsafe\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wait()  # expect: TOY1", []),
        ("wait()  # expect: TOY1  # noqa: E501", []),
        ("wait()", ["noisy TOY1 at x.py:1: wait()"]),
        ("wait(t=1)  # expect: TOY1", ["missing TOY1 at x.py:1: wait(t=1)  # expect: TOY1"]),
        ("wait(wait(t=1))  # expect: TOY1, TOY1", ["missing TOY1"]),
        ("wait()  # expect: TOY1 likely", ["missing TOY1 likely", "noisy TOY1"]),
        ("wait('never')  # expect: TOY1 unsafe", []),
        ("wait('never')  # expect: TOY1 safe", ["x.py:1: TOY1 is not safe"]),
        ("wait('perhaps')  # expect: TOY1 likely safe", []),
    ],
)
def test_verdicts(text: str, expected: list[str]) -> None:
    findings = check_text(f"{text}\n", pack=PACK)
    actual = verdicts(f"{text}\n".encode(), findings, "x.py")
    assert len(actual) == len(expected)
    assert all(line.startswith(start) for line, start in zip(actual, expected, strict=True))


def test_a_marker_that_is_not_understood() -> None:
    with pytest.raises(AssertionError, match="not understood"):
        verdicts(b"wait()  # expect: something\n", ())


def test_text() -> None:
    settings = {"waits": {"seconds": 9}}
    assert apply_to_text("wait()\r\n", ("waits",), settings, pack=PACK) == "wait(t=9)\r\n"
    text = "wait('perhaps')\nwait('never')\n"
    assert apply_to_text(text, pack=PACK) == text
    assert "perhaps', t=3" in apply_to_text(text, likely=True, pack=PACK)
    assert "never', t=3" in apply_to_text(text, unsafe=True, pack=PACK)
    assert [each.line for each in check_text(text, pack=PACK)] == [1, 2]


def test_files() -> None:
    files = {"a/b.py": "wait()\n", "c.py": "x = 1\n", "notes.txt": "wait()"}
    assert apply_to_files(files, pack=PACK) == {"a/b.py": "wait(t=3)\n", "c.py": "x = 1\n"}
    found = check_files(files, pack=PACK)
    assert [len(found[path]) for path in ("a/b.py", "c.py")] == [1, 0]


def test_a_problem_is_raised() -> None:
    with pytest.raises(AssertionError, match="cannot parse"):
        check_text("wait(\n", pack=PACK)


def test_settings_come_from_the_folder(folder: Path) -> None:
    family = family_of(folder)
    assert family.setup.settings == {"waits": {"seconds": 7}}
    text = "[tool.qw-codemod.types]\n'a.b' = 'c.D'\n"
    (folder / "waits/apps/small/pyproject.toml").write_text(text)
    assert app_of(folder).setup.types == {"a.b": "c.D"}
    assert family.setup.families == ("waits",)


def test_the_settings_of_fixtures_are_checked(folder: Path) -> None:
    (folder / "waits" / "pyproject.toml").write_text("[tool.qw-codemod.wait]\nseconds = 7\n")
    with pytest.raises(ConfigError, match="did you mean 'waits'"):
        family_of(folder).setup  # noqa: B018
