"""The server by hand: `python -m benchmarks.contest.contenders.strawberry_server PORT`.

Written as its documentation advises: a DataLoader for each relation, a session for each read so that loaders can run
at once, rows handed on as they are, statements whose text does not depend on the number of keys.
"""

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any

import strawberry
import uvicorn
from fastapi import FastAPI
from sqlalchemy import ARRAY, BigInteger, Select, any_, func, literal, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.fastapi import BaseContext, GraphQLRouter

from api.data.address import to_asyncpg_url
from benchmarks.contest.contender import POOL
from schema import models
from schema.models.comment import Comment as CommentRow
from schema.models.post import Post as PostRow
from schema.models.tag import Tag as TagRow
from schema.models.tag import post_tags
from schema.models.user import User as UserRow

engine = create_async_engine(to_asyncpg_url(os.environ["DATABASE_URL"]), pool_size=POOL, max_overflow=0)
new_session = async_sessionmaker(engine, expire_on_commit=False)

Page = tuple[int, int]
"""The parent's id, and how many rows."""


async def rows(statement: Select[Any]) -> Sequence[Any]:
    """Run a statement and return what is in its first column."""
    async with new_session() as session:
        return (await session.scalars(statement)).all()


def among(column: Any, keys: Sequence[int]) -> Any:
    """Return the condition that a column is one of the keys."""
    return column == any_(literal(list(keys), ARRAY(BigInteger)))


async def load_users(ids: list[int]) -> list[Any]:
    """Load users by id."""
    found = {row.id: row for row in await rows(select(UserRow).where(among(UserRow.id, ids)))}
    return [found.get(id_) for id_ in ids]


async def load_tags(posts: list[int]) -> list[list[Any]]:
    """Load the tags of posts."""
    statement = (
        select(post_tags.c.post_id, TagRow)
        .join(TagRow, TagRow.id == post_tags.c.tag_id)
        .where(among(post_tags.c.post_id, posts))
        .order_by(TagRow.id)
    )
    grouped: dict[int, list[Any]] = defaultdict(list)
    async with new_session() as session:
        for post, tag in await session.execute(statement):
            grouped[post].append(tag)
    return [grouped[post] for post in posts]


def pages(model: Any, key: str) -> Callable[[list[Page]], Any]:
    """Return what loads the first rows of each parent."""
    column = getattr(model, key)

    async def load(asked: list[Page]) -> list[list[Any]]:
        by_page: dict[Hashable, list[Any]] = defaultdict(list)
        for first in {first for _, first in asked}:
            place = func.row_number().over(partition_by=column, order_by=model.id).label("place")
            parents = [parent for parent, most in asked if most == first]
            placed = select(model.id, place).where(among(column, parents)).subquery()
            statement = select(model).join(placed, placed.c.id == model.id).where(placed.c.place <= first)
            for row in await rows(statement.order_by(model.id)):
                by_page[getattr(row, key), first].append(row)
        return [by_page[page] for page in asked]

    return load


class Context(BaseContext):
    """The loaders of one request."""

    def __init__(self) -> None:
        super().__init__()
        self.users = DataLoader[int, Any](load_users)
        self.tags = DataLoader[int, Any](load_tags)
        self.posts = DataLoader[Page, Any](pages(PostRow, "author_id"))
        self.comments = DataLoader[Page, Any](pages(CommentRow, "post_id"))


Info = strawberry.Info[Context, None]


@strawberry.type
class Tag:
    """A tag."""

    name: str


@strawberry.type
class User:
    """A user; `self` is the row."""

    id: strawberry.ID
    name: str
    email: str
    age: int | None
    bio: str | None

    @strawberry.field
    async def posts(self, info: Info, first: int) -> list["Post"]:
        """Return the first posts of the user."""
        return await info.context.posts.load((self.id, first))  # type: ignore[arg-type, no-any-return]  # what a loader gives


