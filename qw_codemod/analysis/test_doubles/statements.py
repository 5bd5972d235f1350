"""What is stated about doubles in tests: why a change of a call would break one."""

from __future__ import annotations

from qw_codemod.kernel.statements import Statement


class StubsMock(Statement):
    template = "a test stubs `{method}` on a mock itself"

    method: str


class Stubs(Statement):
    template = "a test stubs `{method}` on `{on}` itself"

    method: str
    on: str


class NotOnResult(Statement):
    template = "`{method}` of this fake is not on what its `{through}()` gives"

    method: str
    through: str


class TakesNoKeyword(Statement):
    template = "`{method}()` of this fake takes no `{keyword}`"

    method: str
    keyword: str


class HasNoMethod(Statement):
    template = "this fake has no `{method}()`"

    method: str


class GivesNoMethod(Statement):
    template = "what `{maker}` gives here has no `{method}()`"

    maker: str
    method: str


class AssertsCallWithout(Statement):
    template = "a test looks for `{method}()` without `{keyword}`"

    method: str
    keyword: str


class AssertsNoCall(Statement):
    template = "a test sees to it that `{method}()` is not called"

    method: str


class Fails(Statement):
    template = "a test has `{method}()` fail"

    method: str


class FailsWith(Statement):
    template = "a test has `{method}()` fail with {status}"

    method: str
    status: int
