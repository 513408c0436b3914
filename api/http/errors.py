"""Our errors as HTTP: the status of each, what a body looks like, and the errors that only HTTP knows.

Every refusal of the graph has one form; what REST says instead is in `api.http.problems`:

    {"errors": [{"message": "...", "extensions": {"code": "..."}}]}

How GraphQL's own errors are shown is in `api.graphql.masking`; who turns exceptions into responses for REST is in
`api.rest.refusals`. The tree, below `schema.errors.PublicError`:

    HttpError
    ├── BadRequestError             400
    ├── HostError                   400  a name that this server does not answer to
    ├── NotFoundError               404
    ├── MethodNotAllowedError       405  with Allow
    ├── NotAcceptableError          406
    ├── BodyTooSlowError            408
    ├── BodyTooLargeError           413
    ├── UriTooLongError             414
    ├── UnsupportedMediaTypeError   415
    ├── RateLimitedError            429  with Retry-After
    └── HeadTooLargeError           431
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import orjson

from schema.errors import ForbiddenError, PublicError, UnauthenticatedError, UnavailableError

RETRY_SECONDS: Final = 2
"""When a client that was answered 503 may try again."""

INTERNAL: Final = "INTERNAL"
"""The code of whatever a client may not know more of."""

Headers = Sequence[tuple[bytes, bytes]]
"""Headers as ASGI has them: names in lower case."""


class HttpError(PublicError):
    """A request that HTTP itself has a status for."""

    status: ClassVar[int] = 400
    """HTTP status, 4xx."""

    @property
    def headers(self) -> Headers:
        """What the response must carry beside its body."""
        return ()

    @property
    def entries(self) -> Sequence[Mapping[str, Any]]:
        """What `errors` lists: one entry, where the error does not say more."""
        return (shown(self),)


class BadRequestError(HttpError):
    """The request is not formed as it should be."""


class HostError(HttpError):
    """The request names a host that this server does not answer to."""

    code = "UNKNOWN_HOST"


class NotFoundError(HttpError):
    """Nothing is served at this path."""

    status = 404
    code = "NOT_FOUND"


class MethodNotAllowedError(HttpError):
    """The path is served, but not for this method."""

    status = 405
    code = "METHOD_NOT_ALLOWED"

    def __init__(self, message: str, allowed: str) -> None:
        """Take a message, and the methods that are allowed, as the header Allow lists them."""
        super().__init__(message)
        self._allowed = allowed

    @property
    def headers(self) -> Headers:
        """Return Allow. Source: RFC 9110 section 15.5.6."""
        return ((b"allow", self._allowed.encode()),)


class NotAcceptableError(HttpError):
    """The client accepts none of the media types that we have."""

    status = 406
    code = "NOT_ACCEPTABLE"


class BodyTooSlowError(HttpError):
    """The body of the request did not arrive in time."""

    status = 408
    code = "REQUEST_TIMEOUT"

    @property
    def headers(self) -> Headers:
        """Return that the connection ends here: what else arrives on it cannot be told apart."""
        return ((b"connection", b"close"),)


class BodyTooLargeError(HttpError):
    """The body of the request is larger than is accepted."""

    status = 413
    code = "BODY_TOO_LARGE"


class UriTooLongError(HttpError):
    """The address of the request is longer than is accepted."""

    status = 414
    code = "URI_TOO_LONG"


class HeadTooLargeError(HttpError):
    """Request line and headers are larger than is accepted, or more in number."""

    status = 431
    code = "HEADERS_TOO_LARGE"


class UnsupportedMediaTypeError(HttpError):
    """The body of the request is of a kind that is not read."""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"

    @property
    def headers(self) -> Headers:
        """Return what is read. Source: RFC 9110 section 12.5.3 and W3C LDP for Accept-Post."""
        return ((b"accept-post", b"application/json"), (b"accept-encoding", b"gzip, deflate"))


class RateLimitedError(HttpError):
    """The caller has used up what it may use for now. Source: RFC 6585 section 4."""

    status = 429
    code = "RATE_LIMITED"

    def __init__(self, message: str, wait_seconds: int) -> None:
        """Take a message, and when trying again may help."""
        super().__init__(message)
        self._wait_seconds = wait_seconds

    @property
    def headers(self) -> Headers:
        """Return Retry-After. Source: RFC 9110 section 10.2.3."""
        return ((b"retry-after", str(self._wait_seconds).encode()),)


STATUSES: Final[Mapping[type[PublicError], int]] = {
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    UnavailableError: 503,
}
"""Statuses of errors that the graph knows as well; all others are 400."""


def status_of(error: PublicError) -> int:
    """Return the HTTP status of an error that ended a whole request."""
    if isinstance(error, HttpError):
        return error.status
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 400)


def headers_of(error: PublicError) -> Headers:
    """Return the headers that HTTP wants beside the status of an error."""
    match error:
        case HttpError():
            return error.headers
        case UnauthenticatedError():  # RFC 9110 section 11.6.1; RFC 6750 section 3
            return ((b"www-authenticate", b'Bearer realm="achene"'),)
        case UnavailableError():
            return ((b"retry-after", str(RETRY_SECONDS).encode()),)
        case _:
            return ()


def entries_of(error: PublicError) -> Sequence[Mapping[str, Any]]:
    """Return all that an error says, as entries of `errors`."""
    return error.entries if isinstance(error, HttpError) else (shown(error),)


def shown(error: PublicError) -> dict[str, Any]:
    """Return an error as an entry of `errors`."""
    return {"message": str(error), "extensions": {"code": error.code}}


def internal(request_id: str) -> dict[str, Any]:
    """Return the entry of `errors` for what a client may not know more of."""
    return {"message": "Internal error", "extensions": {"code": INTERNAL, "requestId": request_id}}


def body_of(*entries: Mapping[str, Any]) -> bytes:
    """Return the JSON body of a refusal."""
    return orjson.dumps({"errors": entries})
