"""What a model says of the lists of its rows: what they cannot be asked, its own filters and orders, sizes, search."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType
from sqlalchemy import ColumnElement, DateTime, ForeignKey, Index, Integer, MetaData, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from api.data.database import Database
from api.settings import Settings
from schema.build import GraphSchema, build_graph_schema
from schema.errors import DefinitionError
from schema.models import Base
from schema.models.base import NAMING_CONVENTION, CustomFilter, CustomOrder, expose, search_vector
from schema.query.page import Limits
from tests.conftest import clone, drop
from tests.schema.conftest import Asker
from tests.schema.query.models import Shop


class Library(DeclarativeBase):
    """A base of its own."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text}  # noqa: RUF012 - as SQLAlchemy wants it


def _longer_than(book: Any, pages: ColumnElement[int]) -> ColumnElement[bool]:
    return book.pages > pages


def _initial(book: Any) -> ColumnElement[str]:
    return func.left(book.title, 1)


class Book(Library):
    """Every option at once."""

    __tablename__ = "books"
    __table_args__ = (Index(None, "words", postgresql_using="gin"),)
    __graph__ = expose(
        "title", "blurb", "pages", "secret_rank", "shelf",
        no_filter=["secret_rank", "shelf"], no_order=["blurb", "shelf"],
        search="words", search_language="simple",
        order=["-pages", "title"], page_size=2, largest_page=3,
        filters={"isLongerThan": CustomFilter(Integer(), _longer_than, "Has more pages.")},
        orders={"initial": CustomOrder(Text(), _initial, "By the first letter.")},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    blurb: Mapped[str | None]
    pages: Mapped[int | None]
    secret_rank: Mapped[int]
    words: Mapped[str] = search_vector("title", "blurb", language="simple")
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    shelf: Mapped["Shelf"] = relationship(back_populates="books", lazy="raise")


class Shelf(Library):
    """Newest first."""

    __tablename__ = "shelves"
    __graph__ = expose("name", "books", order=["-id"])

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list[Book]] = relationship(back_populates="shelf", lazy="raise")


BOOKS = [
    ("Tides", "The moon and the sea", 300, 1, 1),
    ("Amber", None, None, 2, 1),
    ("Sand", "Deserts, mostly", 300, 3, 2),
    ("Salt", "From the sea", 120, 4, 2),
    ("Ash", None, 120, 5, 2),
]


@pytest.fixture(scope="session")
async def library(server_url: Callable[[str], str]) -> AsyncIterator[Asker]:
    """Five books on two shelves."""
    name = await clone(server_url, "template0")
    database = Database(server_url(name), Settings(database_url=server_url(name)))
    async with database.writer.begin() as connection:
        await connection.run_sync(Library.metadata.create_all)
    async with database.write() as session:
        session.add_all([Shelf(name="north"), Shelf(name="south")])
        await session.flush()
        session.add_all(
            Book(title=title, blurb=blurb, pages=pages, secret_rank=rank, shelf_id=shelf)
            for title, blurb, pages, rank, shelf in BOOKS
        )
    yield Asker(build_graph_schema(Library, own=()), database)
    await database.close()
    await drop(server_url, name)


def inputs(schema: GraphSchema, name: str) -> list[str]:
    """Return the fields of an input type."""
    type_ = schema.core.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)
    return list(type_.fields)


def test_what_is_taken_out_is_not_there(library: Asker) -> None:
    """A column or relation without filter or order has no field in any input."""
    assert inputs(library.schema, "BookFilter") == [
        "and", "or", "not", "id", "search", "isLongerThan", "title", "blurb", "pages",
    ]  # fmt: skip
    assert inputs(library.schema, "BookOrder") == ["id", "initial", "title", "pages", "secretRank"]
    assert inputs(library.schema, "BookAggregateFilter") == [
        "filter", "count", "sum", "avg", "stddev", "variance", "min", "max",
    ]  # fmt: skip
    assert inputs(library.schema, "BookSumFilter") == ["pages"]
    assert inputs(library.schema, "BookValuesOrder") == ["title", "pages", "secretRank"]
    assert inputs(library.schema, "BookGroupKeyOrder") == ["title", "pages", "secretRank"]


