"""Arguments -> conditions: reads `filter` and `having` as a client wrote them, and refuses what cannot be meant.

An explicit null operand is refused, since it is far more often a variable that was left empty than a wish. What
is too deep, too long or of another kind is refused too, before anything runs, by the place where it stands.

Operands may be `Pending`: see `schema.query.later`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from schema.errors import BadInputError
from schema.graph import Field, Graph, Kind, ObjectType, Relation, Scalar
from schema.opaque import read_id_of
from schema.query.conditions import aggregate_scalar
from schema.query.filters import (
    Aggregated,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Custom,
    JsonAt,
    Not,
    Op,
    Quantifier,
    Related,
    Search,
)
from schema.query.later import Later, Pending, decided, read_or_later
from schema.values import as_held, check_text

DEEPEST: Final = 12
"""Most filters inside each other."""

LARGEST: Final = 500
"""Most comparisons that a filter may have."""

LONGEST_SEARCH: Final = 1000
"""Most characters of a full text search."""

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
_HANGING: Final = re.compile(r"(?<!\\)(\\\\)*\\\Z")
"""A backslash at the end of a pattern, with nothing behind it to be taken as it is."""
_NUL: Final = re.compile(r"(?<!\\)(\\\\)*\\u0000")

Place = tuple[str, ...]
"""Where in the argument a value stands, for messages."""


def read_filter(graph: Graph, type_: ObjectType, given: Mapping[str, Any] | None) -> Condition | None:
    """Return the condition that a `filter` argument asks for, or None where it asks for nothing.

    Args:
        graph: The graph description.
        type_: The type of the rows.
        given: The coerced argument.

    Raises:
        BadInputError: An operand is null or out of its range, or the filter is too large; the message names where.
        BadIdError: An id is none, or one of another type.
        Undecided: A value that is not there yet stands where it decides the condition.
    """
    if given is None:
        return None
    condition = _Reader(graph).read(type_, given, ("filter",))
    return None if condition == AllOf(()) else condition


def read_having(graph: Graph, type_: ObjectType, given: Mapping[str, Any] | None) -> Condition | None:
    """Return the condition on groups that a `having` argument asks for, or None; raises as `read_filter`."""
    if given is None:
        return None
    condition = AllOf(tuple(_Reader(graph).aggregates(None, type_, given, ("having",))))
    return None if condition == AllOf(()) else condition


class _Reader:
    """Reads one argument, and keeps count of its size."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._size = 0
        self._depth = 0

    def read(self, type_: ObjectType, given: Mapping[str, Any], here: Place) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadInputError(f"Argument `{here[0]}` has more than {DEEPEST} filters inside each other.")
        each = decided(given).items()
        parts = [part for name, value in each for part in self._part(type_, name, value, (*here, name))]
        self._depth -= 1
        if not parts:
            self._count(here)
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _part(self, type_: ObjectType, name: str, value: Any, here: Place) -> Iterable[Condition]:
        if value is None:
            raise _empty(here)
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
                self._count(here)
                return [Search(read_or_later(value, partial(_words, here=here)))]
        if name in type_.own_filters:
            self._count(here)
            return [Custom(name, _operand(type_.own_filters[name].scalar, Op.EQ, value, here, is_nullable=False))]
        field = type_.field_named(name)
        if field is not None:
            return self._compare(field, value, here)
        return self._related(type_, name, value, here)

    def _each(self, type_: ObjectType, values: Iterable[Any], here: Place) -> Iterator[Condition]:
        for index, value in enumerate(decided(values)):
            yield self.read(type_, value, (*here, str(index)))

    def _count(self, here: Place) -> None:
        self._size += 1
        if self._size > LARGEST:
            raise BadInputError(f"Argument `{here[0]}` has more than {LARGEST} comparisons.")

    def _compare(self, field: Field, given: Mapping[str, Any], here: Place) -> Iterator[Condition]:
        for name, value in decided(given).items():
            there = (*here, name)
            if value is None:
                raise _null(there, is_nullable=field.is_nullable)
            self._count(here)
            if name == "at":
                yield from self._json_at(field, decided(value), there)
            elif field.references is not None and name != "isNull":
                read = partial(_references, self._graph.types[field.references], here=there)
                yield Compare(field.attribute, Op(name), read_or_later(value, read))
            else:
                operand = _operand(field.scalar, Op(name), value, there, is_nullable=field.is_nullable)
                yield Compare(field.attribute, Op(name), operand)

    def _json_at(self, field: Field, given: Mapping[str, Any], here: Place) -> Iterator[Condition]:
        path = read_or_later(given["path"], partial(_steps, here=(*here, "path")))
        for name, value in given.items():
            if name == "path":
                continue
            if value is None:
                raise _null((*here, name), is_nullable=True)
            self._count(here)
            there = (*here, name)
            operand = decided(value) if name == "isNull" else read_or_later(value, partial(_json, here=there))
            yield JsonAt(field.attribute, path, Op(name), operand)

    def _ids(self, type_: ObjectType, given: Mapping[str, Any], here: Place) -> Iterator[Condition]:
        """Ids are compared by the columns of the key, of which there may be several."""
        for name, value in decided(given).items():
            if value is None:
                raise _null((*here, name), is_nullable=False)
            self._count(here)
            found = self._found(type_, name, value, (*here, name))
            yield found if name in ("eq", "in") else Not(found)

    def _found(self, type_: ObjectType, name: str, value: Any, here: Place) -> Condition:
        if name in ("eq", "ne") and len(type_.primary_key) == 1:
            read = partial(_references, type_, here=here)
            return Compare(type_.primary_key[0].attribute, Op.EQ, read_or_later(value, read))
        return _one_of(type_, _keys(type_, decided(value), here))

    def _related(self, type_: ObjectType, name: str, value: Any, here: Place) -> Iterable[Condition]:
        for relation in type_.relations:
            key, target = (relation.source, relation.name), self._graph.types[relation.target]
            if name == f"{relation.name}IsNull":
                self._count(here)
                is_there = Related(key, Quantifier.SOME, AllOf(()))
                return [Not(is_there) if decided(value) else is_there]
            if name == f"{relation.name}Count":
                return self._compared(Aggregated(key, "count", "", Op.EQ, None), None, value, here)
            if name == f"{relation.name}Aggregate":
                return self.aggregates(key, target, value, here)
            if name == relation.name and not relation.is_list:
                self._count(here)
                return [Related(key, Quantifier.SOME, self.read(target, value, here))]
            if name == relation.name:
                return self._quantified(relation, target, value, here)
        raise BadInputError(f"`{_shown(here)}` is not a field of {type_.name}.")

    def _quantified(
        self, relation: Relation, target: ObjectType, given: Mapping[str, Any], here: Place
    ) -> Iterator[Condition]:
        for name, value in decided(given).items():
            if value is None:
                raise _empty((*here, name))
            self._count(here)
            part = self.read(target, value, (*here, name))
            yield Related((relation.source, relation.name), Quantifier(name), part)

    def aggregates(
        self, relation: tuple[str, str] | None, target: ObjectType, given: Mapping[str, Any], here: Place
    ) -> Iterator[Condition]:
        """Yield the comparisons of an aggregate filter, such as `{count: {gt: 3}, avg: {viewCount: {lt: 10}}}`."""
        for function, value in decided(given).items():
            if decided(value) is None:
                raise _empty((*here, function))
        part = self.read(target, given["filter"], (*here, "filter")) if "filter" in given else None
        part = None if part == AllOf(()) else part
        for function, value in given.items():
            if function == "filter":
                continue
            for name, operands in {"": value}.items() if function == "count" else value.items():
                there = (*here, function, name) if name else (*here, function)
                if operands is None:
                    raise _empty(there)
                field = target.field_named(name)
                made = Aggregated(relation, function, field.attribute if field else "", Op.EQ, None, part)
                yield from self._compared(made, field.scalar if field else None, operands, there)

    def _compared(
        self, made: Aggregated, scalar: Scalar | None, given: Mapping[str, Any], here: Place
    ) -> Iterator[Condition]:
        shown = aggregate_scalar(made.function, scalar)
        for name, value in decided(given).items():
            there, op = (*here, name), Op(name)
            if value is None:
                raise _null(there, is_nullable=False)
            self._count(here)
            operand = _operand(shown, op, value, there, is_nullable=False)
            yield Aggregated(made.relation, made.function, made.attribute, op, operand, made.part)


