"""Dates and times as PostgreSQL has them: the last day that Python knows is that day, and not `infinity`.

The driver takes `9999-12-31`, which many a table has for "until further notice", and `0001-01-01` for PostgreSQL's
`infinity` and `-infinity`, and so would write another value than it was given. Here only what has no offset, where a
time with one is due, stands for these two (see `schema.values`); what is read is what the driver would make of it.

Source: https://www.postgresql.org/docs/current/datatype-datetime.html
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

EPOCH: Final = datetime(2000, 1, 1)
"""What PostgreSQL counts from."""

EPOCH_UTC: Final = EPOCH.replace(tzinfo=UTC)

FIRST_DAY: Final = EPOCH.toordinal()

MICROSECOND: Final = timedelta(microseconds=1)

DAYS: Final = {2**31 - 1: date.max, -(2**31): date.min}
"""The infinite days, as PostgreSQL counts them."""

MOMENTS: Final = {2**63 - 1: datetime.max, -(2**63): datetime.min}
"""The infinite times."""

INFINITE: Final = {moment: count for count, moment in MOMENTS.items()}


async def set_times(connection: Any) -> None:
    """Let a connection of asyncpg write and read days and times exactly; nothing is asked of PostgreSQL for that."""
    for name, encode, decode in (
        ("date", _from_day, _to_day),
        ("timestamp", _from_local, _to_local),
        ("timestamptz", _from_moment, _to_moment),
    ):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=encode, decoder=decode, format="tuple")


def _from_day(value: date) -> tuple[int]:
    return (value.toordinal() - FIRST_DAY,)


def _to_day(counted: tuple[int]) -> date:
    found = DAYS.get(counted[0])
    return date.fromordinal(counted[0] + FIRST_DAY) if found is None else found


def _from_local(value: date) -> tuple[int]:
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return ((moment - EPOCH) // MICROSECOND,)


def _to_local(counted: tuple[int]) -> datetime:
    found = MOMENTS.get(counted[0])
    return EPOCH + timedelta(0, 0, counted[0]) if found is None else found


def _from_moment(value: date) -> tuple[int]:
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    if moment.tzinfo is None and moment in INFINITE:
        return (INFINITE[moment],)
    return _from_local(moment.astimezone(UTC).replace(tzinfo=None))


def _to_moment(counted: tuple[int]) -> datetime:
    found = MOMENTS.get(counted[0])
    return EPOCH_UTC + timedelta(0, 0, counted[0]) if found is None else found
