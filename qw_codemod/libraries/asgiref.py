"""asgiref: a function becomes one that is awaited."""

from __future__ import annotations

from qw_codemod.infer.models import Model
from qw_codemod.infer.protocol import Infer
from qw_codemod.infer.signatures import Arguments
from qw_codemod.infer.values import AnyCallable, Awaitable, ValueSet, known, union


def _awaited_later(arguments: Arguments, infer: Infer) -> ValueSet:
    anything = Arguments(open=True)
    given = union(infer.calls.call(p, anything) for p in arguments.first())
    return known(AnyCallable(known(Awaitable(given))))


MODEL = Model(calls={"asgiref.sync.sync_to_async": _awaited_later})
