"""The straight way: requests whose heads are known are answered as all others, and end as they do."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import pytest

from api.http.known import ASGI, LONGEST_GET, MOST_GETS, KnownGets
from api.http.protocol import ConnectionLimits
from api.http.straight import Straight, protocol_of
from tests.api.served import Served, serving
from tests.api.serving.waiting import until

LINES = "POST /graphql HTTP/1.1", "Host: localhost", "Content-Type: application/json"
SLOW = {"query": "{ users(first: 3) { nodes { name } } }"}


@pytest.fixture
def straight(monkeypatch: pytest.MonkeyPatch) -> list[Straight]:
    """The connections of requests that took the straight way."""
    found: list[Straight] = []
    begin = Straight._begin

    def noted(self: Straight, lane: Any, scope: dict[str, Any], body: bytes) -> None:
        found.append(self)
        begin(self, lane, scope, body)

    monkeypatch.setattr(Straight, "_begin", noted)
    return found


class Talk:
    """One connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, body: dict[str, Any] | bytes, lines: Sequence[str] = LINES) -> None:
        """Send a request."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = "\r\n".join((*lines, f"Content-Length: {len(data)}")) + "\r\n\r\n"
        self.writer.write(head.encode() + data)

    async def receive(self) -> tuple[bytes, bytes]:
        """Return head and body of an answer."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 20)
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        return head, await asyncio.wait_for(self.reader.readexactly(length), 20)

    async def ask(self, body: dict[str, Any] | bytes, lines: Sequence[str] = LINES) -> tuple[bytes, bytes]:
        """Send a request and return the answer."""
        self.send(body, lines)
        return await self.receive()


async def connect(web: Served) -> Talk:
    """Open a connection, to be closed by who opens it."""
    host, _, port = web.base.removeprefix("http://").partition(":")
    return Talk(*await asyncio.open_connection(host, int(port), limit=10_000_000))


@pytest.fixture
async def talk(web: Served) -> AsyncIterator[Talk]:
    """A connection to a server of demo content."""
    found = await connect(web)
    yield found
    found.writer.close()


@asynccontextmanager
async def held(url: str) -> AsyncIterator[None]:
    """Nobody can read users as long as the block runs."""
    holder = await asyncpg.connect(url)
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await holder.close()


def lasting(head: bytes) -> list[bytes]:
    """Return the lines of an answer's head, without what is another each time."""
    return [line for line in head.split(b"\r\n") if not line.startswith((b"x-request-id", b"date"))]


BODIES: dict[str, dict[str, Any] | bytes] = {
    "data": {"query": "query Q { posts(first: 2) { nodes { title } } }"},
    "variables": {"query": "query Q($n: Int!) { posts(first: $n) { totalCount } }", "variables": {"n": 3}},
    "own field": {"query": "{ siteStatistics { users } __schema { queryType { name } } }"},
    "wrong field": {"query": "{ nothing }"},
    "wrong variable": {"query": "query ($n: Int!) { posts(first: $n) { totalCount } }", "variables": {"n": "x"}},
    "no json": b"{",
    "no utf-8": b'{"query": "\xff"}',
    "too large a page": {"query": "{ posts(first: 1000000) { totalCount } }"},
    "unknown hash": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
    "a list": b"[]",
    "nothing": b"",
    "large": {"query": "{ posts(first: 400) { nodes { body comments(first: 100) { nodes { body } } } } }"},
}


@pytest.mark.parametrize("name", BODIES)
async def test_both_ways_answer_alike(web: Served, talk: Talk, straight: list[Straight], name: str) -> None:
    """The first request of a connection goes uvicorn's way, the second straight: same bytes, and the same is logged."""
    web.take_log()
    one = await talk.ask(BODIES[name])
    other = await talk.ask(BODIES[name])
    assert len(straight) == 1
    assert (lasting(one[0]), one[1]) == (lasting(other[0]), other[1])
    first, second = await web.logged(2)
    changing = {"ms": 0, "timestamp": "", "request_id": ""}
    assert first | changing == second | changing
    assert f"x-request-id: {second['request_id']}".encode() in other[0]


