"""Redis or Valkey, as the parts that servers share are connected to it.

The client library is loaded where a store is set, and not before: it takes a tenth of the time of a start.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis


@cache
def failures() -> tuple[type[Exception], ...]:
    """Return what is raised where the store is away, slow, or refuses."""
    from redis.exceptions import RedisError

    return (RedisError, OSError, TimeoutError)


def connect_store(url: str, timeout_seconds: float) -> "Redis":
    """Return a client of a store; nothing is connected yet.

    A connection that the store closed while it was idle is opened again and the command sent once more.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`; the same with `valkey`.
        timeout_seconds: How long connecting, and each answer, may take.

    Raises:
        ValueError: That is no such address.
    """
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as ConnectionLostError

    scheme, separator, rest = url.partition("://")
    return Redis.from_url(
        scheme.replace("valkey", "redis") + separator + rest,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLostError,)),
    )
