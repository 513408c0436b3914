"""What is in the database: its revision, what the login may do with the tables, indexes, triggers."""

from typing import Final

import asyncpg

from api.data.migrations import head, known
from api.health.checks import judge
from api.health.probe import QUERY
from api.inspection.finding import Finding
from api.inspection.scene import Scene
from schema.models.base import Base

MIGRATE: Final = "Run `achene migrate`, once for each release."

MISSING_RIGHTS: Final = """
    SELECT name || ': ' || string_agg(lower(kind), ', ') FROM unnest($1::text[]) AS name,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS kind
    WHERE to_regclass(quote_ident(name)) IS NOT NULL AND NOT has_table_privilege(quote_ident(name), kind)
    GROUP BY name ORDER BY name
"""

INVALID_INDEXES: Final = """
    SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE NOT indisvalid AND relname = ANY ($1::text[]) ORDER BY 1
"""
"""Left by a CREATE INDEX CONCURRENTLY that failed: they cost every write and serve no read."""

UNINDEXED_KEYS: Final = """
    SELECT conrelid::regclass::text || ' (' || string_agg(quote_ident(attname), ', ' ORDER BY place) || ')'
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid,
    unnest(conkey) WITH ORDINALITY AS column_of (number, place)
    JOIN pg_attribute ON attnum = number
    WHERE attrelid = conrelid AND contype = 'f' AND relname = ANY ($1::text[]) AND NOT EXISTS (
        SELECT FROM pg_index WHERE indrelid = conrelid AND indisvalid AND indpred IS NULL
        AND (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(conkey)] @> conkey
    )
    GROUP BY pg_constraint.oid, conrelid ORDER BY 1
"""
"""Each foreign key for which no index begins with its columns, as `table (columns)`."""

DISABLED_TRIGGERS: Final = """
    SELECT tgname || ' on ' || relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND tgenabled = 'D' AND relname = ANY ($1::text[]) ORDER BY 1
"""

TRIGGERS: Final = """
    SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass('api_keys') AND tgname = 'notify_api_key'
"""


def _names() -> list[str]:
    return sorted(table.name for table in Base.metadata.sorted_tables)


async def migrations(scene: Scene) -> list[Finding]:
    """Look whether the database is at the newest revision."""
    if scene.connection is None:
        return []
    try:
        revisions = frozenset(row[0] for row in await scene.connection.fetch(QUERY))
    except asyncpg.UndefinedTableError:
        return [Finding.fail("migrations", "The database was never migrated.", MIGRATE)]
    part = judge(revisions, head(), known())
    return [Finding.ok("migrations", part.detail) if part.is_ok else Finding.fail("migrations", part.detail, MIGRATE)]


async def privileges(scene: Scene) -> list[Finding]:
    """Look whether the login may read and write what the models name."""
    if scene.connection is None:
        return []
    missing = [row[0] for row in await scene.connection.fetch(MISSING_RIGHTS, _names())]
    if missing:
        says = f"The login lacks rights: {'; '.join(missing)}."
        return [Finding.fail("privileges", says, "GRANT them, also for tables to come: ALTER DEFAULT PRIVILEGES.")]
    return [Finding.ok("privileges", "The login may read and write every table.")]


async def indexes(scene: Scene) -> list[Finding]:
    """Look for indexes that are broken, and for foreign keys without one."""
    if scene.connection is None:
        return []
    found = []
    for row in await scene.connection.fetch(INVALID_INDEXES, _names()):
        remedy = f"REINDEX INDEX CONCURRENTLY {row[0]}; or drop it."
        found.append(Finding.fail("indexes", f"{row[0]} is not valid: its making was broken off.", remedy))
    for row in await scene.connection.fetch(UNINDEXED_KEYS, _names()):
        says = f"The foreign key {row[0]} has no index: reading and deleting what it points to scans the table."
        found.append(Finding.warn("indexes", says, f"CREATE INDEX CONCURRENTLY ON {row[0]}; by a revision."))
    return found or [Finding.ok("indexes", "All are valid, and every foreign key has one.")]


async def triggers(scene: Scene) -> list[Finding]:
    """Look whether triggers that the server relies on are there and enabled."""
    if scene.connection is None:
        return []
    off = [row[0] for row in await scene.connection.fetch(DISABLED_TRIGGERS, _names())]
    if off:
        says = f"Disabled: {', '.join(off)}. Servers do not hear of changes."
        return [Finding.fail("triggers", says, "ALTER TABLE ... ENABLE TRIGGER ...")]
    if not await scene.connection.fetchval(TRIGGERS):
        return [Finding.fail("triggers", "No trigger tells of changed keys.", MIGRATE)]
    return [Finding.ok("triggers", "All are enabled.")]
