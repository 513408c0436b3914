"""Random orders and pages over random rows: every page, read both ways, is a part of the whole sorted list."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schema.opaque import decode
from tests.schema.query.conftest import SEED, WALKS, Place
from tests.schema.query.rules import RELATIONS, Row, holds, id_of, ordered
from tests.schema.query.strategies import filters, orders
from tests.schema.query.world import SIZES, make_world

WORLD = make_world(SEED)
LISTS = {"Box": "boxes", "Item": "items", "Mark": "marks"}

Page = dict[str, Any]
"""`after` and `before` as places of rows in the whole list, `first` or `last`, `offset`; each may be missing."""

SHOWN = "edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


def pages(rows: int) -> st.SearchStrategy[Page]:
    """Return a strategy for pages of a list with about that many rows."""
    place = st.integers(0, rows)
    size = st.integers(0, 9)
    ends = {"after": place, "before": place}
    forward = st.fixed_dictionaries({}, optional=ends | {"first": size, "offset": st.integers(0, rows + 3)})
    return st.one_of(forward, st.fixed_dictionaries({"last": size}, optional=ends))


def walk(rows: int, size: int) -> list[Page]:
    """Return the pages of a walk from the start to the end and of one back again."""
    steps = range(size, rows, size)
    forward = [{"first": size}, *({"first": size, "after": step - 1} for step in steps)]
    back = [{"last": size}, *({"last": size, "before": rows - step} for step in steps)]
    return forward + back


def part(whole: list[Row], listed: list[Row], page: Page) -> tuple[list[Row], bool, bool]:
    """Return the rows of a page of a list, whether rows follow it and whether rows precede it.

    Args:
        whole: The rows that the page's places are in.
        listed: Those of them that the list has, in the same order.
        page: The page.
    """
    at = {id(row): index for index, row in enumerate(whole)}
    after, before = page.get("after", -1), page.get("before", len(whole))
    window = [row for row in listed if after < at[id(row)] < before]
    behind = any(at[id(row)] >= before for row in listed) and "before" in page
    ahead = any(at[id(row)] <= after for row in listed) and "after" in page
    if "last" in page:
        size = page["last"]
        return window[len(window) - size :] if size < len(window) else window, behind, ahead or len(window) > size
    offset, size = page.get("offset", 0), page.get("first", 20)
    passed = offset > 0 and any(at[id(row)] < before for row in listed)
    return window[offset:][:size], behind or len(window) > offset + size, ahead or passed


def arguments(page: Page, cursors: list[str]) -> str:
    """Return a page as GraphQL writes it."""
    return ", ".join(
        f'{name}: "{cursors[value]}"' if name in ("after", "before") else f"{name}: {value}"
        for name, value in page.items()
        if name not in ("after", "before") or value < len(cursors)
    )


def known(page: Page, rows: int) -> Page:
    """Return a page without places beyond the list."""
    return {name: value for name, value in page.items() if name not in ("after", "before") or value < rows}


def compare(type_: str, found: Any, wanted: tuple[list[Row], bool, bool], cursors: dict[str, str], page: Page) -> None:
    """Compare a page that was read with one that is wanted."""
    rows, has_next, has_previous = wanted
    ids = [id_of(type_, row) for row in rows]
    assert found == {
        "edges": [{"cursor": cursors[id_], "node": {"id": id_}} for id_ in ids],
        "pageInfo": {
            "hasNextPage": has_next,
            "hasPreviousPage": has_previous,
            "startCursor": cursors[ids[0]] if ids else None,
            "endCursor": cursors[ids[-1]] if ids else None,
        },
    }, page


async def check_root(shop: Place, type_: str, order: list[Any], filter_: Any, size: int, odd: list[Page]) -> None:
    """Read the whole list, and then parts of it, in one document each."""
    rows = ordered(type_, order, [row for row in WORLD.rows[type_] if holds(type_, filter_, row)])
    head = f"query($o: [{type_}Order!], $f: {type_}Filter)"
    variables = {"o": order, "f": filter_}
    answer = await shop.ask(
        f"{head} {{ {LISTS[type_]}(first: 1000, orderBy: $o, filter: $f) {{ edges {{ cursor node {{ id }} }} }} }}",
        **variables,
    )
    assert answer.errors == []
    edges = answer.data[LISTS[type_]]["edges"]
    assert [edge["node"]["id"] for edge in edges] == [id_of(type_, row) for row in rows]
    cursors = [edge["cursor"] for edge in edges]
    asked = [known(page, len(rows)) for page in walk(len(rows), size) + odd]
    parts = [
        f"p{index}: {LISTS[type_]}(orderBy: $o, filter: $f {arguments(page, cursors)}) {{ {SHOWN} }}"
        for index, page in enumerate(asked)
    ]
    answer = await shop.ask(f"{head} {{ {' '.join(parts)} }}", **variables)
    assert answer.errors == []
    by_id = {edge["node"]["id"]: edge["cursor"] for edge in edges}
    for index, page in enumerate(asked):
        compare(type_, answer.data[f"p{index}"], part(rows, rows, page), by_id, page)


def root(type_: str) -> Any:
    """Return strategies for the arguments of a test of a root list."""
    few = st.one_of(st.just({}), filters(WORLD, type_, depth=1))
    odd = st.lists(pages(SIZES[LISTS[type_]]), max_size=8)
    return given(order=orders(type_), filter_=few, size=st.integers(2, 9), odd=odd)


@WALKS
@root("Box")
async def test_boxes(shop: Place, order: Any, filter_: Any, size: int, odd: list[Page]) -> None:
    """Pages of boxes are parts of the sorted list, whatever the order."""
    await check_root(shop, "Box", order, filter_, size, odd)


@WALKS
@example(order=[{"box": {"itemsCount": "ASC"}}], filter_={}, size=2, odd=[])  # a box that is not there counts nothing
@root("Item")
async def test_items(shop: Place, order: Any, filter_: Any, size: int, odd: list[Page]) -> None:
    """Pages of items, most of which tie, are parts of the sorted list."""
    await check_root(shop, "Item", order, filter_, size, odd)


NESTED = [("Box", "items"), ("Box", "inner"), ("Box", "marks"), ("Item", "marks"), ("Mark", "items")]


def nested(source: str, relation: str) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy for a nested list: where it is, its order, its filter, pages of it."""
    target = RELATIONS[source][relation][0]
    few = st.one_of(st.just({}), filters(WORLD, target, depth=1))
    odd = st.lists(pages(SIZES[LISTS[target]]), min_size=1, max_size=8)
    return st.tuples(st.just((source, relation)), orders(target), few, odd)


