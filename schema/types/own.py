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
    """Strawberry fields by type name (`Query` among them) and Python name."""

    reads: Mapping[tuple[str, str], tuple[str, ...]]
    """Attributes that a field reads, by type name and GraphQL name."""

    @property
    def root_names(self) -> tuple[str, ...]:
        """GraphQL names of the team's own root fields."""
        return tuple(shown_name(field, name) for name, field in self.by_type.get("Query", {}).items())


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
            _refuse_hidden(class_, shown, known, type_)
            known[name] = copy.copy(field)
            known[name].metadata = field.metadata
            if type_ is not None:
                reads[type_.name, shown] = _checked(type_, class_, name, field.metadata.get("reads", ()))
    return OwnFields(by_type, reads)


def _refuse_hidden(
    class_: type[Any], shown: str, known: Mapping[str, StrawberryField], type_: ObjectType | None
) -> None:
    taken = {shown_name(field, name) for name, field in known.items()}
    if shown in taken or (type_ is not None and shown in {"id", *type_.order}):
        raise DefinitionError(f"{class_.__name__}: there is a field {shown!r} already; give this one another name.")


def _checked(type_: ObjectType, class_: type[Any], name: str, attributes: tuple[str, ...]) -> tuple[str, ...]:
    for attribute in attributes:
        if not hasattr(type_.model, attribute):
            raise DefinitionError(
                f"{class_.__name__}.{name} reads {attribute!r}, which {type_.model.__name__} does not have."
            )
    return attributes
