"""What rows of a plan are to statements: columns and parameters, what is told of them, what they are refused for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Column, ColumnElement, and_, bindparam, literal, select
from sqlalchemy import tuple_ as row_of

from schema.graph import Link, ObjectType
from schema.query.statements import unnest
from schema.writing.plan import Reference, Row
from schema.writing.problems import Path, Problem, Refused, missing
from schema.writing.values import as_held, held, sent
from schema.writing.violations import Attempt, Entry

TOGETHER: Final = 500
"""Most rows of one statement: what is done for each in Python keeps others waiting, for some 20 ms then."""

Part = TypeVar("Part")


def columns_of(type_: ObjectType) -> Mapping[str, Any]:
    """Return the columns of a type by attribute."""
    if type_.writes is not None:
        return type_.writes.columns
    return {each.attribute: each.column for each in (*type_.fields, *type_.primary_key) if each.column is not None}


def as_values(type_: ObjectType, values: Mapping[str, Any]) -> dict[Any, Any]:
    """Return what the columns of one row are set to."""
    columns = columns_of(type_)
    return {columns[attribute]: held(columns[attribute], value) for attribute, value in values.items()}


def many_values(
    type_: ObjectType, shape: Iterable[str], rows: Sequence[Row]
) -> tuple[dict[Any, Any], list[dict[str, Any]]]:
    """Return what columns are set to, with a parameter for each, and the parameters of rows that give the same."""
    columns = columns_of(type_)
    names = {
        each: columns[each].key if _is_plain_key(columns[each]) else f"given_{place}"
        for place, each in enumerate(sorted(shape))
    }
    return new_values(type_, names), [
        {names[attribute]: value for attribute, value in row.values.items()} for row in rows
    ]


def _is_plain_key(column: Column[Any]) -> bool:
    """Return whether a column is of the primary key and holds its values as they are sent.

    Its parameter is called as it is and is not spelled out: only so SQLAlchemy finds the key by which it puts rows in
    order that bring their keys.
    """
    return column.primary_key and sent(column) is column.type


def new_values(type_: ObjectType, names: Mapping[str, str]) -> dict[Any, Any]:
    """Return what the columns of a new row are set to, given the name of the parameter of each attribute."""
    columns = columns_of(type_)
    version = type_.writes.version if type_.writes is not None else None
    parameters = {
        each: bindparam(name, type_=sent(columns[each])) for each, name in names.items() if name != columns[each].key
    }
    values = {columns[each]: as_held(columns[each], parameter) for each, parameter in parameters.items()}
    if version is not None:
        values[columns[version.attribute]] = literal(1, columns[version.attribute].type)
    return values


def next_version(type_: ObjectType) -> dict[Any, Any]:
    """Return what the version of a row is set to where it changes; nothing where it has none."""
    version = type_.writes.version if type_.writes is not None else None
    if version is None:
        return {}
    column = columns_of(type_)[version.attribute]
    return {column: column + 1}


def links_of(type_: ObjectType) -> Sequence[Link]:
    """Return the relations that are written."""
    return type_.writes.links if type_.writes is not None else ()


def parts_of(rows: Sequence[Part], most: int) -> Iterator[Sequence[Part]]:
    """Yield a sequence in parts."""
    for start in range(0, len(rows), most):
        yield rows[start : start + most]


def told_of(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what a statement tells of rows of one type: their keys, and what rows that hang on them lead to."""
    type_ = rows[0].type_
    named = {name for row in rows for name in row.children}
    links = [link for link in links_of(type_) if link.relation.name in named]
    near = [attribute for link in links for attribute, _ in (link.pairs or link.near)]
    return {attribute: columns_of(type_)[attribute] for attribute in dict.fromkeys((*type_.key_attributes, *near))}


def take_told(row: Row, told: Mapping[str, Any], values: Sequence[Any]) -> None:
    """Fill in what a statement told of a row."""
    known = dict(zip(told, values, strict=True))
    row.key = tuple(known.pop(attribute) for attribute in row.type_.key_attributes)
    row.values.update(known)


def values_of(row: Row, attributes: Sequence[str]) -> tuple[Any, ...]:
    """Return values of a row that was written."""
    key: dict[str, Any] = dict(zip(row.type_.key_attributes, row.key, strict=False))
    return tuple(key[attribute] if attribute in key else row.values[attribute] for attribute in attributes)


def is_named(reference: Reference) -> ColumnElement[bool]:
    """Return whether a row is the one that a reference names."""
    columns = columns_of(reference.type_)
    return and_(*(columns[each] == value for each, value in zip(reference.key, reference.values, strict=True)))


def is_one_of(type_: ObjectType, keys: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
    """Return whether a row has one of the keys."""
    columns = [columns_of(type_)[attribute] for attribute in type_.key_attributes]
    given = unnest([column.type for column in columns], keys)
    return row_of(*columns).in_(select(*(given.c[f"k{index}"] for index in range(len(columns)))))


def attempt_of(table: Any, rows: Sequence[Row], *, is_new: bool = False, is_told: bool = False) -> Attempt:
    """Return what a statement that writes rows may be refused for; see `Attempt`."""
    common = rows[0].path
    while any(row.path[: len(common)] != common for row in rows):
        common = common[:-1]
    columns = columns_of(rows[0].type_)
    sought = frozenset(columns[attribute].name for attribute in rows[0].by)
    entries = [_entry(row) for row in rows]
    return Attempt(table, entries, common, sought=sought, is_new=is_new, is_told=is_told)


def _entry(row: Row) -> Entry:
    columns, places = columns_of(row.type_), dict[str, Path]()
    writes = row.type_.writes
    for each in writes.fields if writes is not None else ():
        if each.field.attribute in row.values:
            places[columns[each.field.attribute].name] = (*row.path, each.field.name)
    for link in links_of(row.type_):
        end = row.parents.get(link.relation.name)
        if end is not None:
            path = end.path if isinstance(end, Reference) else (*row.path, link.relation.name)
            places |= {columns[near].name: path for near, _ in link.pairs}
    values = {columns[attribute].name: value for attribute, value in row.values.items()}
    return Entry(values, row.path, places)


def refuse_missing(references: Iterable[Reference]) -> None:
    """Refuse the input where rows that it names are not there.

    Raises:
        Refused: One is not.
    """
    problems: list[Problem] = [missing(each.type_.name, each.path) for each in references]
    if problems:
        raise Refused(problems)
