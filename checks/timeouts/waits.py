"""Which expressions of a file wait for a BigQuery job, for which kind, and how that is known."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qw_codemod.analysis.test_doubles.compatibility import Producers
from qw_codemod.infer import Answer, Class, Inference, Instance, Library, Method, Value, judge
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries import bigquery
from qw_codemod.python.bindings import COMPREHENSIONS, dotted
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import last_name

from .polling import polls
from .tokens import DOWNLOADS, METHODS

JOBS = {
    bigquery.QUERY_JOB: "query",
    bigquery.LOAD_JOB: "load",
    bigquery.COPY_JOB: "copy",
    bigquery.EXTRACT_JOB: "extract",
    bigquery.ANY_JOB: "job",
    bigquery.PERHAPS_JOB: "job",
    bigquery.POLLING: "job",
}
_DOWNLOADED = frozenset({bigquery.QUERY_JOB, bigquery.ANY_JOB, bigquery.PERHAPS_JOB})
_WRITING = frozenset({bigquery.LOAD_JOB, bigquery.COPY_JOB, bigquery.EXTRACT_JOB})
ITERABLE_JOBS = frozenset({bigquery.QUERY_JOB})  # the others have no __iter__
_ITERATING = (b"query", b"job", b"bigquery")  # a job that is iterated has come from somewhere
# Where `timeout` stands among the positional arguments of `result()`, from 0. [run 3.47.0]
TIMEOUT_AT = {"query": 3, "load": 1, "copy": 1, "extract": 1, "job": 3}

# The calls that start a job; their own `timeout=` bounds one HTTP request. [src 3.47.0]
SUBMISSIONS = frozenset(
    {
        "query",
        "load_table_from_uri",
        "load_table_from_file",
        "load_table_from_dataframe",
        "load_table_from_json",
        "copy_table",
        "extract_table",
        "create_job",
        "get_job",
    }
)

# Arguments of QueryJob.to_dataframe and friends that RowIterator's methods do not take: they
# belong to `result()`. [src 3.47.0]
MOVES_TO_RESULT = frozenset({"max_results"})

# Calls of these names give no job, whatever they are called on.
_HOLDING = (
    *(ast.Name, ast.Attribute, ast.Subscript, ast.NamedExpr),
    *(ast.BoolOp, ast.IfExp, ast.Await),
)
_LISTED = (ast.List, ast.Tuple, ast.IfExp, ast.ListComp, ast.GeneratorExp)
_NO_JOB = frozenset(
    "items keys values split splitlines range enumerate zip sorted reversed list set tuple dict "
    "getLogger read readlines walk glob iterdir rglob listdir chunks strip findall finditer".split()
)
_ITERATE = frozenset(
    "list tuple set frozenset sorted iter enumerate zip map filter any all sum".split()
)
_ITERATE_ALONE = frozenset("max min dict pandas.DataFrame collections.deque".split())
_OF_ITERABLES = frozenset({"itertools", "more_itertools", "heapq", "statistics"})
_TAKE_ALL = frozenset({"extend", "update", "writerows"})  # methods of containers and files
_ASKING = (b".done(", b".running(", b".state")  # how a loop asks for the end of a job


# Who is handed a method, and what else: it passes keywords on, or takes nothing but the method.
# `unknown`: who is handed it may pass a timeout; `no argument`: it takes none that could be added.
Passes = Literal["keywords", "nothing", "no argument", "unknown"]


@dataclass(frozen=True)
class Wait:
    """A place that waits for a job.

    `node` is the waiting call, or the expression that is iterated; `form` the method's name,
    `iterate`, `handed` for a method that something else may call, or `polled` for a loop that asks
    whether the job is done; `kind` what job it is (query, load, copy, extract; job where that is
    open); `job` the expression that holds the job, or the client of `query_and_wait`, where there
    is one. Of a method that is handed over: `handed` is its form, `receiver` the call that it is
    handed to, `passes` how that can be given an argument for it. `unbound`: the method is taken
    from its class, as `QueryJob.result(job)`.
    """

    node: ast.expr
    form: str
    kind: str
    answer: Answer
    job: ast.expr | None
    receiver: ast.Call | None = None
    passes: Passes = "unknown"
    handed: str = ""
    unbound: bool = False

    @property
    def method(self) -> str:
        """The name of the method that waits."""
        form = self.handed or self.form
        return "__iter__" if form == "iterate" else form

    @property
    def is_one_method(self) -> bool:
        """Whether all that may be called has one name, and so the same arguments."""
        return len({each.name for each in self.answer.values if isinstance(each, Method)}) < 2

    @property
    def is_of_base(self) -> bool:
        """Whether all that is said of the job is the class that others than jobs have too."""
        return any(_class_of(value) == bigquery.POLLING for value in self.answer.values)

    @property
    def writes(self) -> bool:
        """Whether the job may be one that writes, by its class alone."""
        return any(_class_of(value) in _WRITING for value in self.answer.values)


def waits(source: SourceFile, infer: Inference) -> Iterator[Wait]:
    """The waits of a file, bounded or not."""
    bound = _bound_methods(source)
    for call in source.nodes(ast.Call):
        if isinstance(call.func, ast.Attribute):
            name = call.func.attr
            if name in METHODS or name == "exception" and not call.args:
                yield from _by_method(source, infer, call, call.func.value)
            elif name in bound:
                yield from _by_method(source, infer, call, None)
        elif isinstance(call.func, ast.Name) and call.func.id in bound or _is_looked_up(call.func):
            yield from _by_method(source, infer, call, None)
    if any(word in source.data for word in _ASKING):
        for loop, job in polls(source):
            answer = judge(infer.holds(source, job), _is_job)
            if answer:
                yield Wait(loop, "polled", _kind_of_jobs(answer), answer, job)
    if any(word in source.data for word in _ITERATING):
        for node in _iterated(source):
            answer = infer.judged(source, node, lambda value: is_iterable(value, infer))
            if answer:
                yield Wait(node, "iterate", "query", answer, node)


def submission(source: SourceFile, infer: Inference, wait: Wait) -> ast.Call | None:
    """The call of the client that started the job, where it stands in the same function."""
    call = given_by(source, infer, wait)
    return call if call is not None and is_submission(call) else None


def is_submission(call: ast.Call) -> bool:
    """Whether a call that gives a job is one of the client's own, and no wrapper's."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in SUBMISSIONS


