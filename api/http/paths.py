"""What paths mean before anybody has looked where they lead."""

from typing import Final

from api.http.negotiation import Media

GRAPHQL_PATH: Final = "/graphql"
"""Where the graph is."""


def refusal_media(path: str) -> Media:
    """Return in what form a path is refused that nothing more is known of: REST has one of its own."""
    return Media.JSON if path == GRAPHQL_PATH else Media.PROBLEM


def is_probe(path: str) -> bool:
    """Return whether a path is a health endpoint, which is answered whoever asks and however often."""
    return path == "/health" or path.startswith("/health/")
