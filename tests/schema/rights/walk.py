"""Walks a schema from its root fields and writes documents that come by every path, so far as a depth allows.

What is walked: every selection, every leaf of every filter, order, `having` and order of groups, every key of groups,
and every aggregate. Where a field is added to the schema, it is walked too.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from schema.graph import Graph
from schema.opaque import decode

HOPS: Final = 1
"""Most relations between a root field and what is selected."""

INPUT_HOPS: Final = 1
"""Most relations between the rows of a list and what they are filtered or ordered by."""

TOGETHER: Final = 15
"""Fields of one document."""

VALUES: Final = {
    "String": '"sql"', "Int": "2", "Boolean": "true", "BigInt": '"2"', "Decimal": '"200"', "Float": "1.5",
    "DateTime": '"2020-05-05T00:00:00Z"', "Date": '"2020-05-05"', "JSON": "1",
}  # fmt: skip
"""A value of each scalar that some rows have, or are above of."""

OPERATORS: Final = ("isNull", "eq", "gt", "in", "contains", "has")
"""Which operators are tried, the first that a field has, or the first two near by: all compare the same expression."""


class Walk:
    """The documents of one schema."""

    def __init__(self, core: GraphQLSchema, graph: Graph, ids: Iterable[str]) -> None:
        """Take the schema, and the ids of all rows."""
        self.core = core
        self.graph = graph
        self.ids = list(ids)

    def documents(self) -> Iterator[tuple[str, str]]:
        """Yield every document, by name."""
        for type_ in self.graph.types.values():
            selection = self.selection(self._object(type_.name), HOPS)
            yield f"{type_.plural}", f"{{ {type_.plural}(first: 100) {{ {self.connection(type_.name, selection)} }} }}"
            yield f"{type_.singular}", self._whole(self._one_by_one(type_.name))
            for kind, leaves, text in (
                (
                    "filter",
                    self.leaves(f"{type_.name}Filter", INPUT_HOPS),
                    "(filter: @, first: 100) { totalCount nodes { id } }",
                ),
                (
                    "order",
                    self.leaves(f"{type_.name}Order", INPUT_HOPS),
                    "(first: 100, orderBy: [@]) { edges { cursor } }",
                ),
                ("groups", self.groups(type_.name), " { @ }"),
            ):
                for number, part in enumerate(_parts(leaves)):
                    fields = (type_.plural + text.replace("@", leaf) for leaf in part)
                    yield f"{type_.plural}-{kind}-{number}", self._whole(fields)
        yield "nodes", f"{{ nodes(ids: [{', '.join(map(_quoted, self.ids))}]) {{ id {self._fragments()} }} }}"

    def _whole(self, fields: Iterable[str]) -> str:
        return "{ " + " ".join(f"f{number}: {field}" for number, field in enumerate(fields)) + " }"

    def _object(self, name: str) -> GraphQLObjectType:
        type_ = self.core.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        return type_

    def selection(self, type_: GraphQLObjectType, hops: int) -> str:
        """Return all that can be selected of a row."""
        parts = []
        for name, field in type_.fields.items():
            below = get_named_type(field.type)
            if is_leaf_type(below):
                parts.append(name)
            elif hops and isinstance(below, GraphQLObjectType):
                parts.append(f"{name} {{ {self._beyond(below, hops - 1)} }}" if "first" not in field.args else
                             f"{name}(first: 20) {{ {self._beyond(below, hops - 1)} }}")  # fmt: skip
        return " ".join(parts)

    def _beyond(self, type_: GraphQLObjectType, hops: int) -> str:
        name = type_.name.removesuffix("Connection")
        selection = self.selection(self._object(name), hops)
        return selection if type_.name == name else self.connection(name, selection)

    def connection(self, name: str, selection: str) -> str:
        """Return all of a list but its groups."""
        page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        return f"totalCount {page} nodes {{ {selection} }} edges {{ cursor }} aggregate {{ {self.aggregate(name)} }}"

    def aggregate(self, name: str) -> str:
        """Return all aggregates of a type."""
        fields = self._object(f"{name}Aggregate").fields
        return " ".join(
            shown if is_leaf_type(below := get_named_type(field.type)) else f"{shown} {{ {self.selection(below, 0)} }}"
            for shown, field in fields.items()
        )

    def groups(self, name: str) -> Iterator[str]:
        """Yield the arguments and the selection of groups."""
        members = self.core.type_map.get(f"{name}GroupBy")
        if not isinstance(members, GraphQLEnumType):
            return
        keys = self._object(f"{name}GroupKeys")
        for member, key in zip(members.values, keys.fields, strict=True):
            below = get_named_type(keys.fields[key].type)
            shown = key if is_leaf_type(below) else f"{key} {{ {self.selection(below, 0)} }}"
            aggregate = f"aggregate {{ {self.aggregate(name)} }}"
            yield f"groups(by: [{member}], first: 100) {{ keys {{ {shown} }} {aggregate} }}"
        arguments = self._object(f"{name}Connection").fields["groups"].args
        first = next(iter(members.values))
        for argument in ("having", "orderBy"):
            for leaf in self.leaves(get_named_type(arguments[argument].type).name, 0):
                if not leaf.startswith("{key:"):
                    given = f"[{leaf}]" if argument == "orderBy" else leaf
                    yield f"groups(by: [{first}], first: 100, {argument}: {given}) {{ aggregate {{ count }} }}"

    def leaves(self, name: str, hops: int) -> Iterator[str]:
        """Yield an input for each leaf of a filter or an order."""
        type_ = self.core.type_map[name]
        assert isinstance(type_, GraphQLInputObjectType)
        operators = [each for each in OPERATORS if each in type_.fields]
        if operators and all(not self._leads_on(field.type) for field in type_.fields.values()):
            for operator in operators[: 1 + hops]:
                yield f"{{{operator}: {self._value(type_.fields[operator].type, name)}}}"
            return
        for shown, field in type_.fields.items():
            yield from (f"{{{shown}: {leaf}}}" for leaf in self._below(name, shown, field.type, hops))

    def _leads_on(self, type_: GraphQLInputType) -> bool:
        return isinstance(get_named_type(type_), GraphQLInputObjectType)

    def _below(self, name: str, shown: str, type_: GraphQLInputType, hops: int) -> Iterator[str]:
        below = get_named_type(type_)
        owner = name.removesuffix("Filter").removesuffix("Order")
        if shown in ("and", "or", "not") or isinstance(type_, GraphQLList):
            return
        if shown == "id" or (owner in self.graph.types and self._references(owner, shown)):
            of = owner if shown == "id" else self._references(owner, shown)
            ids = [each for each in self.ids if decode(each).startswith(f"{of}:")]
            if isinstance(below, GraphQLEnumType):
                yield next(iter(below.values))
            for each in islice(ids, 0, None, 7) if isinstance(below, GraphQLInputObjectType) else ():
                yield f"{{eq: {_quoted(each)}}}"
        elif isinstance(below, GraphQLInputObjectType):
            is_far = below.name.removesuffix("Filter").removesuffix("Order") in self.graph.types
            if hops or not is_far:
                yield from self.leaves(below.name, hops - is_far)
        elif isinstance(below, GraphQLEnumType):
            yield next(iter(below.values))
        else:
            yield self._value(type_, name)

    def _references(self, owner: str, shown: str) -> str | None:
        field = self.graph.types[owner].field_named(shown)
        return field.references if field is not None else None

    def _value(self, type_: GraphQLInputType, where: str) -> str:
        if isinstance(type_, GraphQLNonNull):
            return self._value(type_.of_type, where)
        if isinstance(type_, GraphQLList):
            return f"[{self._value(type_.of_type, where)}]"
        named = get_named_type(type_)
        if isinstance(named, GraphQLEnumType):
            return next(iter(named.values))
        assert named.name in VALUES, f"{where} takes a {named.name}: give it a value here"
        return VALUES[named.name]

    def _one_by_one(self, name: str) -> Iterator[str]:
        """Yield look-ups of every row."""
        type_ = self.graph.types[name]
        selection = self.selection(self._object(name), 0)
        for each in self.ids:
            if decode(each).startswith(f"{name}:"):
                yield f"{type_.singular}(id: {_quoted(each)}) {{ {selection} }}"

    def by_unique(self, values: dict[tuple[str, str], Iterable[Any]]) -> str:
        """Return look-ups by every unique key of one column, with every value that a column has."""
        fields = []
        for type_ in self.graph.types.values():
            for key in type_.unique_keys:
                (field,) = key.fields
                given = values[type_.name, field.attribute]
                selection = self.selection(self._object(type_.name), 0)
                fields += [f"{key.name}({key.by}: {_quoted(each)}) {{ {selection} }}" for each in given]
        return self._whole(fields)

    def _fragments(self) -> str:
        return " ".join(f"... on {name} {{ {self.selection(self._object(name), 0)} }}" for name in self.graph.types)


def _parts(leaves: Iterator[str]) -> Iterator[list[str]]:
    while part := list(islice(leaves, TOGETHER)):
        yield part


def _quoted(text: Any) -> str:
    return '"' + str(text) + '"'
