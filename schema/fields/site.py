"""Root fields that belong to no table: figures of the whole site, and a shelf picked by hand in Python."""

from typing import Annotated

import strawberry
from sqlalchemy import func, select
from strawberry.types import Info

from schema.context import Context
from schema.errors import BadInputError
from schema.fields import extends_query
from schema.models.comment import Comment
from schema.models.post import Post
from schema.models.user import User

MOST_FEATURED = 50
"""Most posts that `featuredPosts` gives."""


@strawberry.type(description="Figures of the whole site.")
class SiteStatistics:
    """A type of our own: no table has it."""

    users: int = strawberry.field(description="People who write.")
    published_posts: int = strawberry.field(description="Posts that are no drafts and have a publication time.")
    drafts: int = strawberry.field(description="Posts that are drafts.")
    comments: int = strawberry.field(description="Comments on all posts.")


@extends_query
class SiteQuery:
    """Root fields of our own."""

    @strawberry.field(description="Figures of the site as the caller sees it, counted now.")
    async def site_statistics(self, info: Info[Context, None]) -> SiteStatistics:
        """Count what the caller sees, in one statement."""
        user, post, comment = (info.context.seen(model) for model in (User, Post, Comment))
        (counts,) = await info.context.fetch(
            select(
                select(func.count()).select_from(user).scalar_subquery(),
                select(func.count()).where(post.is_published).scalar_subquery(),
                select(func.count()).where(post.draft).scalar_subquery(),
                select(func.count()).select_from(comment).scalar_subquery(),
            )
        )
        users, published, drafts, comments = tuple(counts)
        return SiteStatistics(users=users, published_posts=published, drafts=drafts, comments=comments)

    @strawberry.field(description="The posts that were opened most often: `featuredPosts(count: 3)`.")
    async def featured_posts(
        self,
        info: Info[Context, None],
        count: Annotated[int, strawberry.argument(description="How many, 1 to 50.")] = 5,
    ) -> list[Post]:
        """Return model objects; whatever is selected below them is resolved as anywhere else in the graph."""
        if not 1 <= count <= MOST_FEATURED:
            raise BadInputError(f"Argument `count` takes a whole number from 1 to {MOST_FEATURED}; {count} was given.")
        async with info.context.database.read() as session:
            busiest = select(Post).where(Post.is_published).order_by(Post.view_count.desc(), Post.id).limit(count)
            return list(await session.scalars(busiest))
