"""Whether what follows a failure gets the same from somewhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from qw_codemod.languages.python import SourceFile, block_of
from qw_codemod.python.bindings import dotted
from qw_codemod.python.imports import ImportStatement, imports_of
from qw_codemod.python.names import full_name
from qw_codemod.python.syntax import definition_of, own_nodes

from .operation_name import called, is_trivial, outermost

_OF_TEXTS = ("re.", "urllib.parse.", "os.path.")
_EMPTY = re.compile(r"empty|default|blank|none|null", re.I)
_ANSWER = re.compile(r"error|fail|response|status|abort|jsonify|render|redirect", re.I)


def has_another_way(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether what follows the failure tries to get the same from somewhere else."""
    if _starts_over(source, statement, handler) or _is_done_below(source, statement, handler):
        return True
    if _takes_prepared(source, statement, handler):
        return True
    *before, last = handler.body
    if _is_made_by_hand(statement, before, last):
        return True
    if not all(isinstance(each, ast.Assign | ImportStatement) for each in before):
        return _does_it_again(statement, last)
    first = _last(statement.body)
    second: ast.stmt | None = last
    if isinstance(second, ast.Pass):
        if statement.orelse or statement.finalbody:
            return False
        second = following(source, statement)
        if isinstance(first, ast.Return):
            if _finds_another(source, statement):
                return True
        elif not isinstance(second, ast.If) or not read_names([ast.Expr(second.test)]) & {
            dotted(target)
            for node in own_nodes(statement.body)
            if isinstance(node, ast.Assign)
            for target in node.targets
        }:
            return False  # of `if view is None:`
    if second is None:
        return False
    second = _last([second])
    firsts = [first]
    if isinstance(second, ast.Assign | ast.Expr):
        nodes = own_nodes(statement.body) if isinstance(second, ast.Assign) else statement.body
        firsts = [each for each in nodes if isinstance(each, type(second))]
    return any(_is_alternative(source, statement.body, each, second, before) for each in firsts)


