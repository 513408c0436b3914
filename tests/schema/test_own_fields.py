"""Fields, types and root fields of a team's own, in plain Strawberry, beside what is generated."""

import re
from typing import Annotated, Any, ClassVar

import pytest
import strawberry
from graphql import parse
from sqlalchemy import ForeignKey, MetaData, Text, func, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship
from strawberry.types import Info

from api.data.database import Database
from api.settings import Settings
from schema.build import build_graph_schema
from schema.context import Context
from schema.errors import BadInputError, DefinitionError, PublicError
from schema.fields import extends, extends_query, reads
from schema.models.base import SECRET, Exposure, expose
from schema.models.post import Post
from schema.models.user import User
from schema.opaque import encode
from tests.conftest import clone, drop
from tests.schema.both import both
from tests.schema.conftest import READER, Asker

POST = encode("Post:1")


def with_fields(ask: Asker, *own: type[Any]) -> Asker:
    """Return the default graph with other fields of one's own, over the same content."""
    return Asker(build_graph_schema(own=own), ask.database)


async def test_values_computed_in_sql(ask: Asker) -> None:
    """A hybrid and a column property are values like any other: read with the row, in its statement."""
    below = "draft publishedAt isPublished comments(first: 3) { nodes { isReply parent { id } } }"
    answer = await both(ask, f"{{ posts(first: 60) {{ nodes {{ {below} }} }} }}")
    assert answer.errors == []
    posts = answer.data["posts"]["nodes"]
    assert {post["isPublished"] for post in posts} == {True, False}
    for post in posts:
        assert post["isPublished"] is (not post["draft"] and post["publishedAt"] is not None)
        for comment in post["comments"]["nodes"]:
            assert comment["isReply"] is (comment["parent"] is not None)


async def test_values_computed_in_python(ask: Asker) -> None:
    """A field that names what it reads has it, whatever else is selected; its arguments are checked by itself."""
    answer = await ask(
        f'{{ post(id: "{POST}") {{ excerpt(length: 30) short: excerpt(length: 1) readingMinutes body }} }}'
    )
    assert (answer.errors, answer.statements) == ([], 1)
    post = answer.data["post"]
    assert post["readingMinutes"] == max(1, -(-len(post["body"].split()) // 230))
    assert len(post["excerpt"]) <= 30
    assert post["excerpt"].endswith("…")
    assert post["short"] == "…"
    for length in (0, -1, 10_001):
        answer = await ask(f'{{ post(id: "{POST}") {{ excerpt(length: {length}) }} }}')
        assert answer.errors == [f"Argument `length` takes a whole number from 1 to 10000; {length} was given."]
        assert answer.paths == [["post", "excerpt"]]


async def test_a_type_of_its_own(ask: Asker) -> None:
    """A type that no table has, under a root field that reads through a session."""
    answer = await ask("{ siteStatistics { __typename users publishedPosts drafts comments } }")
    assert answer.errors == []
    counts = {"users": 40, "publishedPosts": 360, "drafts": 40, "comments": 2000}
    assert answer.data == {"siteStatistics": {"__typename": "SiteStatistics", **counts}}


async def test_model_objects_go_on_through_loaders(ask: Asker) -> None:
    """Below rows that a resolver of one's own returned all is as elsewhere: values, relations, lists, own fields."""
    comments = "comments(first: 2) { totalCount nodes { body author { name } } }"
    fields = f"id title isPublished readingMinutes publishedAt author {{ name }} tags {{ nodes {{ slug }} }} {comments}"
    answer = await ask(f"{{ featuredPosts(count: 7) {{ __typename {fields} }} }}")
    assert (answer.errors, answer.statements) == ([], 4)  # and one by the resolver itself, through a session
    ids = [post["id"] for post in answer.data["featuredPosts"]]
    assert len(set(ids)) == 7
    same = await ask(f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename ... on Post {{ {fields} }} }} }}", ids=ids)
    assert same.data["nodes"] == answer.data["featuredPosts"]


