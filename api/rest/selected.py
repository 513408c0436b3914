"""What a document selects, fragments followed: the fields of a type by the keys that they have in the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    is_abstract_type,
)

Fragments = Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True, slots=True)
class Shown:
    """A selection of a type."""

    type: Any
    """The GraphQL type, with what is around it: lists, and whether it may be null."""

    selections: tuple[SelectionSetNode, ...]
    """What is selected of it; none where it is a value."""


@dataclass(slots=True)
class Selected:
    """A field that is selected, perhaps in several places."""

    shown: Shown
    """Its type, and what is selected of it."""

    field: GraphQLField
    """Its definition."""

    is_optional: bool
    """True where it may be left out: behind a condition, or of some types only."""


def fields_of(
    core: GraphQLSchema, type_: Any, selections: tuple[SelectionSetNode, ...], fragments: Fragments
) -> dict[str, Selected]:
    """Return what is selected of a type, by key of the answer.

    Args:
        core: The schema.
        type_: An object type, an interface or a union.
        selections: What is selected of it.
        fragments: The fragments of the document.
    """
    found: dict[str, Selected] = {}
    for each in selections:
        _collect(core, type_, each, fragments, found, is_optional=False)
    return found


def _collect(
    core: GraphQLSchema,
    type_: Any,
    selection_set: SelectionSetNode,
    fragments: Fragments,
    found: dict[str, Selected],
    *,
    is_optional: bool,
) -> None:
    for each in selection_set.selections:
        conditional = is_optional or bool(each.directives)
        if isinstance(each, FieldNode):
            _note(core, type_, each, found, is_optional=conditional)
            continue
        inner, condition = _fragment(each, fragments)
        narrowed = core.type_map[condition] if condition else type_
        if not _overlaps(core, type_, narrowed):
            continue
        is_some = isinstance(narrowed, GraphQLObjectType) and not isinstance(type_, GraphQLObjectType)
        target = narrowed if not isinstance(type_, GraphQLObjectType) else type_
        _collect(core, target, inner, fragments, found, is_optional=conditional or is_some)


def _fragment(node: Any, fragments: Fragments) -> tuple[SelectionSetNode, str | None]:
    if isinstance(node, FragmentSpreadNode):
        definition = fragments[node.name.value]
        return definition.selection_set, definition.type_condition.name.value
    if not isinstance(node, InlineFragmentNode):
        raise TypeError(node)
    return node.selection_set, node.type_condition.name.value if node.type_condition else None


def _note(core: GraphQLSchema, type_: Any, node: FieldNode, found: dict[str, Selected], *, is_optional: bool) -> None:
    field = core.get_field(type_, node.name.value)
    if field is None:
        return
    selections = (node.selection_set,) if node.selection_set else ()
    key = response_key(node)
    if (known := found.get(key)) is not None:
        known.shown = Shown(known.shown.type, (*known.shown.selections, *selections))
        known.is_optional = known.is_optional and is_optional
    else:
        found[key] = Selected(Shown(field.type, selections), field, is_optional)


def _overlaps(core: GraphQLSchema, type_: Any, other: Any) -> bool:
    if type_ is other:
        return True
    names = {each.name for each in core.get_possible_types(type_)} if is_abstract_type(type_) else {type_.name}
    others = {each.name for each in core.get_possible_types(other)} if is_abstract_type(other) else {other.name}
    return bool(names & others)


def response_key(node: FieldNode) -> str:
    """Return the key of a field in the answer."""
    return node.alias.value if node.alias else node.name.value
