"""Signs around a `try` that its failure may be ordinary: a poll, an end, what may not be there.

They count whatever becomes of the failure, where nobody explains it: what is made of it otherwise
is a guess as well.
"""

from __future__ import annotations

import ast
import re
import sys

from qw_codemod.infer import Function, Inference, Instance, Library, Method
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.imports import ImportStatement, names_of
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import LOOPS, definition_of, last_name, own_nodes

from . import statements as says
from .another_way import following, has_placeholder, is_passed, only_edits_text, stays
from .effects import is_printing
from .expected import of_callee, of_docstring, of_metadata, of_migration
from .logging_style import any_log_of
from .operation_name import called, is_trivial, looks_at_clock, outermost
from .pieces import is_of_text
from .told_values import told_names
from .work import (
    PROGRAMS,
    Work,
    asks_next,
    gives_next,
    is_only_asked,
    is_tidying,
    makes_output,
)

# Lookups of a name in the Domain Name System: most names have no record of most kinds.
_RESOLVING = tuple(
    "dns.resolver dns.asyncresolver aiodns socket.gethostbyname socket.gethostbyname_ex "
    "socket.gethostbyaddr socket.getaddrinfo socket.getnameinfo".split()
)
_ENDING = frozenset(
    "stop close kill clear flush reset quit exit aexit shutdown disconnect teardown".split()
)
_WAITING = frozenset("wait join communicate sleep".split())
_FAILED = re.compile(r"fail|err|broken|invalid|bad|miss", re.I)


def ordinary(
    source: SourceFile,
    infer: Inference,
    statement: ast.Try,
    handler: ast.ExceptHandler,
    work: Work,
) -> Statement | None:
    """What may go wrong each day as well as out of order; None where nothing looks so."""
    if any(isinstance(each, ast.Raise) for each in own_nodes(handler.body)):
        return None
    calls = [node for node in own_nodes(statement.body) if isinstance(node, ast.Call)]
    for call in calls:
        if _is_of(source, infer, call, _RESOLVING):
            return says.MayNotBeThere(called(call))
    if doubt := _is_flagged(source, statement, handler, calls):
        return doubt
    if doubt := _cannot_be_told(source, infer, statement, handler):
        return doubt
    if work in (Work.VALUES, Work.SERVICE) or not _takes_default(source, handler):
        return None
    for call in calls:
        if _runs_program(source, infer, call):
            return says.MayNotBeInstalled(called(call))
        if is_passed(handler) and _makes_place(source, statement, call):
            return says.MayBeThere(called(call))
    if doubt := of_migration(source, statement):
        return doubt
    if work is not Work.CODE:
        return None
    return (
        _of_queue(source, infer, statement, handler, calls)
        or _of_poll(source, statement, handler)
        or _of_end(source, infer, statement, handler)
        or _of_many(source, statement)
        or _of_wait(source, statement)
        or _of_owner(source, statement, handler)
        or _of_library(source, infer, statement)
        or _of_lines(source, statement)
        or _of_filter(source, statement, handler)
        or _of_callback(source, statement, handler)
        or _of_key(source, statement)
        or of_docstring(source, statement, handler)
        or of_metadata(source, statement, handler)
        or of_callee(source, infer, statement)
    )


