"""Fields that the team computes in Python, on top of a compiled answer.

PostgreSQL leaves a hole in the JSON where such a field stands, with the values in it that the field reads. The
hole's ends are control characters, which JSON never has in it as they are. Here the holes are found, each field is
computed for all its rows, and what comes of it is put in. Whatever goes wrong, the resolvers run the whole operation
again, and say what it was and where.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    Undefined,
    is_leaf_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from sqlalchemy import CHAR
from sqlalchemy.types import TypeDecorator

from schema.engine.json import Part
from schema.engine.outline import OwnField
from schema.errors import DefinitionError
from schema.graph import Field, Graph, Kind, ObjectType, Scalar
from schema.graph.scalars import read_scalar
from schema.record import Record
from schema.values import as_held, dump, read

BEGIN: Final = "\x01"
"""Begins a hole: the field's number and `BEGIN` again come next, then the values as a JSON list, then `END`."""

END: Final = "\x02"
"""Ends a hole."""

EXACT: Final = frozenset(
    {Kind.TEXT, Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE, Kind.TIME,
     Kind.TIMESTAMP, Kind.LOCAL_TIMESTAMP, Kind.UUID, Kind.BYTES, Kind.ENUM}
)  # fmt: skip
"""Kinds whose JSON says all that the driver would say."""


def own_reads(graph: Graph, reads: Mapping[tuple[str, str], Sequence[str]]) -> dict[tuple[str, str], tuple[Field, ...]]:
    """Return the values that fields in Python read, of those fields for which their JSON says all that they are.

    Args:
        graph: The graph description.
        reads: The attributes that each reads, by type and field name.
    """
    found = {}
    for place, attributes in reads.items():
        fields = [_field(graph.types[place[0]], attribute) for attribute in attributes]
        exact = tuple(field for field in fields if field is not None and _is_exact(field))
        if len(exact) == len(fields):
            found[place] = exact
    return found


def _field(type_: ObjectType, attribute: str) -> Field | None:
    """Return an attribute as a field, also one that is not shown."""
    try:
        scalar = read_scalar(getattr(type_.model, attribute).type, f"{type_.name}.{attribute}", {})
    except DefinitionError:
        return None
    return Field(attribute, attribute, scalar, is_nullable=True, description=None, column=None)


def _is_exact(field: Field) -> bool:
    scalar = field.scalar
    return scalar.kind in EXACT and not scalar.is_list and not isinstance(scalar.sql, TypeDecorator | CHAR)


def hole(index: int, values: Sequence[Sequence[Part]]) -> list[Part]:
    """Return a hole in JSON.

    Args:
        index: Number of the field.
        values: The JSON of each value that it reads.
    """
    parts: list[Part] = [f"{BEGIN}{index}{BEGIN}["]
    for place, value in enumerate(values):
        parts.extend([",", *value] if place else value)
    return [*parts, f"]{END}"]


async def fill(
    data: bytes, own: Sequence[OwnField], records: Mapping[str, type[Record]], variables: VariableValues
) -> bytes | None:
    """Return an answer with its holes filled, or None where a field failed.

    Args:
        data: The answer of a compiled operation.
        own: Its fields in Python.
        records: The class of the rows of each type.
        variables: The coerced variables.
    """
    pieces = data.split(BEGIN.encode())
    places: list[list[int]] = [[] for _ in own]
    for place in range(1, len(pieces), 2):
        places[int(pieces[place])].append(place + 1)
    try:
        for field, found in zip(own, places, strict=True):
            computed = await _computed(field, [pieces[place] for place in found], records, variables)
            for place, json in zip(found, computed, strict=True):
                pieces[place - 1], pieces[place] = b"", json
    except Exception:  # whatever it is, the resolvers will tell
        return None
    return b"".join(pieces)


async def _computed(
    field: OwnField, pieces: Sequence[bytes], records: Mapping[str, type[Record]], variables: VariableValues
) -> list[bytes]:
    """Return the JSON of a field for all its rows, each with what stands behind its hole."""
    resolve, record = field.definition.resolve, records[field.type_name]
    if resolve is None:
        raise TypeError("a field in Python has a resolver")
    arguments = get_argument_values(field.definition, field.node, variables)
    names, readers = [each.attribute for each in field.reads], [_reader(each.scalar) for each in field.reads]
    values, rests = [], []
    for piece in pieces:
        json, _, rest = piece.partition(END.encode())
        row = [reader(value) for reader, value in zip(readers, orjson.loads(json), strict=True)]
        values.append(resolve(record(dict(zip(names, row, strict=True))), None, **arguments))  # it takes no info
        rests.append(rest)
    if any(map(inspect.isawaitable, values)):
        values = await asyncio.gather(*values)
    return [dump(_completed(field.definition.type, value)) + rest for value, rest in zip(values, rests, strict=True)]


def _reader(scalar: Scalar) -> Callable[[Any], Any]:
    """Return what makes of a value's JSON what the driver would have given."""
    if scalar.enum is not None:
        members = {member.name: member.value for member in scalar.enum.members}
        return lambda value: None if value is None else members[value]
    return lambda value: None if value is None else as_held(scalar, read(scalar.kind, value))


def _completed(type_: GraphQLOutputType, value: Any) -> Any:
    """Return what a resolver gave as the answer has it; graphql-core does the same."""
    if isinstance(type_, GraphQLNonNull):
        completed = _completed(type_.of_type, value)
        if completed is None:
            raise TypeError("null where there must be a value")
        return completed
    if value is None:
        return None
    if isinstance(type_, GraphQLList):
        if not isinstance(value, list | tuple):
            raise TypeError("a list was expected")
        return [_completed(type_.of_type, item) for item in value]
    if not is_leaf_type(type_):
        raise TypeError(f"{type_} has fields")
    completed = type_.coerce_output_value(value)
    if completed is None or completed is Undefined:
        raise TypeError(f"{type_} cannot say this value")
    return completed
