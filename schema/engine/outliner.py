"""A valid operation -> its outline: what SQL can answer, and what is computed on top of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from graphql.language import OperationDefinitionNode, OperationType

from schema.engine.created import Create
from schema.engine.outline import (
    Aggregate,
    Aggregates,
    Constant,
    Content,
    Cursor,
    Edges,
    Groups,
    Id,
    Keys,
    List,
    Member,
    Node,
    Nodes,
    Object,
    Outline,
    Own,
    OwnField,
    PageInfo,
    Row,
    Rows,
    Site,
    Value,
    Written,
    key_attribute,
)
from schema.engine.taken import shares, take_apart
from schema.graph import Field, Graph, ObjectType, Relation
from schema.query.group_arguments import group_keys
from schema.query.needs import HOLDERS
from schema.query.requests import COUNT, RELATION, GroupKey
from schema.query.selection import Document, select_fields

OwnReads = Mapping[tuple[str, str], tuple[Field, ...]]
"""The values that each field in Python is computed from, by type and field name."""


class Uncompiled(Exception):  # noqa: N818 - a turn of the road rather than an error
    """The operation holds something that SQL cannot answer."""


def make_outline(
    core: GraphQLSchema,
    graph: Graph,
    own: OwnReads,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    flags: Mapping[str, object],
    creates: Mapping[str, Create],
) -> Outline:
    """Return the outline of an operation.

    Args:
        core: The schema.
        graph: The graph description.
        own: The fields in Python that need nothing but values of their row.
        operation: A valid operation.
        fragments: The fragments of its document.
        flags: The coerced variables that stand in `@skip` and `@include`.
        creates: The root fields that create a row.

    Raises:
        Uncompiled: It holds something that SQL cannot answer.
    """
    maker = _Maker(core, graph, own, Document(core, fragments, flags))
    if operation.operation is OperationType.QUERY:
        members = maker.root(operation)
    elif operation.operation is OperationType.MUTATION and not operation.directives:
        members = (maker.created(operation, creates),)
    else:
        raise Uncompiled
    return Outline(members, tuple(maker.sites), tuple(maker.own))


class _Maker:
    def __init__(self, core: GraphQLSchema, graph: Graph, own: OwnReads, document: Document) -> None:
        self._core = core
        self._graph = graph
        self._own = own
        self._document = document
        self._roots = _root_fields(graph)
        self.sites: list[Site] = []
        self.own: list[OwnField] = []

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

    def created(self, operation: OperationDefinitionNode, creates: Mapping[str, Create]) -> Member:
        """Return the only root field of a mutation: a row that is created, and read as it is then."""
        fields = select_fields(self._document, "Mutation", [operation])
        ((key, nodes),) = fields.items() if len(fields) == 1 else [("", [])]
        create = creates.get(nodes[0].name.value) if nodes else None
        if create is None:
            raise Uncompiled
        type_ = self._graph.types[create.type_name]
        site, members = self._site("written", type_.name, "Mutation", nodes[0]), list[Member]()
        for shown, selected in select_fields(self._document, create.payload, nodes).items():
            content: Content
            if selected[0].name.value == "__typename":
                content = Constant(f'"{create.payload}"')
            elif selected[0].name.value == type_.singular:
                content = Row(site, {type_.name: self._object(type_, selected)})
            else:
                raise Uncompiled
            members.append(Member(shown, content))
        if self.own or sum(isinstance(member.content, Row) for member in members) > 1:
            raise Uncompiled  # what fails after it is written cannot be run again
        return Member(key, Written(tuple(members)))

    def _root_field(self, name: str, nodes: list[FieldNode]) -> Content:
        kind, type_name, key = self._roots[name]
        site = self._site(kind, type_name, "Query", nodes[0], key)
        if kind == "list":
            return self._list(List(type_name, None, site, self._connection(type_name, nodes)))
        possible = self._graph.types if type_name == "Node" else (type_name,)
        by_type = {each: self._object(self._graph.types[each], nodes) for each in possible}
        return Rows(site, by_type) if kind == "nodes" else Row(site, by_type)

    def _site(self, kind: str, type_name: str, parent: str, node: FieldNode, key: tuple[str, ...] = ()) -> int:
        self.sites.append(Site(kind, type_name, self._type(parent).fields[node.name.value], node, key))
        return len(self.sites) - 1

    def _type(self, name: str) -> GraphQLObjectType:
        type_ = self._core.type_map[name]
        if not isinstance(type_, GraphQLObjectType):
            raise TypeError(f"{name} is no object type")
        return type_

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
                content = self._own_field(type_, selected)
            members.append(Member(key, content))
        return tuple(members)

    def _own_field(self, type_: ObjectType, nodes: list[FieldNode]) -> Own:
        name = nodes[0].name.value
        reads, definition = self._own.get((type_.name, name)), self._type(type_.name).fields[name]
        if reads is None or not is_leaf_type(get_named_type(definition.type)):
            raise Uncompiled
        self.own.append(OwnField(type_.name, definition, nodes[0], reads))
        return Own(len(self.own) - 1, reads)

    def _relation(self, relation: Relation, nodes: list[FieldNode]) -> Content:
        if relation.is_list:
            site = self._site("list", relation.target, relation.source, nodes[0])
            return self._list(List(relation.target, relation, site, self._connection(relation.target, nodes)))
        return Object(relation, self._object(self._graph.types[relation.target], nodes))

    def _list(self, list_: List) -> List:
        """Return a list, unless its groups would be copied into each of its rows, which are kept."""
        parts = take_apart(list_.members)
        if parts.groups and (parts.has_rows or parts.asked) and shares(list_):
            raise Uncompiled
        return list_

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
                return Groups(self._site("groups", target, f"{target}Connection", nodes[0]), self._group(target, nodes))

    def _group(self, target: str, nodes: Sequence[FieldNode]) -> tuple[Member, ...]:
        members = []
        for key, selected in select_fields(self._document, f"{target}Group", nodes).items():
            content: Content
            match selected[0].name.value:
                case "keys":
                    content = Keys(self._keys(self._graph.types[target], selected))
                case "aggregate":
                    content = self._aggregates(target, selected)
                case _:
                    content = Constant(f'"{target}Group"')
            members.append(Member(key, content))
        return tuple(members)

    def _keys(self, type_: ObjectType, nodes: Sequence[FieldNode]) -> tuple[Member, ...]:
        known = {shown.name: shown for shown in group_keys(type_)}
        members = []
        for key, selected in select_fields(self._document, f"{type_.name}GroupKeys", nodes).items():
            name = selected[0].name.value
            members.append(
                Member(
                    key,
                    self._key(type_, known[name].key, selected)
                    if name in known
                    else Constant(f'"{type_.name}GroupKeys"'),
                )
            )
        return tuple(members)

    def _key(self, type_: ObjectType, key: GroupKey, nodes: list[FieldNode]) -> Content:
        if key.unit != RELATION:
            return Value(replace(type_.field_of(key.attributes[0]), name=key.name, attribute=key_attribute(key.name)))
        relation = self._graph.relations.get((type_.name, key.name))
        return Id() if relation is None else self._relation(relation, nodes)

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
    roots: dict[str, tuple[str, str, tuple[str, ...]]] = {
        "node": ("node", "Node", ()),
        "nodes": ("nodes", "Node", ()),
    }
    for type_ in graph.types.values():
        roots[type_.plural] = ("list", type_.name, ())
        roots[type_.singular] = ("id", type_.name, ())
        for key in type_.unique_keys:
            roots[key.name] = ("unique", type_.name, tuple(field.name for field in key.fields))
    return roots
