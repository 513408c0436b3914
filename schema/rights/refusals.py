"""What is refused by name, before anything runs: types and columns that no row gives to a caller.

The schema is walked by names. A column is known under the name of its field in every type that is made for its model,
and a model under the names of these types.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from schema.graph import Graph, ObjectType
from schema.models.access import Rule, ScopeRule
from schema.query.group_arguments import group_keys

Place = tuple[str, str]
"""Names of a GraphQL type and of its field, or of an enum and its value; with no field, the type as a whole."""

Forbidden = Mapping[Place, str]
"""Why a place is refused."""

FAMILY: Final = (
    "", "Aggregate", "AggregateFilter", "AggregateOrder", "Average", "AverageFilter", "Connection", "CountDistinct",
    "Edge", "Filter", "Group", "GroupBy", "GroupKeyOrder", "GroupKeys", "GroupOrder", "Key", "NumbersOrder", "Order",
    "Sum", "SumFilter", "Values", "ValuesFilter", "ValuesOrder",
)  # fmt: skip
"""What the names of the types that are made for a model end with, by which it is read."""

RELATED: Final = ("", "Count", "Aggregate", "IsNull")
"""What the names of the fields end with that a relation has in filters and orders."""


def forbidden(
    graph: Graph, is_hidden: Callable[[str], bool], is_masked: Callable[[str, str], bool]
) -> dict[Place, str]:
    """Return what is refused to a caller.

    Args:
        graph: The graph description.
        is_hidden: Whether no row of a type is seen.
        is_masked: Whether no value of an attribute of a type is seen.
    """
    found: dict[Place, str] = {}
    for type_ in graph.types.values():
        if type_.access is None:
            continue
        if is_hidden(type_.name):
            reason = _reason(type_.name, type_.access.read)
            found |= dict.fromkeys(_places_of_type(graph, type_), reason)
        for attribute, rule in type_.access.columns.items():
            if is_masked(type_.name, attribute):
                reason = _reason(f"{type_.name}.{type_.field_of(attribute).name}", rule)
                found |= dict.fromkeys(places_of_column(type_, attribute), reason)
    return found


def _reason(what: str, rule: Rule | None) -> str:
    scopes = [leaf.scope for leaf in (() if rule is None else rule.leaves()) if isinstance(leaf, ScopeRule)]
    if not scopes:
        return f"`{what}` is shown to nobody with this key."
    return f"`{what}` needs the scope {' or '.join(f'`{scope}`' for scope in dict.fromkeys(scopes))}."


def _places_of_type(graph: Graph, type_: ObjectType) -> Iterator[Place]:
    for suffix in FAMILY:
        yield f"{type_.name}{suffix}", ""
    for source in graph.types.values():
        for relation in source.relations:
            if relation.target == type_.name:
                for suffix in RELATED:
                    yield f"{source.name}Filter", f"{relation.name}{suffix}"
                    yield f"{source.name}Order", f"{relation.name}{suffix}"
        for key in group_keys(source):
            beyond = graph.relations.get((source.name, key.name))
            if beyond is not None and beyond.target == type_.name:
                yield from _grouped(source, key)


def places_of_column(type_: ObjectType, attribute: str) -> Iterator[Place]:
    """Yield where a column is named in the schema: read, filtered, ordered, grouped or looked up by."""
    name = type_.field_of(attribute).name
    for suffix in FAMILY:
        yield f"{type_.name}{suffix}", name
    for key in type_.unique_keys:
        if any(field.attribute == attribute for field in key.fields):
            yield "Query", key.name
            yield f"{type_.name}Key", key.by
    for shown in group_keys(type_):
        if attribute in shown.key.attributes:
            yield from _grouped(type_, shown)
    for relation in type_.relations:
        if attribute in relation.keys and not relation.is_list:
            yield type_.name, relation.name


def _grouped(type_: ObjectType, key: Any) -> Iterator[Place]:
    yield f"{type_.name}GroupBy", key.member
    yield f"{type_.name}GroupKeys", key.name
    yield f"{type_.name}GroupKeyOrder", key.name
