"""Two tenants at one server: the caches, keys and policies that stand between a claim and an answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url

from api.keys import create
from api.keys.store import reclaim
from schema.build import GraphSchema, build_graph_schema
from schema.changes.triggers import watch
from schema.changes.watched import watched
from tests.api.keyring import execute
from tests.api.served import Served, serving
from tests.api.tokens import token
from tests.conftest import clone, drop
from tests.schema.rights.tenants import CRATES, Depot, fill

QUERY = "{ crates { nodes { label } } }"
LABELS = {tenant: [row["label"] for row in CRATES if row["tenant_id"] == tenant] for tenant in (7, 8)}
SETTINGS: dict[str, Any] = {"anonymous_scopes": (), "authenticate": "tests.api.tokens:principal"}


@pytest.fixture(scope="module")
def graph() -> GraphSchema:
    """The graph of the depot."""
    return build_graph_schema(Depot, own=())


@pytest.fixture(scope="module")
async def url(server_url: Callable[[str], str], template: str, graph: GraphSchema) -> AsyncIterator[str]:
    """Address of a database with rows of two tenants, whose tables are watched."""
    name = await clone(server_url, template)
    async with serving(server_url(name), graph, **SETTINGS) as web:
        await fill(web.app.state.parts.database)
    connection = await asyncpg.connect(server_url(name))
    for table in watched(graph.graph):
        for statement in watch(table):
            await connection.execute(statement)
    await connection.close()
    yield server_url(name)
    await drop(server_url, name)


@pytest.fixture(scope="module")
async def web(url: str, graph: GraphSchema) -> AsyncIterator[Served]:
    """A server that keeps answers, and knows tokens."""
    async with serving(url, graph, response_cache_bytes=1_000_000, **SETTINGS) as served:
        await served.app.state.parts.caching.watch.known()
        yield served


async def get(web: Served, tenant: object, **headers: str) -> httpx.Response:
    """Ask by GET, as a tenant whose user is always the same."""
    claims = {} if tenant is None else {"tenant": tenant}
    shown = {"Authorization": f"Bearer {token(scope='read write', **claims)}"}
    return await web.client.get(f"/graphql?{urlencode({'query': QUERY})}", headers=shown | headers)


def labels(answer: httpx.Response) -> list[str]:
    """Return what an answer has."""
    return [node["label"] for node in answer.json()["data"]["crates"]["nodes"]]


async def test_kept_answers(web: Served, url: str) -> None:
    """What was read for one tenant is given to it again, and to no other, nor to who has no claim."""
    await execute(url, "UPDATE crates SET seal = 'newer'")
    counts = web.app.state.parts.caching.answers.counts
    misses, hits = counts.misses, counts.hits
    for tenant in (7, 8, None, 7, 8, None, "7"):
        assert labels(await get(web, tenant)) == LABELS.get(int(tenant or 0), [])
    assert (counts.misses - misses, counts.hits - hits) == (3, 4)


async def test_operations_that_are_ready(url: str, graph: GraphSchema) -> None:
    """Where nothing but values is left to find, and no answer is kept, these are of who asks."""
    text = "query ($label: String!) { crates(filter: {label: {gte: $label}}) { nodes { label } } }"
    async with serving(url, graph, **SETTINGS) as plain:
        for tenant in (7, 8, None, 8, 7, None):
            claims = {} if tenant is None else {"tenant": tenant}
            shown = {"Authorization": f"Bearer {token(**claims)}"}
            answer = await plain.ask(text, headers=shown, variables={"label": "c"})
            assert labels(answer) == LABELS.get(tenant or 0, [])


async def test_tags(web: Served) -> None:
    """The tag of one tenant's answer says nothing to another; answers may be kept by who asked alone."""
    first = await get(web, 7)
    assert first.headers["cache-control"].startswith("private")
    assert "authorization" in first.headers["vary"].lower()
    assert (await get(web, 7, **{"If-None-Match": first.headers["etag"]})).status_code == 304
    other = await get(web, 8, **{"If-None-Match": first.headers["etag"]})
    assert (other.status_code, labels(other)) == (200, LABELS[8])
    assert other.headers["etag"] != first.headers["etag"]


