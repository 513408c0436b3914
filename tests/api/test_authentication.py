"""Authentication of a team's own: a FastAPI dependency says who asks, and keys go on working beside it."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from fastapi import Cookie, Depends, Header, Query, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPBasic, HTTPBearer, OAuth2PasswordBearer
from pydantic import BaseModel

from api.authentication import Authentication, load
from api.keys import create
from schema.errors import StartError
from tests.api import tokens
from tests.api.served import Served, serving
from tests.api.tokens import token
from tests.conftest import clone, drop

QUERY = "{ users { nodes { name email } } }"
USERS = (
    "INSERT INTO users (id, name, email) OVERRIDING SYSTEM VALUE VALUES (1, 'Ann', 'ann@x.org'), (2, 'Bo', 'bo@x.org')"
)


@pytest.fixture(scope="module")
async def signed_in(server_url: Callable[[str], str], template: str) -> AsyncIterator[Served]:
    """A server that knows tokens, with two users."""
    name = await clone(server_url, template)
    async with serving(server_url(name), anonymous_scopes=(), authenticate="tests.api.tokens:principal") as web:
        async with web.app.state.parts.database.write() as session:
            await (await session.connection()).exec_driver_sql(USERS)
        yield web
    await drop(server_url, name)


async def ask(web: Served, credentials: str, query: str = QUERY, **headers: str) -> tuple[int, object]:
    """Return status and answer of a request that shows a token or key."""
    answer = await web.ask(query, headers={"Authorization": f"Bearer {credentials}", **headers})
    found = answer.json()
    return answer.status_code, found.get("data") or [error["message"] for error in found["errors"]]


async def test_a_token_says_who_asks(signed_in: Served) -> None:
    """Its user is the one that rules look at; what the dependency opened is closed."""
    tokens.OPENED.clear()
    assert await ask(signed_in, token()) == (
        200,
        {"users": {"nodes": [{"name": "Ann", "email": "ann@x.org"}, {"name": "Bo", "email": None}]}},
    )
    assert tokens.OPENED == ["opened", "closed"]


async def test_scopes_of_tokens(signed_in: Served) -> None:
    """They are those of any caller, and what lacks one is refused as known, not as a stranger."""
    assert (await ask(signed_in, token(scope="write")))[0] == 403
    both = await ask(signed_in, token(scope="read users:private", user=7))
    assert both[1] == {"users": {"nodes": [{"name": "Ann", "email": "ann@x.org"}, {"name": "Bo", "email": "bo@x.org"}]}}


async def test_tokens_that_do_not_hold(signed_in: Served) -> None:
    """A wrong signature, a token that has ended, and what the dependency refuses itself: its words, our form."""
    ended = token(exp=datetime.now(UTC) - timedelta(minutes=1))
    assert await ask(signed_in, token()[:-2] + "xx") == (401, ["The token does not hold."])
    assert await ask(signed_in, ended) == (401, ["The token does not hold."])
    assert await ask(signed_in, token(is_locked=True)) == (403, ["The account is locked."])
    assert await ask(signed_in, token(), **{"X-Tenant": "0"}) == (403, ["The account is locked."])


async def test_parameters_that_do_not_fit(signed_in: Served) -> None:
    """A header that the dependency reads is checked by FastAPI, and named."""
    status, messages = await ask(signed_in, token(), **{"X-Tenant": "one"})
    assert status == 400
    assert str(messages).startswith("['header.x-tenant: ")


async def test_keys_beside(signed_in: Served) -> None:
    """Where the dependency says nothing, a key is looked at, and without one the caller is anonymous."""
    async with signed_in.app.state.parts.database.write() as session:
        _, shown = await create(session, "test", ["read"])
    assert (await ask(signed_in, shown, "{ __typename }"))[0] == 200
    assert (await signed_in.ask("{ __typename }")).status_code == 401


async def test_overrides(signed_in: Served) -> None:
    """A test of a team puts another dependency in its place, as for any of FastAPI's."""
    signed_in.app.dependency_overrides[tokens.principal] = lambda: None
    try:
        assert (await ask(signed_in, token()))[0] == 401
    finally:
        signed_in.app.dependency_overrides.clear()


async def test_idempotency_keys_are_of_one_user(signed_in: Served) -> None:
    """Who sends the key of somebody else is not given the answer of that one."""
    mutation = 'mutation { createTag(input: {name: "x", slug: "x"}) { __typename } }'
    answers = [
        await ask(
            signed_in, token(scope="read write", user=user, sub=str(user)), mutation, **{"Idempotency-Key": "one"}
        )
        for user in (1, 1, 2)
    ]
    assert [answer[1] for answer in answers] == [
        {"createTag": {"__typename": kind}} for kind in ("CreateTagPayload", "CreateTagPayload", "ConflictError")
    ]


async def test_what_is_no_principal(server_url: Callable[[str], str], template: str) -> None:
    """It is a fault of the server, and is told to no client."""
    async with serving(server_url(template), authenticate="tests.api.tokens:broken") as web:
        answer = await web.ask("{ __typename }")
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (500, "INTERNAL")


@pytest.mark.parametrize("name", ["nowhere", "tests.api.tokens:nobody", "nowhere.at_all:f", "tests.api.tokens:SECRET"])
def test_settings_that_name_nothing(name: str) -> None:
    """They stop the start, by name."""
    with pytest.raises(StartError, match="ACHENE_AUTHENTICATE"):
        load(name)


class Shown(BaseModel):
    """Headers, as a model."""

    x_user: str


class OwnBearer(HTTPBearer):
    """May read whatever it likes."""


def of_the_request(request: Request) -> None:
    """Be given all that there is."""


@pytest.mark.parametrize(
    ("dependency", "reads"),
    [
        (Depends(HTTPBearer()), {"Authorization"}),
        (Depends(HTTPBasic()), {"Authorization"}),
        (Depends(OAuth2PasswordBearer("token")), {"Authorization"}),
        (Depends(APIKeyHeader(name="X-Badge")), {"X-Badge"}),
        (Depends(APIKeyCookie(name="session")), {"Cookie"}),
        (Depends(APIKeyQuery(name="token")), set()),
        (Header(), {"X-User"}),
        (Header(alias="Cf-Access-Jwt-Assertion"), {"Cf-Access-Jwt-Assertion"}),
        (Cookie(), {"Cookie"}),
        (Query(), set()),
        (Depends(of_the_request), None),
        (Depends(OwnBearer()), None),
    ],
)
def test_what_is_read_is_known(dependency: object, reads: set[str] | None) -> None:
    """From what a dependency declares it is known which headers say who asks; one that is given all may read all."""

    def within(x_user: Annotated[Any, dependency]) -> object:
        return x_user

    def principal(found: Annotated[Any, Depends(within)]) -> None:
        return found

    assert Authentication(principal).reads == reads


def test_models_of_headers_may_hold_anything() -> None:
    """They are not looked into."""

    def principal(shown: Annotated[Shown, Header()]) -> None:
        """Be given a model."""

    assert Authentication(principal).reads is None
