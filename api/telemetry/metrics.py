"""What is counted of a server, for Prometheus: requests, errors, statements, and how full the pools are.

Labels are bounded: an operation has its name as a label only where it is a saved one, for anybody can send others.
Several workers of one server count in files of a shared folder, and whichever is asked adds them up. Source:
https://prometheus.github.io/client_python/multiprocess/
"""

import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from api.telemetry.trail import Trail

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that names the folder which workers share; prometheus_client knows it by this name."""

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the ranges that durations are counted in."""

MOST_LABELS: Final = 500
"""Most values that a label has; what comes after them is counted as `OTHER`."""

OTHER: Final = "other"
"""The label of what has no label of its own."""


class Level(NamedTuple):
    """How full something is at the moment."""

    pool: str
    """Name of a pool of connections."""

    in_use: int
    """Connections that are in use."""

    size: int
    """Most connections that it may have."""


class Metrics:
    """What one server process counts."""

    def __init__(self, levels: Callable[[], Iterable[Level]]) -> None:
        """Begin to count.

        Args:
            levels: Tells how full the pools are.
        """
        self._levels = levels
        self._registry = CollectorRegistry()
        self._requests = self._counter("requests", "Requests that were answered.", "kind", "operation", "status")
        self._seconds = Histogram(
            "achene_request_duration_seconds",
            "How long answering took.",
            ("kind", "operation"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._ways = self._counter("operations", "GraphQL operations, by how they ran.", "way")
        self._errors = self._counter("errors", "Errors in answers, by code.", "code")
        self._statements = self._counter("statements", "Statements that were sent to PostgreSQL.")
        self._rows = self._counter("rows", "Rows that were read from PostgreSQL into Python.")
        self._cache = self._counter("cache_lookups", "Look-ups in the response cache.", "result")
        self._in_use = self._gauge("in_use", "Connections to PostgreSQL that are in use.")
        self._size = self._gauge("limit", "Connections to PostgreSQL that there may be.")
        if not is_shared():
            for collector in (ProcessCollector, PlatformCollector, GCCollector):
                collector(registry=self._registry)
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._of_way, self._of_lookup, self._of_code = (  # to look one up among its labels takes longer than to count
            lru_cache(maxsize=MOST_LABELS)(counter.labels) for counter in (self._ways, self._cache, self._errors)
        )

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"achene_{name}", says, labels, registry=self._registry)

    def _gauge(self, name: str, says: str) -> Gauge:
        return Gauge(
            f"achene_pool_connections_{name}",
            says,
            ("pool",),
            registry=self._registry,
            multiprocess_mode="livesum",
        )

    def count(self, trail: Trail, status: int, seconds: float) -> None:
        """Count a request that has ended.

        Args:
            trail: What became known of it.
            status: Its HTTP status.
            seconds: How long it took.
        """
        place = (trail.kind, trail.saved or "", status)
        requests, duration = self._known.get(place) or self._take_in(place)
        requests.inc()
        duration.observe(seconds)
        if trail.way is not None:
            self._of_way(trail.way).inc()
        if trail.cache is not None:
            self._of_lookup(trail.cache).inc()
        if trail.statements:
            self._statements.inc(trail.statements)
        if trail.rows:
            self._rows.inc(trail.rows)
        for code in trail.codes:
            self._of_code(code).inc()

    def _take_in(self, place: tuple[str, str, int]) -> tuple[Counter, Histogram]:
        kind, operation, status = place
        if len(self._known) >= MOST_LABELS:
            operation = OTHER
        found = self._requests.labels(kind, operation, str(status)), self._seconds.labels(kind, operation)
        if len(self._known) < 2 * MOST_LABELS:
            self._known[place] = found
        return found

    def look(self) -> None:
        """Note how full the pools are."""
        for level in self._levels():
            self._in_use.labels(level.pool).set(level.in_use)
            self._size.labels(level.pool).set(level.size)

    def written(self, accept: str) -> tuple[bytes, str]:
        """Return all that was counted, of all workers, and its media type, in the form that the caller accepts."""
        self.look()
        registry = self._registry
        if is_shared():
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no types
        encode, media = choose_encoder(accept)
        return encode(registry), media

    def close(self) -> None:
        """Take this process out of what workers hold at the moment; what it counted stays."""
        if is_shared():
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]  # it has no types


def is_shared() -> bool:
    """Return whether several workers count together."""
    return FOLDER in os.environ
