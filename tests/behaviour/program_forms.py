"""Small applications of several files, with the ways in which they are deployed and started."""

from __future__ import annotations

from dataclasses import dataclass, field

POLICY = '''\
"""Three more tries where a failure may pass by itself."""
import inspect

import requests
import tenacity

ERRORS = tenacity.retry_if_exception_type((requests.ConnectionError, requests.Timeout))
BUSY = tenacity.retry_if_result(lambda answer: getattr(answer, "status_code", 200) in (429, 503))
_OPTIONS = {
    "retry": ERRORS | BUSY,
    "stop": tenacity.stop_after_attempt(4),
    "wait": tenacity.wait_exponential(multiplier=0.01),
    "retry_error_callback": lambda state: state.outcome.result(),
}


def retry_call(function, /, *args, **kwargs):
    kind = tenacity.AsyncRetrying if inspect.iscoroutinefunction(function) else tenacity.Retrying
    return kind(**_OPTIONS)(function, *args, **kwargs)


def retry_api(function):
    return tenacity.retry(**_OPTIONS)(function)
'''
NAMED = '[tool.qw-codemod.retries]\npolicy = "common.http_retry:retry_api"\n'
COMMON = {"common/__init__.py": "", "common/http_retry.py": POLICY, "pyproject.toml": NAMED}
BOTH = "requests==2.32.3\ntenacity==9.0.0\n"

_ASK = (
    '    answer = requests.get({}, timeout=20)\n    print("asked")\n    return answer.status_code\n'
)
_MAIN = '\n\nif __name__ == "__main__":\n    print({})\n'


@dataclass(frozen=True)
class ProgramForm:
    """An application that prints what it gets from the URL that it is given.

    `starts` are the commands after `python`. `layout`: the folders that are deployed, by where they
    are put; `requirements` installs what the deployed unit has of the libraries that are optional.
    """

    name: str
    files: dict[str, str]
    starts: tuple[tuple[str, ...], ...]
    edited: tuple[str, ...]
    survives: bool = False
    """Whether it asks a busy server again, after the rewrite."""
    layout: dict[str, str] = field(default_factory=lambda: {".": "."})
    requirements: str | None = None
    init: str | None = None
    """The policy that is written first."""


