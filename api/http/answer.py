"""An answer, finished: status, headers and bytes. The one place where ASGI messages are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.types import Send

from api.http.errors import Headers, body_of, entries_of, headers_of, status_of
from api.http.negotiation import Media
from api.http.problems import Problem, problem_body, problems_of
from schema.errors import PublicError

SLICE_BYTES: Final = 262_144
"""Most bytes that are handed over at once: the next ones wait until the client has taken enough of them."""

BODILESS: Final = (204, 304)
"""Statuses whose answers have no body, and say nothing of one: RFC 9110 section 8.6."""

UNCACHED: Final = ((b"cache-control", b"no-store"), (b"vary", b"Accept, Origin"))
"""What GraphQL answers depends on who asks, and no cache knows what it holds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    """HTTP status."""

    body: bytes | tuple[bytes, ...]
    """The whole body, or the pieces of it: a large one is not copied to put a frame around it."""

    content_type: bytes
    """Value of the header Content-Type."""

    headers: Headers = ()
    """Further headers."""

    @property
    def whole(self) -> bytes:
        """The body in one piece."""
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)

    @staticmethod
    def json(
        status: int, body: bytes | tuple[bytes, ...], headers: Headers = (), media: Media = Media.JSON
    ) -> "Answer":
        """Return an answer of JSON bytes."""
        return Answer(status, body, media.header, headers)

    @staticmethod
    def refusal(error: PublicError, headers: Headers = (), media: Media = Media.JSON) -> "Answer":
        """Return the answer to a request that an error ended."""
        if media is Media.PROBLEM:
            return Answer.problem(status_of(error), problems_of(error), (*headers_of(error), *headers))
        return Answer.json(status_of(error), body_of(*entries_of(error)), (*headers_of(error), *headers), media)

    @staticmethod
    def problem(status: int, problems: Sequence[Problem], headers: Headers = ()) -> "Answer":
        """Return a refusal of REST."""
        return Answer.json(status, problem_body(status, problems), headers, Media.PROBLEM)

    def fields(self, size: int) -> list[tuple[bytes, bytes]]:
        """Return all its headers; the body has so many bytes."""
        if self.status in BODILESS:
            return [*self.headers]
        return [(b"content-type", self.content_type), (b"content-length", b"%d" % size), *self.headers]

    async def send(self, send: Send, *, is_head: bool = False) -> None:
        """Send it; of an answer to HEAD, all but the body."""
        pieces = self.body if isinstance(self.body, tuple) else (self.body,)
        size = sum(map(len, pieces))
        await send({"type": "http.response.start", "status": self.status, "headers": self.fields(size)})
        if is_head or size <= SLICE_BYTES:
            await send({"type": "http.response.body", "body": b"" if is_head else b"".join(pieces)})
            return
        for piece in pieces:
            for start in range(0, len(piece), SLICE_BYTES):
                slice_ = memoryview(piece)[start : start + SLICE_BYTES]
                await send({"type": "http.response.body", "body": slice_, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def framed(data: bytes, extensions: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return a GraphQL response around the finished JSON of its data, in pieces."""
    if not extensions:
        return b'{"data":', data, b"}"
    return b'{"data":', data, b',"extensions":' + orjson.dumps(extensions) + b"}"
