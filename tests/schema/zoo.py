"""Models of every kind that the graph must know, apart from the default graph: odd types, keys, relations, names."""

import enum
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from schema.models.base import NAMING_CONVENTION, SECRET, Exposure, expose


class Mood(enum.Enum):
    """How an animal feels."""

    CALM = "calm"
    VERY_ANGRY = "very angry"


class Upper(TypeDecorator[str]):
    """Text that is stored in capitals."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        return None if value is None else value.upper()


class Zoo(DeclarativeBase):
    """A base of its own."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: Text}
    __graph__: ClassVar[Exposure | None] = None


class Specimen(Zoo):
    """One row of every type of column."""

    __tablename__ = "specimens"
    __graph__ = expose(
        "text", "varchar", "small", "integer", "big", "numeric", "double", "flag", "day", "clock", "moment",
        "local", "span", "uuid", "mood", "state", "document", "words", "numbers", "moods", "moments", "raw",
        "code", "maybe_text", "maybe_big", "maybe_moment", "maybe_span", "maybe_document", "maybe_words",
        "maybe_mood", "maybe_raw",
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    varchar: Mapped[str] = mapped_column(String(20))
    small: Mapped[int] = mapped_column(SmallInteger)
    integer: Mapped[int] = mapped_column(Integer)
    big: Mapped[int] = mapped_column(BigInteger)
    numeric: Mapped[Decimal] = mapped_column(Numeric(20, 4))
    double: Mapped[float] = mapped_column(Double)
    flag: Mapped[bool]
    day: Mapped[date]
    clock: Mapped[time]
    moment: Mapped[datetime]
    local: Mapped[datetime] = mapped_column(DateTime(timezone=False))
    span: Mapped[timedelta] = mapped_column(Interval)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True)
    mood: Mapped[Mood] = mapped_column(Enum(Mood, name="mood", values_callable=lambda moods: [m.value for m in moods]))
    state: Mapped[str] = mapped_column(Enum("in review", "2nd draft", "true", name="review_state"))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    words: Mapped[list[str]] = mapped_column(ARRAY(Text))
    numbers: Mapped[list[int | None]] = mapped_column(ARRAY(BigInteger))
    moods: Mapped[list[Mood]] = mapped_column(
        ARRAY(Enum(Mood, name="mood", values_callable=lambda moods: [m.value for m in moods]))
    )
    moments: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    code: Mapped[str] = mapped_column(Upper, comment="Always in capitals.")
    maybe_text: Mapped[str | None]
    maybe_big: Mapped[int | None] = mapped_column(BigInteger)
    maybe_moment: Mapped[datetime | None]
    maybe_span: Mapped[timedelta | None] = mapped_column(Interval)
    maybe_document: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    maybe_words: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    maybe_mood: Mapped[Mood | None] = mapped_column(
        Enum(Mood, name="mood", values_callable=lambda moods: [m.value for m in moods])
    )
    maybe_raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    password: Mapped[str | None] = mapped_column(info=SECRET)


order_labels = Table(
    "order_labels",  # without a primary key: the same pair may stand in it twice
    Zoo.metadata,
    Column("order_id", ForeignKey("order.id"), nullable=False, index=True),
    Column("label_code", ForeignKey("labels.code"), nullable=False, index=True),
)


class Label(Zoo):
    """A label whose key is text of any form."""

    __tablename__ = "labels"
    __graph__ = expose("code", "orders")

    code: Mapped[str] = mapped_column(primary_key=True)
    orders: Mapped[list["Order"]] = relationship(secondary=order_labels, back_populates="labels", lazy="raise")


class Order(Zoo):
    """A table and columns whose names SQL, Python or GraphQL keep for themselves."""

    __tablename__ = "order"
    __graph__ = expose("class_", "typename__", "select", "count", "labels", "lines")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    class_: Mapped[str] = mapped_column("class")
    typename__: Mapped[str | None] = mapped_column("__typename")
    select: Mapped[str | None]
    count: Mapped[int | None]
    labels: Mapped[list[Label]] = relationship(secondary=order_labels, back_populates="orders", lazy="raise")
    lines: Mapped[list["Line"]] = relationship(back_populates="order", lazy="raise")