PROGRAMS = (
    ProgramForm(
        "a package with its policy",
        {
            **COMMON,
            "feeds/__init__.py": "",
            "feeds/fetch.py": (
                "import sys\n\nimport requests\n\n\ndef fetch(url):\n"
                + _ASK.format("url")
                + _MAIN.format("fetch(sys.argv[1])")
            ),
        },
        (("-m", "feeds.fetch", "{url}"),),
        ("feeds/fetch.py",),
        survives=True,
    ),
    ProgramForm(
        "a script that is started by its path",
        {
            **COMMON,
            "requirements.txt": BOTH,
            "tools/fetch.py": (
                '"""Prints a status.\n\n    python tools/fetch.py URL\n"""\n'
                "import sys\n\nimport requests\n\n\ndef fetch(url):\n"
                + _ASK.format("url")
                + _MAIN.format("fetch(sys.argv[1])")
            ),
        },
        (("tools/fetch.py", "{url}"),),
        (),
    ),
    ProgramForm(
        "a script that puts the root on its path",
        {
            **COMMON,
            "requirements.txt": BOTH,
            "tools/fetch.py": (
                '"""python tools/fetch.py URL"""\nimport sys\nfrom pathlib import Path\n\n'
                "import requests\n\nsys.path.insert(0, str(Path(__file__).parents[1]))\n\n"
                "from names import SHOP\n\n\ndef fetch(url):\n"
                + _ASK.format("url + SHOP")
                + _MAIN.format("fetch(sys.argv[1])")
            ),
            "names.py": "SHOP = ''\n",
        },
        (("tools/fetch.py", "{url}"),),
        ("tools/fetch.py",),
        survives=True,
    ),
    ProgramForm(
        "a module with a way for scripts",
        {
            **COMMON,
            "pages/__init__.py": "",
            "pages/base.py": "class Page:\n    shop = ''\n",
            "pages/months.py": (
                '"""python -m pages.months URL, or python pages/months.py URL"""\n'
                "import os\nimport sys\n\nimport requests\n\ntry:\n    from .base import Page\n"
                "except ImportError:\n    sys.path.insert(0, os.path.dirname(os.path.dirname("
                "os.path.abspath(__file__))))\n    from pages.base import Page\n\n\n"
                "class Months(Page):\n    def fetch(self, url):\n"
                "        answer = requests.get(f'{url}{self.shop}', timeout=20)\n"
                '        print("asked")\n        return answer.status_code\n'
                + _MAIN.format("Months().fetch(sys.argv[1])")
            ),
        },
        (("-m", "pages.months", "{url}"), ("pages/months.py", "{url}")),
        ("pages/months.py",),
        survives=True,
    ),
    ProgramForm(
        "a folder that is deployed alone",
        {
            **COMMON,
            "deploy.sh": (
                "#!/bin/sh\nset -e\ngcloud functions deploy refresh --gen2 --trigger-http \\\n"
                "    --entry-point=refresh --source=functions/refresh\n"
            ),
            "functions/refresh/main.py": (
                "import requests\n\n\ndef refresh(request):\n    url = request.args['url']\n"
                + _ASK.format("url")
            ),
            "functions/refresh/requirements.txt": "requests==2.32.3\n",
        },
        (
            (
                "-c",
                "import main, types; print(main.refresh(types.SimpleNamespace("
                "args={{'url': '{url}'}})))",
            ),
        ),
        (),
        layout={".": "functions/refresh"},
        requirements="functions/refresh/requirements.txt",
    ),
    ProgramForm(
        "a unit that copies the policy",
        {
            "common/__init__.py": "",
            "common/requirements.txt": "requests==2.32.3\n",
            "pyproject.toml": NAMED,
            "exports/__init__.py": "",
            "exports/live.py": "import requests\n\n\ndef live(url):\n" + _ASK.format("url"),
            "functions/export/deploy.sh": (
                "#!/bin/sh\nset -e\nbuild=$(mktemp -d)\n"
                'cp -r functions/export/. common exports "$build"\n'
                "gcloud functions deploy export --entry-point=export --timeout=540s \\\n"
                '    --source="$build"\n'
            ),
            "functions/export/main.py": (
                "from exports.live import live\n\n\ndef export(request):\n"
                "    return live(request)\n"
            ),
            "functions/export/requirements.txt": "requests==2.32.3\n",
        },
        (("-c", "import main; print(main.export('{url}'))"),),
        ("exports/live.py", "common/requirements.txt", "functions/export/requirements.txt"),
        layout={".": "functions/export", "common": "common", "exports": "exports"},
        requirements="functions/export/requirements.txt",
        init="common/http_retry.py",
    ),
    ProgramForm(
        "a policy beside a tool of another library",
        {
            "common/__init__.py": "",
            "pyproject.toml": NAMED,
            "requirements.txt": BOTH,
            "shop/__init__.py": "",
            "shop/prices.py": (
                "import sys\n\nimport requests\n\n\ndef fetch(url):\n"
                + _ASK.format("url")
                + _MAIN.format("fetch(sys.argv[1])")
            ),
            "tools/load_test.py": (
                "import asyncio\n\nimport httpx\n\n\nasync def hammer(url, count):\n"
                "    async with httpx.AsyncClient(timeout=5) as client:\n"
                "        orders = [client.post(url, json={'n': n}) for n in range(count)]\n"
                "        return await asyncio.gather(*orders)\n"
            ),
            "tools/requirements.txt": "httpx==0.27.2\n",
        },
        (("-m", "shop.prices", "{url}"),),
        ("shop/prices.py",),
        requirements="requirements.txt",
        init="common/http_retry.py",
    ),
)
