"""Reads what a model says of who may see and write its rows, and refuses what could not be kept."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Alias, Column
from sqlalchemy.orm import Mapper, RelationshipProperty
from sqlalchemy.sql import visitors

from schema.errors import DefinitionError
from schema.graph.data import ObjectType
from schema.graph.fields import Field, Relation
from schema.models.access import Access, ClaimRule, EveryRule, OwnerRule, Rule, ScopeRule, ThroughRule


def read_access(mapper: Mapper[Any], fields: Iterable[Field], relations: Iterable[Relation]) -> Access | None:
    """Return what a model says of who may see and write its rows; None where it says nothing.

    Args:
        mapper: The model's mapper.
        fields: Its shown fields.
        relations: Its shown relations.

    Raises:
        DefinitionError: A rule names what the model does not have, or cannot be kept.
    """
    said, model = vars(mapper.class_).get("__access__"), mapper.class_.__name__
    if said is None:
        return None
    if not isinstance(said, Access):
        raise DefinitionError(f"Model {model}: write __access__ = access(...), not {said!r}.")
    by_attribute = {field.attribute: field for field in fields}
    for rule in said.rules():
        if not isinstance(rule, Rule):
            raise DefinitionError(
                f"Model {model}: access() takes rules, made by scope(), owner(), claim(), where(), through() and "
                f"nobody(), not {rule!r}."
            )
        for leaf in rule.leaves():
            _check_leaf(mapper, leaf, {relation.attribute: relation for relation in relations})
    for attribute in said.columns:
        field = by_attribute.get(attribute)
        if field is None or field.column is None:
            raise DefinitionError(
                f"Model {model}: access(columns=...) names {attribute!r}; it can name columns that expose() shows. "
                "What is computed follows the columns that it is computed from."
            )
        if field.column.primary_key:
            raise DefinitionError(f"Model {model}: access(columns=...) names {attribute!r}, a part of every id.")
    return said


def _check_leaf(mapper: Mapper[Any], rule: Rule, relations: Mapping[str, Relation]) -> None:
    model = mapper.class_.__name__
    if isinstance(rule, ScopeRule) and not rule.scope:
        raise DefinitionError(f"Model {model}: scope() takes the name of a scope.")
    if isinstance(rule, OwnerRule | ClaimRule):
        attribute = mapper.attrs.get(rule.attribute)
        if not isinstance(getattr(attribute, "columns", [None])[0], Column):
            word = f"owner({rule.attribute!r})" if isinstance(rule, OwnerRule) else f"claim(..., {rule.attribute!r})"
            raise DefinitionError(f"Model {model}: {word} names no column of the model.")
    if isinstance(rule, ThroughRule):
        relation = relations.get(rule.relation)
        if relation is None or not relation.is_reference:
            known = ", ".join(sorted(name for name, each in relations.items() if each.is_reference)) or "none"
            raise DefinitionError(
                f"Model {model}: through({rule.relation!r}) takes a to-one relation that expose() shows and whose key "
                f"the row holds: {known}."
            )


def guarded_field(
    field: Field, access: Access | None, relations: Iterable[Relation], models: Mapping[str, type[Any]]
) -> Field:
    """Return a field as those see it who may not see all values: these are null to them.

    Args:
        field: The field.
        access: What its model says.
        relations: The shown relations of its model.
        models: All models that are shown, by the names of their types.
    """
    rule = None if access is None else access.columns.get(field.attribute)
    is_masked = rule is not None and rule.looks_at_rows
    if not is_masked and field.references is not None:
        is_masked = _hides_rows(models[field.references]) and not is_led(access, field, relations)
    return replace(field, is_nullable=True) if is_masked else field


def is_led(access: Access | None, field: Field, relations: Iterable[Relation]) -> bool:
    """Return whether who sees a row sees the one, too, that a foreign key of it leads to."""
    held = [each.attribute for each in relations if each.is_reference and each.key_columns == (field.column,)]
    return any(_leads(access, relation) for relation in held)


def _hides_rows(model: type[Any]) -> bool:
    said = vars(model).get("__access__")
    return isinstance(said, Access) and said.read is not None and said.read.looks_at_rows


def guarded_relation(relation: Relation, mapper: Mapper[Any], access: Access | None) -> Relation:
    """Return a to-one relation as those see it who may not see all rows that it leads to: it is null to them."""
    if relation.is_nullable:
        return relation
    relationship: RelationshipProperty[Any] = mapper.relationships[relation.attribute]
    is_hidden = _hides_rows(relationship.mapper.class_) and not _leads(access, relation.attribute)
    held = {str(mapper.get_property_by_column(column).key) for column in relation.key_columns}
    is_masked = access is not None and any(
        access.columns[each].looks_at_rows for each in held if each in access.columns
    )
    return replace(relation, is_nullable=True) if is_hidden or is_masked else relation


def _leads(access: Access | None, relation: str) -> bool:
    """Return whether a row is seen by those alone who see the row that a relation leads to."""
    rule = None if access is None else access.read
    parts = rule.parts if isinstance(rule, EveryRule) else (rule,)
    return ThroughRule(relation) in parts


def refuse_looking_past(types: Mapping[str, ObjectType]) -> None:
    """Refuse what is computed from rows of other tables that not everybody sees: a sum would tell of them.

    Raises:
        DefinitionError: Something is.
    """
    ruled = {type_.table: type_.model.__name__ for type_ in types.values() if type_.access is not None}
    for type_ in types.values():
        for field in type_.fields:
            if field.column is not None:
                continue
            for element in visitors.iterate(getattr(type_.model, field.attribute).expression):
                table = element.element if isinstance(element, Alias) else element
                if table in ruled and (table is not type_.table or table is not element):
                    raise DefinitionError(
                        f"{type_.model.__name__}.{field.attribute} looks at rows of {ruled[table]}, which says who "
                        "sees them, and would tell of those that a caller does not see. Make it a field of your own in "
                        "schema/fields/ that asks for context.seen(...), or use the counts that a list has."
                    )


def refuse_circles(types: Mapping[str, ObjectType]) -> None:
    """Refuse rules that lead through each other in a circle.

    Raises:
        DefinitionError: Some do.
    """
    beyond = {
        type_.name: {
            relation.target
            for rule in (() if type_.access is None else type_.access.rules())
            for leaf in rule.leaves()
            if isinstance(leaf, ThroughRule)
            for relation in type_.relations
            if relation.attribute == leaf.relation
        }
        for type_ in types.values()
    }
    for start in beyond:
        reached, last = set[str](), {start}
        while last:
            last = set().union(*(beyond[name] for name in last)) - reached
            reached |= last
        if start in reached:
            raise DefinitionError(f"Model {types[start].model.__name__}: its through() leads back to itself.")
