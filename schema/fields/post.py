"""Fields of `Post` that are computed in Python from its text."""

import re
from typing import Annotated

import strawberry

from schema.errors import BadInputError
from schema.fields import cached, extends, reads
from schema.models.post import Post

WORDS_A_MINUTE = 230
"""Words that an adult reads silently in a minute: M. Brysbaert, Journal of Memory and Language 109 (2019), 238."""

LONGEST_EXCERPT = 10_000
"""Most characters of an excerpt."""


@extends(Post)
class PostFields:
    """What can be told of a post from its body."""

    @strawberry.field(
        description="Minutes that an average reader needs, at least one.", metadata=reads("body") | cached()
    )
    def reading_minutes(self: Post) -> int:
        """Return the reading time, in minutes, rounded up."""
        return max(1, -(-len(self.body.split()) // WORDS_A_MINUTE))

    @strawberry.field(
        description="The beginning of the text, without Markdown, cut at a word: `excerpt(length: 80)`.",
        metadata=reads("body") | cached(),
    )
    def excerpt(
        self: Post,
        length: Annotated[int, strawberry.argument(description="How many characters at most, 1 to 10,000.")] = 200,
    ) -> str:
        """Return at most `length` characters; where the text goes on, the last of them is an ellipsis."""
        if not 1 <= length <= LONGEST_EXCERPT:
            raise BadInputError(
                f"Argument `length` takes a whole number from 1 to {LONGEST_EXCERPT}; {length} was given."
            )
        plain = " ".join(re.sub(r"[#*_`>\[\]]|\(https?://[^)]*\)", "", self.body).split())
        if len(plain) <= length:
            return plain
        return plain[: length - 1].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
