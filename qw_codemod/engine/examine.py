"""One file: find, suppress, fix in rounds, guard; no disk, no printing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any, TypeVar

from qw_codemod.engine import reasons
from qw_codemod.engine.tasks import Options
from qw_codemod.infer import Inference
from qw_codemod.kernel import edits
from qw_codemod.kernel.document import Document, UnreadableSource
from qw_codemod.kernel.model import (
    Edit,
    FileReport,
    Finding,
    Fix,
    NotYet,
    Problem,
    Remark,
    Skipped,
    Span,
    Unfixable,
)
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile
from qw_codemod.rules.api import CannotFix, Check, Context, Match
from qw_codemod.rules.packs import Pack, Rule
from qw_codemod.rules.prefilter import possible
from qw_codemod.rules.suppress import Verdict, suppress

ROUNDS = 10
_Result = TypeVar("_Result")


def examine(
    source: Document,
    pack: Pack,
    inference: Inference,
    options: Options | None = None,
    refused: Mapping[tuple[str, int], Statement] | None = None,
) -> FileReport:
    """All that the rules have to say about one file, and its new bytes where it was edited.

    Nothing is written. The inference looks at the file as it was again when this returns. A file
    with fixes that edit other files too is not edited: they are in the report, to be made first.
    `refused` are those that cannot be made, with the reasons, by code and by where they start.
    """
    return _Examination(source, pack, inference, options or Options(), refused or {}).run()


class _Examination:
    def __init__(
        self,
        source: Document,
        pack: Pack,
        inference: Inference,
        options: Options,
        refused: Mapping[tuple[str, int], Statement],
    ) -> None:
        self._original = source
        self._source = source
        self._pack = pack
        self._inference = inference
        self._options = options
        wanted = options.codes
        self._rules = {
            rule.code: rule
            for rule in pack.rules_for(type(source))
            if wanted is None or rule.code in wanted
        }
        self._matches: dict[Finding, Match] = {}  # of the file as it is now
        self._shared: dict[Any, Any] = {}  # what the checks share about the file as it is now
        self._problems: list[Problem] = []
        self._first: dict[tuple[str, int], Finding] = {}  # as first found, by where it is now
        self._answers: dict[tuple[str, int], bool] = {}
        self._refused = dict(refused)
        self._fixed: list[Finding] = []
        self._notes: list[Statement] = []
        self._remarks: list[Remark] = []

    def run(self) -> FileReport:
        try:
            verdict = self._find()
            if not self._options.fix or not verdict.kept:
                return self._report(verdict, [])
            self._first = {_key(each): each for each in verdict.kept}
            return self._fix(verdict)
        except UnreadableSource as error:
            return FileReport(
                self._source.path,
                problems=(Problem(self._source.path, error.message, error.line),),
            )
        finally:
            if self._source is not self._original:
                self._inference.restore()

    # Find

    def _find(self) -> Verdict:
        source = self._source
        self._matches, self._shared = {}, {}
        checks = possible(source.data, [rule.check for rule in self._rules.values()])
        findings: list[Finding] = []
        crashed: set[str] = set()
        if checks:
            if isinstance(source, SourceFile):
                self._inference.begin(source)
            source.check_readable()  # an unreadable file is no fault of a rule's
        for check in checks:
            rule = self._rules[check.code]
            found = self._guarded(rule.code, lambda rule=rule: self._run(rule))  # type: ignore[misc]
            if found is None:
                crashed.add(rule.code)
            findings += found or ()
        findings.sort(key=_order)
        return suppress(source, findings, self._rules.keys() - crashed)

    def _run(self, rule: Rule) -> list[Finding]:
        context = self._context(rule.family)
        findings = []
        for match in rule.check.find(self._source, context):
            findings.append(self._finding(rule, match, context))
            self._matches[findings[-1]] = match
        return findings

    def _context(self, family: str) -> Context:
        settings = self._options.settings.get(family, {})
        return Context(self._inference, settings, self._shared)

    def _finding(self, rule: Rule, match: Match, context: Context) -> Finding:
        span = self._source.span(match.node)
        line, column = self._source.place(match.node, match.at)
        wanted = self._options.assess or self._options.fix
        assess = rule.check.assess if wanted else None
        obstacle = assess(self._source, context, match) if assess is not None else None
        return Finding(
            code=rule.code,
            rule=rule.name,
            family=rule.family,
            path=self._source.path,
            line=line,
            column=column,
            end_line=self._source.line_of(span.end),
            span=span,
            message=match.message,
            evidence=match.evidence,
            fixable=match.remedy is not None and not isinstance(obstacle, Unfixable | NotYet),
            obstacle=obstacle,
            hidden=match.hidden,
            about=match.about,
        )

    def _guarded(self, code: str, work: Callable[[], _Result]) -> _Result | None:
        """The result, or None and a problem with the rule's name where its code crashes."""
        try:
            return work()
        except Exception as error:  # also a RecursionError: other rules and files go on
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            self._problem(f"the rule crashed: {what}", code)
            return None

    def _problem(self, message: str, rule: str = "", line: int = 0) -> None:
        problem = Problem(self._source.path, message, line, rule)
        if problem not in self._problems:
            self._problems.append(problem)

    # Fix

    def _fix(self, verdict: Verdict) -> FileReport:
        fixes, skipped = self._plan(verdict.kept)
        if shared := tuple(fix for fix in fixes if fix.is_shared):
            return replace(self._report(verdict, ()), shared=shared)
        if fixes and (reason := self._original.why_invalid()):
            message = f"the file is not valid, so it is not edited: {reason}"
            return self._given_up(verdict, message, ())
        first = verdict
        for _ in range(ROUNDS):
            chosen = _apart(fixes)
            if not chosen:
                return self._report(verdict, skipped)
            changed = self._apply(chosen)
            if reason := changed.why_invalid():
                message = f"the edited file would not be valid: {reason}"
                return self._given_up(first, message, self._culprits(chosen))
            self._follow(chosen)
            self._source = changed
            if isinstance(changed, SourceFile):
                self._inference.revise(changed)
            verdict = self._find()
            fixes, skipped = self._plan(verdict.kept)
        if not fixes:
            return self._report(verdict, skipped)
        rules = sorted({fix.finding.code for fix in fixes})
        return self._given_up(first, f"its edits did not converge after {ROUNDS} rounds", rules)

    def _plan(self, findings: Iterable[Finding]) -> tuple[list[Fix], list[Skipped]]:
        """The fixes to make, and what is left; if fixes edit other files too, these come alone."""
        made = [
            (finding, self._reason(finding) or self._propose(finding))
            for finding in findings
            if finding.code in self._options.fix
        ]
        made = [
            (finding, self._if_shared(fix) if isinstance(fix, Fix) and fix.is_shared else fix)
            for finding, fix in made
        ]
        if shared := [fix for _, fix in made if isinstance(fix, Fix) and fix.is_shared]:
            return shared, []
        fixes: list[Fix] = []
        skipped: list[Skipped] = []
        for finding, fix in made:
            if isinstance(fix, Statement):
                skipped.append(Skipped(finding, fix))
            elif self._accepted(fix):
                fixes.append(fix)
            else:
                skipped.append(Skipped(finding, reasons.Declined()))
        return fixes, skipped

    def _if_shared(self, fix: Fix) -> Fix | Statement:
        """A fix that edits other files too, or why it is not even proposed."""
        if reason := self._refused.get(_key(fix.finding)):
            return reason
        if self._source is not self._original:
            return reasons.HasToWait()
        return fix if self._accepted(fix) else reasons.Declined()

    def _reason(self, finding: Finding) -> Statement | None:
        """Why the finding is not even tried."""
        if not finding.fixable:
            return finding.reason or reasons.ReportedOnly()
        if finding.code not in self._pack.codemods():
            return reasons.NoCodemod(finding.code)
        why: list[Statement] = []
        flags: list[str] = []
        if finding.evidence.level != "proven" and not self._options.likely:
            why.append(reasons.OnlyLikely(finding.evidence.doubt or reasons.Unproven()))
            flags.append("--likely")
        if finding.safety != "safe" and not self._options.unsafe:
            unsafe = reasons.IsUnsafe(finding.reason or reasons.MayChangeBehaviour())
            if beside := self._beside(finding):
                return reasons.NeedsRules(reasons.All((*why, unsafe)), beside, tuple(flags))
            why.append(unsafe)
            flags.append("--unsafe")
        return reasons.NeedsOptions(reasons.All(tuple(why)), tuple(flags)) if why else None

    def _beside(self, finding: Finding) -> tuple[str, ...]:
        """The families that could make it safe and do not run."""
        running = {self._pack.rule(code).family for code in self._options.fix}
        there = {*self._pack.families} - running
        return tuple(each for each in finding.beside if each in there)

    def _propose(self, finding: Finding) -> Fix | Statement:
        # Here and not above: this imports LibCST, which a run that only finds must not pay for.
        from qw_codemod.edit.rewrite import propose

        codemod = self._pack.codemods()[finding.code]
        check = self._rules[finding.code].check
        context = self._context(finding.family)

        def work() -> Fix | Statement:
            try:
                match = self._matches[finding]
                plan = _planned(check, self._source, context, match)
                fix = propose(
                    self._source, finding, plan, codemod, context.settings, self._first_party
                )
                remarks = check.remarks(self._source, context, match) if check.remarks else ()
                return replace(fix, remarks=tuple(remarks))
            except CannotFix as error:
                return error.reason

        return self._guarded(finding.code, work) or reasons.CodemodCrashed()

    def _first_party(self, name: str) -> bool:
        """Whether a top-level module of that name stands at the tree's root or near the file."""
        root = PurePath(self._inference.root)
        folders = [each for each in (root / self._source.path).parents if each.is_relative_to(root)]
        starts = tuple(
            f"{folder / name}{end}" for folder in [*folders, root / "src"] for end in ("/", ".py")
        )
        return any(file.startswith(starts) for file in self._inference.files)

    def _accepted(self, fix: Fix) -> bool:
        if self._options.accept is None:
            return True
        key = _key(fix.finding)
        if key not in self._answers:
            self._answers[key] = self._options.accept(fix, self._source)
        return self._answers[key]

    def _apply(self, fixes: Sequence[Fix]) -> Document:
        changed = edits.apply(self._source.data, _all_edits(fixes))
        return type(self._source)(self._source.path, changed)

    def _follow(self, fixes: Sequence[Fix]) -> None:
        """Remember findings by where they are once these edits are made."""
        self._notes += (note for fix in fixes for note in fix.notes)
        for fix in fixes:
            first = self._first.pop(_key(fix.finding), fix.finding)
            self._fixed.append(first)
            self._remarks += (Remark(first, each) for each in fix.remarks)
        shift = edits.Shift(_all_edits(fixes))
        self._first = _moved(self._first, shift)
        self._answers = _moved(self._answers, shift)
        self._refused = _moved(self._refused, shift)

    def _as_first(self, finding: Finding) -> Finding:
        """The finding with the places in the file as it was, if it was there from the first."""
        first = self._first.get(_key(finding))
        if first is None:
            return finding
        if type(first.reason) is type(finding.reason):
            return first
        return replace(first, obstacle=finding.obstacle, fixable=finding.fixable)

    def _left_first(self, skipped: Skipped) -> Skipped:
        first = self._as_first(skipped.finding)
        reason = self._reason(first)
        return Skipped(first, skipped.reason if reason is None else reason)

    def _culprits(self, fixes: Sequence[Fix]) -> list[str]:
        """The rules whose edits break the file on their own; all of them if only together."""
        alone = {fix.finding.code for fix in fixes if self._apply([fix]).why_invalid()}
        return sorted(alone or {fix.finding.code for fix in fixes})

    # Report

    def _given_up(self, verdict: Verdict, message: str, rules: Iterable[str]) -> FileReport:
        rule = ", ".join(rules)
        self._problem(message, rule)
        reason = reasons.GivenUp(message)
        skipped = [Skipped(each, reason) for each in verdict.kept if each.code in self._options.fix]
        self._fixed.clear()
        self._notes.clear()
        self._remarks.clear()
        return replace(self._report(verdict, skipped), before=b"", after=None)

    def _report(self, verdict: Verdict, skipped: Sequence[Skipped]) -> FileReport:
        changed = self._source.data != self._original.data
        kept = verdict.kept
        if changed and not self._options.writes:
            kept = tuple(map(self._as_first, kept))
            skipped = [*map(self._left_first, skipped)]
        return FileReport(
            self._source.path,
            findings=kept,
            fixed=tuple(sorted(self._fixed, key=_order)),
            notes=tuple(dict.fromkeys(self._notes)),
            skipped=tuple(skipped),
            remarks=tuple(self._remarks),
            suppressed=verdict.suppressed,
            unused_suppressions=verdict.unused,
            problems=tuple(self._problems),
            before=self._original.data if changed else b"",
            after=self._source.data if changed else None,
        )


