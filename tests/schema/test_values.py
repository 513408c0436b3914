"""Formats of values: round trips, against what PostgreSQL itself prints, and what is refused with which words."""

import math
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Double

from schema.graph import Kind, Scalar
from schema.spelled import ReadyJson
from schema.values import check_text, from_text, read, to_text, write
from tests.schema.examples import examples

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=50)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# A day away from the ends of Python's calendar, so that every offset has a time in UTC.
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20)


@pytest.fixture(scope="module")
async def postgres(server_url: Callable[[str], str]) -> AsyncIterator[asyncpg.Connection]:
    """A connection that prints values as ours do."""
    connection = await asyncpg.connect(
        server_url("postgres"), server_settings={"timezone": "UTC", "intervalstyle": "iso_8601", "datestyle": "ISO"}
    )
    yield connection
    await connection.close()


# What PostgreSQL makes of a value, in JSON, where it agrees with us byte for byte.
AS_JSON = "SELECT to_json($1::{type})::text"

AGREEING: list[tuple[Kind, str, st.SearchStrategy[Any]]] = [
    (Kind.TEXT, "text", TEXTS),
    (Kind.INTEGER, "int4", st.integers(-(2**31), 2**31 - 1)),
    (Kind.BOOLEAN, "bool", st.booleans()),
    (Kind.DATE, "date", st.dates()),
    (Kind.TIME, "time", st.times()),
    (Kind.LOCAL_TIMESTAMP, "timestamp", st.datetimes()),
    (Kind.UUID, "uuid", st.uuids()),
]


@pytest.mark.parametrize(
    ("kind", "type_", "strategy"), AGREEING, ids=lambda item: item.name if isinstance(item, Kind) else ""
)
async def test_values_that_json_of_postgresql_writes_the_same(
    postgres: asyncpg.Connection, kind: Kind, type_: str, strategy: st.SearchStrategy[Any]
) -> None:
    """PostgreSQL's own JSON has the value that `write` makes, and `read` gives the value back."""

    async def check(value: Any) -> None:
        printed = orjson.loads(await postgres.fetchval(AS_JSON.format(type=type_), value))
        assert write(kind, value) == printed
        assert read(kind, printed) == value

    await examples(check, strategy)


async def test_numbers_that_are_strings(postgres: asyncpg.Connection) -> None:
    """BigInt and Decimal are the text that PostgreSQL prints: all digits, trailing zeros, no exponent."""

    async def check(value: Decimal) -> None:
        found = await postgres.fetchrow("SELECT $1::numeric AS value, $1::numeric::text AS printed", value)
        assert write(Kind.NUMERIC, found["value"]) == found["printed"]
        assert read(Kind.NUMERIC, found["printed"]) == value

    await examples(check, NUMBERS)
    for text in ("1e30", "1e-20", "0.000", "1.500", "NaN", "Infinity", "-Infinity", "-0.10", "100000"):
        found = await postgres.fetchrow("SELECT $1::text::numeric AS value, $1::text::numeric::text AS printed", text)
        assert write(Kind.NUMERIC, found["value"]) == found["printed"]
    for number in (0, -1, 2**63 - 1, -(2**63)):
        assert write(Kind.BIGINT, number) == await postgres.fetchval("SELECT $1::int8::text", number)
        assert read(Kind.BIGINT, str(number)) == read(Kind.BIGINT, number) == number


async def test_points_in_time_are_in_utc(postgres: asyncpg.Connection) -> None:
    """A time of any offset is written in UTC, with the fraction that PostgreSQL prints."""

    async def check(value: datetime) -> None:
        found = await postgres.fetchrow("SELECT $1::timestamptz AS value, to_json($1::timestamptz) AS printed", value)
        printed = orjson.loads(found["printed"]).removesuffix("+00:00") + "Z"
        assert write(Kind.TIMESTAMP, found["value"]) == write(Kind.TIMESTAMP, value) == printed
        assert read(Kind.TIMESTAMP, value.isoformat()) == read(Kind.TIMESTAMP, printed) == value

    await examples(check, MOMENTS)


async def test_times_beyond_all_times(postgres: asyncpg.Connection) -> None:
    """PostgreSQL's infinite times are written as it prints them, and read back; Python has none."""
    for word in ("infinity", "-infinity"):
        found = await postgres.fetchval("SELECT $1::text::timestamptz", word)
        assert write(Kind.TIMESTAMP, found) == word
        assert await postgres.fetchval("SELECT $1::timestamptz::text", read(Kind.TIMESTAMP, word)) == word


