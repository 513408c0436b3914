"""Who wrote what

Revision: 0007, after 0006; 2026-11-28 13:10:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the transaction began.",
        ),
        sa.Column(
            "request_id",
            sa.Text(),
            nullable=False,
            comment="The request, as log lines and the header X-Request-Id name it.",
        ),
        sa.Column("key_id", sa.BigInteger(), nullable=True, comment="The API key that was shown."),
        sa.Column("user_id", sa.BigInteger(), nullable=True, comment="Whose key it was."),
        sa.Column("subject", sa.Text(), nullable=True, comment="What a team's own authentication calls the caller."),
        sa.Column("mutation", sa.Text(), nullable=False, comment="The mutation, such as createPost."),
        sa.Column("type", sa.Text(), nullable=False, comment="The type of the rows."),
        sa.Column("action", sa.Text(), nullable=False, comment="create, update, upsert or delete."),
        sa.Column("ids", sa.ARRAY(sa.Text()), nullable=False, comment="Global ids of the rows, the first hundred."),
        sa.Column("row_count", sa.BigInteger(), nullable=False, comment="How many rows."),
        sa.Column("fields", sa.ARRAY(sa.Text()), nullable=False, comment="Fields that were given, by name."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        comment="Who wrote what, by mutations; no values.",
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"], unique=False)
    op.create_index(op.f("ix_audit_log_key_id_at"), "audit_log", ["key_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_log_key_id_at"), table_name="audit_log")
    op.drop_index(op.f("ix_audit_log_at"), table_name="audit_log")
    op.drop_table("audit_log")