def given_by(source: SourceFile, infer: Inference, wait: Wait) -> ast.Call | None:
    """The call that gives the job, where it stands in the same function."""
    call = wait.job
    if isinstance(call, ast.Name):
        view = infer.view(source)
        reaching = view.flow(view.scope_of(call)).reaching.get(call) or set()
        values = [b.value for b in reaching if b.kind in ("assign", "walrus") and not b.path]
        if len(values) != 1 or len(reaching) != 1:
            return None
        call = values[0]
    return call if isinstance(call, ast.Call) else None


def producers_of(source: SourceFile, infer: Inference, wait: Wait) -> Producers:
    """The calls that give what is waited on, and names that hold it."""
    if wait.form == "query_and_wait":
        return Producers()  # no other object has a method of that name
    calls = [name for name, job in bigquery.METHODS[bigquery.CLIENT].items() if _fits(job, wait)]
    return Producers((*sorted(calls), *_giver(source, infer, wait)), ("job",))


def _giver(source: SourceFile, infer: Inference, wait: Wait) -> Iterator[str]:
    """The call of the project's own function that gives the job, which tests may stub as well."""
    call = given_by(source, infer, wait)
    name = dotted(call.func).rpartition(".")[2] if call is not None else ""
    if name:
        yield name


def _fits(job: str, wait: Wait) -> bool:
    return (
        job == bigquery.ANY_JOB
        or JOBS.get(job) == wait.kind
        or (wait.kind == "job" and job in JOBS)
    )


