"""Takes in the fields of the team's own: finds what each class extends and what each field reads."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from schema.errors import DefinitionError
from schema.graph import Graph, ObjectType


@dataclass(frozen=True, slots=True)
class OwnFields:
    """The team's own fields."""

    by_type: Mapping[str, Mapping[str, StrawberryField]]
    """Strawberry fields by type name (`Query` among them) and GraphQL name."""

    reads: Mapping[tuple[str, str], tuple[str, ...]]
    """Attributes that a field reads, by type name and GraphQL name."""

    @property
    def root_names(self) -> tuple[str, ...]:
        """GraphQL names of the team's own root fields."""
        return tuple(self.by_type.get("Query", {}))


def shown_name(field: StrawberryField, python_name: str) -> str:
    """Return the GraphQL name of a Strawberry field."""
    return field.graphql_name or to_camel_case(python_name)


def take_in(graph: Graph, classes: Iterable[type[Any]]) -> OwnFields:
    """Return the fields of marked classes.

    Args:
        graph: The graph that they extend.
        classes: Classes marked by `schema.fields.extends` or `extends_query`.

    Raises:
        DefinitionError: A class extends a model that is not shown, or a field hides another one or reads an
            attribute that its model does not have.
    """
    by_type: dict[str, dict[str, StrawberryField]] = {}
    reads: dict[tuple[str, str], tuple[str, ...]] = {}
    for class_ in classes:
        extended = vars(class_)["__extends__"]
        type_ = None if extended == "Query" else graph.by_model.get(extended)
        if type_ is None and extended != "Query":
            raise DefinitionError(f"{class_.__name__} extends {extended.__name__}, which has no __graph__.")
        fields = {name: field for name, field in vars(class_).items() if isinstance(field, StrawberryField)}
        known = by_type.setdefault("Query" if type_ is None else type_.name, {})
        for name, field in fields.items():
            shown = shown_name(field, name)
            if shown in known or shown in _generated(graph, type_):
                raise DefinitionError(
                    f"{class_.__name__}: there is a field {shown!r} already; give this one another name."
                )
            known[shown] = copy.copy(field)
            known[shown].metadata, known[shown].graphql_name = field.metadata, shown
            if type_ is not None:
                reads[type_.name, shown] = _checked(type_, class_, name, field.metadata.get("reads", ()))
    return OwnFields(by_type, reads)


def plain_reads(fields: OwnFields) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the attributes that fields read, of those that take nothing but their row and arguments."""
    return {place: reads for place, reads in fields.reads.items() if _is_plain(fields.by_type[place[0]][place[1]])}


def _is_plain(field: StrawberryField) -> bool:
    resolver = field.base_resolver
    is_watched = bool(field.extensions or field.permission_classes)
    return resolver is not None and resolver.info_parameter is None and not is_watched


def _generated(graph: Graph, type_: ObjectType | None) -> set[str]:
    """Return the names of a type's generated fields; of the root type's, where None."""
    if type_ is not None:
        return {"id", *type_.order}
    roots = ((one.singular, one.plural, *(key.name for key in one.unique_keys)) for one in graph.types.values())
    return {"node", "nodes"}.union(*roots)


def _checked(type_: ObjectType, class_: type[Any], name: str, attributes: tuple[str, ...]) -> tuple[str, ...]:
    for attribute in attributes:
        if attribute not in type_.readable:
            raise DefinitionError(
                f"{class_.__name__}.{name} reads {attribute!r}, which no row of {type_.model.__name__} has; it has: "
                f"{', '.join(sorted(type_.readable))}."
            )
    return attributes
