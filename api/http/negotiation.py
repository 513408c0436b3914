"""Media types: what a client accepts, and whether we can read what it sends.

Headers repeat from request to request, so what was worked out for one is remembered.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from api.http.errors import NotAcceptableError, UnsupportedMediaTypeError
from api.http.inflate import CODINGS


class Media(StrEnum):
    """The media types of answers."""

    JSON = "application/json"
    GRAPHQL = "application/graphql-response+json"
    HTML = "text/html"
    PROBLEM = "application/problem+json"

    @property
    def header(self) -> bytes:
        """The value of Content-Type."""
        return b"application/problem+json" if self is Media.PROBLEM else f"{self}; charset=utf-8".encode()


OFFERS: Final = (Media.GRAPHQL, Media.JSON)
"""What is answered to a GraphQL request."""

UTF8: Final = frozenset({"utf-8", "utf8"})
"""Names of the only character encoding of JSON (RFC 8259 section 8.1)."""


@lru_cache(512)
def accepted(accept: bytes | None, offers: tuple[Media, ...]) -> Media:
    """Return which of our media types a client wants most.

    Of types that it wants equally, one that it names goes before one that it lets in by a wildcard, and of
    those it names an earlier offer before a later one. Where only wildcards decide, and where it says nothing,
    it is plain JSON. Source: RFC 9110 section 12.5.1.

    Args:
        accept: The header Accept, several joined by commas; None where there is none.
        offers: What can be given, the best first.

    Raises:
        NotAcceptableError: It wants none of them.
    """
    if accept is None or not accept.strip():
        return Media.JSON
    ranges = [found for item in accept.decode("latin-1").split(",") if (found := _range(item)) is not None]
    ranked = []
    for place, offer in enumerate(offers):
        quality, closeness = _rank(offer, ranges)
        if quality > 0:
            is_named = closeness == 2
            ranked.append((quality, closeness, -place if is_named else offer == Media.JSON, offer))
    if not ranked:
        names = " or ".join(offer for offer in offers if offer != Media.HTML)
        raise NotAcceptableError(f"The header Accept must let in {names}.")
    return max(ranked)[-1]


def _range(item: str) -> tuple[str, float] | None:
    """Return a media range and its weight; None where it is malformed, or asks for another encoding."""
    name, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        value = value.strip().strip('"')
        if key.strip() == "charset" and value not in UTF8:
            return None
        if key.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return None
    if "/" not in name or not 0 <= quality <= 1:
        return None
    return name, quality


def _rank(offer: Media, ranges: Iterable[tuple[str, float]]) -> tuple[float, int]:
    """Return how much an offer is wanted, and how closely the range that says so names it (2, 1 or 0)."""
    closeness_of = {str(offer): 2, offer.partition("/")[0] + "/*": 1, "*/*": 0}
    found = [(closeness_of[name], quality) for name, quality in ranges if name in closeness_of]
    if not found:
        return 0.0, 0
    closeness, quality = max(found)
    return quality, closeness


@lru_cache(512)
def coding_of_json(content_type: bytes | None, content_encoding: bytes | None) -> bytes:
    """Return how a body of JSON in UTF-8 is compressed, as `api.http.inflate` calls it; nothing where it is plain.

    Raises:
        UnsupportedMediaTypeError: It is of another type, in another encoding, compressed otherwise, or does not say.
    """
    if content_type is None:
        raise UnsupportedMediaTypeError("The header Content-Type is missing; it must be application/json.")
    name, *parameters = (part.strip().lower() for part in content_type.decode("latin-1").split(";"))
    if name != Media.JSON:
        raise UnsupportedMediaTypeError("The header Content-Type must be application/json.")
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "charset" and value.strip().strip('"') not in UTF8:
            raise UnsupportedMediaTypeError("The header Content-Type must name no other charset than utf-8.")
    coding = content_encoding.strip().lower() if content_encoding else b""
    if coding in CODINGS:
        return coding
    if coding not in (b"", b"identity"):
        raise UnsupportedMediaTypeError("The header Content-Encoding must be gzip or deflate, or left out.")
    return b""
