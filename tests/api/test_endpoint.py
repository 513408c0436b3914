"""GraphQL over HTTP: methods, media types and statuses, over a real server."""

import asyncio
import gzip

import httpx
import orjson
import pytest
import strawberry

from tests.api.served import GRAPHQL, Served, graph_of, serving

JSON = "application/json"
TYPENAME = {"data": {"__typename": "Query"}}


def codes(response: httpx.Response) -> list[str]:
    """Return the codes of the errors of an answer."""
    return [error["extensions"]["code"] for error in response.json()["errors"]]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        (GRAPHQL, GRAPHQL),
        ("APPLICATION/GraphQL-Response+JSON;q=0.3", GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"application/json;q=0.9, {GRAPHQL};q=0.8", JSON),
        (f"application/json, {GRAPHQL}", GRAPHQL),
        (f"*/*, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.1, */*;q=0.2", JSON),
        (f"{GRAPHQL};q=0, */*", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
    ],
)
async def test_media_type_of_the_answer(web: Served, accept: str | None, expected: str) -> None:
    """The answer has the media type that the client wants most."""
    request = web.client.build_request("POST", "/graphql", json={"query": "{ __typename }"})
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    response = await web.client.send(request)
    assert (response.status_code, response.headers["content-type"], response.json()) == (
        200,
        f"{expected}; charset=utf-8",
        TYPENAME,
    )


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*", f"{GRAPHQL};q=0", "application/json; charset=latin-1", "nonsense"]
)
async def test_no_media_type_is_acceptable(web: Served, accept: str) -> None:
    """A client that wants none of ours is told which there are."""
    response = await web.ask("{ __typename }", accept)
    assert (response.status_code, response.headers["content-type"], response.json()) == (
        406,
        "application/json; charset=utf-8",
        {
            "errors": [
                {
                    "message": "The header Accept must let in application/graphql-response+json or application/json.",
                    "extensions": {"code": "NOT_ACCEPTABLE"},
                }
            ]
        },
    )


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
    ],
)
async def test_body_of_another_type(web: Served, content_type: str | None) -> None:
    """Only JSON in UTF-8 is read, so that no browser form can ask for anything."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = await web.client.post("/graphql", content=b'{"query": "{ __typename }"}', headers=headers)
    assert (response.status_code, codes(response), response.headers["accept-post"]) == (
        415,
        ["UNSUPPORTED_MEDIA_TYPE"],
        "application/json",
    )


async def test_compressed_body(web: Served) -> None:
    """A body may be compressed by gzip or deflate; of any other coding the client is told which there are."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "GZip"}
    body = gzip.compress(b'{"query": "{ __typename }"}')
    response = await web.client.post("/graphql", content=body, headers=headers)
    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})
    for coding in ("br", "gzip, gzip", "x"):
        refused = await web.client.post("/graphql", content=body, headers=headers | {"Content-Encoding": coding})
        assert (refused.status_code, codes(refused)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])
        assert refused.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
async def test_methods_that_are_not_served(web: Served, method: str) -> None:
    """Other methods are told which there are."""
    response = await web.client.request(method, "/graphql", params={"query": "{ __typename }"})
    assert (response.status_code, codes(response), response.headers["allow"]) == (
        405,
        ["METHOD_NOT_ALLOWED"],
        "GET, HEAD, POST",
    )


async def test_get(web: Served) -> None:
    """A query may be asked by GET, with variables and an operation name in the address."""
    parameters = {
        "query": "query A { __typename } query B($name: String!) { __type(name: $name) { name } }",
        "operationName": "B",
        "variables": '{"name": "Post"}',
        "extensions": "",
    }
    response = await web.client.get("/graphql", params=parameters)
    assert (response.status_code, response.json()) == (200, {"data": {"__type": {"name": "Post"}}})


async def test_get_with_empty_optional_parameters(web: Served) -> None:
    """The empty string is as good as no value."""
    parameters = {"query": "{ __typename }", "operationName": "", "variables": "", "extensions": ""}
    response = await web.client.get("/graphql", params=parameters)
    assert (response.status_code, response.json()) == (200, TYPENAME)


