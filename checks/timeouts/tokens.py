"""What a file holds in which anything waits for a job or a request."""

from __future__ import annotations

DOWNLOADS = frozenset({"to_dataframe", "to_arrow", "to_geodataframe"})
METHODS = frozenset({"result", "query_and_wait", *DOWNLOADS})
WAITS = (*(name.encode() for name in sorted(METHODS)), b"query", b"job", b"bigquery")
# `requests` alone stands in half of all comments.
REQUESTS = (
    *(b"import requests", b"from requests", b", requests", b"cloudscraper", b"httpx", b"aiohttp"),
    *(b"urlopen", b"build_opener", b"session.", b"session()", b"Session", b"headers=", b".post("),
    *(b".request(", b".get(url", b".get(self.url", b"timeout=None"),
)