def _operand(scalar: Scalar, op: Op, value: Any, here: Place, *, is_nullable: bool) -> Any:
    """Return an operand in SQL's terms: several as a tuple, a pattern for the like family, JSON as text."""
    if op in (Op.IS_NULL, Op.IS_EMPTY):
        return decided(value)
    if type(value) is Pending and op is not Op.BETWEEN:
        return Later(value.name, partial(_given_operand, scalar, op, here=here, is_nullable=is_nullable))
    return _given_operand(scalar, op, decided(value), here, is_nullable=is_nullable)


def _given_operand(scalar: Scalar, op: Op, value: Any, here: Place, *, is_nullable: bool) -> Any:
    if isinstance(value, list) and scalar.kind is not Kind.JSON:
        _check_number(op, value, here)
        places = [(*here, str(index)) for index in range(len(value))]
        return tuple(_value(scalar, each, at, is_nullable) for each, at in zip(value, places, strict=True))
    if scalar.kind is Kind.JSON:
        return _text(value, here) if op is Op.HAS_KEY else _json(value, here)
    if op in _LIKE:
        before, after = _LIKE[op]
        return before + _escape(_text(value, here)) + after
    if op in (Op.LIKE, Op.ILIKE) and _HANGING.search(value):
        raise BadInputError(
            f"`{_shown(here)}` ends with a backslash, which takes the character behind it as it is; write `\\\\` "
            "for a backslash itself."
        )
    return _value(scalar, value, here, is_nullable)


