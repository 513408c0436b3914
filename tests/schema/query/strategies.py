"""Random filters and orders, as clients write them."""

from typing import Any

from hypothesis import strategies as st

from tests.schema.query.rules import KINDS, NUMERIC, RELATIONS, aggregate_kind, id_of
from tests.schema.query.world import POOLS, World, pool

Draw = Any

DIRECTIONS = ["ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"]

ORDERED = ["lt", "lte", "gt", "gte", "between"]
COMPARABLE = {*NUMERIC, "String", "Date", "Time", "DateTime", "LocalDateTime", "Interval"}
TEXT = ["contains", "icontains", "startsWith", "istartsWith", "endsWith", "iendsWith", "like", "ilike"]
PATTERNS = ["%", "_", "a%", "%B", "a\\_b", "\\%", "%\\\\%", "", "A_%"]

BEYOND: dict[str, list[Any]] = {
    "small": [40000, -2147483648],
    "code": ["abcdX", "abcd   "],
    "numeric": ["0.104", "123456789012.5"],
    "maybeNumeric": ["0.3333333333333333333"],
    "maybeWords": ["abcdX"],
    "BigInt": ["9007199254740994"],
    "String": ["B", "\u0301", "x" * 9],
}
"""Operands that no row can hold: by field or by scalar."""

NUMBERS: dict[str, list[Any]] = {
    "Int": [0, 1, 2, 3],
    "BigInt": ["-5", "0", "3", "9007199254740993"],
    "Decimal": ["0", "0.3125", "2.5", "12"],
    "Float": [-1.5, 0.0, 0.5, 2.0, 3.0],
}
"""Operands for aggregates."""


def _operand(type_: str, field: str, kind: str) -> st.SearchStrategy[Any]:
    values = BEYOND.get(field) or BEYOND.get(kind, [])
    items = POOLS["maybeWords"] if field == "maybeWords" else POOLS[f"[{kind}]"] if field in _LISTS else None
    if items is not None:
        return st.sampled_from([each for item in items for each in item if each is not None] + values)
    return st.sampled_from([*pool(type_, field), *values])


_LISTS = {"words", "maybeWords", "maybeNumbers"}


def _operation(kind: str, one: st.SearchStrategy[Any], *, is_nullable: bool) -> st.SearchStrategy[tuple[str, Any]]:
    """Return one operator with its operand."""
    choices = [st.tuples(st.sampled_from(["eq", "ne"]), one)]
    if kind != "Boolean":
        choices.append(st.tuples(st.sampled_from(["in", "notIn"]), st.lists(one, max_size=4)))
    if kind in COMPARABLE:
        choices.append(st.tuples(st.sampled_from(ORDERED[:4]), one))
        choices.append(st.tuples(st.just("between"), st.lists(one, min_size=2, max_size=2)))
    if kind == "String":
        choices.append(st.tuples(st.sampled_from(TEXT[:6]), one))
        choices.append(st.tuples(st.sampled_from(TEXT[6:]), st.sampled_from(PATTERNS)))
    if is_nullable:
        choices.append(st.tuples(st.just("isNull"), st.booleans()))
    return st.one_of(choices)


def _list_operation(one: st.SearchStrategy[Any], *, is_nullable: bool) -> st.SearchStrategy[tuple[str, Any]]:
    choices = [
        st.tuples(st.just("has"), one),
        st.tuples(st.sampled_from(["hasAny", "hasAll", "eq"]), st.lists(one, max_size=3)),
        st.tuples(st.just("isEmpty"), st.booleans()),
    ]
    if is_nullable:
        choices.append(st.tuples(st.just("isNull"), st.booleans()))
    return st.one_of(choices)


_PATHS = st.lists(st.sampled_from(["a", "b", "c", "0", "1", "-1", "2", "x"]), max_size=3)
_LEAVES = st.sampled_from([1, 2, 2.5, 3, True, False, "a", "ab", "b", "x"])


def _json_operation(*, is_nullable: bool) -> st.SearchStrategy[tuple[str, Any]]:
    whole = st.sampled_from([*POOLS["JSON"], 1, "b", [1], {"a": {}}, [[]], {"b": [2]}, [{"a": 1}], [2, 1]])
    comparison = st.one_of(
        st.tuples(st.sampled_from(["eq", "ne"]), whole),
        st.tuples(st.sampled_from(ORDERED[:4]), _LEAVES),
        st.tuples(st.just("isNull"), st.booleans()),
    )
    at = st.tuples(_PATHS, st.lists(comparison, min_size=1, max_size=2)).map(
        lambda drawn: {"path": drawn[0], **dict(drawn[1])}
    )
    choices: list[st.SearchStrategy[tuple[str, Any]]] = [
        st.tuples(st.sampled_from(["eq", "ne", "contains"]), whole),
        st.tuples(st.just("hasKey"), st.sampled_from(["a", "b", "", "ab"])),
        st.tuples(st.just("at"), at),
    ]
    if is_nullable:
        choices.append(st.tuples(st.just("isNull"), st.booleans()))
    return st.one_of(choices)


def _field(draw: Draw, type_: str, field: str) -> dict[str, Any]:
    kind = KINDS[type_][field]
    nullable = field.startswith("maybe") or (type_ != "Box" and field != "name")
    if kind == "JSON":
        operation = _json_operation(is_nullable=nullable)
    elif kind.startswith("["):
        operation = _list_operation(_operand(type_, field, kind[1:-1]), is_nullable=nullable)
    else:
        operation = _operation(kind, _operand(type_, field, kind), is_nullable=nullable)
    return dict(draw(st.lists(operation, min_size=1, max_size=2)))


