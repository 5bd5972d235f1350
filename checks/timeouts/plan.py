"""How a wait comes to be bounded: the plans that the checks make and the codemod carries out."""

from __future__ import annotations

from dataclasses import dataclass

from qw_codemod.kernel.statements import Statement

DEFAULTS = {"bigquery": 300, "http": 30}  # seconds
LATE = 300  # seconds for an answer that comes after the work; Cloud Run's own default
SHARE = 0.8  # of a deadline that comes sooner


@dataclass(frozen=True, slots=True)
class Limit:
    """Which bound applies: the setting of a `kind`, or a number that is known already.

    That is one that a person wrote, or one that a deadline or the request asks for (`why`). `name`
    is what the file itself calls its timeout, which counts before the setting.
    """

    kind: str = "job"  # query, load, copy, extract, job, http
    seconds: float | None = None
    why: Statement | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class AddTimeout:
    """Give a call one more keyword argument."""

    limit: Limit
    keyword: str = "timeout"


@dataclass(frozen=True, slots=True)
class PassTimeout:
    """The same for a call that hands it on, or of a method that no helper stands in for."""

    limit: Limit
    keyword: str = "timeout"


@dataclass(frozen=True, slots=True)
class BindTimeout:
    """Bind a method that is handed over to its argument: `partial(job.result, timeout=300)`."""

    limit: Limit
    keyword: str = "timeout"


@dataclass(frozen=True, slots=True)
class ReplaceTimeout:
    """Give an argument that is there, by its keyword or by its `position`, another value."""

    limit: Limit
    keyword: str = "timeout"
    position: int | None = None


@dataclass(frozen=True, slots=True)
class NameTimeout:
    """Pass a number that stands at a `position` by the keyword that it was meant for."""

    position: int
    keyword: str = "timeout"


@dataclass(frozen=True, slots=True)
class ClientTimeout:
    """Give aiohttp's argument, there or not, an aiohttp.ClientTimeout as its value."""

    limit: Limit
    keyword: str = "timeout"
    position: int | None = None


@dataclass(frozen=True, slots=True)
class WaitFirst:
    """Wait for the job in front of the method that downloads its rows.

    `moves`: keyword arguments that go along to the wait. `own_statement`: the wait stands on a line
    before the statement, where `name` is for a job that has none.
    """

    limit: Limit
    moves: tuple[str, ...] = ()
    own_statement: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class WaitAround:
    """Wait for a job that is iterated; `own_statement` and `name` as for WaitFirst."""

    limit: Limit
    own_statement: bool = False
    name: str = ""


Plan = (
    AddTimeout
    | PassTimeout
    | BindTimeout
    | ReplaceTimeout
    | NameTimeout
    | ClientTimeout
    | WaitFirst
    | WaitAround
)
