"""Proofs over a family's fixtures: functions that raise AssertionError with what is wrong."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from qw_codemod.engine.reasons import Declined
from qw_codemod.kernel.document import Document, language_of
from qw_codemod.kernel.model import FileReport, Finding
from qw_codemod.kernel.statements import render
from qw_codemod.languages.python import SourceFile
from qw_codemod.rules.packs import Pack, load
from qw_codemod.testkit import Setup, edited, run_files, run_folder
from qw_codemod.testkit.markers import expected_codes, verdicts

_BOM = b"\xef\xbb\xbf"


class Snapshot(Protocol):
    """What is used of pytest-snapshot's fixture."""

    snapshot_dir: Path

    def assert_match(self, value: bytes, snapshot_name: str) -> None: ...


@dataclass(frozen=True)
class Family:
    """The folder of a family: before.py, clean.py, after.py, findings.txt.

    A pyproject.toml in it may set the family's values. The files of a family on another language
    end as that language's do: before.yaml, clean.yaml, after.yaml.
    """

    folder: Path
    pack: Pack

    @property
    def name(self) -> str:
        """The name of the folder and of the family."""
        return self.folder.name

    @cached_property
    def suffix(self) -> str:
        """What its files end in."""
        found = sorted(path.suffix for path in self.folder.glob("before.*"))
        return ".py" if ".py" in found else found[0]

    @property
    def is_python(self) -> bool:
        """Whether its files are Python."""
        return self.suffix == ".py"

    def document(self, data: bytes) -> Document:
        """A text as a file of the family's language."""
        name = f"before{self.suffix}"
        language = language_of(name, self.pack.languages())
        assert language is not None, f"no rule reads {name}"
        return language.document(name, data)

    @cached_property
    def before(self) -> bytes:
        """The file in which every marked line must be found, and nothing else."""
        return (self.folder / f"before{self.suffix}").read_bytes()

    @cached_property
    def clean(self) -> bytes:
        """The file in which nothing may be found."""
        return (self.folder / f"clean{self.suffix}").read_bytes()

    @cached_property
    def found(self) -> FileReport:
        """The report on before.py."""
        return self.run(self.before)

    @cached_property
    def fixed(self) -> FileReport:
        """The report on before.py with every edit allowed."""
        return self.run(self.before, fix=True)

    @cached_property
    def after(self) -> bytes:
        """before.py when all is edited that can be."""
        return edited(self.before, self.fixed)

    @cached_property
    def setup(self) -> Setup:
        """How the family's rules are run on its fixtures."""
        return Setup((self.name,), pack=self.pack).configured(self.folder)

    def run(self, data: bytes, fix: bool = False) -> FileReport:
        """The report on a text, with every edit allowed if fixing."""
        setup = replace(self.setup, fix=fix, likely=fix, unsafe=fix)
        name = f"before{self.suffix}"
        return run_files({name: data}, setup)[name]

    def apply(self, data: bytes) -> bytes:
        """The text with every edit made."""
        return edited(data, self.run(data, fix=True))


@dataclass(frozen=True)
class App:
    """A small project of several files, `apps/<name>/` in a folder of fixtures.

    The rules of the folder's family are run on it; where the folder is no family's, those of the
    families whose codes its files expect.
    """

    folder: Path
    family: str
    pack: Pack

    @property
    def name(self) -> str:
        """The folder and the case."""
        return f"{self.family}/{self.folder.name}"

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The families whose rules are run on it; none where no such family is installed."""
        if self.family in self.pack.families:
            return (self.family,)
        codes = {code for data in self.files.values() for code in expected_codes(data)}
        found = {rule.family for rule in self.pack.rules if rule.code in codes}
        return tuple(sorted(found))

    @cached_property
    def paths(self) -> list[str]:
        """The relative paths of its files that rules read."""
        languages = self.pack.languages()
        files = (path for path in self.folder.rglob("*") if path.is_file())
        found = (path.relative_to(self.folder).as_posix() for path in files)
        return sorted(path for path in found if language_of(path, languages))

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The bytes of these files."""
        return {path: (self.folder / path).read_bytes() for path in self.paths}

    @cached_property
    def found(self) -> Mapping[str, FileReport]:
        """The reports on its files, by relative path."""
        return run_folder(self.folder.resolve(), self.paths, self.setup)

    @cached_property
    def setup(self) -> Setup:
        """How the family's rules are run on it."""
        return Setup(self.families, pack=self.pack).configured(self.folder)


def families(fixtures: Path, pack: Pack | None = None) -> list[Family]:
    """The families of a fixtures folder: its folders that hold a before.py (or .yaml, or …)."""
    loaded = pack or load()
    folders = {path.parent for path in fixtures.glob("*/before.*")}
    return [Family(folder, loaded) for folder in sorted(folders)]


