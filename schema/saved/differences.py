"""What a change of the schema means to its clients: breaking, dangerous or safe, and which saved operations break."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    BreakingChange,
    DangerousChange,
    GraphQLError,
    GraphQLSchema,
    SafeChangeType,
    build_schema,
    find_schema_changes,
    specified_scalar_types,
    validate,
)

from schema.errors import StartError
from schema.saved.files import SavedText, shown

UNSEEN: Final = frozenset({SafeChangeType.DESCRIPTION_CHANGED})
"""Changes that nothing but documentation shows."""


_OF_STANDARD_SCALARS: Final = frozenset(
    text.format(name)
    for name in specified_scalar_types
    for text in ("{} was added.", "Standard scalar {} was removed because it is not referenced anymore.")
)
"""What is said of scalars that every schema has, used or not."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change."""

    kind: str
    """A stable word, such as `FIELD_REMOVED`."""

    text: str
    """What changed, for people."""


@dataclass(frozen=True, slots=True)
class Differences:
    """All changes between two schemas."""

    breaking: tuple[Change, ...]
    """What makes documents invalid that were valid."""

    dangerous: tuple[Change, ...]
    """What may surprise clients: a new value of an enum, a new member of a union."""

    safe: tuple[Change, ...]
    """What no client notices."""

    broken: tuple[str, ...]
    """Where saved operations were valid and are not any more."""

    def as_json(self) -> Mapping[str, Any]:
        """Return all of it for programs."""
        named = {"breaking": self.breaking, "dangerous": self.dangerous, "safe": self.safe}
        found: dict[str, Any] = {
            name: [{"kind": each.kind, "text": each.text} for each in changes] for name, changes in named.items()
        }
        return found | {"brokenOperations": list(self.broken)}


def differences(old: GraphQLSchema, new: GraphQLSchema, saved: Iterable[SavedText] = ()) -> Differences:
    """Return what changed from one schema to another.

    Args:
        old: The schema as it was.
        new: The schema as it is.
        saved: Saved operations that may break.
    """
    sorted_: dict[type[Any], list[Change]] = {BreakingChange: [], DangerousChange: []}
    safe = list[Change]()
    for each in find_schema_changes(old, new):
        if each.type not in UNSEEN and each.description not in _OF_STANDARD_SCALARS:
            sorted_.get(type(each), safe).append(Change(each.type.name, each.description))
    broken = [
        shown(error, each.place) + f" (in {each.name})"
        for each in saved
        if not validate(old, each.node)
        for error in validate(new, each.node)
    ]
    return Differences(tuple(sorted_[BreakingChange]), tuple(sorted_[DangerousChange]), tuple(safe), tuple(broken))


def read_sdl(text: str, name: str) -> GraphQLSchema:
    """Return the schema that SDL describes.

    Raises:
        StartError: It is none; the message names line and column.
    """
    try:
        found = build_schema(text)
        if found.query_type is None:
            raise StartError(f"{name}: a schema has a type Query, and this has none.")
        return found
    except GraphQLError as error:
        where = error.locations[0] if error.locations else None
        place = f"{name}:{where.line}:{where.column}" if where else name
        raise StartError(f"{place}: {error.message}") from error
    except TypeError as error:
        raise StartError(f"{name}: {error}") from error
