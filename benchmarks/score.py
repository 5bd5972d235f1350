"""What `qw-codemod check` finds in the labelled packages, against what is really there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import corpus, results, sites
from benchmarks.sites import Site

COMMAND = ("qw-codemod", "check", "--output-format", "json", "--select", "QW101,QW102")
AIMS = "aims: no wrong one among the proven, 85 % proven, 98 % proven or likely"

# A job that cannot hang any more, as `why` puts it: a dry run never waits, and for one that an
# earlier line has waited for the answer is there. To bound it is needless and does no harm, and
# no reader would call the finding wrong; to leave it is right too. So these sites stand outside
# of recall and of precision: neither found nor missed nor wrong, and counted in a column of their
# own. Only the wait itself counts as waiting: "waited for after them" or a look at
# `job.running()` leaves the wait as it is.
_SETTLED = re.compile(r"\bdry-run job\b|\b(has|have|was|were) waited\b|\bonly DONE jobs\b")


class ScoreProblem(Exception):
    """The tool gave no findings to score; the message says what it said instead."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding or a site is."""

    file: str
    line: int
    column: int


@dataclass
class Score:
    """The counts of one package, or of all."""

    proven: int = 0
    likely: int = 0
    wrong_proven: int = 0
    wrong_likely: int = 0
    either: int = 0  # settled sites that were found
    settled: int = 0  # settled sites
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # files that could not be examined

    @property
    def waits(self) -> int:
        """The true waits without a bound."""
        return self.proven + self.likely + len(self.missed)

    def add(self, other: Score) -> None:
        """Count in another package."""
        self.proven += other.proven
        self.likely += other.likely
        self.wrong_proven += other.wrong_proven
        self.wrong_likely += other.wrong_likely
        self.either += other.either
        self.settled += other.settled
        self.missed += other.missed
        self.wrong += other.wrong
        self.problems += other.problems

    def row(self, name: str) -> list[str]:
        """The cells of the table."""
        counts = (self.waits, self.proven, self.likely, len(self.missed))
        wrong = (self.wrong_proven, self.wrong_likely)
        either = f"{self.either} of {self.settled}" if self.settled else ""
        return [name, *map(str, counts), *map(str, wrong), either]

    def rates(self) -> list[list[str]]:
        """Precision and recall, for what is proven and for all that is found."""
        both, wrong = self.proven + self.likely, self.wrong_proven + self.wrong_likely
        return [
            ["proven", *_rates(self.proven, self.wrong_proven, self.waits)],
            ["proven or likely", *_rates(both, wrong, self.waits)],
        ]


def show(packages: Sequence[str] = (), listing: bool = False) -> int:
    """Print the table, with each missed and wrong site if asked for.

    Returns 1 if something wrong is called proven, else 0. Raises ScoreProblem, and CorpusProblem
    for a package that has no labels.
    """
    names = list(packages) or sites.packages()
    unknown = sorted(set(names) - set(sites.packages()))
    if unknown:
        raise ScoreProblem(f"no labels for {', '.join(unknown)}: see {sites.FOLDER.name}/")
    total = Score()
    rows = []
    for name, folder in corpus.fetch(names).items():
        one = score(sites.of(name), *_check(folder), name)
        rows.append(one.row(name))
        total.add(one)
    heads = "package|waits|proven|likely|missed|wrong proven|wrong likely|either way".split("|")
    table = results.table(heads, [*rows, total.row("all")])
    rates = results.table(["", "precision", "recall"], total.rates())
    print(f"{table}\n\n{rates}\n\n{AIMS}")
    if listing:
        _list("missed", total.missed)
        _list("wrong", total.wrong)
    _list("could not be examined", total.problems if listing else [])
    if total.problems and not listing:
        print(f"{len(total.problems)} files could not be examined: --list names them")
    if not packages:
        command = f"`{' '.join(COMMAND)}` in each labelled package; {AIMS}."
        results.record("Provenance", f"{command}\n\n{table}\n\n{rates}")
    return 1 if total.wrong_proven else 0


def score(
    labelled: Iterable[Site], findings: Sequence[dict[str, Any]], problems: list[str], name: str
) -> Score:
    """Compare the findings of one package with its sites."""
    found = _levels(findings)
    one = Score(problems=[f"{name}: {each}" for each in problems])
    for site in labelled:
        place = Place(site.file, site.line, site.column)
        level, code = found.pop(place, ("", ""))
        if site.label == "unknown":
            continue  # not even a reader can tell
        if site.label == "job" and not site.bounded:
            if _SETTLED.search(site.why):
                one.settled += 1
                one.either += bool(level)
            elif level == "proven":
                one.proven += 1
            elif level:
                one.likely += 1
            else:
                one.missed.append(_line(name, place, site.form, site.why))
        elif level:  # not a job, or one whose wait has its bound
            _wrong(one, level, _line(name, place, f"{level} {code}", site.why))
    # The method forms are labelled without a gap, and every iterated job is, so that what is
    # left is no job.
    for place, (level, code) in found.items():
        _wrong(one, level, _line(name, place, f"{level} {code}", "no labelled site"))
    return one


def _levels(findings: Sequence[dict[str, Any]]) -> dict[Place, tuple[str, str]]:
    """The level and code by place; where two rules meet, that of the one that is surer."""
    levels: dict[Place, tuple[str, str]] = {}
    for finding in findings:
        place = Place(finding["path"], finding["line"], finding["column"])
        if levels.get(place, ("", ""))[0] != "proven":
            levels[place] = (finding["level"], finding["code"])
    return levels


def _wrong(one: Score, level: str, line: str) -> None:
    if level == "proven":
        one.wrong_proven += 1
    else:
        one.wrong_likely += 1
    one.wrong.append(line)


def _check(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The findings in a package, suppressed ones too, and the files that were not examined."""
    done = subprocess.run(
        [sys.executable, "-m", "qw_codemod", *COMMAND[1:]],
        cwd=folder,  # the report's paths are relative to it, as the labels' are
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        said = (done.stderr or done.stdout).strip() or f"nothing; it ended with {done.returncode}"
        raise ScoreProblem(f"{folder.name}: qw-codemod said: {said}") from None
    problems = [f"{each['path']}: {each['message']}" for each in report["problems"]]
    # To silence one is its authors' choice; whether the wait is seen is what is asked here.
    return [*report["findings"], *report["suppressed"]], problems


def _rates(right: int, wrong: int, waits: int) -> list[str]:
    return [_share(right, right + wrong), _share(right, waits)]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % ({part} of {whole})" if whole else "-"


def _line(package: str, place: Place, what: str, why: str) -> str:
    return f"{package}/{place.file}:{place.line}:{place.column}: {what}: {why}"


def _list(head: str, lines: Sequence[str]) -> None:
    if lines:
        print("", f"{head}:", *(f"  {line}" for line in lines), sep="\n")
