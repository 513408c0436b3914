"""Reads a column's type into a `Scalar`, and the enums it meets."""

import enum
from dataclasses import replace
from inspect import cleandoc
from typing import Any

from sqlalchemy import ARRAY, REAL, Float, Integer, SmallInteger
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.types import TypeDecorator, TypeEngine

from schema.errors import DefinitionError
from schema.graph import names
from schema.graph.fields import EnumMember, EnumType, Scalar
from schema.graph.kinds import Kind, kind_of


def read_scalar(type_: TypeEngine[Any], where: str, enums: dict[str, EnumType]) -> Scalar:
    """Return what a value of a column is, and add the enum that it uses to `enums`.

    Args:
        type_: The column's SQLAlchemy type.
        where: `Model.attribute`, for messages.
        enums: The enums met so far, by name; the same enum may serve many columns.

    Raises:
        DefinitionError: The graph has no scalar for the type.
    """
    bare = type_.impl_instance if isinstance(type_, TypeDecorator) else type_
    if isinstance(bare, ARRAY):
        if (bare.dimensions or 1) > 1:
            raise DefinitionError(f"{where} is an array of {bare.dimensions} dimensions; one can be shown.")
        item = read_scalar(bare.item_type, where, enums)
        return replace(item, is_list=True)
    kind = kind_of(type_)
    if kind is None:
        scalars = ", ".join(sorted(kind.value for kind in Kind))
        raise DefinitionError(
            f"{where} has the type {type_!r}, for which the graph has no scalar. Take it out of expose(), or use a "
            f"type of one of these: {scalars}."
        )
    # A client's Int is of 32 bits. PostgreSQL compares the two sizes, and finds them in an index, as they are.
    sql = Integer() if isinstance(type_, SmallInteger) else type_
    enum_ = _read_enum(bare, where, enums) if kind is Kind.ENUM else None
    return Scalar(kind, sql, enum=enum_, is_single=_is_single(bare))


def _is_single(type_: TypeEngine[Any]) -> bool:
    return isinstance(type_, REAL) or (isinstance(type_, Float) and 0 < (type_.precision or 0) <= 24)


def _read_enum(type_: TypeEngine[Any], where: str, enums: dict[str, EnumType]) -> EnumType:
    if not isinstance(type_, SqlEnum):
        raise TypeError(f"{type_!r} is no enum")
    values: list[Any] = list(type_.enum_class) if type_.enum_class else list(type_.enums)
    shown = [value.name if type_.enum_class else names.enum_value(value) for value in values]
    name = _enum_name(type_, where)
    for value in shown:
        names.check(value, f"A value of {where}")
        if value in {"true", "false", "null"}:
            raise DefinitionError(f"{where}: its enum has a value {value!r}, a word of GraphQL; name it otherwise.")
    if len(set(shown)) != len(shown):
        raise DefinitionError(f"{where}: two values of its enum would have the same name in GraphQL.")
    members = tuple(
        EnumMember(member, label, value) for member, label, value in zip(shown, type_.enums, values, strict=True)
    )
    python = enum.Enum(name, {member.name: member.label for member in members})  # type: ignore[misc]  # made while running
    read = EnumType(name, _enum_description(type_), members, python)
    known = enums.setdefault(name, read)
    if known.members != read.members:
        raise DefinitionError(f"{where}: another enum is called {name!r} and has other values.")
    return known


def _enum_name(type_: SqlEnum, where: str) -> str:
    if type_.enum_class:
        return names.check(type_.enum_class.__name__, f"The enum of {where}")
    if not type_.name:
        raise DefinitionError(f"{where}: its enum has no name; write Enum(..., name='post_state').")
    name = names.field_name(type_.name)
    return names.check(name[:1].upper() + name[1:], f"The enum of {where}")


def _enum_description(type_: SqlEnum) -> str | None:
    doc = type_.enum_class.__doc__ if type_.enum_class else None
    return cleandoc(doc) if doc else None
