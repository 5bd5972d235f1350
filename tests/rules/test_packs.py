"""Rule packs: loaded by entry point, refused where they contradict each other, selected by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from qw_codemod.rules import packs
from qw_codemod.rules.api import Check, Codemod, Lazy
from qw_codemod.rules.packs import GROUP, Pack, PackError, assemble, load

CHECK = '''"""Waits without an end."""
from qw_codemod.rules.api import Check
CHECKS = (Check("{code}", "{name}", "what it finds", lambda source, context: (), ()),)
'''
CODEMOD = """
from qw_codemod.rules.api import Codemod
CODEMOD = Codemod(("{code}",), lambda node, finding, settings: None)
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Makes packages of the given modules, with entry points to them."""
    found: list[EntryPoint] = []
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(packs, "entry_points", lambda group: [x for x in found if x.group == group])
    before = set(sys.modules)

    def add(kind: str, package: str, **modules: str) -> None:
        folder = tmp_path / package
        folder.mkdir()
        for name, text in {"__init__": "", **modules}.items():
            (folder / f"{name}.py").write_text(text)
        found.append(EntryPoint(kind, package, GROUP))

    yield add
    for name in set(sys.modules) - before:
        if name.startswith("toy_"):
            del sys.modules[name]


def check(code: str = "TOY1", name: str = "endless-wait") -> str:
    return CHECK.format(code=code, name=name)


def codemod(code: str = "TOY1") -> str:
    return CODEMOD.format(code=code)


def test_modules_are_families(install: Install) -> None:
    install("checks", "toy_checks", waits=check(), _shared="1 / 0")
    install("codemods", "toy_codemods", waits=codemod())
    install("checks", "toy_others", prints=check("OTHER9", "left-print"))
    pack = load()
    assert [(rule.code, rule.name, rule.family) for rule in pack.rules] == [
        ("OTHER9", "left-print", "prints"),
        ("TOY1", "endless-wait", "waits"),
    ]
    assert pack.rule("toy1").doc == "Waits without an end."
    assert pack.families == ("prints", "waits")
    assert pack.fixes("waits")
    assert not pack.fixes("prints")


def test_codemods_are_imported_when_asked_for(install: Install) -> None:
    install("checks", "toy_checks", waits=check())
    install("codemods", "toy_codemods", waits=codemod())
    pack = load()
    assert "toy_codemods.waits" not in sys.modules
    assert set(pack.codemods()) == {"TOY1"}
    assert "toy_codemods.waits" in sys.modules


def test_the_same_package_seen_twice_is_one(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("checks", "toy_checks", waits=check())
    once = packs.entry_points(group=GROUP)
    monkeypatch.setattr(packs, "entry_points", lambda group: [*once, *once])
    assert load().codes == {"TOY1"}


def test_no_rules_is_an_error(install: Install) -> None:
    with pytest.raises(PackError, match="no rules found"):
        load()
    install("checks", "toy_checks")
    with pytest.raises(PackError, match="no rules found"):
        load()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nonsense_of_mine", "cannot import the rules in toy_checks.waits"),
        ("def", "cannot import"),
        ("CHECK = ()", "has no `CHECKS`"),
        ("CHECKS = []", "has no `CHECKS`"),
        ("CHECKS = (1,)", "has no `CHECKS`"),
        (check("1"), "code '1'"),
        (check("qw1"), "code 'qw1'"),
        (check(name="No Name"), "name 'No Name'"),
    ],
)
def test_what_is_wrong_with_a_module_is_said(install: Install, text: str, words: str) -> None:
    install("checks", "toy_checks", waits=text)
    with pytest.raises(PackError, match=words):
        load()


def test_wrong_entry_points(install: Install) -> None:
    install("rules", "toy_checks", waits=check())
    with pytest.raises(PackError, match="must be `checks` or `codemods`"):
        load()


def test_a_module_is_no_package(install: Install, tmp_path: Path) -> None:
    install("checks", "toy_checks")
    (tmp_path / "toy_checks" / "__init__.py").unlink()
    (tmp_path / "toy_checks").rmdir()
    (tmp_path / "toy_checks.py").write_text("")
    with pytest.raises(PackError, match="not a package"):
        load()


@pytest.mark.parametrize(
    ("family", "code", "name", "words"),
    [
        ("more", "TOY1", "another-name", "'TOY1' is in the families"),
        ("more", "TOY2", "endless-wait", "'endless-wait' is in the families"),
        ("waits", "TOY2", "another-name", "family 'waits' comes from"),
    ],
)
def test_duplicates_are_refused(
    install: Install, family: str, code: str, name: str, words: str
) -> None:
    install("checks", "toy_checks", waits=check())
    install("checks", "toy_others", **{family: check(code, name)})
    with pytest.raises(PackError, match=words):
        load()


def test_codemods_must_fit(install: Install) -> None:
    install("checks", "toy_checks", waits=check())
    install("codemods", "toy_codemods", waits=codemod(), more=codemod())
    with pytest.raises(PackError, match="two codemods"):
        load().codemods()


def test_a_codemod_for_no_rule(install: Install) -> None:
    install("checks", "toy_checks", waits=check())
    install("codemods", "toy_codemods", waits=codemod("TOY7"))
    with pytest.raises(PackError, match="TOY7, which no check finds"):
        load().codemods()


@pytest.fixture
def pack() -> Pack:
    def rule(code: str, name: str) -> Check:
        return Check(code, name, "", lambda source, context: (), ())

    return assemble(
        {
            "timeouts": [rule("QW101", "endless-wait"), rule("QW102", "wrong-timeout")],
            "excepts": [rule("QW201", "bare-except")],
        },
        {"timeouts": Codemod(("QW101",), lambda node, finding, settings: None)},
    )


@pytest.mark.parametrize(
    ("selectors", "codes"),
    [
        (["timeouts"], {"QW101", "QW102"}),
        (["qw101"], {"QW101"}),
        (["QW101,excepts"], {"QW101", "QW201"}),
        (["QW102", " bare-except "], {"QW102", "QW201"}),
        (["all"], {"QW101", "QW102", "QW201"}),
    ],
)
def test_select(pack: Pack, selectors: list[str], codes: set[str]) -> None:
    assert pack.select(selectors) == codes


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("timeout", "did you mean timeouts"),
        ("QW111", "QW101"),
        ("endles-wait", "did you mean endless-wait"),
        ("xyzzy", "`qw-codemod rules` lists them"),
    ],
)
def test_unknown_selectors_name_near_ones(pack: Pack, selector: str, hint: str) -> None:
    with pytest.raises(PackError, match=hint):
        pack.select([selector])


def test_selecting_nothing_is_an_error(pack: Pack) -> None:
    for nothing in ([], [""], [","]):
        with pytest.raises(PackError, match="no rules selected"):
            pack.select(nothing)


def test_rule_by_code_or_name(pack: Pack) -> None:
    assert pack.rule("QW102") is pack.rule("wrong-timeout")
    with pytest.raises(PackError, match="unknown rule 'QW109'"):
        pack.rule("QW109")


def test_the_built_in_rules_come_the_same_way() -> None:
    pack = load()
    assert {"QW101", "QW102", "QW103"} <= pack.select(["timeouts"])
    assert set(pack.codemods()) <= pack.codes
    for rule in pack.rules:
        assert rule.check.summary, rule.code
        assert rule.doc, rule.code


def test_every_function_that_is_imported_late_is_there() -> None:
    checks = [rule.check for rule in load().rules]
    functions = [each for check in checks for each in (check.find, check.assess, check.plan)]
    late = [each for each in functions if isinstance(each, Lazy)]

    assert late
    assert all(callable(each.function) for each in late)


def test_the_list_of_rules_needs_nothing_that_examines_files() -> None:
    code = "import sys; from qw_codemod.rules.packs import load; load(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "qw_codemod.checks.excepts" in run.stdout.split()
    assert not {"qw_codemod.infer", "qw_codemod.facts.project"} & {*run.stdout.split()}