async def test_refused_callers(web: Served, talk: Talk, straight: list[Straight]) -> None:
    """A key that does not hold is refused on both ways, and so is a body of another type."""
    for lines in ((*LINES, "X-API-Key: wrong"), (*LINES[:2], "Content-Type: text/plain")):
        one, other = await talk.ask(b"{}", lines), await talk.ask(b"{}", lines)
        assert (lasting(one[0]), one[1]) == (lasting(other[0]), other[1])
        assert not one[0].startswith(b"HTTP/1.1 2")
    assert len(straight) == 2


async def test_another_head_in_between(talk: Talk, straight: list[Straight]) -> None:
    """A request with another head goes uvicorn's way, on the same connection, and is known from then on."""
    body = {"query": "{ __typename }"}
    for lines, count in ((LINES, 0), (LINES, 1), ((*LINES, "X-More: 1"), 1), ((*LINES, "X-More: 1"), 2), (LINES, 2)):
        head, data = await talk.ask(body, lines)
        assert head.startswith(b"HTTP/1.1 200")
        assert json.loads(data) == {"data": {"__typename": "Query"}}
        assert len(straight) == count
    talk.writer.write(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await talk.receive())[0].startswith(b"HTTP/1.1 200")
    await talk.ask(body)
    assert len(straight) == 3


async def test_requests_in_a_row_are_answered_in_order(database_url: str, straight: list[Straight]) -> None:
    """What is sent before an answer is there waits for it, however many they are."""
    async with serving(database_url) as web:
        talk = await connect(web)
        await talk.ask(SLOW)
        async with held(database_url):
            talk.send(SLOW)
            await until(lambda: straight)
            for number in range(10, 20):
                talk.send({"query": f"{{ a{number}: __typename }}"})
                await asyncio.sleep(0.001)
        assert b"users" in (await talk.receive())[1]
        for number in range(10, 20):
            assert f'"a{number}"'.encode() in (await talk.receive())[1]
        await talk.ask(SLOW)
        assert len(straight) > 1
        talk.writer.close()


def get(query: str, *lines: str) -> bytes:
    """Return a GET."""
    return "\r\n".join((f"GET /graphql?{urlencode({'query': query})} HTTP/1.1", LINES[1], *lines, "", "")).encode()


GETS = {
    "data": get("{ posts(first: 2) { nodes { title } } }"),
    "wrong field": get("{ nothing }"),
    "a mutation": get("mutation { deleteTag(id: 1) { __typename } }"),
    "no query": b"GET /graphql?operationName=Q HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "twice": b"GET /graphql?query=%7Ba%7D&query=%7Bb%7D HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "wrong key": get("{ __typename }", "X-API-Key: wrong"),
    "not acceptable": get("{ __typename }", "Accept: image/png"),
}


async def tag_of(talk: Talk, query: str) -> str:
    """Return the tag of an answer, once there is one: a server that has just started has yet to see what is watched."""
    tag = ""
    async with asyncio.timeout(20):
        while not tag:
            talk.writer.write(get(query, f"X-Test: {uuid4()}"))
            head, _ = await talk.receive()
            tag = head.lower().partition(b"etag: ")[2].partition(b"\r")[0].decode()
    return tag


@pytest.mark.parametrize("name", GETS)
async def test_gets_are_answered_alike(web: Served, talk: Talk, straight: list[Straight], name: str) -> None:
    """A GET that came before goes straight, also over another connection: the same bytes, and the same is logged."""
    await tag_of(talk, "{ posts(first: 2) { nodes { title } } }")
    web.take_log()
    answers, sent = [], GETS[name].replace(b"\r\n\r\n", f"\r\nX-Test: {uuid4()}\r\n\r\n".encode())
    for _ in range(2):
        other = await connect(web)
        other.writer.write(sent)
        answers.append(await other.receive())
        other.writer.close()
    assert len(straight) == 1
    assert (lasting(answers[0][0]), answers[0][1]) == (lasting(answers[1][0]), answers[1][1])
    first, second = await web.logged(2)
    changing = {"ms": 0, "timestamp": "", "request_id": ""}
    assert first | changing == second | changing


