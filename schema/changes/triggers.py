"""The triggers that let PostgreSQL note every write to a table; a revision makes the function that they run.

They fire once a statement, those of cascading foreign keys and TRUNCATE among them, and also where
`session_replication_role` is `replica`, as tools set it that load rows without checks.

Source: https://www.postgresql.org/docs/current/sql-createtrigger.html
"""

from typing import Final

FUNCTION: Final = "note_table_change"
"""Name of the function that the triggers run."""

TRIGGER: Final = "note_table_change"
"""Name of the trigger of each table."""


FIRST: Final = """
INSERT INTO table_changes (table_name, transaction, step)
VALUES ('{}', pg_current_xact_id()::text::bigint, 1 + floor(random() * 1000000000)::bigint) ON CONFLICT DO NOTHING
"""
"""Gives a table a new version when it comes to be watched: before that, anything may have been written to it."""


def watch(table: str) -> tuple[str, ...]:
    """Return the statements that make PostgreSQL note writes to a table, from a new version on.

    Args:
        table: Its name as it stands in SQL, quoted where it must be, behind its schema where it has one.
    """
    name = table.rpartition(".")[2].strip('"').replace("'", "''")
    return (
        f"CREATE TRIGGER {TRIGGER} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {TRIGGER}",
        FIRST.format(name),
    )


def unwatch(table: str) -> str:
    """Return the statement that ends it."""
    return f"DROP TRIGGER {TRIGGER} ON {table}"
