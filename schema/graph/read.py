"""Reads the mappers into the graph description, and refuses what could not be served.

Every complaint names the model and the attribute, and says what to write instead. Nothing is guessed:
an attribute that is not named in `__graph__` is not looked at, but for keys.
"""

from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, ColumnElement, UniqueConstraint, inspect
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.hybrid import HybridExtensionType
from sqlalchemy.orm import ColumnProperty, DeclarativeBase, Mapper

from schema.errors import DefinitionError
from schema.graph import names
from schema.graph.access import guarded_field, guarded_relation, read_access, refuse_circles, refuse_looking_past
from schema.graph.caching import read_cache
from schema.graph.checks import (
    RESERVED_TYPES,
    can_be_key,
    refuse_clashes,
    refuse_other_than_a_table,
    refuse_secret,
    refuse_twice,
)
from schema.graph.data import Graph, ObjectType, UniqueKey
from schema.graph.fields import EnumType, Field
from schema.graph.options import read_options, tuned_field, tuned_relation
from schema.graph.relations import read_relation
from schema.graph.scalars import read_scalar
from schema.graph.writes import read_writes
from schema.models.base import Exposure


def read_graph(base: type[DeclarativeBase]) -> Graph:
    """Return the description of every model below a declarative base that has a `__graph__`.

    Raises:
        DefinitionError: A model says something that cannot be served.
    """
    base.registry.configure()
    exposed = {mapper: exposure for mapper in base.registry.mappers if (exposure := _exposure(mapper)) is not None}
    names_ = {mapper: _type_name(mapper, exposure) for mapper, exposure in exposed.items()}
    mappers = sorted(exposed, key=lambda mapper: names_[mapper])
    type_names = {mapper.class_: names_[mapper] for mapper in mappers}
    refuse_twice(type_names.values(), "types")
    enums: dict[str, EnumType] = {}
    types = [_read_type(mapper, exposed[mapper], type_names, enums) for mapper in mappers]
    refuse_clashes(types, enums)
    refuse_circles({type_.name: type_ for type_ in types})
    refuse_looking_past({type_.name: type_ for type_ in types})
    return Graph(
        types=MappingProxyType({type_.name: type_ for type_ in types}),
        enums=MappingProxyType(enums),
        by_model=MappingProxyType({type_.model: type_ for type_ in types}),
        relations=MappingProxyType(
            {(type_.name, relation.name): relation for type_ in types for relation in type_.relations}
        ),
        has_deferred=any(
            getattr(constraint, "deferrable", None)
            for table in base.metadata.tables.values()
            for constraint in table.constraints
        ),
    )


def _exposure(mapper: Mapper[Any]) -> Exposure | None:
    exposure = vars(mapper.class_).get("__graph__")
    if exposure is not None and not isinstance(exposure, Exposure):
        raise DefinitionError(f"Model {mapper.class_.__name__}: write __graph__ = expose(...), not {exposure!r}.")
    return exposure


def _type_name(mapper: Mapper[Any], exposure: Exposure) -> str:
    model = mapper.class_.__name__
    name = names.check(exposure.name or model, f"Model {model}")
    if name in RESERVED_TYPES:
        raise DefinitionError(f"Model {model}: {name} is a name of the graph itself; use expose(name=...).")
    return name


def _read_type(
    mapper: Mapper[Any], exposure: Exposure, type_names: Mapping[type[Any], str], enums: dict[str, EnumType]
) -> ObjectType:
    name, model = type_names[mapper.class_], mapper.class_
    refuse_other_than_a_table(mapper)
    primary_key = tuple(_read_key(mapper, column, enums) for column in mapper.primary_key)
    fields, relations, order = [], [], []
    for attribute in exposure.attributes:
        shown = exposure.names.get(attribute, names.field_name(attribute))
        names.check(shown, f"{model.__name__}.{attribute}")
        order.append(shown)
        if attribute in mapper.relationships:
            relations.append(
                tuned_relation(read_relation(mapper.relationships[attribute], shown, type_names), exposure)
            )
        else:
            fields.append(tuned_field(_read_field(mapper, attribute, shown, type_names, enums), exposure))
    if "id" in order:
        raise DefinitionError(
            f"Model {model.__name__}: `id` is the global id, made of the primary key and always shown; take "
            f"{exposure.attributes[order.index('id')]!r} out of expose(), or give it another name."
        )
    refuse_twice(order, f"fields of {name}")
    writes, access = read_writes(mapper, fields, relations), read_access(mapper, fields, relations)
    models = {name: model for model, name in type_names.items()}
    fields = [guarded_field(field, access, relations, models) for field in fields]
    relations = [guarded_relation(relation, mapper, access) for relation in relations]
    return ObjectType(
        name=name,
        singular=names.singular(name),
        plural=names.check(exposure.plural or names.plural(name), f"The list of {model.__name__}"),
        description=_docstring(model),
        model=model,
        table=mapper.local_table,  # type: ignore[arg-type]  # a table, as checked above
        primary_key=primary_key,
        readable=frozenset(_readable(mapper)),
        fields=tuple(fields),
        relations=tuple(relations),
        order=tuple(order),
        unique_keys=tuple(_unique_keys(mapper, names.singular(name), fields)),
        writes=writes,
        access=access,
        cache=read_cache(mapper, fields),
        **read_options(mapper, exposure, fields, name, enums),
    )


def _read_key(mapper: Mapper[Any], column: ColumnElement[Any], enums: dict[str, EnumType]) -> Field:
    if not isinstance(column, Column):
        raise DefinitionError(f"Model {mapper.class_.__name__}: its primary key must be made of columns of its table.")
    attribute = mapper.get_property_by_column(column).key
    where = f"{mapper.class_.__name__}.{attribute}"
    scalar = read_scalar(column.type, where, enums)
    refuse_secret(column, where)
    if not can_be_key(scalar):
        raise DefinitionError(f"{where} cannot be a primary key in the graph: ids are made of single, exact values.")
    return Field(names.field_name(attribute), attribute, scalar, is_nullable=False, description=None, column=column)


