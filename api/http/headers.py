"""The headers of a request by name, read once and kept in its scope for every part that looks at them."""

from collections.abc import Mapping
from typing import Final

from starlette.types import Scope

HEADERS: Final = "achene.headers"
"""Where the scope has them."""

LATE: Final = "achene.late"
"""Where the scope has what returns further headers of the answer, asked once it begins."""

Headers = dict[bytes, bytes]

LISTS: Final = frozenset({b"accept", b"if-none-match", b"x-achene-report"})
"""Headers of which several make one list. Source: RFC 9110 section 5.3."""

ONCE: Final[Mapping[bytes, str]] = {
    name.lower().encode(): name
    for name in (
        "Authorization",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "Idempotency-Key",
        "Origin",
        "X-Achene-Consistency",
        "X-API-Key",
    )
}
"""Headers of which a request may have one: of two nobody can say which counts, and a proxy may take the other."""


def request_headers(scope: Scope) -> Headers:
    """Return the headers by name, in lower case; several that make a list are joined, of others the last one counts."""
    found: Headers | None = scope.get(HEADERS)
    if found is None:
        found = scope[HEADERS] = {}
        for name, value in scope["headers"]:
            found[name] = found[name] + b"," + value if name in LISTS and name in found else value
    return found


def given_twice(scope: Scope) -> str | None:
    """Return a header that a request has several times, and may have once; None where there is none."""
    names = [name for name, _ in scope["headers"] if name in ONCE]
    return next((ONCE[name] for name in names if names.count(name) > 1), None)
