"""The `posts` table: what the site publishes."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schema.models.access import access, owner, scope, where
from schema.models.base import Base, expose, identity, search_vector, writable
from schema.models.tag import post_tags
from schema.models.values import Slug

if TYPE_CHECKING:
    from schema.models.category import Category
    from schema.models.comment import Comment
    from schema.models.tag import Tag
    from schema.models.user import User


class Post(Base):
    """An article: a draft until it is published."""

    __tablename__ = "posts"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug_form"),
        CheckConstraint("title <> ''", name="title_not_empty"),
        CheckConstraint("view_count >= 0", name="view_count_range"),
        Index(None, "author_id", "id"),
        Index(None, "category_id", "id"),
        Index(None, "author_id", "published_at", "id"),
        Index(None, "category_id", "published_at", "id"),
        Index(None, "published_at", "id"),
        Index(None, "search", postgresql_using="gin"),
        {"comment": "Articles, drafts among them."},
    )
    __graph__ = expose(
        "title", "slug", "description", "body", "draft", "published_at", "view_count", "is_published",
        "author", "category", "tags", "comments",
        search="search",
    )  # fmt: skip
    __writes__ = writable(
        "title", "slug", "description", "body", "draft", "published_at", "author", "category", "tags", "comments"
    )
    __access__ = access(
        read=where("it is no draft", lambda post, _who: ~post.draft) | owner("author_id") | scope("posts:all"),
        write=owner("author_id") | scope("posts:all"),
    )

    id: Mapped[int] = identity()
    title: Mapped[str] = mapped_column(comment="The headline.")
    slug: Mapped[Slug] = mapped_column(
        unique=True, comment="The title in addresses: lower-case letters, digits and single hyphens."
    )
    description: Mapped[str | None] = mapped_column(comment="What the post is about, in a sentence or two.")
    body: Mapped[str] = mapped_column(comment="The whole text, in Markdown.")
    draft: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="True while the author is not done with it."
    )
    published_at: Mapped[datetime | None] = mapped_column(comment="When it is to appear; null until decided.")
    view_count: Mapped[int] = mapped_column(server_default=text("0"), comment="How often it was opened.")
    search: Mapped[str] = search_vector("title", "description", "body")
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id", ondelete="SET NULL"))

    author: Mapped["User"] = relationship(back_populates="posts", lazy="raise", doc="Who wrote it.")
    category: Mapped["Category | None"] = relationship(
        back_populates="posts", lazy="raise", doc="The subject it is filed under."
    )
    tags: Mapped[list["Tag"]] = relationship(
        secondary=post_tags, back_populates="posts", lazy="raise", doc="Words it shares with other posts."
    )
    comments: Mapped[list["Comment"]] = relationship(
        back_populates="post", lazy="raise", passive_deletes=True, doc="What readers wrote beneath it."
    )

    @hybrid_property
    def is_published(self) -> bool:
        """True where the post is no draft and has a publication time."""
        return not self.draft and self.published_at is not None

    @is_published.inplace.expression
    @classmethod
    def _is_published(cls) -> ColumnElement[bool]:
        return ~cls.draft & cls.published_at.is_not(None)
