"""Give every wait that could last for ever a bound of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import libcst as cst

from qw_codemod.edit.arguments import (
    find_keyword,
    keyword,
    name_position,
    replace_keyword,
    replace_position,
    with_keyword,
    without_keywords,
)
from qw_codemod.edit.comments import parted
from qw_codemod.edit.rewrite import code, in_parentheses, is_atom
from qw_codemod.rules.api import CannotFix, Codemod, Import, Rewrite, Settings, Statement

if TYPE_CHECKING:  # the same folder: setup.py maps it into the package
    from checks.timeouts import plan as plans
else:
    from qw_codemod.checks.timeouts import plan as plans


class NotALimit(Statement):
    template = "the setting `{setting}` is neither a number nor 'package.module:NAME'"

    setting: str


class JobNotSeen(Statement):
    template = "the job is not seen in the call"


class NoNameForJob(Statement):
    template = "there is no name for the job"


@dataclass(frozen=True, slots=True)
class _Bound:
    """The bound as source text, the project's own function that waits, and the imports of both."""

    text: str
    imports: tuple[Import, ...] = ()
    helper: str = ""


def _rewrite(node: cst.CSTNode, plan: plans.Plan, settings: Settings) -> Rewrite | None:
    made = _bounded(node, plan, settings)
    if made is None or isinstance(plan, plans.NameTimeout) or plan.limit.why is None:
        return made
    return replace(made, notes=(plan.limit.why,))


def _bounded(node: cst.CSTNode, plan: plans.Plan, settings: Settings) -> Rewrite | None:
    if isinstance(plan, plans.WaitAround):
        if not isinstance(node, cst.BaseExpression):
            return None
        return _wait_around(node, plan, _bound(plan.limit, settings))
    if isinstance(plan, plans.BindTimeout):
        return _bind_timeout(node, plan, _bound(plan.limit, settings))
    if not isinstance(node, cst.Call):
        return None
    if isinstance(plan, plans.NameTimeout):
        return Rewrite(name_position(node, plan.position, plan.keyword))
    bound = _bound(plan.limit, settings)
    if isinstance(plan, plans.WaitFirst):
        return _wait_first(node, plan, bound)
    if isinstance(plan, plans.AddTimeout):
        return _add_timeout(node, plan, bound)
    if isinstance(plan, plans.PassTimeout):
        passed = with_keyword(node, plan.keyword, bound.text)
        return Rewrite(passed, imports=_without_helper(bound))
    if isinstance(plan, plans.ReplaceTimeout):
        return Rewrite(_replaced(node, plan, bound.text), imports=_without_helper(bound))
    return _client_timeout(node, plan, bound)


def _bound(limit: plans.Limit, settings: Settings) -> _Bound:
    bound = _bound_of_setting(limit, settings)
    configured = settings.get("helper")
    if not configured or limit.kind == "http":
        return bound
    module, _, name = str(configured).partition(":")
    return _Bound(bound.text, (*bound.imports, Import(module, name)), name)


def _bound_of_setting(limit: plans.Limit, settings: Settings) -> _Bound:
    if limit.seconds is not None:
        return _Bound(repr(limit.seconds))
    if limit.name:
        return _Bound(limit.name)
    group = "http" if limit.kind == "http" else "bigquery"
    value = settings.get(limit.kind, settings.get(group, plans.DEFAULTS[group]))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _Bound(repr(value))
    module, colon, name = str(value).partition(":")
    if not (colon and name.isidentifier() and all(map(str.isidentifier, module.split(".")))):
        raise CannotFix(NotALimit(limit.kind))
    return _Bound(name, (Import(module, name),))


def _add_timeout(node: cst.Call, plan: plans.AddTimeout, bound: _Bound) -> Rewrite:
    if bound.helper and plan.keyword == "timeout":
        if not isinstance(node.func, cst.Attribute):
            raise CannotFix(JobNotSeen())
        bounded = with_keyword(node, plan.keyword, bound.text)
        call = _wait(node.func.value, bounded.args, node.func.dot, bound)
        return Rewrite(_laid_out_as(node, call), imports=bound.imports)
    return Rewrite(with_keyword(node, plan.keyword, bound.text), imports=_without_helper(bound))


def _bind_timeout(node: cst.CSTNode, plan: plans.BindTimeout, bound: _Bound) -> Rewrite | None:
    """A method that is handed to something that passes no keywords on."""
    if not isinstance(node, cst.BaseExpression):
        return None
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    arguments = [cst.Arg(node, comma=comma), keyword(plan.keyword, bound.text)]
    call = cst.Call(cst.Attribute(cst.Name("functools"), cst.Name("partial")), arguments)
    return Rewrite(call, imports=(Import("functools"), *_without_helper(bound)))


def _replaced(
    node: cst.Call, plan: plans.ReplaceTimeout | plans.ClientTimeout, value: str
) -> cst.Call:
    """The call with another value for the argument, passed by its name or by its place."""
    if plan.position is not None:
        return replace_position(node, plan.position, value)
    return replace_keyword(node, plan.keyword, value)


def _client_timeout(node: cst.Call, plan: plans.ClientTimeout, bound: _Bound) -> Rewrite:
    value = f"aiohttp.ClientTimeout(total={bound.text})"
    if plan.position is not None or find_keyword(node, plan.keyword) is not None:
        bounded = _replaced(node, plan, value)
    else:
        bounded = with_keyword(node, plan.keyword, value)
    return Rewrite(bounded, imports=(Import("aiohttp"), *bound.imports))


