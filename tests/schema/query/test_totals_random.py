"""Random aggregates and groups over random rows are what Python makes of them, at the root and below parents."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.opaque import decode
from tests.schema.query.conftest import SEED, WALKS, Place
from tests.schema.query.rules import (
    KINDS,
    RELATIONS,
    Row,
    aggregate,
    aggregate_kind,
    aggregates_hold,
    holds,
    id_of,
    parse,
    sort_key,
)
from tests.schema.query.strategies import DIRECTIONS, aggregate_filters, filters, held
from tests.schema.query.world import make_world

WORLD = make_world(SEED)
LISTS = {"Box": "boxes", "Item": "items", "Mark": "marks"}
FUNCTIONS = ["countDistinct", "sum", "avg", "stddev", "variance", "min", "max"]
UNITS = {
    "Date": ["day", "week", "month", "quarter", "year"],
    "DateTime": ["hour", "day", "week", "month", "quarter", "year"],
    "LocalDateTime": ["hour", "day", "week", "month", "quarter", "year"],
}


def everything(type_: str) -> str:
    """Return a selection of all aggregates of a type."""
    parts = [f"{function} {{ {' '.join(held(type_, function))} }}" for function in FUNCTIONS if held(type_, function)]
    return f"count {' '.join(parts)}"


def compare(type_: str, found: dict[str, Any], rows: list[Row]) -> None:
    """Compare aggregates that were read with those of rows."""
    assert found["count"] == len(rows)
    for function in FUNCTIONS:
        for field in held(type_, function):
            kind = aggregate_kind(function, KINDS[type_][field])
            wanted, value = aggregate(type_, function, field, rows), found[function][field]
            if value is None or wanted is None:
                assert value is wanted, (function, field)
            elif function in ("avg", "stddev", "variance"):
                assert abs(Fraction(value) - wanted) <= abs(wanted) * Fraction(1, 10**12), (function, field)
            else:
                assert parse(kind, value) == wanted, (function, field)


@WALKS
@given(
    asked=st.sampled_from(["Box", "Item", "Mark"]).flatmap(
        lambda type_: st.tuples(st.just(type_), filters(WORLD, type_, 1))
    )
)
async def test_aggregates(shop: Place, asked: tuple[str, Any]) -> None:
    """Aggregates are of all rows that the filter leaves, and not of the page."""
    type_, filter_ = asked
    answer = await shop.ask(
        f"query($f: {type_}Filter) {{ {LISTS[type_]}(first: 2, filter: $f) "
        f"{{ nodes {{ id }} aggregate {{ {everything(type_)} }} }} }}",
        f=filter_,
    )
    assert (answer.errors, answer.statements) == ([], 1)
    rows = [row for row in WORLD.rows[type_] if holds(type_, filter_, row)]
    compare(type_, answer.data[LISTS[type_]]["aggregate"], rows)


@WALKS
@given(asked=st.sampled_from([("Box", "items"), ("Mark", "boxes"), ("Mark", "items"), ("Box", "inner")]).flatmap(
    lambda each: st.tuples(st.just(each), filters(WORLD, RELATIONS[each[0]][each[1]][0], 1))))  # fmt: skip
async def test_nested_aggregates(shop: Place, asked: tuple[tuple[str, str], Any]) -> None:
    """Each parent has the aggregates of its own rows, in one statement for all parents."""
    (source, relation), filter_ = asked
    target = RELATIONS[source][relation][0]
    answer = await shop.ask(
        f"query($f: {target}Filter) {{ {LISTS[source]}(first: 1000) {{ nodes {{ id {relation}(filter: $f, first: 1) "
        f"{{ aggregate {{ {everything(target)} }} }} }} }} }}",
        f=filter_,
    )
    assert (answer.errors, answer.statements) == ([], 2)
    by_id = {id_of(source, row): row for row in WORLD.rows[source]}
    for node in answer.data[LISTS[source]]["nodes"]:
        rows = [row for row in by_id[node["id"]][relation] if holds(target, filter_, row)]
        compare(target, node[relation]["aggregate"], rows)


def keys_of(type_: str) -> list[str]:
    """Return the names of what rows of a type can be grouped by."""
    names = []
    for field, kind in KINDS[type_].items():
        if kind[0] != "[" and kind not in ("JSON", "Base64"):
            names += [field, *(field + unit.capitalize() for unit in UNITS.get(kind, []))]
    return names + {"Box": ["outer"], "Item": ["box"]}.get(type_, [])


def member(name: str) -> str:
    """Return a key as its enum writes it."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)


