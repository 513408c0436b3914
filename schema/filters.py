"""What `filter` asks for, as frozen data: read from a coerced argument, checked, ids decoded, values in SQL's terms.

Logic is two-valued: a condition holds for a row or it does not. A null satisfies no comparison; `not`, `ne`
and `notIn` are the exact complements of what they deny, so they hold for nulls. An explicit null operand is
refused, since it is far more often a variable that was left empty than a wish.

`schema.conditions` turns the data into SQL. Values stand apart from structure: two filters that differ in
their values alone have the same shape, and so the same statement.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import orjson

from schema.errors import BadInputError
from schema.graph import Field, Graph, Kind, ObjectType, Relation
from schema.opaque import read_id_of
from schema.values import check_text


class Op(Enum):
    """A comparison; the value of the member is its GraphQL name."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "notIn"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"
    CONTAINS = "contains"
    ICONTAINS = "icontains"
    STARTS_WITH = "startsWith"
    ISTARTS_WITH = "istartsWith"
    ENDS_WITH = "endsWith"
    IENDS_WITH = "iendsWith"
    LIKE = "like"
    ILIKE = "ilike"
    HAS = "has"
    HAS_ANY = "hasAny"
    HAS_ALL = "hasAll"
    IS_EMPTY = "isEmpty"
    HAS_KEY = "hasKey"
    IS_NULL = "isNull"


@dataclass(frozen=True, slots=True)
class Compare:
    """A value of the row, compared."""

    attribute: str
    """The mapped attribute."""

    op: Op
    """How."""

    value: Any
    """With what, in SQL's terms: several for `in`, `between`, `hasAny` and `hasAll`; a pattern for the like family."""


@dataclass(frozen=True, slots=True)
class JsonAt:
    """A value inside a JSON document, compared with another of the same JSON type."""

    attribute: str
    """The mapped attribute."""

    path: tuple[str, ...]
    """Keys and indexes, from the outside in."""

    op: Op
    """EQ, NE, LT, LTE, GT, GTE or IS_NULL."""

    value: str | bool
    """JSON text; for IS_NULL, whether nothing or null is to be there."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold; holds where there are none."""

    parts: tuple["Condition", ...]
    """The parts."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; does not hold where there are none."""

    parts: tuple["Condition", ...]
    """The parts."""


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Condition"
    """The part."""


class Quantifier(Enum):
    """How many of a relation's rows a condition must hold for; the value is the GraphQL name."""

    SOME = "some"
    EVERY = "every"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Related:
    """A condition on the rows at the other end of a relation. A to-one relation asks for SOME."""

    relation: tuple[str, str]
    """Type and field of the relation."""

    quantifier: Quantifier
    """For how many of them."""

    part: "Condition"
    """What holds for them."""


@dataclass(frozen=True, slots=True)
class Aggregated:
    """An aggregate of a relation's rows (of a group's, where there is no relation), compared."""

    relation: tuple[str, str] | None
    """Type and field of the relation."""

    function: str
    """`count`, `sum`, `avg`, `min`, `max`, `stddev`, `variance` or `countDistinct`."""

    attribute: str
    """The mapped attribute; empty for `count`."""

    op: Op
    """How it is compared."""

    value: Any
    """With what."""

    part: "Condition | None" = None
    """Which of the relation's rows are counted in; all where None."""


@dataclass(frozen=True, slots=True)
class Search:
    """Full text search in what the model declares searchable."""

    words: str
    """What was typed, in websearch syntax."""


@dataclass(frozen=True, slots=True)
class Custom:
    """A condition of the model's own making."""

    name: str
    """Its GraphQL name."""

    value: Any
    """What it is given."""


Condition = Compare | JsonAt | AllOf | AnyOf | Not | Related | Aggregated | Search | Custom

DEEPEST: Final = 12
"""Most levels that a filter may nest."""

LARGEST: Final = 500
"""Most comparisons that a filter may have."""

MOST_VALUES: Final = 1000
"""Most values of `in` and its kin."""

_MANY: Final = {Op.IN, Op.NOT_IN, Op.HAS_ANY, Op.HAS_ALL, Op.BETWEEN}
_LIKE: Final = {
    Op.CONTAINS: ("%", "%"),
    Op.ICONTAINS: ("%", "%"),
    Op.STARTS_WITH: ("", "%"),
    Op.ISTARTS_WITH: ("", "%"),
    Op.ENDS_WITH: ("%", ""),
    Op.IENDS_WITH: ("%", ""),
}


def read_filter(graph: Graph, type_: ObjectType, given: Mapping[str, Any] | None) -> Condition | None:
    """Return the condition that a `filter` argument asks for, or None where it asks for nothing.

    Args:
        graph: The graph description.
        type_: The type of the rows.
        given: The coerced argument.

    Raises:
        BadInputError: An operand is null or out of its range, or the filter is too large; the message names where.
        BadIdError: An id is none, or one of another type.
    """
    if given is None:
        return None
    condition = _Reader(graph).read(type_, given, ("filter",))
    return None if condition == AllOf(()) else condition


