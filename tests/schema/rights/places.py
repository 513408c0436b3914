"""Walks the inputs of all mutations and finds every place where a row can be named, with an input that leads there.

A place is found where the schema has it: ids, keys, foreign keys, filters and unique values of rows, below each
relation that an input can write. Where a field of a new kind is added, the walk stops and asks what it is.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from schema.rights import Sight
from schema.types.mutations import mutations_of
from tests.conftest import IS_THOROUGH

HOLE: Final = object()
"""Stands in an input for what names the row."""

WRAPPERS: Final = frozenset(
    {"connect", "connectOrCreate", "create", "delete", "disconnect", "set", "update", "some", "every", "none"}
)
"""Fields that say what is done with the rows of a relation, or which of them are looked at."""

EACH: Final = 1 if IS_THOROUGH else 0
"""Relations of a path up to which places are walked for each mutation; those beyond are walked once for all."""

VALUES: Final[Mapping[str, Any]] = {"Int": 100, "Boolean": True, "Decimal": "1"}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the input of a mutation where a row can be named."""

    mutation: str
    """The mutation."""

    path: tuple[str, ...]
    """Where it is, below `input`."""

    names: str
    """Type of the rows that can be named."""

    by: str
    """What they are named by: `id`, or a unique field."""

    is_given: bool
    """True where a value is given to a row, which other rows may have; it names none."""

    input: Any
    """An input that leads there, with a hole."""

    def filled(self, value: Any) -> Any:
        """Return the input with a value in the hole."""
        return _filled(self.input, value)

    def __str__(self) -> str:
        return f"{self.mutation}({'.'.join(self.path)})"


def _filled(template: Any, value: Any) -> Any:
    if isinstance(template, dict):
        return {name: _filled(each, value) for name, each in template.items()}
    if isinstance(template, list):
        return [_filled(each, value) for each in template]
    return value if template is HOLE else template


