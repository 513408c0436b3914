"""The JSON of variables: how deeply it nests, how much it holds."""

from typing import Any

import orjson
import pytest

from api.http.json_limits import JsonLimits
from schema.errors import LimitError
from tests.api.served import Served

LIMITS = JsonLimits(depth=3, values=10)


def nested(levels: int, brackets: str) -> Any:
    """Return lists or objects in each other."""
    found: Any = 1
    for _ in range(levels):
        found = [found] if brackets == "[" else {"a": found}
    return found


def check(found: Any) -> None:
    LIMITS.check(orjson.dumps({"query": "{ a { b } }", "variables": found}), "variables", found)


@pytest.mark.parametrize("brackets", ["[", "{"])
def test_depth(brackets: str) -> None:
    """Variables nest as deep as the limit says, and not one level more."""
    check({"v": nested(3, brackets)})
    with pytest.raises(LimitError, match=r"^Parameter `variables` nests lists and objects more than 3 levels deep\.$"):
        check({"v": nested(4, brackets)})


@pytest.mark.parametrize("value", [1, [1], {"a": 1}])
def test_values(value: Any) -> None:
    """Values count at all levels, lists and objects among them."""
    size = 1 if value == 1 else 2
    check({"v": [value] * (9 // size)})
    with pytest.raises(LimitError, match=r"^Parameter `variables` holds more than 10 values\.$"):
        check({"v": [value] * (9 // size + 1)})
    with pytest.raises(LimitError, match="more than 10 values"):
        check({f"v{number}": value for number in range(11)})


def test_brackets_in_texts_are_no_levels() -> None:
    """Brackets and commas of texts, and of the document, count for nothing."""
    check({"v": "[[[[[[{{{{{{,,,,,,,,,,,,,,,"})
    check({})
    check(None)


async def test_queries_take_less(web: Served) -> None:
    """What only reads has use for few values; a mutation may bring as many rows as the body holds."""
    ids = {"ids": ["x"] * 5_000}
    refused = await web.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", variables=ids)
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["extensions"]) == (400, {"code": "LIMIT_EXCEEDED"})
    assert error["message"] == "Parameter `variables` holds more than 5,000 values, the most that a query may have."
    mutation = "mutation ($ids: [ID!]!) { deletePosts(filter: {id: {in: $ids}}, atMost: 1) { __typename } }"
    errors = (await web.ask(mutation, variables=ids)).json()["errors"]
    assert all(error["extensions"] != {"code": "LIMIT_EXCEEDED"} for error in errors)
