"""The `users` table: the people who write."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schema.models.access import access, owner, scope
from schema.models.base import Base, expose, identity, writable
from schema.models.values import Email

if TYPE_CHECKING:
    from schema.models.comment import Comment
    from schema.models.post import Post


class User(Base):
    """A person who writes posts and comments."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("age BETWEEN 0 AND 150", name="age_range"),
        CheckConstraint(r"email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'", name="email_form"),
        CheckConstraint("email = lower(email)", name="email_lowercase"),
        CheckConstraint("name <> ''", name="name_not_empty"),
        {"comment": "People who write posts and comments."},
    )
    __graph__ = expose("name", "email", "age", "bio", "created_at", "posts", "comments")
    __writes__ = writable("name", "email", "age", "bio")
    __access__ = access(
        columns={"email": owner("id") | scope("users:private")},
        write=owner("id") | scope("users:all"),
    )

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(comment="The name shown beside what they write.")
    email: Mapped[Email] = mapped_column(unique=True, comment="Address in lower case; no two users share one.")
    age: Mapped[int | None] = mapped_column(comment="Age in years, 0 to 150.")
    bio: Mapped[str | None] = mapped_column(comment="A few words about the person, in Markdown.")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When the user joined.")

    posts: Mapped[list["Post"]] = relationship(back_populates="author", lazy="raise", doc="Posts that this user wrote.")
    comments: Mapped[list["Comment"]] = relationship(
        back_populates="author", lazy="raise", doc="Comments that this user wrote."
    )
