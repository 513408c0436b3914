"""Bad input: each is a clear error with the right status, and exactly one line in the log."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest

from tests.api.served import GRAPHQL, Served, serving

MEGABYTE = 1_000_000


def failure(message: str, code: str, *, place: list[str | int] | None = None, **more: Any) -> dict[str, Any]:
    """Return a body with one error."""
    extensions = {"code": code} | ({} if place is None else {"path": place})
    return {"errors": [{"message": message, **more, "extensions": extensions}]}


async def one_line(web: Served, status: int, code: str) -> None:
    """Hold that the log has one line, and that it says what was answered."""
    (line,) = await web.logged()
    assert (line["event"], line["level"], line["path"], line["status"], line["errors"]) == (
        "request",
        "info",
        "/graphql",
        status,
        [code],
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is not JSON: Input is a zero-length, empty document (line 1, column 1)."),
        (b"x", "The body is not JSON: unexpected character, expected a JSON value (line 1, column 1)."),
        (b'{"query": ', "The body is not JSON: unexpected end of data (line 1, column 11)."),
        (b"[]", 'The body must be a JSON object such as {"query": "{ __typename }"}.'),
        (b'[{"query": "{ __typename }"}]', 'The body must be a JSON object such as {"query": "{ __typename }"}.'),
        (b'"{ __typename }"', 'The body must be a JSON object such as {"query": "{ __typename }"}.'),
        (b"null", 'The body must be a JSON object such as {"query": "{ __typename }"}.'),
        (b"{}", "Parameter `query` is missing: the text of a GraphQL document."),
        (b'{"query": null}', "Parameter `query` is missing: the text of a GraphQL document."),
        (b'{"query": 1}', "Parameter `query` must be a string, not a number."),
        (b'{"query": ["{a}"]}', "Parameter `query` must be a string, not a list."),
        (
            b'{"query": "{a}", "operationName": {}}',
            "Parameter `operationName` must be a string or null, not an object.",
        ),
        (b'{"query": "{a}", "variables": "{}"}', "Parameter `variables` must be an object or null, not a string."),
        (b'{"query": "{a}", "variables": []}', "Parameter `variables` must be an object or null, not a list."),
        (b'{"query": "{a}", "extensions": true}', "Parameter `extensions` must be an object or null, not a boolean."),
    ],
)
async def test_bodies_that_are_no_request(web: Served, body: bytes, message: str) -> None:
    """A body that is not JSON, or not of the right form, is told what is wrong with it."""
    response = await web.client.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()) == (400, failure(message, "BAD_REQUEST"))
    await one_line(web, 400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ \xff }"}',
        '{"query": "{ é }"}'.encode("latin-1"),
        '{"query": "{ __typename }"}'.encode("utf-16"),
        b'{"query": "{ a(b: \\"\\ud800\\") }"}',
        b"\x00" * 100,
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
    ],
)
async def test_bytes_that_are_no_text(web: Served, body: bytes) -> None:
    """Bytes that are not UTF-8, half a surrogate, or brackets without end, are an error of the request."""
    response = await web.client.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    (error,) = response.json()["errors"]
    assert response.status_code == 400
    assert error["message"].startswith("The body is not JSON: ")
    await one_line(web, 400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "Parameter `query` is missing: the text of a GraphQL document."),
        ("?query=", "Parameter `query` is missing: the text of a GraphQL document."),
        ("?query=%7Ba%FF%7D", "The parameters of the address are not UTF-8."),
        ("?query={a}&query={b}", "A parameter of the address is given twice."),
        ("?query={a}&variables=[1", "Parameter `variables` is not JSON: unexpected end of data."),
        ("?query={a}&variables=[]", "Parameter `variables` must be an object or null, not a list."),
        ("?query={a}&extensions=1", "Parameter `extensions` must be an object or null, not a number."),
        ("?query={a}&" + "&".join(f"p{i}=" for i in range(60)), "The address has more than 50 parameters."),
    ],
)
async def test_addresses_that_are_no_request(web: Served, address: str, message: str) -> None:
    """A GET without a query, or with parameters that cannot be read, is told what is wrong."""
    response = await web.client.get(f"/graphql{address}")
    assert (response.status_code, response.json()) == (400, failure(message, "BAD_REQUEST"))
    await one_line(web, 400, "BAD_REQUEST")


async def test_unknown_field(web: Served) -> None:
    """An unknown field is named, with its place and the fields that look like it."""
    response = await web.ask("{ posts { nodes { titel } } }")
    assert (response.status_code, response.json()) == (
        400,
        failure(
            "Cannot query field 'titel' on type 'Post'. Did you mean 'title'?",
            "GRAPHQL_VALIDATION_FAILED",
            locations=[{"line": 1, "column": 19}],
        ),
    )
    await one_line(web, 400, "GRAPHQL_VALIDATION_FAILED")


async def test_wrong_type_in_the_document(web: Served) -> None:
    """A value of the wrong type in the document is an error of the document."""
    response = await web.ask('{ posts(first: "ten") { totalCount } }')
    assert (response.status_code, response.json()) == (
        400,
        failure(
            'Int cannot represent non-integer value: "ten"',
            "GRAPHQL_VALIDATION_FAILED",
            locations=[{"line": 1, "column": 16}],
        ),
    )
    await one_line(web, 400, "GRAPHQL_VALIDATION_FAILED")


async def test_wrong_type_in_a_variable(web: Served) -> None:
    """A value of the wrong type in a variable names the variable."""
    response = await web.ask("query ($n: Int) { posts(first: $n) { totalCount } }", variables={"n": "ten"})
    assert (response.status_code, response.json()) == (
        400,
        failure(
            "Variable '$n' has invalid value: Int cannot represent non-integer value: 'ten'",
            "BAD_INPUT",
            place=["n"],
            locations=[{"line": 1, "column": 8}],
        ),
    )
    await one_line(web, 400, "BAD_INPUT")


async def test_number_beyond_32_bits(web: Served) -> None:
    """A number that is no Int is refused before it reaches the database."""
    response = await web.ask("query ($n: Int) { posts(first: $n) { totalCount } }", variables={"n": 10**30})
    assert response.status_code == 400
    await one_line(web, 400, "BAD_INPUT")


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ('{ post(id: "nonsense") { id } }', "BAD_ID", "is not an id of this API"),
        ('{ post(id: "") { id } }', "BAD_ID", "is not an id of this API"),
        ('{ post(id: "\\u0000") { id } }', "BAD_ID", "is not an id of this API"),
        ('{ post(id: "VXNlcjox") { id } }', "BAD_ID", "`id` takes the id of a Post; 'VXNlcjox' is the id of a User"),
        ('{ node(id: "UG9zdDo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk") { id } }', "BAD_ID", "is not an id of this API"),
        (
            "{ posts(first: -1) { totalCount } }",
            "BAD_INPUT",
            "`first` takes a whole number from 0 to 1000; -1 was given",
        ),
        ("{ posts(first: 100000) { totalCount } }", "BAD_INPUT", "from 0 to 1000; 100000 was given"),
        ('{ posts(after: "nonsense") { nodes { id } } }', "BAD_CURSOR", "`after`: 'nonsense' is not a cursor"),
    ],
)
async def test_arguments_that_the_graph_refuses(web: Served, query: str, code: str, message: str) -> None:
    """A bad id, the id of another type, a page too large or negative: named, and the status is GraphQL's 200."""
    response = await web.ask(query)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]) == (200, {"code": code})
    assert message in error["message"]
    await one_line(web, 200, code)


