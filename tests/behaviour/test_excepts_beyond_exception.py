"""What bare handlers caught that is no Exception: it ends what it ended before, and no more."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from .rewriting import rewrite_handlers
from .trial import function

HEAD = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n"


@dataclass(frozen=True)
class Form:
    """A module with `run(steps)`; `tells`: the steps that it goes, before and after."""

    name: str
    source: str
    tells: list[str]
    edited: bool = True
    needs: str | None = None


FORMS = (
    Form(
        "a cancelled task is awaited",
        "import asyncio\n" + HEAD + "class Watch:\n    def __init__(self, steps):\n"
        "        self.steps, self.task = steps, None\n\n    async def begin(self):\n"
        "        self.task = asyncio.create_task(asyncio.sleep(60))\n"
        "        await asyncio.sleep(0)\n\n    async def end(self):\n        self.task.cancel()\n"
        "        try:\n            await self.task\n        except:\n            pass\n"
        "        self.steps.append('ended')\n\n\nasync def main(steps):\n"
        "    watch = Watch(steps)\n    await watch.begin()\n    await watch.end()\n\n\n"
        "def run(steps):\n    asyncio.run(main(steps))\n",
        ["ended"],
    ),
    Form(
        "a cancelled group is gathered",
        "import asyncio\n" + HEAD + "async def main(steps):\n"
        "    group = asyncio.gather(asyncio.sleep(60), asyncio.sleep(60))\n"
        "    asyncio.get_running_loop().call_soon(group.cancel)\n    try:\n        await group\n"
        "    except:\n        steps.append('stopped')\n    steps.append('on')\n\n\n"
        "def run(steps):\n    asyncio.run(main(steps))\n",
        ["stopped", "on"],
    ),
    Form(
        "a generator is closed early",
        HEAD + "def rows(steps):\n    try:\n        for row in 'ab':\n"
        "            yield row\n    except:\n        steps.append('stopped')\n"
        "    steps.append('released')\n\n\ndef run(steps):\n    each = rows(steps)\n"
        "    steps.append(next(each))\n    each.close()\n",
        ["a", "stopped", "released"],
        edited=False,
    ),
    Form(
        "a helper ends the program",
        "import sys\n" + HEAD + "def refuse(name):\n    sys.exit(f'no {name}')\n\n\n"
        "def checked(name):\n    return name if name.isalpha() else refuse(name)\n\n\n"
        "def run(steps):\n    for name in ('ann', 'b0b', 'eve'):\n        try:\n"
        "            steps.append(checked(name))\n        except:\n"
        "            steps.append('bad')\n",
        ["ann", "bad", "eve"],
        edited=False,
    ),
    Form(
        "arguments are wrong",
        "import argparse\n" + HEAD + "def options(words):\n"
        "    parser = argparse.ArgumentParser(add_help=False)\n"
        "    parser.add_argument('--day', type=int)\n    return parser.parse_args(words).day\n\n\n"
        "def run(steps):\n    for words in (['--day', '7'], ['--night']):\n        try:\n"
        "            steps.append(options(words))\n        except:\n"
        "            steps.append('bad')\n",
        [7, "bad"],
        edited=False,
    ),
    Form(
        "a timeout of gevent",
        "import gevent\n" + HEAD + "def read(page):\n    gevent.sleep(page)\n"
        "    if page < 0:\n        raise RuntimeError\n    return page\n\n\n"
        "def run(steps):\n    for page in (0, 5, 0):\n        try:\n"
        "            with gevent.Timeout(0.05):\n                steps.append(read(page))\n"
        "        except:\n            steps.append('missed')\n",
        [0, "missed", 0],
        needs="gevent",
    ),
    Form(
        "a timeout of func_timeout",
        "import time\nfrom func_timeout import func_timeout\n" + HEAD + "def read(page):\n"
        "    for _ in range(100 * page):\n        time.sleep(0.01)\n    return page\n\n\n"
        "def run(steps):\n    for page in (0, 5, 0):\n        try:\n"
        "            steps.append(func_timeout(0.05, read, args=(page,)))\n        except:\n"
        "            steps.append('missed')\n",
        [0, "missed", 0],
        edited=False,
        needs="func_timeout",
    ),
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_it_is_caught_as_before(form: Form, capsys: pytest.CaptureFixture[str]) -> None:
    if form.needs is not None:
        pytest.importorskip(form.needs)
    after = rewrite_handlers(form.source, sentry="auto")
    for source in (form.source, after):
        steps: list[str] = []
        function(source)(steps)
        assert steps == form.tells
    assert (after != form.source) == form.edited
