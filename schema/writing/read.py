"""Input -> plan. What can be told to be wrong without the database is told here, all of it together."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import inflection

from schema.errors import BadIdError
from schema.graph import Field, Graph, Kind, ObjectType, Rule, Scalar, UniqueKey, WriteField, Writes
from schema.opaque import read_id_of
from schema.values import as_held, check_texts
from schema.writing.plan import Reference, Row
from schema.writing.problems import Path, Problem, Refused, invalid
from schema.writing.read_links import LinkReader

DEEPEST: Final = 8
"""Most rows inside each other."""

ID: Final = "id"


def upsert_keys(type_: ObjectType) -> dict[str, UniqueKey]:
    """Return the unique keys that clients can give whole and that hold at once, by the names that `by` takes."""
    given = {each.field.attribute for each in (type_.writes.fields if type_.writes else ())}
    at_once = [key for key in type_.unique_keys if not key.is_deferrable]
    keys = [key for key in at_once if all(field.attribute in given for field in key.fields)]
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
        self.graph = graph
        """The graph description."""
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

    def change(self, type_: ObjectType, given: Mapping[str, Any], path: Path, depth: int = 1) -> Row:
        """Return a row that is to be changed: its key, where an id is given, and what is to change of it."""
        row = self._row(type_, {name: value for name, value in given.items() if name != ID}, path, depth, is_new=False)
        if ID in given:
            row.key = self.key(type_, given[ID], (*path, ID))
        row.version = version_in(type_, given)
        return row

    def sought(self, type_: ObjectType, given: Mapping[str, Any], path: Path, depth: int) -> Row:
        """Return a row that is to be taken where it is there, and made where it is not."""
        key = upsert_keys(type_)[given["by"].name].fields
        row = self.new_row(type_, given["create"], (*path, "create"), depth)
        row.by = tuple(field.attribute for field in key)
        self._check_key(row, key)
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
            values = self._check_key(row, key)
            if values in seen:
                self.note("TWICE", f"`{key[0].name}` is that of a row before.", (*row.path, key[0].name))
            elif values is not None:
                seen.add(values)

    def _check_key(self, row: Row, key: Sequence[Field]) -> tuple[Any, ...] | None:
        values = tuple(row.values.get(field.attribute) for field in key)
        if None not in values:
            return values
        name = key[values.index(None)].name
        if any(problem.path == (*row.path, name) for problem in self._problems):
            return None
        self.note("REQUIRED", f"`{name}` is needed to find the row.", (*row.path, name))
        return None

    def key(self, type_: ObjectType, id_: str, path: Path) -> tuple[Any, ...]:
        """Return the primary key behind an id; an empty one where it is none."""
        try:
            return read_id_of(type_, id_, ID)
        except BadIdError as error:
            self._problems.append(invalid("BAD_ID", str(error), path))
            return ()

    def _row(self, type_: ObjectType, given: Mapping[str, Any], path: Path, depth: int, *, is_new: bool) -> Row:
        self.count(path, depth)
        writes, values = type_.writes, dict[str, Any]()
        if writes is None:
            raise TypeError(f"{type_.name} is not written")
        for each in writes.fields:
            if each.field.name in given:
                values[each.field.attribute] = self.value(each, given[each.field.name], (*path, each.field.name))
        self._check_row(writes, values, path, is_new=is_new)
        row = Row(type_, path, values, named=tuple(self._named(writes, values, path)))
        LinkReader(self, row, depth, is_new=is_new).read(writes.links, given)
        return row

    def _named(self, writes: Writes, values: Mapping[str, Any], path: Path) -> Iterator[Reference]:
        """Yield the rows that ids among the values lead to."""
        for each in writes.fields:
            value = values.get(each.field.attribute)
            if each.field.references is not None and value is not None:
                target = self.graph.types[each.field.references]
                yield Reference(target, target.key_attributes, (value,), (*path, each.field.name))

    def note(self, code: str, message: str, path: Path) -> None:
        """Note a problem of the input."""
        self._problems.append(invalid(code, message, path))

    def count(self, path: Path, depth: int) -> None:
        """Count a row that is written or named.

        Raises:
            Refused: There are too many, or too many inside each other.
        """
        self._rows += 1
        if depth > DEEPEST:
            raise Refused([invalid("TOO_DEEP", f"At most {DEEPEST} rows are written inside each other.", path)])
        if self._rows > self._most_rows:
            raise Refused([invalid("TOO_MANY", f"At most {self._most_rows:,} rows are written at once.", path[:1])])

    def _check_row(self, writes: Writes, values: dict[str, Any], path: Path, *, is_new: bool) -> None:
        """Note what is wrong with the values of a row taken together, where each of them is right."""
        if writes.row_check is None or any(problem.path[: len(path)] == path for problem in self._problems):
            return
        names = {each.field.attribute: each.field.name for each in writes.fields}
        for attribute, message in writes.row_check(values, is_new=is_new):
            name = names.get(attribute) if attribute else None
            text = f"`{name}`: {message}." if name else f"{message[:1].upper()}{message[1:]}."
            self.note("INVALID", text, (*path, name) if name else path)

    def value(self, each: WriteField, value: Any, path: Path) -> Any:
        """Return a value in SQL's terms; where it is wrong, note that."""
        field, name = each.field, each.field.name
        if value is None:
            if not field.is_nullable:
                text = f"`{name}` must not be null; leave it out to keep what it is or has by default."
                self._problems.append(invalid("REQUIRED", text, path))
            return None
        try:
            held = in_sql(self.graph, each, value)
        except BadIdError as error:
            self._problems.append(invalid("BAD_ID", str(error), path))
            return None
        except ValueError as error:
            self._problems.append(invalid("INVALID", f"`{name}`: {error}.", path))
            return None
        self._problems += [invalid(rule.code, f"`{name}` {rule.message}.", path) for rule in broken(each, held)]
        return held

    def reference(self, target: ObjectType, given: Mapping[str, Any], path: Path) -> Reference | None:
        """Return the row that a key names; None where the key is wrong, which is noted."""
        name, value = next(iter(given.items()))
        if name == ID:
            key = self.key(target, value, (*path, ID))
            return Reference(target, target.key_attributes, key, (*path, ID)) if key else None
        unique = next(each for each in target.unique_keys if each.by == name)
        is_one = len(unique.fields) == 1
        held = []
        for field in unique.fields:
            written = WriteField(field, is_required=True, is_fixed=False, rules=(), check=None)
            where = (*path, name) if is_one else (*path, name, field.name)
            held.append(self.value(written, value if is_one else value[field.name], where))
        if None in held:
            return None
        return Reference(target, tuple(field.attribute for field in unique.fields), tuple(held), (*path, name))


def in_sql(graph: Graph, each: WriteField, value: Any) -> Any:
    """Return a value that is not null in SQL's terms.

    Raises:
        BadIdError: It is no id of the type.
        ValueError: It is wrong.
    """
    if each.check is not None:
        value = each.check(value)
    field, scalar = each.field, each.field.scalar
    if field.references is not None:
        return read_id_of(graph.types[field.references], value, field.name)[0]
    return [_item(scalar, item) for item in value] if scalar.is_list else _item(scalar, value)


def _item(scalar: Scalar, item: Any) -> Any:
    if item is None:
        return None
    if scalar.enum is not None:
        return next(member.value for member in scalar.enum.members if member.name == item.name)
    return check_texts(item) if scalar.kind is Kind.JSON or isinstance(item, str) else as_held(scalar, item)


def broken(each: WriteField, held: Any) -> list[Rule]:
    """Return the rules that a value breaks; PostgreSQL alone compares with NaN."""
    if isinstance(held, Decimal) and held.is_nan():
        return []
    return [rule for rule in each.rules if not rule.holds(held)]
