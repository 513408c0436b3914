"""Random values of input types: as GraphQL writes them, by variables, and as JSON for these variables."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_named_type,
)

from schema.graph import Graph
from schema.opaque import decode

WORDS = (
    "a", "e", "sql", "Garden", "the", "%", "_", "'", '"', "\\", "ü", "", "compost", "frost", "\n\t", "💐", "$1", "NULL",
)  # fmt: skip
SCALARS: Mapping[str, Sequence[Any]] = {
    "Int": (0, 1, 3, 100, 5000, -1, 2147483647, -2147483648),
    "Float": (0, 0.5, 100.25, -1e3, 1.7976931348623157e308, 5e-324, -0.0),
    "Boolean": (True, False),
    "BigInt": ("0", "7", 3, "9223372036854775807", "-9223372036854775808"),
    "Decimal": ("0", "12.50", 3, "-0.0001", "12345678901234567890.123456789"),
    "DateTime": (
        "2018-01-01T00:00:00Z", "2020-06-15T12:00:00Z", "2023-12-31T23:59:59.5+02:00", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
    ),
    "LocalDateTime": ("2020-06-15T12:00:00", "1970-01-01T00:00:00", "0001-01-01T00:00:00"),
    "Date": ("2020-02-29", "2022-01-01", "0001-01-01", "9999-12-31"),
    "Time": ("00:00:00", "12:30:00", "23:59:59.999999"),
    "Interval": ("P1D", "PT1H", "P1Y2M3DT4H5M6.5S", "P-1D", "PT0S"),
    "UUID": ("6fa459ea-ee8a-4ca4-894e-db77e160355e", "00000000-0000-0000-0000-000000000001"),
    "JSON": ({"a": 1}, [], "x", 3, True, {"a": {"deep": True}}, [1, None, "é"]),
    "Base64": ("aGVsbG8=", "", "AA=="),
}  # fmt: skip
"""Values of each scalar, as JSON has them."""

MISSING: Final = object()
"""Stands for a variable that is left out."""

MAY_VARY: Final = 0.12
"""How often a value is given by a variable, at each place where it may be."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Stands for a variable in a value."""

    name: str
    """Its name."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Values that are likely."""

    scalar: str
    """Name of their type."""

    values: Sequence[Any]
    """The values, as JSON has them."""


NOTHING: Final = Pool("", ())
"""No values."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is in the database, so that what is asked for is there at times."""

    values: Mapping[tuple[str, str], Sequence[Any]] = field(default_factory=dict)
    """Some values of a field, by type and field name, as JSON has them."""

    cursors: Mapping[str, Sequence[tuple[Any, Sequence[str]]]] = field(default_factory=dict)
    """By type: orders of its lists, as JSON has them, and cursors under each."""


def literal(type_: GraphQLInputType, value: Any) -> str:
    """Return a value as GraphQL writes it."""
    match type_:
        case _ if isinstance(value, Variable):
            return f"${value.name}"
        case _ if value is None:
            return "null"
        case GraphQLNonNull():
            return literal(type_.of_type, value)
        case GraphQLList() if isinstance(value, list):
            return f"[{', '.join(literal(type_.of_type, item) for item in value)}]"
        case GraphQLList():
            return literal(type_.of_type, value)
        case GraphQLEnumType():
            return str(value)
        case GraphQLInputObjectType():
            members = (f"{name}: {literal(type_.fields[name].type, each)}" for name, each in value.items())
            return f"{{{', '.join(members)}}}"
    return written(value)


def written(value: Any) -> str:
    """Return JSON as GraphQL writes it: names of members without quotes."""
    match value:
        case dict():
            return f"{{{', '.join(f'{name}: {written(each)}' for name, each in value.items())}}}"
        case list():
            return f"[{', '.join(map(written, value))}]"
    return json.dumps(value, ensure_ascii=False)


def is_deciding(type_: object) -> bool:
    """Return whether more than a value in a statement depends on a variable of a type."""
    return str(type_).strip("[]!") not in {*SCALARS, "String", "ID"} - {"Boolean"}


