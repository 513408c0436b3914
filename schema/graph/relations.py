"""Reads a mapped relationship into a `Relation`."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import BinaryExpression, Column, ColumnElement, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty
from sqlalchemy.orm.exc import UnmappedColumnError
from sqlalchemy.sql import operators, visitors

from schema.errors import DefinitionError
from schema.graph.fields import Relation


def read_relation(relationship: RelationshipProperty[Any], shown: str, type_names: Mapping[type[Any], str]) -> Relation:
    """Return the description of a relationship.

    Args:
        relationship: The mapped relationship.
        shown: Its GraphQL name.
        type_names: Names of the types that are shown, by model.

    Raises:
        DefinitionError: It leads to a model that is not shown, or holds what a row cannot tell.
    """
    source: Mapper[Any] = relationship.parent
    where = f"{source.class_.__name__}.{relationship.key}"
    target = relationship.mapper.class_
    if target not in type_names:
        raise DefinitionError(
            f"{where} leads to {target.__name__}, which is not shown; give that model a __graph__, or take "
            f"{relationship.key!r} out of expose()."
        )
    columns = tuple(dict.fromkeys(_near_columns(relationship.primaryjoin)))
    if not columns:
        raise DefinitionError(f"{where} does not depend on the row it starts from.")
    through = relationship.secondary
    if through is not None and not isinstance(through, Table):
        raise DefinitionError(f"{where} goes through a join; only an association table can be shown.")
    is_reference = relationship.direction is RelationshipDirection.MANYTOONE
    return Relation(
        name=shown,
        attribute=relationship.key,
        source=type_names[source.class_],
        target=type_names[target],
        is_list=bool(relationship.uselist),
        is_reference=is_reference,
        is_nullable=not is_reference or not _is_certain(relationship, columns),
        description=relationship.doc,
        keys=tuple(_key(source, column, where) for column in columns),
        key_columns=columns,
        on=relationship.primaryjoin,
        through=through,
        through_on=relationship.secondaryjoin,
        through_columns=tuple(dict.fromkeys(_near_columns(relationship.secondaryjoin))),
        is_through_unique=through is None or _is_pair_unique(through, relationship),
    )


def _key(source: Mapper[Any], column: Column[Any], where: str) -> str:
    try:
        return str(source.get_property_by_column(column).key)
    except UnmappedColumnError as error:
        raise DefinitionError(f"{where} depends on {column}, which its model does not map.") from error


def _is_certain(relationship: RelationshipProperty[Any], columns: tuple[Column[Any], ...]) -> bool:
    """Return whether a reference leads somewhere always: over a whole foreign key without nulls, and nothing else."""
    pairs = {(near, far) for near, far in relationship.local_remote_pairs or ()}
    constraints = getattr(relationship.parent.local_table, "foreign_key_constraints", ())
    is_kept = any({(key.parent, key.column) for key in constraint.elements} == pairs for constraint in constraints)
    conditions = [item for item in visitors.iterate(relationship.primaryjoin) if isinstance(item, BinaryExpression)]
    is_plain = len(conditions) == len(pairs) and all(item.operator is operators.eq for item in conditions)
    return is_kept and is_plain and not any(column.nullable for column in columns)


def _near_columns(on: ColumnElement[bool] | None) -> Iterator[Column[Any]]:
    """Yield the columns of a join condition that belong to the row it starts from, in order."""
    for element in () if on is None else visitors.iterate(on):
        if isinstance(element, Column) and "remote" not in element._annotations:
            yield element._deannotate()


def _is_pair_unique(through: Table, relationship: RelationshipProperty[Any]) -> bool:
    ends = {column.key for _, column in relationship.synchronize_pairs}
    ends |= {column.key for _, column in relationship.secondary_synchronize_pairs or ()}
    return any(
        constraint.columns and {column.key for column in constraint.columns} <= ends
        for constraint in through.constraints
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
    )
