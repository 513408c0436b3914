"""Counters that servers share, in a real Valkey."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis
from limits import RateLimitItemPerMinute

from api.data.store import connect_store
from api.rates.counters import Caller, Charge, CountersUnavailableError
from api.rates.memory import MemoryCounters
from api.rates.policy import Policy
from api.rates.shared import SharedCounters
from tests.api.rates.limited import START

TEN = Policy("requests", RateLimitItemPerMinute(10))
HUNDRED = Policy("cost", RateLimitItemPerMinute(100), "rows")
KEY = Caller("key:1", is_key=True)


@asynccontextmanager
async def counting(url: str, servers: int = 1, timeout_seconds: float = 10) -> AsyncIterator[list[SharedCounters]]:
    """Give the counters of so many servers that share one store."""
    found = [SharedCounters(connect_store(url, timeout_seconds), timeout_seconds) for _ in range(servers)]
    try:
        for each in found:
            await each.start()
        yield found
    finally:
        for each in found:
            await each.close()


async def test_servers_count_together(valkey_url: str) -> None:
    """However many ask at once, by whichever server, exactly the amount is accepted."""
    async with counting(valkey_url, servers=3) as servers:
        asked = [each.take([Charge(TEN, KEY)]) for _ in range(50) for each in servers]
        accepted = [told[0].is_within for told in await asyncio.gather(*asked)]
    assert (len(accepted), sum(accepted)) == (150, 10)


async def test_a_refusal_counts_nothing(valkey_url: str) -> None:
    """What is too much is not counted, and each charge of a request is counted by itself."""
    async with counting(valkey_url) as (counters,):
        first = await counters.take([Charge(TEN, KEY, 4), Charge(HUNDRED, KEY, 98)])
        second = await counters.take([Charge(TEN, KEY, 4), Charge(HUNDRED, KEY, 3)])
        third = await counters.take([Charge(TEN, KEY, 2), Charge(HUNDRED, KEY, 2)])
    told = [[(each.is_within, each.remaining) for each in standings] for standings in (first, second, third)]
    assert told == [[(True, 6), (True, 2)], [(True, 2), (False, 2)], [(True, 0), (True, 0)]]


async def test_both_ways_stand_alike(valkey_url: str) -> None:
    """In the first window a shared counter says what one in memory says, but for when the window began."""
    memory = MemoryCounters(lambda: START)
    async with counting(valkey_url) as (shared,):
        for amount in (3, 7, 1):
            (told,) = await shared.take([Charge(TEN, KEY, amount)])
            (expected,) = await memory.take([Charge(TEN, KEY, amount)])
            assert (told.is_within, told.remaining) == (expected.is_within, expected.remaining)
            assert told.reset_seconds in (expected.reset_seconds, expected.reset_seconds - 1)
            assert told.wait_seconds in (expected.wait_seconds, max(expected.wait_seconds - 1, 0))


async def test_one_trip_for_all_that_wait(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked while a trip is under way goes together in the next one."""
    async with counting(valkey_url) as (counters,):
        trips: list[int] = []
        real = counters._trip

        async def trip(charges: list[Charge]) -> list[object]:
            trips.append(len(charges))
            return await real(charges)

        monkeypatch.setattr(counters, "_trip", trip)
        first = asyncio.create_task(counters.take([Charge(TEN, KEY)]))
        while not trips:  # noqa: ASYNC110 - the first is on its way
            await asyncio.sleep(0)
        await asyncio.gather(*(counters.take([Charge(TEN, KEY), Charge(HUNDRED, KEY)]) for _ in range(20)))
        await first
    assert trips == [1, 40]


async def test_a_request_that_left_disturbs_nobody(valkey_url: str) -> None:
    """A client that leaves while it waits is counted, and the others are answered."""
    async with counting(valkey_url) as (counters,):
        left, stayed = (asyncio.create_task(counters.take([Charge(TEN, KEY)])) for _ in range(2))
        await asyncio.sleep(0)
        left.cancel()
        assert (await stayed)[0].remaining == 8
        assert left.cancelled()


async def test_scripts_are_loaded_again(valkey_url: str) -> None:
    """A store that has forgotten the scripts, as after a restart, is given them."""
    async with counting(valkey_url) as (counters,):
        with redis.Redis.from_url(valkey_url) as client:
            client.script_flush()
        (told,) = await counters.take([Charge(TEN, KEY)])
        assert (told.is_within, told.remaining, counters.is_away) == (True, 9, False)


async def test_a_connection_that_was_closed_is_opened_again(valkey_url: str) -> None:
    """That the store has closed an idle connection is no failure."""
    async with counting(valkey_url) as (counters,):
        await counters.take([Charge(TEN, KEY)])
        with redis.Redis.from_url(valkey_url) as client:
            client.client_kill_filter(_type="normal", skipme=True)
        (told,) = await counters.take([Charge(TEN, KEY)])
        assert (told.is_within, counters.is_away) == (True, False)


async def test_counters_end(valkey_url: str) -> None:
    """Nothing stays in the store for ever, and no name there shows more than an id."""
    async with counting(valkey_url) as (counters,):
        await counters.take([Charge(TEN, KEY)])
    with redis.Redis.from_url(valkey_url) as client:
        assert client.keys() == [b"achene:rates:{LIMITER/requests/key:1/10/1/minute}"]
        assert 0 < client.ttl(client.keys()[0]) <= 120


@pytest.mark.parametrize("wrong", ["an error", "no store at all"])
async def test_what_cannot_count_says_so(valkey_url: str, wrong: str, unused_tcp_port: int) -> None:
    """A store that answers with an error, or is not there, is one error of ours."""
    url = valkey_url if wrong == "an error" else f"redis://127.0.0.1:{unused_tcp_port}"
    async with counting(url) as (counters,):
        if wrong == "an error":
            with redis.Redis.from_url(valkey_url) as client:
                client.rpush("achene:rates:{LIMITER/requests/key:1/10/1/minute}", "no number")
        for _ in range(2):
            with pytest.raises(CountersUnavailableError):
                await counters.take([Charge(TEN, KEY)])
        assert counters.is_away
