"""What resolvers raise, as clients and logs see it, and a database that is away."""

from collections.abc import AsyncIterator
from typing import Any, NewType

import pytest
import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from api.keys.format import make
from schema.build import build_graph_schema
from schema.errors import BadInputError, UnavailableError
from schema.fields import extends_query
from tests.api.served import GRAPHQL, Served, graph_of, serving

NO_DATABASE = "postgresql://achene:a-secret@127.0.0.1:1/achene"
"""Nothing listens there."""

HIDDEN = 'relation "users" violates\n2026-01-01 [error] a forged line \x1b[31m'


@extends_query
class Failing:
    """Root fields that fail, each in its way."""

    @strawberry.field
    def crash(self) -> int:
        raise RuntimeError(HIDDEN)

    @strawberry.field
    def crashes(self) -> list[int | None]:
        return [strawberry.UNSET, strawberry.UNSET]  # type: ignore[list-item]  # neither is an Int

    @strawberry.field
    def graphql_error(self) -> int | None:
        raise GraphQLError(HIDDEN)

    @strawberry.field
    def nothing(self) -> int:
        return None  # type: ignore[return-value]  # that is the fault

    @strawberry.field
    def refused(self) -> int | None:
        raise BadInputError("Argument `x` takes a number.")

    @strawberry.field
    def away(self) -> int | None:
        raise UnavailableError("The database cannot be reached.")

    @strawberry.field
    def twice(self, n: int = 1) -> int | None:
        return 2 * n


@pytest.fixture(scope="module")
async def failing(content_url: str) -> AsyncIterator[Served]:
    """A server with these fields."""
    async with serving(content_url, build_graph_schema(own=[Failing])) as web:
        yield web


@pytest.fixture
def web(failing: Served) -> Served:
    """That server, its log empty."""
    failing.take_log()
    return failing


def internal(request_id: str, path: str, column: int = 3) -> dict[str, Any]:
    """Return the error that hides everything."""
    return {
        "message": "Internal error",
        "locations": [{"line": 1, "column": column}],
        "path": [path],
        "extensions": {"code": "INTERNAL", "requestId": request_id},
    }


@pytest.mark.parametrize("field", ["crash", "nothing"])
async def test_exception_on_a_field_that_cannot_be_null(web: Served, field: str) -> None:
    """Any exception is INTERNAL with the request id; the log has the traceback, its lines escaped."""
    response = await web.ask(f"{{ {field} }}", headers={"X-Request-Id": "id-1"})
    assert (response.status_code, response.json()) == (200, {"errors": [internal("id-1", field)], "data": None})
    error, line = await web.logged(2)
    assert (error["event"], error["request_id"], error["path"], error["level"]) == (
        "unexpected error",
        "id-1",
        field,
        "error",
    )
    assert "Traceback" in error["exception"]
    assert (line["event"], line["status"], line["errors"]) == ("request", 200, ["INTERNAL"])


async def test_graphql_error_of_a_resolver_is_hidden_too(web: Served) -> None:
    """Only our own errors are for clients to read; others may hold anything."""
    response = await web.ask("{ graphqlError refused }", headers={"X-Request-Id": "id-2"})
    refused = {
        "message": "Argument `x` takes a number.",
        "locations": [{"line": 1, "column": 16}],
        "path": ["refused"],
        "extensions": {"code": "BAD_INPUT"},
    }
    assert response.json() == {
        "errors": [internal("id-2", "graphqlError"), refused],
        "data": {"graphqlError": None, "refused": None},
    }
    assert [line["event"] for line in await web.logged(2)] == ["unexpected error", "request"]


async def test_value_that_does_not_serialize(web: Served) -> None:
    """A value that is not what its type says is our fault, and is hidden."""
    response = await web.ask("{ crashes }", headers={"X-Request-Id": "id-3"})
    codes = [error["extensions"]["code"] for error in response.json()["errors"]]
    assert (response.status_code, codes) == (200, ["INTERNAL", "INTERNAL"])
    assert "UNSET" not in response.text


