"""Reads the body of a request, and never more of it than is accepted."""

from typing import Final

from starlette.types import Message, Receive

from api.errors import BodyTooLargeError

MOST_DIGITS: Final = 15
"""Digits of a Content-Length that is worth reading as a number."""


class ClientLeftError(Exception):
    """The client closed the connection; nobody waits for an answer."""


async def read_body(receive: Receive, content_length: bytes | None, largest_bytes: int) -> bytes:
    """Return the whole body of a request.

    A body that says that it is too large is refused unread; one that does not say is refused as soon as it is,
    and the server drops the rest of it as it comes.

    Args:
        receive: The ASGI function.
        content_length: What the request says, None where it says nothing.
        largest_bytes: Most bytes that are accepted.

    Raises:
        BodyTooLargeError: It has more bytes.
        ClientLeftError: It broke off.
    """
    if content_length and (len(content_length) > MOST_DIGITS or int(content_length) > largest_bytes):
        raise _too_large(largest_bytes)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > largest_bytes:
            raise _too_large(largest_bytes)
        return body
    return await _collect(message, receive, largest_bytes)


async def _collect(message: Message, receive: Receive, largest_bytes: int) -> bytes:
    """Return a body that comes in several pieces, of which the first is here."""
    chunks, size = list[bytes](), 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > largest_bytes:
            raise _too_large(largest_bytes)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


def _too_large(largest_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body has more than {largest_bytes:,} bytes, the most that is accepted.")
