"""What is said to caches, and how a client's tags are read."""

import pytest

from api.caching.headers import Callers, cache_headers, entity_tag, has_tag
from api.http.negotiation import Media
from schema.keeping import Terms

TAG = b'W/"1a"'


@pytest.mark.parametrize("value", [b'W/"1a"', b'"1a"', b'"x", W/"1a"', b'"x",W/"1a" , "y"', b"*", b" * "])
def test_who_has_an_answer(value: bytes) -> None:
    """Tags are compared weakly; a star stands for any."""
    assert has_tag(value, TAG)


@pytest.mark.parametrize("value", [b"", b'"1A"', b"1a", b'W/"1ab"', b'"x*"', b"W/", b'"', b"\xff" * 1000])
def test_who_has_not(value: bytes) -> None:
    """What is no tag, or another one, is none."""
    assert not has_tag(value, TAG)


def test_a_tag_names_question_versions_and_media() -> None:
    """Another of any of the three has another tag."""
    tags = {
        entity_tag(place, label, media)
        for place in (b"a", b"b")
        for label in (b"users=1", b"users=2")
        for media in (Media.JSON, Media.GRAPHQL)
    }
    assert len(tags) == 8
    assert all(has_tag(tag, tag) for tag in tags)


@pytest.mark.parametrize(
    ("terms", "control", "vary"),
    [
        (Terms(0, is_public=True, is_for_all=True), b"public, no-cache", b"Accept, Origin"),
        (
            Terms(60, is_public=True, is_for_all=False),
            b"public, max-age=60",
            b"Accept, Authorization, Origin, X-API-Key",
        ),
        (
            Terms(5, is_public=False, is_for_all=False),
            b"private, max-age=5",
            b"Accept, Authorization, Origin, X-API-Key",
        ),
        (Terms(0, is_public=False, is_for_all=True), b"private, no-cache", b"Accept, Authorization, Origin, X-API-Key"),
    ],
)
def test_terms_become_headers(terms: Terms, control: bytes, vary: bytes) -> None:
    """Whose the answer is, for how long it may be shown without asking, and what it depends on."""
    assert dict(cache_headers(terms, TAG)) == {b"cache-control": control, b"vary": vary, b"etag": TAG}


@pytest.mark.parametrize(
    ("own", "control", "vary"),
    [
        (("Cookie", "x-tenant"), b"private, max-age=5", b"Accept, Authorization, Cookie, Origin, X-API-Key, x-tenant"),
        (("authorization", "X-Api-Key"), b"private, max-age=5", b"Accept, Authorization, Origin, X-API-Key"),
        (None, b"private, no-cache", b"Accept, Authorization, Cookie, Origin, X-API-Key"),
    ],
)
def test_authentication_of_ones_own(own: tuple[str, ...] | None, control: bytes, vary: bytes) -> None:
    """What it reads is named; where that may be anything, nothing is shown without asking."""
    terms = Terms(5, is_public=False, is_for_all=True)
    assert dict(cache_headers(terms, TAG, Callers.by(own))) == {b"cache-control": control, b"vary": vary, b"etag": TAG}
