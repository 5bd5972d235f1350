"""Which assignments reach a name: reaching definitions within one scope, branch by branch."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from qw_codemod.languages.python import FIELDS, children
from qw_codemod.python.bindings import (
    COMPREHENSIONS,
    ENTRY,
    FUNCTIONS,
    Binding,
    Env,
    ScopeNode,
    copied,
    dotted,
    isinstance_tests,
    merge,
    parameters,
    touched_by,
)
from qw_codemod.python.imports import names_of


class Flow:
    """The bindings of one scope, and for each load of a name those that can reach it.

    Names inside nested functions are not followed here: they see any binding of the outer scope.
    Attributes of names (`self.client`) are followed too, as far as no call can have changed them.
    """

    def __init__(self, scope: ScopeNode) -> None:
        self.scope = scope
        self.reaching: dict[ast.AST, set[Binding]] = {}
        self.bindings: dict[str, list[Binding]] = {}
        self.outer: set[str] = set()  # declared global or nonlocal
        self._made: dict[tuple[int, str, str], Binding] = {}
        self._loops: list[tuple[list[Env], list[Env]]] = []
        self._inner = 0  # inside comprehensions, whose names nobody else sees
        self._items: list[set[str]] = []  # these names, of each that is around
        self.seen_by: dict[ast.Lambda, Env] = {}  # but for the lambdas in them
        env: Env | None = {}
        if isinstance(scope, FUNCTIONS):
            for argument in parameters(scope):
                env = self._bind(env, argument.arg, Binding(argument.arg, "param", argument))
        if isinstance(scope, ast.Lambda):
            self._expression(scope.body, env)
        else:
            env = self._block(scope.body, env)
        self.final: Env = env or {}

    def _bind(self, env: Env | None, name: str, binding: Binding) -> Env | None:
        key = (id(binding.node), name, binding.kind)
        known = self._made.get(key)
        if known is None or not binding.previous <= known.previous:
            self._made[key] = binding
            if not self._inner:
                self.bindings.setdefault(name, []).append(binding)
        else:
            binding = known  # loops and finally blocks are walked twice
        if env is None:
            return None
        env[name] = frozenset((binding,))
        prefix = name + "."
        for other in [key for key in env if key.startswith(prefix)]:
            del env[other]
        return env

    # -- targets --------------------------------------------------------------------------------

    def _target(
        self,
        target: ast.expr,
        env: Env | None,
        kind: str,
        value: ast.expr | None,
        path: tuple[int | None, ...] = (),
        is_async: bool = False,
    ) -> Env | None:
        if isinstance(target, (ast.Tuple, ast.List)):
            starred = False
            count = len(target.elts)
            for index, element in enumerate(target.elts):
                if isinstance(element, ast.Starred):
                    starred = True
                    env = self._target(element.value, env, kind, value, (*path, None), is_async)
                else:
                    place = index - count if starred else index
                    env = self._target(element, env, kind, value, (*path, place), is_async)
            return env
        if isinstance(target, ast.Name):
            return self._bind(
                env, target.id, Binding(target.id, kind, target, value, path, None, is_async)
            )
        if isinstance(target, ast.Attribute):
            self._expression(target.value, env)
            name = dotted(target)
            if name:
                binding = Binding(name, kind, target, value, path, None, is_async)
                return self._bind(env, name, binding)
            return env
        self._expression(target, env)
        return env

    # -- expressions ----------------------------------------------------------------------------

    def _expression(self, node: ast.AST | None, env: Env | None) -> None:
        """Note what reaches each name of an expression; walrus targets are bound on the way."""
        kind = node.__class__
        if kind is ast.Name:
            if env is not None and isinstance(node.ctx, ast.Load):  # type: ignore[union-attr]
                found = env.get(node.id)  # type: ignore[union-attr]
                if found:
                    self.reaching.setdefault(node, set()).update(found)  # type: ignore[arg-type]
        elif kind is ast.Attribute:
            self._attribute(node, env)  # type: ignore[arg-type]
        elif node is not None and kind is not ast.Constant:
            handler = _EXPRESSIONS.get(kind)
            if handler is not None:
                handler(self, node, env)
                return
            self._parts(node, env)
            if kind is ast.Call:
                self._call(node, env)  # type: ignore[arg-type]

    def _parts(self, node: ast.AST, env: Env | None) -> None:
        for name in FIELDS[node.__class__]:
            value = getattr(node, name)
            if value.__class__ is list:
                for part in value:
                    self._expression(part, env)
            elif value is not None:
                self._expression(value, env)

    def _attribute(self, node: ast.Attribute, env: Env | None) -> None:
        chain = [node]
        root = node.value
        while isinstance(root, ast.Attribute):
            chain.append(root)
            root = root.value
        self._expression(root, env)
        if env is None or not isinstance(root, ast.Name):
            return
        name = root.id
        for each in reversed(chain):
            name = f"{name}.{each.attr}"
            found = env.get(name)
            if found:
                self.reaching.setdefault(each, set()).update(found)
            elif each in self.reaching:
                self.reaching[each].add(ENTRY)

    def _walrus(self, node: ast.NamedExpr, env: Env | None) -> None:
        self._expression(node.value, env)
        target = node.target
        if isinstance(target, ast.Name):
            self._bind(env, target.id, Binding(target.id, "walrus", target, node.value))

    def _lambda(self, node: ast.Lambda, env: Env | None) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            self._expression(default, env)
        if self._items and env:
            seen = set().union(*self._items)
            self.seen_by[node] = {name: env[name] for name in seen if name in env}

    def _bool_op(self, node: ast.BoolOp, env: Env | None) -> None:
        if not isinstance(node.op, ast.And):
            self._parts(node, env)
            return
        inner = copied(env)
        for value in node.values:
            self._expression(value, inner)
            inner = self._narrow(value, inner, True)
        self._adopt_walrus(node, env)

    def _if_exp(self, node: ast.IfExp, env: Env | None) -> None:
        self._expression(node.test, env)
        self._expression(node.body, self._narrow(node.test, copied(env), True))
        self._expression(node.orelse, self._narrow(node.test, copied(env), False))

    def _adopt_walrus(self, node: ast.AST, env: Env | None) -> None:
        for child in ast.walk(node):
            if isinstance(child, ast.NamedExpr) and isinstance(child.target, ast.Name):
                name = child.target.id
                self._bind(env, name, Binding(name, "walrus", child.target, child.value))

    def _call(self, node: ast.Call, env: Env | None) -> None:
        """A call may set attributes of its receiver and of what it is given: forget those."""
        if not env or not any("." in name for name in env):
            return
        touched = touched_by(node)
        prefixes = tuple(name + "." for name in touched if name)
        if prefixes:
            for name in [name for name in env if name.startswith(prefixes)]:
                del env[name]

    def _comprehension(self, node: ast.AST, env: Env | None) -> None:
        inner = copied(env)
        self._inner += 1
        self._items.append(set())
        for generator in node.generators:  # type: ignore[attr-defined]
            self._expression(generator.iter, inner)
            self._target(
                generator.target, inner, "for", generator.iter, (), bool(generator.is_async)
            )
            self._items[-1] |= {
                each.id for each in ast.walk(generator.target) if isinstance(each, ast.Name)
            }
            for test in generator.ifs:
                self._expression(test, inner)
                inner = self._narrow(test, inner, True)
        if isinstance(node, ast.DictComp):
            self._expression(node.key, inner)
            self._expression(node.value, inner)
        else:
            self._expression(node.elt, inner)  # type: ignore[attr-defined]
        self._inner -= 1
        self._items.pop()
        self._adopt_walrus(node, env)

    def _narrow(self, test: ast.expr, env: Env | None, positive: bool) -> Env | None:
        for subject, cls in isinstance_tests(test, positive):
            name = dotted(subject)
            if name and env is not None:
                env = self._bind(env, name, Binding(name, "narrow", subject, cls))
        for subject, cls in () if positive else isinstance_tests(test, True):
            name = dotted(subject)
            if env is not None and name in env and not isinstance(test, ast.BoolOp):
                before = env[name]
                env = self._bind(env, name, Binding(name, "exclude", subject, cls, previous=before))
        return env

    # -- statements -----------------------------------------------------------------------------

    def _block(self, body: Iterable[ast.stmt], env: Env | None) -> Env | None:
        for statement in body:
            env = self._statement(statement, env)
        return env

    def _statement(self, node: ast.stmt, env: Env | None) -> Env | None:
        handler = getattr(self, "_on_" + type(node).__name__.lower(), None)
        if handler is not None:
            result: Env | None = handler(node, env)
            return result
        self._parts(node, env)
        return env

    def _on_assign(self, node: ast.Assign, env: Env | None) -> Env | None:
        self._expression(node.value, env)
        for target in node.targets:
            env = self._target(target, env, "assign", node.value)
        return env

    def _on_annassign(self, node: ast.AnnAssign, env: Env | None) -> Env | None:
        self._expression(node.value, env)
        name = dotted(node.target)
        if not name:
            return env
        binding = Binding(name, "annotation", node.target, node.value, (), node.annotation)
        if node.value is None and "." not in name and isinstance(self.scope, FUNCTIONS):
            # `x: int` alone binds nothing at run time, but says what x will hold
            self._bind(None, name, binding)
            return env
        return self._bind(env, name, binding)

    def _on_augassign(self, node: ast.AugAssign, env: Env | None) -> Env | None:
        self._expression(node.value, env)
        if isinstance(node.target, ast.Name) and env is not None:
            before = env.get(node.target.id, frozenset())
            name = node.target.id
            binding = Binding(name, "augment", node.target, node.value, previous=before)
            return self._bind(env, name, binding)
        return self._target(node.target, env, "augment", node.value)

    def _on_for(self, node: ast.For | ast.AsyncFor, env: Env | None) -> Env | None:
        self._expression(node.iter, env)
        is_async = isinstance(node, ast.AsyncFor)
        breaks: list[Env] = []
        continues: list[Env] = []
        head = copied(env)
        for _ in range(2):  # the second time with what the first round bound
            self._loops.append((breaks, continues))
            inner = self._target(node.target, copied(head), "for", node.iter, (), is_async)
            inner = self._block(node.body, inner)
            self._loops.pop()
            head = merge(head, inner, *continues)
        after = self._block(node.orelse, copied(head))
        return merge(after, *breaks)

    _on_asyncfor = _on_for

    def _on_while(self, node: ast.While, env: Env | None) -> Env | None:
        breaks: list[Env] = []
        continues: list[Env] = []
        head = copied(env)
        for _ in range(2):
            self._expression(node.test, head)
            self._loops.append((breaks, continues))
            inner = self._block(node.body, self._narrow(node.test, copied(head), True))
            self._loops.pop()
            head = merge(head, inner, *continues)
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        after = None if endless else self._block(node.orelse, copied(head))
        return merge(after, *breaks)

    def _on_if(self, node: ast.If, env: Env | None) -> Env | None:
        self._expression(node.test, env)
        yes = self._block(node.body, self._narrow(node.test, copied(env), True))
        no = self._block(node.orelse, self._narrow(node.test, copied(env), False))
        return merge(yes, no)

    def _on_with(self, node: ast.With | ast.AsyncWith, env: Env | None) -> Env | None:
        is_async = isinstance(node, ast.AsyncWith)
        for item in node.items:
            self._expression(item.context_expr, env)
            if item.optional_vars is not None:
                env = self._target(item.optional_vars, env, "with", item.context_expr, (), is_async)
        return self._block(node.body, env)

    _on_asyncwith = _on_with

    def _on_try(self, node: ast.Try, env: Env | None) -> Env | None:
        before = copied(env)
        states: list[Env | None] = [before]
        body = copied(env)
        for statement in node.body:
            body = self._statement(statement, body)
            states.append(copied(body))
        # Any part of the body may have run when a handler starts.
        anywhere = merge(*states)
        ends = [self._block(node.orelse, body)]
        for handler in node.handlers:
            inner = copied(anywhere)
            self._expression(handler.type, inner)
            if handler.name:
                inner = self._bind(inner, handler.name, Binding(handler.name, "opaque", handler))
            ends.append(self._block(handler.body, inner))
        after = merge(*ends)
        if node.finalbody:
            self._block(node.finalbody, merge(anywhere, *ends))
            after = self._block(node.finalbody, after)
        return after

    _on_trystar = _on_try

    def _on_match(self, node: ast.Match, env: Env | None) -> Env | None:
        self._expression(node.subject, env)
        ends: list[Env | None] = [copied(env)]
        for case in node.cases:
            inner = self._pattern(case.pattern, node.subject, copied(env))
            inner = self._matched(node.subject, case.pattern, inner)
            self._expression(case.guard, inner)
            ends.append(self._block(case.body, inner))
        return merge(*ends)

    def _pattern(
        self, pattern: ast.pattern | None, value: ast.expr | None, env: Env | None
    ) -> Env | None:
        """Bind the names of a pattern; `value` is what it is matched with, where that is seen."""
        if isinstance(pattern, ast.MatchAs):
            env = self._pattern(pattern.pattern, value, env)
            return self._captured(pattern, value, env)
        if isinstance(pattern, ast.MatchOr):
            return merge(*(self._pattern(each, value, copied(env)) for each in pattern.patterns))
        if isinstance(pattern, ast.MatchSequence):
            count, starred = len(pattern.patterns), False
            for index, each in enumerate(pattern.patterns):
                place = index - count if starred else index
                starred = starred or isinstance(each, ast.MatchStar)
                env = self._pattern(each, _item(value, ast.Constant(place), each), env)
        elif isinstance(pattern, ast.MatchMapping):
            for key, each in zip(pattern.keys, pattern.patterns, strict=True):
                env = self._pattern(each, _item(value, key, each), env)
        elif isinstance(pattern, ast.MatchClass):
            for each in (*pattern.patterns, *pattern.kwd_patterns):
                env = self._pattern(each, None, env)
        name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
        if pattern is not None and isinstance(name, str):
            env = self._bind(env, name, Binding(name, "opaque", pattern))
        return env

    def _captured(
        self, pattern: ast.MatchAs, value: ast.expr | None, env: Env | None
    ) -> Env | None:
        """`case QueryJob() as job:`, `case [_, job]:` and the like say what `job` is."""
        if not pattern.name:
            return env
        cls = _classes_of(pattern.pattern)
        if cls is not None:
            binding = Binding(pattern.name, "narrow", pattern, cls)
        elif value is not None:
            binding = Binding(pattern.name, "assign", pattern, value)
        else:
            binding = Binding(pattern.name, "opaque", pattern)
        return self._bind(env, pattern.name, binding)

    def _matched(self, subject: ast.expr, pattern: ast.pattern, env: Env | None) -> Env | None:
        """`case QueryJob():` says what the subject is."""
        cls = _classes_of(pattern)
        name = dotted(subject)
        if cls is not None and name:
            env = self._bind(env, name, Binding(name, "narrow", pattern, cls))
        return env

    def _on_functiondef(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Env | None
    ) -> Env | None:
        for part in [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults]:
            self._expression(part, env)
        return self._bind(env, node.name, Binding(node.name, "def", node))

    _on_asyncfunctiondef = _on_functiondef

    def _on_classdef(self, node: ast.ClassDef, env: Env | None) -> Env | None:
        for part in [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]:
            self._expression(part, env)
        return self._bind(env, node.name, Binding(node.name, "class", node))

    def _on_import(self, node: ast.Import, env: Env | None) -> Env | None:
        for alias, each in zip(node.names, names_of(node), strict=True):
            env = self._bind(env, each.bound, Binding(each.bound, "import", alias))
        return env

    def _on_importfrom(self, node: ast.ImportFrom, env: Env | None) -> Env | None:
        for alias, each in zip(node.names, names_of(node), strict=True):
            env = self._bind(env, each.bound, Binding(each.bound, "from", alias))
        return env

    def _on_global(self, node: ast.Global | ast.Nonlocal, env: Env | None) -> Env | None:
        self.outer.update(node.names)
        return env

    _on_nonlocal = _on_global

    def _on_delete(self, node: ast.Delete, env: Env | None) -> Env | None:
        for target in node.targets:
            name = dotted(target)
            if env is not None and name:
                env.pop(name, None)
        return env

    def _on_assert(self, node: ast.Assert, env: Env | None) -> Env | None:
        self._expression(node.test, env)
        return self._narrow(node.test, env, True)

    def _on_return(self, node: ast.Return | ast.Raise, env: Env | None) -> Env | None:
        for child in children(node):
            self._expression(child, env)
        return None

    _on_raise = _on_return

    def _on_break(self, node: ast.Break, env: Env | None) -> Env | None:
        if env is not None and self._loops:
            self._loops[-1][0].append(env)
        return None

    def _on_continue(self, node: ast.Continue, env: Env | None) -> Env | None:
        if env is not None and self._loops:
            self._loops[-1][1].append(env)
        return None


_EXPRESSIONS: dict[type[ast.AST] | type[None], Callable[[Flow, Any, Env | None], None]] = {
    **dict.fromkeys(COMPREHENSIONS, Flow._comprehension),
    ast.NamedExpr: Flow._walrus,
    ast.Lambda: Flow._lambda,
    ast.BoolOp: Flow._bool_op,
    ast.IfExp: Flow._if_exp,
}


def _classes_of(pattern: ast.pattern | None) -> ast.expr | None:
    """The class that a pattern asks for, or a tuple of several; None where it asks for none."""
    if isinstance(pattern, ast.MatchAs):
        return _classes_of(pattern.pattern)
    if isinstance(pattern, ast.MatchClass):
        return pattern.cls
    if isinstance(pattern, ast.MatchOr):
        found = [*map(_classes_of, pattern.patterns)]
        classes = [each for each in found if each is not None]
        if len(classes) == len(found):
            return ast.copy_location(ast.Tuple(classes, ast.Load()), pattern)
    return None


def _item(value: ast.expr | None, key: ast.expr, at: ast.pattern) -> ast.expr | None:
    """The expression for a part of what a pattern is matched with."""
    if value is None:
        return None
    if not hasattr(key, "lineno"):
        ast.copy_location(key, at)
    return ast.copy_location(ast.Subscript(value, key, ast.Load()), at)
