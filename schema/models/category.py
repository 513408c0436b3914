"""The `categories` table: the shelf that a post stands on."""

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schema.models.base import Base, expose, identity, writable
from schema.models.values import Slug

if TYPE_CHECKING:
    from schema.models.post import Post


class Category(Base):
    """The one subject that a post is filed under."""

    __tablename__ = "categories"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug_form"),
        CheckConstraint("name <> ''", name="name_not_empty"),
        {"comment": "The subjects that posts are filed under, one a post."},
    )
    __graph__ = expose("name", "slug", "description", "posts")
    __writes__ = writable("name", "slug", "description")

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(comment="The name shown to readers.")
    slug: Mapped[Slug] = mapped_column(
        unique=True, comment="The name in addresses: lower-case letters, digits and single hyphens."
    )
    description: Mapped[str | None] = mapped_column(comment="What is filed here, in a sentence.")

    posts: Mapped[list["Post"]] = relationship(
        back_populates="category", lazy="raise", doc="Posts filed under this category."
    )
