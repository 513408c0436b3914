"""Tags of answers: a client that has an answer is told so without a query over data, and never wrongly."""

from tests.api.caching.conftest import Kept

USERS = "{ users(first: 2) { nodes { name } } }"


async def test_a_query_by_get_has_a_tag(plain: Kept) -> None:
    """An answer to GET says what it is, whose it is, and on what it depends; it takes one statement."""
    answer = await plain.get(USERS)
    assert answer.headers["etag"].startswith('W/"')
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["vary"] == "Accept, Authorization, Origin, X-API-Key"
    assert plain.statements == 1


async def test_who_has_the_answer_is_told_so(plain: Kept) -> None:
    """304 says what 200 said, has no body, and takes one statement, over versions alone."""
    first = await plain.get(USERS)
    again = await plain.get(USERS, **{"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content, plain.statements) == (304, b"", 1)
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    assert "content-length" not in again.headers
    assert "content-type" not in again.headers


async def test_a_write_by_others_is_seen_by_the_next_request(plain: Kept) -> None:
    """What psql has committed is in the next answer, under another tag."""
    first = await plain.get(USERS)
    await plain.psql.execute("UPDATE users SET name = name || '!' WHERE id = 1")
    second = await plain.get(USERS, **{"If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert second.json() != first.json()
    assert second.headers["etag"] != first.headers["etag"]
