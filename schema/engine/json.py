"""Values as JSON, written by PostgreSQL: for each kind the expression whose text is what `schema.values` writes.

Texts are put together by `concat`, which takes a null for nothing; so each expression here is null only where its
value is, and the caller says what stands for null.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Integer,
    LargeBinary,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from schema.graph import Field, Kind, ObjectType, Scalar

Part = str | ColumnElement[Any]
"""A piece of JSON: fixed text, or an expression."""

MOST_ARGUMENTS: Final = 90
"""Most arguments of one `concat`; PostgreSQL takes 100."""

YEARS: Final[tuple[ColumnElement[Any], ColumnElement[Any]]] = (
    literal_column("'0001-01-01'"),
    literal_column("'10000-01-01'"),
)
"""The first day that the formats know, and the day behind the last one."""

MOMENTS: Final[tuple[ColumnElement[Any], ColumnElement[Any]]] = (
    literal_column("'0001-01-01Z'"),
    literal_column("'10000-01-01Z'"),
)
"""The first moment of the first day, in UTC, and that of the day behind the last one."""

INFINITIES: Final[tuple[ColumnElement[Any], ColumnElement[Any]]] = (
    literal_column("'-infinity'"),
    literal_column("'infinity'"),
)
"""What lies beyond all times."""

BASE64URL: Final[tuple[ColumnElement[str], ColumnElement[str]]] = literal_column("E'+/=\\n'"), literal_column("'-_'")
"""What `translate` makes base64url of base64 with: two letters changed, padding and line ends dropped."""


def text(content: str) -> ColumnElement[str]:
    """Return fixed text as a SQL literal. It is ours, never a client's, but quoted all the same."""
    return literal_column("'" + content.replace("'", "''") + "'", Text)


def concat(parts: Iterable[Part]) -> ColumnElement[str]:
    """Return pieces put together."""
    return _nested(merged(parts))


def merged(parts: Iterable[Part]) -> list[ColumnElement[Any]]:
    """Return pieces, neighbouring fixed texts as one."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return [text(part) if isinstance(part, str) else part for part in found]


def _nested(parts: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    if len(parts) == 1:
        return parts[0] if isinstance(parts[0].type, Text) else cast(parts[0], Text)
    if len(parts) <= MOST_ARGUMENTS:
        return func.concat(*parts, type_=Text)
    groups = [parts[index : index + MOST_ARGUMENTS] for index in range(0, len(parts), MOST_ARGUMENTS)]
    return _nested([_nested(group) for group in groups])


def value_parts(field: Field, value: ColumnElement[Any], references: ObjectType | None) -> list[Part]:
    """Return the JSON of a value of a row.

    Args:
        field: The field.
        value: Its value in SQL.
        references: For a foreign key, the type whose id it is shown as.
    """
    if references is not None:
        parts = id_parts(references, [value])
    elif field.scalar.is_list:
        parts = [_list(field.scalar, value)]
    else:
        parts = _scalar(field.scalar, value)
    if not field.is_nullable:
        return parts
    if len(parts) == 1 and not isinstance(parts[0], str):
        return [_or_null(parts[0])]
    return [case((value.is_(None), text("null")), else_=concat(parts))]


def _or_null(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a value, or null in JSON."""
    if isinstance(value.type, JSON):
        return func.coalesce(value, literal_column("'null'::json", JSON), type_=JSON)
    return func.coalesce(value if isinstance(value.type, Text) else cast(value, Text), text("null"), type_=Text)


def _scalar(scalar: Scalar, value: ColumnElement[Any]) -> list[Part]:
    """Return the JSON of a value that is not null."""
    match scalar.kind:
        case Kind.TEXT:
            return [func.to_json(cast(value, Text), type_=JSON)]
        case Kind.FLOAT:
            is_number = func.abs(value) < literal_column("'Infinity'::float8")  # NaN counts as larger than that
            return [case((is_number, cast(value, Text)), else_=_failing(value))]
        case Kind.BOOLEAN | Kind.JSON:
            return [cast(value, Text)]
        case Kind.INTEGER:
            return [value]  # `concat` writes it as a cast would
        case _:
            return ['"', wire_text(scalar, value), '"']


