"""What is stated about the timeouts of waits."""

from __future__ import annotations

from qw_codemod.kernel.statements import Place, Statement


class HandedOver(Statement):
    template = "what it is handed to may pass a timeout"


class OfOthersToo(Statement):
    template = "a PollingFuture is a BigQuery job, or an operation of another service"


class StarMayHold(Statement):
    template = "`*{argument}` may hold the timeout"

    argument: str


class StarsMayHold(Statement):
    template = "`**{argument}` may hold {keyword}= already"

    argument: str
    keyword: str


class ShorterBound(Statement):
    template = "timeout={seconds}, because {stop}"

    seconds: str
    stop: Statement


class LongerBound(Statement):
    template = "timeout={seconds}, because {why}"

    seconds: str
    why: Statement


class FileIsTakenIn(Statement):
    template = "the answer comes once the file that is sent has been dealt with"


class ServiceAtWork(Statement):
    template = "a service that is asked with an identity token may take as long as it is allowed"


class QueryIsRun(Statement):
    template = "what is asked for is worked out before the answer begins"


class SaidElsewhere(Statement):
    template = "`{name}`{place} is {seconds} s"

    name: str
    place: Place
    seconds: str
