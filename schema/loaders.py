"""Batches: every relation resolves through an aiodataloader, so a level is one statement, however many parents.

A loader belongs to one request and to one `ListRequest` or `ObjectRequest`: the relation, its arguments and
the attributes that the selection needs. Its keys are the parents' key values. This is the reference way of
reading; it runs whatever the engine does not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from aiodataloader import DataLoader
from sqlalchemy import Executable, Row

from schema.graph import ObjectType
from schema.query.filters import Condition, check_comparisons, size
from schema.query.groups import group_statement, key_names
from schema.query.requests import Group, GroupRequest, ListRequest, ObjectRequest, Slice
from schema.query.statements import list_statement, object_statement
from schema.record import Record
from schema.rights import Identity, Sight

Key = tuple[Any, ...]
"""The values that name one parent in a batch; empty for the list of a whole type."""


Request = ListRequest | ObjectRequest | GroupRequest
"""What a batch is for."""


class Reader(Protocol):
    """What loaders read through; each call is a connection of its own, so that batches run side by side."""

    async def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run one reading statement and return all its rows."""


class Loaders:
    """The batches of one request."""

    def __init__(self, sight: Sight, identity: Identity, records: dict[str, type[Record]], reader: Reader) -> None:
        """Begin without any batch.

        Args:
            sight: What the caller sees.
            identity: Who asks.
            records: The class of the rows of each type, by type name.
            reader: What to read through.
        """
        self.sight = sight
        """What the caller sees."""
        self.graph = sight.graph
        """The graph description, as it is for the caller."""
        self.identity = identity
        """Who asks."""
        self._records = records
        self._reader = reader
        self._loaders: dict[Request, DataLoader[Key, Any]] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._comparisons = 0
        self.memo: dict[Any, Any] = {}
        """What was worked out of the document for this request, such as the attributes that a field needs."""

    def over(self, reader: Reader) -> "Loaders":
        """Return batches of the same graph that read through another connection."""
        return Loaders(self.sight, self.identity, self._records, reader)

    def count(self, condition: Condition | None) -> None:
        """Count the comparisons of a filter of this request.

        Raises:
            LimitError: There are too many, taken together.
        """
        self._comparisons += size(condition)
        check_comparisons(self._comparisons)

    def cancel(self) -> None:
        """End the batches that are still under way; nobody waits for them any more."""
        for task in self._running:
            task.cancel()

    def load_list(self, request: ListRequest, key: Key) -> Awaitable[Slice]:
        """Return the page of one parent; all parents asked for in one turn of the loop share a statement."""
        return self._load(request, key)

    def load_object(self, request: ObjectRequest, key: Key) -> Awaitable[Record | None]:
        """Return the row that a key names, or None; all keys asked for in one turn share a statement."""
        return self._load(request, key)

    def load_groups(self, request: GroupRequest, key: Key) -> Awaitable[tuple[Group, ...]]:
        """Return the groups of one parent; all parents asked for in one turn of the loop share a statement."""
        return self._load(request, key)

    def _load(self, request: Request, key: Key) -> Awaitable[Any]:
        """Return what a batch gives for a key, shielded.

        Where an error gives up an object, graphql-core cancels whatever its other fields wait for; but the same
        row may be waited for elsewhere.
        """
        loader = self._loaders.get(request)
        if loader is None:
            loader = self._loaders[request] = DataLoader(self._batch(request))
        return asyncio.shield(loader.load(key))

    def _batch(self, request: Request) -> Callable[[list[Key]], Any]:
        type_ = self.graph.types[request.target]

        async def load(keys: list[Key]) -> Sequence[Any]:
            if (task := asyncio.current_task()) is not None:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            if isinstance(request, ListRequest):
                rows = await self._fetch(list_statement(self.graph, request, keys))
                return self._slices(type_, request, rows, len(keys))
            if isinstance(request, GroupRequest):
                rows = await self._fetch(group_statement(self.graph, request, keys))
                return self._groups(request, rows, len(keys))
            rows = await self._fetch(object_statement(self.graph, request, keys))
            return self._objects(type_, request, rows, len(keys))

        return load

    async def _fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        return await self._reader.fetch(self.sight.bound(statement, self.identity))

    def _objects(
        self, type_: ObjectType, request: ObjectRequest, rows: Sequence[Row[Any]], count: int
    ) -> list[Record | None]:
        record, attributes = self._records[type_.name], request.attributes
        found: list[Record | None] = [None] * count
        for row in rows:
            found[row[0] - 1] = record(dict(zip(attributes, row[1:], strict=True)))
        return found

    def _slices(self, type_: ObjectType, request: ListRequest, rows: Sequence[Row[Any]], count: int) -> list[Slice]:
        """Cut the rows of a batch into the pages of its parents; see `list_statement` for the columns."""
        asked = 1 + len(request.aggregates) + request.has_ahead + request.has_behind
        heads: list[Sequence[Any]] = [()] * count
        pages: list[list[Sequence[Any]]] = [[] for _ in range(count)]
        for row in rows:
            heads[row[0] - 1] = row[1:asked]
            if request.has_rows and row[asked]:
                pages[row[0] - 1].append(row[asked + 1 :])
        return [self._slice(type_, request, head, page) for head, page in zip(heads, pages, strict=True)]

    def _slice(self, type_: ObjectType, request: ListRequest, head: Sequence[Any], rows: list[Sequence[Any]]) -> Slice:
        record, attributes, page = self._records[type_.name], request.attributes, request.page
        width, end, has_more = len(attributes), len(attributes) + len(page.order.terms), len(rows) > page.size
        if has_more:
            rows = rows[1:] if page.is_backward else rows[: page.size]
        ends = iter(head[len(request.aggregates) :])
        return Slice(
            records=tuple([record(dict(zip(attributes, row[:width], strict=True))) for row in rows]),
            places=tuple([tuple(row[width:end]) for row in rows]),
            has_more=has_more,
            aggregates=dict(zip(request.aggregates, head, strict=False)),
            has_ahead=next(ends) if request.has_ahead else False,
            has_behind=next(ends) if request.has_behind else False,
        )

    def _groups(self, request: GroupRequest, rows: Sequence[Row[Any]], count: int) -> list[tuple[Group, ...]]:
        """Cut the rows of a batch into the groups of its parents; see `group_statement` for the columns."""
        names = [name for key in request.grouping.keys for name in key_names(key)]
        found: list[list[Group]] = [[] for _ in range(count)]
        for row in rows:
            keys: dict[str, Any] = dict(zip(names, row[1:], strict=False))
            aggregates: dict[tuple[str, str], Any] = dict(zip(request.aggregates, row[1 + len(names) :], strict=True))
            found[row[0] - 1].append(Group(keys, aggregates))
        return [tuple(groups) for groups in found]
