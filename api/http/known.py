"""Heads of requests that are known: a client that keeps its connection sends the same head again and again.

To read a head costs as much as to answer a small query, most of it a call of Python for each header. So what was made
of one is kept with its connection. A request whose head has the same bytes, but for the digits of its Content-Length,
is the same request with another body. Nothing is parsed here: where another byte differs, uvicorn's parser reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final, Protocol

from api.http.headers import HEADERS, Headers

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


LONGEST_GET: Final = 4_096
"""Most bytes of a GET that is known."""

MOST_GETS: Final = 1_000
"""Most GETs that are known."""


class Connection(Protocol):
    """What is to be known of a connection."""

    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    app_state: dict[str, Any]


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


class KnownGets:
    """GETs that are known, whole: who asks whether an answer still holds sends the same bytes, over any connection.

    They are told apart by the address that connections come from, since that may be a proxy which is trusted.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[tuple[str, bytes], tuple[dict[str, Any], Headers, bool]] = {}

    def scope_of(self, data: bytes, connection: Connection) -> dict[str, Any] | None:
        """Return the scope of what was received, where it is one whole request that is known; otherwise None."""
        client = connection.client
        known = self._known.get((client[0] if client else "", data))
        if known is None:
            return None
        scope, headers, is_direct = known
        found = {**scope, "state": dict(connection.app_state), "server": connection.server}
        if is_direct:
            found["client"] = client
        found["headers"], found[HEADERS] = list(headers.items()), headers.copy()
        return found

    def note(self, head: bytes, scope: dict[str, Any], connection: Connection) -> None:
        """Know a request from now on, in place of the one that is known for longest where there are many.

        Args:
            head: Its bytes.
            scope: What uvicorn made of it, each header once, as it is when it was answered.
            connection: What it came over.
        """
        headers: Headers = dict(scope["headers"])
        if len(head) > LONGEST_GET or LENGTH in headers or not UNLIKE.isdisjoint(headers):
            return
        if len(self._known) >= MOST_GETS:
            del self._known[next(iter(self._known))]
        client = connection.client
        is_direct = scope["client"] == client
        self._known[client[0] if client else "", head] = {name: scope[name] for name in ASGI}, headers, is_direct


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
