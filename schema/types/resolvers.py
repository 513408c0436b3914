"""Gives the built schema its resolvers: values from rows, relations and lists from the loaders.

A resolver here is a plain function that returns a value or an awaitable; none is `async` on a column and
none checks permissions, since graphql-core pays for both once a value.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    GraphQLFloat,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
)

from schema.graph import Field, Graph, Kind, ObjectType, Relation, Scalar
from schema.opaque import read_id, read_id_of, write_id
from schema.query.conditions import aggregate_scalar
from schema.query.filter_arguments import read_filter
from schema.query.group_arguments import group_keys, read_grouping
from schema.query.needs import ListNeeds, Needs
from schema.query.order import read_order
from schema.query.page import Limits, read_page
from schema.query.requests import GroupRequest, ObjectRequest
from schema.query.rows import WIRE, wire_attribute
from schema.query.selection import document_of, select_fields
from schema.query.unique import read_unique
from schema.record import Record
from schema.spelled import ReadyJson, SpelledFloat
from schema.types.lists import KeySource, PageSource, list_request
from schema.types.mutators import MutationWiring, wire_mutations
from schema.types.own import OwnFields
from schema.types.own_mutations import wire_own_mutations, wire_own_rows
from schema.types.refusals import wire_refusals
from schema.types.scalars import locate, spelled_float

Resolver = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Wiring:
    """What resolvers are made from."""

    graph: Graph
    """The graph description."""

    needs: Needs
    """Which attributes each field needs."""

    limits: Limits
    """How large a page may be."""

    own: OwnFields
    """What a team has added."""


def wire(core: GraphQLSchema, wiring: Wiring) -> None:
    """Give every generated field of a schema its resolver. Fields of the team's own keep theirs."""
    for type_ in wiring.graph.types.values():
        _wire_object(core, type_, wiring)
    _wire_node(core, wiring)
    _wire_mutations(core, wiring)
    _wire_floats(core)
    locate(core)
    for input_ in core.type_map.values():
        if isinstance(input_, GraphQLInputObjectType) and input_.extensions["strawberry-definition"].is_one_of:
            input_.is_one_of = True  # Strawberry looks only when it runs; so validation and coercion do, once
            input_.out_type = GraphQLInputObjectType.out_type  # type: ignore[method-assign]  # as graphql-core has it


def _wire_floats(core: GraphQLSchema) -> None:
    """Let every field that gives a `Float` spell it as PostgreSQL does."""
    ours = spelled_float()
    for type_ in core.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field in type_.fields.values():
                if get_named_type(field.type) is GraphQLFloat:
                    field.type = _swapped(field.type, ours)


def _swapped(type_: Any, named: GraphQLScalarType) -> Any:
    """Return a type with another one inside its lists and non-nulls."""
    return type(type_)(_swapped(type_.of_type, named)) if hasattr(type_, "of_type") else named


def _fields(core: GraphQLSchema, type_name: str) -> Any:
    type_ = core.type_map[type_name]
    if not isinstance(type_, GraphQLObjectType):
        raise TypeError(f"{type_name} is no object type")
    type_.is_type_of = None  # a row is no instance of the Strawberry class that declares its type
    return type_.fields


def _wire_object(core: GraphQLSchema, type_: ObjectType, wiring: Wiring) -> None:
    fields = _fields(core, type_.name)
    fields["id"].resolve = _id(type_)
    for field in type_.fields:
        fields[field.name].resolve = _value(field, wiring.graph)
    for relation in type_.relations:
        target = wiring.graph.types[relation.target]
        make = _to_many if relation.is_list else _to_one
        fields[relation.name].resolve = make(type_, relation, target, wiring)
    query = _fields(core, "Query")
    query[type_.plural].resolve = _root_list(type_, wiring)
    query[type_.singular].resolve = _by_id(type_, wiring)
    for key in type_.unique_keys:
        query[key.name].resolve = _by_unique(type_, key.fields, wiring)
    connection = _fields(core, f"{type_.name}Connection")
    for shown in ("nodes", "edges", "pageInfo", "totalCount", "aggregate"):
        connection[shown].resolve = getattr(PageSource, f"resolve_{shown}")
    if "groups" in connection:
        connection["groups"].resolve = _groups(type_, wiring)
        _wire_groups(core, type_, wiring)
    for shown, field in _fields(core, f"{type_.name}Edge").items():
        field.resolve = _edge(shown)
    _wire_aggregates(core, type_)


