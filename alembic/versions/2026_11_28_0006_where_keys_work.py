"""Where keys work

Revision: 0006, after 0005; 2026-11-28 12:50:00
"""

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "api_keys",
        sa.Column(
            "origins",
            sa.ARRAY(sa.Text()),
            nullable=True,
            comment="Origins of pages that may use it; null for any, and for what is no page.",
        ),
    )
    op.add_column(
        "api_keys",
        sa.Column(
            "networks",
            sa.ARRAY(sa.Text()),
            nullable=True,
            comment="Networks from which it may be used; null for any.",
        ),
    )


def downgrade() -> None:
    op.drop_column("api_keys", "networks")
    op.drop_column("api_keys", "origins")
