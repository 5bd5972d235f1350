"""Many files over processes: paths go out, reports come back."""

from __future__ import annotations

import contextlib
import gc
import itertools
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

from qw_codemod import SELDOM
from qw_codemod.engine import files
from qw_codemod.engine.examine import examine
from qw_codemod.engine.reasons import Declined
from qw_codemod.engine.results import located
from qw_codemod.engine.tasks import POOL_FROM, Group, Note, Plan, Task, Types
from qw_codemod.facts.exchange import Exchange, Member
from qw_codemod.facts.query import Leaning, Trace, digest
from qw_codemod.infer import Inference
from qw_codemod.kernel.document import Document
from qw_codemod.kernel.model import (
    FileReport,
    Fix,
    Outcome,
    Problem,
)
from qw_codemod.languages.python import SourceFile
from qw_codemod.libraries.models import MODELS
from qw_codemod.rules.prefilter import is_possible

_LARGE = 300_000  # bytes
_LOOK_UP = 2.0  # seconds after which a worker looks whether its parent is gone


class Examiner:
    """Examines one file after the other, with one body of knowledge about the project."""

    def __init__(self, plan: Plan, exchange: Member | None = None) -> None:
        self._plan = plan
        self._exchange = exchange
        self._inferences: dict[Types, Inference] = {}
        self._trace = Trace(plan.traced)

    def trace(self, task: Task, read: bytes | None = None) -> tuple[Outcome, Leaning]:
        """The outcome for one file, and what it leans on; `read` is what stands on the disk."""
        self._trace.start()
        outcome = self.examine(task, read)
        return outcome, self._trace.leaning()

    def examine(self, task: Task, read: bytes | None = None) -> Outcome:
        """The outcome for one file; what keeps it from being examined becomes a problem."""
        group = self._plan.groups[task.group]
        try:
            data = task.data if read is None else read
            data = files.read(task.path) if data is None else data
        except files.FileProblem as problem:
            return failed(task.path, str(problem))
        self._trace.lean(("file", task.path), lambda: digest(data))
        inference = self._inference(group.types)
        text = self._plan.given.texts.get(task.path, data)
        source = task.language.document(task.path, text)
        if task.data is not None and isinstance(source, SourceFile):
            inference.overlay(source)
        try:
            refused = self._plan.given.refused.get(task.path)
            report = examine(source, self._plan.pack, inference, group.options, refused)
            if source.data != data:
                after = source.data if report.after is None else report.after
                report = replace(report, before=data, after=after)
            return self._styled(task.language.document(task.path, data), report, inference, group)
        except (RecursionError, MemoryError) as error:
            return failed(task.path, f"cannot be examined: nested too deeply ({error})")

    def _inference(self, types: Types) -> Inference:
        if types not in self._inferences:
            plan = self._plan
            texts = plan.given.texts
            inference = Inference(
                plan.root,
                plan.files,
                MODELS,
                dict(types),
                self._trace,
                plan.known,
                plan.texts,
                self._exchange,
            )
            self._inferences[types] = inference
            for path in texts.keys() & set(plan.files if texts else ()):
                inference.overlay(SourceFile(path, texts[path]))
        return self._inferences[types]

    def _styled(
        self, source: Document, report: FileReport, inference: Inference, group: Group
    ) -> Outcome:
        writes = group.options.writes
        if report.after is None:
            return located(report, source, source)
        if not isinstance(source, SourceFile):
            after = type(source)(source.path, report.after)
            return located(report, source, after if writes else source)
        from qw_codemod.engine.formatter import restyle

        styled = restyle(source.path, report.before, report.after)
        notes = (styled.note,) if styled.note else ()
        now = SourceFile(source.path, styled.data)
        if not writes:
            report = replace(report, after=styled.data)
            return replace(located(report, source, source), notes=notes)
        if styled.data != report.after:
            # The formatter moved lines: what is left stands elsewhere now.
            inference.revise(now)
            options = replace(group.options, accept=_decline)
            again = examine(now, self._plan.pack, inference, options)
            inference.restore()
            skipped = again.skipped
            if len(skipped) == len(report.skipped):  # as it was before this edit was declined
                pairs = zip(skipped, report.skipped, strict=True)
                skipped = tuple(old if new.reason == Declined() else new for new, old in pairs)
            report = replace(
                again,
                fixed=report.fixed,
                notes=report.notes,
                remarks=report.remarks,
                skipped=skipped,
                before=report.before,
                after=styled.data,
            )
        return replace(located(report, source, now), notes=notes)


def run(
    plan: Plan,
    tasks: Sequence[Task],
    jobs: int = 0,
    progress: Callable[[int], None] | None = None,
    note: Note | None = None,
) -> list[Outcome]:
    """The outcomes of all tasks in their own order, whichever process had them.

    `jobs` is the number of processes; 0 takes one a core, and only where it pays. `note` is told
    what each outcome leans on, with the number of the process whose questions the bits count.
    """
    note = note or (lambda process, outcome, leaning: None)
    outcomes: dict[str, Outcome] = {}
    tell = progress or (lambda done: None)
    interactive = any(group.options.accept for group in plan.groups)
    here = Examiner(plan)
    if jobs == 1 or interactive or len(tasks) <= POOL_FROM and jobs == 0:
        hard = list(tasks)
    else:
        hard = _candidates(plan, tasks, here, outcomes, note)
    workers = min(jobs or _cores(), len(hard))
    if interactive or workers < 2 or (jobs == 0 and len(hard) <= POOL_FROM):
        for task in hard:
            outcomes[task.path], leaning = here.trace(task)
            note(0, outcomes[task.path], leaning)
            tell(len(outcomes))
    else:
        # A very large file that starts last would keep one process busy alone.
        hard.sort(key=lambda task: (_size(task) < _LARGE, task.path))
        with contextlib.closing(_pooled(plan, hard, workers)) as pooled:
            for process, outcome, leaning in pooled:
                note(process, outcome, leaning)
                outcomes[outcome.report.path] = outcome
                tell(len(outcomes))
    return [outcomes[task.path] for task in tasks]