def wire_text(scalar: Scalar, value: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the text of a value, as `schema.values` writes it, without quotes."""
    match scalar.kind:
        case Kind.TIMESTAMP:
            local = _with_t(func.timezone(literal_column("'UTC'"), value)) + text("Z")
            is_known = and_(value >= MOMENTS[0], value < MOMENTS[1])
            return case((is_known, local), (func.isfinite(value), _failing(value)), else_=cast(value, Text))
        case Kind.LOCAL_TIMESTAMP:
            return _in_years(value, _with_t(value), ("T00:00:00", "T23:59:59.999999"))
        case Kind.DATE:
            return _in_years(value, cast(value, Text), ("", ""))
        case Kind.TIME:  # Python knows no 24:00
            is_known = value < literal_column("'24:00'")
            return case((is_known, cast(value, Text)), (value.is_not(None), _failing(value)))
        case Kind.BYTES:
            encoded = func.encode(value, literal_column("'base64'"))
            return func.replace(encoded, literal_column("E'\\n'"), literal_column("''"))
        case Kind.ENUM if scalar.enum is not None:
            names = [(text(member.label), text(member.name)) for member in scalar.enum.members]
            return case(*((cast(value, Text) == label, name) for label, name in names))
        case _:
            return cast(value, Text)


def _with_t(value: ColumnElement[Any]) -> ColumnElement[str]:
    return func.replace(cast(value, Text), literal_column("' '"), literal_column("'T'"), type_=Text)


def _in_years(value: ColumnElement[Any], shown: ColumnElement[str], clocks: tuple[str, str]) -> ColumnElement[str]:
    """Return the text of a time in the years 1 to 9999, which are all that the formats and Python know.

    PostgreSQL's infinities are the first and the last moment of a type, as they are to asyncpg; the clocks are theirs.
    """
    is_known = and_(value >= YEARS[0], value < YEARS[1])
    ends = zip(INFINITIES, ("0001-01-01", "9999-12-31"), clocks, strict=True)
    moments = ((value == infinity, text(f"{day}{clock}")) for infinity, day, clock in ends)
    return case((is_known, shown), *moments, (value.is_not(None), _failing(value)))


def _failing(value: ColumnElement[Any]) -> ColumnElement[str]:
    """Return what makes the statement fail where it is reached, so that the resolvers run the operation.

    It stands where a value has no JSON. The text of such a value is no whole number, which PostgreSQL finds out
    only when it comes to it.
    """
    return cast(cast(cast(value, Text), Integer), Text)


def key_text(scalar: Scalar, value: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the text of a value in an id or a cursor, as `schema.values.to_text` writes it."""
    return cast(value, Text) if scalar.kind is Kind.ENUM else wire_text(scalar, value)


def _list(scalar: Scalar, value: ColumnElement[Any]) -> ColumnElement[str]:
    has_lists = func.array_ndims(value) > literal_column("1")  # whatever the model says, a column may hold such
    if scalar.kind in (Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN):
        return case((has_lists, _failing(value)), else_=cast(func.to_json(value), Text))
    items = func.unnest(value).table_valued(column("item", scalar.sql), with_ordinality="place").render_derived()
    item = case((items.c.item.is_(None), text("null")), else_=concat(_scalar(scalar, items.c.item)))
    joined = func.string_agg(item, aggregate_order_by(literal_column("','"), items.c.place))
    inner = select(func.concat(text("["), joined, text("]"))).select_from(items)
    return case((has_lists, _failing(value)), (value.is_not(None), inner.scalar_subquery()))


PLAIN_KEYS: Final = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.UUID})
"""Kinds of keys that are written in letters, digits and hyphens."""

LONGEST_PLAIN: Final = 57 - 36
"""Most characters of a type's name and the colon beside the longest of these keys in one line of base64."""


def opaque(content: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a text in base64url without padding."""
    encoded = func.encode(func.convert_to(content, literal_column("'UTF8'")), literal_column("'base64'"))
    return func.translate(encoded, *BASE64URL)


def id_parts(type_: ObjectType, values: Sequence[ColumnElement[Any]]) -> list[Part]:
    """Return the JSON of the global id of a row."""
    if len(values) == 1 and type_.primary_key[0].scalar.kind in PLAIN_KEYS and len(type_.name) < LONGEST_PLAIN:
        # No line end can be in its base64, and no plus or slash: such a byte stands nowhere in it. Padding can.
        encoded = func.encode(cast(text(f"{type_.name}:") + cast(values[0], Text), LargeBinary), text("base64"))
        return ['"', func.rtrim(encoded, text("=")), '"']
    texts = [key_text(field.scalar, value) for field, value in zip(type_.primary_key, values, strict=True)]
    key = texts[0] if len(texts) == 1 else cast(func.json_build_array(*texts), Text)
    return ['"', opaque(func.concat(text(f"{type_.name}:"), key)), '"']


def cursor_text(order: str, scalars: Sequence[Scalar], values: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    """Return the cursor of a row, without quotes."""
    texts = [key_text(scalar, value) for scalar, value in zip(scalars, values, strict=True)]
    return opaque(cast(func.json_build_array(text(order), *texts), Text))