def _takes_default(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether the handler goes on with nothing or a default, after a pause at most.

    An object that is made of constants is a default, too.
    """
    calls = [node for node in own_nodes(handler.body) if isinstance(node, ast.Call)]
    return all(
        last_name(call) == "sleep"
        or (is_trivial(source, call) and not is_printing(call))
        or (last_name(call)[:1].isupper() and not any(map(_is_read, ast.walk(call))))
        for call in calls
    )


def _is_read(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id[:1].islower()


def _goes_on(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether the handler does nothing, or waits a while and counts."""
    return _takes_default(source, handler) and all(
        isinstance(each, ast.Pass | ast.Continue | ast.Expr)
        or (isinstance(each, ast.AugAssign) and isinstance(each.value, ast.Constant))
        for each in handler.body
    )


def _is_of(source: SourceFile, infer: Inference, call: ast.Call, names: tuple[str, ...]) -> bool:
    """Whether a function of a library is called, or a method of what a class of it gives."""
    if _is_below(full_name(source, call.func), names):
        return True
    if not isinstance(call.func, ast.Attribute):
        return False
    for inferred in infer.holds(source, call.func):
        value = inferred.value
        of = value.receiver if isinstance(value, Method) else value
        of = of.of if isinstance(of, Instance) else of
        if isinstance(of, Library) and _is_below(of.name, names):
            return True
    return False


def _is_below(name: str, names: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in names)


# -- what may not be there ------------------------------------------------------------------------


def _runs_program(
    source: SourceFile, infer: Inference, call: ast.Call, follows: bool = True
) -> bool:
    """Whether what a program of the machine says is taken, which may not be installed.

    By a function of the project as well. Python itself, and what `shutil.which` found, are there.
    """
    if isinstance(source.parent(call), ast.Expr):
        return False
    if full_name(source, call.func) in PROGRAMS:
        return not (_is_python(source, call) or _is_looked_for(source, call))
    if not follows or is_trivial(source, call):
        return False
    for inferred in infer.holds(source, call.func):
        function = inferred.value
        if not isinstance(function, Function) or isinstance(function.node, ast.Lambda):
            continue
        function.view.depend_on_body(function.node)
        where = function.view.source
        for node in own_nodes(function.node.body):
            if isinstance(node, ast.Call) and _runs_program(where, infer, node, follows=False):
                return True
    return False


def _is_python(source: SourceFile, call: ast.Call) -> bool:
    match call.args[:1]:
        case [ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_])]:
            return full_name(source, first) == "sys.executable"
    return False


def _is_looked_for(source: SourceFile, call: ast.Call) -> bool:
    function = definition_of(source, call)
    return function is not None and any(
        isinstance(node, ast.Call) and full_name(source, node.func) == "shutil.which"
        for node in own_nodes(function.body)
    )


def _makes_place(source: SourceFile, statement: ast.Try, call: ast.Call) -> bool:
    """Whether a folder is made that may be there, and nothing asks, removes it or allows it."""
    if full_name(source, call.func) not in ("os.mkdir", "os.makedirs") and last_name(call) != (
        "mkdir"
    ):
        return False
    if any(each.arg in ("exist_ok", "parents") for each in call.keywords) or len(call.args) > 2:
        return False
    function = definition_of(source, statement)
    around = own_nodes(function.body if function is not None else source.tree.body)
    return not any(
        isinstance(node, ast.Call)
        and node.lineno <= call.lineno
        and last_name(node) in ("exists", "isdir", "is_dir", "rmtree", "mkdtemp")
        for node in around
    )


def _of_library(source: SourceFile, infer: Inference, statement: ast.Try) -> Statement | None:
    """A library of others that is imported right there: it may not be installed."""
    for node in own_nodes(statement.body):
        for each in names_of(node) if isinstance(node, ImportStatement) else ():
            package = each.module.partition(".")[0]
            if each.level or not package or package in sys.stdlib_module_names:
                continue
            if not infer.tree.resolve(each.module, source.path):
                return says.MayNotBeInstalled(each.module)
    return None


def _of_key(source: SourceFile, statement: ast.Try) -> Statement | None:
    """The value of a key that the caller gives: there may be none of that name."""
    function = definition_of(source, statement)
    if function is None:
        return None
    taken = function.args
    given = {each.arg for each in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)}
    for node in own_nodes(statement.body):
        match node:
            case ast.Subscript(value=value, slice=ast.Name(id=key), ctx=ast.Load()):
                if key in given and key not in {dotted(value), "self"}:
                    return says.MayHaveNoKey(key)
    return None


# -- what is asked again and again, and what ends -------------------------------------------------


def _of_queue(
    source: SourceFile,
    infer: Inference,
    statement: ast.Try,
    handler: ast.ExceptHandler,
    calls: list[ast.Call],
) -> Statement | None:
    """The next item of a queue, beside other things: there may be none for a while."""
    if not _goes_on(source, handler):
        return None
    for call in calls:
        if asks_next(call) and not isinstance(call.func, ast.Name):
            return says.MayBeEmpty(called(call))
        if gives_next(source, infer, call):
            return says.MayBeEmpty(called(call))
        if called(call).endswith(".task_done"):  # so it is a queue, whatever it is called with
            queue = called(call).removesuffix(".task_done")
            if any(
                called(each) == f"{queue}.get" and (each.args or each.keywords) for each in calls
            ):
                return says.MayBeEmpty(f"{queue}.get")
    return None