def apps(fixtures: Path, pack: Pack | None = None) -> list[App]:
    """The small projects of a fixtures folder, `<family>/apps/<name>/`.

    Those of a folder that is no family's are left out where no installed rule is expected in them.
    """
    loaded = pack or load()
    folders = (path for path in sorted(fixtures.glob("*/apps/*")) if path.is_dir())
    found = [App(path, path.parents[1].name, loaded) for path in folders]
    return [app for app in found if app.families]


def _none(wrong: list[str]) -> None:
    assert not wrong, "\n".join(["", *wrong])


def finds_what_is_marked(family: Family) -> None:
    """Every marked line of before.py is found, and no other."""
    _none(verdicts(family.before, family.found.findings, f"before{family.suffix}"))


def leaves_clean_alone(family: Family) -> None:
    """Nothing is found in clean.py, and nothing is edited."""
    report = family.run(family.clean, fix=True)
    _none(verdicts(family.clean, report.findings, f"clean{family.suffix}"))
    assert report.after is None


def shows_every_rule(family: Family) -> None:
    """before.py has an example of each rule of the family."""
    shown = {finding.code for finding in family.found.findings}
    _none([f"before.py does not show {code}" for code in sorted(_codes(family) - shown)])


def compiles(family: Family) -> None:
    """after.py is valid."""
    assert not family.document(family.after).why_invalid()


def second_run_changes_nothing(family: Family) -> None:
    """Applied to after.py, no edit is left to make."""
    assert family.apply(family.after) == family.after