async def test_both_roots_side_by_side(ask: Asker) -> None:
    """Two resolvers that open sessions, and generated fields, run in one operation without sharing anything."""
    answer = await ask(
        "{ a: featuredPosts(count: 1) { id } b: featuredPosts(count: 2) { id } siteStatistics { users } "
        "users(first: 1) { totalCount } }"
    )
    assert answer.errors == []
    assert (len(answer.data["a"]), len(answer.data["b"]), answer.data["users"]["totalCount"]) == (1, 2, 40)


@extends(Post)
class Undeclared:
    """Reads what it did not name."""

    @strawberry.field
    def loud(self: Post) -> str | None:
        """Return the title in capitals."""
        return self.title.upper()

    @strawberry.field(metadata=reads("title"))
    def quiet(self: Post) -> str:
        """Return the title in small letters."""
        return self.title.lower()


async def test_reading_what_was_not_declared_is_an_error_not_data(ask: Asker) -> None:
    """It fails as a mistake of the program does, with words for the log that say what to write."""
    own = with_fields(ask, Undeclared)
    document = f'{{ post(id: "{POST}") {{ loud }} }}'
    answer = await own(document)
    assert answer.data == {"post": {"loud": None}}
    assert answer.errors == [
        "Post.title was not fetched for this field. A field of your own names the attributes that it reads: "
        '@strawberry.field(metadata=reads("title")).'
    ]
    # By chance it is there where something else selects it.
    answer = await own(f'{{ post(id: "{POST}") {{ loud title quiet }} }}')
    assert answer.errors == []
    assert answer.data["post"]["loud"] == answer.data["post"]["title"].upper()
    assert answer.data["post"]["quiet"] == answer.data["post"]["title"].lower()


async def test_such_an_error_is_ours_to_hide(ask: Asker) -> None:
    """The exception is not public, so that a client reads INTERNAL and the log the rest."""
    own = with_fields(ask, Undeclared)
    context = Context(READER, ask.database, own.schema.new_loaders(ask, READER), "test")
    result = await own.schema.execute(
        parse(f'{{ post(id: "{POST}") {{ loud }} }}'), operation_name=None, variables={}, context=context
    )
    (error,) = result.errors or []
    assert isinstance(error.original_error, AttributeError)
    assert not isinstance(error.original_error, PublicError)


@strawberry.type(description="How many posts a user has of each state.")
class Tally:
    """A type with a model inside."""

    published: int = strawberry.field(description="Published ones.")
    newest: Post | None = strawberry.field(description="The newest one.")


@extends(User)
class UserFields:
    """Fields of several kinds."""

    @strawberry.field(description="The name with the address.", metadata=reads("name", "email"))
    def label(self: User, upper: bool = False) -> str:
        """Return both."""
        text = f"{self.name} <{self.email}>"
        return text.upper() if upper else text

    @strawberry.field(description="Counts.", metadata=reads("id"))
    async def tally(self: User, info: Info[Context, None]) -> Tally:
        """Read through a session of its own."""
        async with info.context.database.read() as session:
            count = await session.scalar(select(func.count()).where(Post.author_id == self.id, Post.is_published))
            newest = await session.scalar(
                select(Post).where(Post.author_id == self.id).order_by(Post.id.desc()).limit(1)
            )
        return Tally(published=count or 0, newest=newest)

    @strawberry.field(description="A friend.", metadata=reads("id"), name="closest")
    async def _closest(self: User, info: Info[Context, None]) -> User | None:
        """Return another row of the same model."""
        async with info.context.database.read() as session:
            return await session.get(User, self.id + 1)


@extends_query
class Roots:
    """Root fields."""

    @strawberry.field(description="Two lists in one.")
    async def everything(
        self, info: Info[Context, None], most: int = 2
    ) -> list[Annotated[User | Post, strawberry.union("Thing")]]:
        """Return rows of two models."""
        async with info.context.database.read() as session:
            users = await session.scalars(select(User).order_by(User.id).limit(most))
            posts = await session.scalars(select(Post).order_by(Post.id).limit(most))
            return [*users, *posts]


