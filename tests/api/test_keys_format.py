"""How keys look, how typos are told, and how expiry is written."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from api.keys.expiry import expiry, grace
from api.keys.format import KEY_PATTERN, checksum, hash_of, make, named, prefix_of
from schema.errors import BadInputError, UnauthenticatedError

BROKEN = "That is not a key of this server: its checksum does not fit. Was it cut off?"
FOREIGN = "That is not a key of this server: those begin with ach_."
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def test_keys_have_one_form() -> None:
    """A thousand keys fit the published pattern, differ, and have their prefix, checksum and hash."""
    keys = [make() for _ in range(1000)]
    assert len({key.shown for key in keys}) == len({key.prefix for key in keys}) == 1000
    for key in keys:
        assert re.fullmatch(KEY_PATTERN, key.shown)
        assert len(key.shown) == 64
        assert prefix_of(key.shown) == key.prefix == key.shown[4:14]
        assert key.shown[-6:] == checksum(key.shown[:-6])
        assert key.secret_hash == hash_of(key.shown)


def test_secrets_are_256_bits() -> None:
    """The random part alone, 43 of 62 characters, has at least 256 bits, and all characters are drawn."""
    secrets = [make().shown[15:-6] for _ in range(1000)]
    assert {len(secret) for secret in secrets} == {43}
    assert 62**43 >= 2**256
    assert len(set("".join(secrets))) == 62


def test_hash_and_checksum_stay_as_they_are() -> None:
    """Stored hashes and issued keys go on fitting: both computations are fixed."""
    assert checksum("ach_0123456789_") == "4VcH2M"
    assert hash_of("ach_").hex() == "670e5580a91a470f37e283d583e25d6bad69b9c608562673f8669dc3b6fec2a0"


def test_every_typo_is_told() -> None:
    """A key with any one character changed, left out or doubled, or two swapped, is told from a wrong one."""
    shown = make().shown
    for at in range(4, 64):
        other = "x" if shown[at] != "x" else "y"
        broken = [
            shown[:at] + other + shown[at + 1 :],
            shown[:at] + shown[at + 1 :],
            shown[:at] + shown[at] + shown[at:],
        ]
        if at < 63 and shown[at] != shown[at + 1]:
            broken.append(shown[:at] + shown[at + 1] + shown[at] + shown[at + 2 :])
        for each in broken:
            with pytest.raises(UnauthenticatedError, match=f"^{re.escape(BROKEN)}$"):
                prefix_of(each)


@pytest.mark.parametrize("given", ["", "ach", "Ach_x", "sk_live_1234", "\x00", "é" * 64, "a" * 100_000, " ach_x"])
def test_other_keys_are_told(given: str) -> None:
    """What does not begin as a key is told by that."""
    with pytest.raises(UnauthenticatedError, match=f"^{re.escape(FOREIGN)}$"):
        prefix_of(given)


@pytest.mark.parametrize("ending", ["\n", " ", "0", "\x00", "_", "é", "\u0661"])
def test_nothing_may_follow(ending: str) -> None:
    """A key is taken as it is: nothing is stripped, no digit of another script passes."""
    with pytest.raises(UnauthenticatedError, match="checksum does not fit"):
        prefix_of(make().shown + ending)


def test_a_new_key_does_not_print_itself() -> None:
    """Its representation has the prefix and neither the key nor the hash."""
    key = make()
    assert repr(key) == f"NewKey(prefix={key.prefix!r})"


def test_people_name_keys_three_ways() -> None:
    """By the prefix, with what every key begins with, or by the whole key."""
    key = make()
    assert {named(key.prefix), named(f"ach_{key.prefix}"), named(key.shown)} == {key.prefix}


@pytest.mark.parametrize("given", ["", "short", "UPPERCASE0", "ach_", "01234567890", "ach_0123456789_half-a-secret"])
def test_names_of_no_key_are_refused(given: str) -> None:
    """What names no key is refused, without repeating it."""
    with pytest.raises(BadInputError) as refused:
        named(given)
    assert str(refused.value) == (
        "PREFIX must be the 10 characters after ach_ of a key, as `achene keys list` shows them."
    )


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("never", None),
        ("30m", NOW + timedelta(minutes=30)),
        ("12h", NOW + timedelta(hours=12)),
        ("90d", NOW + timedelta(days=90)),
        ("2w", NOW + timedelta(days=14)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T18:00Z", datetime(2027, 1, 31, 18, tzinfo=UTC)),
        ("2027-01-31T18:00:30+02:00", datetime(2027, 1, 31, 16, 0, 30, tzinfo=UTC)),
        ("36500d", NOW + timedelta(days=36500)),
    ],
)
def test_expiry(given: str, at: datetime | None) -> None:
    """A span counts from now; a day means its first moment in UTC."""
    assert expiry(given, NOW) == at


@pytest.mark.parametrize(
    "given",
    ["", "soon", "90", "d", "-1d", "1.5h", "Never", "2027-02-30", "31.01.2027", "2027-01-31T18:00", "\u0669d", "1d "],
)
def test_expiry_that_cannot_be_read(given: str) -> None:
    """The message says what would be accepted."""
    with pytest.raises(BadInputError) as refused:
        expiry(given, NOW)
    assert str(refused.value) == (
        "--expires must be a time span such as 90d or 12h, a day such as 2027-01-31, or never."
    )


@pytest.mark.parametrize("given", ["0d", "2026-11-23", "2020-01-01", "36501d", "99999999w", "9999-12-31", "0001-01-01"])
def test_expiry_out_of_range(given: str) -> None:
    """A key that has expired already, or holds for more than a century, is refused."""
    with pytest.raises(BadInputError, match=r"^--expires must be in the future, by at most 36500 days; or never\.$"):
        expiry(given, NOW)


def test_grace() -> None:
    """A span, up to a year."""
    assert [grace("30m"), grace("365d")] == [timedelta(minutes=30), timedelta(days=365)]
    for given in ("", "1", "366d", "-1h", "2027-01-31", "never"):
        with pytest.raises(
            BadInputError, match=r"^--grace must be a time span of at most 365 days: 30m, 24h, 7d or 2w\.$"
        ):
            grace(given)
