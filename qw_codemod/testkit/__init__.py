"""The public test kit: run rules on text, and prove a family's fixtures, ours or other people's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qw_codemod.app.config import Config, schemas
from qw_codemod.engine.examine import examine
from qw_codemod.engine.files import deployment_files
from qw_codemod.engine.shared_fixes import settle, why_not_edited
from qw_codemod.engine.tasks import Given, Options
from qw_codemod.infer import Inference
from qw_codemod.kernel.document import Document, language_of
from qw_codemod.kernel.model import FileReport, Finding, Fix, Outcome
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.models import MODELS
from qw_codemod.rules.packs import Pack, load

_EXAMPLE = "example.py"


@dataclass(frozen=True, slots=True)
class Setup:
    """How to run: the families or codes, `[tool.qw-codemod]`'s tables, the rules, what to edit."""

    families: tuple[str, ...] = ("all",)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    pack: Pack | None = None  # None: the installed packs
    fix: bool = False
    likely: bool = False
    unsafe: bool = False
    accept: Callable[[Fix, Document], bool] | None = None

    def configured(self, folder: Path) -> Setup:
        """The same with what a folder's pyproject.toml says of the families, and of types.

        Raises ConfigError, as a run of the command would end.
        """
        found = Config(folder, schemas(self.pack or load())).of(str(folder))
        return replace(self, settings=found.families, types=found.types)


def check_text(
    source: str,
    families: Sequence[str] = ("all",),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    types: Mapping[str, str] | None = None,
    pack: Pack | None = None,
) -> tuple[Finding, ...]:
    """The findings in one file; raises AssertionError if it could not be examined."""
    setup = Setup(tuple(families), settings or {}, types or {}, pack)
    return run_files({_EXAMPLE: source.encode()}, setup)[_EXAMPLE].findings


def check_files(
    files: Mapping[str, str],
    families: Sequence[str] = ("all",),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    types: Mapping[str, str] | None = None,
    pack: Pack | None = None,
) -> dict[str, tuple[Finding, ...]]:
    """The findings in each file of a project, by its relative path."""
    setup = Setup(tuple(families), settings or {}, types or {}, pack)
    reports = run_files({path: text.encode() for path, text in files.items()}, setup)
    return {path: report.findings for path, report in reports.items()}


def apply_to_text(
    source: str,
    families: Sequence[str] = ("all",),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    likely: bool = False,
    unsafe: bool = False,
    types: Mapping[str, str] | None = None,
    pack: Pack | None = None,
) -> str:
    """One file after `apply`; raises AssertionError if it could not be examined."""
    files = {_EXAMPLE: source}
    return apply_to_files(files, families, settings, likely, unsafe, types, pack)[_EXAMPLE]


def apply_to_files(
    files: Mapping[str, str],
    families: Sequence[str] = ("all",),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    likely: bool = False,
    unsafe: bool = False,
    types: Mapping[str, str] | None = None,
    pack: Pack | None = None,
) -> dict[str, str]:
    """The files of a project after `apply`, by their relative paths."""
    setup = Setup(tuple(families), settings or {}, types or {}, pack, True, likely, unsafe)
    given = {path: text.encode() for path, text in files.items()}
    reports = run_files(given, setup)
    return {path: edited(given[path], report).decode() for path, report in reports.items()}


def edited(before: bytes, report: FileReport) -> bytes:
    """The bytes of a file after its report is acted on."""
    return before if report.after is None else report.after


def run_files(files: Mapping[str, bytes], setup: Setup) -> dict[str, FileReport]:
    """The reports on a project in memory, by relative path; what no rule reads is written only.

    Every file is examined as the project was before: no edit of one shows in another.
    Raises AssertionError with the problems, if there are any.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        return run_folder(root, sorted(files), setup)


def run_folder(root: Path, paths: Sequence[str], setup: Setup) -> dict[str, FileReport]:
    """The reports on files of a project on disk, by relative path; nothing is written."""
    pack = setup.pack or load()
    codes = pack.select(setup.families)
    options = Options(
        codes,
        codes if setup.fix else frozenset(),
        setup.likely,
        setup.unsafe,
        setup.settings,
        setup.accept,
    )
    documents: dict[str, Document] = {}
    for path in (str(root / path) for path in paths):
        if language := language_of(path, pack.languages(codes)):
            documents[path] = language.document(path, Path(path).read_bytes())
    python = [path for path, each in documents.items() if isinstance(each, SourceFile)]
    texts = deployment_files(root)

    def look(given: Given, wanted: Collection[str]) -> Iterator[Outcome]:
        inference = Inference(str(root), python, MODELS, setup.types, texts=texts)
        now = dict(documents)
        for path in given.texts.keys() & documents.keys():
            now[path] = edited = type(documents[path])(path, given.texts[path])
            if isinstance(edited, SourceFile):
                inference.overlay(edited)
        for path in wanted:
            report = examine(now[path], pack, inference, options, given.refused.get(path))
            if path in given.texts and report.after is None:
                report = replace(report, after=now[path].data)
            yield Outcome(report)

    settled = settle(
        list(look(Given(), documents)),
        look,
        lambda path: why_not_edited(path, str(root), lambda excluded: False),
        pack.languages(),
    )
    reports = {
        Path(outcome.report.path).relative_to(root).as_posix(): outcome.report
        for outcome in settled
    }
    problems = [problem for report in reports.values() for problem in report.problems]
    assert not problems, "\n".join(f"{each.path}: {each.rule} {each.message}" for each in problems)
    return reports