def stays(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a value that is converted stays as it was: nothing of it is lost."""
    result: ast.expr | None
    match _last(statement.body), handler.body[-1], following(source, statement):
        case ast.Return(), ast.Return(value=result), _:
            pass
        case ast.Return(), ast.Pass(), ast.Return(value=result):
            pass
        case ast.Return(), ast.Pass(), ast.stmt() as below if not isinstance(below, ast.Raise):
            return True  # what is below is there for it
        case ast.Assign(targets=[one]), ast.Assign(targets=[other], value=result), _:
            if ast.dump(one) != ast.dump(other):
                return False
        case ast.Assign(targets=[_]), ast.Return(value=result), _:
            pass
        case ast.Assign(targets=[result]), ast.Pass(), _:
            pass
        case _:
            return False
    if isinstance(result, ast.Call) and dotted(result.func) in ("str", "repr") and result.args:
        result = result.args[0]
    kept = dotted(result) if result is not None else ""
    return bool(kept) and any(
        isinstance(node, ast.Name | ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and dotted(node) == kept
        for node in own_nodes(statement.body)
    )


def only_edits_text(source: SourceFile, statement: ast.Try) -> bool:
    """Whether a text is made into another one, and no more: `url.strip()`, and no `int(text)`."""
    calls = [node for node in own_nodes(statement.body) if isinstance(node, ast.Call)]
    return bool(calls) and all(
        full_name(source, call.func).startswith(_OF_TEXTS)
        or (isinstance(call.func, ast.Attribute) and call.func.attr in dir(str))
        for call in calls
    )


def has_placeholder(statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether another text stands in the place of one that is put together: `return "N/A"`."""
    match statement.body[-1], handler.body[-1]:
        case ast.Return(value=ast.JoinedStr()), ast.Return(value=ast.Constant(value=str() as text)):
            return bool(text.strip())
    return False


def _starts_over(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the handler first does in another way what the body does, and then goes on."""
    other = handler.body[0]
    return isinstance(other, ast.Assign | ast.Expr) and any(
        _is_alternative(source, statement.body, each, other, ())
        for each in statement.body
        if isinstance(each, type(other))
    )


def _takes_prepared(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether the handler takes what the lines above found elsewhere, for the same variables.

    `branch = from_environment`, which was asked for before `branch = repository.active_branch`.
    """
    function = definition_of(source, statement)
    above = [
        each
        for each in own_nodes(function.body if function is not None else [])
        if isinstance(each, ast.Assign) and each.lineno < statement.lineno
    ]
    found = {
        dotted(target)
        for each in above
        if any(isinstance(node, ast.Call) and _asks(node) for node in ast.walk(each.value))
        for target in each.targets
    } - {""}
    wanted = {
        ast.dump(target)
        for each in own_nodes(statement.body)
        if isinstance(each, ast.Assign)
        for target in each.targets
    }
    return all(
        isinstance(each, ast.Assign)
        and isinstance(each.value, ast.Name)
        and each.value.id in found
        and not _EMPTY.search(each.value.id)
        and {ast.dump(target) for target in each.targets} <= wanted
        for each in handler.body
    )


def _is_done_below(source: SourceFile, statement: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a success ends the function, or sets a flag, and what is below does it otherwise."""
    if not is_passed(handler):
        return False
    match statement.body, following(source, statement):
        case [_, *_, ast.Return(value=None)], ast.stmt() as below:
            return not isinstance(below, ast.Return | ast.Raise)
        case (
            [_, *_, ast.Assign(targets=[ast.Name(id=flag)], value=ast.Constant(value=True))],
            ast.If(test=ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=asked))),
        ):
            return flag == asked
    return False


def _is_made_by_hand(statement: ast.Try, before: Sequence[ast.stmt], last: ast.stmt) -> bool:
    """Whether a loop in the handler makes the same of what the body parses: of `text.splitlines()`.

    What is made there is what the handler gives.
    """
    made = dotted(last.value) if isinstance(last, ast.Return) and last.value else ""
    loops = [each for each in before if isinstance(each, ast.For)]
    return bool(made) and any(
        read_names([ast.Expr(loop.iter)]) & read_names(statement.body)
        and any(isinstance(node, ast.Name) and node.id == made for node in ast.walk(loop))
        for loop in loops
    )


def _does_it_again(statement: ast.Try, last: ast.stmt) -> bool:
    """Whether the same is called once more in the end: `return pl.from_pandas(changed)`."""
    match _last(statement.body), last:
        case ast.Return(value=ast.Call() as one), ast.Return(value=ast.Call() as other):
            return called(one) == called(other) != "" and not _EMPTY.search(called(one))
    return False


def _last(body: Sequence[ast.stmt]) -> ast.stmt:
    """The last statement, of the last `if`, `with` or `try` where it is one."""
    last = body[-1]
    return _last(last.body) if isinstance(last, ast.If | ast.Try | ast.With) else last


def _finds_another(source: SourceFile, statement: ast.Try) -> bool:
    """Whether the function goes on to find what the body would have returned."""
    function = definition_of(source, statement)
    if function is None:
        return False
    last = function.body[-1]
    if last is statement or not isinstance(last, ast.Return):
        return False
    match last.value:
        case ast.Call() as call:
            return not _EMPTY.search(called(call)) and bool(call.args or call.keywords)
        case ast.Tuple(elts=elements):
            return not any(isinstance(each, ast.Constant) for each in elements)
        case ast.Attribute(value=ast.Call()):
            return True  # super().source
        case ast.Name(id=name):
            return any(
                isinstance(node, ast.Assign)
                and node.lineno > statement.lineno
                and not isinstance(node.value, ast.Constant)
                and any(isinstance(each, ast.Call) and _asks(each) for each in ast.walk(node.value))
                and name in map(dotted, node.targets)
                for node in own_nodes(function.body)
                if node not in set(ast.walk(statement))
            )
    return False


def _is_alternative(
    source: SourceFile,
    body: Sequence[ast.stmt],
    first: ast.stmt,
    second: ast.stmt,
    before: Sequence[ast.stmt],
) -> bool:
    """Whether two statements give the same in different ways: `return b(day)` for `return a(day)`.

    An answer that says there was an error is none, and neither is something empty.
    """
    match first, second:
        case ast.Return(), ast.Return():
            pass
        case ast.Assign(targets=[one]), ast.Assign(targets=[other]):
            if ast.dump(one) != ast.dump(other):
                return False
        case ast.Expr(value=ast.Call() as one), ast.Expr(value=ast.Call() as other):
            does, instead = called(one), called(other)
            if does == instead:  # the same once more, of something else: set(LOCALE), set("")
                return (
                    not is_trivial(source, other)
                    and ast.dump(one) != ast.dump(other)
                    and _asks(other)
                )
            return _is_alone(body) and _stem(does) == _stem(instead)  # load_a(), load_b()
        case _:
            return False
    if isinstance(second.value, ast.Dict):
        if not any(isinstance(each, ast.Call) for each in second.value.values):
            return False
    elif not isinstance(second.value, ast.Call | ast.Attribute | ast.Subscript | ast.JoinedStr):
        return False
    calls = [node for node in own_nodes([second]) if isinstance(node, ast.Call)]
    if any(_ANSWER.search(called(call)) for call in calls):
        return False
    if isinstance(first.value, ast.Call) and isinstance(second.value, ast.Call):
        does, instead = called(first.value), called(second.value)
        if _is_of_same(does, instead):
            return True
    modules = {each.bound for each in imports_of(source.tree)} - _parameters(source, second)
    shared = (read_names([*before, second]) & read_names(body)) - modules
    if _asks_itself(source, body) and _asks_itself(source, [*before, second]):
        shared.add("self")
    if any(_is_empty(call, shared) for call in calls):
        return False
    asked = next(map(called, outermost(source, first)), "")
    asks_same = asked != "" and asked == next(map(called, outermost(source, second)), "")
    return bool(shared) or asks_same


def _parameters(source: SourceFile, node: ast.stmt) -> set[str]:
    """The parameters of the function around a statement, whatever is imported by their names."""
    function = definition_of(source, node)
    if function is None:
        return set()
    taken = function.args
    return {each.arg for each in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)}


def _asks(call: ast.Call) -> bool:
    return bool(call.args or call.keywords)


def _is_of_same(does: str, instead: str) -> bool:
    """`fonts.load_default` for `fonts.truetype`; a class that is built there is something empty."""
    (owner, _, one), (other_owner, _, other) = does.rpartition("."), instead.rpartition(".")
    is_same = owner == other_owner and owner not in ("", "self", "cls")
    return is_same and one != other and other[:1].islower()


def _is_alone(body: Sequence[ast.stmt]) -> bool:
    """Whether there is one statement, and a constant is returned after it at most."""
    match body:
        case [_] | [_, ast.Return(value=ast.Constant() | None)]:
            return True
    return False


def _asks_itself(source: SourceFile, body: Sequence[ast.stmt]) -> bool:
    """Whether a method of the object's own is called there."""
    calls = (call for each in body for call in outermost(source, each))
    return any(called(call).startswith("self.") for call in calls)


def _is_empty(call: ast.Call, shared: set[str]) -> bool:
    """`pd.DataFrame()`, `empty_frame(columns)`; `response.text()` is a question to the same."""
    if _EMPTY.search(called(call)):
        return True
    return not (call.args or call.keywords or called(call).partition(".")[0] in shared)


def _stem(name: str) -> str:
    """`config.load_` for `config.load_kube_config`."""
    before, dot, last = name.rpartition(".")
    return before + dot + last.partition("_")[0]


def is_passed(handler: ast.ExceptHandler) -> bool:
    """Whether a handler does nothing but go on."""
    return all(isinstance(each, ast.Pass | ast.Continue) for each in handler.body)


def following(source: SourceFile, statement: ast.stmt) -> ast.stmt | None:
    """The statement that is next when this one is done, within a function and a loop."""
    parent = source.parent(statement)
    block = block_of(parent, statement)
    if statement in block[:-1]:
        return block[block.index(statement) + 1]
    if isinstance(parent, ast.ExceptHandler):
        parent = source.parent(parent)
    if isinstance(parent, ast.If | ast.Try | ast.With):
        return following(source, parent)
    return None


def read_names(body: Sequence[ast.stmt]) -> set[str]:
    """The names that are read there, and attributes of `self`; what is called does not count."""
    nodes = [node for each in body for node in ast.walk(each)]
    functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    own = {
        dotted(node)
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and id(node) not in functions
        and dotted(node.value) == "self"
    }
    return own | {
        node.id
        for node in nodes
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and id(node) not in functions
        and node.id not in ("self", "cls")
    }