def keeps_other_bytes(family: Family) -> None:
    """Only lines of the findings change; statements and imports may come between lines."""
    source = family.document(family.before)
    may_change: set[int] = set()
    for finding in family.fixed.fixed:
        may_change.update(range(source.line_of(finding.span.start), finding.end_line + 1))
    for node in source.tree.body if isinstance(source, SourceFile) else ():
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            may_change.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    old, new = _lines(family.before), _lines(family.after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    _none(
        [
            f"changed, and not in a finding: before{family.suffix}:{line}: {old[line - 1]!r}"
            for kind, start, end, _, _ in matcher.get_opcodes()
            if kind in ("replace", "delete")
            for line in range(start + 1, end + 1)
            if line not in may_change
        ]
    )


def prefilter_hides_nothing(family: Family) -> None:
    """Without tokens the rules find the same, in every top-level definition alone too."""
    alone = _alone(family.before) if family.is_python else ()
    unfiltered = replace(family, pack=_without_tokens(family.pack))
    assert _places(family.found.findings) == _places(unfiltered.found.findings)
    for text in (family.clean, *alone):
        filtered = family.run(text).findings
        everything = unfiltered.run(text).findings
        assert _places(filtered) == _places(everything)


def holds_with_crlf(family: Family) -> None:
    """The same findings and edits with CRLF line ends."""
    _holds_in(family, lambda text: text.replace(b"\n", b"\r\n"))


def holds_with_bom(family: Family) -> None:
    """The same findings and edits behind a byte order mark."""
    _holds_in(family, lambda text: _BOM + text)


def holds_with_tabs(family: Family) -> None:
    """The same findings and edits with a tab for each four spaces of indentation, in Python."""
    if family.is_python:
        _holds_in(
            family,
            lambda text: re.sub(rb"(?m)^(?:    )+", lambda m: b"\t" * (len(m[0]) // 4), text),
        )


def holds_one_block_deeper(family: Family) -> None:
    """The same findings inside a block, and the same edits where they bring no import, in Python.

    Lines may break elsewhere: there is less room for them.
    """
    if not family.is_python:
        return
    new_imports = _imports(family.before) != _imports(family.after)
    _holds_in(family, _deeper, same_edits=not new_imports)


def noqa_silences_each(family: Family) -> None:
    """A `# noqa` with its code silences each finding, and none of them is unused."""
    findings = family.found.findings
    codes: dict[int, set[str]] = {}
    for finding in findings:
        codes.setdefault(finding.line, set()).add(finding.code)
    lines = _lines(family.before)
    for number, wanted in codes.items():
        comment = f"  # noqa: {','.join(sorted(wanted))}".encode()
        lines[number - 1] = re.sub(rb"(?=\r?\n?\Z)", comment, lines[number - 1], count=1)
    report = family.run(b"".join(lines))
    _none([f"not silenced: {each.code} in line {each.line}" for each in report.findings])
    assert _places(report.suppressed) == _places(findings)
    _none([f"unused: {each.message} in line {each.line}" for each in report.unused_suppressions])


PROOFS: tuple[Callable[[Family], None], ...] = (
    finds_what_is_marked,
    leaves_clean_alone,
    shows_every_rule,
    compiles,
    second_run_changes_nothing,
    keeps_other_bytes,
    prefilter_hides_nothing,
    holds_with_crlf,
    holds_with_bom,
    holds_with_tabs,
    holds_one_block_deeper,
    noqa_silences_each,
)


def matches_snapshots(family: Family, snapshot: Snapshot) -> None:
    """after.py (all edits made) and findings.txt (with what the default run leaves) as recorded."""
    snapshot.snapshot_dir = family.folder
    snapshot.assert_match(family.after, f"after{family.suffix}")
    snapshot.assert_match(listing(family).encode(), "findings.txt")


def listing(family: Family) -> str:
    """The findings of before.py as text: place, verdict, message, chain of facts."""
    nothing = replace(family.setup, fix=True, accept=lambda fix, source: False)
    name = f"before{family.suffix}"
    report = run_files({name: family.before}, nothing)[name]
    lines = []
    for skipped in report.skipped:
        finding = skipped.finding
        level = f"{finding.evidence.level} {finding.safety}"
        place = f"{finding.line}:{finding.column}"
        lines.append(f"{place} {finding.code} {level} {finding.message}")
        lines += [f"    {fact.line}: {render(fact.what)}" for fact in finding.evidence.facts]
        if not isinstance(skipped.reason, Declined):
            lines.append(f"    left: {render(skipped.reason)}")
    return "\n".join([*lines, ""])


def app_finds_what_is_marked(app: App) -> None:
    """Every marked line of the project is found, and no other."""
    wrong: list[str] = []
    for path in app.paths:
        wrong += verdicts(app.files[path], app.found[path].findings, path)
    _none(wrong)


def app_stays_fixed(app: App) -> None:
    """All edits made, the project compiles, and a second run changes nothing."""
    first = _applied(app, app.files)
    for path, data in first.items():
        language = language_of(path, app.pack.languages())
        assert language is None or not language.document(path, data).why_invalid()
    assert _applied(app, first) == first


def app_prefilter_hides_nothing(app: App) -> None:
    """Without tokens the rules find the same."""
    unfiltered = replace(app.setup, pack=_without_tokens(app.pack))
    everything = run_folder(app.folder.resolve(), app.paths, unfiltered)
    for path in app.paths:
        assert _places(app.found[path].findings) == _places(everything[path].findings), path


APP_PROOFS: tuple[Callable[[App], None], ...] = (
    app_finds_what_is_marked,
    app_stays_fixed,
    app_prefilter_hides_nothing,
)


def _applied(app: App, files: dict[str, bytes]) -> dict[str, bytes]:
    setup = replace(app.setup, fix=True, likely=True, unsafe=True)
    reports = run_files(files, setup)
    return {path: edited(files[path], report) for path, report in reports.items()}


def _holds_in(family: Family, variant: Callable[[bytes], bytes], same_edits: bool = True) -> None:
    text = variant(family.before)
    _none(verdicts(text, family.run(text).findings, f"before{family.suffix}"))
    after = family.apply(text)
    assert not family.document(after).why_invalid()
    assert family.apply(after) == after
    if same_edits:
        wanted = variant(family.after)
        assert after == wanted or variant is _deeper and _meaning(after) == _meaning(wanted)


def _meaning(text: bytes) -> str:
    return ast.dump(ast.parse(text))


def _deeper(text: bytes) -> bytes:
    """All but the docstring and `from __future__` inside an `if True:`."""
    head = 0
    for node in ast.parse(text).body:
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (future or (head == 0 and isinstance(node, ast.Expr))):
            break
        head = node.end_lineno or node.lineno
    lines = _lines(text)
    inner = [b"    " + line if line.strip() else line for line in lines[head:]]
    return b"".join([*lines[:head], b"if True:\n", *inner])


def _alone(text: bytes) -> Iterable[bytes]:
    """Each top-level definition with all statements that are none, and no other definition."""
    source = SourceFile("before.py", text)
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    bodies = [node for node in source.tree.body if isinstance(node, definitions)]
    for kept in bodies:
        lines = _lines(text)
        for node in bodies:
            if node is not kept:
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                lines[first - 1 : node.end_lineno] = [b"\n"] * ((node.end_lineno or 0) - first + 1)
        yield b"".join(lines)


def _imports(text: bytes) -> list[str]:
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]


def _without_tokens(pack: Pack) -> Pack:
    rules = tuple(replace(each, check=replace(each.check, tokens=())) for each in pack.rules)
    return replace(pack, rules=rules)


def _codes(family: Family) -> set[str]:
    return {rule.code for rule in family.pack.rules if rule.family == family.name}


def _places(findings: Iterable[Finding]) -> list[tuple[int, int, str]]:
    return sorted((finding.line, finding.column, finding.code) for finding in findings)


def _lines(text: bytes) -> list[bytes]:
    return re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)
