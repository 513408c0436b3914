"""What is counted of a server, for Prometheus: requests, errors, statements, and how full the pools are.

Labels are bounded: an operation has its name as a label only where it is a saved one, for anybody can send others.

A request is counted in plain numbers, since prometheus_client takes a lock for each of the half-dozen things that are
counted of one. It is handed the sums when somebody asks. Several workers of one server count in files of a shared
folder, and whichever is asked adds them up; there each hands on its sums `HELD_SECONDS` after the first request that is
not in them. Source: https://prometheus.github.io/client_python/multiprocess/
"""

import asyncio
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
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

HELD_SECONDS: Final = 0.05
"""How long other workers may not know of a request that was answered."""

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


class Durations(Histogram):
    """A histogram that is given many durations at once."""

    def take(self, ranges: Sequence[int], seconds: float) -> None:
        """Add durations.

        Args:
            ranges: How many ended in each range, the last of which has no upper end.
            seconds: Their sum.
        """
        self._sum.inc(seconds)
        for bucket, count in zip(self._buckets, ranges, strict=True):
            if count:
                bucket.inc(count)


class Tally:
    """What was counted under one set of labels since it was handed on."""

    __slots__ = ("_counter", "count")

    def __init__(self, counter: Counter) -> None:
        """Begin with nothing."""
        self._counter = counter
        self.count = 0

    def hand_on(self) -> None:
        """Let the counter have it."""
        if self.count:
            self._counter.inc(self.count)
            self.count = 0


class Requests(Tally):
    """The requests of one kind, operation and status, and how long they took."""

    __slots__ = ("_durations", "ranges", "seconds")

    def __init__(self, counter: Counter, durations: Durations) -> None:
        """Begin with none."""
        super().__init__(counter)
        self._durations = durations
        self.seconds = 0.0
        self.ranges = [0] * (len(SECONDS) + 1)

    def hand_on(self) -> None:
        """Let the counter and the histogram have them."""
        if self.count:
            super().hand_on()
            self._durations.take(self.ranges, self.seconds)
            self.seconds, self.ranges = 0.0, [0] * (len(SECONDS) + 1)


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
        self._seconds = Durations(
            "achene_request_duration_seconds",
            "How long answering took.",
            ("kind", "operation"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._ways = self._counter("operations", "GraphQL operations, by how they ran.", "way")
        self._errors = self._counter("errors", "Errors in answers, by code.", "code")
        statements = self._counter("statements", "Statements that were sent to PostgreSQL.")
        rows = self._counter("rows", "Rows that were read from PostgreSQL into Python.")
        self._cache = self._counter("cache_lookups", "Look-ups in the response cache.", "result")
        self._in_use = self._gauge("in_use", "Connections to PostgreSQL that are in use.")
        self._size = self._gauge("limit", "Connections to PostgreSQL that there may be.")
        if not is_shared():
            for collector in (ProcessCollector, PlatformCollector, GCCollector):
                collector(registry=self._registry)
        self._of_place: dict[tuple[str, str | None, int], Requests] = {}
        self._of_label: dict[tuple[Counter, str], Tally] = {}
        self._statements, self._rows = Tally(statements), Tally(rows)
        self._tallies: list[Tally] = [self._statements, self._rows]
        self._is_shared = is_shared()
        self._timer: asyncio.TimerHandle | None = None

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
        place = trail.kind, trail.saved, status
        requests = self._of_place.get(place) or self._take_in(place)
        requests.count += 1
        requests.seconds += seconds
        requests.ranges[bisect_left(SECONDS, seconds)] += 1
        if trail.way is not None:
            self._labelled(self._ways, trail.way).count += 1
        if trail.cache is not None:
            self._labelled(self._cache, trail.cache).count += 1
        self._statements.count += trail.statements
        self._rows.count += trail.rows
        for code in trail.codes:
            self._labelled(self._errors, code).count += 1
        if self._is_shared and self._timer is None:
            self._hand_on_soon()

    def _take_in(self, place: tuple[str, str | None, int]) -> Requests:
        kind, operation, status = place
        if operation is not None and len(self._of_place) >= MOST_LABELS:
            operation = OTHER
            if (found := self._of_place.get((kind, operation, status))) is not None:
                return found
        labels = kind, operation or ""
        found = Requests(self._requests.labels(*labels, str(status)), self._seconds.labels(*labels))
        self._of_place[kind, operation, status] = found
        self._tallies.append(found)
        return found

    def _labelled(self, counter: Counter, label: str) -> Tally:
        found = self._of_label.get((counter, label))
        if found is None:
            if len(self._of_label) >= MOST_LABELS and label != OTHER:
                return self._labelled(counter, OTHER)
            found = self._of_label[counter, label] = Tally(counter.labels(label))
            self._tallies.append(found)
        return found

    def _hand_on_soon(self) -> None:
        """Let other workers know before long; at once where no event loop runs."""
        try:
            self._timer = asyncio.get_running_loop().call_later(HELD_SECONDS, self.hand_on)
        except RuntimeError:
            self.hand_on()

    def hand_on(self) -> None:
        """Let prometheus_client have what was counted."""
        self._timer = None
        for tally in self._tallies:
            tally.hand_on()

    def look(self) -> None:
        """Note how full the pools are."""
        for level in self._levels():
            self._in_use.labels(level.pool).set(level.in_use)
            self._size.labels(level.pool).set(level.size)

    def written(self, accept: str) -> tuple[bytes, str]:
        """Return all that was counted, of all workers, and its media type, in the form that the caller accepts."""
        self.look()
        self.hand_on()
        registry = self._registry
        if is_shared():
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no types
        encode, media = choose_encoder(accept)
        return encode(registry), media

    def close(self) -> None:
        """Take this process out of what workers hold at the moment; what it counted stays."""
        self.hand_on()
        if is_shared():
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]  # it has no types


def is_shared() -> bool:
    """Return whether several workers count together."""
    return FOLDER in os.environ