def is_over(source: SourceFile, infer: Inference, wait: Wait) -> bool:
    """Whether an earlier statement, which is always run before, has waited for the same job."""
    job = wait.job
    name = dotted(job) if job is not None else ""
    if job is None or not name or wait.form == "query_and_wait":
        return False
    reaching = infer.view(source).flow(infer.view(source).scope_of(job)).reaching
    for statement in _before(source, job):
        if _binds(statement, name):
            return False
        for call in ast.walk(statement):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "result"
                and dotted(call.func.value) == name
                and reaching.get(call.func.value) == reaching.get(job)
                and _is_always_run(source, call, statement)
            ):
                return True
    return False


def _before(source: SourceFile, node: ast.AST) -> Iterator[ast.stmt]:
    """The statements before a node in its block and those around it, the nearest first."""
    child: ast.AST = source.statement(node)
    for parent in source.ancestors(child):
        for block in ("body", "orelse", "finalbody", "handlers"):
            statements = getattr(parent, block, None)
            if isinstance(statements, list) and child in statements and block != "handlers":
                yield from reversed(statements[: statements.index(child)])
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return
        child = parent


def _binds(statement: ast.stmt, name: str) -> bool:
    """Whether something in a statement binds the name anew."""
    return any(
        isinstance(node, (ast.Name, ast.Attribute))
        and isinstance(node.ctx, (ast.Store, ast.Del))
        and (dotted(node) == name or name.startswith(dotted(node) + "."))
        for node in ast.walk(statement)
    )


