"""What a run is told: the files, the options of each folder, and what the workers need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qw_codemod.kernel.document import Document, Language
from qw_codemod.kernel.model import Fix, Outcome
from qw_codemod.kernel.statements import Statement
from qw_codemod.languages.python import PYTHON

if TYPE_CHECKING:  # a run over files that are all remembered needs none of these
    from qw_codemod.facts.index import Known
    from qw_codemod.facts.query import Leaning
    from qw_codemod.rules.packs import Pack

POOL_FROM = 40  # files that need a parse; below that, starting processes costs more than it saves
Note = Callable[[int, Outcome, "Leaning"], None]

PATIENCE = 300.0  # seconds for one file before its worker is given up

Types = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Options:
    """What to look for and what to edit; the values of the command line and the configuration."""

    codes: frozenset[str] | None = None  # the rules that run; None: all of them
    fix: frozenset[str] = frozenset()  # the codes whose findings are edited; empty: only find
    likely: bool = False  # edit also what is not proven
    unsafe: bool = False  # edit also where the edit is unsafe
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by family
    accept: Callable[[Fix, Document], bool] | None = None  # asked once for each edit
    writes: bool = True  # what is left is told with its place in the edited file
    assess: bool = True  # say of every finding whether its edit is safe; always where some are made


@dataclass(frozen=True)
class Given:
    """What has been decided about files that are to be examined again."""

    texts: Mapping[str, bytes] = field(default_factory=dict)  # instead of what is on the disk
    # The reasons of fixes that cannot be made: by path, then by code and where they start.
    refused: Mapping[str, Mapping[tuple[str, int], Statement]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.texts or self.refused)


@dataclass(frozen=True, slots=True)
class Task:
    """One file to examine, by its absolute path; `data` where its text does not come from disk."""

    path: str
    group: int
    data: bytes | None = None
    language: Language = PYTHON


@dataclass(frozen=True, slots=True)
class Group:
    """What the files of one configuration share."""

    options: Options
    types: Types = ()


@dataclass(frozen=True)
class Plan:
    """All that a worker needs beside the tasks."""

    root: str
    files: Sequence[str]  # every Python file of the project, absolute
    pack: Pack
    groups: Sequence[Group]
    patience: float = PATIENCE
    known: Known | None = None  # answers about contents that hold from an earlier run
    given: Given = field(default_factory=Given)  # what fixes of several files made of some
    texts: Sequence[str] = ()  # files of the project that tell of deployments
    traced: bool = False  # whether outcomes come with what they depend on