def truncated(value: Any, unit: str) -> Any:
    """Return a day or a time with what is smaller than a unit taken off."""
    if isinstance(value, datetime):
        value = value.replace(minute=0, second=0, microsecond=0)
        value = value if unit == "hour" else value.replace(hour=0)
    if unit == "week":
        return value - timedelta(days=value.weekday())
    if unit == "month":
        return value.replace(day=1)
    if unit == "quarter":
        return value.replace(day=1, month=(value.month - 1) // 3 * 3 + 1)
    return value.replace(day=1, month=1) if unit == "year" else value


def key_of(type_: str, name: str, row: Row) -> Any:
    """Return what a row is grouped by; a row's key for a relation."""
    if name in RELATIONS[type_]:
        return row[name]["key"] if row[name] else None
    if name in KINDS[type_]:
        return row[name]
    field, unit = next((name.removesuffix(unit.capitalize()), unit) for units in UNITS.values() for unit in units
                       if name.endswith(unit.capitalize()))  # fmt: skip
    value = row[field]
    value = value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value
    return None if value is None else truncated(value, unit)


def shown_key(type_: str, name: str, value: Any) -> Any:
    """Return a key that was read in a form that compares."""
    if value is None:
        return None
    if name in RELATIONS[type_]:
        return int(decode(value["id"]).partition(":")[2])
    if name in KINDS[type_]:
        return parse(KINDS[type_][name], value)
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)


Groups = dict[str, Any]
"""What was drawn of a `groups` field: by, having, orderBy, first, offset, and which keys to order by."""


@st.composite
def groups(draw: Any, type_: str) -> Groups:
    """Return arguments of `groups`."""
    by = draw(st.lists(st.sampled_from(keys_of(type_)), min_size=1, max_size=3, unique=True))
    order: list[Any] = []
    for _ in range(draw(st.integers(0, 2))):
        direction = draw(st.sampled_from(DIRECTIONS))
        function = draw(st.sampled_from(["key", "count", "sum", "max"]))
        plain = [name for name in by if name not in RELATIONS[type_]]
        if function == "key" and plain:
            order.append({"key": {draw(st.sampled_from(plain)): direction}})
        elif function in ("sum", "max") and held(type_, function):
            order.append({"aggregate": {function: {draw(st.sampled_from(held(type_, function))): direction}}})
        else:
            order.append({"aggregate": {"count": direction}})
    return {
        "by": by,
        "having": draw(st.one_of(st.just({}), aggregate_filters(WORLD, type_, 1))),
        "orderBy": order,
        "first": draw(st.integers(0, 30)),
        "offset": draw(st.sampled_from([0, 0, 1, 3])),
    }


def wanted_groups(type_: str, rows: list[Row], asked: Groups) -> list[tuple[tuple[Any, ...], list[Row]]]:
    """Return the groups of rows in their order: keys and rows of each."""
    by_key: dict[Any, list[Row]] = {}
    for row in rows:
        by_key.setdefault(tuple(key_of(type_, name, row) for name in asked["by"]), []).append(row)
    found = [(key, members) for key, members in by_key.items() if aggregates_hold(type_, asked["having"], members)]
    for index in reversed(range(len(asked["by"]))):
        found.sort(key=lambda group: sort_key((group[0][index], False, False)))
    for term in reversed(asked["orderBy"]):
        ((what, given),) = term.items()
        ((name, inner),) = given.items()
        ((field, direction),) = inner.items() if isinstance(inner, dict) else (("", inner),)
        is_descending = direction.startswith("DESC")
        is_first = direction.endswith("FIRST") or direction == "DESC"
        values = {
            key: key[asked["by"].index(name)] if what == "key" else aggregate(type_, name, field, members)
            for key, members in found
        }
        found.sort(key=lambda group: sort_key((values[group[0]], is_descending, is_first)), reverse=is_descending)
    return found[asked["offset"] :][: asked["first"]]


