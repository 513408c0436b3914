"""Heads that are known again: which are, and that nothing else is taken for them."""

from typing import Any

import pytest

from api.http.headers import HEADERS
from api.http.known import UNLIKE, KnownHead, known_head

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\ncontent-LENGTH:  12\r\nX-API-Key: ach_1\r\n\r\n"
FIELDS = [(b"host", b"localhost"), (b"content-length", b"12"), (b"x-api-key", b"ach_1")]
SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "server": ("127.0.0.1", 8000),
    "client": ("127.0.0.1", 5000),
    "scheme": "http",
    "root_path": "",
    "state": {},
    "method": "POST",
    "path": "/graphql",
    "raw_path": b"/graphql",
    "query_string": b"",
    "headers": FIELDS,
    "achene.caller": "somebody",
}


def known() -> KnownHead:
    """Return the head, known."""
    found = known_head(HEAD, SCOPE)
    assert found is not None
    return found


def sent(body: bytes, head: bytes = HEAD) -> bytes:
    """Return a request with the head and another body."""
    return head.replace(b"12", b"%d" % len(body)) + body


@pytest.mark.parametrize("body", [b"{}", b"x" * 12, b"y" * 100_000, b"", b"\r\n\r\n"])
def test_another_body(body: bytes) -> None:
    """The same head with another body, and so with another length, is known."""
    assert known().body_of(sent(body)) == body


def test_its_scope() -> None:
    """The scope of another request has its length, and nothing that was found out for the first one."""
    scope = known().new_scope(b"abc", {"started": True})
    assert dict(scope["headers"]) == scope[HEADERS] == dict(FIELDS) | {b"content-length": b"3"}
    assert "achene.caller" not in scope
    assert {name: value for name, value in scope.items() if name not in ("headers", HEADERS)} == {
        name: value for name, value in SCOPE.items() if name not in ("headers", "achene.caller")
    } | {"state": {"started": True}}


@pytest.mark.parametrize(
    "data",
    [
        sent(b"{}").replace(b"ach_1", b"ach_2"),
        sent(b"{}").replace(b"localhost", b"LOCALHOST"),
        sent(b"{}").replace(b"/graphql", b"/graphqL"),
        sent(b"{}").replace(b"\r\n\r\n", b"\r\nX-More: 1\r\n\r\n"),
        sent(b"{}").replace(b" 2\r", b" +2\r"),
        sent(b"{}").replace(b" 2\r", b" 2 \r"),
        sent(b"{}").replace(b" 2\r", b" 0x2\r"),
        sent(b"{}").replace(b" 2\r", b" \r"),
        sent(b"{}").replace(b" 2\r", b" 2,2\r"),
        sent(b"{}").replace(b" 2\r", b" \xc2\xb2\r"),
        sent(b"{}") + b"x",
        sent(b"{}") + sent(b"{}"),
        sent(b"{}")[:-1],
        sent(b"{}")[:30],
        sent(b"{}").replace(b" 2\r", b" 0000000000000002\r"),
        b"",
    ],
)
def test_what_is_not_known(data: bytes) -> None:
    """Where any byte differs, but for the length, or a byte is missing or too many, it is another request."""
    assert known().body_of(data) is None


@pytest.mark.parametrize("name", sorted(UNLIKE))
def test_heads_that_differ_each_time(name: bytes) -> None:
    """A head that the next request will not repeat, or whose body is read in another way, is not worth knowing."""
    head = HEAD.replace(b"\r\n\r\n", b"\r\n" + name + b": gzip\r\n\r\n")
    assert known_head(head, SCOPE | {"headers": [*FIELDS, (name, b"gzip")]}) is None


def test_without_a_length() -> None:
    """A head that does not say how long the body is, as of a chunked one, is not known."""
    head = HEAD.replace(b"content-LENGTH:  12", b"Transfer-Encoding: chunked")
    fields = [(b"host", b"localhost"), (b"transfer-encoding", b"chunked")]
    assert known_head(head, SCOPE | {"headers": fields}) is None


def test_a_length_in_another_value() -> None:
    """What looks like a length in the value of another header is left where it is."""
    head = HEAD.replace(b"ach_1", b"content-length: 12").replace(b"X-API", b"A-API")
    fields = [*FIELDS[:2], (b"a-api-key", b"content-length: 12")]
    found = known_head(head, SCOPE | {"headers": fields})
    assert found is not None
    assert (found.before + b"12" + found.after, found.before[-9:]) == (head, b"LENGTH:  ")
