"""Who may ask the graph: keys in both headers, wrong ones, none, and scopes."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from sqlalchemy import func, update

from api.data.database import Database
from api.keys import create
from api.settings import Settings
from schema.models.api_key import ApiKey
from tests.api.served import GRAPHQL, Served, serving
from tests.conftest import clone, drop

QUERY = "{ __typename }"
ANSWER = {"data": {"__typename": "Query"}}


@pytest.fixture(scope="module")
async def closed(server_url: Callable[[str], str], template: str) -> AsyncIterator[Served]:
    """A server whose anonymous callers may do nothing."""
    name = await clone(server_url, template)
    async with serving(server_url(name), anonymous_scopes=()) as web:
        yield web
    await drop(server_url, name)


@pytest.fixture
def web(closed: Served) -> Served:
    """That server, its log empty."""
    closed.take_log()
    return closed


async def new_key(web: Served, *scopes: str) -> tuple[str, str]:
    """Make a key and return its prefix and the key itself."""
    database = Database(web.app.state.parts.database.url.render_as_string(hide_password=False), Settings())
    try:
        async with database.write() as session:
            stored, shown = await create(session, "test", scopes)
            return stored.prefix, shown
    finally:
        await database.close()


async def refused(web: Served, response: httpx.Response, status: int, code: str) -> str:
    """Hold that a request was refused in our form with one log line; return the message."""
    (error,) = response.json()["errors"]
    (line,) = await web.logged()
    assert (response.status_code, response.headers["content-type"], error["extensions"]) == (
        status,
        f"{GRAPHQL}; charset=utf-8",
        {"code": code},
    )
    assert (line["status"], line["errors"], line["level"]) == (status, [code], "info")
    return str(error["message"])


@pytest.mark.parametrize("header", ["X-API-Key: {}", "Authorization: Bearer {}", "authorization: bearer {}"])
async def test_key_in_either_header(web: Served, header: str) -> None:
    """A key that may read is answered, and the log names its visible part only."""
    prefix, key = await new_key(web, "read")
    name, _, value = header.format(key).partition(": ")
    response = await web.ask(QUERY, headers={name: value})
    assert (response.status_code, response.json()) == (200, ANSWER)
    (line,) = await web.logged()
    assert line["key"] == prefix
    assert key not in web.stream.getvalue()


async def test_the_same_key_in_both_headers(web: Served) -> None:
    """Showing one key twice is fine."""
    _, key = await new_key(web, "read")
    response = await web.ask(QUERY, headers={"X-API-Key": key, "Authorization": f"Bearer {key}"})
    assert response.json() == ANSWER


async def test_two_different_keys(web: Served) -> None:
    """Showing two keys is a mistake that nobody guesses about."""
    _, one = await new_key(web, "read")
    _, other = await new_key(web, "read")
    response = await web.ask(QUERY, headers={"X-API-Key": one, "Authorization": f"Bearer {other}"})
    message = await refused(web, response, 400, "BAD_INPUT")
    assert message.startswith("The request shows two different keys.")


@pytest.mark.parametrize("key", ["nonsense", "ach_0123456789_" + "x" * 49, "ach_"])
async def test_wrong_key(web: Served, key: str) -> None:
    """A key that does not hold is refused, even where no key would be needed, and is not repeated."""
    response = await web.ask(QUERY, headers={"X-API-Key": key})
    message = await refused(web, response, 401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == 'Bearer realm="achene"'
    assert key == "ach_" or key not in message


async def test_revoked_key(web: Served) -> None:
    """A key that was taken back is refused at once, in the words of one that never was."""
    _, key = await new_key(web, "read")
    async with web.app.state.parts.database.write() as session:
        await session.execute(update(ApiKey).values(revoked_at=func.now()))
    response = await web.ask(QUERY, headers={"X-API-Key": key})
    assert await refused(web, response, 401, "UNAUTHENTICATED") == "The API key is unknown, revoked or expired."


async def test_no_key_where_one_is_needed(web: Served) -> None:
    """Without a key, and without the scope, one is asked for."""
    response = await web.ask(QUERY)
    message = await refused(web, response, 401, "UNAUTHENTICATED")
    assert message == (
        "An API key with the scope `read` is needed: send it in the header X-API-Key, or as Authorization: Bearer."
    )
    assert response.headers["www-authenticate"] == 'Bearer realm="achene"'


async def test_no_key_and_a_bad_request(web: Served) -> None:
    """Who may not ask is told so before the request is looked at."""
    response = await web.client.post("/graphql", content=b"nonsense", headers={"Accept": GRAPHQL})
    await refused(web, response, 401, "UNAUTHENTICATED")


async def test_key_without_the_scope(web: Served) -> None:
    """A key that may not read is told which scope it lacks."""
    _, key = await new_key(web, "write")
    response = await web.ask(QUERY, headers={"X-API-Key": key})
    assert await refused(web, response, 403, "FORBIDDEN") == "The API key lacks the scope `read`."
    assert "www-authenticate" not in response.headers


async def test_anonymous_scopes_in_development(database_url: str) -> None:
    """Without a key, what the setting gives is allowed; in production it gives nothing by itself."""
    async with serving(database_url) as web:
        assert (await web.ask(QUERY)).json() == ANSWER
    async with serving(database_url, environment="production", trusted_hosts=("*",)) as web:
        assert (await web.ask(QUERY)).status_code == 401
    async with serving(database_url, environment="production", trusted_hosts=("*",), anonymous_scopes=("read",)) as web:
        assert (await web.ask(QUERY)).json() == ANSWER


async def test_explain_needs_its_scope(web: Served) -> None:
    """With the scope `explain` the answer has SQL, plan and advice; without it, it is refused."""
    query, report = "{ posts(first: 2) { nodes { id } } }", {"X-Achene-Report": "explain"}
    _, reader = await new_key(web, "read")
    _, curious = await new_key(web, "read", "explain")
    response = await web.ask(query, headers=report | {"X-API-Key": reader})
    assert await refused(web, response, 403, "FORBIDDEN") == "The API key lacks the scope `explain`."
    explained = (await web.ask(query, headers=report | {"X-API-Key": curious})).json()
    assert explained["data"] == {"posts": {"nodes": []}}
    assert set(explained["extensions"]) == {"explain"}
    found = explained["extensions"]["explain"]
    assert (set(found), found["advice"]) == ({"sql", "plan", "advice"}, [])
    assert found["sql"].startswith("SELECT ")
    assert found["plan"]["Plan"]["Actual Rows"] == 1