def selection(type_: str, asked: Groups) -> str:
    """Return a `groups` field and what is below it, with variables for what is not short."""
    keys = " ".join(f"{name} {{ id }}" if name in RELATIONS[type_] else name for name in asked["by"])
    by = " ".join(member(name) for name in asked["by"])
    return (
        f"groups(by: [{by}], having: $h, orderBy: $o, first: {asked['first']}, offset: {asked['offset']})"
        f" {{ keys {{ {keys} }} aggregate {{ {everything(type_)} }} }}"
    )


def compare_groups(
    type_: str, found: list[Any], wanted: list[tuple[tuple[Any, ...], list[Row]]], asked: Groups
) -> None:
    """Compare groups that were read with those that are wanted."""
    keys = [tuple(shown_key(type_, name, group["keys"][name]) for name in asked["by"]) for group in found]
    assert keys == [key for key, _ in wanted]
    for group, (_, members) in zip(found, wanted, strict=True):
        compare(type_, group["aggregate"], members)


@WALKS
@given(
    asked=st.sampled_from(["Box", "Item"]).flatmap(
        lambda type_: st.tuples(st.just(type_), groups(type_), filters(WORLD, type_, 1))
    )
)
async def test_groups(shop: Place, asked: tuple[str, Groups, Any]) -> None:
    """Groups have the keys, the aggregates and the order that are asked for."""
    type_, drawn, filter_ = asked
    answer = await shop.ask(
        f"query($f: {type_}Filter, $h: {type_}AggregateFilter, $o: [{type_}GroupOrder!]) "
        f"{{ {LISTS[type_]}(filter: $f) {{ {selection(type_, drawn)} }} }}",
        f=filter_, h=drawn["having"], o=drawn["orderBy"],
    )  # fmt: skip
    assert answer.errors == []
    found = answer.data[LISTS[type_]]["groups"]
    objects = [group["keys"][name] for group in found for name in drawn["by"] if name in RELATIONS[type_]]
    assert answer.statements == 1 + any(objects)
    rows = [row for row in WORLD.rows[type_] if holds(type_, filter_, row)]
    compare_groups(type_, found, wanted_groups(type_, rows, drawn), drawn)


@WALKS
@given(drawn=groups("Item"), filter_=filters(WORLD, "Item", 1))
async def test_nested_groups(shop: Place, drawn: Groups, filter_: Any) -> None:
    """Each parent has the groups of its own rows; a parent without rows has none."""
    answer = await shop.ask(
        "query($f: ItemFilter, $h: ItemAggregateFilter, $o: [ItemGroupOrder!]) { boxes(first: 1000) "
        f"{{ nodes {{ id items(filter: $f) {{ {selection('Item', drawn)} }} }} }} }}",
        f=filter_, h=drawn["having"], o=drawn["orderBy"],
    )  # fmt: skip
    assert answer.errors == []
    by_id = {id_of("Box", row): row for row in WORLD.rows["Box"]}
    for node in answer.data["boxes"]["nodes"]:
        rows = [row for row in by_id[node["id"]]["items"] if holds("Item", filter_, row)]
        compare_groups("Item", node["items"]["groups"], wanted_groups("Item", rows, drawn), drawn)


@pytest.mark.parametrize("name", keys_of("Box"))
async def test_every_key(shop: Place, name: str) -> None:
    """Rows can be grouped by every key, null being a key too."""
    asked = {"by": [name], "having": {}, "orderBy": [], "first": 100, "offset": 0}
    head = "query($h: BoxAggregateFilter, $o: [BoxGroupOrder!])"
    answer = await shop.ask(f"{head} {{ boxes {{ {selection('Box', asked)} }} }}", h=None, o=None)
    assert answer.errors == []
    compare_groups("Box", answer.data["boxes"]["groups"], wanted_groups("Box", WORLD.rows["Box"], asked), asked)
