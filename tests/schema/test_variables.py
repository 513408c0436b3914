"""Variables are coerced as graphql-core coerces them, whatever a client sends."""

from typing import Any

import pytest
from graphql import build_schema, get_variable_values, parse
from graphql.execution.values import VariableValues
from hypothesis import given
from hypothesis import strategies as st

from schema.documents import to_document
from schema.variables import VariableReader

CORE = build_schema(
    """
    input Box { size: Int! label: String = "none" }
    input Tree { size: Int! side: Side tree: Tree trees: [Tree!] marks: [String] one: One }
    input One @oneOf { size: Int tree: Tree }
    enum Side { LEFT RIGHT }
    type Query { a(id: ID, n: Int, t: String, b: Boolean, f: Float, box: Box, side: Side, ids: [ID!], tree: Tree): Int }
    """
)
TYPES = ["ID", "Int", "String", "Boolean", "Float", "Box", "Side", "[ID!]", "[Int]", "Tree", "One", "[Tree]"]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.text(max_size=1), max_size=2),
    st.just({"size": 1}),
    st.just("LEFT"),
    st.deferred(lambda: TREES),
    st.deferred(lambda: ONES),
    st.lists(st.deferred(lambda: TREES), max_size=2),
)
SIZES = st.one_of(st.integers(0, 3), st.sampled_from([None, "1", 1.5, True]))
ONES = st.dictionaries(st.sampled_from(["size", "tree"]), st.one_of(SIZES, st.deferred(lambda: TREES)), max_size=2)
TREES = st.fixed_dictionaries(
    {},
    optional={
        "one": ONES,
        "marks": st.one_of(st.lists(st.sampled_from(["a", None, 1]), max_size=2), st.just("a")),
        "tree": st.one_of(st.none(), st.deferred(lambda: TREES)),
        "trees": st.lists(st.one_of(st.none(), st.deferred(lambda: TREES)), max_size=2),
        "side": st.sampled_from(["LEFT", "UP", 1, None]),
        "size": SIZES,
        "other": st.none(),
    },
).flatmap(lambda tree: st.permutations([*tree.items()]).map(dict))
DEFINED = st.sampled_from(
    [f"{type_}{end}" for type_ in TYPES for end in ("", "!")] + ["Int = 3", "ID = 3", "String = null"]
)


def shown(found: Any) -> str:
    """Return coerced values with what they come from, or messages, as text: NaN equals nothing."""
    if isinstance(found, VariableValues):
        return repr(({name: source.value for name, source in found.sources.items()}, found.coerced))
    return repr([error.message for error in found])


@given(st.lists(st.tuples(DEFINED, st.one_of(st.just(...), VALUES)), max_size=3))
def test_values_and_errors_are_the_same(drawn: list[tuple[str, Any]]) -> None:
    """Right or wrong, null or left out."""
    names = [f"v{number}" for number in range(len(drawn))]
    given_ = {name: value for name, (_, value) in zip(names, drawn, strict=True) if value is not ...}
    defined = ", ".join(f"${name}: {type_}" for name, (type_, _) in zip(names, drawn, strict=True))
    operation = to_document(parse(f"query {f'({defined})' if defined else ''} {{ a }}")).operation(None)
    expected = get_variable_values(CORE, operation.variable_definitions or (), given_)
    assert shown(VariableReader(CORE, operation).read(given_)) == shown(expected)


@pytest.mark.parametrize("sent", [{"v": "x", "more": 1}, {"v": "x"}])
def test_what_is_not_declared_is_passed_over(sent: dict[str, Any]) -> None:
    """As the specification says."""
    operation = to_document(parse("query ($v: ID!) { a(id: $v) }")).operation(None)
    found = VariableReader(CORE, operation).read(sent)
    assert isinstance(found, VariableValues)
    assert found.coerced == {"v": "x"}


@pytest.mark.parametrize(
    ("sent", "places"),
    [
        ({"box": {"size": "x", "label": 1}, "n": 1.5}, [["box", "size"], ["box", "label"], ["n"]]),
        ({"box": {"size": None}}, [["box", "size"]]),
        ({"box": {"label": "x", "more": 1}}, [["box"], ["box"]]),
        ({"box": None}, [["box"]]),
        ({}, [["box"]]),
        ({"box": {"size": 1}, "ids": ["x", {}]}, [["ids", 1]]),
        ({"box": {"size": 1}, "ids": [{}] * 30}, [*(["ids", index] for index in range(20)), None]),
    ],
)
def test_where_a_value_is_wrong(sent: dict[str, Any], places: list[Any]) -> None:
    """Each error has the name of its variable and the way into it, as data; what ends the list has none."""
    operation = to_document(parse("query ($box: Box!, $n: Int = 3, $ids: [ID!]) { a }")).operation(None)
    errors = VariableReader(CORE, operation).read(sent)
    assert isinstance(errors, list)
    assert [(error.extensions or {}).get("path") for error in errors] == places
