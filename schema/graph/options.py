"""Reads what a model says of the lists of its rows, beyond which attributes are shown: see `expose`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapper

from schema.errors import DefinitionError
from schema.graph import names
from schema.graph.data import OwnFilter, OwnOrder, SearchIndex
from schema.graph.fields import EnumType, Field, Relation
from schema.graph.kinds import UNORDERED
from schema.graph.scalars import read_scalar
from schema.models.base import Exposure


def tuned_field(field: Field, exposure: Exposure) -> Field:
    """Return a field with what its model says of filtering and ordering by it."""
    is_ordered = field.scalar.kind not in UNORDERED and not field.scalar.is_list
    return replace(
        field,
        is_filterable=field.attribute not in exposure.no_filter,
        is_orderable=is_ordered and field.attribute not in exposure.no_order,
    )


def tuned_relation(relation: Relation, exposure: Exposure) -> Relation:
    """Return a relation with what its model says of filtering and ordering by it."""
    return replace(
        relation,
        is_filterable=relation.attribute not in exposure.no_filter,
        is_orderable=relation.attribute not in exposure.no_order,
    )


def read_options(
    mapper: Mapper[Any], exposure: Exposure, fields: Sequence[Field], type_name: str, enums: dict[str, EnumType]
) -> dict[str, Any]:
    """Return the options of a model's lists, as `ObjectType` names them.

    Args:
        mapper: The model's mapper.
        exposure: What the model says.
        fields: Its shown fields.
        type_name: The name of its type.
        enums: The enums met so far, by name.

    Raises:
        DefinitionError: The model says what cannot be served.
    """
    model = mapper.class_.__name__
    for given in (exposure.names, exposure.no_filter, exposure.no_order):
        _refuse_unknown(given, exposure.attributes, model)
    _check_sizes(exposure, model)
    for shown in (*exposure.filters, *exposure.orders):
        names.check(shown, f"A filter or order of {model}")
    return {
        "search": _read_search(mapper, exposure),
        "default_order": tuple(_read_order(mapper, exposure, fields)),
        "page_size": exposure.page_size,
        "largest_page": exposure.largest_page,
        "own_filters": {
            shown: OwnFilter(read_scalar(own.takes, f"{type_name}.{shown}", enums), own.function, own.description)
            for shown, own in exposure.filters.items()
        },
        "own_orders": {
            shown: OwnOrder(read_scalar(own.type_, f"{type_name}.{shown}", enums), own.function, own.description)
            for shown, own in exposure.orders.items()
        },
    }


def _read_search(mapper: Mapper[Any], exposure: Exposure) -> SearchIndex | None:
    if exposure.search is None:
        return None
    column = mapper.columns.get(exposure.search)
    if column is None or not isinstance(column.type, TSVECTOR):
        raise DefinitionError(
            f"Model {mapper.class_.__name__}: expose(search={exposure.search!r}) names no `tsvector`; make one with "
            "search_vector()."
        )
    return SearchIndex(exposure.search, exposure.search_language)


def _read_order(mapper: Mapper[Any], exposure: Exposure, fields: Sequence[Field]) -> Iterator[tuple[str, bool]]:
    known = {field.attribute: field.name for field in fields if field.is_orderable} | {"id": "id"}
    for term in exposure.order:
        attribute = term.removeprefix("-")
        if attribute not in known:
            raise DefinitionError(
                f"Model {mapper.class_.__name__}: expose(order=...) names {attribute!r}, which lists cannot be ordered "
                f"by; they can be by: {', '.join(sorted(known))}."
            )
        yield known[attribute], term.startswith("-")


def _check_sizes(exposure: Exposure, model: str) -> None:
    sizes = {"page_size": exposure.page_size, "largest_page": exposure.largest_page}
    for name, size in sizes.items():
        if size is not None and size < 1:
            raise DefinitionError(f"Model {model}: expose({name}={size}) must be 1 or more.")
    if exposure.page_size and exposure.largest_page and exposure.page_size > exposure.largest_page:
        raise DefinitionError(
            f"Model {model}: expose(page_size={exposure.page_size}) is more than its largest_page, "
            f"{exposure.largest_page}."
        )


def _refuse_unknown(given: Sequence[str] | Mapping[str, str], attributes: tuple[str, ...], model: str) -> None:
    for attribute in given:
        if attribute not in attributes:
            raise DefinitionError(f"Model {model}: expose() says something of {attribute!r}, which it does not show.")
