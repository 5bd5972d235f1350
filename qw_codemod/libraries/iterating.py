"""tqdm and more_itertools: they give the items of what they are given."""

from __future__ import annotations

from qw_codemod.infer.models import Model
from qw_codemod.libraries import stdlib

_EACH = stdlib.MODEL.calls["builtins.iter"]

MODEL = Model(
    calls={
        "more_itertools.first": stdlib.MODEL.calls["builtins.next"],
        "tqdm.tqdm": _EACH,
        "tqdm.auto.tqdm": _EACH,
    }
)
