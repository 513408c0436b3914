"""What REST routes ask for by type: sessions and the principal."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, HTTPException
from sqlalchemy import func, select, text

from api.dependencies import PrincipalDep, ReadSessionDep, WriteSessionDep
from api.keys import create
from schema.models.tag import Tag
from tests.api.served import Served, serving


def add_routes(app: FastAPI) -> None:
    """Add routes as a team would."""

    @app.get("/tags/count")
    async def count(session: ReadSessionDep) -> int:
        return await session.scalar(select(func.count()).select_from(Tag)) or 0

    @app.post("/tags/{slug}")
    async def add(slug: str, session: WriteSessionDep, fail: bool = False) -> str:
        session.add(Tag(name=slug, slug=slug))
        await session.flush()
        if fail:
            raise HTTPException(409, "Not today.")
        return slug

    @app.get("/write-through-read")
    async def wrong(session: ReadSessionDep) -> None:
        await session.execute(text("DELETE FROM tags"))

    @app.get("/me")
    async def me(principal: PrincipalDep) -> list[str]:
        return sorted(principal.scopes)


@pytest.fixture
async def web(database_url: str) -> AsyncIterator[Served]:
    """A server with these routes over a database of its own."""
    async with serving(database_url) as served:
        add_routes(served.app)
        yield served


async def test_write_session_commits_before_the_answer(web: Served) -> None:
    """Who is told of a row finds it in the next request."""
    for number in range(10):
        assert (await web.client.post(f"/tags/tag-{number}")).json() == f"tag-{number}"
        assert (await web.client.get("/tags/count")).json() == number + 1


async def test_write_session_rolls_back(web: Served) -> None:
    """A route that raises leaves nothing behind."""
    response = await web.client.post("/tags/lost?fail=true")
    assert (response.status_code, response.json()["errors"]) == (
        409,
        [{"message": "Not today.", "code": "CONFLICT"}],
    )
    assert (await web.client.get("/tags/count")).json() == 0


async def test_commit_that_fails_is_told(web: Served) -> None:
    """A change that the database refuses is no success, and shows no SQL."""
    assert (await web.client.post("/tags/twice")).status_code == 200
    response = await web.client.post("/tags/twice")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL")
    assert "tags" not in response.text
    assert (await web.client.get("/tags/count")).json() == 1


async def test_read_session_cannot_write(web: Served) -> None:
    """PostgreSQL itself refuses a write through a session that reads."""
    await web.client.post("/tags/kept")
    assert (await web.client.get("/write-through-read")).status_code == 500
    assert (await web.client.get("/tags/count")).json() == 1


async def test_principal(web: Served) -> None:
    """A route knows who asks; a wrong key is refused before it runs."""
    async with web.app.state.parts.database.write() as session:
        _, key = await create(session, "test", ("read", "tags"))
    assert (await web.client.get("/me")).json() == ["*", "read"]
    assert (await web.client.get("/me", headers={"X-API-Key": key})).json() == ["read", "tags"]
    wrong = await web.client.get("/me", headers={"X-API-Key": "wrong"})
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, 'Bearer realm="achene"')