async def test_argument_that_is_found_wrong_while_running(web: Served) -> None:
    """An explicit null in a variable with a default is the client's affair."""
    response = await web.ask("query ($n: Int = 3) { twice(n: $n) }", variables={"n": None})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"], error["path"]) == (200, {"code": "BAD_INPUT"}, ["twice"])
    assert "null" in error["message"]
    assert len(await web.logged()) == 1


async def test_unavailable_for_a_part(web: Served) -> None:
    """Where some of it could be answered, it is."""
    response = await web.ask("{ away twice }")
    (error,) = response.json()["errors"]
    assert (response.status_code, response.json()["data"]) == (200, {"away": None, "twice": 2})
    assert error["extensions"] == {"code": "UNAVAILABLE"}


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json"])
async def test_unavailable_for_the_whole(web: Served, accept: str) -> None:
    """Where nothing could be answered the status says so, and when to come back."""
    response = await web.ask("{ away again: away }", accept)
    assert (response.status_code, response.headers["retry-after"], response.json()) == (
        503,
        "2",
        {"errors": [{"message": "The database cannot be reached.", "extensions": {"code": "UNAVAILABLE"}}]},
    )
    (line,) = await web.logged()
    assert (line["status"], line["level"], line["errors"]) == (503, "error", ["UNAVAILABLE"])


async def test_database_that_is_away() -> None:
    """The server starts without its database, answers 503 and what needs none, and tells no address."""
    async with serving(NO_DATABASE) as web:
        response = await web.ask("{ posts { nodes { author { name } comments { totalCount } } } users { totalCount } }")
        assert (response.status_code, response.json()) == (
            503,
            {"errors": [{"message": "The database cannot be reached.", "extensions": {"code": "UNAVAILABLE"}}]},
        )
        assert (await web.ask("{ __schema { queryType { name } } }")).status_code == 200
        assert "a-secret" not in web.stream.getvalue()
        assert "Traceback" not in web.stream.getvalue()


async def test_key_while_the_database_is_away() -> None:
    """A key that cannot be looked up is not wrong: the answer is 503."""
    async with serving(NO_DATABASE) as web:
        response = await web.ask("{ __typename }", headers={"X-API-Key": make().shown})
        assert (response.status_code, response.json()["errors"][0]["extensions"]) == (503, {"code": "UNAVAILABLE"})


Odd = NewType("Odd", int)


def _parse_odd(value: Any) -> Odd:
    if value % 2 == 0:
        raise ValueError(HIDDEN)
    return Odd(value)


async def test_words_of_a_scalar(content_url: str) -> None:
    """What a scalar of the team's own says with an exception of Python's is not shown."""

    @strawberry.type
    class Query:
        @strawberry.field
        def odd(self, n: Odd) -> int:
            return int(n)

    scalar = strawberry.scalar(name="Odd", parse_value=_parse_odd, serialize=int)
    built = strawberry.Schema(Query, config=StrawberryConfig(scalar_map={Odd: scalar}))
    async with serving(content_url, graph_of(built)) as web:
        in_variable = await web.ask("query ($n: Odd!) { odd(n: $n) }", variables={"n": 2})
        in_document = await web.ask("{ odd(n: 2) }")
        assert (await web.ask("{ odd(n: 3) }")).json() == {"data": {"odd": 3}}
    for response in (in_variable, in_document):
        assert response.status_code == 400
        assert response.json()["errors"][0]["message"] == "A value is not what its type takes."


async def test_exception_outside_of_resolvers(content_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in the server itself is a JSON body with status 500, one traceback and one line."""
    async with serving(content_url) as web:

        async def broken(_presented: str) -> None:
            raise RuntimeError(HIDDEN)

        monkeypatch.setattr(web.app.state.parts.keys, "resolve", broken, raising=True)
        response = await web.ask("{ __typename }", headers={"X-API-Key": "x", "X-Request-Id": "id-4"})
        assert (response.status_code, response.headers["content-type"], response.json()) == (
            500,
            "application/json; charset=utf-8",
            {"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL", "requestId": "id-4"}}]},
        )
        error, line = await web.logged(2)
        assert (error["event"], error["request_id"]) == ("unexpected error", "id-4")
        assert (line["event"], line["status"], line["level"]) == ("request", 500, "error")
        assert (await web.ask("{ __typename }")).status_code == 200
