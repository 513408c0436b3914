"""Models of several tenants: whose a row is says a claim of the caller."""

from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Integer, MetaData, Text, Uuid, any_, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from api.data.database import Database
from schema.models.access import Access, access, claim, scope, through, where
from schema.models.base import NAMING_CONVENTION, Exposure, Writable, expose, identity, writable
from schema.principal import Principal


class Depot(DeclarativeBase):
    """A base of its own."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text}
    __graph__: ClassVar[Exposure | None] = None
    __writes__: ClassVar[Writable | None] = None
    __access__: ClassVar[Access | None] = None


class Crate(Depot):
    """A thing of a tenant; its price is for who has its level, its seal for who holds it."""

    __tablename__ = "crates"
    __graph__ = expose("label", "price", "seal", "tenant_id", "parcels")
    __writes__ = writable("label", "price", "tenant_id", "parcels")
    __access__ = access(
        read=claim("tenant", "tenant_id") | scope("crates:all"),
        write=where("it is of the tenant", lambda crate, who: crate.tenant_id == who.claim("tenant", Integer)),
        columns={
            "price": where("its level", lambda crate, who: crate.level == any_(who.claim("levels", ARRAY(Text)))),
            "seal": claim("holder", "holder"),
        },
    )

    id: Mapped[int] = identity()
    label: Mapped[str] = mapped_column(unique=True)
    price: Mapped[int | None] = mapped_column(server_default="5")
    seal: Mapped[str | None] = mapped_column(server_default="wax")
    level: Mapped[str] = mapped_column(server_default="low")
    holder: Mapped[UUID | None] = mapped_column(Uuid)
    tenant_id: Mapped[int]

    parcels: Mapped[list["Parcel"]] = relationship(back_populates="crate", lazy="raise", passive_deletes=True)


class Parcel(Depot):
    """What is in a crate, for who sees it."""

    __tablename__ = "parcels"
    __graph__ = expose("name", "crate")
    __writes__ = writable("name", "crate")
    __access__ = access(read=through("crate"))

    id: Mapped[int] = identity()
    name: Mapped[str]
    crate_id: Mapped[int] = mapped_column(ForeignKey("crates.id", ondelete="CASCADE"))

    crate: Mapped["Crate"] = relationship(back_populates="parcels", lazy="raise")


HOLDER = "00000000-0000-0000-0000-0000000000aa"
CRATES = [
    {
        "label": f"c{key}",
        "tenant_id": 7 + key % 2,
        "level": ("low", "high")[key % 3 == 0],
        "holder": UUID(HOLDER) if key == 2 else None,
    }
    for key in range(1, 7)
]
"""Tenant 7 has 2, 4 and 6; tenant 8 has 1, 3 and 5."""


def of(**claims: Any) -> Principal:
    """Return a caller with claims, who is the same user whatever they are."""
    return Principal(frozenset({"read", "write"}), user_id=1, subject="ann", claims=claims)


async def fill(database: Database) -> None:
    """Make the tables and their rows."""
    async with database.writer.begin() as connection:
        await connection.run_sync(Depot.metadata.create_all)
        await connection.execute(insert(Crate), CRATES)
        parcels = [{"name": f"p{key}", "crate_id": key} for key in range(1, 7)]
        await connection.execute(insert(Parcel), parcels)
