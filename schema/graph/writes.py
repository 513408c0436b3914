"""Reads what a model says of writing into the description: which columns and relations, and what they must keep."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, get_args

from sqlalchemy import Column
from sqlalchemy.orm import Mapper, RelationshipProperty

from schema.errors import DefinitionError
from schema.graph.accepts import keywords_of, read_check, read_row_check
from schema.graph.fields import Field, Relation
from schema.graph.kinds import Kind
from schema.graph.rules import read_rules, type_rules
from schema.graph.written import Link, WriteField, Writes
from schema.models.base import Writable, Write


def read_writes(mapper: Mapper[Any], fields: Sequence[Field], relations: Sequence[Relation]) -> Writes | None:
    """Return what clients may write of a model, None where it says nothing.

    Args:
        mapper: The model's mapper.
        fields: Its shown fields.
        relations: Its shown relations.

    Raises:
        DefinitionError: The model says what cannot be written.
    """
    model, said = mapper.class_.__name__, vars(mapper.class_).get("__writes__")
    if said is None:
        return None
    if not isinstance(said, Writable):
        raise DefinitionError(f"Model {model}: write __writes__ = writable(...), not {said!r}.")
    _refuse_unknown(said.fixed, said.attributes, f"Model {model}: writable(fixed=...)")
    _refuse_unknown(said.checks, said.attributes, f"Model {model}: writable(checks=...)")
    _refuse_unknown(said.without, get_args(Write), f"Model {model}: writable(without=...)")
    by_attribute = {field.attribute: field for field in fields}
    by_relation = {relation.attribute: relation for relation in relations}
    rules, looked_at = read_rules(mapper)
    written, links = [], []
    for attribute in said.attributes:
        is_fixed = attribute in said.fixed
        if attribute in by_relation:
            links.append(_link(mapper, by_relation[attribute], is_fixed=is_fixed))
            continue
        field = by_attribute.get(attribute)
        if field is None:
            raise DefinitionError(f"Model {model}: writable() names {attribute!r}, which expose() does not show.")
        if field.column is None or field.column.computed is not None:
            raise DefinitionError(f"Model {model}: writable() names {attribute!r}, which is computed.")
        kept = (*type_rules(field), *rules.get(attribute, ()))
        check = said.checks.get(attribute) or field.column.info.get("accepts")
        keywords = [rule.keywords for rule in kept]
        if check is not None:
            function = read_check(check, field.scalar.kind, f"{model}.{attribute}")
            check, keywords = function, [*keywords, keywords_of(check)]
        written.append(
            WriteField(field, _is_required(field.column), is_fixed, kept, check, tuple(filter(None, keywords)))
        )
    needed = _needed(mapper, written, links)
    operations = frozenset(get_args(Write)) - set(said.without)
    if needed and "create" in operations:
        raise DefinitionError(
            f"Model {model}: a new row needs {', '.join(sorted(needed))}, which clients cannot give; name it in "
            'writable(), give its column a default, or say without=["create"].'
        )
    columns = MappingProxyType(dict(_columns(mapper)))
    version, row_check = _version(mapper, fields), read_row_check(said.rules, model)
    return Writes(tuple(written), tuple(links), operations, columns, MappingProxyType(looked_at), row_check, version)


def _version(mapper: Mapper[Any], fields: Sequence[Field]) -> Field | None:
    """Return the field of SQLAlchemy's `version_id_col`."""
    if mapper.version_id_col is None:
        return None
    field = next((each for each in fields if each.column is mapper.version_id_col), None)
    if field is None or field.scalar.kind is not Kind.INTEGER:
        raise DefinitionError(
            f"Model {mapper.class_.__name__}: version_id_col must be an Integer that expose() shows, as clients tell "
            "the version that they change."
        )
    return field


def _columns(mapper: Mapper[Any]) -> Iterator[tuple[str, Column[Any]]]:
    for attribute in mapper.column_attrs:
        if isinstance(attribute.columns[0], Column):
            yield attribute.key, attribute.columns[0]


def _is_required(column: Column[Any]) -> bool:
    is_set = column.default is not None or column.server_default is not None or column.identity is not None
    return not (column.nullable or is_set or column.computed is not None)


def _needed(mapper: Mapper[Any], written: Iterable[WriteField], links: Iterable[Link]) -> set[str]:
    """Return the attributes that a new row needs and that nobody gives."""
    needed = {attribute for attribute, column in _columns(mapper) if _is_required(column)}
    needed -= {each.field.attribute for each in written}
    needed -= {attribute for attribute, column in _columns(mapper) if column is mapper.version_id_col}
    return needed - {near for link in links if link.relation.is_reference for near, _ in link.pairs}


def _link(mapper: Mapper[Any], relation: Relation, *, is_fixed: bool) -> Link:
    relationship: RelationshipProperty[Any] = mapper.relationships[relation.attribute]
    target = relationship.mapper
    where = f"{mapper.class_.__name__}.{relation.attribute}"
    if relationship.viewonly:
        raise DefinitionError(f"{where} is viewonly and cannot be written; take it out of writable().")
    if relation.through is not None:
        near = tuple(_associated(mapper, relationship.synchronize_pairs))
        far = tuple(_associated(target, relationship.secondary_synchronize_pairs or ()))
        return Link(relation, False, is_fixed, (), near, far)
    pairs = [(near, far) for near, far in relationship.local_remote_pairs or ()]
    equal = tuple((_attribute(mapper, near), _attribute(target, far)) for near, far in pairs)
    is_required = relation.is_reference and not relation.is_nullable
    is_required = is_required and all(_is_required(near) for near, _ in pairs if isinstance(near, Column))
    return Link(relation, is_required, is_fixed, equal, back=_back(relationship))


def _associated(mapper: Mapper[Any], pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, Column[Any]]]:
    """Yield attributes of an end, each with the column of the association table that holds it."""
    for column, other in pairs:
        yield _attribute(mapper, column), other


def _attribute(mapper: Mapper[Any], column: Any) -> str:
    return str(mapper.get_property_by_column(column).key)


def _back(relationship: RelationshipProperty[Any]) -> str | None:
    """Return the attribute of the target's relationship over the same columns."""
    mirrored = {(far, near) for near, far in relationship.local_remote_pairs or ()}
    for other in relationship.mapper.relationships:
        if other.mapper is relationship.parent and set(other.local_remote_pairs or ()) == mirrored:
            return str(other.key)
    return None


def _refuse_unknown(given: Iterable[str] | Mapping[str, Any], known: Sequence[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise DefinitionError(f"{what} names {name!r}; it can name: {', '.join(known)}.")
