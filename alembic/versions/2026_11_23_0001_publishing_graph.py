"""Publishing graph

Revision: 0001, after ; 2026-11-23 04:11:57.626766
"""

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# Servers cache keys; each change is told to all of them as it commits, with the key's visible part.
# `last_used_at` is left out: recording use must not empty the caches.
NOTIFY_FUNCTION = """
CREATE FUNCTION notify_api_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('achene_api_key', coalesce(OLD.prefix, NEW.prefix));
    RETURN NULL;
END $$
"""
NOTIFY_TRIGGER = """
CREATE TRIGGER notify_api_key
AFTER INSERT OR DELETE OR UPDATE OF prefix, secret_hash, scopes, user_id, expires_at, revoked_at ON api_keys
FOR EACH ROW EXECUTE FUNCTION notify_api_key()
"""


def upgrade() -> None:
    op.create_table(
        "categories",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="The name shown to readers."),
        sa.Column(
            "slug",
            sa.Text(),
            nullable=False,
            comment="The name in addresses: lower-case letters, digits and single hyphens.",
        ),
        sa.Column("description", sa.Text(), nullable=True, comment="What is filed here, in a sentence."),
        sa.CheckConstraint("name <> ''", name=op.f("ck_categories_name_not_empty")),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_categories_slug_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("slug", name=op.f("uq_categories_slug")),
        comment="The subjects that posts are filed under, one a post.",
    )
    op.create_table(
        "tags",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="The word as shown to readers."),
        sa.Column(
            "slug",
            sa.Text(),
            nullable=False,
            comment="The word in addresses: lower-case letters, digits and single hyphens.",
        ),
        sa.CheckConstraint("name <> ''", name=op.f("ck_tags_name_not_empty")),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_tags_slug_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("slug", name=op.f("uq_tags_slug")),
        comment="Words that posts on one theme share, any number a post.",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="The name shown beside what they write."),
        sa.Column("email", sa.Text(), nullable=False, comment="Address in lower case; no two users share one."),
        sa.Column("age", sa.Integer(), nullable=True, comment="Age in years, 0 to 150."),
        sa.Column("bio", sa.Text(), nullable=True, comment="A few words about the person, in Markdown."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the user joined.",
        ),
        sa.CheckConstraint("email ~ '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$'", name=op.f("ck_users_email_form")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_users_name_not_empty")),
        sa.CheckConstraint("age BETWEEN 0 AND 150", name=op.f("ck_users_age_range")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_lowercase")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        comment="People who write posts and comments.",
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="What the key is for, in the words of who made it."),
        sa.Column("prefix", sa.Text(), nullable=False, comment="The visible part, by which people name the key."),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the whole key."),
        sa.Column(
            "scopes",
            sa.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What the key may do, such as read.",
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=True, comment="Whose key it is, where it is someone's."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was made.",
        ),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it stops working; null for never.",
        ),
        sa.Column(
            "revoked_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was taken back; null while it holds.",
        ),
        sa.Column(
            "last_used_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Last use, a minute or so behind.",
        ),
        sa.CheckConstraint("name <> ''", name=op.f("ck_api_keys_name_not_empty")),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name=op.f("ck_api_keys_secret_hash_length")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
        comment="Keys of the API; only a hash of each is kept.",
    )
    op.create_index(op.f("ix_api_keys_user_id"), "api_keys", ["user_id"], unique=False)
    op.create_table(
        "posts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, comment="The headline."),
        sa.Column(
            "slug",
            sa.Text(),
            nullable=False,
            comment="The title in addresses: lower-case letters, digits and single hyphens.",
        ),
        sa.Column("description", sa.Text(), nullable=True, comment="What the post is about, in a sentence or two."),
        sa.Column("body", sa.Text(), nullable=False, comment="The whole text, in Markdown."),
        sa.Column(
            "draft",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="True while the author is not done with it.",
        ),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it is to appear; null until decided.",
        ),
        sa.Column(
            "view_count",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How often it was opened.",
        ),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_posts_slug_form")),
        sa.CheckConstraint("title <> ''", name=op.f("ck_posts_title_not_empty")),
        sa.CheckConstraint("view_count >= 0", name=op.f("ck_posts_view_count_range")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_posts_author_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_posts_category_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("slug", name=op.f("uq_posts_slug")),
        comment="Articles, drafts among them.",
    )
    op.create_index(op.f("ix_posts_author_id_id"), "posts", ["author_id", "id"], unique=False)
    op.create_index(op.f("ix_posts_category_id_id"), "posts", ["category_id", "id"], unique=False)
    op.create_index(op.f("ix_posts_published_at_id"), "posts", ["published_at", "id"], unique=False)
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="What was said, in Markdown."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was said.",
        ),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("body <> ''", name=op.f("ck_comments_body_not_empty")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_comments_parent_not_self")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_comments_author_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["parent_id"], ["comments.id"], name=op.f("fk_comments_parent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_comments_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        comment="Readers' remarks on posts, and answers to remarks.",
    )
    op.create_index(op.f("ix_comments_author_id_id"), "comments", ["author_id", "id"], unique=False)
    op.create_index(op.f("ix_comments_parent_id_id"), "comments", ["parent_id", "id"], unique=False)
    op.create_index(op.f("ix_comments_post_id_id"), "comments", ["post_id", "id"], unique=False)
    op.create_table(
        "post_tags",
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_post_tags_post_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_post_tags_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "tag_id", name=op.f("pk_post_tags")),
        comment="Which post bears which tag.",
    )
    op.create_index(op.f("ix_post_tags_tag_id_post_id"), "post_tags", ["tag_id", "post_id"], unique=False)
    op.execute(NOTIFY_FUNCTION)
    op.execute(NOTIFY_TRIGGER)


def downgrade() -> None:
    op.drop_index(op.f("ix_post_tags_tag_id_post_id"), table_name="post_tags")
    op.drop_table("post_tags")
    op.drop_index(op.f("ix_comments_post_id_id"), table_name="comments")
    op.drop_index(op.f("ix_comments_parent_id_id"), table_name="comments")
    op.drop_index(op.f("ix_comments_author_id_id"), table_name="comments")
    op.drop_table("comments")
    op.drop_index(op.f("ix_posts_published_at_id"), table_name="posts")
    op.drop_index(op.f("ix_posts_category_id_id"), table_name="posts")
    op.drop_index(op.f("ix_posts_author_id_id"), table_name="posts")
    op.drop_table("posts")
    op.drop_index(op.f("ix_api_keys_user_id"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_table("users")
    op.drop_table("tags")
    op.drop_table("categories")
    op.execute("DROP FUNCTION notify_api_key()")
