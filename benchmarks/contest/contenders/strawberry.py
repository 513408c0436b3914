"""Strawberry by hand: what a good developer writes with Strawberry, FastAPI, DataLoaders and SQLAlchemy."""

from collections.abc import Mapping
from typing import ClassVar

from benchmarks.contest.contender import Contender, Place, python

DOCUMENTS: Mapping[str, str] = {
    "W1": "query W1($id: ID!) { user(id: $id) { id name email age bio } }",
    "W2": "query W2($first: Int!, $after: ID!) { users(first: $first, after: $after) { id name email age bio } }",
    "W3": """
        query W3($first: Int!, $after: ID!) {
          users(first: $first, after: $after) { id name posts(first: 10) {
            id title publishedAt
            tags { name }
            comments(first: 5) { id body author { name } }
          } }
        }""",
    "W4": """
        query W4($category: ID!, $first: Int!) {
          posts: publishedPosts(category: $category, first: $first) {
            totalCount nodes { id title publishedAt author { id name } }
          }
        }""",
    "W5": """
        query W5($first: Int!, $after: ID!) {
          posts(first: $first, after: $after) { id title slug description body draft publishedAt viewCount }
        }""",
    "W6": """
        mutation W6($post: ID!, $author: ID!, $body: String!) {
          createComment(post: $post, author: $author, body: $body) { comment { body author { id name } } }
        }""",
}
"""Documents of the servers that are written by hand; they name things alike."""


class Strawberry(Contender):
    """Strawberry; its server is `strawberry_server`."""

    name = "strawberry"
    about = "Strawberry and FastAPI by hand: DataLoaders, SQLAlchemy, parser and validation caches on"
    documents: ClassVar[Mapping[str, str]] = DOCUMENTS

    def command(self, place: Place) -> list[str]:
        """Return the command that starts it."""
        return python("benchmarks.contest.contenders.strawberry_server", str(place.port))
