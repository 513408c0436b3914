"""A connection as resolvers see it: nothing is read until a field of it is asked for, and then once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schema.loaders import Key, Loaders
from schema.opaque import write_cursor
from schema.query.filters import Condition
from schema.query.needs import ListNeeds
from schema.query.order import Order
from schema.query.page import Page
from schema.query.requests import COUNT, Group, GroupRequest, ListRequest, Slice, empty_slice


def list_request(
    target: str, relation: tuple[str, str] | None, page: Page, condition: Condition | None, needs: ListNeeds
) -> ListRequest:
    """Return the request for a page, with no more in it than the selection needs.

    Whether rows stand ahead of the page is only asked where it starts behind a cursor or an offset; otherwise
    the page starts where the list does. So with its other end.
    """
    has_start = page.after is not None or page.offset > 0
    return ListRequest(
        target=target,
        relation=relation,
        page=page,
        attributes=needs.attributes,
        has_rows=needs.has_rows,
        aggregates=needs.aggregates,
        condition=condition,
        has_ahead=needs.has_previous and has_start,
        has_behind=needs.has_next and page.before is not None,
    )


@dataclass(frozen=True, slots=True)
class Edge:
    """A row and its place."""

    order: Order
    """The list's order."""

    place: tuple[Any, ...]
    """The row's values in that order."""

    node: Any
    """The row."""

    @property
    def cursor(self) -> str:
        """The row's cursor."""
        return write_cursor(self.order.name, self.order.scalars, self.place)


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page stands in its list; named as in GraphQL."""

    hasNextPage: bool  # noqa: N815 - GraphQL's names
    hasPreviousPage: bool  # noqa: N815 - GraphQL's names
    startCursor: str | None  # noqa: N815 - GraphQL's names
    endCursor: str | None  # noqa: N815 - GraphQL's names


class KeySource:
    """The keys of a group as attributes; null for what the rows are not grouped by."""

    def __init__(self, keys: Mapping[str, Any]) -> None:
        """Wrap the keys by name."""
        self.__dict__.update(keys)

    def __getattr__(self, name: str) -> None:
        """Return null for a key that is not there; Python calls this only then."""
        if name.startswith("__"):
            raise AttributeError(name)  # Python's own questions, such as whether this can be awaited


class PageSource:
    """The page of one parent, to be loaded."""

    __slots__ = ("_key", "_loaders", "request")

    def __init__(self, loaders: Loaders, request: ListRequest, key: Key) -> None:
        """Note what to load.

        Args:
            loaders: The batches of the request.
            request: Which page.
            key: The parent's key values; a null among them means that there are no rows.
        """
        self._loaders = loaders
        self.request = request
        """Which page."""
        self._key = key

    async def load(self) -> Slice:
        """Return the page; the loader reads it once, however often it is asked for."""
        if None in self._key:
            return empty_slice(self.request)
        return await self._loaders.load_list(self.request, self._key)

    async def resolve_nodes(self, _info: Any) -> tuple[Any, ...]:
        """Return the rows."""
        return (await self.load()).records

    async def resolve_edges(self, _info: Any) -> list[Edge]:
        """Return the rows with their places."""
        page, order = await self.load(), self.request.page.order
        return [Edge(order, place, record) for place, record in zip(page.places, page.records, strict=True)]

    async def resolve_totalCount(self, _info: Any) -> int:  # noqa: N802 - named as in GraphQL
        """Return the number of rows of the whole list."""
        return int((await self.load()).aggregates[COUNT])

    async def resolve_aggregate(self, _info: Any) -> Mapping[tuple[str, str], Any]:
        """Return the aggregates over the whole list."""
        return (await self.load()).aggregates

    async def resolve_pageInfo(self, _info: Any) -> PageInfo:  # noqa: N802 - named as in GraphQL
        """Return where the page stands."""
        page = await self.load()
        wanted = self.request.page
        cursors = [Edge(wanted.order, place, None) for place in (page.places[:1] + page.places[-1:])]
        return PageInfo(
            hasNextPage=page.has_behind or (page.has_more and not wanted.is_backward),
            hasPreviousPage=page.has_ahead or (page.has_more and wanted.is_backward),
            startCursor=cursors[0].cursor if cursors else None,
            endCursor=cursors[-1].cursor if cursors else None,
        )

    async def load_groups(self, request: GroupRequest) -> tuple[Group, ...]:
        """Return the groups of the whole list."""
        return () if None in self._key else await self._loaders.load_groups(request, self._key)
