"""Health endpoints while PostgreSQL is stopped, hangs, and comes back. Each test leaves its server as it was."""

import time

import pytest

from api.data.migrations import migrate
from api.embedded.embedded import address
from api.embedded.postgres import Cluster
from tests.api.test_health import eventually, served
from tests.faults.frozen import frozen

pytestmark = pytest.mark.xdist_group("faults")

LIMIT = 0.5
"""Seconds that a health check may take in these tests."""


async def test_red_while_stopped_and_green_again(running_server: tuple[Cluster, str]) -> None:
    """A stopped PostgreSQL is told at the next check, and readiness comes back with it."""
    cluster, url = running_server
    await migrate(url)
    async with served(url, health_timeout_seconds=LIMIT) as (client, _, _):
        first = await client.get("/health/ready")
        cluster.stop()
        stopped = await eventually(client, 503)
        alive = await client.get("/health/live")
        assert address(cluster.start()) == url
        again = await eventually(client, 200)
    assert first.status_code == 200
    assert stopped.json() == {"status": "failed", "failed": {"database": "The database cannot be reached."}}
    assert alive.status_code == 200
    assert again.json() == {"status": "ok", "failed": {}}


async def test_one_restart_between_two_probes_goes_unnoticed(running_server: tuple[Cluster, str]) -> None:
    """A connection that died with the old server is replaced within the same check."""
    cluster, url = running_server
    await migrate(url)
    async with served(url, health_timeout_seconds=5) as (client, _, health):
        await client.get("/health/ready")
        cluster.stop()
        cluster.start()
        health._report = None  # as if the moment for which a result is kept had passed
        response = await client.get("/health/ready")
    assert response.json() == {"status": "ok", "failed": {}}


async def test_within_the_limit_while_it_hangs(running_server: tuple[Cluster, str]) -> None:
    """A hung PostgreSQL never makes an answer slower than the limit, over an old or a new connection."""
    cluster, url = running_server
    await migrate(url)
    postmaster = cluster.postmaster()
    assert postmaster is not None
    async with served(url, health_timeout_seconds=LIMIT) as (client, _, health):
        await client.get("/health/ready")
        with frozen(postmaster.pid):
            took = []
            for _ in range(3):  # the kept connection first, then new ones
                health._report = None
                began = time.monotonic()
                response = await client.get("/health/ready")
                took.append(time.monotonic() - began)
                assert response.json()["failed"] == {"database": "The database did not answer within 0.5 s."}
            alive = await client.get("/health/live")
        again = await eventually(client, 200)
    assert max(took) < LIMIT * 2
    assert alive.status_code == 200
    assert again.json() == {"status": "ok", "failed": {}}


async def test_exhausted_pool_does_not_hold_up_a_check(running_server: tuple[Cluster, str]) -> None:
    """With every request connection taken and PostgreSQL hung, the answer comes, and names both."""
    cluster, url = running_server
    await migrate(url)
    postmaster = cluster.postmaster()
    assert postmaster is not None
    async with (
        served(url, health_timeout_seconds=LIMIT, pool_size=1) as (client, database, _),
        database.reader.connect(),
    ):
        with frozen(postmaster.pid):
            await eventually(client, 503)
            time_out = time.monotonic() + 10
            while len(failed := (await client.get("/health/ready")).json()["failed"]) < 2:
                assert time.monotonic() < time_out
        again = await eventually(client, 503)
    assert sorted(failed) == ["database", "read_pool"]
    assert again.status_code == 503
