"""Full text search in posts

Revision: 0002, after 0001; 2026-11-23 06:24:10.118020
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

VECTOR = " || ".join(
    f"setweight(to_tsvector('english'::regconfig, \"left\"(COALESCE({column}, ''::text), 250000)), "
    f"'{weight}'::\"char\")"
    for column, weight in (("title", "A"), ("description", "B"), ("body", "C"))
)


def upgrade() -> None:
    op.add_column(
        "posts", sa.Column("search", postgresql.TSVECTOR(), sa.Computed(VECTOR, persisted=True), nullable=False)
    )
    op.create_index(op.f("ix_posts_search"), "posts", ["search"], unique=False, postgresql_using="gin")


def downgrade() -> None:
    op.drop_index(op.f("ix_posts_search"), table_name="posts", postgresql_using="gin")
    op.drop_column("posts", "search")
