"""Whether servers hear of changes that others make, and whether there is a key to ask with."""

import asyncio
from typing import Final

import asyncpg

from api.inspection.finding import Finding
from api.inspection.scene import Scene

CHANNEL: Final = "achene_check"
"""Nobody else listens to it."""

WAIT_SECONDS: Final = 3.0
"""How long a notification may take that we send ourselves."""

USABLE_KEYS: Final = (
    "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
)


async def changes(scene: Scene) -> list[Finding]:
    """Look whether LISTEN works, which a pooler in transaction mode keeps from working."""
    if scene.connection is None:
        return []
    if scene.settings.pooler is not None and scene.settings.database_direct_url is None:
        says = "Behind the pooler nothing is heard: each request looks up its key."
        return [Finding.warn("changes", says, "Set DATABASE_DIRECT_URL to PostgreSQL itself.")]
    heard = asyncio.Event()
    try:
        await scene.connection.add_listener(CHANNEL, lambda *_: heard.set())
        await scene.connection.execute(f"NOTIFY {CHANNEL}")
        async with asyncio.timeout(WAIT_SECONDS):
            await heard.wait()
        pid = await scene.connection.fetchval("SELECT pg_backend_pid()")
    except (TimeoutError, asyncpg.PostgresError):
        pid = None
    if pid != scene.connection.get_server_pid():
        says = "Somebody stands between us and PostgreSQL, such as PgBouncer: changes are not heard reliably."
        remedy = "Set ACHENE_POOLER to transaction, and DATABASE_DIRECT_URL to PostgreSQL itself."
        return [Finding.fail("changes", says, remedy)]
    return [Finding.ok("changes", "Servers hear of changed keys at once.")]


async def keys(scene: Scene) -> list[Finding]:
    """Look whether anybody can ask."""
    if scene.connection is None:
        return []
    try:
        count = await scene.connection.fetchval(USABLE_KEYS)
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return []  # told elsewhere
    if not count and not scene.settings.scopes_without_key:
        says = "There is no usable key, and nobody may ask without one."
        return [Finding.warn("keys", says, "achene keys create --name web --scopes read --expires 90d")]
    return [Finding.ok("keys", f"{count} can be used.")]
