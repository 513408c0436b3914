"""Counters in memory, by the strategy of `limits`, with a clock of the test's own."""

import asyncio
from cProfile import Profile
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import memory
from limits.strategies import SlidingWindowCounterRateLimiter

from api.rates.counters import Caller, Charge
from api.rates.memory import MemoryCounters, Windows
from api.rates.policy import Policy
from api.rates.rates import Rates
from api.rates.standing import standing
from api.settings import Settings
from schema.principal import Principal
from tests.api.rates.limited import START, Clock
from tests.conftest import drawn

TEN = Policy("requests", RateLimitItemPerMinute(10))
KEY, OTHER = Caller("key:1", is_key=True), Caller("key:2", is_key=True)


async def accepted(counters: MemoryCounters, times: int, caller: Caller = KEY, amount: int = 1) -> int:
    """Ask so many times, and return how often it was accepted."""
    charges = [Charge(TEN, caller, amount)] * times
    return sum(each.is_within for each in await counters.take(charges))


async def test_no_more_than_the_amount() -> None:
    """In one window as many are accepted as the policy says, and not one more."""
    assert await accepted(MemoryCounters(Clock()), 25) == 10


async def test_callers_are_apart() -> None:
    """What one uses is not missing from another's."""
    counters = MemoryCounters(Clock())
    assert [await accepted(counters, 11, KEY), await accepted(counters, 11, OTHER)] == [10, 10]


async def test_a_refusal_counts_nothing() -> None:
    """What is too much is not counted, and what is left may still be used."""
    counters = MemoryCounters(Clock())
    assert [await accepted(counters, 1, amount=8), await accepted(counters, 3, amount=3)] == [1, 0]
    assert await accepted(counters, 3) == 2


async def test_the_window_slides() -> None:
    """At the end of a window nobody gets twice the amount: what was used fades."""
    clock = Clock()
    counters = MemoryCounters(clock)
    clock.now = START + 59
    assert await accepted(counters, 20) == 10
    clock.now = START + 61
    assert await accepted(counters, 20) == 1
    clock.now = START + 90
    assert await accepted(counters, 20) == 4
    clock.now = START + 300
    assert await accepted(counters, 20) == 10


@given(st.lists(st.tuples(st.integers(1, 16), st.integers(0, 100)), max_size=40))
@settings(max_examples=drawn(200))
def test_as_limits_counts(past: list[tuple[int, int]]) -> None:
    """What is let through is what the strategy of `limits` lets through, whatever was asked before and when."""
    policy, windows = Policy("requests", RateLimitItemPerSecond(16, 8)), Windows()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(memory, "time", SimpleNamespace(time=lambda: now))  # in eighths of a second: exact as floats
        now = START
        theirs = SlidingWindowCounterRateLimiter(memory.MemoryStorage())
        for amount, eighths in past:
            expected = theirs.hit(policy.rate, "requests", "key:1", cost=amount)
            assert windows.take(Charge(policy, KEY, amount), now).is_within == expected
            now += eighths / 8


@given(st.lists(st.tuples(st.integers(1, 16), st.integers(0, 100)), max_size=40))
@settings(max_examples=drawn(200))
def test_who_is_let_through_is_told_the_same(past: list[tuple[int, int]]) -> None:
    """Where a caller stands that is let through is what `standing` says of its window, whatever was asked before."""
    policy, windows, now = Policy("requests", RateLimitItemPerSecond(16, 8)), Windows(), START
    for amount, eighths in past:
        told = windows.take(Charge(policy, KEY, amount), now)
        _, before, used = windows._of(policy.counted_as, KEY.name)
        left = 8 - now % 8
        assert told == standing(policy, amount, (before, left, used, left), is_within=told.is_within)
        now += eighths / 8


async def test_counters_are_bounded() -> None:
    """However many callers come, so many counters are kept and no task is left running."""
    windows = Windows(size=100)
    before = asyncio.all_tasks()
    for number in range(1_000):
        assert windows.take(Charge(TEN, Caller(f"address:{number}", is_key=False)), START).is_within
    assert len(windows) == 100
    assert asyncio.all_tasks() == before


async def test_addresses_push_out_no_key() -> None:
    """A flood from many addresses makes no key's counter forgotten."""
    counters = MemoryCounters(Clock(), size=100)
    await accepted(counters, 10)
    for number in range(200):
        await accepted(counters, 1, Caller(f"address:{number}", is_key=False))
    assert await accepted(counters, 1) == 0


async def test_a_request_costs_a_few_calls() -> None:
    """Counting a request and its cost is a few dozen calls of Python, however many callers are known."""
    rates = Rates(Settings(_env_file=None, rate_requests="10000/minute", rate_cost="10000/minute"))
    address = "203.0.113.7"
    for number in range(2_000):
        assert rates.admit_now(rates.account(Principal(key_id=number), address), "POST", "/graphql") is not None
    caller = Principal(key_id=7)
    counted = Profile(builtins=False)
    counted.enable()
    for _ in range(100):
        rates.admit_now(rates.account(caller, address), "POST", "/graphql")
        rates.charge_now(rates.account(caller, address), 5)
    counted.disable()
    calls = sum(each.callcount for each in counted.getstats()) / 100
    assert calls < 45
