"""The outline of an operation: what it selects, in the graph's terms, with fragments spread and flags applied.

An outline depends on the document, the operation and the values of the variables in `@skip` and `@include`, and
on nothing else, so it is made once for each of these. What the other variables decide is read at its sites.
An operation that holds something that SQL cannot answer has no outline, and goes to the resolvers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graphql import FieldNode, FragmentDefinitionNode, GraphQLField, GraphQLObjectType, GraphQLSchema
from graphql.language import OperationDefinitionNode, OperationType

from schema.graph import Field, Graph, ObjectType, Relation
from schema.query.needs import HOLDERS
from schema.query.requests import COUNT
from schema.query.selection import Document, select_fields


@dataclass(frozen=True, slots=True)
class Constant:
    """A text that is the same in every answer: `__typename`."""

    text: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the row."""

    field: Field
    """Which."""


@dataclass(frozen=True, slots=True)
class Id:
    """The global id of the row."""


@dataclass(frozen=True, slots=True)
class Object:
    """The row at the other end of a to-one relation."""

    relation: Relation
    """Which."""

    members: tuple["Member", ...]
    """What is selected of it."""


@dataclass(frozen=True, slots=True)
class List:
    """A page of a list."""

    target: str
    """Type of its rows."""

    relation: Relation | None
    """The relation; None for the list of a whole type."""

    site: int
    """Where its arguments are read."""

    members: tuple["Member", ...]
    """What is selected of the connection."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """The rows of a page."""

    members: tuple["Member", ...]
    """What is selected of each."""


@dataclass(frozen=True, slots=True)
class Edges:
    """The rows of a page with their cursors; members of the edge: `Cursor`, `Node`, `Constant`."""

    members: tuple["Member", ...]
    """What is selected of each edge."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The cursor of an edge."""


@dataclass(frozen=True, slots=True)
class Node:
    """The row of an edge."""

    members: tuple["Member", ...]
    """What is selected of it."""


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page stands."""

    members: tuple[tuple[str, str], ...]
    """Response key and name of each of its fields."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate of the whole list."""

    function: str
    """Which function."""

    attribute: str
    """Of which attribute; empty for `count`."""


@dataclass(frozen=True, slots=True)
class Aggregates:
    """An object of aggregates: `aggregate` itself, or one of the functions below it."""

    members: tuple["Member", ...]
    """What is selected of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A root field that leads to one row."""

    site: int
    """Where its arguments are read."""

    by_type: Mapping[str, tuple["Member", ...]]
    """What is selected of it, for each type that it may be of."""


Content = (
    Constant | Value | Id | Object | List | Nodes | Edges | Cursor | Node | PageInfo | Aggregate | Aggregates | Row
)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object of the answer."""

    key: str
    """Its response key."""

    content: Content
    """What it is."""


@dataclass(frozen=True, slots=True)
class Site:
    """A field whose arguments are read for each request."""

    kind: str
    """`list`, `id`, `node` or `unique`."""

    type_name: str
    """Type of the rows; of `node`, the interface."""

    definition: GraphQLField
    """The field, for the coercion of its arguments."""

    node: FieldNode
    """Where it stands in the document."""

    key: tuple[str, ...] = ()
    """GraphQL names of the columns of a unique key."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What an operation selects."""

    members: tuple[Member, ...]
    """The root fields."""

    sites: tuple[Site, ...]
    """Where arguments are read."""


class Uncompiled(Exception):  # noqa: N818 - a turn of the road rather than an error
    """The operation holds something that SQL cannot answer."""


ROW_KINDS: Final = ("id", "unique", "node")


def make_outline(
    core: GraphQLSchema,
    graph: Graph,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    flags: Mapping[str, object],
) -> Outline:
    """Return the outline of an operation.

    Args:
        core: The schema.
        graph: The graph description.
        operation: A valid operation.
        fragments: The fragments of its document.
        flags: The coerced variables that stand in `@skip` and `@include`.

    Raises:
        Uncompiled: It holds something that SQL cannot answer.
    """
    if operation.operation is not OperationType.QUERY:
        raise Uncompiled
    maker = _Maker(core, graph, Document(core, fragments, flags))
    return Outline(maker.root(operation), tuple(maker.sites))


