"""What becomes of a failure: another candidate, a report, another way, or a loss."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from qw_codemod.analysis.reporting import WARNING
from qw_codemod.infer import Function, Inference
from qw_codemod.kernel.kept import kept
from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import (
    LOOPS,
    Loop,
    catches_everything,
    definition_of,
    own_nodes,
)

from .another_way import has_another_way, has_placeholder, is_passed
from .comments import comment_explains, is_commented_above
from .docstrings import docstring_forgives
from .effects import effects_of, is_printing
from .logging_style import any_log_of
from .operation_name import called, is_trivial, outermost
from .work import is_pure, sets_true

_COMMENTS = 8  # lines of comments by which two copies of a block may differ


class Outcome(Enum):
    """A column of the table of levels: the first that fits counts."""

    NEXT = auto()  # a loop goes on to the next candidate, until one does
    REPORTED = auto()  # by what is called, or by the line below
    EXPLAINED = auto()  # a comment says why it may fail, or the answer says that it did
    OTHERWISE = auto()  # the same is done in another way
    KEPT = auto()  # the same is done once more, or what failed is kept as a failure
    LOST = auto()  # data is dropped or replaced


def outcome_of(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> Outcome:
    """The column of the table."""
    if _next_is_tried(source, statement, handler):
        return Outcome.NEXT
    if _is_reported_below(source, infer, statement, handler):
        return Outcome.REPORTED
    if _callee_reports(source, infer, statement):
        return Outcome.REPORTED
    if _handler_reports(source, infer, handler) or _only_adds_details(source, infer, statement):
        return Outcome.REPORTED
    if comment_explains(source, handler):
        return Outcome.EXPLAINED
    if _says_in_words(source, statement, handler) or _blames_client(source, handler):
        return Outcome.EXPLAINED
    copies = list(_copies(source, statement))
    if any(comment_explains(source, h) for each in copies for h in each.handlers):
        return Outcome.EXPLAINED
    if has_another_way(source, statement, handler):
        is_commented = any(is_commented_above(source, each) for each in (statement, *copies))
        return Outcome.EXPLAINED if is_commented else Outcome.OTHERWISE
    if _is_tried_again(source, statement, handler) or docstring_forgives(source, statement):
        return Outcome.KEPT
    if _errs(handler) or _is_named_failure(handler) or _is_marked(statement, handler):
        return Outcome.KEPT
    if has_placeholder(statement, handler):
        return Outcome.KEPT
    if _is_listed_below(source, infer, statement, handler):
        return Outcome.KEPT
    if _is_put_beside(statement, handler):
        return Outcome.OTHERWISE
    return Outcome.LOST


def _copies(source: SourceFile, statement: ast.Try) -> Iterator[ast.Try]:
    """The same statements elsewhere in the file: what explains one explains all."""
    lines = (statement.end_lineno or 0) - statement.lineno
    for other in source.nodes(ast.Try):
        is_near = abs((other.end_lineno or 0) - other.lineno - lines) <= _COMMENTS
        if other is not statement and is_near and _dumped(other) == _dumped(statement):
            yield other


@kept
def _dumped(statement: ast.AST) -> str:
    return ast.dump(statement)


# -- loops ----------------------------------------------------------------------------------------


def _next_is_tried(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a loop goes through candidates, and is left at the first that does."""
    loop = source.parent(statement)
    if not isinstance(loop, LOOPS) or not is_passed(handler):
        return False
    if not _is_left(source, loop, statement, handler):
        return False
    given = [loop.target] if isinstance(loop, ast.For | ast.AsyncFor) else []
    given += [to for each in loop.body if isinstance(each, ast.Assign) for to in each.targets]
    names = {n.id for each in given for n in ast.walk(each) if isinstance(n, ast.Name)}
    return any(
        isinstance(each, ast.Name) and each.id in names
        for node in statement.body
        for each in ast.walk(node)
    )  # else the same is tried again