class Places:
    """The places of one schema, for a caller with a row of its own of each type; these lead to each other."""

    def __init__(self, core: GraphQLSchema, sight: Sight, own: Mapping[str, str]) -> None:
        """Take the schema, what the caller sees, and the ids of its rows by type."""
        self._core, self._graph, self._forbidden, self._own = core, sight.graph, sight.forbidden, own
        self._numbers = count()
        self._far = set[tuple[str, ...]]()

    def all(self) -> Iterator[Place]:
        """Yield every place once for each mutation, by the shortest way."""
        self._far.clear()
        for type_ in self._graph.types.values():
            for each in mutations_of(type_) if type_.writes is not None else ():
                yield from self._of(each.name, type_.name)

    def selection(self, mutation: str) -> str:
        """Return what can be selected of a payload, but ids of rows, of which new ones are never the same."""
        assert self._core.mutation_type is not None
        name = f"{mutation[0].upper()}{mutation[1:]}Payload"
        payload = self._core.type_map[name]
        assert isinstance(payload, GraphQLObjectType)
        return f"... on {name} {{ __typename {self._selected(payload, 1)} }}"

    def _selected(self, type_: GraphQLObjectType, depth: int) -> str:
        parts = []
        for name, field in type_.fields.items():
            below = get_named_type(field.type)
            if (type_.name, name) in self._forbidden or (below.name == "ID" and not depth) or name == "cursor":
                continue
            if not isinstance(below, GraphQLObjectType):
                parts.append(name)
            elif depth and not field.args and (inside := self._selected(below, depth - 1)):
                parts.append(f"{name} {{ {inside} }}")
        return " ".join(parts)

    def _of(self, mutation: str, type_name: str) -> Iterator[Place]:
        root = self._core.mutation_type
        assert root is not None
        start = get_named_type(root.fields[mutation].args["input"].type)
        waiting = deque([(start, type_name, (), HOLE, False, 0)])
        seen = set[tuple[str, ...]]()
        while waiting:
            type_, owner, path, around, is_filter, hops = waiting.popleft()
            assert isinstance(type_, GraphQLInputObjectType)
            key = type_.name, *path[-2:]  # each relation, and each thing that can be done with its rows
            if key in seen or (hops > EACH and key in self._far):
                continue
            seen.add(key)
            self._far.add(key)
            for name, field in type_.fields.items():
                below, is_list = get_named_type(field.type), isinstance(_bare(field.type), GraphQLList)
                inside = _filled(around, self._least(type_, owner) | {name: [HOLE] if is_list else HOLE})
                deeper, is_looked_at = (*path, name), is_filter or name == "filter"
                if not isinstance(below, GraphQLInputObjectType):
                    yield from self._leaf(mutation, type_, name, owner, deeper, inside)
                elif (
                    is_looked_at and below.name.endswith(("Filter", "FilterList")) and name not in ("and", "or", "not")
                ):
                    yield from self._compared(mutation, below, name, owner, deeper, inside)
                    if (beyond := self._beyond(owner, name, below)) is not None:
                        waiting.append((below, beyond, deeper, inside, True, hops + self._is_relation(owner, name)))
                elif not is_looked_at:
                    beyond = self._beyond(owner, name, below)
                    assert beyond is not None, f"{type_.name}.{name}: what rows does it write?"
                    waiting.append((below, beyond, deeper, inside, False, hops + self._is_relation(owner, name)))

    def _is_relation(self, owner: str, name: str) -> bool:
        return any(relation.name == name for relation in self._graph.types[owner].relations)

    def _beyond(self, owner: str, name: str, below: GraphQLInputObjectType) -> str | None:
        """Return whose rows an input below a field is of; None for what is compared."""
        type_ = self._graph.types[owner]
        for relation in type_.relations:
            if relation.name == name:
                return relation.target
        is_same = name in WRAPPERS or name in (type_.singular, type_.plural) or below.name == f"{owner}Filter"
        return owner if is_same else None

    def _leaf(
        self, mutation: str, type_: GraphQLInputObjectType, name: str, owner: str, path: tuple[str, ...], inside: Any
    ) -> Iterator[Place]:
        """Yield a place that is a value by itself."""
        is_key = type_.name == f"{owner}Key"
        if name == "id":
            yield Place(mutation, path, owner, "id", False, inside)
        elif (target := self._references(owner, name)) is not None:
            yield Place(mutation, path, target, "id", False, inside)
        elif name in self._unique(owner) and type_.name != f"{owner}Filter":
            yield Place(mutation, path, owner, name, not is_key, inside)

    def _compared(
        self, mutation: str, below: GraphQLInputObjectType, name: str, owner: str, path: tuple[str, ...], inside: Any
    ) -> Iterator[Place]:
        """Yield a place where a filter compares what names a row."""
        if "eq" not in below.fields:
            return
        inside, path = _filled(inside, {"eq": HOLE}), (*path, "eq")
        target = self._references(owner, name)
        if name == "id" or target is not None:
            yield Place(mutation, path, target or owner, "id", False, inside)
        elif name in self._unique(owner):
            yield Place(mutation, path, owner, name, False, inside)

    def _references(self, owner: str, name: str) -> str | None:
        field = self._graph.types[owner].field_named(name)
        return None if field is None else field.references

    def _unique(self, owner: str) -> set[str]:
        type_ = self._graph.types[owner]
        return {type_.field_of(field.attribute).name for key in type_.unique_keys for field in key.fields}

    def _least(self, type_: GraphQLInputObjectType, owner: str) -> dict[str, Any]:
        """Return what an input cannot do without."""
        found: dict[str, Any] = {}
        for name, field in type_.fields.items():
            if isinstance(field.type, GraphQLNonNull):
                found[name] = self._value(field.type.of_type, name, owner)
        return found

    def _value(self, type_: Any, name: str, owner: str) -> Any:
        if isinstance(type_, GraphQLList):
            return [self._value(_bare(type_.of_type), name, owner)]
        if isinstance(type_, GraphQLEnumType):
            return next(iter(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            if name == "filter":
                return {"id": {"eq": self._own[owner]}}
            beyond = self._beyond(owner, name, type_) or owner
            if beyond != owner or "connect" in type_.fields:
                return {"connect": {"id": self._own[beyond]}}
            return self._least(type_, owner) or self._some(type_)
        if name == "id":
            return self._own[owner]
        return VALUES.get(type_.name) or f"new {next(self._numbers)}"

    def _some(self, type_: GraphQLInputObjectType) -> dict[str, Any]:
        """Return an input that gives something, where nothing is needed: its last plain text."""
        texts = [name for name, field in type_.fields.items() if getattr(field.type, "name", "") == "String"]
        return {texts[-1]: f"new {next(self._numbers)}"}


def _bare(type_: Any) -> Any:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_
