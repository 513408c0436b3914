"""The product: `achene serve` as in production, with a key that is sent and checked, limits on, the engine on."""

from collections.abc import Mapping
from typing import ClassVar

from benchmarks.contest.contender import POOL, Contender, Place, python
from schema.opaque import decode, encode

DOCUMENTS: Mapping[str, str] = {
    "W1": "query W1($id: ID!) { user(id: $id) { id name email age bio } }",
    "W2": """
        query W2($first: Int!, $after: String!) {
          users(first: $first, after: $after) { nodes { id name email age bio } }
        }""",
    "W3": """
        query W3($first: Int!, $after: String!) {
          users(first: $first, after: $after) { nodes { id name posts(first: 10) { nodes {
            id title publishedAt
            tags { nodes { name } }
            comments(first: 5) { nodes { id body author { name } } }
          } } } }
        }""",
    "W4": """
        query W4($category: ID!, $first: Int!) {
          posts(
            first: $first
            filter: {category: {id: {eq: $category}}, draft: {eq: false}}
            orderBy: [{publishedAt: DESC}]
          ) { totalCount nodes { id title publishedAt author { id name } } }
        }""",
    "W5": """
        query W5($first: Int!, $after: String!) {
          posts(first: $first, after: $after) {
            nodes { id title slug description body draft publishedAt viewCount }
          }
        }""",
    "W6": """
        mutation W6($post: ID!, $author: ID!, $body: String!) {
          createComment(input: {body: $body, post: {connect: {id: $post}}, author: {connect: {id: $author}}}) {
            ... on CreateCommentPayload { comment { body author { id name } } }
          }
        }""",
}

CURSORS = """
    {
      users(first: 1000) { edges { cursor node { id } } }
      posts(first: 1000) { edges { cursor node { id } } }
    }"""
"""Asks where pages can begin."""


class Engine(Contender):
    """The whole product."""

    name = "engine"
    about = "Achene: achene serve in production settings, key checked, limits on"
    documents: ClassVar[Mapping[str, str]] = DOCUMENTS
    cursors_document: ClassVar[str | None] = CURSORS

    def command(self, place: Place) -> list[str]:
        """Return the command that starts it."""
        return python("api", "serve", "--port", str(place.port))

    def environment(self, place: Place) -> dict[str, str]:  # noqa: ARG002 - as all contenders have it
        """Return what a production server is set to, besides DATABASE_URL."""
        return {
            "ACHENE_ENVIRONMENT": "production",
            "ACHENE_TRUSTED_HOSTS": "127.0.0.1",
            "ACHENE_POOL_SIZE": str(POOL),
            "ACHENE_WRITE_POOL_SIZE": str(POOL),  # what is written has connections of its own
            "ACHENE_LOG_FORMAT": "json",  # as the image sets it
        }

    def headers(self, place: Place) -> dict[str, str]:
        """Return the headers of each request, the key among them."""
        return super().headers(place) | {"X-API-Key": place.postgres.key}

    def write_id(self, type_: str, id_: int) -> object:
        """Return a global id."""
        return encode(f"{type_}:{id_}")

    def read_id(self, id_: object) -> int:
        """Return the number in a global id."""
        return int(decode(str(id_)).partition(":")[2])