def _is_tried_again(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a loop comes back to the same: it waits a while, or is left once that succeeds."""
    loop = next((each for each in source.ancestors(statement) if isinstance(each, LOOPS)), None)
    if loop is None:
        return False
    if any(
        isinstance(each, ast.Call) and called(each).rpartition(".")[2] == "sleep"
        for each in own_nodes(handler.body)
    ):
        return True
    if source.parent(statement) is not loop or not is_passed(handler):
        return False
    return _is_left(source, loop, statement, handler)


def _is_left(
    source: SourceFile,
    loop: Loop,
    statement: ast.Try,
    handler: ast.ExceptHandler,
) -> bool:
    """Whether a success leaves the loop, in the body of the `try` or below where only that gets."""
    asked = {dotted(each) for each in ast.walk(loop.test)} if isinstance(loop, ast.While) else set()
    if any(sets_true(each, asked) for each in _of_this_loop(statement.body)):
        return True
    below = loop.body[loop.body.index(statement) + 1 :] if statement in loop.body else []
    if below and not isinstance(handler.body[-1], ast.Continue):
        return False
    after = [*statement.body, *statement.orelse, *below]
    return any(isinstance(each, ast.Break | ast.Return) for each in _of_this_loop(after))


def _of_this_loop(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of statements, without those of loops within: a `break` there leaves another."""
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, (*FUNCTIONS, *LOOPS)):
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))


# -- failures that are kept ------------------------------------------------------------------------


