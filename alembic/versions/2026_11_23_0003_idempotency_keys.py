"""Answers to requests with an Idempotency-Key

Revision: 0003, after 0002; 2026-11-23 15:32:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.BigInteger(), nullable=False, comment="The API key that was shown; 0 for none."),
        sa.Column("key", sa.Text(), nullable=False, comment="The key that the client chose."),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of what was asked."),
        sa.Column("media", sa.Text(), nullable=True, comment="Content type of the answer; null until there is one."),
        sa.Column("answer", sa.LargeBinary(), nullable=True, comment="Its body; null until there is one."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was asked first.",
        ),
        sa.CheckConstraint("octet_length(request_hash) = 32", name=op.f("ck_idempotency_keys_request_hash_length")),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency_keys")),
        comment="Answers to requests with an Idempotency-Key, kept for a day or so.",
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
