"""Full text search in posts; pages of an author's or a category's posts by time

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
    for column in ("author_id", "category_id"):
        op.create_index(
            op.f(f"ix_posts_{column}_published_at_id"), "posts", [column, "published_at", "id"], unique=False
        )


def downgrade() -> None:
    for column in ("category_id", "author_id"):
        op.drop_index(op.f(f"ix_posts_{column}_published_at_id"), table_name="posts")
    op.drop_index(op.f("ix_posts_search"), table_name="posts", postgresql_using="gin")
    op.drop_column("posts", "search")
