"""Random documents, valid under a schema: every list argument, aliases, fragments, directives, variables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from inflection import underscore

from schema.graph import Graph
from schema.opaque import decode, read_id, write_cursor
from schema.query.order import read_order

WORDS = ("a", "e", "sql", "Garden", "the", "%", "_", "'", '"', "\\", "ü", "", "compost", "frost")
TIMES = ("2018-01-01T00:00:00Z", "2020-06-15T12:00:00Z", "2023-12-31T23:59:59.5+02:00")
SCALARS: Mapping[str, Sequence[str]] = {
    "Int": ("0", "1", "3", "100", "5000", "-1"),
    "Float": ("0", "0.5", "100.25", "-1e3"),
    "Boolean": ("true", "false"),
    "BigInt": ('"0"', '"7"', "3", '"9223372036854775807"'),
    "Decimal": ('"0"', '"12.50"', "3"),
    "DateTime": tuple(f'"{time}"' for time in TIMES),
    "LocalDateTime": ('"2020-06-15T12:00:00"', '"1970-01-01T00:00:00"'),
    "Date": ('"2020-02-29"', '"2022-01-01"'),
    "Time": ('"00:00:00"', '"12:30:00"'),
    "Interval": ('"P1D"', '"PT1H"'),
    "UUID": ('"6fa459ea-ee8a-4ca4-894e-db77e160355e"',),
    "JSON": ("{a: 1}", "[]", '"x"', "3"),
    "Base64": ('"aGVsbG8="', '""'),
}
"""Values of each scalar, as GraphQL writes them."""


def quoted(text: str) -> str:
    """Return a text as GraphQL writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass
