"""Whether PostgreSQL takes as many connections as the server may open."""

from typing import Final

from api.data.database import connections_of
from api.inspection.finding import Finding
from api.inspection.scene import Scene

SHARE: Final = 0.8
"""Share of all connections that one server may take before it is worth a word; others want some, too."""

LIMITS: Final = """
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true)::int, 0), rolconnlimit
    FROM pg_roles WHERE rolname = current_user
"""
"""What ordinary logins may have together, and what this one may have; -1 for any number."""


async def enough(scene: Scene) -> list[Finding]:
    """Look whether all pools of all workers can be full at once, and a worker more during a restart."""
    if scene.connection is None:
        return []
    settings = scene.settings
    if settings.pooler is not None:
        return [Finding.ok("connections", "A pooler keeps them; see its own limits.")]
    there, of_login = await scene.connection.fetchrow(LIMITS)
    there = there if of_login < 0 else min(there, of_login)
    each = connections_of(settings)
    needed = each * settings.workers
    says = f"{needed} at most ({each} for each of {settings.workers}), of {there} that PostgreSQL takes."
    remedy = (
        "Lower ACHENE_WORKERS, ACHENE_POOL_SIZE or ACHENE_WRITE_POOL_SIZE, raise max_connections, "
        "or put PgBouncer before PostgreSQL. All servers count together."
    )
    if needed > there:
        return [Finding.fail("connections", says, remedy)]
    if needed + (each if settings.workers > 1 else 0) > there * SHARE:
        return [Finding.warn("connections", says, remedy)]
    return [Finding.ok("connections", says)]
