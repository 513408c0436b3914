"""Several operations in one request: off unless set, and then each is one of its own."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.api.served import Served, serving

ONE = {"query": "{ posts(first: 1) { totalCount } }"}


@pytest.fixture(scope="module")
async def web(content_url: str) -> AsyncIterator[Served]:
    """A server that takes three operations in a request."""
    async with serving(content_url, most_batched=3) as served:
        yield served


async def send(web: Served, *operations: Any, **headers: str) -> httpx.Response:
    """Send operations as a list."""
    return await web.client.post(
        "/graphql", json=list(operations), headers={"Content-Type": "application/json"} | headers
    )


async def test_each_has_its_answer(web: Served) -> None:
    """A list is answered by a list, in its order; what one is refused for does not touch the others."""
    count = (await web.ask(ONE["query"])).json()
    response = await send(web, ONE, {"query": "{ nope }"}, {"query": "query A { __typename }", "operationName": "A"})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json; charset=utf-8")
    first, second, third = response.json()
    assert first == count
    assert second["errors"][0]["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert third == {"data": {"__typename": "Query"}}


async def test_log_line(web: Served) -> None:
    """A batch is one line, with all its errors."""
    web.take_log()
    await send(web, ONE, {"query": "{ nope }"})
    (line,) = await web.logged()
    assert (line["operation"], line["errors"], line["status"]) == ("batch of 2", ["GRAPHQL_VALIDATION_FAILED"], 200)


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ([], "The body is an empty list; it must hold at least one operation."),
        ([ONE] * 4, "The request has 4 operations; 3 are accepted."),
        ([ONE, [ONE]], 'The body must be a JSON object such as {"query": "{ __typename }"}.'),
        ([ONE, {}], "Parameter `query` is missing: the text of a GraphQL document."),
        ([ONE, None], 'The body must be a JSON object such as {"query": "{ __typename }"}.'),
    ],
)
async def test_batches_that_are_refused(web: Served, operations: list[Any], message: str) -> None:
    """A list that is too long, or has in it what is no operation, is refused whole: nothing of it is run."""
    web.take_log()
    response = await send(web, *operations)
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == message
    (line,) = await web.logged()
    assert line.get("statements", 0) == 0


async def test_an_idempotency_key_is_for_one(web: Served) -> None:
    """A key names one operation, so that a batch with one is refused."""
    response = await send(web, ONE, ONE, **{"Idempotency-Key": "a" * 20})
    assert (response.status_code, response.json()["errors"][0]["extensions"]) == (400, {"code": "BAD_REQUEST"})


async def test_each_counts(content_url: str) -> None:
    """Each operation counts as a request; those beyond the rate are refused by themselves."""
    async with serving(content_url, most_batched=5, rate_requests="3/minute") as web:
        answers = (await send(web, *[{"query": "{ __typename }"}] * 5)).json()
    codes = [each.get("errors", [{"extensions": {"code": None}}])[0]["extensions"]["code"] for each in answers]
    assert codes == [None, None, None, "RATE_LIMITED", "RATE_LIMITED"]


async def test_off_by_default(shared_server: Served) -> None:
    """Lists are no request where nobody has said that they are."""
    response = await send(shared_server, ONE)
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"].startswith("The body must be a JSON object")
