"""The `idempotency_keys` table: answers that were given, for clients that ask again. It is never part of the graph."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from schema.models.base import Base


class IdempotencyKey(Base):
    """What was answered to a request that named itself by a key."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        CheckConstraint("octet_length(request_hash) = 32", name="request_hash_length"),
        {"comment": "Answers to requests with an Idempotency-Key, kept for a day or so."},
    )

    owner: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="The API key that was shown; 0 for none."
    )
    key: Mapped[str] = mapped_column(primary_key=True, comment="The key that the client chose.")
    request_hash: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 of what was asked.")
    media: Mapped[str | None] = mapped_column(comment="Content type of the answer; null until there is one.")
    answer: Mapped[bytes | None] = mapped_column(LargeBinary, comment="Its body; null until there is one.")
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), index=True, comment="When it was asked first."
    )
