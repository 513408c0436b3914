"""Models with every kind of rule."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, DateTime, ForeignKey, MetaData, Numeric, Table, Text, func
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship

from schema.models.access import Access, access, nobody, owner, scope, through, where
from schema.models.base import NAMING_CONVENTION, Exposure, Writable, expose, identity, search_vector, writable


class House(DeclarativeBase):
    """A base of its own."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: Text}
    __graph__: ClassVar[Exposure | None] = None
    __writes__: ClassVar[Writable | None] = None
    __access__: ClassVar[Access | None] = None


class Member(House):
    """Somebody: an address for themselves, wages for who counts them, a diary for nobody."""

    __tablename__ = "members"
    __graph__ = expose(
        "name", "email", "wages", "diary", "has_email", "boss", "reports", "notes", "remarks", "vault", "favourite",
        "favourite_id",
    )  # fmt: skip
    __writes__ = writable("name", "email", "wages", "boss", "reports", "notes", "favourite_id")
    __access__ = access(
        columns={
            "email": owner("id") | scope("mail"),
            "wages": scope("wages") | (owner("id") & scope("self")),
            "diary": nobody(),
        },
        update=owner("id") | scope("staff"),
        delete=scope("staff"),
    )

    id: Mapped[int] = identity()
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    wages: Mapped[int | None] = mapped_column(Numeric(10, 2))
    diary: Mapped[str | None]
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    favourite_id: Mapped[int | None] = mapped_column(ForeignKey("notes.id", use_alter=True))
    has_email: Mapped[bool] = column_property(email.is_not(None))

    boss: Mapped["Member | None"] = relationship(remote_side="Member.id", back_populates="reports", lazy="raise")
    reports: Mapped[list["Member"]] = relationship(back_populates="boss", lazy="raise")
    notes: Mapped[list["Note"]] = relationship(
        back_populates="member", foreign_keys="Note.member_id", lazy="raise", passive_deletes="all"
    )
    remarks: Mapped[list["Remark"]] = relationship(back_populates="member", lazy="raise")
    vault: Mapped["Vault | None"] = relationship(back_populates="member", lazy="raise")
    favourite: Mapped["Note | None"] = relationship(foreign_keys=favourite_id, lazy="raise")


note_labels = Table(
    "note_labels",
    House.metadata,
    Column("note_id", ForeignKey("notes.id", ondelete="CASCADE"), primary_key=True),
    Column("label_id", ForeignKey("labels.id", ondelete="CASCADE"), primary_key=True),
)


class Note(House):
    """Something written: open, or for its writer."""

    __tablename__ = "notes"
    __graph__ = expose(
        "title", "text", "stars", "secret", "written_at", "is_long", "member", "remarks", "labels", "member_id",
        search="words",
    )  # fmt: skip
    __writes__ = writable("title", "text", "stars", "secret", "member", "remarks", "labels")
    __access__ = access(
        read=where("it is open", lambda note, _who: ~note.secret) | owner("member_id") | scope("notes"),
        columns={"text": where("it has stars", lambda note, _who: note.stars > 0) | owner("member_id")},
        write=owner("member_id") | scope("notes"),
    )

    id: Mapped[int] = identity()
    title: Mapped[str] = mapped_column(unique=True)
    text: Mapped[str]
    stars: Mapped[int] = mapped_column(server_default="0")
    secret: Mapped[bool] = mapped_column(server_default="false")
    written_at: Mapped[datetime] = mapped_column(server_default=func.now())
    words: Mapped[str] = search_vector("title", "text")
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))

    member: Mapped["Member"] = relationship(back_populates="notes", foreign_keys=member_id, lazy="raise")
    remarks: Mapped[list["Remark"]] = relationship(back_populates="note", lazy="raise", passive_deletes=True)
    labels: Mapped[list["Label"]] = relationship(secondary=note_labels, back_populates="notes", lazy="raise")

    @hybrid_property
    def is_long(self) -> bool | None:
        """True where the text is long."""
        return len(self.text) > 8 if self.text is not None else None

    @is_long.inplace.expression
    @classmethod
    def _is_long(cls) -> Any:
        return func.length(cls.text) > 8


class Remark(House):
    """Something said of a note: for who sees the note."""

    __tablename__ = "remarks"
    __graph__ = expose("body", "likes", "note", "note_id", "member", "answers", "answered", "answered_id")
    __writes__ = writable("body", "likes", "note", "member", "answered")
    __access__ = access(
        read=through("note") & (where("it is liked", lambda remark, _who: remark.likes > 0) | owner("member_id")),
        write=owner("member_id") | scope("staff"),
    )

    id: Mapped[int] = identity()
    body: Mapped[str]
    likes: Mapped[int] = mapped_column(server_default="0")
    note_id: Mapped[int] = mapped_column(ForeignKey("notes.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    answered_id: Mapped[int | None] = mapped_column(ForeignKey("remarks.id", ondelete="SET NULL"))

    note: Mapped["Note"] = relationship(back_populates="remarks", lazy="raise")
    member: Mapped["Member"] = relationship(back_populates="remarks", lazy="raise")
    answered: Mapped["Remark | None"] = relationship(remote_side="Remark.id", back_populates="answers", lazy="raise")
    answers: Mapped[list["Remark"]] = relationship(back_populates="answered", lazy="raise")


class Label(House):
    """A word on notes: shown, or for the staff."""

    __tablename__ = "labels"
    __graph__ = expose("name", "notes")
    __writes__ = writable("name", "notes")
    __access__ = access(read=where("it is not hidden", lambda label, _who: ~label.hidden) | scope("staff"))

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(unique=True)
    hidden: Mapped[bool] = mapped_column(server_default="false")

    notes: Mapped[list["Note"]] = relationship(secondary=note_labels, back_populates="labels", lazy="raise")


class Vault(House):
    """What only who has its scope knows of."""

    __tablename__ = "vaults"
    __graph__ = expose("code", "worth", "member")
    __access__ = access(read=scope("vaults"))

    id: Mapped[int] = identity()
    code: Mapped[str] = mapped_column(unique=True)
    worth: Mapped[int]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), unique=True)

    member: Mapped["Member"] = relationship(back_populates="vault", lazy="raise")
