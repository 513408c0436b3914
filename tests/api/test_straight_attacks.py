"""Attacks on the straight way: what an unkind client sends, and that it is treated as uvicorn's way treats it."""

import asyncio
import re
import socket
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any

import pytest
from fastapi import Request

from api.http.answer import Answer
from api.http.straight import Straight
from api.keys import create, revoke
from api.keys.cache import Cache
from api.keys.store import rescope
from schema.principal import Principal
from tests.api.served import Served, serving
from tests.api.serving.waiting import until
from tests.api.test_straight import LINES, connect, straight
from tests.conftest import drawn

__all__ = ["straight"]

BODY = b'{"query":"{ __typename }"}'
LENGTH = f"Content-Length: {len(BODY)}"
LARGE = {"query": "{ posts(first: 400) { nodes { body comments(first: 100) { nodes { body } } } } }"}
PAGE = {"query": "{ posts(first: 100) { nodes { body } } }"}


def sent(*extra: str, lines: Sequence[str] = LINES, body: bytes = BODY) -> bytes:
    """Return a request."""
    return "\r\n".join((*lines, *extra, "", "")).encode() + body


HEADS = {
    "a length and chunks": sent(LENGTH, "Transfer-Encoding: chunked"),
    "a length and no coding": sent(LENGTH, "Transfer-Encoding:"),
    "a length and identity": sent("Transfer-Encoding: identity", LENGTH),
    "two lengths": sent(LENGTH, LENGTH),
    "a list of lengths": sent(f"{LENGTH}, {len(BODY)}"),
    "a folded length": sent("Content-Length:", f" {len(BODY)}"),
    "a length in a folded line": sent("X-A: b", " Content-Length: 3", LENGTH),
    "a length behind the end of a line alone": sent("X-A: b\nContent-Length: 3", LENGTH),
    "a sign": sent(f"Content-Length: +{len(BODY)}"),
    "a space behind": sent(f"{LENGTH} "),
    "two hosts": sent("Host: localhost", LENGTH),
    "two addresses": sent("X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 2.2.2.2", LENGTH),
    "an upgrade": sent("Connection: Upgrade", "Upgrade: h2c", LENGTH),
    "the last one": sent("Connection: close", LENGTH),
    "an expectation": sent("Expect: 100-continue", LENGTH),
    "HTTP/1.0": sent("Connection: keep-alive", LENGTH, lines=("POST /graphql HTTP/1.0", *LINES[1:])),
    "chunks": sent("Transfer-Encoding: chunked", body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "no length": sent(),
    "another method": sent(LENGTH, lines=("GET /graphql HTTP/1.1", *LINES[1:])),
    "bytes behind": sent(LENGTH) + b"\r\n",
}
"""Requests of which nobody else may say where they end, or what is said once."""


@pytest.mark.parametrize("name", HEADS)
async def test_what_is_never_known(web: Served, straight: list[Straight], name: str) -> None:
    """A head that can be read in two ways, or that says more than where its body ends, is uvicorn's to read."""
    talk = await connect(web)
    for _ in range(3):
        talk.writer.write(HEADS[name])
        try:
            async with asyncio.timeout(0.03):
                while await talk.reader.read(1000):
                    pass
        except (TimeoutError, ConnectionError):
            pass
    assert not straight
    talk.writer.close()


async def test_lengths_that_are_known(web: Served, straight: list[Straight]) -> None:
    """Zeros before a length, a tab, and ends of lines before a request change nothing of where it ends."""
    for data in (
        sent(f"Content-Length: 000{len(BODY)}"),
        sent(f"Content-Length:\t{len(BODY)}"),
        b"\r\n" + sent(LENGTH),
    ):
        talk = await connect(web)
        answers = set()
        for _ in range(3):
            talk.writer.write(data)
            head, body = await talk.receive()
            answers.add((head.split(b"\r\n")[0], body))
        assert answers == {(b"HTTP/1.1 200 OK", b'{"data":{"__typename":"Query"}}')}
        talk.writer.close()
    assert len(straight) == 6


async def test_a_client_that_takes_no_answer(web: Served, straight: list[Straight]) -> None:
    """What it asks meanwhile waits until it takes what was answered before: no answers pile up."""
    talk = await connect(web)
    await talk.ask(PAGE)
    talk.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    talk.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a socket it has it
    for _ in range(200):
        talk.send(PAGE)
        await asyncio.sleep(0.002)
        if straight and straight[-1].flow.write_paused and straight[-1]._held:
            break
    one = straight[-1]
    waiting = one.transport.get_write_buffer_size()
    count = len(straight)
    for _ in range(5):
        talk.send(PAGE)
        await asyncio.sleep(0.002)
    assert (len(straight), one.transport.get_write_buffer_size()) == (count, waiting)
    talk.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above
    for _ in range(count):
        assert (await talk.receive())[0].startswith(b"HTTP/1.1 200")
    talk.writer.close()


async def test_ends_of_lines_keep_no_connection(web: Served, straight: list[Straight]) -> None:
    """A client that sends but ends of lines behind its request is idle, and its time runs on."""
    talk = await connect(web)
    await talk.ask(PAGE)
    await talk.ask(PAGE)
    (one,) = straight
    timer = one.timeout_keep_alive_task
    talk.writer.write(b"\r\n")
    await until(lambda: one.timeout_keep_alive_task is not timer)
    assert one.timeout_keep_alive_task is not None
    assert one.timeout_keep_alive_task.when() <= one._rested_at + one.timeout_keep_alive + 0.01
    one._rested_at -= one.timeout_keep_alive
    one.timeout_keep_alive_handler()
    assert await talk.reader.read() == b""
    talk.writer.close()


async def test_nothing_is_left_of_who_has_left(content_url: str, straight: list[Straight]) -> None:
    """A connection that is lost while its request is worked on has no timer left, no task, and nobody attends it."""
    async with serving(content_url) as web:
        talk = await connect(web)
        await talk.ask(PAGE)
        talk.send(PAGE)
        talk.writer.write_eof()
        await until(lambda: straight and straight[0]._exchange is None)
        (one,) = straight
        assert (one._answer_timer, one._head_timer, one.tasks, one.attendant._running) == (None, None, set(), {})
        talk.writer.close()
        await talk.writer.wait_closed()


_states: list[dict[str, object]] = []


async def who(request: Request) -> Principal:
    """Say who asks, and note it in the request's state."""
    _states.append(dict(request.state._state))
    request.state.who = "somebody"
    return Principal(scopes=frozenset({"read"}), subject="somebody")


async def test_a_state_of_its_own(content_url: str, straight: list[Straight]) -> None:
    """What a team's own authentication notes in the state of a request is not there in the next one."""
    _states.clear()
    async with serving(content_url, authenticate=f"{__name__}:who") as web:
        talk = await connect(web)
        for _ in range(3):
            assert (await talk.ask(PAGE))[0].startswith(b"HTTP/1.1 200")
        talk.writer.close()
    assert (len(straight), _states) == (2, [{}] * 3)


async def test_what_a_proxy_says_of_each_request(content_url: str, straight: list[Straight]) -> None:
    """Over one connection of a proxy each client has its own counters, and each answer over TLS says so, either way."""
    async with serving(
        content_url, hsts_seconds=100, trusted_proxies=("127.0.0.1",), rate_anonymous_requests="10/hour"
    ) as web:
        talk = await connect(web)
        left = []
        for address, scheme in [("1.1.1.1", "https")] * 3 + [("2.2.2.2", "https")] * 2 + [("1.1.1.1", "http")] * 2:
            lines = (*LINES, f"X-Forwarded-For: {address}", f"X-Forwarded-Proto: {scheme}")
            head, _ = await talk.ask(PAGE, lines)
            assert (b"\r\nstrict-transport-security: max-age=100\r\n" in head) is (scheme == "https")
            found = re.search(rb'ratelimit: "requests";r=(\d+)', head)
            assert found is not None
            left.append(int(found[1]))
        talk.writer.close()
    assert (left, len(straight)) == ([9, 8, 7, 9, 8, 6, 5], 4)


async def test_no_connection_is_closed_untold(
    web: Served,
    straight: list[Straight],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a server begins to stop while an answer is sent that did not say so, its connection takes one more."""
    talk, head_of = await connect(web), Straight.head_of
    await talk.ask(LARGE)

    def paused(self: Straight, *arguments: Any) -> bytes:
        self.flow.pause_writing()
        return head_of(self, *arguments)

    monkeypatch.setattr(Straight, "head_of", paused)
    talk.send(LARGE)
    await until(lambda: straight and straight[0].flow.write_paused)
    monkeypatch.undo()
    (one,) = straight
    one.common.is_last = True  # as the answer of another connection finds out
    one.flow.resume_writing()
    head, _ = await talk.receive()
    await until(lambda: one._exchange is None)
    one.common.is_last = False
    assert b"connection: close" not in head
    assert not one.transport.is_closing()
    assert (await talk.ask(PAGE))[0].startswith(b"HTTP/1.1 200")
    talk.writer.close()


async def split(*_: object, **__: object) -> Answer:
    """Answer with a header that would be two."""
    return Answer.json(200, b"{}", ((b"x-more", b"1\r\nx-other: 2"),))


async def test_a_header_that_would_be_two(
    web: Served,
    straight: list[Straight],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer that cannot be sent is a 500: the client neither gets it nor takes the next one for it."""
    talk = await connect(web)
    await talk.ask(PAGE)
    monkeypatch.setattr(type(web.app.lane._endpoint), "_asked", split)
    head, body = await talk.ask(PAGE)
    assert head.startswith(b"HTTP/1.1 500")
    assert (b"INTERNAL" in body, b"x-other" in head) == (True, False)
    assert len(straight) == 1
    monkeypatch.undo()
    assert b"posts" in (await talk.ask(PAGE))[1]
    talk.writer.close()


def heard(cache: Cache, generation: int) -> bool:
    """Return whether a change of a key was heard of since."""
    return cache.generation > generation


async def test_a_key_that_changes(database_url: str, straight: list[Straight]) -> None:
    """What a key may do is what it may at each request of a connection: less scopes, none at all, and each its own."""
    async with serving(database_url, anonymous_scopes=()) as web:
        parts = web.app.state.parts
        await until(lambda: parts.keys.is_remembering)
        async with parts.database.write() as session:
            (one, key), (second, other) = [await create(session, name, ["read"]) for name in ("one", "other")]
        talk = await connect(web)

        async def status(shown: str) -> bytes:
            return (await talk.ask(PAGE, (*LINES, f"X-API-Key: {shown}")))[0].split()[1]

        assert [await status(each) for each in (key, key, other, other, key, key)] == [b"200"] * 6
        for change, expected in ((partial(rescope, scopes=["write"]), b"403"), (revoke, b"401")):
            before = parts.keys._cache.generation
            async with parts.database.write() as session:
                await change(session, one.prefix)
            await until(partial(heard, parts.keys._cache, before))
            assert [await status(key), await status(key)] == [expected] * 2
        assert [await status(other), await status(other)] == [b"200"] * 2
        web.take_log()
        await status(key)
        await status(other)
        assert [(line["status"], line.get("key")) for line in await web.logged(2)] == [
            (401, None),
            (200, second.prefix),
        ]
        talk.writer.close()
    assert len(straight) > 5


def stream_of(random: Random, count: int) -> tuple[bytes, list[int], list[int]]:
    """Return requests of a few heads, one behind the other; where each ends; and by which number it is answered."""
    known, other = (LINES, "Content-Length: %d"), ((*LINES, "X-More: 1"), "content-length:0%d")
    found, ends, numbers = b"", list[int](), list[int]()
    for _ in range(count):
        numbers.append(random.randrange(10**9))
        lines, length = random.choice((known, known, known, other))
        body = b'{"query":"{ a%d: __typename }"}' % numbers[-1] + b" " * random.choice((0, 0, 1, 200))
        found += random.choice((b"", b"", b"", b"\r\n")) + sent(length % len(body), lines=lines, body=body)
        ends.append(len(found))
    return found, ends, numbers


async def test_requests_in_any_pieces(web: Served, straight: list[Straight]) -> None:
    """However a client cuts what it sends, each request is answered once, in their order."""
    random = Random(0)  # noqa: S311 - the same in each run
    for _ in range(drawn(9)):
        data, ends, numbers = stream_of(random, 40)
        cuts = sorted({*random.sample(range(len(data)), random.randint(0, 8)), *random.sample(ends, 34), len(data)})
        talk, begin = await connect(web), 0
        for cut in cuts:
            talk.writer.write(data[begin:cut])
            begin = cut
            await asyncio.sleep(random.choice((0, 0.001, 0.004)))
        for number in numbers:
            head, body = await talk.receive()
            assert (head[:15], body) == (b"HTTP/1.1 200 OK", b'{"data":{"a%d":"Query"}}' % number)
        talk.writer.close()
        await talk.writer.wait_closed()
    assert straight
