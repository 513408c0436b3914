"""An argument of a look-up by a unique key -> the value that its column has."""

from typing import Any

from schema.errors import BadInputError
from schema.graph import Field, Graph
from schema.opaque import read_id_of
from schema.values import check_text


def read_unique(graph: Graph, field: Field, value: Any) -> Any:
    """Return what an argument stands for in SQL.

    Args:
        graph: The graph description.
        field: The column, after which the argument is called.
        value: The coerced argument.

    Raises:
        BadInputError: PostgreSQL cannot hold it.
        BadIdError: It is no id, or one of another type.
    """
    if field.references is not None:
        return read_id_of(graph.types[field.references], value, field.name)[0]
    if field.scalar.enum is not None:
        return next(member.value for member in field.scalar.enum.members if member.name == value.name)
    if isinstance(value, str):
        try:
            return check_text(value)
        except ValueError as error:
            raise BadInputError(f"Argument `{field.name}`: {error}.") from error
    return value
