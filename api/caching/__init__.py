"""Answers that were given before: for clients that have them still, and for those who ask the same.

All of it stands on the versions of tables that PostgreSQL keeps (`schema.changes`). They are read for each request that
wants to be told something old, in a read that began after the request came, so that nothing old is ever told.
"""

from api.caching.caching import Caching

__all__ = ["Caching"]