def _is_marked(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the handler makes a record like that of a success, which says that it is none.

    `{"url": url, "status": "error"}` where the body makes `{"url": url, "status": "done"}`.
    """
    of_success = [r for n in own_nodes(statement.body) if (r := _record(n))]
    of_failure = [r for n in own_nodes(handler.body) if (r := _record(n))]
    return any(
        one.keys() == other.keys() and any(_differ(one[key], other[key]) for key in one)
        for one in of_success
        for other in of_failure
    )


def _record(node: ast.AST) -> dict[str, ast.expr]:
    """A mapping by its keys, where these are all known."""
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    found = {
        k.value: v for k, v in pairs if isinstance(k, ast.Constant) and isinstance(k.value, str)
    }
    return found if len(found) == len(node.keys) else {}


def _differ(one: ast.expr, other: ast.expr) -> bool:
    """Whether both are constants that say something, and not the same."""
    match one, other:
        case ast.Constant(value=str() | bool() as a), ast.Constant(value=str() | bool() as b):
            return a != b and "" not in (a, b)
    return False


def _is_put_beside(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the handler appends to the same list what it makes of the same, whole.

    `events.append({"text": part["text"]})` where the body does `events.append(Event(part))`.
    """
    of_success = {(name, key) for name, value in _appended(statement.body) for key in _read(value)}
    return any(
        (name, key) in of_success
        for name, value in _appended(handler.body)
        for key in _read(value)
        if isinstance(value, ast.Dict | ast.Call) and not _has_gap(value)
    )


def _appended(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    given = {
        dotted(target): node.value
        for node in own_nodes(body)
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    for node in own_nodes(body):
        match node:
            case ast.Call(func=ast.Attribute(value=of, attr="append"), args=[value]) if dotted(of):
                for _ in range(5):  # text, then Part(text), then Content(part), then Event(content)
                    yield dotted(of), value
                    known = [given[name] for name in _read(value) if name in given]
                    if not known:
                        break
                    value = known[0]


def _read(node: ast.expr) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            yield each.id


def _has_gap(node: ast.expr) -> bool:
    """Whether something in it says that there is nothing: None, an empty text or list."""
    return any(
        (isinstance(each, ast.Constant) and not each.value)
        or (isinstance(each, ast.List | ast.Tuple) and not each.elts)
        or (isinstance(each, ast.Dict) and not each.keys)
        for each in ast.walk(node)
    )


def _says_in_words(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the failure is told in a sentence, in what the caller gets or the code below reads.

    `warnings.append("Cannot compute the median, too few days.")`, `return None, "..."`. A page with
    the status of an error is for those who asked for it: nobody who runs the program reads that.
    """
    if answers_broken(handler):
        return False
    said_by_success = {
        dotted(target)
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    for node in handler.body:
        match node:
            case ast.Return(value=ast.expr() as value) if any(map(_is_sentence, _parts(value))):
                return not _errs(handler)
            case (
                ast.Assign(targets=[target], value=value)
                | ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
            ) if _is_sentence(value) and (
                dotted(target) not in said_by_success or _is_of_parts(statement, target)
            ):
                if _is_read(source, statement, target):
                    return True
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=to, attr="append" | "add"), args=[value])
            ) if _is_sentence(value):
                others = [what for of, what in _appended(statement.body) if of == dotted(to)]
                if all(map(_is_sentence, others)) and _is_read(source, statement, to):
                    return True
    return False


def _is_of_parts(statement: ast.Try, target: ast.expr) -> bool:
    """Whether a success sets the same to a mapping or a list: no sentence is taken for one."""
    given = [
        node.value
        for node in own_nodes(statement.body)
        if isinstance(node, ast.Assign)
        and ast.dump(target) in [ast.dump(each) for each in node.targets]
    ]
    return bool(given) and all(isinstance(each, ast.Dict | ast.List) for each in given)


_WORDS = 3  # that a sentence has at least
_WORD = re.compile(r"[^\W\d_]{2,}")


def _is_sentence(value: ast.expr) -> bool:
    """Whether a text consists of several words, whatever is put in between."""
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    texts = [e.value for e in parts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return sum(len(_WORD.findall(text)) for text in texts) >= _WORDS and " " in "".join(texts)


def _is_status(value: object) -> bool:
    """Whether it is the number with which a web server says that something in it is broken."""
    return type(value) is int and 500 <= value < 600


def answers_broken(handler: ast.ExceptHandler) -> bool:
    """Whether a web request is answered with a status that blames the server: 500."""
    return any(isinstance(n, ast.Constant) and _is_status(n.value) for n in own_nodes(handler.body))


def _errs(handler: ast.ExceptHandler) -> bool:
    """Whether the answer is an error by its key: `{"error": "Cannot read the days."}`."""
    last = handler.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    return value is not None and any("error" in _record(each) for each in _given_out(value))


def _given_out(value: ast.expr) -> Iterator[ast.expr]:
    """A value, and what it is made of by calls: `Answer(json.dumps({"error": "bad day"}))`."""
    yield value
    for each in value.args if isinstance(value, ast.Call) else ():
        yield from _given_out(each)


_FAILS = re.compile(r"(?<![^\W_])(error|failed|failure|invalid)(?![^\W_])", re.I)


def _is_named_failure(handler: ast.ExceptHandler) -> bool:
    """Whether a field of what is returned says that it failed: `warnings=["__parse_error__"]`."""
    last = handler.body[-1]
    match last:
        case ast.Return(value=ast.Call(keywords=keywords)) if keywords:
            return any(
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and _FAILS.search(node.value)
                for each in keywords
                for node in ast.walk(each.value)
            )
    return False


def _blames_client(source: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether a web request is answered with a status that says what is wrong with it: 400."""
    return isinstance(handler.body[-1], ast.Return) and any(
        _is_client_error(source, node) for node in own_nodes(handler.body)
    )


def _is_client_error(source: SourceFile, node: ast.AST) -> bool:
    match node:
        case ast.keyword(arg="status" | "status_code" | "code", value=value):
            pass
        case ast.Tuple(elts=[_, value]):  # flask
            pass
        case _:
            return False
    if isinstance(value, ast.Constant):
        return type(value.value) is int and 400 <= value.value < 500
    name = dotted(value).rpartition(".")[2]
    if name.startswith("HTTP_4"):
        return True
    if not full_name(source, value).startswith("http.HTTPStatus."):
        return False
    return 400 <= getattr(HTTPStatus, name, 0) < 500


def _parts(value: ast.expr) -> Iterator[ast.expr]:
    """A value, and those that it consists of: what is put into a call may be read by nobody."""
    yield value
    match value:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
            for each in parts:
                yield from _parts(each)


def _is_read(source: SourceFile, statement: ast.Try, target: ast.expr) -> bool:
    """Whether others may read what a handler sets or adds to: it is no local that nobody reads."""
    if isinstance(target, ast.Attribute | ast.Subscript):
        return True
    function = definition_of(source, statement)
    inside = set(ast.walk(statement))
    return function is not None and any(
        isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and node.id == dotted(target)
        and node not in inside
        and not isinstance(source.parent(node), ast.Attribute)
        for node in own_nodes(function.body)
    )


def _is_listed_below(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> bool:
    """Whether what failed is put on a list that is warned of, or raised, further down.

    Or all the others are, and a warning says how many there are.

    A list of the object is one of its class: any method may warn of that.
    """
    lists = {
        dotted(node.func.value)
        for node in own_nodes(handler.body)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("append", "add")
    } - {""}
    loop = source.parent(statement)
    if isinstance(loop, ast.For | ast.AsyncFor) and is_passed(handler):
        lists |= {name for name, _ in _appended(loop.body)}  # which lacks what failed
    function = definition_of(source, statement)
    if function is None or not lists:
        return False
    nodes = [
        each for each in own_nodes(function.body) if getattr(each, "lineno", 0) > _end(statement)
    ]
    owner = source.parent(function)
    of_object = {each for each in lists if each.startswith("self.")}
    if of_object and isinstance(owner, ast.ClassDef):
        inside = set(ast.walk(statement))
        nodes = [each for each in ast.walk(owner) if each not in inside]
        lists = of_object
    for node in nodes:
        if not isinstance(node, ast.If | ast.Expr | ast.Raise):
            continue
        said = node.test if isinstance(node, ast.If) else node
        names = {dotted(each) for each in ast.walk(said)}
        told = node.body if isinstance(node, ast.If) else [node]
        if lists & names and any(_reports(source, infer, each) for each in told):
            return True
    return False


def _end(statement: ast.stmt) -> int:
    return statement.end_lineno or 0


# -- what others report ---------------------------------------------------------------------------


class _Falsy:
    """A value of which no more is known than that it is false: `if not x:` stands around."""

    def __bool__(self) -> bool:
        return False


def _is_reported_below(
    source: SourceFile, infer: Inference, statement: ast.Try, handler: ast.ExceptHandler
) -> bool:
    """Whether what runs next raises or warns, whatever else it does: it says what is missing.

    A few lines further down it may do so for what the handler sets, or leaves as it was.
    """
    if any(
        isinstance(each, ast.Return | ast.Raise | ast.Continue | ast.Break) for each in handler.body
    ):
        return False
    known = _constants(source, statement, handler)
    set_here = {
        dotted(target)
        for node in (*own_nodes(handler.body), *own_nodes(statement.body[-1:]))
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    is_next = True
    for below in _below(source, statement):
        if isinstance(below, ast.If):
            asked = {dotted(each) for each in ast.walk(below.test)}
            truth = _truth(below.test, known) if is_next or asked & set_here else None
            taken = below.body if truth else below.orelse if truth is False else []
            tells = bool(asked & set_here)
            if any(_reports(source, infer, each, prints=tells) for each in taken):
                return True
        elif is_next and _reports(source, infer, below):
            return True
        for node in own_nodes([below]):
            if isinstance(node, ast.Return | ast.Raise | ast.Continue | ast.Break):
                return False
            match node:
                case ast.AugAssign(target=flag, op=ast.BitOr()) if known.get(dotted(flag)):
                    pass  # failed |= not done
                case ast.Assign(targets=targets):
                    for each in targets:
                        known.pop(dotted(each), None)
                case ast.AugAssign(target=one) | ast.AnnAssign(target=one):
                    known.pop(dotted(one), None)
        is_next = False
    return False


_FEW = 4  # statements below that are looked at


def _below(source: SourceFile, statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements that run after another, in the blocks of `if` around it."""
    left, place = _FEW, statement
    while True:
        parent = source.parent(place)
        block = block_of(parent, place)
        for each in block[block.index(place) + 1 :] if place in block else ():
            if not left:
                return
            left -= 1
            yield each
        if not isinstance(parent, ast.If):
            return
        place = parent


def _reports(
    source: SourceFile, infer: Inference, statement: ast.stmt, prints: bool = False
) -> bool:
    """Whether a statement raises, or logs a warning or more; or prints, where that counts."""
    if isinstance(statement, ast.Raise):
        return True
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    call = statement.value
    if prints and (is_printing(call) or called(call).endswith(".print")):
        return True
    log = any_log_of(source, infer, call)
    return log is not None and log.level >= WARNING


def _constants(
    source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler
) -> dict[str, Any]:
    """The names that hold a constant once the handler is done, as text, with its value."""
    block = block_of(source.parent(statement), statement)
    before = block[: block.index(statement)] if statement in block else []
    found: dict[str, Any] = {}
    match source.parent(statement):
        case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=asked), body=body) if body[:1] == [
            statement
        ] and dotted(asked):
            found[dotted(asked)] = _Falsy()
    for each in (*before, *handler.body):
        for node in own_nodes([each]):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.pop(node.id, None)
        if isinstance(each, ast.Assign | ast.AnnAssign) and each.value is not None:
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            try:
                value = ast.literal_eval(each.value)
            except (ValueError, TypeError, SyntaxError):
                continue
            found |= {dotted(target): value for target in targets if dotted(target)}
    for name in {*found} & set(_bound_halfway(statement)):
        if name not in {dotted(t) for e in handler.body for t in getattr(e, "targets", ())}:
            del found[name]
    return found


def _bound_halfway(statement: ast.Try) -> Iterator[str]:
    """The names that the body may have set before it failed: not those of its last statement."""
    for node in own_nodes(statement.body[:-1]):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _truth(test: ast.expr, known: dict[str, Any]) -> bool | None:
    """Whether a test holds, as far as that follows from the constants; None if it does not."""
    match test:
        case ast.Name() | ast.Attribute():
            name = dotted(test)
            return bool(known[name]) if name in known else None
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            truth = _truth(operand, known)
            return None if truth is None else not truth
        case ast.BoolOp(op=op, values=values):
            truths = [_truth(each, known) for each in values]
            deciding = isinstance(op, ast.Or)
            if deciding in truths:
                return deciding
            return None if None in truths else not deciding
        case ast.Compare(left=left) if isinstance(known.get(dotted(left)), _Falsy):
            return None
        case ast.Compare(left=left, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=v)]):
            return known[dotted(left)] == v if dotted(left) in known else None
        case ast.Compare(
            left=left, ops=[ast.IsNot() | ast.NotEq()], comparators=[ast.Constant(value=v)]
        ):
            return known[dotted(left)] != v if dotted(left) in known else None
    return None


def _handler_reports(source: SourceFile, infer: Inference, handler: ast.ExceptHandler) -> bool:
    """Whether a function of the project that the handler calls logs a warning or more."""
    for node in own_nodes(handler.body):
        if not isinstance(node, ast.Call) or is_trivial(source, node):
            continue
        for inferred in infer.holds(source, node.func):
            function = inferred.value
            if isinstance(function, Function) and not isinstance(function.node, ast.Lambda):
                function.view.depend_on_body(function.node)
                where = function.view.source
                if any(_reports(where, infer, each) for each in function.node.body):
                    return True
    return False


def _only_adds_details(source: SourceFile, infer: Inference, statement: ast.Try) -> bool:
    """Whether a handler that has reported its exception only tries to tell more of that one.

    `print(f"Details: {e.response.json()}")`: what failed is told already.
    """
    around = source.parent(statement)
    above: list[ast.stmt] = []
    place: ast.stmt = statement
    while isinstance(around, ast.If):
        above += _before(around, place)
        place, around = around, source.parent(around)
    if not isinstance(around, ast.ExceptHandler) or not around.name:
        return False
    above += _before(around, place)
    calls = [node for node in own_nodes(statement.body) if isinstance(node, ast.Call)]
    asked = [call for call in calls if dotted(call.func).startswith(f"{around.name}.")]
    return (
        bool(asked)
        and any(_reports(source, infer, each, prints=True) for each in above)
        and all(
            call in asked
            or is_printing(call)
            or any_log_of(source, infer, call) is not None
            or is_pure(source, infer, call)
            for call in calls
        )
    )


def _before(around: ast.AST, statement: ast.stmt) -> list[ast.stmt]:
    """The statements above another in its block."""
    block = block_of(around, statement)
    return list(block[: block.index(statement)]) if statement in block else []


def _callee_reports(source: SourceFile, infer: Inference, statement: ast.Try) -> bool:
    """Whether all that the body calls logs its own failures before it raises them on."""
    calls = [call for each in statement.body for call in outermost(source, each)]
    calls = [
        each for each in calls if not (is_trivial(source, each) or is_pure(source, infer, each))
    ]
    return bool(calls) and all(_reports_itself(source, infer, call) for call in calls)


def _reports_itself(source: SourceFile, infer: Inference, call: ast.Call) -> bool:
    held = infer.holds(source, call.func)
    return bool(held) and all(
        isinstance(each.value, Function) and _logs_and_raises(each.value) for each in held
    )


def _logs_and_raises(function: Function) -> bool:
    """Whether a function catches whatever happens in it, logs a warning or more, and raises on."""
    node = function.node
    if isinstance(node, ast.Lambda):
        return False
    function.view.depend_on_body(node)
    body = node.body[1:] if ast.get_docstring(node, clean=False) else node.body
    tries = [each for each in body if isinstance(each, ast.Try)]
    others = [each for each in body if not isinstance(each, ast.Try)]
    if len(tries) != 1 or any(isinstance(n, ast.Call) for each in others for n in ast.walk(each)):
        return False
    for handler in tries[0].handlers:
        if catches_everything(handler):
            effects = effects_of(function.view.source, handler)
            return bool(effects.raises) and any(log.level >= WARNING for log in effects.logs)
    return False
