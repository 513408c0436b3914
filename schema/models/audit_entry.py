"""The `audit_log` table: who wrote what, where the server is told to keep that. It is never part of the graph."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from schema.models.base import Base, identity


class AuditEntry(Base):
    """Rows of one type that a mutation wrote. It leads to no other table, so that it outlives what it tells of."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index(None, "at"),
        Index(None, "key_id", "at"),
        {"comment": "Who wrote what, by mutations; no values."},
    )

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When the transaction began.")
    request_id: Mapped[str] = mapped_column(comment="The request, as log lines and the header X-Request-Id name it.")
    key_id: Mapped[int | None] = mapped_column(BigInteger, comment="The API key that was shown.")
    user_id: Mapped[int | None] = mapped_column(BigInteger, comment="Whose key it was.")
    subject: Mapped[str | None] = mapped_column(comment="What a team's own authentication calls the caller.")
    mutation: Mapped[str] = mapped_column(comment="The mutation, such as createPost.")
    type: Mapped[str] = mapped_column(comment="The type of the rows.")
    action: Mapped[str] = mapped_column(comment="create, update, upsert or delete.")
    ids: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="Global ids of the rows, the first hundred.")
    row_count: Mapped[int] = mapped_column(BigInteger, comment="How many rows.")
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="Fields that were given, by name.")
