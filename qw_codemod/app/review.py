"""Each edit shown with its evidence, and a person's answer to it."""

from __future__ import annotations

import contextlib
import os

import click

from qw_codemod.app.report import diff
from qw_codemod.engine import files
from qw_codemod.kernel import edits
from qw_codemod.kernel.document import Document
from qw_codemod.kernel.model import Edit, Fix
from qw_codemod.kernel.statements import render

_QUESTION = "Make this edit? [y]es, [n]o, [a]ll of this file, [q]uit"


class Review:
    """Remembers `all of this file` and `quit` between the questions."""

    def __init__(self) -> None:
        self._all: set[str] = set()
        self._quit = False
        self._answers: dict[Fix, bool] = {}  # of those that were asked: a file may come twice

    def accept(self, fix: Fix, source: Document) -> bool:
        """Whether the edit is to be made; asks on the terminal."""
        if self._quit:
            return False
        if source.path in self._all:
            return True
        if fix in self._answers:
            return self._answers[fix]
        self._show(fix, source)
        choices = click.Choice(("y", "n", "a", "q"))
        answer = click.prompt(_QUESTION, type=choices, show_choices=False, err=True)
        if answer == "q":
            self._quit = True
        if answer == "a":
            self._all.add(source.path)
        self._answers[fix] = answer in ("y", "a")
        return self._answers[fix]

    def _show(self, fix: Fix, source: Document) -> None:
        finding = fix.finding
        path = _shown(finding.path)
        click.echo(f"\n{path}:{finding.line}: {finding.code} {finding.message}", err=True)
        own = [edit for edit in fix.edits if not edit.path]
        _show_changes(path, source.data, own, source.encoding)
        for other in sorted({edit.path for edit in fix.edits if edit.path}):
            click.echo(f"  and in {_shown(other)}:", err=True)
            with contextlib.suppress(files.FileProblem):  # the fix will be refused
                theirs = [edit for edit in fix.edits if edit.path == other]
                _show_changes(_shown(other), files.read(other), theirs, "utf-8")
        for fact in finding.evidence.facts:
            click.echo(f"    {render(fact.what)}  {_shown(fact.path)}:{fact.line}", err=True)
        if finding.evidence.level == "likely":
            click.secho(f"    likely: {render(finding.evidence.doubt)}", fg="yellow", err=True)
        if finding.safety == "unsafe":
            reason = render(finding.reason)
            click.secho(f"    unsafe: {reason}", fg="yellow", err=True)


def _show_changes(path: str, before: bytes, made: list[Edit], encoding: str) -> None:
    after = edits.apply(before, made)
    for line in diff.render(path, before, after, context=2).splitlines()[2:]:
        colour = {43: "green", 45: "red"}.get(line[0] if line else 0)
        click.secho(line.decode(encoding, "replace"), fg=colour, err=True)


def _shown(path: str) -> str:
    return os.path.relpath(path).replace(os.sep, "/")