def _wire_aggregates(core: GraphQLSchema, type_: ObjectType) -> None:
    """An aggregate type's source is the mapping of all aggregates; that of a type below it says which function."""
    for function, field in _fields(core, f"{type_.name}Aggregate").items():
        field.resolve = _count if function == "count" else _function(function)
        if function != "count":
            holder = core.type_map[field.type.of_type.name]
            if not isinstance(holder, GraphQLObjectType):
                raise TypeError(f"{holder} is no object type")
            for shown, inner in holder.fields.items():
                described = type_.field_named(shown)
                if described is not None:
                    inner.resolve = _aggregate(described)


def _count(source: Any, _info: Any) -> Any:
    return source["count", ""]


def _function(function: str) -> Resolver:
    return lambda source, _info: (function, source)


def _aggregate(field: Field) -> Resolver:
    attribute = field.attribute

    def resolve(source: tuple[str, Any], _info: Any) -> Any:
        function, values = source
        spell = _spelled(aggregate_scalar(function, field.scalar))
        value = values[function, attribute]
        return int(value) if function == "countDistinct" else spell(value)

    return resolve


def _spelled(scalar: Scalar) -> Callable[[Any], Any]:
    """Return what tells that a text is a number, or JSON, as PostgreSQL prints it."""
    spelled = {Kind.FLOAT: SpelledFloat, Kind.JSON: ReadyJson}.get(scalar.kind)
    if spelled is None:
        return lambda value: value
    if scalar.is_list:
        return lambda values: _optional(values, lambda items: [_optional(item, spelled) for item in items])
    return lambda value: _optional(value, spelled)