def _order(finding: Finding) -> tuple[int, int, str, Span]:
    return finding.line, finding.column, finding.code, finding.span


def _key(finding: Finding) -> tuple[str, int]:
    return finding.code, finding.span.start


def _planned(check: Check, source: Document, context: Context, match: Match) -> object:
    """What the codemod is handed: the plan, or the remedy where that says all."""
    return match.remedy if check.plan is None else check.plan(source, context, match)


def _moved(
    known: Mapping[tuple[str, int], _Result], shift: edits.Shift
) -> dict[tuple[str, int], _Result]:
    """What is known of findings, by where they are once edits are made."""
    return {(code, shift(at)): each for (code, at), each in known.items() if shift.keeps(at)}


def _all_edits(fixes: Iterable[Fix]) -> list[Edit]:
    return [edit for fix in fixes for edit in fix.edits]


def _apart(fixes: Iterable[Fix]) -> list[Fix]:
    """Those that do not overlap an earlier one; the others wait for the next round.

    So do those that add a name to the module, but for the first: it may be the same name, and what
    is imported has to come before what is made of it.
    """
    chosen: list[Fix] = []
    taken: list[Edit] = []
    adds_names = False
    for fix in fixes:
        if not edits.clash(fix.edits, taken) and not (fix.adds_names and adds_names):
            chosen.append(fix)
            taken += fix.edits
            adds_names = adds_names or fix.adds_names
    return chosen
