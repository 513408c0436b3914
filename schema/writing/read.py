"""Input -> plan. What can be told to be wrong without the database is told here, all of it together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import inflection

from schema.errors import BadIdError
from schema.graph import Field, Graph, Link, ObjectType, UniqueKey, WriteField
from schema.opaque import read_id_of
from schema.values import as_held, check_text
from schema.writing.plan import Children, Reference, Row
from schema.writing.problems import Path, Problem, Refused, invalid

DEEPEST: Final = 8
"""Most rows inside each other."""

ID: Final = "id"


def upsert_keys(type_: ObjectType) -> dict[str, UniqueKey]:
    """Return the unique keys that clients can give whole, by the names that `by` takes for them."""
    given = {each.field.attribute for each in (type_.writes.fields if type_.writes else ())}
    keys = [key for key in type_.unique_keys if all(field.attribute in given for field in key.fields)]
    return {inflection.underscore(key.by).upper(): key for key in keys}


def version_in(type_: ObjectType, given: Mapping[str, Any]) -> int | None:
    """Return the version that an input tells, where its type has them."""
    version = type_.writes.version if type_.writes is not None else None
    return None if version is None else given[version.name]


class InputReader:
    """Reads the input of one mutation."""

    def __init__(self, graph: Graph, most_rows: int) -> None:
        """Begin without any problem.

        Args:
            graph: The graph description.
            most_rows: Most rows that one input may write or name.
        """
        self._graph = graph
        self._most_rows = most_rows
        self._rows = 0
        self._problems: list[Problem] = []

    def check(self) -> None:
        """Refuse the input where anything is wrong with it.

        Raises:
            Refused: It is.
        """
        if self._problems:
            raise Refused(self._problems)

    def new_row(self, type_: ObjectType, given: Mapping[str, Any], path: Path, depth: int = 1) -> Row:
        """Return a row that is to be created."""
        return self._row(type_, given, path, depth, is_new=True)

    def change(self, type_: ObjectType, given: Mapping[str, Any], path: Path) -> Row:
        """Return a row that is to be changed: its key, and what is given."""
        row = self._row(type_, {name: value for name, value in given.items() if name != ID}, path, 1, is_new=False)
        row.key = self.key(type_, given[ID], (*path, ID))
        row.version = version_in(type_, given)
        return row

    def new_rows(self, type_: ObjectType, given: Sequence[Mapping[str, Any]], path: Path) -> list[Row]:
        """Return rows that are to be created."""
        return [self.new_row(type_, each, (*path, index)) for index, each in enumerate(given)]

    def changes(self, type_: ObjectType, given: Mapping[str, Any], path: Path) -> Row:
        """Return what is to change of rows that a filter finds, as a row without a key."""
        return self._row(type_, given, path, 1, is_new=False)

    def at_most(self, given: int, path: Path) -> int:
        """Return how many rows may be written."""
        if not 1 <= given <= self._most_rows:
            text = f"`atMost` takes a whole number from 1 to {self._most_rows:,}."
            self._problems.append(invalid("OUT_OF_RANGE", text, path))
        return given

    def check_keys(self, rows: Sequence[Row], key: Sequence[Field]) -> None:
        """Note rows whose unique key is not given whole, or is that of a row before."""
        seen = set[tuple[Any, ...]]()
        for row in rows:
            values = tuple(row.values.get(field.attribute) for field in key)
            if None in values:
                name = key[values.index(None)].name
                self._problems.append(invalid("REQUIRED", f"`{name}` is needed to find the row.", (*row.path, name)))
            elif values in seen:
                text = f"`{key[0].name}` is that of a row before."
                self._problems.append(invalid("TWICE", text, (*row.path, key[0].name)))
            seen.add(values)

    def key(self, type_: ObjectType, id_: str, path: Path) -> tuple[Any, ...]:
        """Return the primary key behind an id; an empty one where it is none."""
        try:
            return read_id_of(type_, id_, ID)
        except BadIdError as error:
            self._problems.append(invalid("BAD_ID", str(error), path))
            return ()

    def _row(self, type_: ObjectType, given: Mapping[str, Any], path: Path, depth: int, *, is_new: bool) -> Row:
        self._count(path, depth)
        writes, values = type_.writes, dict[str, Any]()
        if writes is None:
            raise TypeError(f"{type_.name} is not written")
        for each in writes.fields:
            if each.field.name in given:
                values[each.field.attribute] = self._value(each, given[each.field.name], (*path, each.field.name))
        row = Row(type_, path, values)
        row.parents = dict(self._parents(row, writes.links, given, depth))
        row.children = dict(self._children(writes.links, given, path, depth, is_new=is_new))
        return row

    def _count(self, path: Path, depth: int) -> None:
        self._rows += 1
        if depth > DEEPEST:
            raise Refused([invalid("TOO_DEEP", f"At most {DEEPEST} rows are written inside each other.", path)])
        if self._rows > self._most_rows:
            raise Refused([invalid("TOO_MANY", f"At most {self._most_rows:,} rows are written at once.", path[:1])])

    def _value(self, each: WriteField, value: Any, path: Path) -> Any:
        """Return a value in SQL's terms; where it is wrong, note that."""
        field, name = each.field, each.field.name
        if value is None:
            if not field.is_nullable:
                text = f"`{name}` must not be null; leave it out to keep what it is or has by default."
                self._problems.append(invalid("REQUIRED", text, path))
            return None
        try:
            if each.check is not None:
                value = each.check(value)
            held = self._held(each, value)
        except BadIdError as error:
            self._problems.append(invalid("BAD_ID", str(error), path))
            return None
        except ValueError as error:
            self._problems.append(invalid("INVALID", f"`{name}`: {error}.", path))
            return None
        broken = [rule for rule in each.rules if not rule.holds(held)]
        self._problems += [invalid(rule.code, f"`{name}` {rule.message}.", path) for rule in broken]
        return held

    def _held(self, each: WriteField, value: Any) -> Any:
        field, scalar = each.field, each.field.scalar
        if field.references is not None:
            return read_id_of(self._graph.types[field.references], value, field.name)[0]

        def one(item: Any) -> Any:
            if item is None:
                return None
            if scalar.enum is not None:
                return next(member.value for member in scalar.enum.members if member.name == item.name)
            return check_text(item) if isinstance(item, str) else as_held(scalar, item)

        return [one(item) for item in value] if scalar.is_list else one(value)

    def _parents(
        self, row: Row, links: Sequence[Link], given: Mapping[str, Any], depth: int
    ) -> Iterator[tuple[str, Row | Reference]]:
        """Yield what to-one links lead to; one that is to lead nowhere is a null among the values."""
        for link in links:
            name = link.relation.name
            if link.relation.is_list or name not in given:
                continue
            path, asked = (*row.path, name), given[name]
            target = self._graph.types[link.relation.target]
            if asked is not None and asked.get("disconnect") is False:
                text = "`disconnect` takes true; leave it out to keep what is connected."
                self._problems.append(invalid("INVALID", text, (*path, "disconnect")))
            elif asked is None or "disconnect" in asked:
                if not link.relation.is_nullable:
                    text = f"`{name}` must lead to a {target.name}."
                    self._problems.append(invalid("REQUIRED", text, path))
                row.values.update({near: None for near, _ in link.pairs})
            elif "create" in asked:
                yield name, self.new_row(target, asked["create"], (*path, "create"), depth + 1)
            elif (found := self.reference(target, asked["connect"], (*path, "connect"))) is not None:
                yield name, found

    def _children(
        self, links: Sequence[Link], given: Mapping[str, Any], path: Path, depth: int, *, is_new: bool
    ) -> Iterator[tuple[str, Children]]:
        for link in links:
            name = link.relation.name
            if not link.relation.is_list or name not in given:
                continue
            if given[name] is None:
                text = f"`{name}` must not be null; leave it out to keep what is connected."
                self._problems.append(invalid("REQUIRED", text, (*path, name)))
                continue
            asked, there = given[name], (*path, name)
            target = self._graph.types[link.relation.target]
            made = [
                self.new_row(target, each, (*there, "create", index), depth + 1)
                for index, each in enumerate(asked.get("create") or ())
            ]
            named = {
                word: tuple(self._references(target, asked.get(word) or (), (*there, word)))
                for word in ("connect", "disconnect", "delete", "set")
            }
            yield (
                name,
                Children(
                    link,
                    replaces=not is_new and asked.get("set") is not None,
                    disconnected=named["disconnect"],
                    deleted=named["delete"],
                    connected=(*named["set"], *named["connect"]),
                    created=tuple(made),
                ),
            )

    def _references(self, target: ObjectType, given: Sequence[Any], path: Path) -> Iterator[Reference]:
        for index, each in enumerate(given):
            self._count((*path, index), 1)
            found = self.reference(target, each, (*path, index))
            if found is not None:
                yield found

    def reference(self, target: ObjectType, given: Mapping[str, Any], path: Path) -> Reference | None:
        """Return the row that a key names; None where the key is wrong, which is noted."""
        name, value = next(iter(given.items()))
        if name == ID:
            key = self.key(target, value, (*path, ID))
            return Reference(target, target.key_attributes, key, (*path, ID)) if key else None
        field = target.field_named(name)
        if field is None:
            raise TypeError(f"{target.name} has no field {name}")
        written = WriteField(field, is_required=True, is_fixed=False, rules=(), check=None)
        held = self._value(written, value, (*path, name))
        return None if held is None else Reference(target, (field.attribute,), (held,), (*path, name))