def _groups(type_: ObjectType, wiring: Wiring) -> Resolver:
    limits = wiring.limits.for_type(type_)

    async def resolve(source: PageSource, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        memo = info.context.loaders.memo
        place = (source.request, *map(id, info.field_nodes))
        request = memo.get(place)
        if request is None:
            aggregates = wiring.needs.of_groups(document_of(info), type_.name, info.field_nodes)
            grouping, list_ = read_grouping(wiring.graph, type_, arguments, limits), source.request
            info.context.loaders.count(grouping.having)
            request = GroupRequest(list_.target, list_.relation, list_.condition, grouping, aggregates)
            memo[place] = request
        return await source.load_groups(request)

    return resolve


def _wire_groups(core: GraphQLSchema, type_: ObjectType, wiring: Wiring) -> None:
    group, keys = _fields(core, f"{type_.name}Group"), _fields(core, f"{type_.name}GroupKeys")
    group["keys"].resolve = lambda source, _info: KeySource(source.keys)
    group["aggregate"].resolve = lambda source, _info: source.aggregates
    for shown in group_keys(type_):
        relation = next((relation for relation in type_.relations if relation.name == shown.name), None)
        if relation is not None:
            keys[shown.name].resolve = _to_one(type_, relation, wiring.graph.types[relation.target], wiring)
        elif shown.is_relation:
            keys[shown.name].resolve = _id(type_)
        else:
            field = type_.field_of(shown.key.attributes[0])
            keys[shown.name].resolve = _value(replace(field, attribute=shown.name), wiring.graph)


def _edge(shown: str) -> Resolver:
    return lambda source, _info: getattr(source, shown)


def _id(type_: ObjectType) -> Resolver:
    attributes = type_.key_attributes
    return lambda source, _info: write_id(type_, [getattr(source, attribute) for attribute in attributes])


def _value(field: Field, graph: Graph) -> Resolver:
    """Return the resolver of a column; of a row that a field of one's own returned, too."""
    attribute = field.attribute
    if field.references is not None:
        target = graph.types[field.references]
        return lambda source, _info: _optional(getattr(source, attribute), lambda value: write_id(target, (value,)))
    if field.scalar.enum is not None:
        member = _enum_member(field.scalar)
        if field.scalar.is_list:
            return lambda source, _info: _optional(
                getattr(source, attribute), lambda values: [_optional(value, member) for value in values]
            )
        return lambda source, _info: _optional(getattr(source, attribute), member)
    if wire_attribute(attribute, field.scalar) != attribute:
        wired, spell = attribute + WIRE, _spelled(field.scalar)

        def resolve(source: Any, _info: Any) -> Any:
            if isinstance(source, Record):
                return spell(getattr(source, wired))
            value = getattr(source, attribute)  # of a model, or of a group's keys, which are read as text
            return spell(value) if isinstance(source, KeySource) else value

        return resolve
    return lambda source, _info: getattr(source, attribute)


def _optional(value: Any, convert: Callable[[Any], Any]) -> Any:
    return None if value is None else convert(value)


def _enum_member(scalar: Scalar) -> Callable[[Any], Any]:
    enum = scalar.enum
    if enum is None:
        raise ValueError("not an enum")
    members = {member.value: enum.python[member.name] for member in enum.members}
    return members.__getitem__


def _to_one(type_: ObjectType, relation: Relation, target: ObjectType, wiring: Wiring) -> Resolver:
    name, keys = (type_.name, relation.name), relation.keys

    def resolve(source: Any, info: GraphQLResolveInfo[Any]) -> Awaitable[Any] | None:
        key = tuple([getattr(source, attribute) for attribute in keys])
        if None in key:
            return None
        request = _object_request(info, target, name, (), wiring)
        return info.context.loaders.load_object(request, key)  # type: ignore[no-any-return]  # typed as Any there

    return resolve


def _to_many(type_: ObjectType, relation: Relation, target: ObjectType, wiring: Wiring) -> Resolver:
    name, keys = (type_.name, relation.name), relation.keys

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> PageSource:
        key = tuple([getattr(source, attribute) for attribute in keys])
        return _page(info, target, name, arguments, key, wiring)

    return resolve


def _root_list(type_: ObjectType, wiring: Wiring) -> Resolver:
    def resolve(_source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> PageSource:
        return _page(info, type_, None, arguments, (), wiring)

    return resolve


def _page(
    info: GraphQLResolveInfo[Any],
    target: ObjectType,
    relation: tuple[str, str] | None,
    arguments: dict[str, Any],
    key: tuple[Any, ...],
    wiring: Wiring,
) -> PageSource:
    """Return the page of one parent; the arguments are read once for all parents of a level."""
    memo = info.context.loaders.memo
    place = (relation or target.name, *map(id, info.field_nodes))
    request = memo.get(place)
    if request is None:
        needs = wiring.needs.of_list(document_of(info), target.name, info.field_nodes)
        order = read_order(wiring.graph, target, arguments.get("orderBy"))
        condition = read_filter(wiring.graph, target, arguments.get("filter"))
        info.context.loaders.count(condition)
        page = read_page(arguments, order, wiring.limits.for_type(target))
        request = memo[place] = list_request(target.name, relation, page, condition, needs)
    return PageSource(info.context.loaders, request, key)


def _object_request(
    info: GraphQLResolveInfo[Any],
    target: ObjectType,
    relation: tuple[str, str] | None,
    key: tuple[str, ...],
    wiring: Wiring,
) -> ObjectRequest:
    """Return the request of a field that leads to one row; worked out once for all parents of a level."""
    memo = info.context.loaders.memo
    place = (relation or key, target.name, *map(id, info.field_nodes))
    request = memo.get(place)
    if request is None:
        attributes = wiring.needs.of_object(document_of(info), target.name, info.field_nodes)
        request = memo[place] = ObjectRequest(target.name, relation, key, attributes)
    return request  # type: ignore[no-any-return]  # typed as Any there


def _by_id(type_: ObjectType, wiring: Wiring) -> Resolver:
    key = type_.key_attributes

    def resolve(_source: Any, info: GraphQLResolveInfo[Any], id: str) -> Awaitable[Any]:  # noqa: A002 - the argument's name
        request = _object_request(info, type_, None, key, wiring)
        return info.context.loaders.load_object(request, read_id_of(type_, id, "id"))  # type: ignore[no-any-return]  # typed as Any there

    return resolve


def _wire_mutations(core: GraphQLSchema, wiring: Wiring) -> None:
    needed = MutationWiring(
        wiring.graph,
        wiring.limits,
        lambda info, type_, key: _load(info, type_, key, wiring),
        lambda info, type_, key: _load_edge(info, type_, key, wiring),
    )
    wire_own_rows(core, needed, wiring.own)
    if core.mutation_type is None:
        return
    wire_mutations(core, needed, wiring.own.replaced)
    wire_own_mutations(core, needed, wiring.own.by_type.get("Mutation", {}))
    wire_refusals(core)


def _load(info: GraphQLResolveInfo[Any], type_: ObjectType, key: tuple[Any, ...], wiring: Wiring) -> Awaitable[Any]:
    request = _object_request(info, type_, None, type_.key_attributes, wiring)
    return info.context.loaders.load_object(request, key)  # type: ignore[no-any-return]  # typed as Any there


async def _load_edge(info: GraphQLResolveInfo[Any], type_: ObjectType, key: tuple[Any, ...], wiring: Wiring) -> Any:
    """Return a row with its place in the list of all, in the order that a list has where nothing is asked."""
    document = document_of(info)
    below = select_fields(document, f"{type_.name}Edge", info.field_nodes)
    nodes = [node for some in below.values() for node in some if node.name.value == "node"]
    attributes = wiring.needs.of_object(document, type_.name, nodes)
    page = read_page({"first": 1}, read_order(wiring.graph, type_, None), wiring.limits.for_type(type_))
    condition = read_filter(wiring.graph, type_, {"id": {"eq": write_id(type_, key)}})
    needs = ListNeeds(attributes, has_rows=True, aggregates=(), has_previous=False, has_next=False)
    request = list_request(type_.name, None, page, condition, needs)
    (edge,) = await PageSource(info.context.loaders, request, ()).resolve_edges(info)
    return edge


def _by_unique(type_: ObjectType, fields: Sequence[Field], wiring: Wiring) -> Resolver:
    key = tuple(field.attribute for field in fields)

    def resolve(_source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Awaitable[Any]:
        request = _object_request(info, type_, None, key, wiring)
        values = tuple(read_unique(wiring.graph, field, arguments[field.name]) for field in fields)
        return info.context.loaders.load_object(request, values)  # type: ignore[no-any-return]  # typed as Any there

    return resolve


def _wire_node(core: GraphQLSchema, wiring: Wiring) -> None:
    graph, query, interface = wiring.graph, _fields(core, "Query"), core.type_map["Node"]

    def load(info: GraphQLResolveInfo[Any], id_: str) -> Awaitable[Any]:
        type_, key = read_id(graph.types, id_)
        request = _object_request(info, type_, None, type_.key_attributes, wiring)
        return info.context.loaders.load_object(request, key)  # type: ignore[no-any-return]  # typed as Any there

    def load_many(_source: Any, info: GraphQLResolveInfo[Any], ids: list[str]) -> list[Awaitable[Any]]:
        wiring.limits.check_ids(ids)
        parsed = [read_id(graph.types, id_) for id_ in ids]
        requests = [_object_request(info, type_, None, type_.key_attributes, wiring) for type_, _ in parsed]
        load_object = info.context.loaders.load_object
        return [load_object(request, key) for request, (_, key) in zip(requests, parsed, strict=True)]

    def type_of(value: Any, _info: GraphQLResolveInfo[Any], _type: Any) -> str:
        return value.graph_type if isinstance(value, Record) else graph.by_model[type(value)].name

    if not isinstance(interface, GraphQLInterfaceType):
        raise TypeError("Node is no interface")
    interface.resolve_type = type_of
    query["node"].resolve = lambda _source, info, id: load(info, id)  # noqa: A006 - the argument's name
    query["nodes"].resolve = load_many
    for shown, field in _fields(core, "PageInfo").items():
        field.resolve = _edge(shown)