async def test_default_order_and_page(library: Asker) -> None:
    """Where nothing is asked a list has the model's order and page, its nulls as PostgreSQL places them."""
    answer = await library("{ books { nodes { title } pageInfo { hasNextPage endCursor } } }")
    assert [node["title"] for node in answer.data["books"]["nodes"]] == ["Amber", "Sand"]
    cursor = answer.data["books"]["pageInfo"]["endCursor"]
    answer = await library(f'{{ books(first: 3, after: "{cursor}") {{ nodes {{ title }} }} }}')
    assert [node["title"] for node in answer.data["books"]["nodes"]] == ["Tides", "Ash", "Salt"]


async def test_largest_page(library: Asker) -> None:
    """More than the model's largest page is refused, below a parent too."""
    message = "Argument `first` takes a whole number from 0 to 3; 4 was given."
    answer = await library("{ books(first: 4) { nodes { title } } }")
    assert (answer.errors, answer.statements) == ([message], 0)
    answer = await library("{ shelves { nodes { books(first: 4) { nodes { title } } } } }")
    assert set(answer.errors) == {message}


def test_the_largest_page_of_all_bounds_the_default() -> None:
    """The default of a type is never more than the largest page."""
    graph = build_graph_schema(Library, own=()).graph
    limits = Limits(default_page_size=20, largest_page_size=1000)
    assert limits.for_type(graph.types["Book"]) == Limits(2, 3)
    assert limits.for_type(graph.types["Shelf"]) == limits


async def test_newest_first(library: Asker) -> None:
    """The order may be that of the key, backwards."""
    answer = await library("{ shelves { nodes { name books { totalCount } } } }")
    assert answer.data["shelves"]["nodes"] == [
        {"name": "south", "books": {"totalCount": 3}},
        {"name": "north", "books": {"totalCount": 2}},
    ]


async def test_own_filter_and_order(library: Asker) -> None:
    """The model's own filter and order work like any other, nested, denied and paged."""
    query = (
        "{ books(filter: {not: {isLongerThan: 200}}, orderBy: [{initial: DESC}, {title: ASC}]) { nodes { title } } }"
    )
    answer = await library(query)
    assert [node["title"] for node in answer.data["books"]["nodes"]] == ["Salt", "Amber"]
    answer = await library("{ shelves(filter: {books: {some: {isLongerThan: 299}}}) { totalCount } }")
    assert answer.data == {"shelves": {"totalCount": 2}}
    answer = await library("{ books(filter: {isLongerThan: null}) { totalCount } }")
    assert answer.errors == ["`filter.isLongerThan` is null. Leave it out to ask for nothing there."]


@pytest.mark.parametrize(
    ("words", "found"),
    [("sea", ["Salt", "Tides"]), ('"the sea"', ["Salt", "Tides"]), ("sea -moon", ["Salt"]),
     ("salt or sand", ["Salt", "Sand"]), ("SEA moon", ["Tides"]), ("seas", []), ("", []), ("the", ["Salt", "Tides"])],
)  # fmt: skip
async def test_search(library: Asker, words: str, found: list[str]) -> None:
    """A search takes what is typed into web search, in the model's language."""
    query = "query($w: String!) { books(first: 3, filter: {search: $w}, orderBy: [{title: ASC}]) { nodes { title } } }"
    answer = await library(query, w=words)
    assert (answer.errors, answer.statements) == ([], 1)
    assert [node["title"] for node in answer.data["books"]["nodes"]] == found


async def test_search_in_the_default_graph(ask: Asker) -> None:
    """Posts are searched in title, description and body, by stem."""
    answer = await ask('{ posts(first: 1000, filter: {search: "rose"}) { nodes { title description body } } }')
    found = [" ".join(filter(None, node.values())) for node in answer.data["posts"]["nodes"]]
    answer = await ask("{ posts(first: 1000) { nodes { title description body } } }")
    every = [" ".join(filter(None, node.values())) for node in answer.data["posts"]["nodes"]]
    assert found == [text for text in every if re.search(r"\broses?\b", text, re.IGNORECASE)]
    assert len(found) > 5


