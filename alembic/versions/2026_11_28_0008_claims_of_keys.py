"""Claims of keys

Revision: 0008, after 0007; 2026-11-28 15:30:00
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "api_keys",
        sa.Column(
            "claims",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What rules and policies may look at beside, such as a tenant.",
        ),
    )
    op.create_check_constraint(
        op.f("ck_api_keys_claims"), "api_keys", "jsonb_typeof(claims) = 'object' AND length(claims::text) <= 4000"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_api_keys_claims"), "api_keys")
    op.drop_column("api_keys", "claims")