class _Maker:
    def __init__(self, core: GraphQLSchema, graph: Graph, document: Document) -> None:
        self._core = core
        self._graph = graph
        self._document = document
        self._roots = _root_fields(graph)
        self.sites: list[Site] = []

    def root(self, operation: OperationDefinitionNode) -> tuple[Member, ...]:
        members = []
        for key, nodes in select_fields(self._document, "Query", [operation]).items():
            name = nodes[0].name.value
            if name == "__typename":
                members.append(Member(key, Constant('"Query"')))
            elif name in self._roots:
                members.append(Member(key, self._root_field(name, nodes)))
            else:
                raise Uncompiled
        return tuple(members)

    def _root_field(self, name: str, nodes: list[FieldNode]) -> Content:
        kind, type_name, key = self._roots[name]
        site = self._site(kind, type_name, "Query", nodes[0], key)
        if kind == "list":
            return List(type_name, None, site, self._connection(type_name, nodes))
        possible = self._graph.types if kind == "node" else (type_name,)
        return Row(site, {each: self._object(self._graph.types[each], nodes) for each in possible})

    def _site(self, kind: str, type_name: str, parent: str, node: FieldNode, key: tuple[str, ...] = ()) -> int:
        parent_type = self._core.type_map[parent]
        if not isinstance(parent_type, GraphQLObjectType):
            raise Uncompiled
        self.sites.append(Site(kind, type_name, parent_type.fields[node.name.value], node, key))
        return len(self.sites) - 1

    def _object(self, type_: ObjectType, nodes: Sequence[FieldNode]) -> tuple[Member, ...]:
        fields = {field.name: field for field in type_.fields}
        relations = {relation.name: relation for relation in type_.relations}
        members = []
        for key, selected in select_fields(self._document, type_.name, nodes).items():
            name = selected[0].name.value
            content: Content
            if name == "__typename":
                content = Constant(f'"{type_.name}"')
            elif name == "id":
                content = Id()
            elif name in fields:
                content = Value(fields[name])
            elif name in relations:
                content = self._relation(relations[name], selected)
            else:
                raise Uncompiled  # a field that the team computes in Python
            members.append(Member(key, content))
        return tuple(members)

    def _relation(self, relation: Relation, nodes: list[FieldNode]) -> Content:
        if relation.is_list:
            site = self._site("list", relation.target, relation.source, nodes[0])
            return List(relation.target, relation, site, self._connection(relation.target, nodes))
        if not relation.is_reference:
            raise Uncompiled  # one to one from the end without the key: the row may have to be picked
        return Object(relation, self._object(self._graph.types[relation.target], nodes))

    def _connection(self, target: str, nodes: Sequence[FieldNode]) -> tuple[Member, ...]:
        members = []
        for key, selected in select_fields(self._document, f"{target}Connection", nodes).items():
            members.append(Member(key, self._connection_field(target, selected)))
        return tuple(members)

    def _connection_field(self, target: str, nodes: list[FieldNode]) -> Content:
        match nodes[0].name.value:
            case "__typename":
                return Constant(f'"{target}Connection"')
            case "nodes":
                return Nodes(self._object(self._graph.types[target], nodes))
            case "edges":
                return Edges(tuple(self._edge(target, nodes)))
            case "pageInfo":
                selected = select_fields(self._document, "PageInfo", nodes)
                return PageInfo(tuple((key, inner[0].name.value) for key, inner in selected.items()))
            case "totalCount":
                return Aggregate(*COUNT)
            case "aggregate":
                return self._aggregates(target, nodes)
            case _:
                raise Uncompiled

    def _edge(self, target: str, nodes: list[FieldNode]) -> list[Member]:
        members = []
        for key, selected in select_fields(self._document, f"{target}Edge", nodes).items():
            match selected[0].name.value:
                case "cursor":
                    members.append(Member(key, Cursor()))
                case "node":
                    members.append(Member(key, Node(self._object(self._graph.types[target], selected))))
                case _:
                    members.append(Member(key, Constant(f'"{target}Edge"')))
        return members

    def _aggregates(self, target: str, nodes: list[FieldNode]) -> Aggregates:
        type_, members = self._graph.types[target], []
        for key, selected in select_fields(self._document, f"{target}Aggregate", nodes).items():
            function = selected[0].name.value
            if function == "__typename":
                members.append(Member(key, Constant(f'"{target}Aggregate"')))
            elif function == "count":
                members.append(Member(key, Aggregate(*COUNT)))
            else:
                holder = HOLDERS[function]
                inner = [
                    Member(inner_key, self._aggregate(type_, f"{target}{holder}", function, each[0].name.value))
                    for inner_key, each in select_fields(self._document, f"{target}{holder}", selected).items()
                ]
                members.append(Member(key, Aggregates(tuple(inner))))
        return Aggregates(tuple(members))

    def _aggregate(self, type_: ObjectType, holder: str, function: str, name: str) -> Content:
        field = type_.field_named(name)
        return Constant(f'"{holder}"') if field is None else Aggregate(function, field.attribute)


def _root_fields(graph: Graph) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Return the generated root fields that lead to rows: kind, type and names of key columns."""
    roots: dict[str, tuple[str, str, tuple[str, ...]]] = {"node": ("node", "Node", ())}
    for type_ in graph.types.values():
        roots[type_.plural] = ("list", type_.name, ())
        roots[type_.singular] = ("id", type_.name, ())
        for key in type_.unique_keys:
            roots[key.name] = ("unique", type_.name, tuple(field.name for field in key.fields))
    return roots
