"""Models for the tests of the query language: every kind of value, nullable and not, and every kind of relation."""

import enum
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship

from schema.models.base import NAMING_CONVENTION, CustomFilter, CustomOrder, Exposure, expose


class Mood(enum.Enum):
    """How a box is kept; declared in another order than that of the alphabet."""

    OPEN = "open"
    SHUT = "firmly shut"
    BROKEN = "broken"


PLAIN = Text(collation="C")
"""Text that sorts as Python sorts it."""

MOOD = Enum(Mood, name="mood", values_callable=lambda moods: [mood.value for mood in moods])


class Shop(DeclarativeBase):
    """A base of its own."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: PLAIN}
    __graph__: ClassVar[Exposure | None] = None


box_marks = Table(
    "box_marks",
    Shop.metadata,
    Column("box_id", ForeignKey("boxes.id"), primary_key=True),
    Column("mark_code", ForeignKey("marks.code"), primary_key=True),
)

item_marks = Table(
    "item_marks",  # without a key: the same pair may stand in it twice
    Shop.metadata,
    Column("item_id", ForeignKey("items.id"), nullable=False),
    Column("mark_code", ForeignKey("marks.code"), nullable=False),
)

SCALARS = (
    "text", "maybe_text", "code", "small", "maybe_integer", "big", "maybe_big", "numeric", "maybe_numeric", "double",
    "maybe_double", "flag", "maybe_flag", "day", "maybe_day", "maybe_clock", "moment", "maybe_moment", "maybe_local",
    "span", "maybe_span", "uuid", "maybe_uuid", "mood", "maybe_mood", "document", "maybe_document", "words",
    "maybe_words", "maybe_numbers", "raw", "maybe_raw", "doubled",
)  # fmt: skip
"""The values of a box."""


def _shares_a_letter(box: Any, letter: ColumnElement[str]) -> ColumnElement[bool]:
    return func.strpos(box.text, letter) > 0


def _length(box: Any) -> ColumnElement[int]:
    return func.nullif(func.length(box.maybe_text), 0)


class Box(Shop):
    """A box: every kind of value, and a box that it may stand in."""

    __tablename__ = "boxes"
    __graph__ = expose(
        *SCALARS, "outer", "inner", "items", "marks", "label",
        filters={"hasLetter": CustomFilter(Text(), _shares_a_letter, "Has this letter in its text.")},
        orders={"length": CustomOrder(Integer(), _length, "The shortest text first, an empty one being none.")},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    maybe_text: Mapped[str | None]
    code: Mapped[str] = mapped_column(String(4, collation="C"))
    small: Mapped[int] = mapped_column(SmallInteger)
    maybe_integer: Mapped[int | None] = mapped_column(Integer)
    big: Mapped[int] = mapped_column(BigInteger)
    maybe_big: Mapped[int | None] = mapped_column(BigInteger)
    numeric: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    maybe_numeric: Mapped[Decimal | None] = mapped_column(Numeric)
    double: Mapped[float] = mapped_column(Double)
    maybe_double: Mapped[float | None] = mapped_column(Double)
    flag: Mapped[bool]
    maybe_flag: Mapped[bool | None]
    day: Mapped[date]
    maybe_day: Mapped[date | None]
    maybe_clock: Mapped[time | None]
    moment: Mapped[datetime]
    maybe_moment: Mapped[datetime | None]
    maybe_local: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    span: Mapped[timedelta] = mapped_column(Interval)
    maybe_span: Mapped[timedelta | None] = mapped_column(Interval)
    uuid: Mapped[UUID] = mapped_column(Uuid)
    maybe_uuid: Mapped[UUID | None] = mapped_column(Uuid)
    mood: Mapped[Mood] = mapped_column(MOOD)
    maybe_mood: Mapped[Mood | None] = mapped_column(MOOD)
    document: Mapped[Any] = mapped_column(JSONB)
    maybe_document: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    words: Mapped[list[str]] = mapped_column(ARRAY(PLAIN))
    maybe_words: Mapped[list[str] | None] = mapped_column(ARRAY(String(4)))
    maybe_numbers: Mapped[list[int | None] | None] = mapped_column(ARRAY(Integer))
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    maybe_raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    outer_id: Mapped[int | None] = mapped_column(ForeignKey("boxes.id"), index=True)

    doubled: Mapped[int] = column_property(small * 2)

    outer: Mapped["Box | None"] = relationship(back_populates="inner", remote_side="Box.id", lazy="raise")
    inner: Mapped[list["Box"]] = relationship(back_populates="outer", lazy="raise")
    items: Mapped[list["Item"]] = relationship(back_populates="box", lazy="raise")
    marks: Mapped[list["Mark"]] = relationship(secondary=box_marks, back_populates="boxes", lazy="raise")
    label: Mapped["Label | None"] = relationship(back_populates="box", uselist=False, lazy="raise")


class Item(Shop):
    """Something that may lie in a box."""

    __tablename__ = "items"
    __graph__ = expose("name", "size", "price", "weight", "at", "box", "marks")

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    size: Mapped[int | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    weight: Mapped[float | None] = mapped_column(Double)
    at: Mapped[datetime | None]
    box_id: Mapped[int | None] = mapped_column(ForeignKey("boxes.id"), index=True)

    box: Mapped[Box | None] = relationship(back_populates="items", lazy="raise")
    marks: Mapped[list["Mark"]] = relationship(secondary=item_marks, back_populates="items", lazy="raise")


class Mark(Shop):
    """A word that boxes and items bear; its key is text."""

    __tablename__ = "marks"
    __graph__ = expose("rank", "boxes", "items")

    code: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int | None]
    boxes: Mapped[list[Box]] = relationship(secondary=box_marks, back_populates="marks", lazy="raise")
    items: Mapped[list[Item]] = relationship(secondary=item_marks, back_populates="marks", lazy="raise")


class Label(Shop):
    """What is stuck on a box, one at most; seen from the box, a to-one relation that the box holds no key of."""

    __tablename__ = "labels"
    __graph__ = expose("colour", "box")

    box_id: Mapped[int] = mapped_column(ForeignKey("boxes.id"), primary_key=True)
    colour: Mapped[str | None]
    box: Mapped[Box] = relationship(back_populates="label", lazy="raise")
