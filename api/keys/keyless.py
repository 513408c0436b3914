"""Addresses have no keys in them: they are kept by proxies, by browsers, and by whoever is sent a link."""

import re
from typing import ClassVar, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.answer import Answer
from api.http.errors import HttpError
from api.keys.format import KEY_PATTERN
from api.telemetry import TRAIL

NAMES: Final = re.compile(rb"(?:^|[&;])(?:x-?)?(?:api[-_]?key|access[-_]?token|authorization)=", re.IGNORECASE)
"""Parameters by which other servers are given keys."""

KEY: Final = re.compile(KEY_PATTERN.encode())


class KeyInAddressError(HttpError):
    """The address of the request has a key in it."""

    code: ClassVar[str] = "KEY_IN_ADDRESS"


class KeylessAddress:
    """The ASGI middleware that refuses them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or not has_key(scope):
            await self._app(scope, receive, send)
            return
        error = KeyInAddressError(
            "An address must have no API key in it: others keep what they see of it. Send the key in the header "
            "X-API-Key, and have this one revoked."
        )
        scope[TRAIL].codes.append(error.code)
        await Answer.refusal(error).send(send)


def has_key(scope: Scope) -> bool:
    """Return whether the address of a request has a key in it, or a parameter that is for one."""
    query: bytes = scope["query_string"]
    if query and (NAMES.search(query) or KEY.search(query)):
        return True
    return KEY.search(scope.get("raw_path") or b"") is not None