class Line(Zoo):
    """A composite primary key, half of it a foreign key that is shown."""

    __tablename__ = "lines"
    __table_args__ = (UniqueConstraint("order_id", "article"),)
    __graph__ = expose("order_id", "number", "article", "order", "notes")

    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    article: Mapped[str]
    order: Mapped[Order] = relationship(back_populates="lines", lazy="raise")
    notes: Mapped[list["Note"]] = relationship(back_populates="line", lazy="raise")


class Note(Zoo):
    """A composite foreign key that may be null."""

    __tablename__ = "notes"
    __table_args__ = (ForeignKeyConstraint(["order_id", "number"], ["lines.order_id", "lines.number"]),)
    __graph__ = expose("text", "line")

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[UUID | None]
    number: Mapped[int | None]
    text: Mapped[str]
    line: Mapped[Line | None] = relationship(back_populates="notes", lazy="raise")


friendships = Table(
    "friends",
    Zoo.metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("friend_id", ForeignKey("people.id"), primary_key=True, index=True),
)


class Person(Zoo):
    """Ties to its own table, one to one, and through an association that is a model."""

    __tablename__ = "people"
    __graph__ = expose("name", "boss_id", "boss", "reports", "friends", "friend_of", "passport", "memberships")

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    boss: Mapped["Person | None"] = relationship(back_populates="reports", remote_side="Person.id", lazy="raise")
    reports: Mapped[list["Person"]] = relationship(back_populates="boss", lazy="raise")
    friends: Mapped[list["Person"]] = relationship(
        secondary=friendships,
        primaryjoin=lambda: Person.id == friendships.c.person_id,
        secondaryjoin=lambda: Person.id == friendships.c.friend_id,
        back_populates="friend_of",
        lazy="raise",
    )
    friend_of: Mapped[list["Person"]] = relationship(
        secondary=friendships,
        primaryjoin=lambda: Person.id == friendships.c.friend_id,
        secondaryjoin=lambda: Person.id == friendships.c.person_id,
        back_populates="friends",
        lazy="raise",
    )
    passport: Mapped["Passport | None"] = relationship(back_populates="person", uselist=False, lazy="raise")
    memberships: Mapped[list["Membership"]] = relationship(back_populates="person", lazy="raise")


class Passport(Zoo):
    """The other end of one to one; its key is a foreign key."""

    __tablename__ = "passports"
    __graph__ = expose("number", "person")

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    number: Mapped[str]
    person: Mapped[Person] = relationship(back_populates="passport", lazy="raise")


class Team(Zoo):
    """Two relations to the same table."""

    __tablename__ = "teams"
    __graph__ = expose("name", "home_matches", "away_matches", "memberships")

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    home_matches: Mapped[list["Match"]] = relationship(
        foreign_keys="Match.home_id", back_populates="home", lazy="raise"
    )
    away_matches: Mapped[list["Match"]] = relationship(
        foreign_keys="Match.away_id", back_populates="away", lazy="raise"
    )
    memberships: Mapped[list["Membership"]] = relationship(back_populates="team", lazy="raise")


class Match(Zoo):
    """Two foreign keys to the same table."""

    __tablename__ = "matches"
    __graph__ = expose("home", "away", "goals")

    id: Mapped[int] = mapped_column(primary_key=True)
    home_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    away_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    goals: Mapped[int]
    home: Mapped[Team] = relationship(foreign_keys=home_id, back_populates="home_matches", lazy="raise")
    away: Mapped[Team] = relationship(foreign_keys=away_id, back_populates="away_matches", lazy="raise")


class Membership(Zoo):
    """An association that is a model with columns of its own."""

    __tablename__ = "memberships"
    __graph__ = expose("role", "since", "person", "team")

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), primary_key=True, index=True)
    role: Mapped[str | None]
    since: Mapped[date]
    person: Mapped[Person] = relationship(back_populates="memberships", lazy="raise")
    team: Mapped[Team] = relationship(back_populates="memberships", lazy="raise")