@st.composite
def filters(draw: Draw, world: World, type_: str, depth: int = 3) -> dict[str, Any]:
    """Return a filter of a type; most are small."""
    names = draw(st.lists(st.sampled_from(_names(type_, depth)), max_size=2, unique=True))
    return {name: _part(draw, world, type_, name, depth) for name in names}


def _names(type_: str, depth: int) -> list[str]:
    fields = list(KINDS[type_])
    if type_ == "Box":
        fields.append("hasLetter")
    if depth == 0:
        return [*fields, "id"]
    relations = RELATIONS[type_]
    lists = [name for name, (_, is_list) in relations.items() if is_list]
    ones = [name for name, (_, is_list) in relations.items() if not is_list and (type_, name) != ("Label", "box")]
    more = [f"{name}Count" for name in lists] + [f"{name}Aggregate" for name in lists]
    more += [f"{name}IsNull" for name in ones]
    return [*fields, "id", *["and", "or", "not"] * 2, *relations, *relations, *more, *more]


def _part(draw: Draw, world: World, type_: str, name: str, depth: int) -> Any:
    inner = filters(world, type_, depth - 1)
    if name in ("and", "or"):
        return draw(st.lists(inner, max_size=3))
    if name == "not":
        return draw(inner)
    if name == "id":
        ids = st.sampled_from([id_of(type_, row) for row in world.rows[type_]])
        return dict([draw(_operation("ID", ids, is_nullable=False))])
    if name == "hasLetter":
        return draw(st.sampled_from(["a", "%", "", "'"]))
    if name in KINDS[type_]:
        return _field(draw, type_, name)
    if name.endswith("IsNull"):
        return draw(st.booleans())
    if name.endswith("Count"):
        return dict([draw(_operation("Int", st.integers(0, 4), is_nullable=False))])
    relation = name.removesuffix("Aggregate")
    target, is_list = RELATIONS[type_][relation]
    if name.endswith("Aggregate"):
        return draw(aggregate_filters(world, target, depth - 1))
    far = filters(world, target, depth - 1)
    if not is_list:
        return draw(far)
    how = draw(st.lists(st.sampled_from(["some", "every", "none"]), min_size=1, max_size=2, unique=True))
    return {each: draw(far) for each in how}


def held(type_: str, function: str) -> list[str]:
    """Return the fields of a type that an aggregate function is of."""
    kinds = KINDS[type_]
    if function == "countDistinct":
        return [field for field, kind in kinds.items() if kind != "JSON"]
    allowed = COMPARABLE if function in ("min", "max") else NUMERIC
    return [field for field, kind in kinds.items() if kind in allowed]


@st.composite
def aggregate_filters(draw: Draw, world: World, type_: str, depth: int) -> dict[str, Any]:
    """Return a filter on aggregates of rows of a type."""
    given: dict[str, Any] = {}
    if depth >= 0 and draw(st.booleans()):
        given["filter"] = draw(filters(world, type_, depth))
    for function in draw(st.lists(st.sampled_from(["count", "sum", "avg", "min", "max", "variance"]), min_size=1,
                                  max_size=2, unique=True)):  # fmt: skip
        if function == "count":
            given["count"] = dict([draw(_operation("Int", st.integers(0, 4), is_nullable=False))])
        elif held(type_, function):
            field = draw(st.sampled_from(held(type_, function)))
            given[function] = {field: dict([draw(_aggregate_operation(type_, function, field))])}
    return given


def _aggregate_operation(type_: str, function: str, field: str) -> st.SearchStrategy[tuple[str, Any]]:
    kind = aggregate_kind(function, KINDS[type_][field])
    if function == "variance":  # irrational ones are never equal to what was typed
        return st.tuples(st.sampled_from(["lt", "gte"]), st.just("1.2345" if kind == "Decimal" else 1.2345))
    one = _operand(type_, field, kind) if function in ("min", "max") else st.sampled_from(NUMBERS[kind])
    return _operation(kind, one, is_nullable=False)


@st.composite
def orders(draw: Draw, type_: str, most: int = 4) -> list[dict[str, Any]]:
    """Return an order of a type."""
    return [_term(draw, type_, 2) for _ in range(draw(st.integers(0, most)))]


def _term(draw: Draw, type_: str, depth: int) -> dict[str, Any]:
    direction = draw(st.sampled_from(DIRECTIONS))
    fields = [name for name, kind in KINDS[type_].items() if kind not in ("JSON", "Base64") and kind[0] != "["]
    relations = RELATIONS[type_]
    lists = [name for name, (_, is_list) in relations.items() if is_list]
    ones = [name for name, (_, is_list) in relations.items() if not is_list]
    names = [*fields, "id", *(["length"] if type_ == "Box" else [])]
    if depth:
        names += ones * 4 + [f"{name}{what}" for name in lists for what in ("Count", "Aggregate")] * 2
    name = draw(st.sampled_from(names))
    if name in ones:
        return {name: _term(draw, relations[name][0], depth - 1)}
    if not name.endswith("Aggregate"):
        return {name: direction}
    target = relations[name.removesuffix("Aggregate")][0]
    function = draw(st.sampled_from(["count", "sum", "avg", "min", "max"]))
    if function == "count" or not held(target, function):
        return {name: {"count": direction}}
    return {name: {function: {draw(st.sampled_from(held(target, function))): direction}}}
