"""What a server's own counters say: vLLM's, in Prometheus' text format."""

from __future__ import annotations

import re

import httpx2

__all__ = ["counter"]


async def counter(client: httpx2.AsyncClient, base_url: str, name: str) -> float | None:
    """Sum of a counter over its labels, or None where the server has none by that name."""
    response = await client.get(base_url.removesuffix("/v1") + "/metrics")
    values = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", response.text, re.MULTILINE)
    return sum(map(float, values)) if values else None
