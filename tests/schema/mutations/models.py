"""Models that are not in the default graph: keys of several columns, keys that clients give, every type of column."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from schema.models import expose, identity, writable


class Club(DeclarativeBase):
    """The declarative base."""


class Color(Enum):
    """An enum."""

    RED = "red"
    BLUE = "blue"


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("takes an even number")
    return value


class Person(Club):
    """Somebody, with a key that the database makes."""

    __tablename__ = "people"
    __graph__ = expose("name", "class_", "memberships", "passport", "notes", "duties", names={"class_": "class"})
    __writes__ = writable(
        "name", "class_", "memberships", "passport", "notes", "duties", checks={"name": lambda value: value.strip()}
    )

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(String(10), unique=True)
    class_: Mapped[str | None] = mapped_column("class")
    memberships: Mapped[list["Membership"]] = relationship(back_populates="person", passive_deletes=True)
    passport: Mapped["Passport | None"] = relationship(back_populates="person")
    notes: Mapped[list["Note"]] = relationship(back_populates="owner")
    duties: Mapped[list["Duty"]] = relationship(back_populates="owner")


class Note(Club):
    """Something that may belong to nobody."""

    __tablename__ = "notes"
    __graph__ = expose("text", "owner")
    __writes__ = writable("text", "owner")

    id: Mapped[int] = identity()
    text: Mapped[str] = mapped_column(unique=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    owner: Mapped["Person | None"] = relationship(back_populates="notes")


class Duty(Club):
    """Something that somebody always has."""

    __tablename__ = "duties"
    __graph__ = expose("text", "owner")
    __writes__ = writable("text", "owner")

    id: Mapped[int] = identity()
    text: Mapped[str] = mapped_column(unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    owner: Mapped["Person"] = relationship(back_populates="duties")


class Passport(Club):
    """At most one a person."""

    __tablename__ = "passports"
    __table_args__ = (UniqueConstraint("number", "country"),)
    __graph__ = expose("number", "country", "person")
    __writes__ = writable("number", "country", "person")

    id: Mapped[int] = identity()
    number: Mapped[str] = mapped_column()
    country: Mapped[str] = mapped_column(server_default=text("'CH'"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), unique=True)
    person: Mapped[Person | None] = relationship(back_populates="passport")


class Team(Club):
    """A team, with a key that clients give."""

    __tablename__ = "teams"
    __graph__ = expose("code", "memberships")
    __writes__ = writable("code", "memberships", fixed=["code"])

    code: Mapped[str] = mapped_column(primary_key=True)
    memberships: Mapped[list["Membership"]] = relationship(back_populates="team", passive_deletes=True)


class Membership(Club):
    """An association with a column of its own."""

    __tablename__ = "memberships"
    __graph__ = expose("role", "person", "team")
    __writes__ = writable("role", "person", "team", fixed=["person", "team"])

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    team_code: Mapped[str] = mapped_column(ForeignKey("teams.code", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(server_default=text("'member'"))
    person: Mapped[Person] = relationship(back_populates="memberships")
    team: Mapped[Team] = relationship(back_populates="memberships")


SHOWN = expose("small", "price", "share", "flag", "day", "at", "span", "uuid", "color", "data", "words", "bytes_")
WRITTEN = writable(
    "small", "price", "share", "flag", "day", "at", "span", "uuid", "color", "data", "words", "bytes_",
    checks={"small": _even},
)  # fmt: skip


class SampleColumns:
    """A column of each type."""

    id: Mapped[int] = identity()
    small: Mapped[int] = mapped_column(SmallInteger)
    price: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    share: Mapped[float | None]
    flag: Mapped[bool | None]
    day: Mapped[date | None]
    at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    span: Mapped[timedelta | None]
    uuid: Mapped[UUID | None]
    color: Mapped[Color | None]
    data: Mapped[Any | None] = mapped_column(JSONB)
    words: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    bytes_: Mapped[bytes | None]


class Sample(SampleColumns, Club):
    """A value of each type."""

    __tablename__ = "samples"
    __table_args__ = (
        UniqueConstraint("small", "color"),
        CheckConstraint("small < 10 OR price > 100", name="dear_or_small"),
    )
    __graph__ = SHOWN
    __writes__ = WRITTEN


class Key(Club):
    """At most one a page, and never without one."""

    __tablename__ = "keys"
    __graph__ = expose("word", "page")
    __writes__ = writable("word", "page")

    id: Mapped[int] = identity()
    word: Mapped[str] = mapped_column(unique=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("pages.id"), unique=True)
    page: Mapped["Page"] = relationship(back_populates="key")


class Page(Club):
    """A row that counts its changes, and a code that two rows may share until they are committed."""

    __tablename__ = "pages"
    __table_args__ = (UniqueConstraint("code", deferrable=True, initially="DEFERRED"),)
    __graph__ = expose("text", "code", "share", "version", "key")
    __writes__ = writable("text", "code", "key")

    id: Mapped[int] = identity()
    text: Mapped[str]
    code: Mapped[str]
    share: Mapped[float] = mapped_column(server_default=text("0.1"))
    version: Mapped[int] = mapped_column()
    key: Mapped["Key | None"] = relationship(back_populates="page")
    __mapper_args__: ClassVar[dict[str, Any]] = {"version_id_col": version}
