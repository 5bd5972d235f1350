"""What a file holds in which requests are sent."""

from __future__ import annotations

HTTP = tuple(each.encode() for each in ("requests", "httpx", "aiohttp", "urlopen", "session"))
GOOGLE = (b".execute(", b".next_chunk(")
