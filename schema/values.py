"""How each kind of value is written to a client and read back: the one place that knows the formats.

| kind | written as |
|---|---|
| DateTime | RFC 3339 in UTC, no trailing zeros: `2026-03-01T12:00:00.5Z`; PostgreSQL's `infinity`, `-infinity` |
| LocalDateTime, Date, Time | ISO 8601 without offset |
| Interval | ISO 8601, as PostgreSQL's `iso_8601` style: `P1DT2H` |
| BigInt, Decimal | strings, never with an exponent |
| Base64 | RFC 4648 section 4, padded |
| JSON | as PostgreSQL prints it |

Sources: RFC 3339; RFC 4648; https://www.postgresql.org/docs/current/datatype-datetime.html
"""

import base64
import math
import re
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

import orjson

from schema.graph import Kind, Scalar
from schema.spelled import ReadyJson, float_text

Moment = TypeVar("Moment", date, datetime, time)

INT_RANGE: Final = range(-(2**31), 2**31)
BIGINT_RANGE: Final = range(-(2**63), 2**63)

_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:(\.\d{1,6})\d*)?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)
_TIME: Final = re.compile(r"(\d{2}:\d{2})(?:(:\d{2})(?:(\.\d{1,6})\d*)?)?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INTERVAL: Final = re.compile(
    r"P(?=.)(-?\d{1,10}Y)?(-?\d{1,10}M)?(-?\d{1,10}W)?(-?\d{1,10}D)?"
    r"(?:T(?=.)(-?\d{1,10}H)?(-?\d{1,10}M)?(-?\d{1,10}(?:\.\d{1,6})?S)?)?",
    re.ASCII,
)
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}")
_INFINITE: Final = {"infinity": datetime.max, "-infinity": datetime.min}
"""What PostgreSQL has beyond all times, and what asyncpg makes of it."""

_FLOAT_WORDS: Final = {"NaN", "Infinity", "-Infinity"}
_LARGEST_EXPONENT, _LARGEST_SCALE = 131_071, 16_383
"""Limits of NUMERIC: https://www.postgresql.org/docs/current/datatype-numeric.html"""


def write(kind: Kind, value: Any) -> Any:
    """Return a value as it stands in a response: a `str`, `int`, `float`, `bool`, or ready JSON.

    Args:
        kind: What the value is; not ENUM, whose members GraphQL writes by itself.
        value: What the database handed over; not None.
    """
    return _WRITERS[kind](value)


def writer(kind: Kind) -> Callable[[Any], Any]:
    """Return the function that writes values of a kind; see `write`."""
    return _WRITERS[kind]


def read(kind: Kind, value: Any) -> Any:
    """Return the Python value that a client meant.

    Args:
        kind: What the value should be; not ENUM.
        value: What the client sent: a `str`, `int`, `float`, `bool`, or anything for JSON.

    Raises:
        ValueError: It is not of that kind; the message says what would be accepted.
    """
    return _READERS[kind](value)


def dump(value: Any) -> bytes:
    """Return what graphql-core completed as JSON: strings, numbers, booleans, null, lists, objects and ready JSON.

    Raises:
        TypeError: A value is none of these; a scalar of the team's own does not serialise it.
    """
    return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS)


def to_text(scalar: Scalar, value: Any) -> str:
    """Return a value as text, for ids and cursors; `from_text` reads it back."""
    if scalar.enum is not None:
        return next(member.label for member in scalar.enum.members if member.value == value)
    if scalar.kind is Kind.FLOAT:
        return value if isinstance(value, str) else float_text(value)
    if scalar.kind in (Kind.BOOLEAN, Kind.INTEGER):
        return str(value).lower()
    if scalar.kind is Kind.JSON:
        return orjson.dumps(value).decode()
    return str(write(scalar.kind, value))


def from_text(scalar: Scalar, text: str) -> Any:
    """Return the Python value behind `to_text`.

    Raises:
        ValueError: The text is none of that kind.
    """
    if scalar.enum is not None:
        for member in scalar.enum.members:
            if member.label == text:
                return member.value
        raise ValueError(f"{text!r} is no value of {scalar.enum.name}")
    match scalar.kind:
        case Kind.BOOLEAN if text in ("true", "false"):
            return text == "true"
        case Kind.INTEGER:
            return read(Kind.INTEGER, int(_matched(_INTEGER, text, "a whole number")))
        case Kind.FLOAT:
            return as_held(scalar, float(text if text in _FLOAT_WORDS else _matched(_NUMBER, text, "a number")))
        case Kind.JSON:
            return orjson.loads(text)
        case kind:
            return read(kind, text)