def _wait_first(node: cst.Call, plan: plans.WaitFirst, bound: _Bound) -> Rewrite | None:
    """`job.to_dataframe()`: its own `timeout=`, if it takes one, bounds the download alone."""
    if not isinstance(node.func, cst.Attribute):
        return None
    download = node.func
    if plan.own_statement:
        name, before = _statements(download.value, plan.name, bound)
        return Rewrite(node.with_changes(func=_joined(download, name)), before, bound.imports)
    call, moved = without_keywords(node, plan.moves)
    dot, rest = _dots(download.dot)
    wait = _wait(download.value, [*moved, keyword("timeout", bound.text)], dot, bound)
    return Rewrite(
        call.with_changes(func=download.with_changes(value=wait, dot=rest)), imports=bound.imports
    )


def _wait_around(node: cst.BaseExpression, plan: plans.WaitAround, bound: _Bound) -> Rewrite:
    """An expression that is iterated: `__iter__` of a job waits without a bound."""
    if plan.own_statement:
        name, before = _statements(node, plan.name, bound)
        return Rewrite(name, before, bound.imports)
    job = node if is_atom(node) else in_parentheses(node)
    dot = cst.Dot()
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        dot = _bare(_dots(node.func.dot)[1]) if _leads_line(node.func.dot) else dot
    if bound.helper:
        job = node
    return Rewrite(_wait(job, [keyword("timeout", bound.text)], dot, bound), imports=bound.imports)


def _wait(
    job: cst.BaseExpression, arguments: Sequence[cst.Arg], dot: cst.Dot, bound: _Bound
) -> cst.Call:
    """`job.result(…)`, or the same through the project's own function."""
    if not bound.helper:
        return cst.Call(cst.Attribute(job, cst.Name("result"), dot), arguments)
    first = cst.Arg(job, comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    return cst.Call(cst.Name(bound.helper), [first, *arguments])


def _laid_out_as(old: cst.Call, new: cst.Call) -> cst.Call:
    """The job on a line of its own where the other arguments have one."""
    space = old.whitespace_before_args
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return new
    line = space.first_line.with_changes(whitespace=cst.SimpleWhitespace(""), comment=None)
    comma = cst.Comma(whitespace_after=space.with_changes(first_line=line))
    first = new.args[0].with_changes(comma=comma)
    above = space.with_changes(empty_lines=[])  # what is remarked there is about the next argument
    return new.with_changes(args=[first, *new.args[1:]], whitespace_before_args=above)


def _without_helper(bound: _Bound) -> tuple[Import, ...]:
    return tuple(each for each in bound.imports if each.name != bound.helper or not bound.helper)


def _statements(
    job: cst.BaseExpression, name: str, bound: _Bound
) -> tuple[cst.BaseExpression, tuple[str, ...]]:
    """The expression that names the job afterwards, and the statements that wait for it."""
    if _is_plain(job):
        return job, (_statement(code(job), bound),)
    if not name:
        raise CannotFix(NoNameForJob())
    return cst.Name(name), (f"{name} = {_on_its_own(job)}", _statement(name, bound))


def _statement(job: str, bound: _Bound) -> str:
    if bound.helper:
        return f"{bound.helper}({job}, timeout={bound.text})"
    return f"{job}.result(timeout={bound.text})"


def _is_plain(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name) and not node.lpar


def _on_its_own(node: cst.BaseExpression) -> str:
    """Source text that can stand on the right of `=`: lines may break inside parentheses alone."""
    text = code(node)
    if "\n" not in text and "\r" not in text:
        return text
    try:
        cst.parse_statement(f"_ = {text}\n")
    except cst.ParserSyntaxError:
        return f"({text})"
    return text


def _joined(old: cst.Attribute, value: cst.BaseExpression) -> cst.Attribute:
    """The attribute of another value; a dot that led a line has nothing left to lead."""
    if value is old.value or _is_plain(old.value):
        return old
    return old.with_changes(value=value, dot=cst.Dot())


def _leads_line(dot: cst.Dot) -> bool:
    return "\n" in code(dot.whitespace_before)


def _bare(dot: cst.Dot) -> cst.Dot:
    """A dot that leads a line, without what is remarked above it."""
    space = dot.whitespace_before
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return dot
    return dot.with_changes(whitespace_before=space.with_changes(empty_lines=[]))


def _dots(dot: cst.Dot) -> tuple[cst.Dot, cst.Dot]:
    """Two dots for one: each leads its line if that one did; a comment stays where it was."""
    space = dot.whitespace_before
    if not _leads_line(dot):
        return cst.Dot(), dot
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return cst.Dot(space), dot
    line = cst.TrailingWhitespace(cst.SimpleWhitespace(""), newline=space.first_line.newline)
    remarks, suppressions = parted(space.empty_lines)
    rest = space.with_changes(first_line=line, empty_lines=suppressions)
    new = cst.Dot(space.with_changes(empty_lines=remarks))
    return new, dot.with_changes(whitespace_before=rest)


CODEMOD = Codemod(fixes=("QW101", "QW102", "QW103"), rewrite=_rewrite)
