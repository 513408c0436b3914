from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from schema.content.draw import Draw, Shares, Shuffle


def test_draws_are_the_same_for_ever() -> None:
    """A draw depends on seed, table and number alone."""
    draw = Draw(1, "posts", 7)
    assert [draw.below(1000) for _ in range(5)] == [181, 676, 928, 840, 263]


def test_draws_never_run_dry() -> None:
    """After many draws the numbers are still even."""
    draw = Draw(1, "posts", 0)
    shares = Counter(draw.below(10) for _ in range(10_000))
    assert set(shares) == set(range(10))
    assert 850 < min(shares.values()) <= max(shares.values()) < 1150


def test_some_draws_nothing_twice() -> None:
    """`some` gives different choices, and all where it is asked for more than there are."""
    draw = Draw(1, "posts", 0)
    assert len(set(draw.some("abcdef", 4))) == 4
    assert sorted(draw.some("abc", 9)) == ["a", "b", "c"]


@given(size=st.integers(1, 3000))
def test_a_shuffle_is_an_order(size: int) -> None:
    """Every number has one place, and the way back leads home."""
    shuffle = Shuffle(size)
    places = [shuffle.place(number) for number in range(size)]
    assert sorted(places) == list(range(size))
    assert [shuffle.number(place) for place in places] == list(range(size))


@given(total=st.integers(1, 500), owners=st.integers(1, 200), rest=st.lists(st.integers(0, 4), max_size=12))
def test_shares_deal_out_everything_once(total: int, owners: int, rest: list[int]) -> None:
    """Each thing has one owner, who knows which things are theirs."""
    shares = Shares(total, owners, (1, *rest))
    owned = Counter(shares.owner(thing) for thing in range(total))
    assert all(shares.count(owner) == owned[owner] for owner in range(owners))
    assert all(shares.owner(shares.start(owner)) == owner for owner in owned)
    assert shares.start(owners) == total
