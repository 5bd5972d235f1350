"""What a trace remembers of answers."""

from __future__ import annotations

import pytest

from qw_codemod.facts.query import Held, Trace


def test_the_answer_meanwhile_does_not_outlive_a_crash() -> None:
    memory: dict[str, Held[tuple[str, ...]]] = {}
    trace = Trace()

    def crash() -> tuple[str, ...]:
        assert trace.remembered(memory, "base", tuple, ("itself",)) == ("itself",)
        raise RecursionError

    with pytest.raises(RecursionError):
        trace.remembered(memory, "base", crash, ("itself",))
    assert trace.remembered(memory, "base", lambda: ("itself", "object")) == ("itself", "object")
