"""Reads the body of a request, and never more of it than is accepted."""

from typing import Final

from starlette.types import Message, Receive

from api.http.errors import BodyTooLargeError
from api.http.inflate import Inflater

MOST_DIGITS: Final = 15
"""Digits of a Content-Length that is worth reading as a number."""


class ClientLeftError(Exception):
    """The client closed the connection; nobody waits for an answer."""


async def read_body(receive: Receive, content_length: bytes | None, largest_bytes: int, coding: bytes = b"") -> bytes:
    """Return the whole body of a request.

    A body that says that it is too large is refused unread; one that does not say is refused as soon as it is,
    and the server drops the rest of it as it comes. A compressed body is inflated as it comes, and no further.

    Args:
        receive: The ASGI function.
        content_length: What the request says, None where it says nothing.
        largest_bytes: Most bytes that are accepted, as they are sent and as they are inflated.
        coding: How it is compressed, one of `api.http.inflate.CODINGS`; nothing where it is not.

    Raises:
        BodyTooLargeError: It has more bytes.
        BadRequestError: It is not compressed as it says.
        ClientLeftError: It broke off.
    """
    if content_length and (len(content_length) > MOST_DIGITS or int(content_length) > largest_bytes):
        raise _too_large(largest_bytes)
    message = await receive()
    if not coding and message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        check_size(len(body), largest_bytes)
        return body
    return await _collect(message, receive, largest_bytes, Inflater(coding) if coding else None)


async def _collect(message: Message, receive: Receive, largest_bytes: int, inflater: Inflater | None) -> bytes:
    """Return a body that comes in several pieces or compressed, of which the first piece is here."""
    pieces, size, sent = list[bytes](), 0, 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        piece = message.get("body", b"")
        sent += len(piece)
        if sent <= largest_bytes and inflater is not None:
            piece = inflater.feed(piece, largest_bytes - size)
        size += len(piece)
        if max(size, sent) > largest_bytes:
            raise _too_large(largest_bytes)
        pieces.append(piece)
        if not message.get("more_body", False):
            if inflater is not None:
                inflater.end()
            return b"".join(pieces)
        message = await receive()


def check_size(size: int, largest_bytes: int) -> None:
    """Refuse a body that is too large.

    Raises:
        BodyTooLargeError: It is.
    """
    if size > largest_bytes:
        raise _too_large(largest_bytes)


def _too_large(largest_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body has more than {largest_bytes:,} bytes, the most that is accepted.")