@WALKS
@given(asked=st.one_of([nested(*each) for each in NESTED]))
async def test_nested(shop: Place, asked: tuple[Any, ...]) -> None:
    """Each parent has its own page of its own list, and its own count."""
    (source, relation), order, filter_, odd = asked
    target = RELATIONS[source][relation][0]
    whole = ordered(target, order, WORLD.rows[target])
    head = f"query($o: [{target}Order!], $f: {target}Filter)"
    list_ = LISTS[target]
    all_ = f"query($o: [{target}Order!]) {{ {list_}(first: 1000, orderBy: $o) {{ edges {{ cursor node {{ id }} }} }} }}"
    edges = (await shop.ask(all_, o=order)).data[list_]["edges"]
    cursors = [edge["cursor"] for edge in edges]
    by_id = {edge["node"]["id"]: edge["cursor"] for edge in edges}
    assert list(by_id) == [id_of(target, row) for row in whole]
    parts = [
        f"p{index}: {relation}(orderBy: $o, filter: $f {arguments(page, cursors)}) {{ totalCount {SHOWN} }}"
        for index, page in enumerate(odd)
    ]
    answer = await shop.ask(
        f"{head} {{ all: {LISTS[source]}(first: 1000) {{ nodes {{ id {' '.join(parts)} }} }} }}", o=order, f=filter_
    )
    assert (answer.errors, answer.statements) == ([], 1 + len({arguments(page, cursors) for page in odd}))
    read = {node["id"]: node for node in answer.data["all"]["nodes"]}
    for row in WORLD.rows[source]:
        listed = [each for each in whole if any(each is far for far in row[relation]) and holds(target, filter_, each)]
        for index, page in enumerate(odd):
            found = read[id_of(source, row)][f"p{index}"]
            assert found.pop("totalCount") == len(listed)
            compare(target, found, part(whole, listed, known(page, len(whole))), by_id, page)


@pytest.mark.parametrize("type_", LISTS)
async def test_cursors_hold_no_more_than_a_place(shop: Place, type_: str) -> None:
    """A cursor names the order and the key, in text that can be read."""
    answer = await shop.ask(f"{{ {LISTS[type_]}(first: 1) {{ pageInfo {{ endCursor }} }} }}")
    key = {"Box": '"1"', "Item": '"1"', "Mark": '""'}[type_]
    name = "code" if type_ == "Mark" else "id"
    assert decode(answer.data[LISTS[type_]]["pageInfo"]["endCursor"]) == f'["{type_}:+.{name}", {key}]'
