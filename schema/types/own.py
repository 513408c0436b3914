"""Takes in what a team adds: finds what each class extends, what each field reads, which mutations are replaced."""

import copy
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from schema.errors import DefinitionError
from schema.graph import Graph, ObjectType
from schema.models.caching import CacheHint
from schema.types.mutations import mutations_of

Replacement = Callable[..., Awaitable[Any]]
"""What stands for a generated mutation; see `schema.mutations.replaces`."""


@dataclass(frozen=True, slots=True)
class OwnFields:
    """The team's own fields."""

    by_type: Mapping[str, Mapping[str, StrawberryField]]
    """Strawberry fields by type name (`Query` among them) and GraphQL name."""

    reads: Mapping[tuple[str, str], tuple[str, ...]]
    """Attributes that a field reads, by type name and GraphQL name."""

    replaced: Mapping[tuple[str, str], Replacement] = field(default_factory=dict)
    """What stands for generated mutations, by type name and kind."""

    @property
    def root_names(self) -> tuple[str, ...]:
        """GraphQL names of the team's own root fields."""
        return tuple(self.by_type.get("Query", {}))


def shown_name(field: StrawberryField, python_name: str) -> str:
    """Return the GraphQL name of a Strawberry field."""
    return field.graphql_name or to_camel_case(python_name)


def take_in(graph: Graph, marked: Iterable[Any]) -> OwnFields:
    """Return what a team adds to the graph, or puts in the place of what is generated.

    Args:
        graph: The graph.
        marked: Classes marked by `extends`, `extends_query` or `extends_mutation`, functions marked by `replaces`.

    Raises:
        DefinitionError: A class extends a model that is not shown, or a field hides another one or reads an
            attribute that its model does not have.
    """
    by_type: dict[str, dict[str, StrawberryField]] = {}
    reads: dict[tuple[str, str], tuple[str, ...]] = {}
    replaced: dict[tuple[str, str], Replacement] = {}
    for each in marked:
        if "__replaces__" in vars(each):
            place = _replaced(graph, each)
            if place in replaced:
                raise DefinitionError(f"{each.__name__} replaces what {replaced[place].__name__} replaces.")
            replaced[place] = each
        else:
            _take_in_class(graph, each, by_type, reads)
    return OwnFields(by_type, reads, replaced)


def _take_in_class(
    graph: Graph,
    class_: type[Any],
    by_type: dict[str, dict[str, StrawberryField]],
    reads: dict[tuple[str, str], tuple[str, ...]],
) -> None:
    extended = vars(class_)["__extends__"]
    type_ = None if isinstance(extended, str) else graph.by_model.get(extended)
    if type_ is None and not isinstance(extended, str):
        raise DefinitionError(f"{class_.__name__} extends {extended.__name__}, which has no __graph__.")
    known = by_type.setdefault(extended if type_ is None else type_.name, {})
    fields = {name: each for name, each in vars(class_).items() if isinstance(each, StrawberryField)}
    for name, own in fields.items():
        shown = shown_name(own, name)
        if shown in known or shown in _generated(graph, type_, extended):
            raise DefinitionError(f"{class_.__name__}: there is a field {shown!r} already; give this one another name.")
        known[shown] = copy.copy(own)
        known[shown].metadata, known[shown].graphql_name = own.metadata, shown
        if type_ is not None:
            reads[type_.name, shown] = _checked(type_, class_, name, own.metadata.get("reads", ()))


def _replaced(graph: Graph, function: Replacement) -> tuple[str, str]:
    """Return which mutation a function stands for: name of the type, and kind."""
    model, kind = vars(function)["__replaces__"]
    type_ = graph.by_model.get(model)
    kinds = [] if type_ is None else [each.kind for each in mutations_of(type_)]
    if type_ is None or kind not in kinds:
        has = f"it has {', '.join(kinds)}" if kinds else "it has none"
        raise DefinitionError(f"{function.__name__} replaces {kind!r} of {model.__name__}: {has}.")
    return type_.name, kind


def plain_reads(fields: OwnFields) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the attributes that fields read, of those that take nothing but their row and arguments."""
    return {place: reads for place, reads in fields.reads.items() if _is_plain(fields.by_type[place[0]][place[1]])}


def kept_fields(fields: OwnFields) -> dict[tuple[str, str], CacheHint]:
    """Return how long answers with fields may be kept, of those of which `schema.fields.cached` says so.

    Raises:
        DefinitionError: It says so of a root field, whose answers are never kept.
    """
    for root in ("Query", "Mutation"):
        for name, own in fields.by_type.get(root, {}).items():
            if "cache" in own.metadata:
                raise DefinitionError(
                    f"{root}.{name}: cached() is for fields of a model's type; a root field is run anew."
                )
    return {
        (type_name, name): field.metadata["cache"]
        for type_name, known in fields.by_type.items()
        for name, field in known.items()
        if isinstance(field.metadata.get("cache"), CacheHint)
    }


def _is_plain(field: StrawberryField) -> bool:
    resolver = field.base_resolver
    is_watched = bool(field.extensions or field.permission_classes)
    return resolver is not None and resolver.info_parameter is None and not is_watched


def _generated(graph: Graph, type_: ObjectType | None, root: str) -> set[str]:
    """Return the names of a type's generated fields; of a root type's, where None."""
    if type_ is not None:
        return {"id", *type_.order}
    if root == "Mutation":
        return {mutation.name for each in graph.types.values() for mutation in mutations_of(each)}
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
