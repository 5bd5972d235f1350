"""The labelled sites of the public packages, as labels/README.md describes them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "labels"


@dataclass(frozen=True, slots=True)
class Site:
    """One row of a label file."""

    version: str
    file: str
    line: int  # from 1
    column: int  # from 1, in characters
    form: str
    label: str  # job, not, unknown
    bounded: bool
    why: str


def packages() -> list[str]:
    """The packages that have a label file, with or without rows in it."""
    return sorted(path.stem for path in FOLDER.glob("*.tsv"))


def of(package: str) -> list[Site]:
    """The labelled sites of a package, in the file's order."""
    # A label file has no quoting: a quotation mark in `why` is just one.
    with (FOLDER / f"{package}.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Site(
            version=row["version"],
            file=row["file"],
            line=int(row["line"]),
            column=int(row["column"]),
            form=row["form"],
            label=row["label"],
            bounded=row["bounded"] == "yes",
            why=row["why"],
        )
        for row in rows
    ]


def versions() -> dict[str, str]:
    """The one version of each package that its rows speak of; packages without rows are absent."""
    found = {package: {site.version for site in of(package)} for package in packages()}
    several = [package for package, each in found.items() if len(each) > 1]
    if several:
        raise ValueError(f"rows of several versions: {', '.join(several)}")
    return {package: each.pop() for package, each in found.items() if each}