def failed(path: str, message: str, line: int = 0) -> Outcome:
    """The outcome for a file that was not examined."""
    return Outcome(FileReport(path, problems=(Problem(path, message, line),)))


def _decline(fix: Fix, source: Document) -> bool:
    return False


def _candidates(
    plan: Plan,
    tasks: Sequence[Task],
    here: Examiner,
    outcomes: dict[str, Outcome],
    note: Note,
) -> list[Task]:
    """The tasks that some rule can hit; the outcome of the others is known without a parse."""
    hard = []
    for task in tasks:
        try:
            data = files.read(task.path) if task.data is None else task.data
        except files.FileProblem as problem:
            outcomes[task.path] = failed(task.path, str(problem))
            continue
        rules = plan.pack.rules_for(task.language.document)
        if is_possible(data, (rule.check for rule in rules)):
            hard.append(task)
        else:
            outcomes[task.path], leaning = here.trace(task, data)
            note(0, outcomes[task.path], leaning)
    return hard


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _size(task: Task) -> int:
    if task.data is not None:
        return len(task.data)
    try:
        return os.stat(task.path).st_size
    except OSError:
        return 0


# A pool of our own: concurrent.futures does not say which file killed its worker.


@dataclass
class _Worker:
    number: int
    process: BaseProcess
    pipe: Connection
    task: Task | None = None
    from_end: bool = False
    since: float = 0.0


def _pooled(
    plan: Plan, tasks: Sequence[Task], count: int
) -> Generator[tuple[int, Outcome, Leaning]]:
    is_forked = sys.platform == "linux"
    context = multiprocessing.get_context("fork" if is_forked else "spawn")
    exchange = _exchange(count) if is_forked else None
    # Neighbours lean on the same files: each worker walks the tree from an end of its own.
    queue = deque(tasks)
    gc.collect()
    gc.freeze()  # what is loaded now stays shared with the workers
    workers: list[_Worker] = []
    try:
        numbers = itertools.count(1)
        workers += (_start(context, plan, next(numbers), exchange) for _ in range(count))
        for place, worker in enumerate(workers):
            _hand_out(worker, queue, from_end=place % 2 == 1)
        while busy := [worker for worker in workers if worker.task]:
            oldest = min(worker.since for worker in busy)
            patience = max(0.0, oldest + plan.patience - time.monotonic())
            ready = wait([worker.pipe for worker in busy], patience)
            for worker in busy:
                late = time.monotonic() - worker.since > plan.patience
                if worker.pipe not in ready and not late:
                    continue
                assert worker.task is not None
                received = _received(worker) if worker.pipe in ready else None
                if received is None:
                    why = _end(worker, late and worker.pipe not in ready)
                    yield worker.number, failed(worker.task.path, why), Leaning()
                    workers.remove(worker)
                    from_end = worker.from_end
                    worker = _start(context, plan, next(numbers), exchange)
                    worker.from_end = from_end
                    workers.append(worker)
                else:
                    yield worker.number, *received
                _hand_out(worker, queue, worker.from_end)
    finally:
        gc.unfreeze()
        for worker in workers:
            worker.process.kill() if worker.task else worker.pipe.close()
        for worker in workers:
            worker.process.join()
        if exchange is not None:
            exchange.close()


def _exchange(count: int) -> Exchange | None:
    try:
        return Exchange(count)
    except OSError:  # there is no folder for temporary files
        return None


def _start(context: BaseContext, plan: Plan, number: int, exchange: Exchange | None) -> _Worker:
    ours, theirs = context.Pipe()
    member = exchange.member(number - 1) if exchange is not None else None
    process = context.Process(target=_work, args=(theirs, ours, plan, member), daemon=True)  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    return _Worker(number, process, ours)


def _hand_out(worker: _Worker, queue: deque[Task], from_end: bool) -> None:
    worker.from_end = from_end
    take = queue.pop if from_end else queue.popleft
    worker.task = take() if queue else None
    if worker.task is None:
        return
    worker.since = time.monotonic()
    with contextlib.suppress(OSError):  # it died already: reading from it says so
        worker.pipe.send(worker.task)


def _received(worker: _Worker) -> tuple[Outcome, Leaning] | None:
    try:
        received: tuple[Outcome, Leaning] = worker.pipe.recv()
    except (EOFError, OSError):
        return None
    return received


def _end(worker: _Worker, late: bool) -> str:
    worker.process.kill() if late else None
    worker.process.join()
    worker.pipe.close()
    if late:
        return "cannot be examined: it took too long, and was given up"
    code = worker.process.exitcode or 0
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"cannot be examined: the process that had it died ({how})"


def _work(
    pipe: Connection, parents: Connection, plan: Plan, exchange: Member | None = None
) -> None:
    """The life of a worker: it ends when the parent closes the pipe, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it ends us
    parents.close()
    parent = os.getppid()
    gc.set_threshold(*SELDOM)
    examiner = Examiner(plan, exchange)
    while True:
        try:
            while not pipe.poll(_LOOK_UP):  # the next worker holds a copy of the parent's end
                if os.getppid() != parent:
                    return
            pipe.send(examiner.trace(pipe.recv()))
        except (EOFError, OSError):
            return
