"""Which policy a file may use: the nearest that is named and that every program of the file has."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass

from qw_codemod.analysis.numbers import number_of
from qw_codemod.analysis.units.import_roots import imports_package, why_not_imported
from qw_codemod.analysis.units.shown_imports import relative_name
from qw_codemod.facts.project import Tree
from qw_codemod.infer import Inference
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.retrying import LIBRARIES, used_libraries
from qw_codemod.python.imports import imports_of
from qw_codemod.python.names import full_name
from qw_codemod.rules.api import Context, NotYet, Obstacle, Settings

from . import reasons


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy by its module and the name that is configured; `path` is empty outside the tree.

    `caller` takes a function and its arguments, `decorator` a function; empty where there is none.
    """

    module: str = ""
    name: str = ""
    path: str = ""
    caller: str = ""
    decorator: str = ""
    obstacle: Obstacle | None = None  # why the file must not import it


def named_policies(settings: Settings) -> list[tuple[str, str]]:
    """The modules and names of the policies that are configured, in their order."""
    value = settings.get("policy", "")
    listed = value if isinstance(value, (list, tuple)) else [value]
    return [(module, name) for module, _, name in (str(each).partition(":") for each in listed)]


def policy_of(source: SourceFile, context: Context) -> Policy:
    """The policy for a file; with an obstacle where none of those that are named is for it."""
    key = (policy_of, source)
    if key not in context.shared:
        context.shared[key] = _chosen(source, context)
    found: Policy = context.shared[key]
    return found


def is_policy(source: SourceFile, settings: Settings) -> bool:
    """Whether a file is the module of a policy."""
    return source.path.endswith(policy_files(settings))


def is_of_policy(source: SourceFile, settings: Settings, node: ast.expr) -> bool:
    """Whether an expression names something of a policy's module, or calls that."""
    name = full_name(source, node.func if isinstance(node, ast.Call) else node)
    named = [module for module, name in named_policies(settings) if module and name]
    if name.startswith(tuple(f"{module}." for module in named)):
        return True
    first = name.partition(".")[0]
    names = {module.rpartition(".")[2] for module in named}
    return any(
        each.level and each.bound == first and each.module.rpartition(".")[2] in names
        for each in imports_of(source.tree)
    )


def policy_files(settings: Settings) -> tuple[str, ...]:
    """How the paths of the modules of policies end."""
    inner = [module.replace(".", "/") for module, _ in named_policies(settings) if module]
    return tuple(f"/{each}{end}" for each in inner for end in (".py", "/__init__.py"))


def other_library(source: SourceFile, context: Context) -> tuple[str, str] | None:
    """What the program of a file retries with, and the policy does not; with a file that does."""
    path = policy_of(source, context).path
    view = context.infer.tree.view(path) if path else None
    if view is None:
        return None
    own = {each.package for each in imports_of(view.source.tree)}.intersection(LIBRARIES)
    if not own:
        return None
    names = policy_files(context.settings)
    used = used_libraries(context.infer.tree, source.path, lambda each: each.endswith(names))
    return min(used.items()) if used and own.isdisjoint(used) else None


_OURS = (b"\nERRORS = (", b"\nERRORS: ")  # how `init` has written them, and does now


def lacks_errors(policy: Policy, infer: Inference, library: str) -> bool:
    """Whether a policy of ours retries the errors of other libraries alone."""
    view = infer.tree.view(policy.path) if policy.path else None
    if view is None or not any(each in view.source.data for each in _OURS):
        return False
    return library not in {each.package for each in imports_of(view.source.tree)}


def _chosen(source: SourceFile, context: Context) -> Policy:
    """The first policy that the file may import; of several in the project, the nearest one.

    One in a folder around the file comes before one elsewhere, whatever the file imports.
    """
    obstacle: Obstacle | None = None
    inside: list[tuple[str, str, str]] = []
    outside: list[Policy] = []  # from packages that are installed
    for module, name in named_policies(context.settings):
        found = _files(source, context.infer, module) if name else ()
        top = module.partition(".")[0]
        if name and not found and _is_ours(context.infer.tree, top):
            continue  # of a package of the project, where it is not yet
        if name and not found:
            outside.append(Policy(module, name, decorator=name))
            if not inside:
                return outside[0]
        inside += [(module, name, path) for path in found]
    tree = context.infer.tree

    def distance(policy: tuple[str, str, str]) -> tuple[bool, bool, int]:
        module, _, path = policy
        shared = os.path.commonpath([path, source.path])
        is_above = shared == os.path.dirname(path)
        return not is_above, not imports_package(tree, source.path, module, path), -len(shared)

    for module, name, path in sorted(inside, key=distance) if len(inside) > 1 else inside:
        if not tree.holds_any(path, (name,)):
            continue  # another module that is called alike
        why = why_not_imported(tree, source.path, module, path)
        if why is None:
            return _offered(context.infer, module, name, path)
        beside = relative_name(source.path, path)
        if beside and why_not_imported(tree, source.path, beside, path) is None:
            return _offered(context.infer, beside, name, path)
        obstacle = obstacle or why
    if outside:
        return outside[0]
    if obstacle is not None:
        return Policy(obstacle=obstacle)
    return Policy(obstacle=NotYet(reasons.NoPolicy()))


