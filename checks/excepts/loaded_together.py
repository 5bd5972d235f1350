"""Whether the programs that load a file load one of some others too."""

from __future__ import annotations

import os
from collections.abc import Iterable

from qw_codemod.analysis.units.programs import Program, entries_of, programs_of
from qw_codemod.facts.project import Tree


def loads_one(tree: Tree, program: Program, files: Iterable[str]) -> bool:
    """Whether a program loads one of some files; of a unit with unknown entries: holds one."""
    entries = entries_of(program)
    for each in files:
        if not tree.loaders(each).isdisjoint(entries):
            return True
        if program.unit is not None and not entries and program.unit.places(each):
            return True
    return False


def are_loaded_together(tree: Tree, path: str, files: Iterable[str]) -> bool:
    """Whether every program that is seen to start a file loads one of some files.

    Where none is seen, one of those that may load it does; or one stands in its package, or in a
    folder above it. That a unit holds both files is no sign: it may be made of a folder of many.
    """
    found = list(files)
    programs = [each for each in programs_of(tree, path) if each.is_seen and entries_of(each)]
    if programs:
        return all(loads_one(tree, program, found) for program in programs)
    loaders = tree.loaders(path)
    return any(
        each in loaders
        or not loaders.isdisjoint(tree.loaders(each))
        or tree.package_of(each) == tree.package_of(path)
        or path.startswith(os.path.dirname(each) + "/")
        for each in found
    )
