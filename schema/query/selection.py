"""What an operation selects below a field: fragments spread, the same field merged, `@skip` and `@include` applied.

Source: https://spec.graphql.org/October2021/#sec-Field-Collection
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)
from graphql.language import BooleanValueNode


@dataclass(frozen=True, slots=True)
class Document:
    """What selections of one operation depend on."""

    schema: GraphQLSchema
    """The schema that the document was validated against."""

    fragments: Mapping[str, FragmentDefinitionNode]
    """The document's fragments by name."""

    variables: Mapping[str, Any]
    """The coerced variables."""


Selecting = FieldNode | OperationDefinitionNode
"""What has selections below it."""


def document_of(info: GraphQLResolveInfo[Any]) -> Document:
    """Return what the selections of a running operation depend on."""
    return Document(info.schema, info.fragments, cast("Mapping[str, Any]", info.variable_values))


def select_fields(document: Document, type_name: str, nodes: Iterable[Selecting]) -> dict[str, list[FieldNode]]:
    """Return the fields selected below some fields, for one object type.

    Args:
        document: What the selection depends on.
        type_name: The object type that the selection is applied to.
        nodes: The fields above: all of one response key.

    Returns:
        The fields by response key, in the order of the response; each with all nodes that are merged into it.
    """
    selected: dict[str, list[FieldNode]] = {}
    seen: set[str] = set()
    for node in nodes:
        if node.selection_set is not None:
            for field in _fields(document, type_name, node.selection_set, seen):
                selected.setdefault(field.alias.value if field.alias else field.name.value, []).append(field)
    return selected


def _fields(document: Document, type_name: str, selection_set: SelectionSetNode, seen: set[str]) -> Iterator[FieldNode]:
    for node in selection_set.selections:
        if not _is_included(document, node):
            continue
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            if _fits(document, type_name, node.type_condition.name.value if node.type_condition else None):
                yield from _fields(document, type_name, node.selection_set, seen)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            fragment = document.fragments[node.name.value]
            if _fits(document, type_name, fragment.type_condition.name.value):
                yield from _fields(document, type_name, fragment.selection_set, seen)


def _fits(document: Document, type_name: str, condition: str | None) -> bool:
    """Return whether a fragment on a type applies to an object type."""
    if condition is None or condition == type_name:
        return True
    conditioned, object_type = document.schema.type_map[condition], document.schema.type_map[type_name]
    return is_abstract_type(conditioned) and document.schema.is_sub_type(conditioned, object_type)


def _is_included(document: Document, node: Any) -> bool:
    """Return whether `@skip` and `@include` leave a selection in."""
    for directive in node.directives or ():
        name = directive.name.value
        if name in ("skip", "include") and _flag(document, directive.arguments[0].value) is (name == "skip"):
            return False
    return True


def _flag(document: Document, value: Any) -> bool:
    if isinstance(value, VariableNode):
        return bool(document.variables[value.name.value])
    return isinstance(value, BooleanValueNode) and value.value