def _of_poll(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """A loop that looks at the clock, and asks again until there is something."""
    if not _goes_on(source, handler):
        return None
    child: ast.AST = statement
    for around in source.ancestors(statement):
        if isinstance(around, FUNCTIONS):
            return None
        if isinstance(around, ast.While) and child in around.body:
            inside = set(ast.walk(statement))
            looks = [node for node in (around.test, *own_nodes(around.body)) if node not in inside]
            nodes = [each for node in looks for each in ast.walk(node)]
            if any(
                isinstance(n, ast.Call) and n not in inside and looks_at_clock(n) for n in nodes
            ):
                return says.IsAskedAgain()
            return None
        if isinstance(around, LOOPS):
            return None
        child = around
    return None


def _of_end(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """What ends something: that may have ended by itself."""
    if not is_passed(handler) or makes_output(source, statement):
        return None
    function = definition_of(source, statement)
    is_method = function is not None and isinstance(source.parent(function), ast.ClassDef)
    said = words(function.name) if function is not None and is_method else ()
    done = [next(outermost(source, e), None) for e in statement.body if isinstance(e, ast.Expr)]
    does = [call for call in done if call is not None and any_log_of(source, infer, call) is None]
    if not _ENDING.isdisjoint(said[:1]) and not any(
        isinstance(each, ast.Return) for each in own_nodes(statement.body)
    ):
        call = next((call for e in statement.body for call in outermost(source, e)), None)
        return says.MayBeGone(called(call)) if call is not None else None
    around = source.parent(statement)
    if does and isinstance(around, ast.Try) and statement in around.finalbody:
        return says.MayBeGone(called(does[0]))  # whatever happened before
    ended = {_receiver(call) for call in does if _ends(call)} - {""}
    made = {
        dotted(target)
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
    }
    if not does or not any(map(_ends, does)) or ended & made:
        return None
    last = does[-1]
    if not _ends(last) and last_name(last) not in _WAITING:
        return None
    if all(
        _ends(call)
        or last_name(call) in _WAITING
        or full_name(source, call.func) in PROGRAMS
        or (_receiver(call) in ended and all(isinstance(e, ast.Constant) for e in call.args))
        for call in does
    ):
        return says.MayBeGone(called(next(filter(_ends, does))))
    return None


def _ends(call: ast.Call) -> bool:
    """`driver.quit()`, `scheduler.stop(wait=False)`: it is asked for nothing."""
    return is_tidying(call) or (
        isinstance(call.func, ast.Attribute)
        and not call.args
        and not (_ENDING - {"flush"}).isdisjoint(words(call.func.attr)[:1])  # which writes
    )


def _of_many(source: SourceFile, statement: ast.Try) -> Statement | None:
    """A message to each of many: one of them may have left."""
    loop = source.parent(statement)
    while isinstance(loop, ast.If):
        loop = source.parent(loop)
    calls = [call for each in statement.body for call in outermost(source, each)]
    if not isinstance(loop, ast.For | ast.AsyncFor) or len(calls) != 1:
        return None
    told = {each.id for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
    if _receiver(calls[0]) in told and words(last_name(calls[0]))[:1] == ("send",):
        return says.MayHaveLeft(called(calls[0]))
    return None


def _of_wait(source: SourceFile, statement: ast.Try) -> Statement | None:
    """A condition that is waited for, `WebDriverWait(driver, 3).until(...)`: it may not come."""
    for call in (node for node in own_nodes(statement.body) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "until":
            return says.MayNotCome(called(call))
    return None


def _receiver(call: ast.Call) -> str:
    return dotted(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def _of_owner(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """A loop that reads from what another method of the object closes, or takes away.

    `while self.connection is not None:` in a thread, and `self.connection = None` in `close`.
    """
    function = definition_of(source, statement)
    owner = source.parent(function) if function is not None else None
    if not isinstance(owner, ast.ClassDef) or not _goes_on(source, handler):
        return None
    loops = [each for each in own_nodes(statement.body) if isinstance(each, ast.While)]
    for around in source.ancestors(statement):
        if around is function:
            break
        loops += [around] if isinstance(around, ast.While) else []
    asked = {
        dotted(node)
        for loop in loops
        for node in ast.walk(loop.test)
        if isinstance(node, ast.Attribute) and dotted(node).startswith("self.")
    }
    used = {
        name
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Call)
        for name in asked
        if dotted(node.func).startswith(f"{name}.")
        or any(dotted(each) == name for given in node.args for each in ast.walk(given))
    }
    for method in owner.body:
        if not isinstance(method, FUNCTIONS[:2]) or method is function or method.name == "__init__":
            continue
        for node in own_nodes(method.body):
            targets = node.targets if isinstance(node, ast.Assign) else []
            ended = {dotted(target) for target in targets} & used
            if isinstance(node, ast.Call) and is_tidying(node):
                ended |= {_receiver(node)} & used
            if ended:
                return says.EndsWithOwner(sorted(ended)[0], method.name)
    return None


# -- what may be of another kind ------------------------------------------------------------------


def _of_lines(source: SourceFile, statement: ast.Try) -> Statement | None:
    """A function that its own file gives each line of a text: not each need be of the kind."""
    function = definition_of(source, statement)
    if function is None:
        return None
    for call in source.nodes(ast.Call):
        if last_name(call) != function.name:
            continue
        for around in source.ancestors(call):
            if isinstance(around, FUNCTIONS):
                break
            if isinstance(around, ast.For) and dotted(around.target) in map(dotted, call.args):
                if is_of_text(source, around.iter):
                    return says.MayBeAnotherLine(function.name)
                break
    return None


def _of_filter(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """A loop that keeps the items which can do something: the others are left out."""
    loop = source.parent(statement)
    if not isinstance(loop, ast.For | ast.AsyncFor) or not isinstance(loop.target, ast.Name):
        return None
    body, below = statement.body, following(source, statement)
    if isinstance(handler.body[-1], ast.Continue):
        pass
    elif isinstance(handler.body[-1], ast.Pass) and len(body) > 1:
        body, below = body[:-1], body[-1]
    else:
        return None
    match body, below:
        case [ast.Expr(value=ast.Call() as call)], ast.Expr(
            value=ast.Call(func=ast.Attribute(attr="append" | "add"), args=[ast.Name(id=kept)])
        ):
            if kept == loop.target.id == _receiver(call):
                return says.MayNotFit(called(call))
    return None


def _of_callback(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """What the caller wants to be told by, and which may do what it likes."""
    function = definition_of(source, statement)
    match statement.body:
        case [ast.Expr(value=ast.Call(func=ast.Name(id=name)))] if function is not None:
            given = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
            if name in given and is_passed(handler):
                return says.IsGivenByCaller(name)
    return None


def _is_flagged(
    source: SourceFile,
    statement: ast.Try,
    handler: ast.ExceptHandler,
    calls: list[ast.Call],
) -> Statement | None:
    """Whether a failure is a yes: `is_duplicate = True`, or what is there already fails."""
    if any(each.arg == "if_generation_match" for call in calls for each in call.keywords):
        return says.MayBeThere(called(calls[0]))
    if is_passed(handler) and (flag := _asked_for(statement)):
        return says.MayBeANo(flag)
    match handler.body:
        case [ast.Assign(targets=[ast.Name(id=flag)], value=ast.Constant(value=True))]:
            pass
        case _:
            return None
    if _FAILED.search(flag):
        return None
    block = block_of(source.parent(statement), statement)
    function = definition_of(source, statement)
    before = [*block, *(function.body if function is not None else [])]
    starts = any(
        isinstance(each, ast.Assign)
        and isinstance(each.value, ast.Constant)
        and each.value.value is False
        and flag in map(dotted, each.targets)
        for each in (*before, *own_nodes(statement.body), *statement.orelse)
    )
    return says.IsTheAnswer(flag) if starts else None


def _asked_for(statement: ast.Try) -> str:
    """The flag that the body sets where an answer is right, and for which alone it asks."""
    nodes = list(own_nodes(statement.body))
    sets = [node for node in nodes if isinstance(node, ast.Assign)]
    flags = {
        dotted(node.targets[0])
        for node in sets
        if isinstance(node.value, ast.Constant) and node.value.value is True
    }
    others = [node for node in sets if dotted(node.targets[0]) not in flags]
    if len(flags) != 1 or not others or not all(is_only_asked(each, nodes) for each in others):
        return ""
    does = (ast.Assign, ast.If, ast.Constant)
    return flags.pop() if all(isinstance(each, does) for each in statement.body) else ""


def _cannot_be_told(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Statement | None:
    """Whether a text goes on as it was, or another one stands for it, and nothing may be told."""
    is_kept = stays(source, statement, handler) and only_edits_text(source, statement)
    if not (is_kept or has_placeholder(statement, handler)):
        return None
    return None if told_names(source, infer, statement) else says.CannotBeTold()
