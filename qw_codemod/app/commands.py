"""What each command does, once its options are parsed."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qw_codemod.app import baseline
from qw_codemod.app.config import Config, ConfigError, Settings, schemas
from qw_codemod.app.report.progress import Progress
from qw_codemod.engine import files
from qw_codemod.engine.reasons import IsStandardInput, NotWritten
from qw_codemod.engine.results import Command, Results
from qw_codemod.engine.tasks import POOL_FROM, Given, Group, Note, Options, Plan, Task
from qw_codemod.facts import requirement_versions as project_versions
from qw_codemod.facts.query import digest
from qw_codemod.kernel.document import Document, language_of
from qw_codemod.kernel.model import Fix, Outcome, Problem, Skipped
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import PYTHON
from qw_codemod.rules import packs
from qw_codemod.store import location as cache

if TYPE_CHECKING:
    from qw_codemod.engine import journal

STDIN = "-"

Accept = Callable[[Fix, Document], bool]


class UsageProblem(Exception):
    """The command cannot be carried out as it was typed; the message says what to type."""


@dataclass(frozen=True, slots=True)
class Request:
    """The options that `check` and `apply` share."""

    paths: tuple[str, ...] = (".",)
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    likely: bool = False
    unsafe: bool = False
    jobs: int = 0
    root: str = ""
    force_exclude: bool = False
    baseline: str = ""
    write_baseline: bool = False
    stdin: bytes | None = field(default=None, repr=False)
    stdin_filename: str = ""
    accept: Accept | None = None
    cache: bool = True  # remember what is found, and what it leans on
    dependencies: bool = True  # declare what edited files have come to import

    @property
    def names(self) -> tuple[str, ...]:
        """The paths on disk that are meant."""
        if self.stdin is None:
            return self.paths
        return (self.stdin_filename or "stdin.py",)


def check(request: Request) -> Results:
    """Find, and write nothing but the baseline where that is asked for."""
    results = _Project(request, ()).examine("check")
    if not request.baseline:
        return results
    file = Path(request.baseline)
    if request.write_baseline:
        came, went = baseline.write(file, results.outcomes, results.root)
        known = {each for outcome in results.outcomes for each in outcome.report.findings}
        notice = f"{file}: {came} added, {went} removed, {len(known)} in all of these files"
        notices = (*results.notices, notice)
        return replace(results, known=frozenset(known), notices=notices)
    compared = baseline.compare(file, results.outcomes, results.root)
    return replace(results, known=compared.known, removable=compared.removable)


def apply(families: str, request: Request, write: bool = True) -> Results:
    """Edit what may be edited; without `write`, and for standard input, only in memory.

    The journal is on the disk before the first file is replaced.
    """
    from qw_codemod.engine import journal

    project = _Project(request, (families,), write)
    if request.stdin is not None:
        return project.examine("apply" if write else "diff")
    if not write:
        return project.fix("diff")
    with journal.locked(project.root):
        results = project.fix("apply")
        changes = [
            journal.Change(outcome.report.path, outcome.report.before, outcome.report.after)
            for outcome in results.outcomes
            if outcome.report.after is not None
        ]
        if not changes:
            return results
        journal.record(project.root, changes)
        return _written(results, changes)


def undo(root: str) -> tuple[Path, journal.Undone]:
    """Give back what the last apply replaced."""
    from qw_codemod.engine import journal

    start = Path(root or ".").resolve()
    found = journal.find_root(start)
    if found is None:
        raise UsageProblem(f"nothing to undo: no apply is recorded in {start} or above it")
    with journal.locked(found):
        return found, journal.undo(found)


def effective(path: str, root: str) -> tuple[Path, Settings]:
    """The settings that count for a file or folder."""
    target = Path(path).resolve()
    if not target.exists():
        raise UsageProblem(f"{path} does not exist")
    project = root_of([path], root)
    folder = target if target.is_dir() else target.parent
    settings = Config(project, schemas(packs.load())).of(folder.as_posix())
    return project, settings


def _written(results: Results, changes: Sequence[journal.Change]) -> Results:
    """Replace file by file; one that cannot be written becomes a problem and stays as it was.

    So do the files that some fix edits together with it.
    """
    from qw_codemod.engine.shared_fixes import linked

    groups = {path: group for group in linked(results.outcomes) for path in group}
    problems: dict[str, Problem] = {}
    done: list[journal.Change] = []
    for change in changes:
        group = groups.get(change.path, {change.path})
        if group & problems.keys():
            continue
        try:
            if len(group) > 1 and not any(other.path in group for other in done):
                for other in changes:
                    if other.path in group:
                        _checked(other, problems)
            if not group & problems.keys():
                files.replace(change.path, change.before, change.after)
                done.append(change)
        except KeyboardInterrupt:
            count = f"{len(done)} of {len(changes)} files are changed"
            raise UsageProblem(
                f"interrupted: {count}; give them back with: qw-codemod undo"
            ) from None
        except files.FileProblem as problem:
            problems[change.path] = Problem(change.path, str(problem))
            for other in [other for other in done if other.path in group]:
                files.replace(other.path, other.after, other.before)
                done.remove(other)
    unwritten = {path for path in problems for path in groups.get(path, {path})}
    outcomes = [_unwritten(each, unwritten, results, problems) for each in results.outcomes]
    return replace(results, outcomes=outcomes, problems=(*results.problems, *problems.values()))


def _checked(change: journal.Change, problems: dict[str, Problem]) -> None:
    try:
        files.check_writable(change.path, change.before)
    except files.FileProblem as problem:
        problems[change.path] = Problem(change.path, str(problem))


def _unwritten(
    outcome: Outcome, unwritten: Collection[str], results: Results, problems: Mapping[str, Problem]
) -> Outcome:
    """The outcome of a file whose bytes stayed, where they did."""
    report = outcome.report
    if report.path not in unwritten:
        return outcome
    skipped = report.skipped
    if report.path not in problems:
        names = ", ".join(map(results.shown, sorted(problems)))
        skipped = (*skipped, *(Skipped(finding, NotWritten(names)) for finding in report.fixed))
    kept = replace(report, after=None, before=b"", fixed=(), fixed_elsewhere=(), skipped=skipped)
    return replace(outcome, report=kept)


class _Project:
    """The root, the rules and the settings of one run."""

    def __init__(self, request: Request, fix: Sequence[str], writes: bool = True) -> None:
        self._request = request
        self._fix = fix
        self._writes = writes
        self._started = time.perf_counter()
        self._pack = packs.load()
        self.root = root_of(request.names, request.root)
        self._config = Config(self.root, schemas(self._pack))
        self._languages = self._pack.languages()
        self._groups: dict[str, int] = {}
        self._made: list[Group] = []
        for word in fix:
            if os.path.exists(word) and word not in self._pack.families:
                raise UsageProblem(f"name the rules first: qw-codemod apply all {word}")
            self._pack.select([word])  # a wrong name is told before any file is read
        if words := (*fix, *request.select):
            self._languages = self._pack.languages(self._pack.select(words))

    def examine(self, command: Command) -> Results:
        """The outcomes of all files that are meant."""
        request = self._request
        tasks, listing = self._tasks()
        everything = files.project_files(self.root)
        known = set(everything)
        named = (task.path for task in tasks if task.language is PYTHON)
        everything += [path for path in named if path not in known]
        texts = files.deployment_files(self.root)
        plan = Plan(self.root.as_posix(), sorted(everything), self._pack, self._made, texts=texts)
        outcomes = self._outcomes(plan, tasks)
        if self._fix:
            from qw_codemod.engine.shared_fixes import settle

            outcomes = settle(
                outcomes,
                partial(self._run_again, plan, tasks),
                self._why_not,
                self._pack.languages(),
            )
        notices = listing.notices
        if not tasks and not listing.problems:
            kinds = " or ".join(language.name for language in self._languages)
            notices = [*notices, f"no {kinds} files in {', '.join(request.names)}"]
        return Results(
            command=command,
            root=self.root.as_posix(),
            cwd=Path.cwd().as_posix(),
            outcomes=outcomes,
            problems=[Problem(path, message) for path, message in listing.problems],
            notices=notices,
            rules=self._pack.rules,
            fixable_codes=frozenset(
                rule.code for rule in self._pack.rules if self._pack.fixes(rule.family)
            ),
            likely=request.likely or self._config.of(str(self.root)).likely,
            paths=request.names,
            seconds=time.perf_counter() - self._started,
        )

    def _outcomes(self, plan: Plan, tasks: Sequence[Task]) -> list[Outcome]:
        """What is remembered of the files, and what is found in the others."""
        request = self._request
        is_check = not self._fix and request.stdin is None
        if not is_check or not request.cache:
            return self._run(plan, tasks)
        options = [_digest_of(group) for group in plan.groups]
        rules = f"{packs.fingerprint(plan.pack)} {project_versions.fingerprint(plan.root)}"
        wanted = {task.path: options[task.group] for task in tasks}
        others = [task.path for task in tasks if task.language is not PYTHON]
        found = cache.recalled(plan.root, plan.files, rules, wanted.items(), others, plan.texts)
        with found as (memories, known):
            rest = [task for task in tasks if task.path not in known]
            note = None
            if memories is not None and rest:
                alone = len(rest) <= POOL_FROM and self._request.jobs in (0, 1)
                plan = replace(plan, known=memories.known(at_once=not alone), traced=True)
                note = partial(memories.note, wanted)
            known |= {each.report.path: each for each in self._run(plan, rest, note)}
        return [known[task.path] for task in tasks]

    def _run(self, plan: Plan, tasks: Sequence[Task], note: Note | None = None) -> list[Outcome]:
        if not tasks:
            return []
        # Here and not above: most runs remember all files, and need none of what examines them.
        from qw_codemod.engine import runner

        progress = Progress(sys.stderr, len(tasks))
        try:
            return runner.run(plan, tasks, self._request.jobs, progress, note)
        finally:
            progress.wipe()

    def _run_again(
        self, plan: Plan, tasks: Sequence[Task], given: Given, paths: Collection[str]
    ) -> list[Outcome]:
        again = [task for task in tasks if task.path in paths]
        return self._run(replace(plan, given=given), again)

    def _why_not(self, path: str) -> Statement | None:
        if self._request.stdin is not None:
            return IsStandardInput()
        from qw_codemod.engine.shared_fixes import why_not_edited

        return why_not_edited(path, self.root.as_posix(), self._config.excluded)

    def fix(self, command: Command) -> Results:
        """The outcomes of all files, and of those that declare what these have come to import."""
        results = self.examine(command)
        if not self._request.dependencies or not any(
            outcome.report.after is not None for outcome in results.outcomes
        ):
            return results
        from qw_codemod.engine.dependencies import with_dependencies

        everything = files.project_files(self.root)
        texts = files.deployment_files(self.root)
        return with_dependencies(results, self._pack.codemods(), everything, texts)

    def _tasks(self) -> tuple[list[Task], files.Listing]:
        request = self._request
        if request.stdin is not None:
            path = Path(request.names[0]).resolve().as_posix()
            language = language_of(path, self._languages) or PYTHON
            task = Task(path, self._group(path), request.stdin, language)
            return [task], files.Listing()
        listing = files.find(
            request.paths,
            self.root,
            self._config.excluded,
            request.force_exclude,
            self._languages,
        )
        others = listing.languages
        tasks = [
            Task(path, self._group(path), language=others.get(path, PYTHON))
            for path in listing.files
        ]
        return [task for task in tasks if self._is_read(task)], listing

    def _is_read(self, task: Task) -> bool:
        """Whether a rule that runs on the file's folder reads its language, or it is Python."""
        codes = self._made[task.group].options.codes
        return task.language is PYTHON or task.language in self._pack.languages(codes)

    def _group(self, path: str) -> int:
        folder = os.path.dirname(path)
        if folder not in self._groups:
            group = self._options(self._config.of(folder))
            if group not in self._made:
                self._made.append(group)
            self._groups[folder] = self._made.index(group)
        return self._groups[folder]

    def _options(self, settings: Settings) -> Group:
        request = self._request
        try:
            ignored = self._selected((*settings.ignore, *request.ignore))
            if self._fix:
                named = self._pack.codes & {each for word in self._fix for each in word.split(",")}
                codes = self._pack.select(self._fix) - (ignored - named)
            else:
                codes = self._pack.select(request.select or settings.select) - ignored
        except packs.PackError as error:
            where = "" if request.select or not settings.sources else f"{settings.sources[-1]}: "
            raise ConfigError(f"{where}{error}") from error
        options = Options(
            codes=codes,
            fix=codes if self._fix else frozenset(),
            likely=request.likely or settings.likely,
            unsafe=request.unsafe or settings.unsafe,
            settings=_frozen(settings.families),
            accept=request.accept,
            writes=self._writes,
        )
        return Group(options, tuple(sorted(settings.types.items())))

    def _selected(self, words: Sequence[str]) -> frozenset[str]:
        return self._pack.select(words) if words else frozenset()


def _digest_of(group: Group) -> str:
    """What stands for the options that a `check` depends on."""
    options = group.options
    said = (sorted(options.codes or ()), options.settings, group.types)
    return digest(json.dumps(said, sort_keys=True, default=sorted).encode())


def _frozen(families: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {family: dict(settings) for family, settings in families.items()}


def root_of(names: Sequence[str], given: str) -> Path:
    """The one project of all paths; raises UsageProblem where there are several."""
    if given:
        root = Path(given).resolve()
        if not root.is_dir():
            raise UsageProblem(f"--root {given} is not a folder")
        return root
    roots = {files.find_root(_place(name)) for name in names}
    if len(roots) > 1:
        listed = ", ".join(sorted(root.as_posix() for root in roots))
        raise UsageProblem(f"these paths are of several projects ({listed}): run once for each")
    return roots.pop() if roots else files.find_root(Path.cwd())


def _place(name: str) -> Path:
    """Where a path stands; a symbolic link stands where it is, not where it leads."""
    path = Path(name).absolute()
    with contextlib.suppress(OSError):
        path = path.parent.resolve() / path.name if path.is_symlink() else path.resolve()
    return path.parent if path.is_symlink() else path
