"""Why a file must not import a module, and what ends it, where it is deployed or started."""

from __future__ import annotations

from qw_codemod.kernel.statements import At, Statement


class NotInUnit(Statement):
    template = "`{unit}` is deployed without `{module}`{place}: it needs a copy of its own there"

    unit: str
    module: str
    place: At


class PublishedAlone(Statement):
    template = "`{folder}` is published on its own{place}, without `{module}`"

    folder: str
    module: str
    place: At


class FoundInstead(Statement):
    template = "`{folder}` is found instead of the package of `{module}`"

    folder: str
    module: str


class NotOnPath(Statement):
    template = "`python {script}` cannot import `{module}`{place}"

    script: str
    module: str
    place: At


class NotOnPathByItself(Statement):
    template = (
        "nothing says how `{script}` is started: by its path, as its `__main__` block suggests, it "
        "cannot import `{module}`"
    )

    script: str
    module: str


class NotOnPathOfTest(Statement):
    template = "`{test}` imports this file from where `{module}` cannot be imported"

    test: str
    module: str


class NotOnPathOfDags(Statement):
    template = "Airflow loads the folder `{folder}` alone, where `{module}` cannot be imported"

    folder: str
    module: str


class StartIsUnknown(Statement):
    template = "nothing shows that `{module}` can be imported where this file runs"

    module: str


# What another policy, nearer to the file, would not meet.
ELSEWHERE = (
    NotInUnit,
    PublishedAlone,
    FoundInstead,
    NotOnPath,
    NotOnPathByItself,
    NotOnPathOfTest,
    NotOnPathOfDags,
    StartIsUnknown,
)


class ImportsLate(Statement):
    template = "this module imports what it needs in its functions, for a quick start"


class UnitIsStopped(Statement):
    template = "`{unit}` is stopped after {seconds} s{place}"

    unit: str
    seconds: str
    place: At


class UnitIsUsuallyStopped(Statement):
    template = "`{unit}` is stopped after {seconds} s where no --timeout says otherwise{place}"

    unit: str
    seconds: str
    place: At


class TaskIsStopped(Statement):
    template = "`{task}` is stopped after {seconds} s{place}"

    task: str
    seconds: str
    place: At
