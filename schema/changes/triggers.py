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


def watch(table: str) -> tuple[str, ...]:
    """Return the statements that make PostgreSQL note writes to a table."""
    return (
        f"CREATE TRIGGER {TRIGGER} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {TRIGGER}",
    )


def unwatch(table: str) -> str:
    """Return the statement that ends it."""
    return f"DROP TRIGGER {TRIGGER} ON {table}"
