"""Random documents, valid under a schema: every argument, aliases, merged fields, fragments, directives, variables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from inflection import underscore

from schema.graph import Graph
from tests.schema.engine.inputs import Inputs, Known, Pool, literal

PARTS = ("Connection", "Edge", "Aggregate", "Group", "GroupKeys")
"""Ends of the names of types that are a part of a list."""


@dataclass
class Writer:
    """Writes one random document."""

    core: GraphQLSchema
    graph: Graph
    random: Random
    ids: Sequence[str]
    skipped: frozenset[str]
    """Fields, by type and name, that are left out."""

    known: Known = field(default_factory=Known)
    """What is in the database."""

    most_operations: int = 1
    """How many operations a document may have."""

    operations: dict[str, Inputs] = field(default_factory=dict)
    """Their inputs, by name."""

    fragments: list[str] = field(default_factory=list)
    shared: dict[str, list[str]] = field(default_factory=dict)
    """Names of fragments that may be spread again, by type."""

    aliases: int = 0

    left: int = 0
    """How many more fields with selections an operation may have, but for what a list cannot be without."""

    is_among_types: bool = False
    """True where selections on several types of an interface meet, whose fields of the same name may differ."""

    @property
    def variables(self) -> dict[str, Any]:
        """Values of the variables of the first operation, drawn anew."""
        return next(iter(self.operations.values())).values()

    def document(self) -> str:
        """Return a document of queries."""
        count = self.most_operations if self.random.random() < 0.08 else 1
        return " ".join([*(self.operation(f"Q{number}") for number in range(count)), *self.fragments])

    def operation(self, name: str) -> str:
        """Return a query of one to three root fields."""
        query = self.core.query_type
        assert query is not None
        self.inputs = self.operations[name] = Inputs(self.graph, self.random, self.ids, self.known)
        self.inputs.is_plain = self.random.random() < 0.5
        self.shared, self.left = {}, self.random.choice((3, 5, 8, 12, 25))
        names = [name for name in query.fields if f"Query.{name}" not in self.skipped]
        names += [name for name in names if "first" in query.fields[name].args]  # what leads to most
        chosen = [self.random.choice(names) for _ in range(self.random.choice((1, 1, 1, 1, 1, 2, 3)))]
        depths = [self.random.choice((1, 1, 2, 3)) for _ in chosen]
        parts = [
            self.field("Query", query.fields[each], each, depth, is_apart=True)
            for each, depth in zip(chosen, depths, strict=True)
        ]
        parts += ["__typename"] if self.random.random() < 0.05 else []
        if self.random.random() < 0.1:
            parts[-1] = self.fragment(query, parts[-1])
        definitions = f"({', '.join(self.inputs.definitions)})" if self.inputs.definitions else ""
        return f"query {name}{definitions} {{ {' '.join(parts)} }}"

    def field(self, parent: str, definition: GraphQLField, name: str, depth: float, *, is_apart: bool) -> str:
        """Return a field with arguments and selections.

        Args:
            parent: Name of the type that has it.
            definition: The field.
            name: Its name.
            depth: How deep selections go on.
            is_apart: True where what stands in the answer under its name may be merged with something else.
        """
        type_ = get_named_type(definition.type)
        self.left -= not is_leaf_type(type_)
        arguments = dict(self.grouping(definition) if name == "groups" else self.arguments(definition, type_.name))
        shown = f"({', '.join(f'{key}: {value}' for key, value in arguments.items())})" if arguments else ""
        may_differ = self.is_among_types or (is_apart and bool(definition.args or parent == "Query"))
        head = f"{self.alias(name, always=may_differ and name != 'id')}{name}{shown}"
        if is_leaf_type(type_):
            again = f" {head}" if self.random.random() < 0.03 else ""
            return f"{head}{self.directive()}{again}"
        made = f"{head}{self.directive()} {{ {self.selections(type_, depth, is_apart=is_apart)} }}"
        if self.left > 0 and self.random.random() < 0.08:  # the same field once more, to be merged with itself
            made += f" {head}{self.directive()} {{ {self.selections(type_, min(depth, 0.5), is_apart=True)} }}"
        return made

    def alias(self, name: str, *, always: bool) -> str:
        """Return an alias that no other field has, or now and then none."""
        if not always and self.random.random() > 0.3:
            return ""
        self.aliases += 1
        return f"{self.random.choice((name, name, 'json', '_', 'C0'))}{self.aliases}: "

    def arguments(self, definition: GraphQLField, of: str) -> Iterator[tuple[str, str]]:
        """Yield the arguments of a field, of what it gives."""
        paged = dict(self.paged(definition, of.removesuffix("Connection"))) if "before" in definition.args else {}
        left_out = {"first", "offset"} if "last" in paged else set()
        left_out |= {"orderBy"} if "after" in paged or "before" in paged else set()
        for name, given in definition.args.items():
            if name in paged:
                yield name, paged[name]
            elif name not in left_out and (value := self.argument(name, given, of)) is not None:
                yield name, value

    def argument(self, name: str, given: GraphQLArgument, of: str) -> str | None:
        """Return an argument of a field, or None to leave it out."""
        random, inputs = self.random, self.inputs
        match name:
            case "first" | "offset" if random.random() < (0.6 if name == "first" else 0.1):
                return self._given(given, lambda: random.choice((0, 1, 2, 3, 5) if name == "first" else (0, 1, 2, 50)))
            case "id":
                fitting = inputs.of_type(of) or self.ids
                return self._given(given, lambda: random.choice(self.ids if of == "Node" else fitting))
            case "ids":
                return self._given(given, lambda: [random.choice(self.ids) for _ in range(random.randint(0, 5))])
            case "length" if random.random() < 0.6:
                return self._given(given, lambda: random.choice((1, 40, 7, 40, 7, 40, 0)))
            case "filter" if random.random() < 0.45:
                return literal(given.type, inputs.value(given.type, 2))
            case "orderBy" if random.random() < 0.35:
                return self._given(
                    given, lambda: [inputs.value(given.type.of_type, 2) for _ in range(random.choice((1, 1, 2, 3)))]
                )
        if not is_required(given):
            return None
        pool = Pool(str(get_named_type(given.type)), self.known.values.get((of, name), ()))
        return self._given(given, lambda: inputs.value(given.type, 1, pool))

    def _given(self, given: GraphQLArgument, draw: Any) -> str:
        return literal(given.type, self.inputs.given(given.type, draw))

    def paged(self, definition: GraphQLField, of: str) -> Iterator[tuple[str, str]]:
        """Yield what asks for a page of another kind now and then: from the end, or by a cursor."""
        random, args = self.random, definition.args
        if random.random() < 0.15:
            yield "last", self._given(args["last"], lambda: random.choice((0, 1, 2, 5)))
        orders = [each for each in self.known.cursors.get(of, ()) if each[1]]
        if orders and random.random() < 0.2:
            order, cursors = random.choice(orders)
            if order is not None:
                yield "orderBy", literal(args["orderBy"].type, order)
            for name in random.choice((("after",), ("after",), ("before",), ("after", "before"))):
                yield name, self._given(args[name], lambda: random.choice(cursors))

    def grouping(self, definition: GraphQLField) -> Iterator[tuple[str, str]]:
        """Yield the arguments of `groups`; what it orders by is mostly grouped by."""
        random, args = self.random, definition.args
        by, order = (get_named_type(args[name].type) for name in ("by", "orderBy"))
        assert isinstance(by, GraphQLEnumType)
        assert isinstance(order, GraphQLInputObjectType)
        keys = random.sample(list(by.values), min(len(by.values), random.randint(1, 3)))
        yield "by", self._given(args["by"], lambda: keys)
        orderable = get_named_type(order.fields["key"].type) if "key" in order.fields else None
        terms: list[Any] = ["aggregate"] * random.randint(0, 1)
        if isinstance(orderable, GraphQLInputObjectType):
            terms += [name for name in orderable.fields if underscore(name).upper() in keys]
        if terms and random.random() < 0.6:
            chosen = random.sample(terms, random.randint(1, len(terms)))
            yield "orderBy", literal(args["orderBy"].type, [self.group_order(order, term) for term in chosen])
        if random.random() < 0.3:
            yield "having", literal(args["having"].type, self.inputs.value(args["having"].type, 2))
        yield "first", self._given(args["first"], lambda: random.choice((0, 1, 3, 10)))
        if random.random() < 0.2:
            yield "offset", self._given(args["offset"], lambda: random.choice((0, 1, 4)))

    def group_order(self, order: GraphQLInputObjectType, term: str) -> dict[str, Any]:
        """Return what groups are ordered by: an aggregate, or a key of theirs."""
        if term == "aggregate":
            return {"aggregate": self.inputs.value(order.fields["aggregate"].type, 2)}
        return {"key": {term: self.random.choice(("ASC", "DESC", "ASC_NULLS_FIRST"))}}

    def directive(self) -> str:
        """Return `@skip`, `@include` or both now and then, by a variable or a constant."""
        if self.random.random() > 0.06:
            return ""
        words = self.random.choice((("skip",), ("include",), ("skip", "include")))
        return "".join(f" @{word}(if: {self.flag()})" for word in words)

    def flag(self) -> str:
        """Return a Boolean, or a variable that is one."""
        if self.inputs.is_plain or self.random.random() < 0.3:
            return self.random.choice(("true", "false"))
        default = self.random.choice(("", "", "true", "false"))
        made = self.inputs.variable("Boolean" if default else "Boolean!", lambda: self.random.random() < 0.5, default)
        return f"${made.name}"

    def selections(self, type_: Any, depth: float, *, is_apart: bool) -> str:
        """Return some of the fields of a type, some of them in fragments."""
        if not isinstance(type_, GraphQLObjectType):
            possible = self.random.sample(list(self.core.get_possible_types(type_)), 2)
            before, self.is_among_types = self.is_among_types, True
            made = [f"... on {each.name} {{ {self.selections(each, depth, is_apart=True)} }}" for each in possible]
            self.is_among_types = before
            return " ".join(["__typename id", *made])
        parts = list(self.members(type_, depth, is_apart=is_apart))
        if len(parts) > 1 and self.random.random() < 0.2:
            cut = self.random.randint(1, len(parts) - 1)
            parts[cut:] = [self.fragment(type_, " ".join(parts[cut:]))]
        if type_.interfaces and self.random.random() < 0.04:
            parts.append("... on Node { id __typename }")
        if self.random.random() < 0.05:
            parts.append(self.reused(type_))
        return " ".join(parts)

    def reused(self, type_: GraphQLObjectType) -> str:
        """Return the spread of a fragment that is, or may be, spread elsewhere, too."""
        known = self.shared.get(type_.name)
        if known and self.random.random() < 0.7:
            return f"...{self.random.choice(known)}{self.directive()}"
        before, self.is_among_types = self.is_among_types, True
        name = self.named(type_, self.selections(type_, 0, is_apart=True))
        self.is_among_types = before
        self.shared.setdefault(type_.name, []).append(name)
        return f"...{name}{self.directive()}"

    def fragment(self, type_: GraphQLObjectType, body: str) -> str:
        """Return a fragment, inline or by name."""
        match self.random.randint(0, 3):
            case 0:
                return f"... on {type_.name}{self.directive()} {{ {body} }}"
            case 1:
                return f"...{self.directive()} {{ {body} }}"
        return f"...{self.named(type_, body)}{self.directive()}"

    def named(self, type_: GraphQLObjectType, body: str) -> str:
        """Define a fragment and return its name."""
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {type_.name} {{ {body} }}")
        return name

    def members(self, type_: GraphQLObjectType, depth: float, *, is_apart: bool) -> Iterator[str]:
        """Yield some of the fields of an object type; of one with objects in it, fewer the deeper it is."""
        names = [name for name in type_.fields if f"{type_.name}.{name}" not in self.skipped]
        leaves = [name for name in names if is_leaf_type(get_named_type(type_.fields[name].type))]
        others = [name for name in names if name not in leaves]
        is_part = type_.name.endswith(PARTS)
        count = self.random.choice((1, 1, 2, 3) if others else (1, 4, 7, 10))  # of values alone there may be many
        chosen = self.random.sample(leaves, min(len(leaves), count))
        if is_part or (depth > 0 and self.left > 0):
            several = (1, 2, 3) if type_.name.endswith("Aggregate") else (1, 1, 1, 1, 2)
            count = self.random.choice(several if is_part else (0, 0, 1, 1, 1, 2))
            chosen += self.random.sample(others, min(len(others), count))
        again = self.random.choice(chosen) if chosen and self.random.random() < 0.1 else None
        for name in chosen:
            below = depth if is_part else depth - self.cost(type_.fields[name])
            yield self.field(type_.name, type_.fields[name], name, below, is_apart=is_apart)
        if again is not None:  # under another alias, with other arguments
            yield self.field(type_.name, type_.fields[again], again, min(depth - 1, 0.5), is_apart=True)
        if not chosen or self.random.random() < 0.1:
            yield f"{self.alias('__typename', always=False) if chosen else ''}__typename"

    def cost(self, definition: GraphQLField) -> float:
        """Return how much less deep it goes on below a field: below a list more than below a row."""
        return 1 if "first" in definition.args else 0.5


def is_required(given: GraphQLArgument) -> bool:
    """Return whether an argument has to be given."""
    return str(given.type).endswith("!")
