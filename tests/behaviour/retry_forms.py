"""Outgoing calls of every shape, as source text with a `run(url)` that gives status and body."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RetryForm:
    """One shape; `raises`: a 503 reaches the caller as an exception of that name."""

    name: str
    source: str
    raises: str = ""
    method: str = "GET"


_ANSWER = "    return answer.status_code, answer.json()\n"

RETRY_FORMS = (
    RetryForm(
        "requests.get",
        "import requests\n\n\ndef run(url):\n    answer = requests.get(url, timeout=5)\n"
        f"    print('asked')\n{_ANSWER}",
    ),
    RetryForm(
        "requests.head",
        "import requests\n\n\ndef run(url):\n    answer = requests.head(url, timeout=5)\n"
        "    return answer.status_code, None\n",
        method="HEAD",
    ),
    RetryForm(
        "session on self",
        "import requests\n\n\nclass Feed:\n    def __init__(self):\n"
        "        self.session = requests.Session()\n\n    def fetch(self, url):\n"
        "        answer = self.session.get(url, timeout=5)\n        self.last = url\n"
        f"    {_ANSWER}\n\ndef run(url):\n    return Feed().fetch(url)\n",
    ),
    RetryForm(
        "a parameter of something else",
        "import requests\n\n\nclass Shop:\n    def __init__(self, max_retries=3):\n"
        "        self.max_retries = max_retries  # of the upload\n\n    def read(self, url):\n"
        "        answer = requests.get(url, timeout=5)\n        answer.raise_for_status()\n"
        f"    {_ANSWER}\n    def keep(self, shelf, text):\n"
        "        shelf.upload_from_string(text, num_retries=self.max_retries)\n\n\n"
        "def run(url):\n    return Shop().read(url)\n",
        raises="HTTPError",
    ),
    RetryForm(
        "a function that is all call",
        "import requests\n\n\ndef run(url):\n    answer = requests.get(url, timeout=5)\n"
        f"    answer.raise_for_status()\n{_ANSWER}",
        raises="HTTPError",
    ),
    RetryForm(
        "urlopen",
        "import json\nimport urllib.request\n\n\ndef run(url):\n"
        "    with urllib.request.urlopen(f'{url}', timeout=5) as answer:\n"
        "        return answer.status, json.loads(answer.read())\n",
        raises="HTTPError",
    ),
    RetryForm(
        "httpx.get",
        f"import httpx\n\n\ndef run(url):\n    answer = httpx.get(url)\n{_ANSWER}",
    ),
    RetryForm(
        "httpx.Client",
        "import httpx\n\n\ndef run(url):\n    with httpx.Client() as client:\n"
        f"        answer = client.get(url)\n{_ANSWER}",
    ),
    RetryForm(
        "httpx.AsyncClient",
        "import asyncio\nimport httpx\n\n\nasync def fetch(url):\n"
        "    async with httpx.AsyncClient() as client:\n        answer = await client.get(url)\n"
        f"{_ANSWER}\n\ndef run(url):\n    return asyncio.run(fetch(url))\n",
    ),
    RetryForm(
        "aiohttp",
        "import asyncio\nimport aiohttp\n\n\n"
        "async def fetch(session: aiohttp.ClientSession, url):\n"
        "    async with session.get(url) as answer:\n        answer.raise_for_status()\n"
        "        return answer.status, await answer.json()\n\n\nasync def main(url):\n"
        "    async with aiohttp.ClientSession() as session:\n"
        "        return await fetch(session, url)\n\n\ndef run(url):\n"
        "    return asyncio.run(main(url))\n",
        raises="ClientResponseError",
    ),
)
