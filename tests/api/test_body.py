"""Bodies: read whole, inflated as they come, and no further than is accepted."""

import gzip
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from api.http.body import read_body
from api.http.errors import BadRequestError, BodyTooLargeError

MEGABYTE = 1_000_000

COMPRESS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.compress,
    b"x-gzip": gzip.compress,
    b"deflate": zlib.compress,
}


class Sent:
    """What an ASGI server would hand over, and how much of it was taken."""

    def __init__(self, body: bytes, size: int = 1000) -> None:
        self.pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        self.taken = 0

    async def receive(self) -> dict[str, Any]:
        self.taken += 1
        return {
            "type": "http.request",
            "body": self.pieces[self.taken - 1],
            "more_body": self.taken < len(self.pieces),
        }


async def read(body: bytes, coding: bytes, largest: int = MEGABYTE) -> bytes:
    return await read_body(Sent(body).receive, None, largest, coding)


@pytest.mark.parametrize("coding", COMPRESS)
@pytest.mark.parametrize("body", [b"", b'{"query": "{ __typename }"}', b"x" * MEGABYTE, bytes(range(256)) * 900])
async def test_compressed_bodies(coding: bytes, body: bytes) -> None:
    """A compressed body is read as it was before, up to the largest size."""
    assert await read(COMPRESS[coding](body), coding) == body


@pytest.mark.parametrize("coding", COMPRESS)
async def test_bombs(coding: bytes) -> None:
    """A body that grows beyond the largest size is refused when it does, and the rest of it is not even asked for."""
    sent = Sent(COMPRESS[coding](b"\0" * 50 * MEGABYTE))
    with pytest.raises(BodyTooLargeError, match="more than 1,000,000 bytes"):
        await read_body(sent.receive, None, MEGABYTE, coding)
    assert sent.taken <= 2 < len(sent.pieces)


async def test_what_takes_more_compressed() -> None:
    """A body is measured as it is sent as well: empty blocks without end inflate to nothing."""
    begin = zlib.compressobj().flush(zlib.Z_FULL_FLUSH)
    with pytest.raises(BodyTooLargeError):
        await read(begin + b"\0\0\0\xff\xff" * 5000, b"deflate", 20_000)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "not compressed as the header"),
        (zlib.compress(b"{}"), "not compressed as the header"),
        (gzip.compress(b"{}", mtime=0)[:-1], "is not complete"),
        (b"", "is not complete"),
        (gzip.compress(b"{}", mtime=0) + b"x", "behind the end"),
        (gzip.compress(b"{}", mtime=0) * 2, "behind the end"),
    ],
)
async def test_what_is_no_gzip(body: bytes, message: str) -> None:
    """A body that is not what it says, or not only that, is refused."""
    with pytest.raises(BadRequestError, match=message):
        await read(body, b"gzip")