class Writer:
    """Writes one random document."""

    core: GraphQLSchema
    graph: Graph
    random: Random
    ids: Sequence[str]
    skipped: frozenset[str]
    """Fields, by type and name, that are left out."""

    fragments: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)

    def document(self) -> str:
        """Return a query with one to three root fields."""
        query = self.core.query_type
        assert query is not None
        names = [name for name in query.fields if f"Query.{name}" not in self.skipped]
        chosen = [self.random.choice(names) for _ in range(self.random.randint(1, 3))]
        body = " ".join(self.field("Query", query.fields[name], name, 3, index) for index, name in enumerate(chosen))
        head = f"query Q({', '.join(self.definitions)})" if self.definitions else "query Q"
        return " ".join([f"{head} {{ {body} }}", *self.fragments])

    def field(self, parent: str, definition: GraphQLField, name: str, depth: int, index: int) -> str:
        """Return a field with an alias of its own, arguments and selections."""
        alias = f"{name}{index}: " if parent == "Query" or self.random.random() < 0.4 else ""
        type_ = get_named_type(definition.type)
        if name == "groups":
            arguments = dict(self.grouping(definition))
        else:
            drawn = {key: self.argument(key, given.type, type_.name) for key, given in definition.args.items()}
            arguments = {key: value for key, value in drawn.items() if value is not None}
        if "before" in definition.args:
            arguments = self.paged(arguments, type_.name.removesuffix("Connection"))
        shown = f"({', '.join(f'{key}: {value}' for key, value in arguments.items())})" if arguments else ""
        below = "" if is_leaf_type(type_) else " { " + self.selections(type_, depth) + " }"
        return f"{alias}{name}{shown}{self.directive()}{below}"

    def paged(self, arguments: dict[str, str], of: str) -> dict[str, str]:
        """Return the arguments of a list with a page of another kind now and then: from the end, or by a cursor."""
        if self.random.random() < 0.2:
            arguments = {name: value for name, value in arguments.items() if name not in ("first", "offset")}
            arguments["last"] = str(self.random.choice((0, 1, 2, 5)))
        for name in ("after", "before"):
            if "orderBy" not in arguments and self.random.random() < 0.15 and (cursors := self.cursors(of)):
                arguments[name] = self.maybe_variable("String!", self.random.choice(cursors))
        return arguments

    def cursors(self, of: str) -> list[str]:
        """Return cursors of the known rows of a type, where its lists are ordered by their keys alone."""
        type_ = self.graph.types[of]
        order = read_order(self.graph, type_, None)
        keys = [read_id(self.graph.types, id_)[1] for id_ in self.ids if decode(id_).startswith(f"{of}:")]
        return [write_cursor(order.name, order.scalars, key) for key in keys if len(order.terms) == len(key)]

    def grouping(self, definition: GraphQLField) -> Iterator[tuple[str, str]]:
        """Yield the arguments of `groups`; what it orders by is mostly grouped by."""
        by, order = (get_named_type(definition.args[name].type) for name in ("by", "orderBy"))
        assert isinstance(by, GraphQLEnumType)
        assert isinstance(order, GraphQLInputObjectType)
        keys = self.random.sample(list(by.values), min(len(by.values), self.random.randint(1, 3)))
        yield "by", f"[{', '.join(keys)}]"
        orderable = get_named_type(order.fields["key"].type) if "key" in order.fields else None
        terms = [self.one_of(order.fields["aggregate"].type, 2) for _ in range(self.random.randint(0, 1))]
        terms = [f"{{aggregate: {term}}}" for term in terms]
        if isinstance(orderable, GraphQLInputObjectType):
            fitting = [name for name in orderable.fields if underscore(name).upper() in keys]
            terms += [
                f"{{key: {{{name}: {self.random.choice(('ASC', 'DESC', 'ASC_NULLS_FIRST'))}}}}}" for name in fitting
            ]
        if terms and self.random.random() < 0.6:
            yield "orderBy", f"[{', '.join(self.random.sample(terms, self.random.randint(1, len(terms))))}]"
        if self.random.random() < 0.3:
            yield "having", self.input(definition.args["having"].type, 2)
        yield "first", str(self.random.choice((0, 1, 3, 10)))
        if self.random.random() < 0.2:
            yield "offset", str(self.random.choice((0, 1, 4)))

    def directive(self) -> str:
        """Return `@skip` or `@include` now and then, by a variable or a constant."""
        if self.random.random() > 0.06:
            return ""
        word, flag = self.random.choice(("skip", "include")), self.random.random() < 0.5
        if self.random.random() < 0.5:
            return f" @{word}(if: {str(flag).lower()})"
        return f" @{word}(if: ${self.variable('Boolean!', flag)})"

    def variable(self, type_: str, value: Any) -> str:
        """Return the name of a new variable that has a value."""
        name = f"v{len(self.variables)}"
        self.definitions.append(f"${name}: {type_}")
        self.variables[name] = value
        return name

    def selections(self, type_: Any, depth: int) -> str:
        """Return some of the fields of a type, some of them in fragments."""
        if not isinstance(type_, GraphQLObjectType):
            possible = self.random.sample(list(self.core.get_possible_types(type_)), 2)
            return "__typename id " + " ".join(
                f"... on {each.name} {{ {self.selections(each, depth)} }}" for each in possible
            )
        parts = list(self.members(type_, depth))
        if len(parts) > 1 and self.random.random() < 0.25:
            cut = self.random.randint(1, len(parts) - 1)
            parts[cut:] = [self.fragment(type_, " ".join(parts[cut:]))]
        return " ".join(parts)

    def fragment(self, type_: GraphQLObjectType, body: str) -> str:
        """Return a fragment, inline or by name."""
        if self.random.random() < 0.5:
            return f"... on {type_.name} {{ {body} }}"
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {type_.name} {{ {body} }}")
        return f"...{name}"

    def members(self, type_: GraphQLObjectType, depth: int) -> Iterator[str]:
        """Yield some of the fields of an object type; of one with objects in it, fewer the deeper it is."""
        names = [name for name in type_.fields if f"{type_.name}.{name}" not in self.skipped]
        leaves = [name for name in names if is_leaf_type(get_named_type(type_.fields[name].type))]
        others = [name for name in names if name not in leaves]
        is_part = type_.name.endswith(("Connection", "Edge", "Aggregate", "Group"))
        chosen = self.random.sample(leaves, min(len(leaves), self.random.randint(1, 4))) if leaves else []
        if is_part or depth > 0:
            chosen += self.random.sample(others, min(len(others), self.random.randint(1 if is_part else 0, 2)))
        for index, name in enumerate(chosen):
            yield self.field(type_.name, type_.fields[name], name, depth if is_part else depth - 1, index)
        if not chosen or self.random.random() < 0.1:
            yield "__typename"

    def argument(self, name: str, type_: GraphQLInputType, of: str) -> str | None:
        """Return the value of an argument of a field of a type, or None to leave it out."""
        match name:
            case "first":
                return str(self.random.choice((0, 1, 2, 3, 5))) if self.random.random() < 0.6 else None
            case "last" | "after" | "before":
                return None  # see `paged`
            case "offset":
                return str(self.random.choice((0, 1, 2, 50))) if self.random.random() < 0.15 else None
            case "id":
                fitting = [id_ for id_ in self.ids if of == "Node" or decode(id_).startswith(f"{of}:")]
                return self.maybe_variable("ID!", self.random.choice(fitting or self.ids))
            case "ids":
                chosen = [self.random.choice(self.ids) for _ in range(self.random.randint(0, 6))]
                return f"[{', '.join(map(quoted, chosen))}]"
            case "length":
                return self.random.choice((None, "1", "40", "0"))
            case "filter" if self.random.random() < 0.4:
                return self.input(type_, 2)
            case "orderBy" if self.random.random() < 0.4:
                return f"[{', '.join(self.one_of(type_, 2) for _ in range(self.random.randint(1, 3)))}]"
        return self.input(type_, 1) if isinstance(type_, GraphQLNonNull) else None

    def maybe_variable(self, type_: str, value: Any) -> str:
        """Return a text as it is, or by a variable."""
        return f"${self.variable(type_, value)}" if self.random.random() < 0.5 else quoted(value)

    def one_of(self, type_: GraphQLInputType, depth: int) -> str:
        """Return a one-of input of an order."""
        bare = get_named_type(type_)
        assert isinstance(bare, GraphQLInputObjectType)
        names = [
            name
            for name, each in bare.fields.items()
            if depth > 0 or isinstance(get_named_type(each.type), GraphQLEnumType)
        ]
        name = self.random.choice(names)
        inner = get_named_type(bare.fields[name].type)
        if isinstance(inner, GraphQLEnumType):
            return f"{{{name}: {self.random.choice(list(inner.values))}}}"
        return f"{{{name}: {self.one_of(inner, depth - 1)}}}"

    def input(self, type_: GraphQLInputType, depth: int) -> str:
        """Return a value of an input type."""
        if isinstance(type_, GraphQLNonNull):
            return self.input(type_.of_type, depth)
        if isinstance(type_, GraphQLList):
            return f"[{', '.join(self.input(type_.of_type, depth) for _ in range(self.random.randint(1, 2)))}]"
        if isinstance(type_, GraphQLEnumType):
            return self.random.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            return self.object(type_, depth)
        if type_.name == "String":
            return self.maybe_variable("String!", self.random.choice(WORDS))
        if type_.name == "ID":
            return quoted(self.random.choice(self.ids))
        return self.random.choice(SCALARS[type_.name])

    def object(self, type_: GraphQLInputObjectType, depth: int) -> str:
        """Return an input object with one or two of its fields."""
        fields = {
            name: each
            for name, each in type_.fields.items()
            if name != "id" and (depth > 0 or not isinstance(get_named_type(each.type), GraphQLInputObjectType))
        }
        if not fields:
            return "{}"
        if "path" in fields:
            return '{path: ["a", "deep"], eq: true}'
        parts = []
        for name in self.random.sample(list(fields), min(len(fields), self.random.randint(1, 2))):
            inner = fields[name].type
            known = self.graph.types.get(type_.name.removesuffix("Filter"))
            field = known.field_named(name) if known else None
            if field is not None and field.references is not None:
                fitting = [id_ for id_ in self.ids if decode(id_).startswith(f"{field.references}:")]
                parts.append(f"{name}: {{in: [{', '.join(map(quoted, fitting))}]}}")
            elif name == "between":
                parts.append(f"between: [{self.input(inner.of_type, 0)}, {self.input(inner.of_type, 0)}]")
            else:
                is_filter = isinstance(get_named_type(inner), GraphQLInputObjectType)
                parts.append(f"{name}: {self.input(inner, depth - 1 if is_filter else depth)}")
        return "{" + ", ".join(parts) + "}"