def _is_always_run(source: SourceFile, call: ast.Call, statement: ast.stmt) -> bool:
    if not isinstance(statement, (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return False
    return not any(
        isinstance(each, (ast.Lambda, ast.IfExp, ast.BoolOp, *COMPREHENSIONS))
        for each in source.ancestors(call)
        if each is not statement and statement in source.ancestors(each)
    )


def _by_method(
    source: SourceFile, infer: Inference, call: ast.Call, receiver: ast.expr | None
) -> Iterator[Wait]:
    answer = judge(infer.holds(source, call.func), is_waiting)
    if answer is None:
        return
    method = answer.values[0]
    if isinstance(method, Method):
        yield Wait(call, method.name, kind_of(answer), answer, receiver)
    elif call.args:
        assert isinstance(method, Library)
        kind = kind_of(answer)
        yield Wait(call, method.last, kind, answer, call.args[0], unbound=True)


def kind_of(answer: Answer) -> str:
    """Of which kind the jobs are; `job` where there are several."""
    kinds = {JOBS.get(_class_of(value), "query") for value in answer.values}
    return kinds.pop() if len(kinds) == 1 else "job"


def _class_of(value: Value) -> str:
    """The class of a method, or that which it is taken from without an object."""
    if isinstance(value, Method):
        return value.receiver.name
    return value.name.rpartition(".")[0] if isinstance(value, Library) else ""


def _is_job(value: Value) -> bool:
    return isinstance(value, Instance) and isinstance(value.of, Library) and value.of.name in JOBS


def _kind_of_jobs(answer: Answer) -> str:
    kinds = {
        JOBS[value.of.name]
        for value in answer.values
        if isinstance(value, Instance) and isinstance(value.of, Library)
    }
    return kinds.pop() if len(kinds) == 1 else "job"


def is_waiting(value: Value) -> bool:
    """Whether it is a method that waits for a job: `job.result`, or `QueryJob.result`."""
    if not isinstance(value, Method | Library):
        return False
    cls, name = _class_of(value), value.name if isinstance(value, Method) else value.last
    if name == "query_and_wait":
        return cls == bigquery.CLIENT
    if name in DOWNLOADS:
        return cls in _DOWNLOADED
    return name in ("result", "exception") and cls in JOBS


def is_iterable(value: Value, infer: Inference) -> bool:
    """Whether iterating it waits for a job."""
    if not isinstance(value, Instance):
        return False
    if isinstance(value.of, Library):
        return value.of.name in ITERABLE_JOBS or value.of.name == bigquery.ANY_JOB
    hierarchy = infer.hierarchy
    if not ITERABLE_JOBS.intersection(hierarchy.library_bases(value.of)):
        return False
    return not any(
        isinstance(base, Class) and base.view.bindings(base.node, "__iter__")
        for base in hierarchy.mro(value.of)
    )


def _bound_methods(source: SourceFile) -> set[str]:
    """Names and attributes that a waiting method is given: `wait = job.result`."""
    found: set[str] = set()
    for method in source.nodes(ast.Attribute):
        if method.attr in METHODS:
            found.update(_targets(source, method))
    for call in source.nodes(ast.Call):
        if _is_looked_up(call):
            found.update(_targets(source, call))
    loops: list[ast.For | ast.comprehension] = []
    if found:
        loops = [*source.nodes(ast.For), *source.nodes(ast.comprehension)]
    for loop in loops:  # over a list of them
        if last_name(loop.iter) in found and isinstance(loop.target, ast.Name):
            found.add(loop.target.id)
    return found - METHODS


def _is_looked_up(node: ast.expr) -> bool:
    """`getattr(job, "result")`, or by a name that is not spelled out."""
    if not isinstance(node, ast.Call) or dotted(node.func) != "getattr" or len(node.args) != 2:
        return False
    name = node.args[1]
    return not isinstance(name, ast.Constant) or name.value in METHODS


def _targets(source: SourceFile, method: ast.expr) -> Iterator[str]:
    """The last names of what a method is given to, alone or in a list."""
    around = source.parent(method)
    while isinstance(around, _LISTED):
        around = source.parent(around)
    targets: list[ast.expr] = []
    if isinstance(around, ast.Assign):
        targets = around.targets
    elif isinstance(around, (ast.AnnAssign, ast.NamedExpr, ast.For, ast.comprehension)):
        targets = [around.target]
    for target in targets:
        for each in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
            if isinstance(each, (ast.Name, ast.Attribute)):
                yield each.id if isinstance(each, ast.Name) else each.attr


def _iterated(source: SourceFile) -> Iterator[ast.expr]:
    """The expressions that are iterated, as far as they could be a job."""
    for node in _iterations(source):
        if isinstance(node, _HOLDING):
            yield node
        elif isinstance(node, ast.Call):
            func = node.func
            name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
            if name not in _NO_JOB and name not in METHODS:
                yield node


def _iterations(source: SourceFile) -> Iterator[ast.expr]:
    yield from (loop.iter for loop in source.nodes(ast.For))
    yield from (part.iter for part in source.nodes(ast.comprehension))
    for call in source.nodes(ast.Call):
        if call.args:
            yield from _iterated_by(source, call)
        yield from (arg.value for arg in call.args if isinstance(arg, ast.Starred))
    for starred in source.nodes(ast.Starred):
        if isinstance(starred.ctx, ast.Load) and not isinstance(source.parent(starred), ast.Call):
            yield starred.value
    for assign in source.nodes(ast.Assign):
        if any(isinstance(target, (ast.Tuple, ast.List)) for target in assign.targets):
            yield assign.value
    for delegation in source.nodes(ast.YieldFrom):
        yield delegation.value


def _iterated_by(source: SourceFile, call: ast.Call) -> Iterator[ast.expr]:
    """The arguments that a call iterates."""
    name = full_name(source, call.func)
    given = call.args
    if name in _ITERATE:
        given = call.args[1:] if name in ("map", "filter") else call.args
    elif name in _ITERATE_ALONE or last_name(call.func) in _TAKE_ALL and "." in name:
        given = call.args if len(call.args) == 1 else []
    elif name.partition(".")[0] not in _OF_ITERABLES:
        return
    yield from (arg for arg in given if not isinstance(arg, ast.Starred))
