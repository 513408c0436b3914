"""The `table_changes` table: how often each watched table was written to. It is never part of the graph.

Triggers write it, one row for each transaction and table, so that writers never wait for one another; see
`schema.changes`.
"""

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from schema.models.base import Base


class TableChange(Base):
    """That a transaction wrote to a table."""

    __tablename__ = "table_changes"
    __table_args__ = {  # noqa: RUF012 - as SQLAlchemy wants it
        "comment": "Transactions that wrote to a watched table; the sum of a table's steps is its version."
    }

    table_name: Mapped[str] = mapped_column(primary_key=True, comment="The table that was written to.")
    transaction: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="The transaction that did."
    )
    step: Mapped[int] = mapped_column(
        BigInteger, comment="By how much that changes the table's version; random, so that no history repeats itself."
    )
