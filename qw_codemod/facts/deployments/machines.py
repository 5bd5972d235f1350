"""On which machine the commands of a YAML file run: a job of a workflow has one for its steps."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from itertools import pairwise

_KEY = re.compile(r"([ ]*)[\w.-]+:")
_SHARED = re.compile(r"(?:before_script|default|image):")  # of all jobs of GitLab
_CONTAINER = re.compile(r"^[ \t]+container:[ \t]*(?:\n[ \t]+image:[ \t]*)?[\"']?([^\s\"'#]+)", re.M)
_OF_PROJECT = re.compile(r"\buses:[ \t]*[\"']?\./")  # an action that may install anything


@dataclass(frozen=True, slots=True)
class Machine:
    """What a job has before its first command: an image, or what is not known (`is_open`)."""

    key: int
    image: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Machines:
    """Those of one file: `starts` are the first lines of its jobs, if it has any."""

    starts: tuple[int, ...] = ()
    jobs: tuple[Machine, ...] = ()

    def of(self, line: int, block: int) -> Machine:
        """The machine of a line in the block of commands that starts at another one."""
        at = bisect.bisect_right(self.starts, line)
        return self.jobs[at - 1] if at else Machine(-block)


def machines_of(path: str, text: str) -> Machines:
    """The machines of a YAML file, by its path and text."""
    lines = text.split("\n")
    if "/.github/workflows/" in path:
        first = next((n for n, line in enumerate(lines) if line.startswith("jobs:")), len(lines))
        keys = [(n, k[1]) for n, line in enumerate(lines) if n > first and (k := _KEY.match(line))]
        starts = [n + 1 for n, indent in keys if indent == keys[0][1]]
    elif path.rpartition("/")[2].startswith(".gitlab-ci"):
        is_shared = any(map(_SHARED.match, lines))
        keys = [(n, k[1]) for n, line in enumerate(lines) if (k := _KEY.match(line))]
        starts = [1] if is_shared else [n + 1 for n, indent in keys if not indent]
    else:
        return Machines()
    jobs = []
    for start, end in pairwise([*starts, len(lines) + 1]):
        job = "\n".join(lines[start - 1 : end - 1])
        image = _CONTAINER.search(job)
        jobs.append(Machine(start, image[1] if image else "", _OF_PROJECT.search(job) is not None))
    return Machines(tuple(starts), tuple(jobs))