async def test_fields_with_sessions_types_and_other_rows(ask: Asker) -> None:
    """Own fields may await, return types of one's own with rows in them, and rows of any model; names are free."""
    own = with_fields(ask, UserFields)
    answer = await own(
        "{ users(first: 2) { nodes { name email label loud: label(upper: true) closest { label posts { totalCount } } "
        "tally { published newest { title author { name } } } } } }"
    )
    assert answer.errors == []
    for user in answer.data["users"]["nodes"]:
        assert user["label"] == f"{user['name']} <{user['email']}>"
        assert user["loud"] == user["label"].upper()
        assert user["tally"]["newest"]["author"]["name"] == user["name"]
        assert user["closest"]["posts"]["totalCount"] >= 0
        assert user["closest"]["label"] != user["label"]


async def test_unions_of_models(ask: Asker) -> None:
    """A union of one's own finds the types of the rows of both models."""
    own = with_fields(ask, Roots)
    answer = await own("{ everything { __typename ... on User { name } ... on Post { title author { name } } } }")
    assert answer.errors == []
    assert [thing["__typename"] for thing in answer.data["everything"]] == ["User", "User", "Post", "Post"]
    assert answer.data["everything"][2]["author"]["name"]


def extension(model: type[Any] | None = None, **fields: Any) -> type[Any]:
    """Return a class of own fields."""
    class_ = type("Own", (), fields)
    return extends_query(class_) if model is None else extends(model)(class_)


def simple(**options: Any) -> Any:
    """Return a field that gives a text."""

    def resolve() -> str:
        return ""

    return strawberry.field(resolver=resolve, **options)


@strawberry.type(name="PostFilter")
class Clashing:
    """A type with the name of a generated one."""

    text: str


def clashing_type() -> Any:
    """Return a field whose type clashes."""

    def resolve() -> Clashing:
        raise NotImplementedError

    return strawberry.field(resolver=resolve)


class Hidden(DeclarativeBase):
    """A base without anything to show."""


READABLE = (
    "which no row of Post has; it has: author_id, body, category_id, description, draft, id, is_published, "
    "published_at, search, slug, title, view_count"
)
REFUSED: list[tuple[list[type[Any]], str]] = [
    ([extension(Hidden, x=simple())], "Own extends Hidden, which has no __graph__."),
    ([extension(Post, title=simple())], "Own: there is a field 'title' already; give this one another name."),
    ([extension(Post, id=simple())], "Own: there is a field 'id' already; give this one another name."),
    ([extension(Post, x=simple(name="draft"))], "Own: there is a field 'draft' already; give this one another name."),
    ([extension(Post, comments=simple())], "Own: there is a field 'comments' already; give this one another name."),
    ([extension(Post, x=simple())] * 2, "Own: there is a field 'x' already; give this one another name."),
    ([extension(Post, a_b=simple(), aB=simple())], "Own: there is a field 'aB' already; give this one another name."),
    ([extension(None, node=simple())], "Own: there is a field 'node' already; give this one another name."),
    ([extension(None, posts=simple())], "Own: there is a field 'posts' already; give this one another name."),
    ([extension(None, tag_by_slug=simple())], "Own: there is a field 'tagBySlug' already; give this one another name."),
    ([extension(Post, x=simple(metadata=reads("nmae")))], f"Own.x reads 'nmae', {READABLE}."),
    ([extension(Post, x=simple(metadata=reads("author")))], f"Own.x reads 'author', {READABLE}."),
    ([extension(Post, x=simple(metadata=reads("metadata")))], f"Own.x reads 'metadata', {READABLE}."),
]  # fmt: skip


