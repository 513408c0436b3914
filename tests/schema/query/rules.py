"""The rules of the query language once more, in plain Python over plain rows: what the tests compare with.

A row is a dictionary by GraphQL field name: values in a form that compares as PostgreSQL compares, None for
null, rows and lists of rows for relations. Filters and orders are read as a client writes them.
"""

import re
import statistics
from base64 import b64decode
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from schema.opaque import encode


class Row(dict[str, Any]):
    """A row, shown by its key: rows refer to each other."""

    def __repr__(self) -> str:
        return f"<row {self['key']!r}>"


MOODS = ("OPEN", "SHUT", "BROKEN")

NUMERIC = {"Int", "BigInt", "Decimal", "Float"}

KINDS: dict[str, dict[str, str]] = {
    "Box": {
        "text": "String", "maybeText": "String", "code": "String", "small": "Int", "maybeInteger": "Int",
        "big": "BigInt", "maybeBig": "BigInt", "numeric": "Decimal", "maybeNumeric": "Decimal", "double": "Float",
        "maybeDouble": "Float", "flag": "Boolean", "maybeFlag": "Boolean", "day": "Date", "maybeDay": "Date",
        "maybeClock": "Time", "moment": "DateTime", "maybeMoment": "DateTime", "maybeLocal": "LocalDateTime",
        "span": "Interval", "maybeSpan": "Interval", "uuid": "UUID", "maybeUuid": "UUID", "mood": "Mood",
        "maybeMood": "Mood", "document": "JSON", "maybeDocument": "JSON", "words": "[String]",
        "maybeWords": "[String]", "maybeNumbers": "[Int]", "raw": "Base64", "maybeRaw": "Base64", "doubled": "Int",
    },
    "Item": {"name": "String", "size": "Int", "price": "Decimal", "weight": "Float", "at": "DateTime"},
    "Mark": {"rank": "Int"},
    "Label": {"colour": "String"},
}  # fmt: skip
"""Fields by type, each with its scalar."""

RELATIONS: dict[str, dict[str, tuple[str, bool]]] = {
    "Box": {
        "outer": ("Box", False), "inner": ("Box", True), "items": ("Item", True), "marks": ("Mark", True),
        "label": ("Label", False),
    },
    "Item": {"box": ("Box", False), "marks": ("Mark", True)},
    "Mark": {"boxes": ("Box", True), "items": ("Item", True)},
    "Label": {"box": ("Box", False)},
}  # fmt: skip
"""Relations by type: where each leads, and whether to many."""


def parse(kind: str, value: Any) -> Any:
    """Return a value in a form that compares as PostgreSQL compares it."""
    if value is None:
        return None
    if kind.startswith("["):
        return [parse(kind[1:-1], item) for item in value]
    return _PARSERS[kind](value)


def _interval(text: str) -> int:
    """A month counts as 30 days, and a day as 24 hours."""
    match = re.fullmatch(r"P(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)S)?)?", text)
    assert match, text
    months, days, hours, seconds = (int(part or 0) for part in match.groups())
    return (months * 30 + days) * 86400 + hours * 3600 + seconds


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "String": str,
    "Int": int,
    "BigInt": int,
    "Decimal": Decimal,
    "Float": float,
    "Boolean": bool,
    "Date": date.fromisoformat,
    "Time": time.fromisoformat,
    "DateTime": datetime.fromisoformat,
    "LocalDateTime": datetime.fromisoformat,
    "Interval": _interval,
    "UUID": UUID,
    "Mood": MOODS.index,
    "JSON": lambda value: value,
    "Base64": b64decode,
}


def id_of(type_: str, row: Row) -> str:
    """Return the global id of a row."""
    return encode(f"{type_}:{row['key']}")


def holds(type_: str, given: dict[str, Any], row: Row) -> bool:
    """Return whether a filter holds for a row."""
    return all(_part_holds(type_, name, value, row) for name, value in given.items())


def _part_holds(type_: str, name: str, given: Any, row: Row) -> bool:
    if name == "and":
        return all(holds(type_, part, row) for part in given)
    if name == "or":
        return any(holds(type_, part, row) for part in given)
    if name == "not":
        return not holds(type_, given, row)
    if name == "id":
        return all(_compare("ID", op, id_of(type_, row), operand) for op, operand in given.items())
    if name == "hasLetter":
        return given in row["text"]
    if name in KINDS[type_]:
        kind = KINDS[type_][name]
        return all(_compare(kind, op, row[name], operand) for op, operand in given.items())
    return _relation_holds(type_, name, given, row)


