"""The `comments` table: what readers write beneath a post, and their answers to each other."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from schema.models.access import access, owner, scope, through
from schema.models.base import Base, expose, identity, writable

if TYPE_CHECKING:
    from schema.models.post import Post
    from schema.models.user import User


class Comment(Base):
    """A reader's remark on a post, or an answer to another comment."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint("body <> ''", name="body_not_empty"),
        CheckConstraint("parent_id <> id", name="parent_not_self"),
        Index(None, "post_id", "id"),
        Index(None, "author_id", "id"),
        Index(None, "parent_id", "id"),
        {"comment": "Readers' remarks on posts, and answers to remarks."},
    )
    __graph__ = expose("body", "created_at", "is_reply", "post", "author", "parent", "replies")
    __writes__ = writable("body", "post", "author", "parent", "replies", fixed=("post", "author", "parent", "replies"))
    __access__ = access(read=through("post"), write=owner("author_id") | scope("comments:all"))

    id: Mapped[int] = identity()
    body: Mapped[str] = mapped_column(comment="What was said, in Markdown.")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was said.")
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))

    is_reply: Mapped[bool] = column_property(
        parent_id.is_not(None), doc="True where the comment answers another comment."
    )

    post: Mapped["Post"] = relationship(back_populates="comments", lazy="raise", doc="The post it stands beneath.")
    author: Mapped["User"] = relationship(back_populates="comments", lazy="raise", doc="Who said it.")
    parent: Mapped["Comment | None"] = relationship(
        back_populates="replies",
        remote_side="Comment.id",
        lazy="raise",
        doc="The comment that this one answers.",
    )
    replies: Mapped[list["Comment"]] = relationship(
        back_populates="parent", lazy="raise", passive_deletes=True, doc="The answers to this comment."
    )
