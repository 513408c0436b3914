"""Which attributes of a row a selection needs: only these are read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graphql import FieldNode

from schema.graph import ObjectType
from schema.query.requests import COUNT
from schema.query.rows import wire_attribute
from schema.query.selection import Document, select_fields


@dataclass(frozen=True, slots=True)
class ListNeeds:
    """What a selection on a connection needs."""

    attributes: tuple[str, ...]
    """Attributes of each row, sorted."""

    has_rows: bool
    """True where rows, or what depends on them, are selected."""

    aggregates: tuple[tuple[str, str], ...]
    """What is aggregated over the whole list: function and attribute; sorted."""

    has_previous: bool
    """True where `hasPreviousPage` is selected."""

    has_next: bool
    """True where `hasNextPage` is selected."""


HOLDERS: Final = {
    "countDistinct": "CountDistinct",
    "sum": "Sum",
    "avg": "Average",
    "stddev": "Average",
    "variance": "Average",
    "min": "Values",
    "max": "Values",
}
"""What the type is called, behind the name of its model, that holds an aggregate function."""


class Needs:
    """Knows, for each field of each type, the attributes behind it."""

    def __init__(self, types: Mapping[str, ObjectType], reads: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
        """Work out the attributes behind every field.

        Args:
            types: The graph's types.
            reads: The attributes that fields of the team's own read, by type and field name.
        """
        self._by_field: dict[tuple[str, str], tuple[str, ...]] = dict(reads)
        self._attributes = {
            (type_.name, field.name): field.attribute for type_ in types.values() for field in type_.fields
        }
        for type_ in types.values():
            self._by_field[type_.name, "id"] = type_.key_attributes
            for field in type_.fields:
                self._by_field[type_.name, field.name] = (wire_attribute(field.attribute, field.scalar),)
            for relation in type_.relations:
                self._by_field[type_.name, relation.name] = relation.keys

    def of_object(self, document: Document, type_name: str, nodes: Sequence[FieldNode]) -> tuple[str, ...]:
        """Return the attributes that the selections below some fields need of a row of a type, sorted.

        The fields may stand in different places, where one alias may name different fields.
        """
        needed: set[str] = set()
        for name in _below(document, type_name, nodes):
            needed.update(self._by_field.get((type_name, name), ()))
        return tuple(sorted(needed))

    def of_list(self, document: Document, type_name: str, nodes: Sequence[FieldNode]) -> ListNeeds:
        """Return what the selection below a connection field of a type needs."""
        below = _below(document, f"{type_name}Connection", nodes)
        edges = _below(document, f"{type_name}Edge", below.get("edges", ()))
        asked = _below(document, "PageInfo", below.get("pageInfo", ()))
        rows = [*below.get("nodes", ()), *edges.get("node", ())]
        aggregates = set(self.of_aggregate(document, type_name, below.get("aggregate", ())))
        if "totalCount" in below:
            aggregates.add(COUNT)
        return ListNeeds(
            attributes=self.of_object(document, type_name, rows),
            has_rows=bool({"nodes", "edges", "pageInfo"} & below.keys()),
            aggregates=tuple(sorted(aggregates)),
            has_previous="hasPreviousPage" in asked,
            has_next="hasNextPage" in asked,
        )

    def of_aggregate(self, document: Document, type_name: str, nodes: Sequence[FieldNode]) -> Iterator[tuple[str, str]]:
        """Yield the functions and attributes that the selection below `aggregate` fields of a type needs."""
        for function, selected in _below(document, f"{type_name}Aggregate", nodes).items():
            if function == "count":
                yield COUNT
            elif function != "__typename":
                for name in _below(document, f"{type_name}{HOLDERS[function]}", selected):
                    if name != "__typename":
                        yield function, self._attributes[type_name, name]

    def of_groups(self, document: Document, type_name: str, nodes: Sequence[FieldNode]) -> tuple[tuple[str, str], ...]:
        """Return what the selection below `groups` fields of a type aggregates; sorted."""
        aggregates = _below(document, f"{type_name}Group", nodes).get("aggregate", ())
        return tuple(sorted(set(self.of_aggregate(document, type_name, aggregates))))


def _below(document: Document, type_name: str, nodes: Sequence[FieldNode]) -> dict[str, list[FieldNode]]:
    """Return the selections below some fields by the name of the field, whatever their aliases."""
    named: dict[str, list[FieldNode]] = {}
    for selected in select_fields(document, type_name, nodes).values():
        for node in selected:
            named.setdefault(node.name.value, []).append(node)
    return named