async def test_an_answer_that_still_holds(talk: Talk, straight: list[Straight]) -> None:
    """A tag is answered by 304 on both ways, with the same head; a GET that differs in a byte goes uvicorn's way."""
    query = "{ tags(first: 3) { nodes { name } } }"
    tag = await tag_of(talk, query)
    heads = []
    for _ in range(2):
        talk.writer.write(get(query, f"If-None-Match: {tag}"))
        heads.append(await talk.reader.readuntil(b"\r\n\r\n"))
    assert [each.split()[1] for each in heads] == [b"304"] * 2
    assert lasting(heads[0]) == lasting(heads[1])
    assert len(straight) == 1
    talk.writer.write(get(query, f"If-None-Match: {tag} "))
    assert (await talk.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 304")
    assert len(straight) == 1


async def test_a_get_from_another_address(content_url: str, straight: list[Straight]) -> None:
    """The same GET from another address is another's: it is counted for that one."""
    async with serving(content_url, rate_anonymous_requests="2/minute") as web:
        _, _, port = web.base.removeprefix("http://").partition(":")
        statuses = []
        for address in ("127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.1"):
            opened = asyncio.open_connection("127.0.0.1", int(port), local_addr=(address, 0))
            talk = Talk(*await opened)
            talk.writer.write(GETS["data"])
            statuses.append((await talk.receive())[0].split()[1])
            talk.writer.close()
    assert statuses == [b"200", b"200", b"200", b"200", b"429"]
    assert len(straight) == 3


async def test_a_page_has_its_own_policy(content_url: str, straight: list[Straight]) -> None:
    """A page that is loaded again goes straight, and may load what it needs: it has one policy on both ways."""
    async with serving(content_url, graphiql=True) as web:
        talk, heads = await connect(web), []
        for _ in range(2):
            talk.writer.write(b"GET /graphql?tab=1 HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n")
            heads.append((await talk.receive())[0])
        talk.writer.close()
    assert len(straight) == 1
    assert lasting(heads[0]) == lasting(heads[1])
    assert [head.lower().count(b"content-security-policy") for head in heads] == [1, 1]


def test_servers_know_gets_apart() -> None:
    """What one server knows is nothing to another in the same process, which may have other rules for its headers."""
    one, other = protocol_of(ConnectionLimits()), protocol_of(ConnectionLimits())
    assert one.gets is not other.gets
    assert one.common is not other.common
    assert one.attendant is not other.attendant
    assert one.waiting is not other.waiting


async def test_few_gets_are_known(web: Served, talk: Talk) -> None:
    """As many as are told, and none that is long."""
    gets = KnownGets()
    connection: Any = SimpleNamespace(client=("127.0.0.1", 1), server=("127.0.0.1", 2), app_state={})
    scope = dict.fromkeys(ASGI) | {"headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1)}
    for number in range(MOST_GETS + 1):
        gets.note(b"GET %d" % number, scope, connection)
    gets.note(b"GET " + b"x" * LONGEST_GET, scope, connection)
    assert gets.scope_of(b"GET 0", connection) is None
    assert gets.scope_of(b"GET " + b"x" * LONGEST_GET, connection) is None
    assert gets.scope_of(b"GET %d" % MOST_GETS, connection) is not None


async def test_a_get_with_a_length(talk: Talk, straight: list[Straight]) -> None:
    """A GET is not taken for a POST, also where it has a body as one has."""
    lines = ("GET /graphql HTTP/1.1", *LINES[1:])
    for _ in range(2):
        head, _ = await talk.ask(b'{"query": "{ __typename }"}', lines)
        assert head.startswith(b"HTTP/1.1 400")
    assert not straight


async def test_a_request_in_pieces(talk: Talk, straight: list[Straight]) -> None:
    """A request that comes byte by byte is uvicorn's to read; the next one may go straight again."""
    await talk.ask({"query": "{ __typename }"})
    data = b'{"query":"{ __typename }"}'
    head = "\r\n".join((*LINES, f"Content-Length: {len(data)}", "", "")).encode()
    for byte in head + data:
        talk.writer.write(bytes((byte,)))
        await talk.writer.drain()
    assert (await talk.receive())[1] == b'{"data":{"__typename":"Query"}}'
    assert not straight
    await talk.ask({"query": "{ __typename }"})
    assert len(straight) == 1


async def test_no_key_of_another(content_url: str) -> None:
    """Two callers who share a connection, as behind a proxy, are each told what theirs is."""
    async with serving(content_url, anonymous_scopes="") as closed:
        talk = await connect(closed)
        first, _ = await talk.ask({"query": "{ __typename }"})
        second, _ = await talk.ask({"query": "{ __typename }"})
        third, _ = await talk.ask({"query": "{ __typename }"}, (*LINES, "X-API-Key: " + "x" * 60))
        assert [head.split()[1] for head in (first, second, third)] == [b"401"] * 3
        talk.writer.close()


async def test_a_client_that_leaves(database_url: str, straight: list[Straight]) -> None:
    """What nobody waits for is ended, its statement too, and the line says so."""
    async with serving(database_url, pool_size=1) as small:
        talk = await connect(small)
        await talk.ask(SLOW)
        small.take_log()
        async with held(database_url):
            talk.send(SLOW)
            await until(lambda: straight)
            talk.writer.close()
            (line,) = await small.logged(1)
        assert (line["status"], line["path"]) == (499, "/graphql")
        assert small.app.state.parts.database.direct.in_use == 0


async def test_a_request_that_takes_too_long(database_url: str, straight: list[Straight]) -> None:
    """When its time is up it is answered so, and the connection goes on."""
    async with serving(database_url, pool_size=1, pool_timeout_seconds=20, request_timeout_seconds=0.5) as small:
        talk = await connect(small)
        await talk.ask(SLOW)
        async with held(database_url):
            head, data = await talk.ask(SLOW)
        assert head.startswith(b"HTTP/1.1 503")
        assert json.loads(data)["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        head, _ = await talk.ask(SLOW)
        assert head.startswith(b"HTTP/1.1 200")
        assert len(straight) == 2
        talk.writer.close()


async def broken(*_: object) -> None:
    """Fail as nobody foresaw."""
    raise RuntimeError("secret")


async def test_what_nobody_foresaw(web: Served, talk: Talk, straight: list[Straight], monkeypatch: Any) -> None:
    """An exception becomes the same answer, and its traceback is in the log alone."""
    body = {"query": "{ __typename }"}
    await talk.ask(body)
    monkeypatch.setattr(type(web.app.lane._endpoint), "_one", broken)
    head, data = await talk.ask(body)
    assert head.startswith(b"HTTP/1.1 500")
    assert json.loads(data)["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert b"secret" not in data
    assert len(straight) == 1
    monkeypatch.undo()
    assert (await talk.ask(body))[0].startswith(b"HTTP/1.1 200")


async def test_stopping_ends_the_answer_in_progress(database_url: str, straight: list[Straight]) -> None:
    """A server that stops answers what it has begun to answer, says that it closes, and closes."""
    async with serving(database_url, pool_size=1, pool_timeout_seconds=20) as small:
        talk = await connect(small)
        await talk.ask(SLOW)
        async with held(database_url):
            talk.send(SLOW)
            await until(lambda: straight)
            straight[0].shutdown()
        head, data = await talk.receive()
        assert head.startswith(b"HTTP/1.1 200")
        assert b"\r\nconnection: close\r\n" in head
        assert b"nodes" in data
        assert await talk.reader.read() == b""
        talk.writer.close()