@dataclass
class Inputs:
    """Draws the values of one operation, and its variables."""

    graph: Graph
    random: Random
    ids: Sequence[str]
    known: Known
    definitions: list[str] = field(default_factory=list)
    """The operation's variables, as they stand in its head."""

    drawn: dict[str, Callable[[], Any]] = field(default_factory=dict)
    """What draws the value of each of them."""

    last: dict[str, Any] = field(default_factory=dict)
    """Their last values."""

    deciding: set[str] = field(default_factory=set)
    """Those of which more than a value in the statement depends: objects, enums and flags."""

    is_plain: bool = False
    """True where there are none of these, as in most operations: the server keeps such an operation ready."""

    varies: bool = True
    """Whether variables may stand in what is drawn."""

    def values(self) -> dict[str, Any]:
        """Draw a value of each variable; one that decides the statement mostly stays as it was."""
        for name, draw in self.drawn.items():
            if name not in self.last or name not in self.deciding or self.chance(0.2):
                self.last[name] = self.fixed(draw)
        return {name: value for name, value in self.last.items() if value is not MISSING}

    def fixed(self, draw: Callable[[], Any]) -> Any:
        """Draw something in which no variable stands."""
        before, self.varies = self.varies, False
        try:
            return draw()
        finally:
            self.varies = before

    def variable(self, type_: object, draw: Callable[[], Any], default: str = "") -> Variable:
        """Return a new variable."""
        name = f"v{len(self.drawn)}"
        if is_deciding(type_):
            self.deciding.add(name)
        self.definitions.append(f"${name}: {type_}{f' = {default}' if default else ''}")
        self.drawn[name] = draw
        return Variable(name)

    def may_be(self, type_: object) -> bool:
        """Return whether a value may be given by a variable."""
        return self.varies and not (self.is_plain and is_deciding(type_))

    def chance(self, part: float) -> bool:
        """Return whether something happens that happens in a part of the cases."""
        return self.random.random() < part

    def given(self, type_: GraphQLInputType, draw: Callable[[], Any]) -> Any:
        """Return the value of an argument, or a variable that may be left out, null, or have a default."""
        bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if not (self.may_be(type_) and self.chance(0.35)):
            return draw()
        if self.chance(0.5) or not isinstance(bare, GraphQLScalarType):
            return self.variable(f"{bare}!", draw)
        default = literal(bare, self.fixed(draw))
        if isinstance(type_, GraphQLNonNull) or self.chance(0.5):
            return self.variable(f"{bare}!", lambda: MISSING if self.chance(0.3) else draw(), default)
        return self.variable(bare, lambda: self.random.choice((MISSING, None)) if self.chance(0.2) else draw())

    def of_type(self, type_name: str) -> list[str]:
        """Return the ids of rows of a type."""
        return [id_ for id_ in self.ids if decode(id_).startswith(f"{type_name}:")]

    def value(self, type_: GraphQLInputType, depth: int, pool: Pool = NOTHING) -> Any:
        """Return a value of an input type.

        Args:
            type_: The type.
            depth: How many objects may be in each other.
            pool: Values that are likely.
        """
        if isinstance(type_, GraphQLNonNull):
            return self.value(type_.of_type, depth, pool)
        if self.may_be(type_) and self.chance(MAY_VARY):
            return self.variable(f"{type_}!", lambda: self.value(type_, depth, pool))
        if isinstance(type_, GraphQLList):
            if self.chance(0.1):  # a single value stands for a list of it, but for a variable
                return self.fixed(lambda: self.value(type_.of_type, depth, pool))
            return [self.value(type_.of_type, depth, pool) for _ in range(self.random.choice((0, 1, 1, 2, 2, 3)))]
        if isinstance(type_, GraphQLEnumType):
            return self.random.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            return self.object(type_, depth, pool)
        if pool.values and pool.scalar == type_.name and self.chance(0.7):
            return self.random.choice(pool.values)
        if type_.name == "ID":
            return self.random.choice(self.ids)
        return self.random.choice(WORDS if type_.name == "String" else SCALARS[type_.name])

    def object(self, type_: GraphQLInputObjectType, depth: int, pool: Pool) -> dict[str, Any]:
        """Return an input object with one or two of its fields; of a one-of input, with one."""
        if "path" in type_.fields:
            path = self.random.choice((["a", "deep"], ["b", "0"], []))
            return {"path": path} | dict([self.random.choice([("eq", True), ("gt", 0), ("isNull", False)])])
        names = [
            name
            for name, each in type_.fields.items()
            if depth > 0 or not isinstance(get_named_type(each.type), GraphQLInputObjectType)
        ]
        are_operators = not any(
            isinstance(get_named_type(each.type), GraphQLInputObjectType) for each in type_.fields.values()
        )
        count = (
            1 if type_.is_one_of else min(len(names), self.random.choice((1, 2, 3) if are_operators else (1, 1, 2, 3)))
        )
        return {name: self._member(type_, name, depth, pool) for name in self.random.sample(names, count)}

    def _member(self, type_: GraphQLInputObjectType, name: str, depth: int, pool: Pool) -> Any:
        inner = type_.fields[name].type
        if name == "between":
            item = inner.of_type
            return [self.value(item, 0, pool), self.value(item, 0, pool)]
        if not isinstance(inner, GraphQLNonNull) and not type_.is_one_of and self.chance(0.004):
            return None  # which is refused
        if not isinstance(get_named_type(inner), GraphQLInputObjectType):
            return self.value(inner, depth, pool)
        return self.value(inner, depth - 1, self._likely(type_, name))

    def _likely(self, type_: GraphQLInputObjectType, name: str) -> Pool:
        """Return what is likely below a field of a filter."""
        type_name = type_.name.removesuffix("Filter")
        known = self.graph.types.get(type_name)
        if known is None:
            return NOTHING
        if name == "id":
            return Pool("ID", self.of_type(type_name))
        described = known.field_named(name)
        if described is None:
            return NOTHING
        if described.references is not None:
            return Pool("ID", self.of_type(described.references))
        return Pool(described.scalar.kind.value, self.known.values.get((type_name, name), ()))
