"""The head of an answer goes out with the beginning of its body."""

import asyncio
import re

import pytest

from api.http.joined import Joined
from tests.api.served import Served


class Written:
    """A transport that notes each call of the system."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.sent.append(b"".join(pieces))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


@pytest.fixture
async def written() -> Written:
    return Written()


@pytest.fixture
async def joined(written: Written) -> Joined:
    return Joined(written, asyncio.get_running_loop())


async def test_head_and_body_are_one(joined: Joined, written: Written) -> None:
    """Two pieces are written as one; those after them as they come."""
    for piece in (b"head", b"body", b"more", b"still more"):
        joined.write(piece)
    assert written.sent == [b"headbody", b"more", b"still more"]


async def test_head_does_not_wait_for_long(joined: Joined, written: Written) -> None:
    """Where no body follows at once, the head goes out by itself."""
    joined.write(b"head")
    await asyncio.sleep(0)
    assert written.sent == [b"head"]
    joined.write(b"body")
    assert written.sent == [b"head", b"body"]


async def test_head_is_sent_before_the_end(joined: Joined, written: Written) -> None:
    """A connection that is closed has sent the head."""
    joined.write(b"head")
    joined.close()
    assert (written.sent, joined.is_closing()) == ([b"head"], True)


async def test_answers_on_one_connection_keep_their_order(web: Served) -> None:
    """Requests that are sent at once are answered one after the other, with a body or without."""
    host, port = web.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"HTTP/1.1\r\nHost: {host}\r\n"
    asked = ("HEAD /graphql?query={__typename} ", "GET / ") * 2 + ("GET /nope ",)
    writer.write((f"{head}\r\n".join(asked) + f"{head}Connection: close\r\n\r\n").encode())
    async with asyncio.timeout(10):
        answer = (await reader.read()).decode()
    writer.close()
    assert re.findall(r"HTTP/1\.1 (\d+)", answer) == ["200", "200", "200", "200", "404"]
