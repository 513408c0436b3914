"""The SQL that reads versions, folds what is past, and tells which tables are watched.

What was read under which versions is said by a label, such as `posts=17,users=42`: one that is made of versions here
equals one that PostgreSQL made in a statement, where the versions are the same.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from schema.changes.triggers import FUNCTION

VERSIONS: Final = """
SELECT convert_to(coalesce(json_object_agg(table_name, json_build_array(version, rows)), '{}')::text, 'UTF8')
FROM (SELECT table_name, sum(step)::text AS version, count(*) AS rows FROM table_changes GROUP BY table_name) AS t
"""
"""Reads the version of every table that was written to, and how many rows of `table_changes` it is made of."""

FOLD_LOCK: Final = 0x41434846
"""An arbitrary number, the same in every process: "ACHF"."""

FOLD: Final = f"""
WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock({FOLD_LOCK}) AS is_ours),
gone AS (DELETE FROM table_changes USING turn WHERE turn.is_ours RETURNING table_name, step)
INSERT INTO table_changes (table_name, transaction, step)
SELECT table_name, pg_current_xact_id()::text::bigint, sum(step) FROM gone GROUP BY table_name
"""  # noqa: S608 - of constants
"""Makes one row of all rows of a table. In one statement: whoever reads sees them or it, and the same version."""

TOUCH: Final = """
INSERT INTO table_changes (table_name, transaction, step)
SELECT DISTINCT table_name, pg_current_xact_id()::text::bigint, 1 + floor(random() * 1000000000)::bigint
FROM table_changes
ON CONFLICT DO NOTHING
"""
"""Changes the version of every table: for what no trigger fires on, such as ALTER TABLE."""

WATCHED: Final = f"""
SELECT n.nspname, c.relname, pg_table_is_visible(c.oid)
FROM pg_trigger AS t
JOIN pg_proc AS p ON p.oid = t.tgfoid
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE p.proname = '{FUNCTION}' AND c.relkind = 'r' AND t.tgenabled = 'A' AND t.tgtype = 60 AND t.tgqual IS NULL
AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid) AND c.relname !~ '[.,=[:cntrl:]]'
"""  # noqa: S608 - of constants
"""Tells which tables are watched: plain ones, without parts, whose trigger fires always, after every kind of write,
and whose names cannot be taken for anything else in a label.

60 stands for INSERT, DELETE, UPDATE and TRUNCATE, after a statement. Source: pg_trigger.h, `TRIGGER_TYPE_INSERT` and
the others.
"""

IMMUTABLE: Final = "SELECT proname FROM pg_proc GROUP BY proname HAVING bool_and(provolatile = 'i')"
"""Tells which functions read nothing but their arguments, in all their forms."""


def label(tables: Iterable[str], versions: Mapping[str, str]) -> bytes:
    """Return what says under which versions tables were read.

    Triggers know a table without its schema: those of one name share a version.

    Args:
        tables: Their names, in order, with their schemas where the models name these.
        versions: The version of each; a table that is not in it was never written to.
    """
    return ",".join(f"{name}={versions.get(name, '0')}" for name in map(_noted, tables)).encode()


def labelled(sql: str, tables: Iterable[str]) -> str:
    """Return a statement that gives its pieces behind one more, a label and a line break.

    Label and value are of one snapshot. `split_label` takes them apart.
    """
    versions = " || ',' || ".join(map(_version, tables)) or "''"
    return f"SELECT CAST({versions} || E'\\n' AS BPCHAR), answer.* FROM ({sql}) AS answer"  # noqa: S608 - names alone


def _version(table: str) -> str:
    quoted = _noted(table).replace("'", "''")
    return f"'{quoted}=' || (SELECT coalesce(sum(step), 0) FROM table_changes WHERE table_name = '{quoted}')"  # noqa: S608 - names alone


def _noted(table: str) -> str:
    """Return the name under which writes to a table are noted."""
    return table.rpartition(".")[2]


def split_label(data: bytes) -> tuple[bytes, bytes]:
    """Return the label and the value that a statement of `labelled` gave."""
    found, _, value = data.partition(b"\n")
    return found, value
