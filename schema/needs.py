"""Which attributes of a row a selection needs: only these are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import FieldNode

from schema.graph import ObjectType
from schema.selection import Document, select_fields
from schema.statements import wire_attribute


@dataclass(frozen=True, slots=True)
class ListNeeds:
    """What a selection on a connection needs."""

    attributes: tuple[str, ...]
    """Attributes of each row, sorted."""

    has_rows: bool
    """True where rows, or what depends on them, are selected."""

    has_total: bool
    """True where `totalCount` is selected."""

    has_previous: bool
    """True where `hasPreviousPage` is selected."""

    has_next: bool
    """True where `hasNextPage` is selected."""


class Needs:
    """Knows, for each field of each type, the attributes behind it."""

    def __init__(self, types: Mapping[str, ObjectType], reads: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
        """Work out the attributes behind every field.

        Args:
            types: The graph's types.
            reads: The attributes that fields of the team's own read, by type and field name.
        """
        self._by_field: dict[tuple[str, str], tuple[str, ...]] = dict(reads)
        for type_ in types.values():
            self._by_field[type_.name, "id"] = tuple(field.attribute for field in type_.primary_key)
            for field in type_.fields:
                self._by_field[type_.name, field.name] = (wire_attribute(field.attribute, field.scalar),)
            for relation in type_.relations:
                self._by_field[type_.name, relation.name] = relation.keys

    def of_object(self, document: Document, type_name: str, nodes: Sequence[FieldNode]) -> tuple[str, ...]:
        """Return the attributes that the selection below some fields needs of a row of a type, sorted."""
        needed: set[str] = set()
        for selected in select_fields(document, type_name, nodes).values():
            needed.update(self._by_field.get((type_name, selected[0].name.value), ()))
        return tuple(sorted(needed))

    def of_list(self, document: Document, type_name: str, nodes: Sequence[FieldNode]) -> ListNeeds:
        """Return what the selection below a connection field of a type needs."""
        below: dict[str, list[FieldNode]] = {}
        for selected in select_fields(document, f"{type_name}Connection", nodes).values():
            below.setdefault(selected[0].name.value, []).extend(selected)
        rows = list(below.get("nodes", ()))
        if "edges" in below:
            for selected in select_fields(document, f"{type_name}Edge", below["edges"]).values():
                if selected[0].name.value == "node":
                    rows.extend(selected)
        info = select_fields(document, "PageInfo", below.get("pageInfo", ()))
        asked = {selected[0].name.value for selected in info.values()}
        return ListNeeds(
            attributes=self.of_object(document, type_name, rows),
            has_rows=bool({"nodes", "edges", "pageInfo"} & below.keys()),
            has_total="totalCount" in below,
            has_previous="hasPreviousPage" in asked,
            has_next="hasNextPage" in asked,
        )