@pytest.mark.parametrize(("own", "message"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_refusals(own: list[type[Any]], message: str) -> None:
    """A field that hides another, or reads what no row has, stops the start."""
    with pytest.raises(DefinitionError, match=f"^{re.escape(message)}$"):
        build_graph_schema(own=own)


def test_a_type_with_the_name_of_a_generated_one() -> None:
    """It stops the start, too."""
    with pytest.raises(DefinitionError, match=r"^Two types have one name, of the graph or of your own. .*PostFilter"):
        build_graph_schema(own=[extension(None, x=clashing_type())])


def test_names_that_python_shares_with_generated_fields() -> None:
    """The Python name of an own field is its own affair, where its GraphQL name is free."""
    schema = build_graph_schema(own=[extension(Post, id=simple(name="other"), title=simple(name="heading"))])
    fields = schema.core.type_map["Post"].fields  # type: ignore[attr-defined]
    assert {"id", "other", "title", "heading"} <= fields.keys()


class Shop(DeclarativeBase):
    """A base for values that are computed in other ways."""

    metadata = MetaData()
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text}
    __graph__: ClassVar[Exposure | None] = None


class Item(Shop):
    """Something in a basket."""

    __tablename__ = "items"
    __graph__ = expose("price", "basket")

    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[int]
    basket_id: Mapped[int] = mapped_column(ForeignKey("baskets.id"))
    basket: Mapped["Basket"] = relationship(back_populates="items", lazy="raise")


class Basket(Shop):
    """Things together, with their sum computed in SQL."""

    __tablename__ = "baskets"
    __graph__ = expose("total", "is_rich", "items")

    id: Mapped[int] = mapped_column(primary_key=True)
    secret: Mapped[str] = mapped_column(info=SECRET)
    items: Mapped[list[Item]] = relationship(back_populates="basket", lazy="raise")
    total: Mapped[int | None] = column_property(
        select(func.sum(Item.price))
        .where(Item.basket_id == id)  # noqa: A003 - the column above
        .correlate_except(Item)
        .scalar_subquery(),
        deferred=True,
    )

    @hybrid_property
    def is_rich(self) -> bool:
        """True from a total of 100 on."""
        return (self.total or 0) >= 100

    @is_rich.inplace.expression
    @classmethod
    def _is_rich(cls) -> Any:
        return func.coalesce(cls.total, 0) >= 100


@extends(Basket)
class BasketFields:
    """Reads a secret on purpose, and shows what it makes of it."""

    @strawberry.field(metadata=reads("secret", "total"))
    def hint(self: Basket) -> str:
        """Return the first letter."""
        return f"{self.secret[0]}… {self.total}"


async def test_subqueries_as_values(server_url: Any) -> None:
    """A column property over another table is computed for each row, and a hybrid over it; own fields may read both."""
    name = await clone(server_url, "template0")
    database = Database(server_url(name), Settings(database_url=server_url(name)))
    try:
        async with database.writer.begin() as connection:
            await connection.run_sync(Shop.metadata.create_all)
        async with database.write() as session:
            session.add_all([Basket(id=1, secret="abc"), Basket(id=2, secret="xyz")])  # noqa: S106 - no password
            await session.flush()
            session.add_all(Item(basket_id=1, price=price) for price in (70, 50))
        ask = Asker(build_graph_schema(Shop, own=[BasketFields]), database)
        answer = await both(
            ask, "{ baskets { nodes { total isRich } } items { nodes { basket { total items { totalCount } } } } }"
        )
        assert answer.errors == []
        assert answer.data["baskets"]["nodes"] == [{"total": 120, "isRich": True}, {"total": None, "isRich": False}]
        assert answer.data["items"]["nodes"] == [{"basket": {"total": 120, "items": {"totalCount": 2}}}] * 2
        answer = await ask("{ baskets { nodes { hint } } }")
        assert (answer.errors, answer.statements) == ([], 1)
        assert answer.data["baskets"]["nodes"] == [{"hint": "a… 120"}, {"hint": "x… None"}]
        assert "secret" not in ask.schema.print()
    finally:
        await database.close()
        await drop(server_url, name)


async def test_an_own_refusal_is_public(ask: Asker) -> None:
    """What an own field raises as a public error reaches the client as it is."""

    def resolve() -> str:
        raise BadInputError("Argument `x` takes nothing.")

    own = with_fields(ask, extension(None, refuse=strawberry.field(resolver=resolve)))
    answer = await own("{ refuse }")
    assert (answer.data, answer.errors, answer.paths) == (None, ["Argument `x` takes nothing."], [["refuse"]])