async def test_cursor_from_elsewhere(web: Served) -> None:
    """A cursor of another list is refused, by name."""
    found = (await web.ask("{ users(first: 1) { pageInfo { endCursor } } }")).json()
    cursor = found["data"]["users"]["pageInfo"]["endCursor"]
    await web.logged()
    web.take_log()
    response = await web.ask("query ($c: String) { posts(after: $c) { nodes { id } } }", variables={"c": cursor})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"], error["path"]) == (200, {"code": "BAD_CURSOR"}, ["posts"])
    assert error["message"].startswith("Argument `after`: the cursor belongs to another list or order;")
    await one_line(web, 200, "BAD_CURSOR")


async def megabytes(count: int) -> AsyncIterator[bytes]:
    """Yield so many megabytes."""
    for _ in range(count):
        yield b" " * MEGABYTE


async def test_50_megabytes_that_say_so(web: Served) -> None:
    """A body that says that it is too large is refused, and the connection goes on to be used."""
    headers = {"Content-Type": "application/json", "Content-Length": str(50 * MEGABYTE)}
    response = await web.client.post("/graphql", content=megabytes(50), headers=headers)
    assert (response.status_code, response.json()) == (
        413,
        failure("The body has more than 1,000,000 bytes, the most that is accepted.", "BODY_TOO_LARGE"),
    )
    await one_line(web, 413, "BODY_TOO_LARGE")
    assert (await web.ask("{ __typename }")).status_code == 200


async def test_50_megabytes_that_do_not_say_so(web: Served) -> None:
    """A body of unknown length is refused as soon as it is too large, and the rest is not kept."""
    before = psutil.Process().memory_info().rss
    headers = {"Content-Type": "application/json", "Accept": GRAPHQL}
    response = await web.client.post("/graphql", content=megabytes(50), headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (413, f"{GRAPHQL}; charset=utf-8")
    await one_line(web, 413, "BODY_TOO_LARGE")
    assert psutil.Process().memory_info().rss - before < 25 * MEGABYTE


async def test_body_at_the_limit(web: Served) -> None:
    """A body of exactly the largest size is read."""
    body = b'{"query": "{ __typename }"}'
    body += b" " * (MEGABYTE - len(body))
    headers = {"Content-Type": "application/json"}
    assert (await web.client.post("/graphql", content=body, headers=headers)).status_code == 200
    assert (await web.client.post("/graphql", content=body + b" ", headers=headers)).status_code == 413


async def open_request(web: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of a request and the first byte of its body."""
    host, port = web.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )
    await writer.drain()
    return reader, writer


async def test_body_that_does_not_arrive(database_url: str) -> None:
    """A client that stops sending is answered 408 after the time that it has, and the connection ends."""
    async with serving(database_url, body_timeout_seconds=0.2) as web:
        reader, writer = await open_request(web)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert answer.endswith(b'"The body did not arrive within 0.2 s.","extensions":{"code":"REQUEST_TIMEOUT"}}]}')
        await one_line(web, 408, "REQUEST_TIMEOUT")


async def test_client_that_leaves(web: Served) -> None:
    """A client that breaks off in the middle of its body leaves one line, and no error."""
    _, writer = await open_request(web)
    await asyncio.sleep(0.1)
    writer.close()
    (line,) = await web.logged()
    assert (line["event"], line["status"], line["level"]) == ("request", 499, "info")
