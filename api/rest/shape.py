"""What of an answer a route shows: the rows, without what GraphQL has around them.

The root field falls away, and around rows the payload of a mutation and the connection of a list, where one field of
these is selected:

    {"data": {"createUser": {"user": {"id": "VXNlcjox"}}}}   ->   {"id": "VXNlcjox"}
    {"data": {"users": {"nodes": [{"id": "VXNlcjox"}]}}}     ->   [{"id": "VXNlcjox"}]

A mutation answers one of several types, and may be refused. So that a route sees which it was, what it needs is added
to the selection, under names that it takes away again.
"""

from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    parse,
)

from api.rest.selected import Fragments, Shown, fields_of, response_key
from schema.errors import DefinitionError
from schema.graph import Graph
from schema.saved import Saved
from schema.saved.files import place_of

KIND: Final = "route_kind"
"""Where a mutation says which type it answered."""

PROBLEM: Final = "route_problem"
"""What the names of the parts of a refusal begin with."""

_ADDED: Final = f"""{{
  {KIND}: __typename
  ... on UserError {{ {PROBLEM}_message: message {PROBLEM}_code: code {PROBLEM}_path: path }}
  ... on ValidationError {{ {PROBLEM}_errors: errors {{ message code path }} }}
}}"""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the answer of an operation becomes the body of a response."""

    keys: tuple[str, ...]
    """What falls away: keys of the answer, the outermost first; none where all root fields are shown."""

    shown: Shown
    """What is left."""

    is_mutation: bool
    """True where the root field says which type it answered."""

    @property
    def can_miss(self) -> bool:
        """True where null means that there is no such row."""
        return len(self.keys) == 1 and not self.is_mutation and is_composite_type(self.shown.type)


def shape_of(core: GraphQLSchema, graph: Graph, saved: Saved) -> Shape:
    """Return the shape of an operation's answer.

    Raises:
        DefinitionError: The operation cannot have a route.
    """
    operation, fragments = saved.operation, saved.document.fragments
    is_mutation = operation.operation is OperationType.MUTATION
    root = core.get_root_type(operation.operation)
    roots = operation.selection_set.selections
    place = place_of(saved.source.operation)
    if not all(isinstance(each, FieldNode) and not each.directives for each in roots):
        raise DefinitionError(
            f"{place}: an operation with a route names its root fields without fragments or directives."
        )
    if is_mutation and len(roots) != 1:
        raise DefinitionError(f"{place}: a mutation with a route has one root field, not {len(roots)}.")
    if root is None or len(roots) != 1 or not isinstance(roots[0], FieldNode):
        return Shape((), Shown(root, (operation.selection_set,)), is_mutation)
    field = root.fields.get(roots[0].name.value)
    if field is None:
        raise DefinitionError(f"{place}: `{roots[0].name.value}` cannot have a route.")
    finder = _Inner(core, graph, fragments)
    return finder.shape(roots[0], field, is_mutation=is_mutation)


@dataclass(frozen=True, slots=True)
class _Inner:
    """Finds what is left of a root field."""

    core: GraphQLSchema
    graph: Graph
    fragments: Fragments

    def shape(self, node: FieldNode, field: GraphQLField, *, is_mutation: bool) -> Shape:
        key, type_ = response_key(node), get_named_type(field.type)
        selections = (node.selection_set,) if node.selection_set else ()
        if is_mutation:
            if not isinstance(type_, GraphQLUnionType):
                return Shape((key,), Shown(field.type, selections), False)
            (payload,) = [each for each in type_.types if not is_refusal(each)]
            return self._within(key, Shown(payload, selections), is_mutation=True)
        if type_.name in {f"{name}Connection" for name in self.graph.types}:
            return self._within(key, Shown(field.type, selections), is_mutation=False)
        return Shape((key,), Shown(field.type, selections), False)

    def _within(self, key: str, outer: Shown, *, is_mutation: bool) -> Shape:
        """Go one step further in where one field is selected."""
        type_ = get_named_type(outer.type)
        nodes = fields_of(self.core, type_, outer.selections, self.fragments)
        if len(nodes) != 1 or any(each.is_optional for each in nodes.values()):
            return Shape((key,), outer, is_mutation)
        ((inner, selected),) = nodes.items()
        return Shape((key, inner), selected.shown, is_mutation)


def is_refusal(type_: GraphQLObjectType) -> bool:
    """Return whether a type says that a mutation was refused."""
    return any(each.name == "UserError" for each in type_.interfaces)


def asking(saved: Saved) -> DocumentNode:
    """Return the document of a mutation that says what it answered."""
    operation = saved.operation
    (root,) = operation.selection_set.selections
    if not isinstance(root, FieldNode) or root.selection_set is None:
        raise TypeError(root)
    added = parse(f"query {_ADDED}").definitions[0]
    if not isinstance(added, OperationDefinitionNode):
        raise TypeError(added)
    both = SelectionSetNode(selections=(*root.selection_set.selections, *added.selection_set.selections))
    changed = _with(root, selection_set=both)
    selection = SelectionSetNode(selections=(changed,))
    others = [each for each in saved.document.node.definitions if each is not operation]
    return DocumentNode(definitions=(_with(operation, selection_set=selection), *others))


def _with(node: Any, **changes: Any) -> Any:
    """Return a node with some of its parts changed."""
    return type(node)(**{key: changes.get(key, getattr(node, key)) for key in node.keys})
