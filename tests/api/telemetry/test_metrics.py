"""/metrics: who may read it, what is counted, and that strangers cannot make it grow."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api.data.database import Database
from api.keys import create
from api.settings import Settings
from api.telemetry import Trail
from api.telemetry.metrics import SECONDS, Metrics
from tests.api.served import Served, serving

COUNT_ELSEWHERE = """
import asyncio, os
from api.telemetry import Trail
from api.telemetry.metrics import HELD_SECONDS, Level, Metrics
async def main():
    metrics = Metrics(lambda: [Level("read", 3, 10)])
    metrics.count(Trail("id", kind="graph", way="engine", statements=2), 200, 0.004)
    metrics.look()
    {end}
asyncio.run(main())
"""
KILLED = "await asyncio.sleep(3 * HELD_SECONDS); os._exit(0)"
"""Ends a worker without a word to anybody, once it had the time to tell."""


@pytest.fixture(scope="module")
async def production(content_url: str) -> AsyncIterator[Served]:
    """A server in production."""
    async with serving(content_url, environment="production", trusted_hosts=("127.0.0.1",)) as served:
        yield served


async def counted(web: Served) -> dict[tuple[str, ...], float]:
    """Return what /metrics says: values by name and labels."""
    text = (await web.client.get("/metrics")).text
    return values(text)


def values(text: str) -> dict[tuple[str, ...], float]:
    """Return the samples of a text by name and label values, those of no interest left out."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith(("_created", "_bucket"))
    }


async def test_what_is_counted(web: Served) -> None:
    """A request is counted once: by kind and status, by the way that it went, with its statements and errors."""
    before = await counted(web)
    await web.ask("query A { users(first: 2) { nodes { name } } }")
    await web.ask("query B { siteStatistics { users } }")
    await web.ask("{ nothing }")
    await web.client.get("/health/live")
    after = await counted(web)
    grown = {
        name: count - before.get(name, 0)
        for name, count in after.items()
        if name[0].startswith("achene_") and name[0].endswith(("_total", "_count")) and count != before.get(name, 0)
    }
    assert grown == {
        ("achene_requests_total", "graph", "", "200"): 2,
        ("achene_requests_total", "graph", "", "400"): 1,
        ("achene_requests_total", "health", "", "200"): 1,
        ("achene_requests_total", "other", "", "200"): 1,
        ("achene_request_duration_seconds_count", "graph", ""): 3,
        ("achene_request_duration_seconds_count", "health", ""): 1,
        ("achene_request_duration_seconds_count", "other", ""): 1,
        ("achene_operations_total", "engine"): 1,
        ("achene_operations_total", "loaders"): 1,
        ("achene_statements_total",): 2,
        ("achene_rows_total",): 1,
        ("achene_errors_total", "GRAPHQL_VALIDATION_FAILED"): 1,
    }


async def test_names_of_strangers_are_no_labels(web: Served) -> None:
    """However many operations are sent, the number of time series stays."""
    await web.ask("query First { __typename }")
    await counted(web)  # which is counted itself
    before = len(await counted(web))
    for number in range(20):
        await web.ask(f"query Name{number} {{ __typename }}")
    assert len(await counted(web)) == before


async def test_saved_operations_have_their_names(web: Served) -> None:
    """What a saved operation is called is a label, for REST as for the graph."""
    before = await counted(web)
    await web.client.get("/posts", params={"limit": 1})
    after = await counted(web)
    place = ("achene_requests_total", "rest", "ListPosts", "200")
    assert after[place] - before.get(place, 0) == 1


async def test_pools(web: Served) -> None:
    """How full each pool is stands there, with what it may hold."""
    found = await counted(web)
    assert {name[1] for name in found if name[0] == "achene_pool_connections_limit"} == {
        "read", "write", "engine", "engine_write",
    }  # fmt: skip
    assert found["achene_pool_connections_limit", "engine"] == 10
    assert found["achene_pool_connections_in_use", "engine"] == 0


async def test_openmetrics(web: Served) -> None:
    """Who asks for OpenMetrics is given that."""
    answer = await web.client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


async def test_closed_in_production(production: Served, content_url: str) -> None:
    """It takes a key with its scope; a key without it is told so."""
    database = Database(content_url, Settings(_env_file=None))
    async with database.write() as session:
        keys = [(await create(session, scope, (scope,)))[1] for scope in ("metrics", "read")]
    await database.close()
    statuses = [
        (await production.client.get("/metrics", headers=headers)).status_code
        for headers in ({}, *({"X-API-Key": key} for key in keys))
    ]
    assert statuses == [401, 200, 403]


async def test_opened_by_a_setting(content_url: str) -> None:
    """Where only Prometheus comes by, a setting opens it."""
    settings = {"environment": "production", "trusted_hosts": ("127.0.0.1",), "metrics": True}
    async with serving(content_url, **settings) as served:
        assert (await served.client.get("/metrics")).status_code == 200


def test_workers_count_together(tmp_path: Path) -> None:
    """Whichever worker is asked adds up what all have counted; how full it was ends with a worker."""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for end in (KILLED, "metrics.close()"):
        script = COUNT_ELSEWHERE.format(end=end)
        subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)  # noqa: S603 - what is tested
    script = COUNT_ELSEWHERE.format(end="print(metrics.written('')[0].decode())")
    found = subprocess.run(  # noqa: S603 - what is tested
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    said = values(found.stdout)
    assert said["achene_requests_total", "graph", "", "200"] == 3
    assert said["achene_statements_total",] == 6
    assert said["achene_pool_connections_in_use", "read"] == 6


def test_ranges_are_those_of_prometheus() -> None:
    """A duration is counted in the range that prometheus_client counts it in, at the ends of ranges, too."""
    metrics, plain = Metrics(list), CollectorRegistry()
    observed = Histogram("achene_request_duration_seconds", "", ("kind", "operation"), buckets=SECONDS, registry=plain)
    for seconds in (0.0, 0.0009, *SECONDS, 0.0011, 0.2, 29.9, 30.1, 1e9):
        metrics.count(Trail("id", kind="graph"), 200, seconds)
        observed.labels("graph", "").observe(seconds)
    ours = metrics.written("")[0].decode().splitlines()
    said = [line for line in generate_latest(plain).decode().splitlines() if "_bucket" in line or "_sum" in line]
    assert said == [line for line in ours if line.startswith("achene_request_duration_seconds_") and line in said]
    assert len(said) == len(SECONDS) + 2
