"""What a type checker is told at the imports of modules that lie beside a policy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from qw_codemod.facts.project import Tree
from qw_codemod.python.imports import ImportStatement, imports_of
from qw_codemod.python.suppressions import above, behind, suppresses
from qw_codemod.rules.api import Context, SourceFile

from .policy import Policy

# About the whole line, or about the import, as `import-not-found`, `reportMissingImports` and E402
# are. What is said of a name that nobody uses, or that the module lacks, is about that name.
_OF_LINE = re.compile(r"(?:ignore|noqa)(?!\s*[:\[]|\w)")
_OF_IMPORT = re.compile(r"import|E402", re.I)
_OF_NAME = re.compile(r"unused|F401|attr", re.I)
_MOST_FILES = 50  # of the folders beside
_Comment = tuple[str, bool]
_NONE = ("", False)


def comment_at_siblings(source: SourceFile, context: Context, policy: Policy) -> _Comment:
    """The comment that imports of what lies beside the policy have; and whether it is above them.

    As the file itself has it, else the files of its folder, else those of the folders beside that.
    Empty where the policy is not imported by its bare name, or one of these imports has none.
    """
    if not policy.path or not policy.module.isidentifier():
        return _NONE
    tree, folder = context.infer.tree, os.path.dirname(policy.path)
    found = [*_comments(source, tree, folder)]
    if not found and os.path.dirname(source.path) == folder:
        around = tree.below(f"{os.path.dirname(folder)}/")
        near = [each for each in around if os.path.dirname(each) == folder]
        beside = [each for each in around if _grandparent(each) == os.path.dirname(folder)]
        found = [*_of_files(tree, near)]
        if not found and len(beside) <= _MOST_FILES:
            found = [*_of_files(tree, beside)]
    if not found or _NONE in found:
        return _NONE
    return max(found, key=found.count)


def _grandparent(path: str) -> str:
    return os.path.dirname(os.path.dirname(path))


def _of_files(tree: Tree, paths: list[str]) -> Iterator[_Comment]:
    """What stands at the imports of files from the folder of each."""
    for path in paths:
        folder = os.path.dirname(path)
        facts = tree.facts(path, "links")
        if facts is None or not any(
            not each.level and tree.has(f"{folder}/{each.package}.py") for each in facts.imports
        ):
            continue
        tree.read(path)  # a comment counts here, which it does for no other question
        if (view := tree.module(path)) is not None:
            yield from _comments(view.source, tree, folder)


def _comments(source: SourceFile, tree: Tree, folder: str) -> Iterator[_Comment]:
    """What stands at each import of a module in a folder by its bare name."""
    siblings = {
        each.line
        for each in imports_of(source.tree)
        if not each.level
        and not each.inside
        and tree.has(f"{folder}/{each.module}.py")
        and tree.resolve(each.module, source.path) == f"{folder}/{each.module}.py"
    }
    for node in source.tree.body:
        if isinstance(node, ImportStatement) and node.lineno in siblings:
            at_end = _of_import(behind(source, node.lineno))
            yield (at_end, False) if at_end else _above(source, node.lineno)


def _above(source: SourceFile, line: int) -> _Comment:
    text = _of_import(above(source, line))
    return (text, True) if text else _NONE


def _of_import(comment: str) -> str:
    """What a comment says about an import, without the remarks behind it."""
    parts = [f"#{each}".rstrip() for each in comment.split("#")[1:]]
    return "  ".join(
        each
        for each in parts
        if suppresses(each)
        and (_OF_LINE.search(each) or (_OF_IMPORT.search(each) and not _OF_NAME.search(each)))
    )