@strawberry.type
class Comment:
    """A comment; `self` is the row."""

    id: strawberry.ID
    body: str

    @strawberry.field
    async def author(self: Any, info: Info) -> User:
        """Return who wrote it."""
        return await info.context.users.load(self.author_id)  # type: ignore[no-any-return]  # what a loader gives


@strawberry.type
class Post:
    """A post; `self` is the row."""

    id: strawberry.ID
    title: str
    slug: str
    description: str | None
    body: str
    draft: bool
    published_at: datetime | None
    view_count: int

    @strawberry.field
    async def author(self: Any, info: Info) -> User:
        """Return who wrote it."""
        return await info.context.users.load(self.author_id)  # type: ignore[no-any-return]  # what a loader gives

    @strawberry.field
    async def tags(self: Any, info: Info) -> list[Tag]:
        """Return its tags."""
        return await info.context.tags.load(self.id)  # type: ignore[no-any-return]  # what a loader gives

    @strawberry.field
    async def comments(self: Any, info: Info, first: int) -> list[Comment]:
        """Return its first comments."""
        return await info.context.comments.load((self.id, first))  # type: ignore[no-any-return]  # what a loader gives


@strawberry.type
class PostPage:
    """The newest posts of a category that are no drafts."""

    category: strawberry.Private[int]
    first: strawberry.Private[int]

    @strawberry.field
    async def nodes(self) -> list[Post]:
        """Return the page."""
        found = select(PostRow).where(PostRow.category_id == self.category, ~PostRow.draft)
        return await rows(found.order_by(PostRow.published_at.desc(), PostRow.id.desc()).limit(self.first))  # type: ignore[return-value]  # rows stand for types

    @strawberry.field
    async def total_count(self) -> int:
        """Return how many there are."""
        found = select(func.count()).select_from(PostRow)
        return (await rows(found.where(PostRow.category_id == self.category, ~PostRow.draft)))[0]  # type: ignore[no-any-return]  # what a loader gives


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    async def user(self, info: Info, id: strawberry.ID) -> User | None:  # noqa: A002 - the argument's name
        """Return a user."""
        return await info.context.users.load(int(id))  # type: ignore[no-any-return]  # what a loader gives

    @strawberry.field
    async def users(self, first: int, after: strawberry.ID) -> list[User]:
        """Return a page of users."""
        return await rows(select(UserRow).where(UserRow.id > int(after)).order_by(UserRow.id).limit(first))  # type: ignore[return-value]  # rows stand for types

    @strawberry.field
    async def posts(self, first: int, after: strawberry.ID) -> list[Post]:
        """Return a page of posts."""
        return await rows(select(PostRow).where(PostRow.id > int(after)).order_by(PostRow.id).limit(first))  # type: ignore[return-value]  # rows stand for types

    @strawberry.field
    async def published_posts(self, category: strawberry.ID, first: int) -> PostPage:
        """Return the newest posts of a category."""
        return PostPage(category=int(category), first=first)


@strawberry.type
class CreateComment:
    """What came of a new comment."""

    comment: Comment


@strawberry.type
class Mutation:
    """What can be written."""

    @strawberry.mutation
    async def create_comment(self, post: strawberry.ID, author: strawberry.ID, body: str) -> CreateComment:
        """Write a comment."""
        row = CommentRow(post_id=int(post), author_id=int(author), body=body)
        async with new_session.begin() as session:
            session.add(row)
        return CreateComment(comment=row)  # type: ignore[arg-type]  # rows stand for types


def make_app() -> FastAPI:
    """Make the application."""
    if not models.Base.registry.mappers:
        raise RuntimeError("no model is mapped")
    schema = strawberry.Schema(Query, Mutation, extensions=[ParserCache, ValidationCache])
    app = FastAPI()
    app.include_router(GraphQLRouter(schema, context_getter=Context), prefix="/graphql")
    return app


if __name__ == "__main__":
    uvicorn.run(make_app(), port=int(sys.argv[1]), access_log=False, log_level="warning")
