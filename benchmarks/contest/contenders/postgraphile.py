"""PostGraphile 5: the schema that it makes of the tables, with no plugin but its own."""

from collections.abc import Mapping
from typing import ClassVar

from benchmarks.contest.contenders.node import NodeContender

DOCUMENTS: Mapping[str, str] = {
    "W1": "query W1($id: BigInt!) { user: userByRowId(rowId: $id) { id: rowId name email age bio } }",
    "W2": """
        query W2($first: Int!, $after: Cursor!) {
          users: allUsers(first: $first, after: $after) { nodes { id: rowId name email age bio } }
        }""",
    "W3": """
        query W3($first: Int!, $after: Cursor!) {
          users: allUsers(first: $first, after: $after) { nodes {
            id: rowId name
            posts: postsByAuthorId(first: 10) { nodes {
              id: rowId title publishedAt
              tags: postTagsByPostId { nodes { tag: tagByTagId { name } } }
              comments: commentsByPostId(first: 5) { nodes { id: rowId body author: userByAuthorId { name } } }
            } }
          } }
        }""",
    "W4": """
        query W4($category: BigInt!, $first: Int!) {
          posts: allPosts(
            first: $first
            condition: {categoryId: $category, draft: false}
            orderBy: [PUBLISHED_AT_DESC, ROW_ID_DESC]
          ) { totalCount nodes { id: rowId title publishedAt author: userByAuthorId { id: rowId name } } }
        }""",
    "W5": """
        query W5($first: Int!, $after: Cursor!) {
          posts: allPosts(first: $first, after: $after) {
            nodes { id: rowId title slug description body draft publishedAt viewCount }
          }
        }""",
    "W6": """
        mutation W6($post: BigInt!, $author: BigInt!, $body: String!) {
          createComment(input: {comment: {postId: $post, authorId: $author, body: $body}}) {
            comment { body author: userByAuthorId { id: rowId name } }
          }
        }""",
}

CURSORS = """
    {
      users: allUsers(first: 1000) { edges { cursor node { id: rowId } } }
      posts: allPosts(first: 1000) { edges { cursor node { id: rowId } } }
    }"""
"""Asks where pages can begin."""


class PostGraphile(NodeContender):
    """PostGraphile; its server is `node/postgraphile.mjs`."""

    name = "postgraphile"
    about = "PostGraphile 5 on Node: amber preset, Grafserv on node:http"
    script = "postgraphile.mjs"
    documents: ClassVar[Mapping[str, str]] = DOCUMENTS
    cursors_document: ClassVar[str | None] = CURSORS
