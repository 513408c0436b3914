"""Keys that may be used from some places only, keys whose scopes change, and connections that stay open meanwhile."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from api.keys import create, revoke
from api.keys.places import check_networks, check_origins
from api.keys.store import rescope
from schema.errors import BadInputError
from tests.api.keyring import until
from tests.api.served import PLAIN, Served, serving
from tests.conftest import clone, drop

ELSEWHERE = "The API key may not be used from where this request comes from."


@pytest.fixture(scope="module")
async def behind(server_url: Callable[[str], str], template: str) -> AsyncIterator[Served]:
    """A server behind a proxy on this machine."""
    name = await clone(server_url, template)
    async with serving(server_url(name), anonymous_scopes=(), trusted_proxies=("127.0.0.1",)) as web:
        await until(lambda: web.app.state.parts.keys.is_remembering)
        yield web
    await drop(server_url, name)


async def made(web: Served, **more: Any) -> tuple[str, str]:
    """Make a key; return its prefix and the key itself."""
    async with web.app.state.parts.database.write() as session:
        stored, shown = await create(session, "test", ["read"], **more)
        return stored.prefix, shown


async def ask(web: Served, shown: str, **headers: str) -> tuple[int, str | None]:
    """Return status and message of a request that shows a key."""
    answer = await web.ask("{ __typename }", headers={"X-API-Key": shown, **headers})
    errors = answer.json().get("errors")
    return answer.status_code, errors and errors[0]["message"]


@pytest.mark.parametrize(
    ("more", "inside", "outside"),
    [
        ({"origins": ["https://app.example.com/"]}, {"Origin": "https://app.example.com"}, {"Origin": "https://x.org"}),
        ({"origins": ["https://app.example.com"]}, {"Origin": "https://app.example.com"}, {}),
        ({"networks": ["10.1.0.0/16"]}, {"X-Forwarded-For": "10.1.2.3"}, {"X-Forwarded-For": "10.2.2.3"}),
        ({"networks": ["10.1.2.3", "2001:db8::/32"]}, {"X-Forwarded-For": "2001:db8::7"}, {}),
        ({"networks": ["10.1.2.3"]}, {"X-Forwarded-For": "10.1.2.3"}, {"X-Forwarded-For": "10.1.2.3, 8.8.8.8"}),
    ],
)
async def test_places(behind: Served, more: Any, inside: dict[str, str], outside: dict[str, str]) -> None:
    """A key works from its places, whatever a client adds to a header; elsewhere the refusal says not what is wrong."""
    _, shown = await made(behind, **more)
    assert await ask(behind, shown, **inside) == (200, None)
    assert await ask(behind, shown, **outside) == (403, ELSEWHERE)
    assert await ask(behind, shown[:-6] + "000000", **outside) != (403, ELSEWHERE)


async def test_both_places(behind: Served) -> None:
    """A key with both needs both, and is refused with the same words whichever is missing."""
    _, shown = await made(behind, origins=["https://a.org"], networks=["10.0.0.0/8"])
    origin, network = {"Origin": "https://a.org"}, {"X-Forwarded-For": "10.1.1.1"}
    assert [await ask(behind, shown, **each) for each in (origin, network, origin | network)] == [
        (403, ELSEWHERE),
        (403, ELSEWHERE),
        (200, None),
    ]


async def test_an_open_connection(behind: Served) -> None:
    """A key that is taken back, or whose scopes change, is another one for the next request of the same connection."""
    prefix, shown = await made(behind)
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    keys, database = behind.app.state.parts.keys, behind.app.state.parts.database
    async with httpx.AsyncClient(base_url=behind.base, limits=limits, verify=PLAIN) as client:

        async def status() -> tuple[int, Any]:
            answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers={"X-API-Key": shown})
            stream = answer.extensions["network_stream"]
            return answer.status_code, stream.get_extra_info("socket").getsockname()

        _, socket = before = await status()
        assert before == (200, socket)
        for change, expected in (
            (lambda session: rescope(session, prefix, ["write"]), 403),
            (lambda session: rescope(session, prefix, ["read", "write"]), 200),
            (lambda session: revoke(session, prefix), 401),
        ):
            heard = keys._cache.generation
            async with database.write() as session:
                await change(session)
            await until(lambda: keys._cache.generation > heard)  # noqa: B023 - waited for within the turn
            assert await status() == (expected, socket)


@pytest.mark.parametrize("given", ["app.example.com", "https://a.org/path", "ftp://a.org", "*", "https://a.org, b"])
def test_what_is_no_origin(given: str) -> None:
    """It is refused by what would be taken."""
    with pytest.raises(BadInputError, match=r"such as https://app\.example\.com"):
        check_origins([given])


@pytest.mark.parametrize("given", ["10.0.0.1/8", "10.0.0.0/33", "localhost", "*"])
def test_what_is_no_network(given: str) -> None:
    """It is refused by what would be taken."""
    with pytest.raises(BadInputError, match=r"such as 10\.0\.0\.0/8"):
        check_networks([given])
