"""GraphiQL at /graphql: a page of its own files, built from npm packages by `achene console build`.

Where it was not built the page is a plain form that says how to build it, or, where settings allow it,
GraphiQL from a public CDN. The graph itself is asked like by any other client; nothing here knows it.
"""

from api.console.console import Console

__all__ = ["Console"]
