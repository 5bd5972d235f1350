"""What is stated about doubles in tests: why a change of a call would break one."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement


@dataclass(frozen=True, slots=True)
class StubsMock(Statement):
    template = "a test stubs `{method}` on a mock itself"

    method: str


@dataclass(frozen=True, slots=True)
class Stubs(Statement):
    template = "a test stubs `{method}` on `{on}` itself"

    method: str
    on: str


@dataclass(frozen=True, slots=True)
class NotOnResult(Statement):
    template = "`{method}` of this fake is not on what its `{through}()` gives"

    method: str
    through: str


@dataclass(frozen=True, slots=True)
class TakesNoKeyword(Statement):
    template = "`{method}()` of this fake takes no `{keyword}`"

    method: str
    keyword: str


@dataclass(frozen=True, slots=True)
class HasNoMethod(Statement):
    template = "this fake has no `{method}()`"

    method: str


@dataclass(frozen=True, slots=True)
class GivesNoMethod(Statement):
    template = "what `{maker}` gives here has no `{method}()`"

    maker: str
    method: str


@dataclass(frozen=True, slots=True)
class AssertsCallWithout(Statement):
    template = "a test looks for `{method}()` without `{keyword}`"

    method: str
    keyword: str


@dataclass(frozen=True, slots=True)
class AssertsNoCall(Statement):
    template = "a test sees to it that `{method}()` is not called"

    method: str
