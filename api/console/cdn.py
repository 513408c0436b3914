"""The files that GraphiQL is loaded from where it is not built and the operator allows a CDN.

Each is one file of a published npm package, by its exact version, and by the hash of that file: a browser runs
nothing else. GraphiQL 5 publishes no file that runs by itself; version 4.1.2 with React 18 is the last that does.
`tests/browser/test_console_cdn.py` compares the hashes with the packages.
"""

from dataclasses import dataclass
from typing import Final

HOST: Final = "https://cdn.jsdelivr.net/npm"
"""Serves the files of npm packages unchanged."""


@dataclass(frozen=True, slots=True)
class CdnFile:
    """A file of an npm package."""

    package: str
    """The package and its version, as in `react@18.3.1`."""

    path: str
    """The file within the package."""

    integrity: str
    """Its hash, as https://www.w3.org/TR/SRI/ writes it."""

    @property
    def url(self) -> str:
        """Where it is loaded from."""
        return f"{HOST}/{self.package}/{self.path}"


REACT: Final = (
    CdnFile(
        "react@18.3.1",
        "umd/react.production.min.js",
        "sha384-DGyLxAyjq0f9SPpVevD6IgztCFlnMF6oW/XQGmfe+IsZ8TqEiDrcHkMLKI6fiB/Z",
    ),
    CdnFile(
        "react-dom@18.3.1",
        "umd/react-dom.production.min.js",
        "sha384-gTGxhz21lVGYNMcdJOyq01Edg0jhn/c22nsx0kyqP0TxaV5WVdsSH1fSDUf5YJj1",
    ),
)
"""What GraphiQL stands on."""

SCRIPTS: Final = (
    CdnFile(
        "graphiql@4.1.2",
        "graphiql.min.js",
        "sha384-9XdHu7ajgGJziD4J1zNBKQ842Q/+zZfDv+ib1eMhZWBH6hPAs806x+Jbcf0yNO6B",
    ),
)
"""GraphiQL."""

STYLES: Final = (
    CdnFile(
        "graphiql@4.1.2",
        "graphiql.min.css",
        "sha384-1el1QShFBnnXTx9x/Cprg82hZWKt0ry29OAYIXt05swbi0KcZDFoj0CWguMpopJr",
    ),
)
"""Its stylesheet."""
