"""The `tags` table, and `post_tags`, which ties tags to posts."""

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schema.models.base import Base, expose, identity, writable
from schema.models.values import Slug

if TYPE_CHECKING:
    from schema.models.post import Post

post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "tag_id", "post_id"),
    comment="Which post bears which tag.",
)


class Tag(Base):
    """A word that posts on one theme share."""

    __tablename__ = "tags"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug_form"),
        CheckConstraint("name <> ''", name="name_not_empty"),
        {"comment": "Words that posts on one theme share, any number a post."},
    )
    __graph__ = expose("name", "slug", "posts")
    __writes__ = writable("name", "slug")

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(comment="The word as shown to readers.")
    slug: Mapped[Slug] = mapped_column(
        unique=True, comment="The word in addresses: lower-case letters, digits and single hyphens."
    )

    posts: Mapped[list["Post"]] = relationship(
        secondary=post_tags, back_populates="tags", lazy="raise", doc="Posts that bear this tag."
    )
