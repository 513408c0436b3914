"""Versions of tables: every commit that wrote to one is noted

Revision: 0004, after 0003; 2026-11-28 12:40:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("categories", "comments", "post_tags", "posts", "tags", "users")

# It runs as its owner: who may write to a table need not be able to write to `table_changes`.
# Names are qualified, so that nobody's search_path leads it astray.
FUNCTION = """
DO $do$ BEGIN EXECUTE format($format$
CREATE FUNCTION note_table_change() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO %I.table_changes (table_name, transaction, step)
    VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint, 1 + floor(random() * 1000000000)::bigint)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
$format$, current_schema()); END $do$
"""


def upgrade() -> None:
    op.create_table(
        "table_changes",
        sa.Column("table_name", sa.Text(), nullable=False, comment="The table that was written to."),
        sa.Column("transaction", sa.BigInteger(), nullable=False, comment="The transaction that did."),
        sa.Column(
            "step",
            sa.BigInteger(),
            nullable=False,
            comment="By how much that changes the table's version; random, so that no history repeats itself.",
        ),
        sa.PrimaryKeyConstraint("table_name", "transaction", name=op.f("pk_table_changes")),
        comment="Transactions that wrote to a watched table; the sum of a table's steps is its version.",
    )
    op.execute(FUNCTION)
    for table in TABLES:
        op.watch_table(table)


def downgrade() -> None:
    for table in TABLES:
        op.unwatch_table(table)
    op.execute("DROP FUNCTION note_table_change()")
    op.drop_table("table_changes")