def _is_ours(tree: Tree, package: str) -> bool:
    """Whether a package is one of the project, or a folder at its top."""
    return bool(tree.ending(f"/{package}/__init__.py") or tree.below(f"{tree.root}/{package}/"))


def _files(source: SourceFile, infer: Inference, module: str) -> tuple[str, ...]:
    """The files that a module's name may mean, the likeliest first: units may have their own."""
    path = infer.tree.resolve(module, source.path)
    inner = "/" + module.replace(".", "/")
    found = (*infer.tree.ending(inner + ".py"), *infer.tree.ending(inner + "/__init__.py"))
    return tuple(dict.fromkeys((path, *found))) if path else found


def _offered(infer: Inference, module: str, name: str, path: str) -> Policy:
    """A policy with the caller and the decorator that its module has."""
    view = infer.tree.view(path)
    callers, decorators = [], []
    for node in view.source.tree.body if view is not None else ():
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        positional = [*node.args.posonlyargs, *node.args.args]
        if node.args.vararg and node.args.kwarg and len(positional) == 1:
            callers.append(node.name)
        elif len(positional) == 1 and not node.args.vararg and not node.args.kwonlyargs:
            decorators.append(node.name)
    if name in callers:
        decorator = next((each for each in decorators if "retry" in each), "")
        return Policy(module, name, path, name, decorator)
    caller = next((each for each in callers if "retry" in each), "")
    return Policy(module, name, path, caller, name)


# -- how long it takes ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a policy tries at most, and how many seconds its pauses take together."""

    tries: int
    pauses: float


OF_INIT = Pace(4, 10.0)  # of the policy that `init` writes


def pace_of(policy: Policy, infer: Inference) -> Pace | None:
    """The pace of a policy, as its module spells it; None where no limit of tries is seen.

    What a server asks for with Retry-After is not counted.
    """
    view = infer.tree.view(policy.path) if policy.path else None
    if view is None:
        return None
    source = view.source
    limits = [
        number_of(source, infer, each.args[0]) for each in _calls(source, "stop_after_attempt")
    ]
    known = [int(each) for each in limits if each is not None]
    if not known:
        return None
    tries = max(known)
    waits = [*_waits(source, infer)]
    pauses = [min((wait[each] for wait in waits), default=0.0) for each in range(_MOST)]
    return Pace(tries, sum(pauses[: min(tries - 1, _MOST)]))


_MOST = 20  # pauses that are added up


def _waits(source: SourceFile, infer: Inference) -> Iterator[list[float]]:
    """The pauses of each wait that is spelled, the first one first."""
    for call in _calls(source, "wait_fixed"):
        seconds = number_of(source, infer, call.args[0]) or 0.0 if call.args else 1.0
        yield [seconds] * _MOST
    for name, start in (("wait_exponential", "multiplier"), ("wait_exponential_jitter", "initial")):
        for call in _calls(source, name):
            given = {each.arg: number_of(source, infer, each.value) for each in call.keywords}
            first = given.get(start)
            first = 1.0 if first is None else first
            base = given.get("exp_base") or 2.0
            most, least = given.get("max"), given.get("min") or 0.0
            steps = [first * base**each for each in range(_MOST)]
            if name.endswith("jitter"):
                jitter = given.get("jitter")
                steps = [step + (1.0 if jitter is None else jitter) for step in steps]
            yield [max(least, step if most is None else min(step, most)) for step in steps]


def _calls(source: SourceFile, name: str) -> Iterator[ast.Call]:
    for call in source.nodes(ast.Call):
        func = call.func
        called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        if called == name and (call.args or name.startswith("wait_")):
            yield call
