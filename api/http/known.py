"""Heads of requests that are known: a client that keeps its connection sends the same head again and again.

To read a head costs as much as to answer a small query, most of it a call of Python for each header. So what was made
of one is kept with its connection. A request whose head has the same bytes, but for the digits of its Content-Length,
is the same request with another body. Nothing is parsed here: where another byte differs, uvicorn's parser reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

from api.http.headers import HEADERS

LENGTH: Final = b"content-length"
"""The one header whose value may change."""

LENGTH_LINE: Final = b"\r\n" + LENGTH + b":"
"""Where its value stands behind; nothing in a value of another can be taken for it."""

MOST_DIGITS: Final = 9
"""Most digits of a length that is looked at."""

UNLIKE: Final = frozenset(
    {
        b"x-request-id",
        b"traceparent",
        b"idempotency-key",
        b"content-encoding",
        b"transfer-encoding",
        b"expect",
        b"upgrade",
    }
)
"""Headers that differ each time, or that say how the body is to be read."""

ASGI: Final = (
    "type",
    "asgi",
    "http_version",
    "server",
    "client",
    "scheme",
    "root_path",
    "method",
    "path",
    "raw_path",
    "query_string",
)
"""What a scope says that holds for all requests of a head, beside its headers."""


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A head, and what was made of it."""

    before: bytes
    """Its bytes up to the digits of the length."""

    after: bytes
    """Its bytes behind them, the empty line among them."""

    scope: dict[str, Any]
    """What its scope says, without headers."""

    headers: dict[bytes, bytes]
    """Its headers by name; each is there once."""

    def body_of(self, data: bytes) -> bytes | None:
        """Return the body of what was received, where it is one whole request with this head; otherwise None.

        The bytes are compared in constant time: a key is among them, and a proxy may send several clients' requests
        over one connection.
        """
        start = len(self.before)
        end = data.find(b"\r", start, start + MOST_DIGITS + 1)
        digits = data[start:end]
        if end < 0 or not digits.isdigit():
            return None
        body_at = end + len(self.after)
        if len(data) - body_at != int(digits):
            return None
        if not (compare_digest(data[:start], self.before) and compare_digest(data[end:body_at], self.after)):
            return None
        return data[body_at:]

    def new_scope(self, body: bytes, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the scope of another request.

        Args:
            body: Its body.
            state: What the application has put down at its start, of which each request has a copy: what one notes in
                its own is nothing to the next.
        """
        headers = self.headers | {LENGTH: b"%d" % len(body)}
        return {**self.scope, "state": dict(state), "headers": list(headers.items()), HEADERS: headers}


def known_head(head: bytes, scope: dict[str, Any]) -> KnownHead | None:
    """Return a head to know again; None where the next request will differ in more than its body.

    Args:
        head: Its bytes, the empty line among them.
        scope: What uvicorn made of it, each header once, as it is when it was answered.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    length = headers.get(LENGTH)
    if length is None or not length.isdigit() or not UNLIKE.isdisjoint(headers):
        return None
    line = head.lower().find(LENGTH_LINE) + len(LENGTH_LINE)
    start = head.find(length, line)
    end = start + len(length)
    if start < 0 or head[line:start].strip() or head[end : end + 1] != b"\r":
        return None
    return KnownHead(head[:start], head[end:], {name: scope[name] for name in ASGI}, headers)