def read_having(graph: Graph, type_: ObjectType, given: Mapping[str, Any] | None) -> Condition | None:
    """Return the condition on groups that a `having` argument asks for, or None."""
    if given is None:
        return None
    condition = AllOf(tuple(_Reader(graph).aggregates(None, type_, given, ("having",))))
    return None if condition == AllOf(()) else condition


Place = tuple[str, ...]
"""Where in the argument a value stands, for messages."""


class _Reader:
    """Reads one argument, and keeps count of its size."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._size = 0

    def read(self, type_: ObjectType, given: Mapping[str, Any], place: Place) -> Condition:
        if len(place) > DEEPEST * 2:
            raise BadInputError(f"Argument `filter` nests deeper than {DEEPEST} levels.")
        parts: list[Condition] = []
        for name, value in given.items():
            here = (*place, name)
            if value is None:
                raise _null(here, is_filter=True)
            parts.extend(self._part(type_, name, value, here))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _part(self, type_: ObjectType, name: str, value: Any, here: Place) -> Iterable[Condition]:
        match name:
            case "and":
                return [AllOf(tuple(self._each(type_, value, here)))]
            case "or":
                return [AnyOf(tuple(self._each(type_, value, here)))]
            case "not":
                return [Not(self.read(type_, value, here))]
            case "id":
                return self._ids(type_, value, here)
            case "search" if type_.search is not None:
                return [Search(_text(value, here))]
        if name in type_.own_filters:
            return [Custom(name, _text(value, here) if isinstance(value, str) else value)]
        field = type_.field_named(name)
        if field is not None:
            return self._compare(field, value, here)
        return self._related(type_, name, value, here)

    def _each(self, type_: ObjectType, values: Iterable[Any], here: Place) -> Iterable[Condition]:
        for index, value in enumerate(values):
            if value is None:
                raise _null((*here, str(index)), is_filter=True)
            yield self.read(type_, value, (*here, str(index)))

    def _count(self, here: Place) -> None:
        self._size += 1
        if self._size > LARGEST:
            raise BadInputError(f"Argument `{here[0]}` has more than {LARGEST} comparisons.")

    def _compare(self, field: Field, given: Mapping[str, Any], here: Place) -> Iterable[Condition]:
        for name, value in given.items():
            there = (*here, name)
            if value is None:
                raise _null(there)
            self._count(here)
            if name == "at":
                yield from self._json_at(field, value, there)
            else:
                op = Op(name)
                yield Compare(field.attribute, op, self._operand(field, op, value, there))

    def _operand(self, field: Field, op: Op, value: Any, here: Place) -> Any:
        if op in (Op.IS_NULL, Op.IS_EMPTY):
            return value
        if op in _MANY or (field.scalar.is_list and op is Op.EQ):
            return self._operands(field, op, value, here)
        if op in _LIKE:
            before, after = _LIKE[op]
            return before + _escape(_text(value, here)) + after
        return self._value(field, value, here)

    def _operands(self, field: Field, op: Op, values: list[Any], here: Place) -> tuple[Any, ...]:
        if len(values) > MOST_VALUES:
            raise BadInputError(f"`{_shown(here)}` takes at most {MOST_VALUES} values; {len(values)} were given.")
        if op is Op.BETWEEN and len(values) != 2:
            raise BadInputError(
                f"`{_shown(here)}` takes two values, the least and the largest; {len(values)} were given."
            )
        return tuple(self._value(field, value, (*here, str(index))) for index, value in enumerate(values))

    def _value(self, field: Field, value: Any, here: Place) -> Any:
        if value is None:
            raise _null(here)
        if field.references is not None:
            return read_id_of(self._graph.types[field.references], value, _shown(here))[0]
        if field.scalar.enum is not None:
            return next(member.value for member in field.scalar.enum.members if member.name == value.name)
        if field.scalar.kind is Kind.JSON and not isinstance(value, str | bool | int | float):
            return _json(value)
        if field.scalar.kind is Kind.JSON:
            return _json(value) if here[-1] != Op.HAS_KEY.value else _text(value, here)
        return _text(value, here) if isinstance(value, str) else value

    def _json_at(self, field: Field, given: Mapping[str, Any], here: Place) -> Iterable[Condition]:
        path = tuple(_text(step, (*here, "path")) for step in given["path"])
        for name, value in given.items():
            if name != "path":
                if value is None and name != "eq":
                    raise _null((*here, name))
                yield JsonAt(field.attribute, path, Op(name), value if name == "isNull" else _json(value))

    def _ids(self, type_: ObjectType, given: Mapping[str, Any], here: Place) -> Iterable[Condition]:
        """Ids are compared by the columns of the key, of which there may be several."""
        for name, value in given.items():
            if value is None:
                raise _null((*here, name))
            self._count(here)
            ids = value if isinstance(value, list) else [value]
            if len(ids) > MOST_VALUES:
                raise BadInputError(
                    f"`{_shown((*here, name))}` takes at most {MOST_VALUES} ids; {len(ids)} were given."
                )
            keys = [read_id_of(type_, _not_null(id_, here), _shown((*here, name))) for id_ in ids]
            yield _one_of(type_, keys) if name in ("eq", "in") else Not(_one_of(type_, keys))

    def _related(self, type_: ObjectType, name: str, value: Any, here: Place) -> Iterable[Condition]:
        for relation in type_.relations:
            key, target = (relation.source, relation.name), self._graph.types[relation.target]
            if name == f"{relation.name}IsNull":
                is_there = Related(key, Quantifier.SOME, AllOf(()))
                return [Not(is_there) if value else is_there]
            if name == f"{relation.name}Count":
                return self._compared(key, "count", "", value, here, None)
            if name == f"{relation.name}Aggregate":
                return self.aggregates(key, target, value, here)
            if name == relation.name and not relation.is_list:
                return [Related(key, Quantifier.SOME, self.read(target, value, here))]
            if name == relation.name:
                return self._quantified(relation, target, value, here)
        raise BadInputError(f"`{_shown(here)}` is not a field of {type_.name}.")

    def _quantified(
        self, relation: Relation, target: ObjectType, given: Mapping[str, Any], here: Place
    ) -> Iterable[Condition]:
        for name, value in given.items():
            if value is None:
                raise _null((*here, name), is_filter=True)
            part = self.read(target, value, (*here, name))
            yield Related((relation.source, relation.name), Quantifier(name), part)

    def aggregates(
        self, relation: tuple[str, str] | None, target: ObjectType, given: Mapping[str, Any], here: Place
    ) -> Iterable[Condition]:
        """Yield the comparisons of an aggregate filter, such as `{count: {gt: 3}, avg: {viewCount: {lt: 10}}}`."""
        part = None
        if given.get("filter") is not None:
            part = self.read(target, given["filter"], (*here, "filter"))
        for function, value in given.items():
            if value is None:
                raise _null((*here, function), is_filter=True)
            if function == "count":
                yield from self._compared(relation, "count", "", value, (*here, function), part)
            elif function != "filter":
                for name, operands in value.items():
                    field = target.field_named(name)
                    if field is None or operands is None:
                        raise _null((*here, function, name), is_filter=True)
                    yield from self._compared(
                        relation, function, field.attribute, operands, (*here, function, name), part
                    )

    def _compared(
        self,
        relation: tuple[str, str] | None,
        function: str,
        attribute: str,
        given: Mapping[str, Any],
        here: Place,
        part: Condition | None,
    ) -> Iterable[Condition]:
        for name, value in given.items():
            op = Op(name)
            if value is None or (isinstance(value, list) and None in value):
                raise _null((*here, name))
            if op is Op.BETWEEN and len(value) != 2:
                raise BadInputError(f"`{_shown((*here, name))}` takes two values, the least and the largest.")
            self._count(here)
            operand = getattr(value, "value", value)
            operand = tuple(operand) if isinstance(operand, list) else operand
            yield Aggregated(relation, function, attribute, op, operand, part)


def _one_of(type_: ObjectType, keys: list[tuple[Any, ...]]) -> Condition:
    if len(type_.primary_key) == 1:
        return Compare(type_.primary_key[0].attribute, Op.IN, tuple(key[0] for key in keys))
    pairs = [zip(type_.primary_key, key, strict=True) for key in keys]
    return AnyOf(tuple(AllOf(tuple(Compare(field.attribute, Op.EQ, value) for field, value in pair)) for pair in pairs))


def _null(here: Place, *, is_filter: bool = False) -> BadInputError:
    if is_filter:
        return BadInputError(f"`{_shown(here)}` is null. Leave it out to ask for nothing there.")
    return BadInputError(f"`{_shown(here)}` is null, which equals nothing. To find nulls, ask `isNull: true`.")


def _not_null(value: Any, here: Place) -> Any:
    if value is None:
        raise _null(here)
    return value


def _shown(here: Place) -> str:
    return ".".join(here)


def _text(value: str, here: Place) -> str:
    try:
        return check_text(value)
    except ValueError as error:
        raise BadInputError(f"`{_shown(here)}`: {error}.") from error


def _json(value: Any) -> str:
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError as error:
        raise BadInputError("A JSON value in a filter cannot be written as JSON.") from error
    if "\\u0000" in text:
        raise BadInputError("A JSON value in a filter must not contain the character U+0000.")
    return text


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