def as_held(scalar: Scalar, value: Any) -> Any:
    """Return a value as a column holds it: where that has 32 bits, 0.1 is 0.10000000149011612, and so found by 0.1."""
    if not scalar.is_single or not isinstance(value, float):
        return value
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:  # beyond what the column holds, and compared as it is
        return value


def check_text(value: str) -> str:
    """Return a text that PostgreSQL can hold.

    Raises:
        ValueError: It has a NUL character or half of a surrogate pair.
    """
    if "\x00" in value:
        raise ValueError("text must not contain the character U+0000")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError("text must not contain half of a surrogate pair (U+D800 to U+DFFF)") from error
    return value


def check_texts(value: Any) -> Any:
    """Return a text, or what JSON has, where PostgreSQL can hold every text in it.

    Raises:
        ValueError: See `check_text`.
    """
    match value:
        case str():
            check_text(value)
        case list():
            for each in value:
                check_texts(each)
        case dict():
            for name, each in value.items():
                check_text(name)
                check_texts(each)
    return value


def _matched(pattern: re.Pattern[str], value: Any, wanted: str) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else _refuse(value, wanted)


def _refuse(value: Any, wanted: str) -> NoReturn:
    raise ValueError(f"expected {wanted}, found {_shown(value)}")


def _shown(value: Any) -> str:
    """Return what a client sent as it may stand in a message: short, and in the words of JSON."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case str():
            return repr(value) if len(value) <= 60 else repr(value[:57]) + "..."
        case int() if value.bit_length() > 128:
            return "a larger number"
        case int() | float():
            return str(value)
        case list() | tuple():
            return "a list"
        case _:
            return "an object"


def _within(range_: range, value: int, wanted: str) -> int:
    return value if value in range_ else _refuse(value, wanted)


def _trim(text: str) -> str:
    """Drop zeros at the end of a fraction of a second, as PostgreSQL does."""
    return text.rstrip("0") if "." in text else text


def _write_timestamp(value: datetime) -> str:
    if value.tzinfo is None:  # asyncpg gives an offset to every time but these two
        return next((word for word, end in _INFINITE.items() if end == value), _trim(value.isoformat()) + "Z")
    return _trim(value.astimezone(UTC).replace(tzinfo=None).isoformat()) + "Z"


def _write_interval(value: timedelta | str) -> str:
    """Return an interval as PostgreSQL prints it in `iso_8601` style; text is passed as it is."""
    if isinstance(value, str):
        return value
    hours, minutes, seconds = value.seconds // 3600, value.seconds // 60 % 60, value.seconds % 60
    fraction = _trim(f".{value.microseconds:06}") if value.microseconds else ""
    clock = (
        f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes) + f"{seconds}{fraction}S" * bool(seconds or fraction)
    )
    days = f"{value.days}D" if value.days else ""
    return f"P{days}{'T' * bool(clock)}{clock}" if days or clock else "PT0S"


def _write_json(value: Any) -> Any:
    return orjson.Fragment(str(value)) if isinstance(value, ReadyJson) else value


def _read_text(value: Any) -> str:
    return check_text(value) if isinstance(value, str) else _refuse(value, "a text")


def _read_integer(value: Any) -> int:
    wanted = "a whole number from -2147483648 to 2147483647"
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return _within(INT_RANGE, value, wanted) if is_whole else _refuse(value, wanted)


def _read_bigint(value: Any) -> int:
    wanted = "a whole number of 64 bits, as a string or a number"
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(value, wanted)
    return _within(BIGINT_RANGE, value, wanted)


def _read_decimal(value: Any) -> Decimal:
    wanted = 'a decimal number, such as "12.50"'
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        _refuse(value, wanted)
    if isinstance(value, str) and not _NUMBER.fullmatch(value) and value not in _FLOAT_WORDS:
        _refuse(value, wanted)
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError) as error:  # an integer of so many digits that Python will not print it
        raise ValueError(f"expected {wanted}, found {_shown(value)}") from error
    if not number.is_finite():
        return number if isinstance(value, str) else _refuse(value, wanted)
    exponent = number.as_tuple().exponent
    if number.adjusted() > _LARGEST_EXPONENT or (isinstance(exponent, int) and exponent < -_LARGEST_SCALE):
        _refuse(value, f"{wanted}, of at most {_LARGEST_EXPONENT + 1} digits and {_LARGEST_SCALE} behind the point")
    return number


def _read_float(value: Any) -> float:
    wanted = "a finite number"
    if not isinstance(value, int | float) or isinstance(value, bool):
        _refuse(value, wanted)
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError(f"expected {wanted}, found {_shown(value)}") from error
    return number if math.isfinite(number) else _refuse(value, wanted)


def _read_boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else _refuse(value, "true or false")


def _read_timestamp(value: Any) -> datetime:
    wanted = 'a time with an offset, such as "2026-03-01T12:00:00Z"'
    if isinstance(value, str) and value in _INFINITE:
        return _INFINITE[value]
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None or not match[4]:
        _refuse(value, wanted)
    offset = "+00:00" if match[4] in "Zz" else match[4]
    moment = _from_iso(datetime, f"{match[1]}T{match[2]}{match[3] or ''}{offset}", value, wanted)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(
            f"expected {wanted}, found {_shown(value)}: in UTC it is not in the years 1 to 9999"
        ) from error


def _read_local_timestamp(value: Any) -> datetime:
    wanted = 'a time without an offset, such as "2026-03-01T12:00:00"'
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[4]:
        _refuse(value, wanted)
    return _from_iso(datetime, f"{match[1]}T{match[2]}{match[3] or ''}", value, wanted)


def _read_date(value: Any) -> date:
    wanted = 'a date, such as "2026-03-01"'
    return _from_iso(date, _matched(_DATE, value, wanted), value, wanted)


def _read_time(value: Any) -> time:
    wanted = 'a time of day, such as "12:30:00"'
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        _refuse(value, wanted)
    return _from_iso(time, "".join(part or "" for part in match.groups()), value, wanted)


def _from_iso(class_: type[Moment], text: str, value: str, wanted: str) -> Moment:
    try:
        return class_.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"expected {wanted}, found {_shown(value)}: {error}") from error


def _read_interval(value: Any) -> str:
    """Return the text, which PostgreSQL reads itself: it tells months from days, as Python does not."""
    wanted = 'an ISO 8601 duration, such as "P1DT2H"'
    text = _matched(_INTERVAL, value, wanted)
    match = _INTERVAL.fullmatch(text)
    years, months, weeks, days, hours, minutes, seconds = (
        abs(Decimal(part[:-1])) if part else 0 for part in (match.groups() if match else ())
    )
    clock = (hours * 3600 + minutes * 60 + seconds) * 1_000_000
    if max(years * 12 + months, weeks * 7 + days) >= INT_RANGE.stop or clock >= BIGINT_RANGE.stop:
        _refuse(value, f"{wanted}, that PostgreSQL can hold")
    return text


def _read_uuid(value: Any) -> UUID:
    return UUID(_matched(_UUID, value, "a UUID of 32 hexadecimal digits"))


def _read_bytes(value: Any) -> bytes:
    wanted = "bytes in base64"
    if not isinstance(value, str):
        _refuse(value, wanted)
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:
        raise ValueError(f"expected {wanted}, found {_shown(value)}") from error


_WRITERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.BIGINT: str,
    Kind.NUMERIC: lambda value: format(value, "f"),
    Kind.FLOAT: float,
    Kind.BOOLEAN: bool,
    Kind.DATE: lambda value: value.isoformat(),
    Kind.TIME: lambda value: _trim(value.isoformat()),
    Kind.TIMESTAMP: _write_timestamp,
    Kind.LOCAL_TIMESTAMP: lambda value: _trim(value.isoformat()),
    Kind.INTERVAL: _write_interval,
    Kind.UUID: str,
    Kind.JSON: _write_json,
    Kind.BYTES: lambda value: base64.b64encode(value).decode(),
}

_READERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.TEXT: _read_text,
    Kind.INTEGER: _read_integer,
    Kind.BIGINT: _read_bigint,
    Kind.NUMERIC: _read_decimal,
    Kind.FLOAT: _read_float,
    Kind.BOOLEAN: _read_boolean,
    Kind.DATE: _read_date,
    Kind.TIME: _read_time,
    Kind.TIMESTAMP: _read_timestamp,
    Kind.LOCAL_TIMESTAMP: _read_local_timestamp,
    Kind.INTERVAL: _read_interval,
    Kind.UUID: _read_uuid,
    Kind.JSON: lambda value: value,
    Kind.BYTES: _read_bytes,
}