def broken(**options: Any) -> type[DeclarativeBase]:
    """Return a base with one model, shown with some options."""

    class Broken(DeclarativeBase):
        type_annotation_map = {str: Text}  # noqa: RUF012 - as SQLAlchemy wants it

    class Thing(Broken):
        __tablename__ = "things"
        __graph__ = expose("name", "size", "tags_count", **options)
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        size: Mapped[int]
        tags_count: Mapped[int]

    return Broken


MINE = CustomFilter(Text(), lambda thing, text: thing.name == text, "Mine.")
BROKEN = [
    ({"no_filter": ["nam"]}, "Model Thing: expose() says something of 'nam', which it does not show."),
    ({"no_order": ["id"]}, "Model Thing: expose() says something of 'id', which it does not show."),
    ({"order": ["-nam"]},
     "Model Thing: expose(order=...) names 'nam', which lists cannot be ordered by; they can be by: id, name, size, "
     "tags_count."),
    ({"order": ["name"], "no_order": ["name"]},
     "Model Thing: expose(order=...) names 'name', which lists cannot be ordered by; they can be by: id, size, "
     "tags_count."),
    ({"search": "name"},
     "Model Thing: expose(search='name') names no `tsvector`; make one with search_vector()."),
    ({"search": "words"},
     "Model Thing: expose(search='words') names no `tsvector`; make one with search_vector()."),
    ({"page_size": 0}, "Model Thing: expose(page_size=0) must be 1 or more."),
    ({"largest_page": -1}, "Model Thing: expose(largest_page=-1) must be 1 or more."),
    ({"page_size": 9, "largest_page": 3}, "Model Thing: expose(page_size=9) is more than its largest_page, 3."),
    ({"filters": {"is mine": MINE}},
     "A filter or order of Thing would be called 'is mine' in GraphQL, which takes letters, digits and underscores, "
     "does not begin with a digit and keeps names with two leading underscores. Give another name in expose()."),
    ({"filters": {"name": MINE}},
     "ThingFilter would have two fields called 'name'; give the attribute, filter or order of that name another one in "
     "expose()."),
    ({"filters": {"and": MINE}},
     "ThingFilter would have two fields called 'and'; give the attribute, filter or order of that name another one in "
     "expose()."),
    ({"orders": {"id": CustomOrder(Text(), lambda thing: thing.name, "By name.")}},
     "ThingOrder would have two fields called 'id'; give the attribute, filter or order of that name another one in "
     "expose()."),
    ({"names": {"size": "not"}},
     "ThingFilter would have two fields called 'not'; give the attribute, filter or order of that name another one in "
     "expose()."),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), BROKEN, ids=[str(number) for number in range(len(BROKEN))])
def test_what_cannot_be_served_stops_the_start(options: dict[str, Any], message: str) -> None:
    """A model that says what cannot be served is named, with what would be accepted."""
    with pytest.raises(DefinitionError) as refusal:
        build_graph_schema(broken(**options), own=())
    assert str(refusal.value) == message


@pytest.mark.parametrize("base", [Base, Shop, Library], ids=lambda base: base.__name__)
def test_every_input_field_has_an_example(base: type[DeclarativeBase]) -> None:
    """Each field of a filter or an order says what it does and shows how it is written."""
    schema = build_graph_schema(base, own=())
    bare = [
        f"{type_.name}.{name}"
        for type_ in schema.core.type_map.values()
        if isinstance(type_, GraphQLInputObjectType) and type_.name.endswith(("Filter", "Order"))
        for name, field in type_.fields.items()
        if not field.description or "`" not in field.description or f"{name}: " not in field.description
    ]
    assert bare == []


def test_every_type_is_described() -> None:
    """Each input type, and each enum, says what it is."""
    types = build_graph_schema().core.type_map.values()
    kinds = (GraphQLInputObjectType, GraphQLEnumType)
    assert [type_.name for type_ in types if isinstance(type_, kinds) and not type_.description] == []