def _relation_holds(type_: str, name: str, given: Any, row: Row) -> bool:
    for relation, (target, is_list) in RELATIONS[type_].items():
        if name == f"{relation}IsNull":
            return (row[relation] is None) == given
        if name == f"{relation}Count":
            return all(_compare("Int", op, len(row[relation]), operand) for op, operand in given.items())
        if name == f"{relation}Aggregate":
            return aggregates_hold(target, given, row[relation])
        if name == relation and not is_list:
            return row[relation] is not None and holds(target, given, row[relation])
        if name == relation:
            return all(_quantified(target, how, part, row[relation]) for how, part in given.items())
    raise KeyError(name)


def _quantified(target: str, how: str, part: dict[str, Any], rows: list[Row]) -> bool:
    found = [holds(target, part, row) for row in rows]
    return {"some": any(found), "every": all(found), "none": not any(found)}[how]


def aggregates_hold(type_: str, given: dict[str, Any], rows: list[Row]) -> bool:
    """Return whether a filter on aggregates holds for some rows."""
    counted = [row for row in rows if holds(type_, given.get("filter", {}), row)]
    for function, operands in given.items():
        if function == "filter":
            continue
        by_field = {"": operands} if function == "count" else operands
        for field, comparisons in by_field.items():
            value = aggregate(type_, function, field, counted)
            kind = aggregate_kind(function, KINDS[type_].get(field, "Int"))
            if not all(_compare(kind, op, value, operand) for op, operand in comparisons.items()):
                return False
    return True


def aggregate_kind(function: str, kind: str) -> str:
    """Return the scalar of an aggregate."""
    if function in ("count", "countDistinct"):
        return "Int"
    if function in ("min", "max"):
        return kind
    if function == "sum":
        return {"Int": "BigInt", "BigInt": "Decimal", "Decimal": "Decimal", "Float": "Float"}[kind]
    return "Float" if kind in ("Int", "Float") else "Decimal"


def aggregate(type_: str, function: str, field: str, rows: Sequence[Row]) -> Any:
    """Return an aggregate of rows: exact, as a Fraction, where it is a number that may have no end."""
    if function == "count":
        return len(rows)
    values = [row[field] for row in rows if row[field] is not None]
    if function == "countDistinct":
        return len({repr(value) for value in values})
    if function in ("min", "max"):
        return None if not values else min(values) if function == "min" else max(values)
    numbers = [Fraction(value) for value in values]
    if function == "sum":
        return sum(numbers) if numbers else None
    if function == "avg":
        return sum(numbers) / len(numbers) if numbers else None
    if len(numbers) < 2:
        return None
    variance = statistics.variance(numbers)
    return variance if function == "variance" else Fraction(float(variance) ** 0.5)


def _compare(kind: str, op: str, stored: Any, operand: Any) -> bool:
    if op == "isNull":
        return bool((stored is None) == operand)
    if kind == "JSON":
        return _compare_json(op, stored, operand)
    if kind.startswith("["):
        return stored is not None and _compare_list(kind[1:-1], op, stored, operand)
    if op in ("ne", "notIn"):
        return not _compare(kind, {"ne": "eq", "notIn": "in"}[op], stored, operand)
    if stored is None:
        return False
    if op in _TEXT:
        return _TEXT[op](stored, operand)
    wanted = [operand] if not isinstance(operand, list) else operand
    wanted = wanted if kind == "ID" else [parse(kind, each) for each in wanted]
    if op in ("eq", "in"):
        return any(stored == each for each in wanted)
    return bool(_ORDERED[op](stored, *wanted))


_ORDERED: dict[str, Callable[..., bool]] = {
    "lt": lambda stored, operand: stored < operand,
    "lte": lambda stored, operand: stored <= operand,
    "gt": lambda stored, operand: stored > operand,
    "gte": lambda stored, operand: stored >= operand,
    "between": lambda stored, low, high: low <= stored <= high,
}


def _like(text: str, pattern: str) -> bool:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    expression = "".join(
        ".*" if part == "%" else "." if part == "_" else re.escape(part[-1] if part[0] == "\\" else part)
        for part in parts
    )
    return re.fullmatch(expression, text, re.DOTALL) is not None


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "icontains": lambda text, part: part.lower() in text.lower(),
    "startsWith": lambda text, part: text.startswith(part),
    "istartsWith": lambda text, part: text.lower().startswith(part.lower()),
    "endsWith": lambda text, part: text.endswith(part),
    "iendsWith": lambda text, part: text.lower().endswith(part.lower()),
    "like": _like,
    "ilike": lambda text, pattern: _like(text.lower(), pattern.lower()),
}


