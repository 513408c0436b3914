"""What of the models is refused at start, apart from single attributes, which are read one by one."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Table
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import visitors

from schema.errors import DefinitionError
from schema.graph.data import ObjectType
from schema.graph.fields import EnumType, Scalar
from schema.graph.kinds import Kind

RESERVED_TYPES = frozenset(
    {"Query", "Mutation", "Subscription", "Node", "PageInfo", "Int", "Float", "String", "Boolean", "ID"}
    | {kind.value for kind in Kind}
    | {"Json", "Uuid", "Optional", "list", "str", "int", "float", "bool"}
)
"""Type names that the graph, GraphQL itself, or the annotations of the generated classes keep."""

_NO_KEYS = frozenset({Kind.JSON, Kind.INTERVAL})
"""Kinds whose values are not told apart by their text, so that they cannot name a row."""


def refuse_other_than_a_table(mapper: Mapper[Any]) -> None:
    """Refuse a model that is not one table of its own."""
    if not isinstance(mapper.local_table, Table) or len(mapper.tables) != 1:
        raise DefinitionError(
            f"Model {mapper.class_.__name__}: a model over several tables, or none, cannot be shown; map one table."
        )
    if mapper.inherits is not None and not mapper.concrete:
        raise DefinitionError(
            f"Model {mapper.class_.__name__} shares the table of {mapper.inherits.class_.__name__} and cannot be "
            f"shown beside it; show {mapper.inherits.class_.__name__}."
        )


def refuse_secret(expression: ColumnElement[Any], where: str) -> None:
    """Refuse what is a secret column, or computed from one."""
    if any(isinstance(item, Column) and item.info.get("secret") for item in visitors.iterate(expression)):
        raise DefinitionError(f"{where} is marked secret and can never be shown; remove it from expose().")


def can_be_key(scalar: Scalar) -> bool:
    """Return whether values can name a row: in an id, or as the argument of a look-up."""
    return not scalar.is_list and scalar.kind not in _NO_KEYS


def refuse_twice(given: Iterable[str], what: str) -> None:
    """Refuse names of which one stands twice; `what` says in the plural what they name."""
    seen: set[str] = set()
    for name in given:
        if name in seen:
            raise DefinitionError(f"Two {what} are called {name!r}; give one another name in expose().")
        seen.add(name)


def refuse_clashes(types: list[ObjectType], enums: Mapping[str, EnumType]) -> None:
    """Refuse types, enums and root fields that would share a name."""
    roots = [
        root for type_ in types for root in (type_.singular, type_.plural, *(key.name for key in type_.unique_keys))
    ]
    refuse_twice(["node", "nodes", *roots], "root fields")
    for enum in enums.values():
        if enum.name in RESERVED_TYPES:
            raise DefinitionError(f"{enum.name} is a name of the graph itself; call the enum otherwise.")
    made = [f"{type_.name}{suffix}" for type_ in types for suffix in ("", "Connection", "Edge")]
    refuse_twice([*made, *enums], "types")