def _read_field(
    mapper: Mapper[Any],
    attribute: str,
    shown: str,
    type_names: Mapping[type[Any], str],
    enums: dict[str, EnumType],
) -> Field:
    where = f"{mapper.class_.__name__}.{attribute}"
    descriptor = mapper.all_orm_descriptors.get(attribute)
    if descriptor is None:
        known = ", ".join(sorted(key for key in mapper.all_orm_descriptors.keys()))  # noqa: SIM118 - not a dict
        raise DefinitionError(f"{where} is named in expose() but is not mapped; mapped are: {known}.")
    if descriptor.extension_type is HybridExtensionType.HYBRID_PROPERTY:
        expression = _hybrid_expression(mapper, attribute, where)
        refuse_secret(expression, where)
        scalar = read_scalar(expression.type, where, enums)
        annotation = getattr(getattr(descriptor, "fget", None), "__annotations__", {}).get("return")
        return Field(shown, attribute, scalar, _may_be_none(annotation), _docstring(descriptor), column=None)
    property_ = mapper.attrs.get(attribute)
    if not isinstance(property_, ColumnProperty):
        kind = type(descriptor if property_ is None else property_).__name__
        raise DefinitionError(f"{where} is a {kind}, which cannot be shown; remove it from expose().")
    return _read_column(mapper, property_, shown, where, type_names, enums)


def _read_column(
    mapper: Mapper[Any],
    property_: ColumnProperty[Any],
    shown: str,
    where: str,
    type_names: Mapping[type[Any], str],
    enums: dict[str, EnumType],
) -> Field:
    expression = property_.columns[0]
    column = expression if isinstance(expression, Column) else None
    refuse_secret(expression, where)
    scalar = read_scalar(expression.type, where, enums)
    if column is None:
        annotation = _annotation(mapper.class_, property_.key)
        return Field(shown, property_.key, scalar, _may_be_none(annotation), property_.doc, column=None)
    references = _references(column, type_names)
    description = column.comment or column.doc
    return Field(shown, property_.key, scalar, bool(column.nullable), description, column, references)


def _hybrid_expression(mapper: Mapper[Any], attribute: str, where: str) -> ColumnElement[Any]:
    try:
        expression: ColumnElement[Any] = getattr(mapper.class_, attribute).expression
        return expression
    except (AttributeError, TypeError, NotImplementedError, InvalidRequestError) as error:
        raise DefinitionError(
            f"{where} has no form in SQL; give it one by @{attribute}.inplace.expression, or make it a field of your "
            "own under schema/fields/."
        ) from error


def _readable(mapper: Mapper[Any]) -> Iterator[str]:
    yield from mapper.column_attrs.keys()
    for attribute, descriptor in mapper.all_orm_descriptors.items():
        is_part = attribute.startswith("_")  # what @x.inplace.expression decorates is mapped as well
        if descriptor.extension_type is HybridExtensionType.HYBRID_PROPERTY and not is_part:
            yield attribute


def _references(column: Column[Any], type_names: Mapping[type[Any], str]) -> str | None:
    """Return the type whose global id a foreign key column is shown as, where it points at one's only key."""
    for foreign_key in column.foreign_keys:
        for other, name in type_names.items():
            key = inspect(other).primary_key
            if len(key) == 1 and foreign_key.column is key[0]:
                return name
    return None


def _unique_keys(mapper: Mapper[Any], singular: str, fields: Iterable[Field]) -> Iterator[UniqueKey]:
    by_column = {field.column: field for field in fields if field.column is not None and can_be_key(field.scalar)}
    for columns in dict.fromkeys(unique_columns(mapper.local_table)):
        if set(columns) == set(mapper.primary_key) or not all(column in by_column for column in columns):
            continue
        members = tuple(by_column[column] for column in columns)
        suffix = "And".join(member.name[0].upper() + member.name[1:] for member in members)
        by, is_deferrable = suffix[0].lower() + suffix[1:], _is_deferrable(mapper.local_table, columns)
        yield UniqueKey(f"{singular}By{suffix}", by, members, is_deferrable)


def _is_deferrable(table: Any, columns: tuple[Column[Any], ...]) -> bool:
    constraints = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    return any(each.deferrable and tuple(each.columns) == columns for each in constraints)


def unique_columns(table: Any) -> Iterator[tuple[Column[Any], ...]]:
    """Yield the columns of each plain unique constraint and unique index of a table, by name of constraint."""
    constraints = [item for item in table.constraints if isinstance(item, UniqueConstraint)]
    indexes = [item for item in table.indexes if item.unique and item.dialect_options["postgresql"]["where"] is None]
    for item in sorted([*constraints, *indexes], key=lambda item: str(item.name)):
        columns = tuple(getattr(item, "expressions", item.columns))
        if columns and all(isinstance(column, Column) for column in columns):  # others are indexes on expressions
            yield columns


def _annotation(class_: type[Any], attribute: str) -> Any:
    for ancestor in class_.__mro__:
        if attribute in getattr(ancestor, "__annotations__", {}):
            return ancestor.__annotations__[attribute]
    return None


def _may_be_none(annotation: Any) -> bool:
    """Return whether a written type admits None; true where nothing was written."""
    text = str(annotation)
    return annotation is None or "None" in text or "Optional" in text


def _docstring(thing: Any) -> str | None:
    """Return a docstring's text with its indentation taken off, or None."""
    return cleandoc(thing.__doc__) if thing.__doc__ else None
