"""What is left, when there is more, and how headers say so."""

from hypothesis import given, settings
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute

from api.rates.counters import Caller, Charge
from api.rates.memory import MemoryCounters
from api.rates.policy import Policy, parse_rules
from api.rates.standing import Standing, rate_headers, seconds_until, standing
from tests.conftest import drawn

TEN = Policy("requests", RateLimitItemPerMinute(10))
KEY = Caller("key:1", is_key=True)


def test_first_window() -> None:
    """In the first window what is used comes back when the next one begins."""
    told = standing(TEN, 1, (0, 0.0, 10, 42.5), is_within=True)
    assert told == Standing(TEN, True, 0, 43, 0)


def test_refused() -> None:
    """Who is refused hears when so much is left as was asked for: here half of the next window."""
    told = standing(TEN, 5, (0, 0.0, 10, 30.0), is_within=False)
    assert told == Standing(TEN, False, 0, 31, 55)


def test_fading_window() -> None:
    """The window before counts less and less."""
    told = standing(TEN, 3, (10, 30.0, 4, 30.0), is_within=False)
    assert told == Standing(TEN, False, 1, 1, 7)


def test_nothing_used() -> None:
    """Where nothing is used there is nothing to wait for."""
    assert standing(TEN, 1, (0, 0.0, 0, 0.0), is_within=True) == Standing(TEN, True, 10, 0, 0)


@given(st.lists(st.tuples(st.integers(1, 10), st.floats(0, 90)), max_size=30), st.integers(1, 10))
@settings(max_examples=drawn(150))
def test_waiting_helps(past: list[tuple[int, float]], amount: int) -> None:
    """Who waits as long as it is told is let through, and three seconds earlier it is not."""
    at = [1_000_000_007.0]
    counters = MemoryCounters(lambda: at[0])

    def take() -> Standing:
        (told,) = _run(counters, Charge(TEN, KEY, amount))
        return told

    for used, seconds in past:
        _run(counters, Charge(TEN, KEY, used))
        at[0] += seconds
    before = at[0]
    told = take()
    if told.is_within:
        return
    if told.wait_seconds > 3:
        at[0] = before + told.wait_seconds - 3
        assert not take().is_within
    at[0] = before + told.wait_seconds
    assert take().is_within


def _run(counters: MemoryCounters, charge: Charge) -> list[Standing]:
    """Run what never waits."""
    try:
        counters.take([charge]).send(None)
    except StopIteration as ended:
        found: list[Standing] = ended.value
        return found
    raise AssertionError("it waited")


def test_headers() -> None:
    """Headers are structured fields: names in quotes, and what clients need to pace themselves."""
    (rule,) = parse_rules(['POST /a"b = 3/second'])
    cost = Policy("cost", RateLimitItemPerMinute(1000), "rows")
    told = [Standing(TEN, True, 9, 42, 0), Standing(rule.policy, False, 0, 1, 1), Standing(cost, True, 990, 60, 0)]
    assert rate_headers(told) == (
        (
            b"ratelimit-policy",
            rb'"requests";q=10;w=60, "POST /a\"b";q=3;w=1, "cost";q=1000;qu="rows";w=60',
        ),
        (b"ratelimit", rb'"requests";r=9;t=42, "POST /a\"b";r=0;t=1, "cost";r=990;t=60'),
    )


@given(st.integers(0, 20), st.integers(0, 480), st.integers(0, 20))
def test_there_is_more_then(before: int, eighths: int, now: int) -> None:
    """What is told of when there is more is when one more than is left could be used."""
    window = before, eighths / 8, now, eighths / 8
    told = standing(TEN, 1, window, is_within=True)
    used = before * eighths // 480 + now
    assert told.remaining == max(10 - used, 0)
    assert told.reset_seconds == (seconds_until(TEN, told.remaining + 1, window) if used else 0)


def test_never_less_than_a_second() -> None:
    """Nobody is told to try again at once."""
    assert seconds_until(TEN, 1, (10, 0.0, 0, 0.0)) == 1
