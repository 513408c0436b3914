"""Reads how people say when a key ends: `90d`, `2027-01-31`, `2027-01-31T18:00:00Z`, `never`; and `24h` of grace."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from schema.errors import BadInputError

SPAN: Final = re.compile(r"([0-9]{1,8})([mhdw])")
UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})")

LONGEST: Final = timedelta(days=36500)
"""A hundred years. What is to hold for longer holds for ever."""


def expiry(given: str, now: datetime) -> datetime | None:
    """Return when a key ends, None for never. A day means its first moment in UTC.

    Raises:
        BadInputError: It is not written as such a time is, or lies in the past or too far ahead.
    """
    if given == "never":
        return None
    at = _at(given, now)
    if at is None:
        raise BadInputError("--expires must be a time span such as 90d or 12h, a day such as 2027-01-31, or never.")
    if not now < at <= now + LONGEST:
        raise BadInputError(f"--expires must be in the future, by at most {LONGEST.days} days; or never.")
    return at


def grace(given: str) -> timedelta:
    """Return how much longer an old key works.

    Raises:
        BadInputError: It is no time span, or longer than a year.
    """
    found = _span(given)
    if found is None or found > timedelta(days=365):
        raise BadInputError("--grace must be a time span of at most 365 days: 30m, 24h, 7d or 2w.")
    return found


def _at(given: str, now: datetime) -> datetime | None:
    """Return the time that is meant; None where none is."""
    try:
        if (span := _span(given)) is not None:
            return now + min(span, 2 * LONGEST)
        if DAY.fullmatch(given):
            return datetime.fromisoformat(given).replace(tzinfo=UTC)
        if MOMENT.fullmatch(given):
            return datetime.fromisoformat(given).astimezone(UTC)
    except (ValueError, OverflowError):  # 2027-02-30, or 9999-12-31T23:59-10:00
        return None
    return None


def _span(given: str) -> timedelta | None:
    found = SPAN.fullmatch(given)
    return timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None