def _check_number(op: Op, values: Sequence[Any], here: Place) -> None:
    if len(values) > MOST_VALUES:
        raise BadInputError(f"`{_shown(here)}` takes at most {MOST_VALUES} values; {len(values)} were given.")
    if op is Op.BETWEEN and len(values) != 2:
        raise BadInputError(f"`{_shown(here)}` takes two values, the least and the largest; {len(values)} were given.")


def _value(scalar: Scalar, value: Any, here: Place, is_nullable: bool) -> Any:
    if value is None:
        raise _null(here, is_nullable=is_nullable)
    if scalar.enum is not None:
        return next(member.value for member in scalar.enum.members if member.name == value.name)
    return _text(value, here) if isinstance(value, str) else as_held(scalar, value)


def _references(type_: ObjectType, value: Any, here: Place) -> Any:
    """Return the value that a foreign key has for an id, or the values for several."""
    keys = tuple(key[0] for key in _keys(type_, value, here))
    return keys if isinstance(value, list) else keys[0]


def _keys(type_: ObjectType, value: Any, here: Place) -> list[tuple[Any, ...]]:
    """Return the keys behind an id, or behind several."""
    ids = value if isinstance(value, list) else [value]
    _check_number(Op.IN, ids, here)
    return [read_id_of(type_, id_, _shown(here)) for id_ in ids]


def _one_of(type_: ObjectType, keys: list[tuple[Any, ...]]) -> Condition:
    if len(type_.primary_key) == 1:
        values = tuple(key[0] for key in keys)
        single = len(values) == 1  # an index gives rows in order behind one value, not behind one of several
        return Compare(type_.primary_key[0].attribute, Op.EQ if single else Op.IN, values[0] if single else values)
    pairs = [zip(type_.primary_key, key, strict=True) for key in keys]
    return AnyOf(tuple(AllOf(tuple(Compare(field.attribute, Op.EQ, value) for field, value in pair)) for pair in pairs))


def _empty(here: Place) -> BadInputError:
    return BadInputError(f"`{_shown(here)}` is null. Leave it out to ask for nothing there.")


def _null(here: Place, *, is_nullable: bool) -> BadInputError:
    wish = "To find nulls, ask `isNull: true`." if is_nullable else "Leave it out to ask for nothing there."
    return BadInputError(f"`{_shown(here)}` is null, which equals nothing. {wish}")


def _shown(here: Place) -> str:
    return ".".join(here)


def _steps(given: Sequence[str], here: Place) -> tuple[str, ...]:
    """Return the path into a JSON document."""
    if len(given) > MOST_VALUES:
        raise BadInputError(f"`{_shown(here)}` takes at most {MOST_VALUES} steps.")
    return tuple(_text(step, here) for step in given)


def _words(value: str, here: Place) -> str:
    """Return the words of a full text search; PostgreSQL's parser nests as deeply as they are many."""
    if len(value) > LONGEST_SEARCH:
        raise BadInputError(f"`{_shown(here)}` has more than {LONGEST_SEARCH:,} characters.")
    return _text(value, here)


def _text(value: str, here: Place) -> str:
    try:
        return check_text(value)
    except ValueError as error:
        raise BadInputError(f"`{_shown(here)}`: {error}.") from error


def _json(value: Any, here: Place) -> str:
    """Return a value as JSON text. Infinity, which a long enough number is to Python, is none."""
    try:
        text = check_text(json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True))
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInputError(f"`{_shown(here)}` cannot be written as JSON that PostgreSQL holds.") from error
    if _NUL.search(text):
        raise BadInputError(f"`{_shown(here)}`: text must not contain the character U+0000.")
    return text


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