async def test_head(web: Served) -> None:
    """HEAD is GET without the body."""
    response = await web.client.head("/graphql", params={"query": "{ __typename }"})
    assert (response.status_code, response.content, response.headers["content-length"]) == (
        200,
        b"",
        str(len(orjson.dumps(TYPENAME))),
    )


async def test_answers_are_not_cached(web: Served) -> None:
    """No cache keeps an answer for somebody else."""
    response = await web.ask("{ __typename }")
    assert (response.headers["cache-control"], response.headers["vary"]) == ("no-store", "Accept, Origin")


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 400), (JSON, 200)])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment A on Post { id }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int!) { posts(first: $n) { totalCount } }", "BAD_INPUT"),
        ("#" * 10_001 + "\n{ __typename }" + " #\n" * 10_001, "LIMIT_EXCEEDED"),
        ("{ posts { nodes { author " * 8 + "{ id }" + " } } }" * 8, "LIMIT_EXCEEDED"),
    ],
)
async def test_request_errors(web: Served, accept: str, status: int, query: str, code: str) -> None:
    """What is wrong with the document is 400 for clients of today and 200 for those of yesterday; no data."""
    response = await web.ask(query, accept)
    assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (status, accept)
    assert set(codes(response)) == {code}
    assert "data" not in response.json()


async def test_operation_by_name(web: Served) -> None:
    """Of several operations the named one runs, and the log says which."""
    query = "query A { a: __typename } query B { b: __typename }"
    response = await web.ask(query, operationName="B")
    assert response.json() == {"data": {"b": "Query"}}
    (line,) = await web.logged()
    assert line["operation"] == "B"


async def test_data_and_errors(web: Served) -> None:
    """Where some of the fields fail, the others are there, errors come first, and the status is 200."""
    response = await web.ask('{ ok: __typename node(id: "nope") { id } }')
    assert (response.status_code, response.text) == (
        200,
        '{"errors":[{"message":"\'nope\' is not an id of this API; pass one as a field `id` gave it.",'
        '"locations":[{"line":1,"column":18}],"path":["node"],"extensions":{"code":"BAD_ID"}}],'
        '"data":{"ok":"Query","node":null}}',
    )


async def test_reports_beside_the_data(web: Served) -> None:
    """What a client asks for by a header stands in `extensions`; else there are none."""
    plain = await web.ask("{ posts(first: 2) { nodes { id } } }")
    told = await web.ask("{ posts(first: 2) { nodes { id } } }", headers={"X-Achene-Report": "cost"})
    assert list(plain.json()) == ["data"]
    assert told.json() == plain.json() | {"extensions": {"cost": {"rows": 2, "values": 2, "statements": 1}}}


@strawberry.type
class _Query:
    @strawberry.field
    def count(self) -> int:
        return 1


@strawberry.type
class _Mutation:
    touched = 0

    @strawberry.mutation
    async def touch(self) -> int:
        _Mutation.touched += 1
        return _Mutation.touched


async def test_get_never_changes_anything(database_url: str) -> None:
    """A mutation by GET is refused before it runs, whatever else the document holds; by POST it runs."""
    document = "query Read { count } mutation Write { touch }"
    async with serving(database_url, graph_of(strawberry.Schema(_Query, _Mutation))) as web:
        before = _Mutation.touched
        for method in ("GET", "HEAD"):
            response = await web.client.request(
                method, "/graphql", params={"query": document, "operationName": "Write"}
            )
            assert (response.status_code, response.headers["allow"]) == (405, "POST")
        read = await web.client.get("/graphql", params={"query": document, "operationName": "Read"})
        assert (read.json(), _Mutation.touched) == ({"data": {"count": 1}}, before)
        written = await web.ask(document, operationName="Write")
        assert (written.json(), _Mutation.touched) == ({"data": {"touch": before + 1}}, before + 1)


async def test_many_at_once(web: Served) -> None:
    """Requests that run side by side get their own answers."""

    async def one(number: int) -> int:
        response = await web.ask(f"{{ posts(first: {number}) {{ nodes {{ title author {{ name }} }} }} }}")
        return len(response.json()["data"]["posts"]["nodes"])

    assert await asyncio.gather(*(one(number) for number in range(40))) == list(range(40))
