"""The `api_keys` table: who may speak to the API. It is never part of the graph."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from schema.models.base import SECRET, Base, identity


class ApiKey(Base):
    """A key of the API: what it may do, for whom, and until when. The key itself is not stored."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name_not_empty"),
        CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_length"),
        CheckConstraint("requests_per_minute > 0", name="requests_per_minute"),
        CheckConstraint("cost_per_minute > 0", name="cost_per_minute"),
        CheckConstraint("jsonb_typeof(claims) = 'object' AND length(claims::text) <= 4000", name="claims"),
        {"comment": "Keys of the API; only a hash of each is kept."},
    )

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(comment="What the key is for, in the words of who made it.")
    prefix: Mapped[str] = mapped_column(unique=True, comment="The visible part, by which people name the key.")
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET, comment="SHA-256 of the whole key.")
    scopes: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'"), comment="What the key may do, such as read."
    )
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"),
        index=True,
        comment="Whose key it is, where it is someone's.",
    )
    origins: Mapped[list[str] | None] = mapped_column(
        ARRAY(Text), comment="Origins of pages that may use it; null for any, and for what is no page."
    )
    networks: Mapped[list[str] | None] = mapped_column(
        ARRAY(Text), comment="Networks from which it may be used; null for any."
    )
    requests_per_minute: Mapped[int | None] = mapped_column(
        BigInteger, comment="Requests that it may make in a minute; null for as many as the server lets any key make."
    )
    cost_per_minute: Mapped[int | None] = mapped_column(
        BigInteger, comment="Rows that its operations may be able to read in a minute; null for as any key."
    )
    claims: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="What rules and policies may look at beside, such as a tenant."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was made.")
    expires_at: Mapped[datetime | None] = mapped_column(comment="When it stops working; null for never.")
    revoked_at: Mapped[datetime | None] = mapped_column(comment="When it was taken back; null while it holds.")
    last_used_at: Mapped[datetime | None] = mapped_column(comment="Last use, a minute or so behind.")
