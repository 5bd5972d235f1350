"""Waits without an end."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from qw_codemod.infer import Answer, Class, Instance, Items, Library, Method, Value, judge
from qw_codemod.recognize import bigquery
from qw_codemod.rule import Check, Context, Evidence, Hit, SourceFile

SETTINGS = {
    "bigquery": "seconds",
    "query": "seconds",
    "load": "seconds",
    "copy": "seconds",
    "extract": "seconds",
    "http": "seconds",
    "style": ("auto", "chain", "statement"),
}

_DOWNLOADS = bigquery.DOWNLOADS
_METHODS = frozenset({"result", "query_and_wait", *_DOWNLOADS})
# Calls of these names give no job, whatever they are called on.
_NO_JOB = frozenset(
    "items keys values split splitlines range enumerate zip sorted reversed list set tuple dict "
    "getLogger read readlines walk glob iterdir rglob listdir chunks strip findall finditer".split()
)
_ITERATE = frozenset("list tuple set frozenset sorted iter enumerate zip map filter any all".split())


@dataclass(frozen=True)
class _Wait:
    """A place that waits for a job: the node that a rewrite would change, and what it waits for."""

    node: ast.expr
    at: ast.expr
    form: str  # the method's name, or `iterate`
    kind: str  # of job: query, load, copy, extract, job
    answer: Answer
    job: ast.expr | None  # the expression that holds the job, where there is one


def _waits(source: SourceFile, context: Context) -> Iterator[_Wait]:
    bound = _bound_methods(source)
    for call in source.nodes(ast.Call):
        if isinstance(call.func, ast.Attribute):
            if call.func.attr in _METHODS:
                yield from _method_wait(source, context, call, call.func.value)
        elif isinstance(call.func, ast.Name) and call.func.id in bound:
            yield from _method_wait(source, context, call, None)
    if any(word in source.data for word in (b"query", b"job", b"bigquery")):
        for node in _iterated(source):
            answer = judge(context.infer.holds(source, node), lambda v: _iterable(v, context))
            if answer:
                yield _Wait(node, node, "iterate", "query", answer, node)


def _method_wait(
    source: SourceFile, context: Context, call: ast.Call, receiver: ast.expr | None
) -> Iterator[_Wait]:
    answer = judge(context.infer.holds(source, call.func), _is_waiting)
    if answer is None:
        return
    method = answer.values[0]
    assert isinstance(method, Method)
    kind = bigquery.JOBS.get(method.receiver.name, "query")
    yield _Wait(call, call, method.name, kind, answer, receiver)


def _is_waiting(value: Value) -> bool:
    if not isinstance(value, Method):
        return False
    if value.name == "query_and_wait":
        return value.receiver.name == bigquery.CLIENT
    if value.name in _DOWNLOADS:
        return value.receiver.name in (bigquery.QUERY_JOB, bigquery.ANY_JOB)
    return value.name == "result" and value.receiver.name in bigquery.JOBS


def _iterable(value: Value, context: Context) -> bool:
    if not isinstance(value, Instance):
        return False
    if isinstance(value.of, Library):
        return value.of.name in bigquery.ITERABLE_JOBS or value.of.name == bigquery.ANY_JOB
    hierarchy = context.infer.evaluator.hierarchy
    if not bigquery.ITERABLE_JOBS.intersection(hierarchy.library_bases(value.of)):
        return False
    return not any(
        isinstance(base, Class) and "__iter__" in base.view.flow(base.node).bindings
        for base in hierarchy.mro(value.of)
    )


def _bound_methods(source: SourceFile) -> set[str]:
    """Names that a waiting method is given: `wait = job.result`."""
    return {
        target.id
        for assign in source.nodes(ast.Assign)
        if isinstance(assign.value, ast.Attribute) and assign.value.attr in _METHODS
        for target in assign.targets
        if isinstance(target, ast.Name)
    }


def _iterated(source: SourceFile) -> Iterator[ast.expr]:
    """The expressions that are iterated, as far as they could be a job."""
    for node in _iterations(source):
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.NamedExpr)):
            yield node
        elif isinstance(node, (ast.BoolOp, ast.IfExp, ast.Await)):
            yield node
        elif isinstance(node, ast.Call):
            func = node.func
            name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
            if name not in _NO_JOB and name not in _METHODS:
                yield node


def _iterations(source: SourceFile) -> Iterator[ast.expr]:
    for loop in (*source.nodes(ast.For), *source.nodes(ast.comprehension)):
        yield loop.iter
    for call in source.nodes(ast.Call):
        if isinstance(call.func, ast.Name) and call.args:
            if call.func.id in _ITERATE:
                first = call.args[1:] if call.func.id in ("map", "filter") else call.args
                yield from (arg for arg in first if not isinstance(arg, ast.Starred))
        yield from (arg.value for arg in call.args if isinstance(arg, ast.Starred))
    for display in (*source.nodes(ast.List), *source.nodes(ast.Tuple), *source.nodes(ast.Set)):
        if isinstance(getattr(display, "ctx", ast.Load()), ast.Load):
            yield from (each.value for each in display.elts if isinstance(each, ast.Starred))
    for assign in source.nodes(ast.Assign):
        if any(isinstance(target, (ast.Tuple, ast.List)) for target in assign.targets):
            yield assign.value
    for delegation in source.nodes(ast.YieldFrom):
        yield delegation.value


# QW101 and QW102


def _unbounded(source: SourceFile, context: Context) -> Iterator[Hit]:
    for wait in _waits(source, context):
        hit = _judged(source, context, wait)
        if hit is not None and not hit[0]:
            yield hit[1]


def _misplaced(source: SourceFile, context: Context) -> Iterator[Hit]:
    for wait in _waits(source, context):
        hit = _judged(source, context, wait)
        if hit is not None and hit[0]:
            yield hit[1]


def _judged(source: SourceFile, context: Context, wait: _Wait) -> tuple[bool, Hit] | None:
    """Whether a timeout is misplaced, and the hit; None where the wait is bounded."""
    if wait.form == "iterate":
        return _of_iteration(source, context, wait)
    assert isinstance(wait.node, ast.Call)
    if wait.form in _DOWNLOADS:
        return _of_download(source, context, wait, wait.node)
    if wait.form == "query_and_wait":
        return _of_call(source, context, wait, wait.node, "wait_timeout")
    return _of_call(source, context, wait, wait.node, "timeout")


def _of_call(
    source: SourceFile, context: Context, wait: _Wait, call: ast.Call, keyword: str
) -> tuple[bool, Hit] | None:
    given = _keyword(call, keyword)
    name = f".{wait.form}()"
    if given is not None:
        if not (isinstance(given, ast.Constant) and given.value is None):
            return None
        return False, _hit(
            wait,
            f"{name} waits for ever: {keyword}=None is no bound",
            "replace-timeout",
            {"keyword": keyword, "limit": wait.kind},
            "None was written on purpose",
        )
    if wait.form == "result":
        position = bigquery.TIMEOUT_AT.get(wait.kind, 3)
        if len(call.args) > position and not _starred(call):
            return None
        number = _number_by_position(call, wait)
        if number is not None:
            name_of = "page_size" if wait.kind == "query" and number == 0 else "another parameter"
            return True, _hit(
                wait,
                f"the number in .result({source.text(call.args[number])}) is {name_of}, "
                "not a timeout: pass timeout= by keyword",
                "name-timeout",
                {"position": str(number), "keyword": "timeout"},
            )
    doubt = _packed(source, context, call, keyword)
    if doubt is None:
        return None
    submitted = _submission_timeout(source, context, wait)
    details = {"keyword": keyword, "limit": wait.kind}
    if submitted is not None and wait.form == "result":
        return True, _hit(
            wait,
            "the timeout= of the submission bounds one HTTP request, not this wait",
            "add-timeout",
            {**details, **_value(submitted)},
            doubt=doubt,
        )
    message = f"{name} of a {_KINDS[wait.kind]} without {keyword}= can wait for ever"
    if wait.form == "query_and_wait":
        message = f"query_and_wait() without {keyword}= can wait for ever"
    return False, _hit(wait, message, "" if doubt else "add-timeout", details, doubt=doubt)


def _of_download(
    source: SourceFile, context: Context, wait: _Wait, call: ast.Call
) -> tuple[bool, Hit] | None:
    own = _keyword(call, "timeout")
    name = f".{wait.form}()"
    details = {"limit": wait.kind, "moves": ", ".join(sorted(bigquery.MOVES_TO_RESULT))}
    if own is not None and not (isinstance(own, ast.Constant) and own.value is None):
        message = f"the timeout= of {name} bounds the download, not the wait for the job"
        return True, _hit(wait, message, "wait-first", {**details, **_value(own)})
    submitted = _submission_timeout(source, context, wait)
    if submitted is not None:
        message = "the timeout= of the submission bounds one HTTP request, not this wait"
        return True, _hit(wait, message, "wait-first", {**details, **_value(submitted)})
    return False, _hit(wait, f"{name} of a query job can wait for ever", "wait-first", details)


def _of_iteration(source: SourceFile, context: Context, wait: _Wait) -> tuple[bool, Hit]:
    details = {"limit": wait.kind}
    submitted = _submission_timeout(source, context, wait)
    if submitted is not None:
        message = "the timeout= of the submission bounds one HTTP request, not this wait"
        return True, _hit(wait, message, "wait-around", {**details, **_value(submitted)})
    return False, _hit(wait, "iterating a query job can wait for ever", "wait-around", details)


_KINDS = {
    "query": "query job",
    "load": "load job",
    "copy": "copy job",
    "extract": "extract job",
    "job": "BigQuery job",
}


def _hit(
    wait: _Wait,
    message: str,
    remedy: str,
    details: dict[str, str],
    caution: str = "",
    doubt: str | None = "",
) -> Hit:
    evidence = wait.answer.evidence
    if doubt:
        evidence = Evidence("likely", evidence.facts, doubt)
    return Hit(
        wait.node,
        message,
        evidence,
        remedy,
        details,
        "unsafe" if caution else "safe",
        caution,
        wait.at,
    )


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _starred(call: ast.Call) -> bool:
    return any(isinstance(arg, ast.Starred) for arg in call.args)


def _number_by_position(call: ast.Call, wait: _Wait) -> int | None:
    """The place of a number that someone took for the timeout: the last positional argument."""
    if not call.args or _starred(call):
        return None
    last = call.args[-1]
    if isinstance(last, ast.Constant) and type(last.value) in (int, float):
        return len(call.args) - 1
    return None


def _packed(source: SourceFile, context: Context, call: ast.Call, keyword: str) -> str | None:
    """Why `*args` or `**kwargs` may hold the bound: empty if not; None if they do hold it."""
    for arg in call.args:
        if isinstance(arg, ast.Starred):
            return f"`*{source.text(arg.value)}` may hold the timeout"
    for each in call.keywords:
        if each.arg is not None:
            continue
        held = context.infer.holds(source, each.value)
        spelled = [p.value for p in held if isinstance(p.value, Items) and p.value.named]
        if not spelled or len(spelled) != len(held):
            return f"`**{source.text(each.value)}` may hold {keyword}= already"
        if any(key == keyword for value in spelled for key, _ in value.named):
            return None
    return ""


def _submission_timeout(
    source: SourceFile, context: Context, wait: _Wait
) -> ast.expr | None:
    """The `timeout=` of the call that started the job, where it stands in the same function."""
    call = wait.job
    if isinstance(call, ast.Name):
        scope = context.infer.view(source).scope_of(call)
        reaching = context.infer.view(source).flow(scope).reaching.get(call) or set()
        values = [b.value for b in reaching if b.kind in ("assign", "walrus") and not b.path]
        if len(values) != 1 or len(reaching) != 1:
            return None
        call = values[0]
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    if call.func.attr not in bigquery.SUBMISSIONS:
        return None
    given = _keyword(call, "timeout")
    if isinstance(given, ast.Constant) and given.value is None:
        return None
    return given


def _value(node: ast.expr) -> dict[str, str]:
    """A number that a person wrote is the bound that they meant."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return {"value": repr(node.value)}
    return {}


_TOKENS = tuple(name.encode() for name in sorted(_METHODS)) + (b"query", b"job", b"bigquery")

CHECKS = (
    Check(
        "QW101",
        "unbounded-bigquery-wait",
        "A wait for a BigQuery job has no timeout.",
        _unbounded,
        _TOKENS,
    ),
    Check(
        "QW102",
        "misplaced-bigquery-timeout",
        "A timeout bounds something else than the wait for the job.",
        _misplaced,
        _TOKENS,
    ),
)
