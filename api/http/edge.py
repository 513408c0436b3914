"""The way in. What most requests are passes here in one step; all others pass the classes of `api.http.middleware`.

Most requests are POSTs and GETs to the graph, for a host that we are, from no page of a browser, with each header once.
Nothing that `api.http.middleware` could say of these is left to say but what is said here: they have no CORS headers to
get, no routing to pass, and their bodies are counted where they are read. Both ways give the same answers.

Where more is put on the way of a request:

- What is decided before the body is read, such as rates by key and address, stands in `lane`, around the endpoint.
- What is told at the end of a request, such as metrics and traces, is made of its `Trail` by `RequestLine`.
- What is decided of an operation, such as its cost or an answer that is kept, is the endpoint's: see `_run` there.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from api.http.headers import HEADERS, Headers
from api.http.middleware import Hosts
from api.http.paths import GRAPHQL_PATH
from api.http.straight import MEET, Lane


class Edge(FastAPI):
    """FastAPI with a lane around it."""

    _hosts = Hosts(())
    _make_lane: Callable[[], Lane] | None = None

    _has_key: Callable[[Scope], bool] | None = None

    def open_lane(self, hosts: Hosts, make: Callable[[], Lane], has_key: Callable[[Scope], bool]) -> None:
        """Let requests pass by.

        Args:
            hosts: For which of them.
            make: Makes what answers them, when the first one comes.
            has_key: Says whether the address of a request has a key in it, which is refused elsewhere.
        """
        self._hosts = hosts
        self._make_lane = make
        self._has_key = has_key

    @cached_property
    def lane(self) -> Lane | None:
        """What answers plain requests; None where all pass the middleware."""
        return None if self._make_lane is None else self._make_lane()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop."""
        if not self._is_plain(scope) or (lane := self.lane) is None:
            await super().__call__(scope, receive, send)
            return
        await lane.line(scope, receive, send)
        if (meet := scope.get(MEET)) is not None:
            meet(scope)

    def _is_plain(self, scope: dict[str, Any] | Scope) -> bool:
        """Return whether nothing but the graph has a say in a request; its headers are then in the scope."""
        if scope["type"] != "http" or scope["path"] != GRAPHQL_PATH:
            return False
        if scope["query_string"]:
            if scope["method"] != "GET" or self._has_key is None or self._has_key(scope):
                return False
        elif scope["method"] not in ("POST", "GET"):
            return False
        headers: Headers = dict(scope["headers"])
        host = headers.get(b"host")
        if len(headers) != len(scope["headers"]) or b"origin" in headers or host is None or not self._hosts.has(host):
            return False
        scope[HEADERS] = headers
        return True
