"""What an answer says to caches, and what a client says of the answer that it has.

Source: RFC 9110, sections 8.8.3 (ETag), 13.1.2 (If-None-Match), 12.5.5 (Vary); RFC 9111, section 5.2.2.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self

from api.http.errors import Headers
from api.http.negotiation import Media
from schema.keeping import Terms

Header = tuple[bytes, bytes]
"""Name and value."""

TAG: Final = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
"""One entity tag; weak and strong ones are compared by what stands in the quotes."""

FOR_ALL: Final = (b"vary", b"Accept, Origin")
"""Said of what every caller is answered. `Origin` decides what CORS headers stand beside."""

NAMES: Final = ("Accept", "Authorization", "Origin", "X-API-Key")
"""What answers depend on that may be others for other keys."""


@dataclass(frozen=True, slots=True)
class Callers:
    """How callers are told apart."""

    vary: Header
    """Said of what may be another answer for another caller."""

    is_all_named: bool = True
    """False where more than headers that it names may tell them apart: then caches have to ask each time."""

    @classmethod
    def by(cls, own: Collection[str] | None) -> Self:
        """Return how callers are told apart by keys, and by headers that a team's own authentication reads.

        Args:
            own: These headers; None where it may read anything.
        """
        names = {name.lower(): name for name in ("Cookie" if own is None else "", *(own or ()), *NAMES) if name}
        return cls((b"vary", ", ".join(names[name] for name in sorted(names)).encode()), own is not None)


BY_KEY: Final = Callers.by(())
"""Where keys alone say who asks."""


def entity_tag(place: bytes, label: bytes, media: Media) -> bytes:
    """Return what names an answer: weak, since whoever stands between may compress it.

    Args:
        place: Names the question.
        label: The versions of the tables that it is answered from.
        media: The media type of the answer.
    """
    digest = hashlib.blake2b(b"\n".join((place, label, media.value.encode())), digest_size=16)
    return b'W/"' + digest.hexdigest().encode() + b'"'


def has_tag(if_none_match: bytes, tag: bytes) -> bool:
    """Return whether a client has the answer of a tag."""
    if if_none_match.strip() == b"*":
        return True
    return tag.removeprefix(b"W/") in TAG.findall(if_none_match)


def cache_headers(terms: Terms, tag: bytes, callers: Callers = BY_KEY) -> Headers:
    """Return the headers of an answer that clients may keep.

    Args:
        terms: On what terms.
        tag: Names it.
        callers: How they are told apart where it may be another one for another caller.
    """
    whose = b"public" if terms.is_public else b"private"
    is_same = terms.is_public and terms.is_for_all
    age = b"max-age=%d" % terms.max_age if terms.max_age and (is_same or callers.is_all_named) else b"no-cache"
    vary = FOR_ALL if is_same else callers.vary
    return (b"cache-control", whose + b", " + age), vary, (b"etag", tag)
