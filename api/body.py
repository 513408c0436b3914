"""Reads the body of a request, and never more of it than is accepted."""

import asyncio
from typing import Final

from starlette.types import Receive

from api.errors import BodyTooLargeError, BodyTooSlowError

MOST_DIGITS: Final = 15
"""Digits of a Content-Length that is worth reading as a number."""


class ClientLeftError(Exception):
    """The client closed the connection; nobody waits for an answer."""


async def read_body(receive: Receive, content_length: bytes | None, largest_bytes: int, seconds: float) -> bytes:
    """Return the whole body of a request.

    A body that says that it is too large is refused unread; one that does not say is refused as soon as it is,
    and the server drops the rest of it as it comes.

    Args:
        receive: The ASGI function.
        content_length: What the request says, None where it says nothing.
        largest_bytes: Most bytes that are accepted.
        seconds: How long it may take.

    Raises:
        BodyTooLargeError: It has more bytes.
        BodyTooSlowError: It took longer.
        ClientLeftError: It broke off.
    """
    if content_length and (len(content_length) > MOST_DIGITS or int(content_length) > largest_bytes):
        raise _too_large(largest_bytes)
    try:
        async with asyncio.timeout(seconds):
            return await _collect(receive, largest_bytes)
    except TimeoutError as error:
        raise BodyTooSlowError(f"The body did not arrive within {seconds:g} s.") from error


async def _collect(receive: Receive, largest_bytes: int) -> bytes:
    chunks, size = list[bytes](), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > largest_bytes:
            raise _too_large(largest_bytes)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(largest_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body has more than {largest_bytes:,} bytes, the most that is accepted.")
