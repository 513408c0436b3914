"""What a team says of values: functions, types that Pydantic knows, rules over several fields."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from api.data.address import to_asyncpg_url
from schema.build import build_graph_schema
from schema.errors import DefinitionError
from schema.models import expose, identity, writable
from schema.models.values import Email, Slug, Url
from tests.conftest import clone, drop
from tests.schema.mutations.conftest import Writes, refusals


class Shop(DeclarativeBase):
    """The declarative base."""


class OfferRules(BaseModel):
    """An offer: from less to more."""

    least: Annotated[int, Field(ge=1)]
    most: int
    note: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "OfferRules":
        if self.least > self.most:
            raise ValueError("`least` is at most `most`.")
        return self


def _together(row: Any) -> None:
    if row.get("site") is None and row.get("email") is None and "name" in row:
        raise ValueError("give a site or an e-mail address")


class Seller(Shop):
    """Somebody who sells."""

    __tablename__ = "sellers"
    __graph__ = expose("name", "email", "site", "slug")
    __writes__ = writable(
        "name",
        "email",
        "site",
        "slug",
        checks={"name": Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]},
        rules=_together,
    )

    id: Mapped[int] = identity()
    name: Mapped[str]
    email: Mapped[Email | None]
    site: Mapped[Url | None]
    slug: Mapped[Slug | None]


class Offer(Shop):
    """So many pieces."""

    __tablename__ = "offers"
    __graph__ = expose("least", "most", "note", names={"note": "remark"})
    __writes__ = writable("least", "most", "note", rules=OfferRules)

    id: Mapped[int] = identity()
    least: Mapped[int]
    most: Mapped[int]
    note: Mapped[str | None]


@pytest.fixture
async def shop(server_url: Callable[[str], str]) -> AsyncIterator[Writes]:
    """The graph of the models above over an empty database."""
    name = await clone(server_url, "template0")
    engine = create_async_engine(to_asyncpg_url(server_url(name)))
    async with engine.begin() as connection:
        await connection.run_sync(Shop.metadata.create_all)
    await engine.dispose()
    writes = Writes(build_graph_schema(Shop, own=[]), server_url(name))
    yield writes
    await writes.database.close()
    await drop(server_url, name)


async def test_values_as_they_are_written(shop: Writes) -> None:
    """A check may return another value than it was given."""
    given = {"name": " Ann ", "email": "Ann@Example.ORG", "site": "HTTP://Example.org", "slug": "a-1"}
    found = await shop("createSeller", given, "seller { name email site slug }")
    assert found["seller"] == {
        "name": "Ann",
        "email": "Ann@example.org",
        "site": "http://example.org/",
        "slug": "a-1",
    }


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", " A ", "`name`: String should have at least 2 characters."),
        ("email", "ann", "`email`: value is not a valid email address: An email address must have an @-sign."),
        ("email", "", "`email`: value is not a valid email address: An email address must have an @-sign."),
        ("email", 'a"<script>@x', "`email`: value is not a valid email address: "),
        ("site", "example.org", "`site`: Input should be a valid URL, relative URL without a base."),
        ("site", "javascript:alert(1)", "`site`: URL scheme should be 'http' or 'https'."),
        ("slug", "A b", "`slug`: takes lower-case letters, digits and single hyphens between them, such as"),
        ("slug", "a\n", "`slug`: takes lower-case letters, digits and single hyphens between them, such as"),
    ],
)
async def test_values_that_are_refused(shop: Writes, field: str, value: str, told: str) -> None:
    """The message says what is accepted, at the place of the value."""
    given = {"name": "Ann", "email": "a@example.org"} | {field: value}
    found = await shop("createSeller", given, "__typename")
    (error,) = found["errors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", field])
    assert error["message"].startswith(told)
    assert await shop.rows("SELECT 1 FROM sellers") == []


async def test_a_function_of_a_row(shop: Writes) -> None:
    """It sees what is given; what it says is told of the row."""
    found = await shop(
        "createSellers", {"sellers": [{"name": "Ann", "site": "http://a.org"}, {"name": "Bob"}]}, "__typename"
    )
    assert found["errors"] == [
        {"code": "INVALID", "path": ["input", "sellers", 1], "message": "Give a site or an e-mail address."}
    ]
    await shop("createSeller", {"name": "Ann", "site": "http://a.org"}, "__typename")
    update = {"filter": {}, "atMost": 1, "set": {"email": None}}
    assert (await shop("updateSellers", update, "affectedCount"))["affectedCount"] == 1


async def test_a_pydantic_model_of_a_row(shop: Writes) -> None:
    """All that it finds is told at the fields; what is not given of a row that changes is no fault."""

    async def refused(mutation: str, given: Any) -> list[Any]:
        return [path for _, _, path in await refusals(shop, mutation, given)]

    assert await refused("createOffer", {"least": 0, "most": 5}) == [["input", "least"]]
    assert await refused("createOffer", {"least": 6, "most": 5}) == [["input"]]
    assert (await shop("createOffer", {"least": 1, "most": 5}, "offer { id }"))["__typename"] == "CreateOfferPayload"
    (row,) = (await shop("updateOffers", {"filter": {}, "atMost": 1, "set": {"most": 7}}, "offers { id most }"))[
        "offers"
    ]
    assert row["most"] == 7
    assert await refused("updateOffer", {"id": row["id"], "least": 0}) == [["input", "least"]]
    assert await refused("updateOffer", {"id": row["id"], "least": 9, "most": 8}) == [["input"]]
    assert (await shop("updateOffer", {"id": row["id"], "remark": "x"}, "offer { remark }"))["offer"] == {"remark": "x"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"checks": {"name": 5}}, "Thing.name: 5 is neither a function nor a type that Pydantic knows"),
        ({"rules": 5}, "takes a Pydantic model or a function, not 5"),
    ],
)
def test_definitions(said: dict[str, Any], told: str) -> None:
    """What is no check is said at start."""

    class Other(DeclarativeBase):
        pass

    class Thing(Other):
        __tablename__ = "things"
        __graph__ = expose("name")
        __writes__ = writable("name", **said)
        id: Mapped[int] = identity()
        name: Mapped[str] = mapped_column()

    with pytest.raises(DefinitionError, match=told):
        build_graph_schema(Other, own=[])
