"""Servers that share a store, over HTTP."""

import asyncio
from typing import Any

from tests.api.served import serving

RATES: dict[str, Any] = {"rate_requests": "20/hour", "rate_cost": "100/hour", "rate_paths": ("GET / = 5/hour",)}


async def test_never_more_than_the_limit(content_url: str, valkey_url: str) -> None:
    """Two servers that are asked a hundred times at once let through exactly what one alone would."""
    shared = RATES | {"redis_url": valkey_url, "redis_timeout_seconds": 30}
    async with serving(content_url, **shared) as one, serving(content_url, **shared) as other:
        asked = [web.ask("{ __typename }") for _ in range(50) for web in (one, other)]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert (statuses.count(200), statuses.count(429)) == (20, 80)


async def test_never_more_than_the_budget(content_url: str, valkey_url: str) -> None:
    """Nor do they let operations read more rows than the budget has."""
    shared = RATES | {"redis_url": valkey_url, "redis_timeout_seconds": 30, "rate_requests": "100/hour"}
    query = "{ posts(first: 15) { nodes { id } } }"
    async with serving(content_url, **shared) as one, serving(content_url, **shared) as other:
        asked = [web.ask(query) for _ in range(10) for web in (one, other)]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert (statuses.count(200), statuses.count(429)) == (6, 14)


async def test_one_endpoint_of_both(content_url: str, valkey_url: str) -> None:
    """Nor do they answer one endpoint more often than its rule says."""
    shared = RATES | {"redis_url": valkey_url, "redis_timeout_seconds": 30}
    async with serving(content_url, **shared) as one, serving(content_url, **shared) as other:
        asked = [web.client.get("/") for _ in range(5) for web in (one, other)]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert (statuses.count(200), statuses.count(429)) == (5, 5)
