"""Most requests to the graph pass by what stands before the other routes, and are answered alike."""

import pytest

from api.http.edge import Edge
from api.http.headers import HEADERS
from tests.api.served import Served

PLAIN: dict[str, object] = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b""}
HOST = (b"host", b"localhost")


@pytest.fixture
def passed(web: Served, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request took the lane."""
    found: list[bool] = []
    is_plain = Edge._is_plain

    def noted(self: Edge, scope: dict[str, object]) -> bool:
        found.append(is_plain(self, scope))
        return found[-1]

    monkeypatch.setattr(Edge, "_is_plain", noted)
    return found


@pytest.mark.parametrize(
    ("changed", "headers", "is_plain"),
    [
        ({}, [HOST], True),
        ({}, [HOST, (b"origin", b"https://shop.example")], False),
        ({}, [HOST, HOST], False),
        ({}, [HOST, (b"accept", b"a/b"), (b"accept", b"c/d")], False),
        ({}, [], False),
        ({}, [(b"host", b"evil.example")], False),
        ({"method": "GET"}, [HOST], True),
        ({"method": "GET", "query_string": b"query={a}"}, [HOST], True),
        ({"method": "GET", "query_string": b"query={a}&api_key=1"}, [HOST], False),
        ({"method": "HEAD", "query_string": b"query={a}"}, [HOST], False),
        ({"query_string": b"query={a}"}, [HOST], False),
        ({"method": "OPTIONS"}, [HOST], False),
        ({"path": "/graphql/"}, [HOST], False),
        ({"type": "websocket"}, [HOST], False),
    ],
)
def test_what_is_plain(
    web: Served, changed: dict[str, str], headers: list[tuple[bytes, bytes]], is_plain: bool
) -> None:
    """A POST to the graph passes by, for a host that we are, from no page, with each header once; nothing else does."""
    scope = PLAIN | {"headers": headers} | changed
    assert web.app._is_plain(scope) is is_plain
    assert (HEADERS in scope) is is_plain


async def test_both_ways_answer_alike(web: Served, passed: list[bool]) -> None:
    """The lane and the way around it give the same status, headers and bytes, and log the same."""
    query = "query Q { posts(first: 2) { nodes { title } } }"
    one = await web.ask(query, headers={"X-Request-Id": "one"})
    other = await web.client.post(
        "/graphql",
        json={"query": query},
        headers=[
            ("Accept", one.request.headers["accept"]),
            ("X-Request-Id", "one"),
            ("X-Twice", "1"),
            ("X-Twice", "2"),
        ],
    )
    assert passed == [True, False]
    assert (one.status_code, one.content) == (other.status_code, other.content)
    assert [each for each in one.headers.items() if each[0] != "date"] == [
        each for each in other.headers.items() if each[0] != "date"
    ]
    first, second = ({**line, "ms": 0, "timestamp": ""} for line in await web.logged(2))
    assert first == second