async def test_answers_that_are_read_at_once(web: Served, url: str) -> None:
    """Requests join those of their own tenant alone."""
    await execute(url, "UPDATE crates SET seal = 'new'")
    tenants = [7, 8, None] * 6
    found = await asyncio.gather(*(get(web, tenant) for tenant in tenants))
    assert [labels(answer) for answer in found] == [LABELS.get(tenant or 0, []) for tenant in tenants]


async def test_idempotency_keys_are_of_one_tenant(web: Served) -> None:
    """A user of two tenants who sends one key twice is not given what was answered under the other."""
    text = 'mutation { updateCrate(input: {id: "Q3JhdGU6Mg", label: "c2"}) { __typename } }'
    told = []
    for tenant in (7, 7, 8):
        shown = {"Authorization": f"Bearer {token(scope='read write', tenant=tenant)}", "Idempotency-Key": "one"}
        answer = await web.ask(text, headers=shown)
        told.append((answer.json()["data"]["updateCrate"]["__typename"], "idempotency-replayed" in answer.headers))
    assert told == [("UpdateCratePayload", False), ("UpdateCratePayload", True), ("NotFoundError", False)]


async def test_claims_that_are_something_else(web: Served) -> None:
    """They are refused by name; the value is not repeated, and nothing is asked of the database."""
    web.take_log()
    answer = await get(web, "no number")
    (line,) = await web.logged()
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["message"] == (
        "The claim `tenant` of who asks must be a whole number; it is something else."
    )
    assert line.get("statements", 0) == 0


async def test_claims_of_keys(web: Served) -> None:
    """A key has them, and when they change the next request of an open connection is of the other tenant."""
    parts = web.app.state.parts
    async with parts.database.write() as session:
        key, shown = await create(session, "test", ["read"], claims={"tenant": "7"})
    assert labels(await web.ask(QUERY, headers={"X-API-Key": shown})) == LABELS[7]
    heard = parts.keys._cache.generation
    async with parts.database.write() as session:
        await reclaim(session, key.prefix, {"tenant": "8"})
    async with asyncio.timeout(1):
        while parts.keys._cache.generation == heard:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.005)
    assert labels(await web.ask(QUERY, headers={"X-API-Key": shown})) == LABELS[8]


async def test_claims_that_nobody_can_read(web: Served, url: str) -> None:
    """A key whose claims somebody wrote by SQL, and wrongly, does not hold; others that are looked up with it do."""
    async with web.app.state.parts.database.write() as session:
        key, shown = await create(session, "test", ["read"])
        _, other = await create(session, "test", ["read"], claims={"tenant": "8"})
    await execute(url, f"UPDATE api_keys SET claims = '{{\"x\": {2**80}}}' WHERE prefix = '{key.prefix}'")
    found = await asyncio.gather(*(web.ask(QUERY, headers={"X-API-Key": each}) for each in (shown, other)))
    assert [answer.status_code for answer in found] == [401, 200]


async def test_policies(url: str, graph: GraphSchema) -> None:
    """PostgreSQL is told them in each transaction: a policy that looks at one hides rows that rules would show."""
    role = "claims_" + str(make_url(url).database)
    await execute(url, f"CREATE ROLE {role} LOGIN NOBYPASSRLS")
    for statement in (
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}",
        "ALTER TABLE crates ENABLE ROW LEVEL SECURITY",
        """CREATE POLICY own ON crates USING (
            tenant_id = (nullif(current_setting('app.claims', true), '')::jsonb ->> 'tenant')::bigint
        )""",
    ):
        await execute(url, statement)
    as_role = make_url(url).set(username=role).render_as_string(hide_password=False)
    try:
        async with serving(as_role, graph, row_level_security=True, pool_size=1, **SETTINGS) as guarded:
            for tenant in (7, 8, None, 7):
                claims = {} if tenant is None else {"tenant": tenant}
                shown = token(scope="read crates:all", **claims)
                answer = await guarded.ask(QUERY, headers={"Authorization": f"Bearer {shown}"})
                assert labels(answer) == LABELS.get(tenant or 0, [])
    finally:
        for statement in ("ALTER TABLE crates DISABLE ROW LEVEL SECURITY", f"DROP OWNED BY {role}"):
            await execute(url, statement)
        await execute(url, f"DROP ROLE {role}")
