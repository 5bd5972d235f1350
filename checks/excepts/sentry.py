"""Whether a report reaches Sentry where a file runs: started there, or counted on already."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from qw_codemod.analysis.reporting import ERROR
from qw_codemod.analysis.units.import_roots import imports_late
from qw_codemod.analysis.units.programs import programs_of
from qw_codemod.facts.project import Tree
from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.python.bindings import dotted
from qw_codemod.python.names import full_name

from .effects import effects_of
from .loaded_together import loads_one


def reaches_sentry(source: SourceFile, infer: Inference) -> bool:
    """Whether `capture_exception` does something in a file, and its import harms nowhere.

    So it is where the file has that import already; where every program that loads the file starts
    Sentry, or some do and the others load the import too; and, where no program is known, in a
    package that reports already. Where the project sends what it captures through a function of its
    own, that is left to it: the log alone is what the file says. So it is where handlers log errors
    and none captures: Sentry makes an event of each such line.
    """
    tree, path = infer.tree, source.path
    importing = [each for each in tree.holding(("sentry_sdk",)) if not tree.is_test(each)]
    if not importing:
        return False
    if path in importing and _imports_it(tree, path):
        return True
    if imports_late(tree, path) or any(_wraps_it(tree, each) for each in importing):
        return False
    if _logs_alone(infer):
        return False
    starting = [each for each in importing if _starts_it(tree, each)]
    importing = [each for each in importing if _imports_it(tree, each)]
    programs = [each for each in programs_of(tree, path) if each.is_seen]
    if not programs:
        near = [each for each in starting if each in tree.loaders(path)]
        return _is_in_package_of(tree, path, [*near, *importing])
    started = [loads_one(tree, program, starting) for program in programs]
    ready = [loads_one(tree, program, importing) for program in programs]
    return all(ready) and (any(started) or not starting)


def _logs_alone(infer: Inference) -> bool:
    """Whether a handler of the project logs an error, and none of them captures anything."""
    tree = infer.tree
    capturing = tree.holding(("capture_exception", "capture_event"))
    if not all(map(tree.is_test, capturing)):
        return False
    for each in tree.holding((".error", ".exception"), also="except"):
        view = tree.view(each) if not tree.is_test(each) else None
        if view is not None and any(
            log.level >= ERROR
            for handler in view.source.nodes(ast.ExceptHandler)
            for log in effects_of(view.source, handler).logs
        ):
            return True
    return False


def _is_in_package_of(tree: Tree, path: str, files: Iterable[str]) -> bool:
    package = tree.package_of(path)
    return any(tree.package_of(each) == package for each in files)


def _starts_it(tree: Tree, path: str) -> bool:
    """Whether a file calls `sentry_sdk.init`, under whatever name it imports that."""
    view = tree.view(path) if tree.holds_any(path, ("init",)) else None
    return view is not None and any(
        full_name(view.source, call.func) == "sentry_sdk.init"
        for call in view.source.nodes(ast.Call)
    )


def _imports_it(tree: Tree, path: str) -> bool:
    return tree.imports_at_top(path, "sentry_sdk")


def _wraps_it(tree: Tree, path: str) -> bool:
    """Whether other files capture by a function of this one, which hands on what it is given."""
    view = tree.view(path) if tree.holds_any(path, ("capture_exception",)) else None
    if view is None:
        return False
    methods = (
        each
        for node in view.source.tree.body
        if isinstance(node, ast.ClassDef)
        for each in node.body
    )
    for node in (*view.source.tree.body, *methods):
        match node:
            case ast.FunctionDef(name=name, args=ast.arguments(args=[_, *_] as given)):
                names = {each.arg for each in given[:2]}  # the first one, or that after `self`
                hands_on = any(
                    isinstance(each, ast.Call)
                    and full_name(view.source, each.func) == _CAPTURE
                    and not names.isdisjoint(map(dotted, each.args[:1]))
                    for each in ast.walk(node)
                )
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=args)):
                hands_on = any(full_name(view.source, each) == _CAPTURE for each in args)
            case _:
                continue
        if hands_on and any(each != path for each in tree.mentions(name) if not tree.is_test(each)):
            return True
    return False


_CAPTURE = "sentry_sdk.capture_exception"
