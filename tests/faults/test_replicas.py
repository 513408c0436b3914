"""Queries are read from standbys, and a client that shows its token reads what it has written."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.data.node import Node
from tests.api.served import Served, serving
from tests.faults.frozen import frozen
from tests.faults.pair import Pair
from tests.faults.test_load import pid_of

pytestmark = pytest.mark.xdist_group("faults")

HEADER = "X-Achene-Consistency"
WRITERS: dict[str, Any] = {"anonymous_scopes": ("read", "write", "*")}

CREATE = """mutation ($name: String!, $email: String!) {
  createUser(input: {name: $name, email: $email}) { __typename }
}"""
FIND = "query ($email: String!) { userByEmail(email: $email) { name } }"
BY_LOADERS = "query ($email: String!) { userByEmail(email: $email) { name posts { nodes { readingMinutes } } } }"


@asynccontextmanager
async def served(pair: Pair, **settings: Any) -> AsyncIterator[Served]:
    """Serve the pair, once the standby is read from."""
    chosen = {"database_read_urls": pair.read_url, "replica_check_seconds": 0.05, "replica_wait_seconds": 0.05}
    async with serving(pair.url, **WRITERS | chosen | settings) as web:
        await until_fit(web, True)
        yield web


async def until_fit(web: Served, is_fit: bool) -> None:
    """Wait until the last of the standbys is read from, or is not."""
    replica = web.app.state.parts.database.replicas.all[-1]
    async with asyncio.timeout(20):
        while replica.is_fit is not is_fit:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def paused(pair: Pair) -> AsyncIterator[None]:
    """Let the standby replay nothing."""
    connection = await asyncpg.connect(pair.read_url)
    try:
        await connection.execute("SELECT pg_wal_replay_pause()")
        async with asyncio.timeout(10):
            while await connection.fetchval("SELECT pg_get_wal_replay_pause_state()") != "paused":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        yield
    finally:
        await connection.execute("SELECT pg_wal_replay_resume()")
        await connection.close()


async def create(web: Served, name: str, **headers: str) -> httpx.Response:
    """Write a user."""
    variables = {"name": name, "email": f"{name}@example.org"}
    return await web.ask(CREATE, variables=variables, headers=headers)


async def find(web: Served, name: str, token: str | None = None, query: str = FIND) -> Any:
    """Read a user, with or without a token."""
    headers = {} if token is None else {HEADER: token}
    answer = await web.ask(query, variables={"email": f"{name}@example.org"}, headers=headers)
    return answer.json()["data"]["userByEmail"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where statements were sent, `Database` for the primary and `Replica` for the standby, in order."""
    found: list[str] = []
    for name in ("fetch", "fetch_bytes"):
        real = getattr(Node, name)

        def noted(self: Node, *arguments: Any, real: Any = real) -> Any:
            found.append(type(self).__name__)
            return real(self, *arguments)

        monkeypatch.setattr(Node, name, noted)
    return found


@pytest.mark.parametrize("query", [FIND, BY_LOADERS], ids=["engine", "loaders"])
async def test_with_replication_paused_a_read_with_the_token_sees_the_write(
    pair: Pair, query: str, asked: list[str]
) -> None:
    """Without the token it is read from the standby, where the write is not yet; with it from the primary."""
    name = f"paused{len(query)}"
    async with served(pair, replica_lag_seconds=60) as web, paused(pair):
        answer = await create(web, name)
        asked.clear()
        assert await find(web, name, query=query) is None
        assert set(asked) == {"Replica"}
        asked.clear()
        found = await find(web, name, answer.headers[HEADER], query)
        assert (found["name"], set(asked)) == (name, {"Database"})


async def test_many_clients_see_what_they_wrote_whatever_the_standby_does(pair: Pair) -> None:
    """Replaying stops and goes on under them; each reads its own row at once, from whichever server that is."""

    async def write_and_read(web: Served, client: int) -> None:
        for number in range(8):
            name = f"own-{client}-{number}"
            token = (await create(web, name)).headers[HEADER]
            assert await find(web, name, token, (FIND, BY_LOADERS)[number % 2]) is not None, name

    async def stop_and_go() -> None:
        while True:
            async with paused(pair):
                await asyncio.sleep(0.03)
            await asyncio.sleep(0.03)

    async with served(pair, replica_lag_seconds=60, replica_wait_seconds=0.02) as web:
        replay = asyncio.create_task(stop_and_go())
        await asyncio.gather(*(write_and_read(web, client) for client in range(6)))
        replay.cancel()
        await asyncio.wait({replay})


