"""Rules of writing, as conditions on the rows that a statement is about to write, or has written.

A row that the caller does not see is not there: a statement passes it by, and what names it is told that there is
none. One that it sees and may not write is refused. Rows are looked at before they are written, locked, and again as
they are then; the statement that writes them has the rule in its WHERE as well, so that nothing can come between.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, select, true
from sqlalchemy.orm import aliased

from schema.graph import ObjectType, View
from schema.query.rows import hides_rows, masks_of
from schema.rights import Identity, Sight
from schema.writing.plan import Reference
from schema.writing.problems import Path, Problem
from schema.writing.values import as_new

Kind = Literal["create", "update", "delete"]
"""What is done to a row."""

DONE = {"create": "create such a", "update": "change this", "delete": "delete this"}


class Guard:
    """The rules of writing for one caller."""

    def __init__(self, sight: Sight, identity: Identity) -> None:
        """Note what the caller sees, and who it is."""
        self.graph = sight.filled(identity)
        """The graph description, as it is for the caller."""

    def editable(
        self, type_: ObjectType, kind: Kind | None = None, attributes: Iterable[str] = ()
    ) -> list[ColumnElement[bool]]:
        """Return the conditions on rows of the table itself that the caller sees, and may write.

        Args:
            type_: Their type.
            kind: What is done to them; None where they are only to be seen.
            attributes: What is changed of them.
        """
        view = type_.view
        if view is None:
            return []
        wanted = [view.rows, *self._rules(view, kind, attributes)]
        return [rule(type_.model) for rule in wanted if rule is not None]

    def named(self, reference: Reference) -> list[ColumnElement[bool]]:
        """Return the conditions on a row of the table itself that a reference names it, by what the caller sees."""
        type_ = reference.type_
        columns = [getattr(type_.model, attribute) for attribute in reference.key]
        is_it = [column == value for column, value in zip(columns, reference.values, strict=True)]
        return [*is_it, *(is_seen(type_.model) for is_seen in masks_of(type_, reference.key))]

    def is_guarded(self, type_: ObjectType, kind: Kind, attributes: Iterable[str] = ()) -> bool:
        """Return whether there are rows that the caller sees and may not write, or writes and does not see."""
        view = type_.view
        return view is not None and (hides_rows(type_) or bool(self._rules(view, kind, attributes)))

    def _rules(self, view: View, kind: Kind | None, attributes: Iterable[str]) -> list[Any]:
        rules = [view.changes[each] for each in attributes if each in view.changes] if kind == "update" else []
        own = None if kind is None else getattr(view, kind)
        return rules if own is None else [own, *rules]

    def not_editable(
        self, type_: ObjectType, kind: Kind, where: Sequence[ColumnElement[bool]], attributes: Iterable[str] = ()
    ) -> Select[Any] | None:
        """Return what finds rows that the caller sees and may not write; None where there are none such.

        Rows that it may write are locked.
        """
        attributes = tuple(attributes)
        if type_.view is None or not self._rules(type_.view, kind, attributes):
            return None
        seen, may = self.editable(type_), self.editable(type_, kind, attributes)
        return select(and_(true(), *may).is_(true())).select_from(type_.table).where(*where, *seen).with_for_update()

    def not_allowed(self, type_: ObjectType, kind: Kind, where: ColumnElement[bool]) -> Select[Any] | None:
        """Return what finds rows that were written and that the caller may not see, or not write so.

        None where none can be.
        """
        if not self.is_guarded(type_, kind):
            return None
        may = and_(true(), *self.editable(type_, kind))
        return select(*type_.table.primary_key).where(where, may.is_not(true())).limit(1)

    def creatable(self, type_: ObjectType, values: Mapping[str, Any]) -> ColumnElement[bool] | None:
        """Return whether a row may be created that is not there; None where all may.

        Args:
            type_: Its type.
            values: What is given, by column; the others have their defaults, so far as they are known beforehand.
        """
        view = type_.view
        if view is None or not self.is_guarded(type_, "create"):
            return None
        row = select(*(as_new(column, values).label(column.name) for column in type_.table.columns)).subquery()
        entity = aliased(type_.model, row, adapt_on_names=True)
        may = and_(true(), *(rule(entity) for rule in (view.rows, view.create) if rule is not None))
        return select(may.is_(true())).select_from(row).scalar_subquery()


def forbidden(type_: ObjectType, kind: Kind, path: Path) -> Problem:
    """Return that a caller may not write a row."""
    return Problem("ForbiddenError", "FORBIDDEN", f"This key may not {DONE[kind]} {type_.name}.", path)
