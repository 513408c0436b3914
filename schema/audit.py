"""Who wrote what: notes of each mutation, kept until what was written is committed, and told then.

Notes name rows and fields, never values. A mutation that is undone leaves none. Where they are stored as well, that is
done in the transaction that writes, so that there is no row of the log without the write, and none missing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from sqlalchemy import event, insert, inspect
from sqlalchemy.ext.asyncio import AsyncSession

from schema.graph import Graph, ObjectType
from schema.models.audit_entry import AuditEntry
from schema.opaque import write_id

if TYPE_CHECKING:
    from schema.context import Transaction

Action = Literal["create", "update", "upsert", "delete"]
"""What was done to rows; `upsert` where nobody has asked whether they were there."""

MOST_IDS: Final = 100
"""Most rows of one note that are told by their ids; the number of all is told beside."""


@dataclass(slots=True)
class Note:
    """What was done to rows of one type."""

    type: str
    """Name of the type."""

    action: Action
    """What was done."""

    ids: list[str] = field(default_factory=list)
    """Global ids of the rows, the first `MOST_IDS` of those that are known."""

    count: int = 0
    """How many rows."""

    fields: dict[str, None] = field(default_factory=dict)
    """Names of the fields that were given, in order."""

    def add(self, ids: Iterable[str], count: int, fields: Iterable[str]) -> None:
        """Take in more rows."""
        self.ids += [each for each, _ in zip(ids, range(MOST_IDS - len(self.ids)), strict=False)]
        self.count += count
        self.fields |= dict.fromkeys(fields)


class Notes:
    """What one mutation did."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._taken: list[Note] = []

    def __iter__(self) -> Iterator[Note]:
        """Yield a note for each type and action."""
        found: dict[tuple[str, Action], Note] = {}
        for each in self._taken:
            note = found.setdefault((each.type, each.action), Note(each.type, each.action))
            note.add(each.ids, each.count, each.fields)
        return iter(found.values())

    def add(
        self,
        type_: ObjectType,
        action: Action,
        keys: Sequence[tuple[Any, ...]],
        attributes: Iterable[str] = (),
        count: int | None = None,
    ) -> None:
        """Note what was done.

        Args:
            type_: Type of the rows.
            action: What was done to them.
            keys: Their primary keys, as far as they are known.
            attributes: What was given of them.
            count: How many they are, where that is not the number of keys.
        """
        ids = [write_id(type_, key) for key in keys[:MOST_IDS]]
        names = dict.fromkeys(names_of(type_, attributes))
        self._taken.append(Note(type_.name, action, ids, len(keys) if count is None else count, names))

    @contextmanager
    def watching(self, session: AsyncSession, graph: Graph) -> Iterator[None]:
        """Note what a session writes: objects, not what statements do that it is given.

        Where it undoes a part, what was noted since that began is forgotten, whoever noted it.
        """
        start, marks = len(self._taken), dict[Any, int]()

        def flushed(flushing: Any, _context: Any) -> None:
            for action, objects in (
                ("create", flushing.new),
                ("update", [each for each in flushing.dirty if flushing.is_modified(each)]),
                ("delete", flushing.deleted),
            ):
                for each in objects:
                    self._take(graph, action, each)

        def began(_session: Any, transaction: Any) -> None:
            marks[transaction] = len(self._taken)

        def undone(_session: Any, transaction: Any) -> None:
            del self._taken[marks.get(transaction, start) :]

        listeners = {"after_flush": flushed, "after_transaction_create": began, "after_soft_rollback": undone}
        for name, listener in listeners.items():
            event.listen(session.sync_session, name, listener)
        try:
            yield
        finally:
            for name, listener in listeners.items():
                event.remove(session.sync_session, name, listener)

    def _take(self, graph: Graph, action: Any, written: Any) -> None:
        state = inspect(written)
        changed = [] if action == "delete" else [each.key for each in state.attrs if each.history.has_changes()]
        type_ = graph.by_model.get(type(written))
        if type_ is None:  # not of the graph, and so without a global id
            self._taken.append(Note(type(written).__name__, action, [], 1, dict.fromkeys(changed)))
            return
        key = tuple(getattr(written, attribute) for attribute in type_.key_attributes)
        self.add(type_, action, [key], [each for each in changed if each not in type_.key_attributes])


def names_of(type_: ObjectType, attributes: Iterable[str]) -> list[str]:
    """Return how clients call attributes: fields, and relations that hold foreign keys."""
    named = {
        near: link.relation.name for link in (type_.writes.links if type_.writes else ()) for near, _ in link.pairs
    }
    named |= {each.attribute: each.name for each in type_.fields}
    return sorted({named.get(each, each) for each in attributes})


class Teller(Protocol):
    """Says what was written, once it is."""

    def __call__(self, mutation: str, note: Note) -> None:
        """Tell of one note of a mutation."""


@dataclass(slots=True)
class Audit:
    """What is noted of one request."""

    tell: Teller | None
    """Says it; None where it is only stored."""

    who: Mapping[str, Any] | None
    """Who writes, as columns of the table; None where nothing is stored."""

    pending: list[tuple[str, Note]] = field(default_factory=list)
    """Notes of what is not committed yet, each with its mutation."""

    async def take(self, mutation: str, notes: Iterable[Note], transaction: "Transaction") -> None:
        """Take the notes of a mutation, and store them with what it wrote."""
        taken = [(mutation, note) for note in notes]
        if self.who is not None and taken:
            rows = [
                {
                    **self.who, "mutation": name, "type": note.type, "action": note.action,
                    "ids": note.ids, "row_count": note.count, "fields": [*note.fields],
                }
                for name, note in taken
            ]  # fmt: skip
            await transaction.run(insert(AuditEntry), rows)
        self.pending += taken  # once that is done: where others stand in its way, all of it is done again

    def forget(self, mark: int = 0) -> None:
        """Forget notes of what was undone: all behind a mark."""
        del self.pending[mark:]

    def committed(self) -> None:
        """Tell of all notes: what they tell of is committed."""
        pending, self.pending = self.pending, []
        if self.tell is not None:
            for mutation, note in pending:
                self.tell(mutation, note)