async def test_intervals_are_the_text_of_postgresql(postgres: asyncpg.Connection) -> None:
    """An interval of a Python value is written as PostgreSQL prints it."""

    async def check(value: timedelta) -> None:
        found = await postgres.fetchrow("SELECT $1::interval AS value, $1::interval::text AS printed", value)
        assert write(Kind.INTERVAL, found["value"]) == found["printed"]

    await examples(check, st.timedeltas(timedelta(days=-(10**6)), timedelta(days=10**6)))


PARTS = st.fixed_dictionaries(
    {
        "months": st.integers(-(2**31) + 1, 2**31 - 1) | st.integers(-30, 30),
        "days": st.integers(-(2**31) + 1, 2**31 - 1) | st.integers(-30, 30),
        "seconds": st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(-(10**11), 10**11),
    }
)


async def test_intervals_that_postgresql_prints_can_be_read(postgres: asyncpg.Connection) -> None:
    """Months, days and microseconds of any size and sign: what PostgreSQL prints, `read` and PostgreSQL take back."""

    async def check(parts: dict[str, int]) -> None:
        printed = await postgres.fetchval(
            "SELECT (make_interval(months => $1, days => $2) + ($3::bigint::text || ' us')::interval)::text",
            parts["months"], parts["days"], parts["seconds"],
        )  # fmt: skip
        assert read(Kind.INTERVAL, printed) == write(Kind.INTERVAL, printed) == printed
        assert await postgres.fetchval("SELECT $1::text::interval::text", read(Kind.INTERVAL, printed)) == printed

    await examples(check, PARTS, count=200)


COUNT = r"-?[0-9]{1,10}"
DURATIONS = st.from_regex(
    rf"P({COUNT}Y)?({COUNT}M)?({COUNT}W)?({COUNT}D)?(T({COUNT}H)?({COUNT}M)?({COUNT}(\.[0-9]{{1,7}})?S)?)?",
    fullmatch=True,
)


async def test_no_interval_that_is_read_is_refused_by_postgresql(postgres: asyncpg.Connection) -> None:
    """Whatever has the form of a duration is refused by us, or PostgreSQL takes it."""

    async def check(text: str) -> None:
        try:
            value = read(Kind.INTERVAL, text)
        except ValueError:
            return
        await postgres.fetchval("SELECT $1::text::interval::text", value)

    await examples(check, DURATIONS, count=300)


async def test_no_decimal_that_is_read_is_refused_by_postgresql(postgres: asyncpg.Connection) -> None:
    """The largest and the finest numbers that are read are the ones that NUMERIC holds."""
    for text in ("9" * 131072, "0." + "1" * 16383, "1e-9999", "-.5", "5.", "+1E2", "NaN", "-Infinity"):
        value = read(Kind.NUMERIC, text)
        kept = await postgres.fetchval("SELECT $1::numeric", value)
        assert kept == value or (kept.is_nan() and value.is_nan())
    for text in ("9" * 131073, "0." + "1" * 16384):
        with pytest.raises(
            ValueError, match=r"^expected a decimal number, such as \"12.50\", of at most 131072 digits"
        ):
            read(Kind.NUMERIC, text)


async def test_floats_in_cursors_are_the_text_of_postgresql(postgres: asyncpg.Connection) -> None:
    """A float stands in a cursor as PostgreSQL prints it, so that both executors make the same one."""
    scalar = Scalar(Kind.FLOAT, Double())

    async def check(value: float) -> None:
        for text in (to_text(scalar, value), await postgres.fetchval("SELECT $1::float8::text", value)):
            assert from_text(scalar, text) == value
            assert math.copysign(1, from_text(scalar, text)) == math.copysign(1, value)

    await examples(check, st.floats(allow_nan=False) | st.floats(1e14, 1e17), count=200)
    for value in (0.0, -0.0, 7.0, 1e15, -1.5e15, 9999999999999998.0, 1e16, 0.0001, 0.00001, 0.1, math.inf, -math.inf):
        assert to_text(scalar, value) == await postgres.fetchval("SELECT $1::float8::text", value)


