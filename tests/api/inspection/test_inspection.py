"""What `achene check` finds: in a deployment that is fit, and in ones that each have a fault."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.data.database import Database, connections_of
from api.inspection import LOOKS, Look, inspect, operations
from api.inspection.finding import Finding
from api.settings import Settings
from tests.conftest import clone, drop

FIT = {
    "host": "0.0.0.0",  # noqa: S104 - as in the image
    "trusted_hosts": ("api.example.com",),
    "rate_requests": "600/minute",
    "log_format": "json",
}
"""What makes production of the defaults."""


PARTS = [
    *("environment", "hosts", "anonymous", "browsers", "rates", "logs", "times", "workers"),
    *("database", "version", "login", "encryption", "clock", "connections"),
    *("migrations", "privileges", "indexes", "triggers", "changes", "keys"),
    *("store", "graph", "operations"),
]
"""What is looked at where nothing is wrong."""

QUICK = [each for each in LOOKS if each is not operations.graph]
"""All looks but the one that builds the graph."""


@pytest.fixture(scope="module")
async def database(server_url: Callable[[str], str], template: str) -> AsyncIterator[tuple[Any, str]]:
    """A database, as its owner sees it, and its address for an ordinary login, which has a key to ask with."""
    name, role = await clone(server_url, template), f"app_{uuid4().hex[:8]}"
    owner = await asyncpg.connect(server_url(name))
    await owner.execute(f"CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    await owner.execute(
        "INSERT INTO api_keys (name, prefix, secret_hash, scopes) VALUES ('web', 'p', sha256('s'), '{read}')"
    )
    yield owner, server_url(name).replace("//postgres:@", f"//{role}@")
    await owner.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    await owner.close()
    await drop(server_url, name)


async def look(url: str | None, looks: Sequence[Look] = QUICK, **settings: Any) -> dict[str, Finding]:
    """Inspect, and return what was found by part; of several findings of a part the first."""
    found = await inspect(Settings(_env_file=None, database_url=url, **FIT | settings), looks)
    return {finding.part: finding for finding in reversed(found)}


async def test_fit_for_production(database: tuple[Any, str], valkey_url: str) -> None:
    """A deployment without a fault has no warning; each part says how it is."""
    _, url = database
    found = await look(url, LOOKS, redis_url=valkey_url)
    assert {part: finding.status for part, finding in found.items() if finding.status != "ok"} == {}
    assert list(reversed(found)) == PARTS
    assert found["store"].says.startswith("Valkey ")
    assert found["connections"].says == "32 at most (32 for each of 1), of 397 that PostgreSQL takes."


async def test_hosts_stand_once() -> None:
    """The address that is listened on is not told twice, in development and in production."""
    for environment in ("development", "production"):
        found = await look(None, host="127.0.0.1", trusted_hosts=None, environment=environment)
        assert found["hosts"].says == "Answered: localhost, 127.0.0.1, [::1]."


@pytest.mark.parametrize(
    ("settings", "part", "status"),
    [
        ({"database_url": None}, "environment", "fail"),
        ({"environment": "development"}, "environment", "fail"),
        ({"trusted_hosts": None}, "hosts", "fail"),
        ({"trusted_hosts": ("*",)}, "hosts", "warn"),
        ({"anonymous_scopes": ("read",)}, "anonymous", "warn"),
        ({"anonymous_scopes": ("read", "write")}, "anonymous", "fail"),
        ({"anonymous_scopes": ("*",)}, "anonymous", "fail"),
        ({"cors_origins": ("*",)}, "cors", "warn"),
        ({"graphiql": True}, "graphiql", "warn"),
        ({"introspection": True}, "introspection", "warn"),
        ({"openapi": True}, "openapi", "warn"),
        ({"metrics": True}, "metrics", "warn"),
        ({"rate_requests": None}, "rates", "warn"),
        ({"workers": 2}, "rates", "warn"),
        ({"log_format": "text"}, "logs", "warn"),
        ({"statement_timeout_seconds": 60}, "times", "warn"),
        ({"workers": 256}, "workers", "warn"),
        ({"response_cache_shared": True}, "store", "fail"),
        ({"redis_url": "redis://127.0.0.1:1/0"}, "store", "fail"),
        ({}, "database", "fail"),
    ],
    ids=str,
)
async def test_faults_of_settings(settings: dict[str, Any], part: str, status: str) -> None:
    """Each setting that is not fit is told of, with what to do, and without a database."""
    url = settings.pop("database_url", "postgresql://app:my-secret@127.0.0.1:1/none")
    found = (await look(url, **settings))[part]
    assert found.status == status
    assert found.remedy
    assert "my-secret" not in str(found)


@pytest.mark.parametrize(
    ("fault", "repair", "part", "status", "says"),
    [
        (
            "UPDATE alembic_version SET version_num = '0' || version_num",
            "UPDATE alembic_version SET version_num = substr(version_num, 2)",
            "migrations",
            "ok",
            "ahead of this server",
        ),
        (
            "ALTER TABLE alembic_version RENAME TO alembic_versions",
            "ALTER TABLE alembic_versions RENAME TO alembic_version",
            "migrations",
            "fail",
            "never migrated",
        ),
        (
            "REVOKE INSERT ON tags FROM {role}",
            "GRANT INSERT ON tags TO {role}",
            "privileges",
            "fail",
            "lacks rights: tags: insert",
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_comments_author_id_id'::regclass",
            "UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'ix_comments_author_id_id'::regclass",
            "indexes",
            "fail",
            "ix_comments_author_id_id is not valid",
        ),
        (
            "DROP INDEX ix_comments_author_id_id",
            "CREATE INDEX ix_comments_author_id_id ON comments (author_id, id)",
            "indexes",
            "warn",
            "foreign key comments (author_id) has no index",
        ),
        (
            "ALTER TABLE api_keys DISABLE TRIGGER notify_api_key",
            "ALTER TABLE api_keys ENABLE TRIGGER notify_api_key",
            "triggers",
            "fail",
            "notify_api_key on api_keys",
        ),
        (
            "ALTER TRIGGER notify_api_key ON api_keys RENAME TO another",
            "ALTER TRIGGER another ON api_keys RENAME TO notify_api_key",
            "triggers",
            "fail",
            "No trigger tells",
        ),
        (
            "UPDATE api_keys SET revoked_at = now()",
            "UPDATE api_keys SET revoked_at = NULL",
            "keys",
            "warn",
            "no usable key",
        ),
        (
            "ALTER ROLE {role} CONNECTION LIMIT 20",
            "ALTER ROLE {role} CONNECTION LIMIT -1",
            "connections",
            "fail",
            "32 at most",
        ),
        ("ALTER ROLE {role} SUPERUSER", "ALTER ROLE {role} NOSUPERUSER", "login", "warn", "is a superuser"),
    ],
)
async def test_faults_of_the_database(
    database: tuple[Any, str], fault: str, repair: str, part: str, status: str, says: str
) -> None:
    """Each fault of the database is told of, with what to do, and no longer once it is repaired."""
    owner, url = database
    role = url.partition("//")[2].partition("@")[0]
    await owner.execute(fault.format(role=role))
    try:
        found = (await look(url))[part]
    finally:
        await owner.execute(repair.format(role=role))
    assert found.status == status
    assert says in found.says
    assert bool(found.remedy) is (status != "ok")


async def test_database_that_is_behind(server_url: Callable[[str], str]) -> None:
    """A database without tables is behind, and lacks nothing else that a migration does not bring."""
    name = await clone(server_url, "template1")
    try:
        found = await look(server_url(name))
    finally:
        await drop(server_url, name)
    assert {part for part, finding in found.items() if finding.status == "fail"} == {"migrations", "triggers"}
    assert found["migrations"].remedy == "Run `achene migrate`, once for each release."


async def test_saved_operation_that_is_wrong(tmp_path: Path) -> None:
    """A saved operation that is not valid is told of by its name, as the server would not start with it."""
    (tmp_path / "bad.graphql").write_text("query Bad { nothing }")
    found = await look("postgresql://127.0.0.1:1/none", (operations.graph,), operations=(tmp_path,))
    assert found["operations"].status == "fail"
    assert "nothing" in found["operations"].says


async def test_more_connections_than_there_are(database: tuple[Any, str]) -> None:
    """Pools of all workers together are compared with what PostgreSQL takes."""
    _, url = database
    assert (await look(url, workers=20))["connections"].status == "fail"
    assert (await look(url, workers=10))["connections"].status == "warn"
    assert (await look(url, workers=20, pooler="transaction"))["connections"].status == "ok"


async def test_pooler_without_a_way_past_it(database: tuple[Any, str]) -> None:
    """Behind a pooler changes are heard only where the settings name PostgreSQL itself."""
    _, url = database
    assert (await look(url, pooler="transaction"))["changes"].status == "warn"
    assert (await look(url, pooler="transaction", database_direct_url=url))["changes"].status == "ok"


async def test_standbys(database: tuple[Any, str]) -> None:
    """An address for reading that is no standby, or does not answer, is told of."""
    _, url = database
    found = await look(url, database_read_urls=f"{url},postgresql://127.0.0.1:1/none")
    assert (found["standby 1"].status, found["standby 1"].says) == ("warn", "It answers, and is no standby.")
    assert (found["standby 2"].status, found["standby 2"].says) == ("warn", "The database cannot be reached.")


def test_connections_of_a_process() -> None:
    """What is counted for a process is what its pools may hold, one for the probe and one that hears of changes."""
    settings = Settings(_env_file=None, pool_size=7, write_pool_size=3)
    database = Database("postgresql://nobody@127.0.0.1:1/none", settings)
    assert connections_of(settings) == sum(level.size for level in database.levels()) + 2


async def test_command(database: tuple[Any, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The exit code says whether all is fit, warnings only where they are to count; JSON has each finding."""
    _, url = database
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    for name, value in FIT.items():
        monkeypatch.setenv(f"ACHENE_{name.upper()}", value if isinstance(value, str) else ",".join(value))
    monkeypatch.setenv("ACHENE_GRAPHIQL", "true")

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["check", *arguments])

    plain, strict, json = [await asyncio.to_thread(run, *words) for words in ((), ("--strict",), ("--json",))]
    assert (plain.exit_code, strict.exit_code, json.exit_code) == (0, 1, 0)
    assert "warn  graphiql     GraphiQL is served to everybody." in plain.output
    assert plain.output == "".join(f"{line.rstrip()}\n" for line in plain.output.splitlines())
    assert plain.output.splitlines()[-1] == "Fit for production: 22 ok, 1 warn, 0 fail."
    told = orjson.loads(json.output)
    assert told["is_fit"] is True
    assert [each for each in told["findings"] if each["status"] != "ok"] == [
        {
            "part": "graphiql",
            "status": "warn",
            "says": "GraphiQL is served to everybody.",
            "remedy": "Unset ACHENE_GRAPHIQL.",
        }
    ]
