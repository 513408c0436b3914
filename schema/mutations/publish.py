"""Publishing: a draft becomes a post that readers see."""

from datetime import UTC, datetime

import strawberry
from strawberry.types import Info

from schema.context import Context
from schema.models.post import Post
from schema.mutations import REPEATABLE, conflict, extends_mutation, find, refuse


@strawberry.input(description="What `publishPost` writes.")
class PublishPostInput:
    """Which post, and when."""

    id: strawberry.ID = strawberry.field(description="Which Post.")
    at: datetime | None = strawberry.field(default=None, description="When it appears; now, where it is left out.")


@strawberry.type(description="What `publishPost` gives where it succeeds.")
class PublishPostPayload:
    """The post."""

    post: Post = strawberry.field(description="The row as it is now.")


@extends_mutation
class Publishing:
    """What makes a draft a post."""

    @strawberry.mutation(description="Publish a draft that has a text: now, or at a time.", metadata=REPEATABLE)
    async def publish_post(self, info: Info[Context, None], input: PublishPostInput) -> PublishPostPayload:
        """Publish a draft."""
        post = await find(info.context, Post, input.id, "input", "id")
        if not post.draft:
            raise conflict("ALREADY_PUBLISHED", "The post is no draft any more.", "input", "id")
        if not post.body.strip():
            raise refuse("EMPTY", "The post has no text yet; write its `body` first.", "input", "id")
        post.draft, post.published_at = False, input.at or datetime.now(UTC)
        return PublishPostPayload(post=post)