@given(st.binary(max_size=100))
def test_bytes(value: bytes) -> None:
    """Bytes survive base64."""
    assert read(Kind.BYTES, write(Kind.BYTES, value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats(value: float) -> None:
    """A float survives JSON, to the last bit."""
    again = read(Kind.FLOAT, orjson.loads(orjson.dumps(write(Kind.FLOAT, value))))
    assert again == value
    assert math.copysign(1, again) == math.copysign(1, value)


def test_json_is_passed_on_as_it_was_printed() -> None:
    """Digits, spaces and the order of keys stay as PostgreSQL printed them; other JSON is a Python value."""
    printed = '{"b": 1.50, "a": 12345678901234567890}'
    assert orjson.dumps(write(Kind.JSON, ReadyJson(printed))) == printed.encode()
    assert orjson.dumps(write(Kind.JSON, "a text")) == b'"a text"'
    assert write(Kind.JSON, {"a": [1]}) == {"a": [1]}
    assert read(Kind.JSON, {"a": [None]}) == {"a": [None]}


def test_forms_that_mean_the_same() -> None:
    """Letters of either case, a space for T, other offsets and further digits of a fraction are read as meant."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for text in ("2026-03-01t12:00:00z", "2026-03-01 13:30:00+01:30", "2026-03-01T12:00:00-00:00"):
        assert read(Kind.TIMESTAMP, text) == noon
        assert read(Kind.TIMESTAMP, text).tzinfo is UTC
    assert read(Kind.TIMESTAMP, "2026-03-01T12:00:00.123456789Z") == noon.replace(microsecond=123456)
    assert read(Kind.LOCAL_TIMESTAMP, "2026-03-01 12:00:00.5") == datetime(2026, 3, 1, 12, 0, 0, 500_000)
    assert read(Kind.TIME, "12:30") == time(12, 30)
    assert read(Kind.TIME, "12:30:01.1234567") == time(12, 30, 1, 123456)
    assert read(Kind.DATE, "2024-02-29") == date(2024, 2, 29)
    assert read(Kind.UUID, "6FA459EAEE8A4CA4894EDB77E160355E") == UUID("6fa459ea-ee8a-4ca4-894e-db77e160355e")
    assert read(Kind.NUMERIC, 0.1) == Decimal("0.1")
    assert read(Kind.NUMERIC, 7) == Decimal(7)


INTEGER = "expected a whole number from -2147483648 to 2147483647, found "
BIGINT = "expected a whole number of 64 bits, as a string or a number, found "
DECIMAL = 'expected a decimal number, such as "12.50", found '
FLOAT = "expected a finite number, found "
MOMENT = 'expected a time with an offset, such as "2026-03-01T12:00:00Z", found '
LOCAL = 'expected a time without an offset, such as "2026-03-01T12:00:00", found '
DATE = 'expected a date, such as "2026-03-01", found '
TIME = 'expected a time of day, such as "12:30:00", found '
SPAN = 'expected an ISO 8601 duration, such as "P1DT2H", found '
HELD = 'expected an ISO 8601 duration, such as "P1DT2H", that PostgreSQL can hold, found '
UUID_ = "expected a UUID of 32 hexadecimal digits, found "
BYTES = "expected bytes in base64, found "
DEEP: Any = []
for _ in range(5000):
    DEEP = [DEEP]

REFUSED: list[tuple[Kind, Any, str]] = [
    (Kind.TEXT, 5, "expected a text, found 5"),
    (Kind.TEXT, "a\x00b", "text must not contain the character U+0000"),
    (Kind.TEXT, "a\ud800", "text must not contain half of a surrogate pair (U+D800 to U+DFFF)"),
    (Kind.INTEGER, "5", INTEGER + "'5'"),
    (Kind.INTEGER, True, INTEGER + "true"),
    (Kind.INTEGER, 5.0, INTEGER + "5.0"),
    (Kind.INTEGER, 2**31, INTEGER + "2147483648"),
    (Kind.INTEGER, -(2**31) - 1, INTEGER + "-2147483649"),
    (Kind.BIGINT, 2**63, BIGINT + "9223372036854775808"),
    (Kind.BIGINT, str(-(2**63) - 1), BIGINT + "-9223372036854775809"),
    (Kind.BIGINT, 10**5000, BIGINT + "a larger number"),
    (Kind.BIGINT, "5\n", BIGINT + r"'5\n'"),
    (Kind.BIGINT, "\u0665", BIGINT + "'\u0665'"),
    (Kind.BIGINT, "1_000", BIGINT + "'1_000'"),
    (Kind.BIGINT, "", BIGINT + "''"),
    (Kind.BIGINT, None, BIGINT + "null"),
    (Kind.BIGINT, DEEP, BIGINT + "a list"),
    (Kind.BIGINT, {"a": DEEP}, BIGINT + "an object"),
    (Kind.NUMERIC, "1,5", DECIMAL + "'1,5'"),
    (Kind.NUMERIC, "sNaN", DECIMAL + "'sNaN'"),
    (Kind.NUMERIC, "1\n", DECIMAL + r"'1\n'"),
    (Kind.NUMERIC, "x" * 100, DECIMAL + f"'{'x' * 57}'..."),
    (Kind.NUMERIC, True, DECIMAL + "true"),
    (Kind.NUMERIC, math.inf, DECIMAL + "inf"),
    (Kind.NUMERIC, math.nan, DECIMAL + "nan"),
    (Kind.NUMERIC, 10**5000, DECIMAL + "a larger number"),
    (Kind.FLOAT, "1.5", FLOAT + "'1.5'"),
    (Kind.FLOAT, 10**400, FLOAT + "a larger number"),
    (Kind.FLOAT, math.inf, FLOAT + "inf"),
    (Kind.BOOLEAN, 1, "expected true or false, found 1"),
    (Kind.BOOLEAN, "true", "expected true or false, found 'true'"),
    (Kind.TIMESTAMP, "2026-03-01T12:00:00", MOMENT + "'2026-03-01T12:00:00'"),
    (Kind.TIMESTAMP, "2026-03-01", MOMENT + "'2026-03-01'"),
    (Kind.TIMESTAMP, "2026-03-01T12:00:001Z", MOMENT + "'2026-03-01T12:00:001Z'"),
    (Kind.TIMESTAMP, "2026-03-01T12:00:00Z\n", MOMENT + r"'2026-03-01T12:00:00Z\n'"),
    (Kind.TIMESTAMP, 1767225600, MOMENT + "1767225600"),
    (Kind.TIMESTAMP, "2026-02-30T12:00:00Z", MOMENT + "'2026-02-30T12:00:00Z': day is out of range for month"),
    (Kind.TIMESTAMP, "9999-12-31T23:59:59-01:00",
     MOMENT + "'9999-12-31T23:59:59-01:00': in UTC it is not in the years 1 to 9999"),
    (Kind.TIMESTAMP, "0001-01-01T00:00:00+14:00",
     MOMENT + "'0001-01-01T00:00:00+14:00': in UTC it is not in the years 1 to 9999"),
    (Kind.LOCAL_TIMESTAMP, "2026-03-01T12:00:00Z", LOCAL + "'2026-03-01T12:00:00Z'"),
    (Kind.DATE, "2026-3-1", DATE + "'2026-3-1'"),
    (Kind.DATE, "20260301", DATE + "'20260301'"),
    (Kind.DATE, "2026-W09-7", DATE + "'2026-W09-7'"),
    (Kind.DATE, "2023-02-29", DATE + "'2023-02-29': day is out of range for month"),
    (Kind.TIME, "25:00", TIME + "'25:00': hour must be in 0..23"),
    (Kind.TIME, "12:3045", TIME + "'12:3045'"),
    (Kind.TIME, "12:30.5", TIME + "'12:30.5'"),
    (Kind.TIME, "12:30:00Z", TIME + "'12:30:00Z'"),
    (Kind.INTERVAL, "P", SPAN + "'P'"),
    (Kind.INTERVAL, "PT", SPAN + "'PT'"),
    (Kind.INTERVAL, "1 day", SPAN + "'1 day'"),
    (Kind.INTERVAL, "-P1D", SPAN + "'-P1D'"),
    (Kind.INTERVAL, "P1D\n", SPAN + r"'P1D\n'"),
    (Kind.INTERVAL, 60, SPAN + "60"),
    (Kind.INTERVAL, "P178956970Y8M", HELD + "'P178956970Y8M'"),
    (Kind.INTERVAL, "P306783379W", HELD + "'P306783379W'"),
    (Kind.INTERVAL, "PT2562047789H", HELD + "'PT2562047789H'"),
    (Kind.UUID, "6fa459ea", UUID_ + "'6fa459ea'"),
    (Kind.UUID, " 6fa459eaee8a4ca4894edb77e160355", UUID_ + "' 6fa459eaee8a4ca4894edb77e160355'"),
    (Kind.UUID, "0x6fa459eaee8a4ca4894edb77e16035", UUID_ + "'0x6fa459eaee8a4ca4894edb77e16035'"),
    (Kind.BYTES, "a", BYTES + "'a'"),
    (Kind.BYTES, "ü", BYTES + "'ü'"),
    (Kind.BYTES, "_-8=", BYTES + "'_-8='"),
    (Kind.BYTES, [1], BYTES + "a list"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "message"), REFUSED, ids=[str(index) for index in range(len(REFUSED))])
def test_refusals(kind: Kind, value: Any, message: str) -> None:
    """What is not of the kind is refused with what would be accepted and, short, what was sent."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read(kind, value)


ANYTHING = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers()),
    st.text("0123456789-+:.TZPD/="),
)  # fmt: skip


@given(st.sampled_from([kind for kind in Kind if kind is not Kind.ENUM]), ANYTHING)
def test_anything_is_read_or_refused(kind: Kind, value: Any) -> None:
    """Reading raises nothing but ValueError, and what it gives can be written."""
    try:
        given_ = read(kind, value)
    except ValueError:
        return
    if kind is not Kind.JSON:
        assert read(kind, write(kind, given_)) == given_ or given_ != given_


def test_text_that_is_plain_is_not_touched() -> None:
    """The check hands the same text back."""
    text = "漢 💐"
    assert check_text(text) is text