def _compare_list(kind: str, op: str, stored: list[Any], operand: Any) -> bool:
    if op == "isEmpty":
        return bool((not stored) == operand)
    wanted = [parse(kind, each) for each in operand] if isinstance(operand, list) else [parse(kind, operand)]
    found = [each in stored for each in wanted]
    return {"eq": stored == wanted, "has": all(found), "hasAll": all(found), "hasAny": any(found)}[op]


def _typed(value: Any) -> Any:
    """Tell true from 1, which Python takes for equal and JSON does not."""
    if isinstance(value, dict):
        return {key: _typed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_typed(each) for each in value]
    return ("number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value), value)


def _compare_json(op: str, stored: Any, operand: Any) -> bool:
    if op == "ne":
        return stored is None or _typed(stored) != _typed(operand)
    if op == "at":
        found = _at(stored, operand["path"])
        return all(_compare_at(how, found, each) for how, each in operand.items() if how != "path")
    if stored is None:
        return False
    if op == "eq":
        return bool(_typed(stored) == _typed(operand))
    if op == "hasKey":
        return operand == stored if isinstance(stored, str) else isinstance(stored, dict | list) and operand in stored
    return _contains(stored, operand, is_top=True)


def _contains(whole: Any, part: Any, *, is_top: bool = False) -> bool:
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and _contains(whole[key], each) for key, each in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return all(any(_contains(have, each) for have in whole) for each in part)
    if isinstance(whole, list) and is_top and not isinstance(part, dict):
        return any(_typed(have) == _typed(part) for have in whole)
    return bool(_typed(whole) == _typed(part)) and not isinstance(whole, dict | list)


MISSING = object()


def _at(document: Any, path: Iterable[str]) -> Any:
    for step in path:
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif (
            isinstance(document, list) and re.fullmatch(r"-?\d+", step) and -len(document) <= int(step) < len(document)
        ):
            document = document[int(step)]
        else:
            return MISSING
    return document


def _compare_at(op: str, found: Any, operand: Any) -> bool:
    if op == "isNull":
        return bool((found is MISSING or found is None) == operand)
    if op == "ne":
        return found is MISSING or _typed(found) != _typed(operand)
    if found is MISSING or isinstance(found, dict | list) or found is None:
        return op == "eq" and found is not MISSING and bool(_typed(found) == _typed(operand))
    if op == "eq":
        return bool(_typed(found) == _typed(operand))
    return _typed(found)[0] == _typed(operand)[0] and bool(_ORDERED[op](found, operand))


Term = tuple[Any, bool, bool]
"""A value, whether the largest comes first, whether nulls do."""


def terms(type_: str, order: Iterable[dict[str, Any]], row: Row | None) -> list[Term]:
    """Return a row's values in an order, without the key that closes it."""
    return [_term(type_, name, given, row) for one_of in order for name, given in one_of.items()]


def _directed(value: Any, direction: str) -> Term:
    is_first = direction.endswith("FIRST") or direction == "DESC"
    return value, direction.startswith("DESC"), is_first


def _term(type_: str, name: str, given: Any, row: Row | None) -> Term:
    if name == "length":
        return _directed(len(row["maybeText"] or "") or None if row else None, given)
    if name == "id" or name in KINDS[type_]:
        return _directed(row["key" if name == "id" else name] if row else None, given)
    for relation, (target, is_list) in RELATIONS[type_].items():
        if name == relation:
            ((inner, direction),) = given.items()
            return _term(target, inner, direction, row[relation] if row else None)
        if is_list and name == f"{relation}Count":
            return _directed(len(row[relation]) if row else None, given)
        if is_list and name == f"{relation}Aggregate":
            ((function, by),) = given.items()
            ((field, direction),) = by.items() if function != "count" else (("", by),)
            return _directed(aggregate(target, function, field, row[relation]) if row else None, direction)
    raise KeyError(name)


def ordered(type_: str, order: list[dict[str, Any]], rows: Iterable[Row]) -> list[Row]:
    """Return rows in an order, the key closing it in the direction of the last term."""
    placed = [(terms(type_, order, row), row) for row in rows]
    if not placed:
        return []
    directions = [is_descending for _, is_descending, _ in placed[0][0]]
    placed.sort(key=lambda each: each[1]["key"], reverse=bool(directions) and directions[-1])
    for index in reversed(range(len(directions))):
        keys = {id(row): sort_key(found[index]) for found, row in placed}
        placed.sort(key=lambda each, keys=keys: keys[id(each[1])], reverse=directions[index])  # type: ignore[misc]
    return [row for _, row in placed]


def sort_key(term: Term) -> tuple[int, Any]:
    """Return where a value stands among others, before a descending order is turned round."""
    value, is_descending, is_first = term
    return (1, value) if value is not None else (0 if is_first != is_descending else 2, 0)
