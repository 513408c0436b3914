"""The headers of a request by name, read once and kept in its scope for every part that looks at them."""

from typing import Final

from starlette.types import Scope

HEADERS: Final = "achene.headers"
"""Where the scope has them."""

LATE: Final = "achene.late"
"""Where the scope has what returns further headers of the answer, asked once it begins."""

Headers = dict[bytes, bytes]


def request_headers(scope: Scope) -> Headers:
    """Return the headers by name, in lower case; several that make a list are joined, of others the last one counts."""
    found: Headers | None = scope.get(HEADERS)
    if found is None:
        found = scope[HEADERS] = {}
        for name, value in scope["headers"]:
            found[name] = found[name] + b"," + value if name == b"accept" and name in found else value
    return found