async def test_a_standby_that_has_caught_up_is_read_with_the_token(pair: Pair, asked: list[str]) -> None:
    """One statement for a read, and it goes to the standby, where the write is seen."""
    async with served(pair, replica_wait_seconds=10) as web:
        token = (await create(web, "caught-up")).headers[HEADER]
        asked.clear()
        assert await find(web, "caught-up", token) == {"name": "caught-up"}
        assert asked == ["Replica"]


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "a-key"}], ids=["alone", "idempotent"])
async def test_every_mutation_has_a_token_that_covers_it(pair: Pair, headers: dict[str, str]) -> None:
    """Also one that is kept for its key, and the answer that is given again."""
    name = f"covered{len(headers)}"
    async with served(pair, replica_lag_seconds=60) as web, paused(pair):
        first, second = await create(web, name, **headers), await create(web, name, **headers)
        assert second.headers.get("Idempotency-Replayed") == ("true" if headers else None)
        for answer in (first, second):
            assert await find(web, name, answer.headers[HEADER]) == {"name": name}


async def test_without_synchronous_commit_the_token_covers_what_is_not_written_out(pair: Pair) -> None:
    """A commit that is answered before it is on the disk is behind the token all the same."""
    connection = await asyncpg.connect(pair.url)
    try:
        await connection.execute("ALTER DATABASE achene SET synchronous_commit = off")
        async with served(pair, replica_wait_seconds=10) as web:
            for at in range(10):
                token = (await create(web, f"lazy{at}")).headers[HEADER]
                assert await find(web, f"lazy{at}", token) == {"name": f"lazy{at}"}
    finally:
        await connection.execute("ALTER DATABASE achene RESET synchronous_commit")
        await connection.close()


async def test_tokens_of_others_do_no_harm(pair: Pair, asked: list[str]) -> None:
    """A token of another cluster, or one that is made up, is read at the primary; what is none is refused."""
    async with served(pair) as web:
        token = (await create(web, "stranger")).headers[HEADER]
        bytes_ = urlsafe_b64decode(token + "==")
        other, future = b"\1" * 8 + bytes_[8:], bytes_[:8] + b"\x7f" + b"\xff" * 7
        for made in (other, future, b"\xff" * 16):
            asked.clear()
            forged = urlsafe_b64encode(made)[:22].decode()
            assert await find(web, "stranger", forged) == {"name": "stranger"}
            assert asked == ["Database"]
        for word in ("", "nonsense", token + "A", "!" * 22):
            answer = await web.ask(FIND, variables={"email": "x"}, headers={HEADER: word})
            assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_a_standby_that_lags_is_left_out_and_comes_back(pair: Pair, asked: list[str]) -> None:
    """Behind by more than it may be, it is not read from; when it has caught up it is again."""
    async with served(pair, replica_lag_seconds=0.2) as web:
        async with paused(pair):
            await create(web, "lagging")
            await until_fit(web, False)
            asked.clear()
            assert await find(web, "lagging") == {"name": "lagging"}
            assert asked == ["Database"]
        await until_fit(web, True)
        asked.clear()
        assert await find(web, "lagging") == {"name": "lagging"}
        assert asked == ["Replica"]


@pytest.mark.parametrize("query", [FIND, BY_LOADERS], ids=["engine", "loaders"])
async def test_a_standby_that_dies_costs_no_answer(pair: Pair, query: str) -> None:
    """What it was to be asked is asked of the primary; it is read from again when it is back."""
    async with served(pair) as web:
        await find(web, "ann", query=query)
        pair.standby.stop()
        try:
            found = [await find(web, "ann", query=query) for _ in range(3)]
            await until_fit(web, False)
        finally:
            pair.standby.start()
        assert [each["name"] for each in found] == ["Ann"] * 3
        await until_fit(web, True)


