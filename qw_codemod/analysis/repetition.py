"""Loops that do the same thing again, and loops that go from one thing to the next."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from qw_codemod.analysis.exception_flow import leaves
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import FUNCTIONS, dotted
from qw_codemod.python.identifiers import words
from qw_codemod.python.syntax import LOOPS, Loop, last_name, own_nodes

SLEEPS = frozenset({"sleep", "wait"})
# What tells whether a server took the request, in requests, httpx, aiohttp and urllib.
STATUS = frozenset({"status_code", "ok", "is_success", "is_error", "status", "code", "getcode"})
_SUCCESS = frozenset({"ok", "is_success", "is_error"})
_NOT_YET = frozenset({102, 202, 204, 404, 409, 425})
_COUNTING = frozenset({"range", "count", "repeat"})
# What counts the tries: it may stand in a request (`timeout=5 * attempt`), which stays the same.
_TRIES = frozenset("attempt attempts retry retries try tries trial".split())
_TAKES = frozenset("pop popleft popitem get_nowait next anext".split())
_ADDS = frozenset("append extend update add insert setdefault".split())


def loops_around(source: SourceFile, node: ast.AST) -> Iterator[Loop]:
    """The loops of its function that run a node again and again, innermost first."""
    child = node
    for around in source.ancestors(node):
        if isinstance(around, FUNCTIONS):
            return
        if isinstance(around, LOOPS) and (
            child in around.body or (isinstance(around, ast.While) and child is around.test)
        ):
            yield around
        child = around


def tries_again(source: SourceFile, node: ast.Call) -> Loop | None:
    """The loop that makes the same call again, because it polls or because it failed.

    A loop that goes through items, or from page to page, makes another call in each round, whatever
    it sleeps in between.
    """
    for loop in loops_around(source, node):
        if isinstance(loop, ast.While) and (
            _continues_by_status(loop, node) or _goes_back(source, loop, node)
        ):
            return loop
        if differs(loop, node) or _is_looked_for(source, loop, node):
            continue
        if _is_left_after(loop, node) or (_is_counted(loop) and _sleeps(loop)):
            return loop
    return _loop_below(source, node)


def _is_looked_for(source: SourceFile, loop: Loop, node: ast.Call) -> bool:
    """`for user in users: if user.name == name: greet(name); break` goes on until it is found."""
    if _is_counted(loop):
        return False
    changing = _changing(loop, node)
    child: ast.AST = node
    for around in source.ancestors(node):
        if around is loop:
            return False
        if isinstance(around, ast.If) and not changing.isdisjoint(_names([around.test])):
            return child is not around.test
        child = around
    return False


def asks_another(source: SourceFile, node: ast.Call) -> Loop | None:
    """The loop that makes another call where this one failed: the next mirror is asked."""
    for loop in loops_around(source, node):
        if isinstance(loop, ast.While) or not differs(loop, node) or _goes_by_number(loop):
            continue
        if _is_left_after(loop, node) and _is_guarded(source, loop, node):
            return loop
    return None


def differs(loop: Loop, node: ast.Call) -> bool:
    """Whether a call is another one in each round, by what goes into it."""
    given = [node.func, *node.args, *(k.value for k in node.keywords if k.arg != "timeout")]
    return not _changing(loop, node).isdisjoint(_names(given))


def refused_and_tried_again(source: SourceFile, loop: Loop, sleep: ast.Call) -> bool:
    """Whether a counted loop sleeps and makes one call again because a server refused it.

    The status of the answer says so. One that says `not yet` (202, 404) is polled for.
    """
    if isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant):
        return False
    for node in own_nodes(loop.body):
        if not isinstance(node, ast.Call) or node.lineno >= sleep.lineno:
            continue
        asked = _statuses(loop, node)
        if not asked or not asked.isdisjoint(_NOT_YET) or differs(loop, node):
            continue
        if _is_left_after(loop, node) and next(loops_around(source, sleep), None) is loop:
            return True
    return False


def _statuses(loop: Loop, node: ast.Call) -> frozenset[int]:
    """The numbers with which a loop compares the status of an answer; `ok` stands for 200."""
    answers = _answers(loop, node)
    found: set[int] = set()
    for each in own_nodes(loop.body):
        if isinstance(each, ast.Attribute) and each.attr in _SUCCESS:
            if each.value is node or dotted(each.value) in answers:
                found.add(200)
        elif isinstance(each, ast.Compare) and _asks_status(each, answers, node):
            numbers = (n.value for n in ast.walk(each) if isinstance(n, ast.Constant))
            found |= {n for n in numbers if isinstance(n, int) and 100 <= n < 600}
    return frozenset(found)


def numbers_of(loop: Loop) -> ast.Call | None:
    """The `range(…)` or `count(…)` that a loop goes through."""
    if isinstance(loop, ast.While) or not isinstance(loop.iter, ast.Call):
        return None
    return loop.iter if last_name(loop.iter) in _COUNTING else None


# -- what changes from round to round -------------------------------------------------------------


def _changing(loop: Loop, node: ast.Call) -> set[str]:
    """The names that have another value in each round: items, counters, what the answer said."""
    found: set[str] = set()
    if not isinstance(loop, ast.While):
        found = {each for each in _names([loop.target]) if _TRIES.isdisjoint(words(each))}
    inside = [*own_nodes(loop.body)]
    if isinstance(loop, ast.While):
        inside += own_nodes([loop.test])
    found |= _carried_on(inside)
    while True:
        more = {name for each in inside for name in _changed(each, found, node)} - found
        if not more:
            return found
        found |= more


def _carried_on(nodes: Iterable[ast.AST]) -> set[str]:
    """The names whose value comes from the round before: `offset = offset + 100`."""
    made_of: dict[str, set[str]] = {}
    for each in nodes:
        if isinstance(each, ast.Assign):
            for name in _targets(each.targets):
                made_of.setdefault(name, set()).update(_names([each.value]))
    found = set()
    for name in made_of:
        reached: set[str] = set()
        waiting = [name]
        while waiting:
            more = made_of.get(waiting.pop(), set()) - reached
            reached |= more
            waiting += more
        if name in reached:
            found.add(name)
    return found


def _changed(statement: ast.AST, changing: set[str], node: ast.Call) -> Iterator[str]:
    """The names that a statement gives a value that was not theirs in the round before."""
    if isinstance(statement, ast.AugAssign):
        yield from _targets([statement.target])
        return
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
        value = statement.value
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if value is not None and _is_new(value, changing, node):
            yield from _targets(targets)
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        if _is_new(statement.iter, changing, node):
            yield from _targets([statement.target])
    elif isinstance(statement, ast.withitem) and statement.optional_vars is not None:
        if _is_new(statement.context_expr, changing, node):
            yield from _targets([statement.optional_vars])
    elif isinstance(statement, ast.Call) and isinstance(statement.func, ast.Attribute):
        given = [*statement.args, *(each.value for each in statement.keywords)]
        if statement.func.attr in _ADDS and not changing.isdisjoint(_names(given)):
            yield dotted(statement.func.value)


def _is_new(value: ast.expr, changing: set[str], node: ast.Call) -> bool:
    for each in ast.walk(value):
        if each is node or (dotted(each) or "-") in changing:
            return True
        if isinstance(each, ast.Call) and last_name(each) in _TAKES:
            return True
        if isinstance(each, ast.Call) and last_name(each) == "get" and not each.args:
            return True  # of a queue
    return False


def _targets(targets: Iterable[ast.expr]) -> Iterator[str]:
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            yield from _targets(target.elts)
        elif isinstance(target, ast.Starred):
            yield from _targets([target.value])
        elif isinstance(target, ast.Subscript):
            yield dotted(target.value)
        else:
            yield dotted(target)


def _names(nodes: list[ast.expr]) -> set[str]:
    return {dotted(each) for node in nodes for each in ast.walk(node)} - {""}


# -- when a loop is left --------------------------------------------------------------------------


def _is_counted(loop: Loop) -> bool:
    """Whether rounds are tries: `while …`, `range(…)`, or a variable that counts them."""
    if isinstance(loop, ast.While) or numbers_of(loop) is not None:
        return True
    return any(not _TRIES.isdisjoint(words(each)) for each in _names([loop.target]))


def _goes_by_number(loop: Loop) -> bool:
    return isinstance(loop, ast.While) or numbers_of(loop) is not None


def _sleeps(loop: Loop) -> bool:
    return any(isinstance(n, ast.Call) and last_name(n) in SLEEPS for n in own_nodes(loop.body))


def _own(loop: Loop) -> Iterator[ast.AST]:
    """The nodes of a loop, without the loops in it, whose `break` is theirs."""
    stack: list[ast.AST] = list(loop.body)
    while stack:
        node = stack.pop()
        if isinstance(node, FUNCTIONS):
            continue
        yield node
        if isinstance(node, LOOPS):
            stack += [n for n in own_nodes(node.body) if isinstance(n, ast.Return)]
            stack += node.orelse
        else:
            stack += ast.iter_child_nodes(node)


def _is_left_after(loop: Loop, node: ast.AST) -> bool:
    """Whether `return` or `break` ends a loop once the call has gone well."""
    if isinstance(loop, ast.While) and any(each is node for each in ast.walk(loop.test)):
        return True
    end = (getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))
    dropped: set[ast.AST] = set()
    for each in _own(loop):
        if isinstance(each, ast.ExceptHandler):
            dropped |= {*ast.walk(each)}
    return any(
        isinstance(each, (ast.Return, ast.Break))
        and each not in dropped
        and (each.end_lineno or 0, each.end_col_offset or 0) >= end
        for each in _own(loop)
    ) or _sets_its_flag(loop, node)


def _sets_its_flag(loop: Loop, node: ast.AST) -> bool:
    """`while not done: … done = answer.ok`: what the loop tests is told by the answer."""
    if not isinstance(loop, ast.While):
        return False
    return not _names([loop.test]).isdisjoint(_answers(loop, node))


def _answers(loop: Loop, node: ast.AST) -> set[str]:
    """The names that hold what a call in the loop gave, or what was made of it."""
    found: set[str] = set()
    for _ in range(3):
        for each in own_nodes(loop.body):
            value = getattr(each, "value", None) if not isinstance(each, ast.withitem) else None
            if isinstance(each, ast.withitem):
                value, targets = each.context_expr, [each.optional_vars]
            elif isinstance(each, ast.Assign):
                targets = [*each.targets]
            elif isinstance(each, (ast.AnnAssign, ast.NamedExpr)):
                targets = [each.target]
            else:
                continue
            if value is not None and any(
                part is node or (dotted(part) or "-") in found for part in ast.walk(value)
            ):
                found |= {*_targets([each for each in targets if each is not None])}
    return found


def _continues_by_status(loop: ast.While, node: ast.Call) -> bool:
    """Whether a refusal goes round again with the same request: `if status == 429: continue`."""
    answers = _answers(loop, node)
    asked = _goes_into(loop, node)
    for each in _own(loop):
        if not isinstance(each, ast.If) or not _asks_status(each.test, answers, node):
            continue
        inside = [*own_nodes(each.body)]
        if any(isinstance(n, ast.Continue) for n in inside) and not _changes(inside, asked, node):
            return True
    return False


def _goes_back(source: SourceFile, loop: ast.While, node: ast.Call) -> bool:
    """Whether a handler goes round again with the same request, before `page += 1` is reached."""
    asked = _goes_into(loop, node)
    child: ast.AST = node
    for around in source.ancestors(node):
        if around is loop:
            return False
        if isinstance(around, ast.Try) and child in around.body:
            after = [each for each in loop.body if each.lineno > (around.end_lineno or 0)]
            for handler in around.handlers:
                inside = [*own_nodes(handler.body)]
                if _changes(inside, asked, node) or leaves(source, handler.body):
                    continue
                if any(isinstance(each, ast.Continue) for each in inside):
                    return True
                if not _changes([*own_nodes(after)], asked, node):
                    return True
        child = around
    return False


def _goes_into(loop: Loop, node: ast.Call) -> set[str]:
    """The names that a call is made of, by way of others that the loop assigns."""
    found: set[str] = set()
    waiting = _names([node.func, *node.args, *(k.value for k in node.keywords)])
    while waiting:
        found |= waiting
        more: set[str] = set()
        for each in own_nodes(loop.body):
            if isinstance(each, ast.Assign) and not found.isdisjoint(_targets(each.targets)):
                more |= _names([each.value])
        waiting = more - found
    return found


def _changes(nodes: Iterable[ast.AST], names: set[str], node: ast.Call) -> bool:
    return any(not names.isdisjoint(_changed(each, names, node)) for each in nodes)


def _loop_below(source: SourceFile, node: ast.Call) -> Loop | None:
    """`answer = get(url)`, and below `while not answer.ok: answer = get(url)`."""
    around = source.parent(node)
    if not isinstance(around, ast.Assign):
        return None
    names = {*_targets(around.targets)}
    block = getattr(source.parent(around), "body", [])
    text = source.text(node)
    for loop in block if isinstance(block, list) else ():
        if not isinstance(loop, ast.While) or loop.lineno < node.lineno:
            continue
        if not names.isdisjoint(_names([loop.test])) and any(
            isinstance(each, ast.Call) and source.text(each) == text and not differs(loop, each)
            for each in own_nodes(loop.body)
        ):
            return loop
    return None


def _asks_status(test: ast.AST, answers: set[str], node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Attribute)
        and each.attr in STATUS
        and (each.value is node or dotted(each.value) in answers)
        for each in ast.walk(test)
    )


def _is_guarded(source: SourceFile, loop: Loop, node: ast.AST) -> bool:
    """Whether a failure of the call stays in the loop: it is caught, or told by the status."""
    for around in source.ancestors(node):
        if around is loop:
            break
        if isinstance(around, ast.Try) and around.handlers:
            return True
    return any(
        isinstance(each, ast.If) and _asks_status(each.test, _answers(loop, node), node)
        for each in _own(loop)
    )