async def test_a_standby_that_hangs_costs_no_answer(pair: Pair) -> None:
    """Who waits for it when it is found to be silent is answered by the primary, as is everybody from then on."""
    async with served(pair, health_timeout_seconds=0.2) as web:
        for query in (FIND, BY_LOADERS):
            await find(web, "ann", query=query)
            with frozen(pid_of(pair.standby)):
                found = [await find(web, "ann", query=query) for _ in range(3)]
            assert [each["name"] for each in found] == ["Ann"] * 3
            await until_fit(web, True)


async def test_reads_go_on_while_the_primary_is_away(pair: Pair) -> None:
    """Queries are answered from the standby, mutations with 503; both work when it is back."""
    async with served(pair) as web:
        await find(web, "ann")
        pair.primary.stop()
        try:
            refused = await create(web, "refused")
            found = await find(web, "ann")
        finally:
            pair.primary.start()
        assert (refused.status_code, found) == (503, {"name": "Ann"})
        assert (await create(web, "accepted")).status_code == 200
        assert await find(web, "refused") is None


async def test_a_primary_among_the_standbys_is_not_read_as_one(pair: Pair) -> None:
    """An address of DATABASE_READ_URLS that leads to no standby is left out, and the others are read."""
    async with serving(pair.url, database_read_urls=f"{pair.url},{pair.read_url}", replica_check_seconds=0.05) as web:
        await until_fit(web, True)
        assert [replica.is_fit for replica in web.app.state.parts.database.replicas.all] == [False, True]


async def test_a_batch_sees_what_it_wrote(pair: Pair) -> None:
    """What follows a mutation in one request is read where it is seen, and the answer has its token."""
    variables = {"name": "batch", "email": "batch@example.org"}
    batch = [{"query": query, "variables": variables} for query in (FIND, CREATE, FIND)]
    async with served(pair, replica_lag_seconds=60, most_batched=3) as web, paused(pair):
        answer = await web.client.post("/graphql", json=batch)
        before, _, after = answer.json()
        assert (before["data"], after["data"]) == ({"userByEmail": None}, {"userByEmail": {"name": "batch"}})
        assert await find(web, "batch", answer.headers[HEADER]) == {"name": "batch"}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "other-key"}], ids=["alone", "idempotent"])
async def test_a_primary_that_has_become_a_standby_is_unavailable(pair: Pair, headers: dict[str, str]) -> None:
    """Who writes where nothing can be written is told that the database is away; what reads is answered."""
    async with serving(pair.read_url, **WRITERS) as web:
        refused = await create(web, "nobody", **headers)
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        assert await find(web, "ann") == {"name": "Ann"}


async def test_health_says_how_many_are_read(pair: Pair) -> None:
    """A standby that is away fails no probe: the primary is read."""
    async with served(pair, replica_lag_seconds=0.2) as web:
        fit = (await web.client.get("/health")).json()["parts"]["replicas"]
        async with paused(pair):
            await create(web, "health")
            await until_fit(web, False)
            await asyncio.sleep(0.3)  # a report is told again for so long
            answer = await web.client.get("/health")
        assert fit == {"status": "ok", "detail": "1 of 1 standbys are read from.", "latency_ms": None}
        assert answer.status_code == 200
        assert answer.json()["parts"]["replicas"]["detail"] == "0 of 1 standbys are read from; the primary is."


async def test_an_address_that_leads_elsewhere_is_not_read(pair: Pair, tmp_path: Path, asked: list[str]) -> None:
    """What is known of one server is not taken for another's, however a name is resolved the next time."""
    link = tmp_path / "link"
    link.symlink_to(pair.standby.data)
    address = pair.read_url.replace(str(pair.standby.data), str(link))
    async with served(pair, database_read_urls=address) as web:
        link.unlink()
        link.symlink_to(pair.primary.data)
        asked.clear()
        assert await find(web, "ann") == {"name": "Ann"}
        assert asked == ["Replica", "Database"]
        assert web.app.state.parts.database.replicas.all[0].is_fit


async def test_without_standbys_nothing_is_asked_for(pair: Pair, asked: list[str]) -> None:
    """No token is made, none is looked at, and a lone create is one statement."""
    async with serving(pair.url, **WRITERS) as web:
        await create(web, "alone")  # the first one looks for triggers
        asked.clear()
        answer = await create(web, "alone-too")
        assert HEADER not in answer.headers
        assert asked == []
        assert await find(web, "alone-too", "no token") == {"name": "alone-too"}
