"""The words with which a model says who may see and write its rows: `__access__`, in the model's own file.

    __access__ = access(
        read=where("it is no draft", lambda post, who: ~post.draft) | owner("author_id") | scope("posts:all"),
        columns={"email": owner("id") | scope("users:private")},
        write=owner("author_id") | scope("posts:all"),
    )

A rule that only names scopes is decided before anything runs. One that looks at rows is a condition of PostgreSQL at
every place where the table is read; see `schema.rights`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy.types import TypeEngine, to_instance

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Who:
    """The caller, as a condition sees it."""

    user_id: ColumnElement[int]
    """Primary key of the caller's user, as a parameter; null for a caller that is no user."""

    value: Callable[[str, TypeEngine[Any]], ColumnElement[Any]]
    """Returns a claim, as a parameter."""

    def claim(self, name: str, type_: type[TypeEngine[T]] | TypeEngine[T]) -> ColumnElement[T]:
        """Return a claim of the caller, as a parameter; null for one that has none, so that no comparison holds.

        Args:
            name: Its name, such as `tenant`.
            type_: What it is read as: Integer, Text, Boolean, Uuid, or ARRAY of one of these.
        """
        return self.value(name, to_instance(type_))


Condition = Callable[[Any, Who], ColumnElement[bool]]
"""A function of an aliased model and of the caller that returns a condition on the row."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may do something. Rules are joined by `|` and `&`."""

    def __or__(self, other: "Rule") -> "Rule":
        """Return the rule that either gives."""
        return AnyRule((*_parts(self, AnyRule), *_parts(other, AnyRule)))

    def __and__(self, other: "Rule") -> "Rule":
        """Return the rule that both give."""
        return EveryRule((*_parts(self, EveryRule), *_parts(other, EveryRule)))

    def leaves(self) -> "Iterator[Rule]":
        """Yield the rules that it is made of."""
        yield self

    @property
    def looks_at_rows(self) -> bool:
        """True where it may give one row and not another."""
        return any(not isinstance(each, ScopeRule | Nobody) for each in self.leaves())


@dataclass(frozen=True, slots=True)
class ScopeRule(Rule):
    """Who has a scope."""

    scope: str
    """The scope."""

    def __str__(self) -> str:
        return f"scope {self.scope}"


@dataclass(frozen=True, slots=True)
class OwnerRule(Rule):
    """The user whose id an attribute of the row is."""

    attribute: str
    """The attribute."""

    def __str__(self) -> str:
        return f"user of {self.attribute}"


@dataclass(frozen=True, slots=True)
class ClaimRule(Rule):
    """Who has a claim that is the same as an attribute of the row."""

    name: str
    """The claim."""

    attribute: str
    """The attribute."""

    def __str__(self) -> str:
        return f"claim {self.name} is {self.attribute}"


@dataclass(frozen=True, slots=True)
class WhereRule(Rule):
    """Everybody, where a condition holds for the row."""

    says: str
    """The condition, for people."""

    condition: Condition
    """The condition."""

    def __str__(self) -> str:
        return f"where {self.says}"


@dataclass(frozen=True, slots=True)
class ThroughRule(Rule):
    """Who may see the row that a to-one relation leads to; everybody, where it leads nowhere."""

    relation: str
    """The relationship."""

    def __str__(self) -> str:
        return f"who sees its {self.relation}"


@dataclass(frozen=True, slots=True)
class Nobody(Rule):
    """Nobody."""

    def __str__(self) -> str:
        return "nobody"


@dataclass(frozen=True, slots=True)
class AnyRule(Rule):
    """Whom one of several rules gives it."""

    parts: tuple[Rule, ...]
    """The rules."""

    def leaves(self) -> Iterator[Rule]:
        """Yield the rules that it is made of."""
        for part in self.parts:
            yield from part.leaves()

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class EveryRule(Rule):
    """Whom all of several rules give it."""

    parts: tuple[Rule, ...]
    """The rules."""

    def leaves(self) -> Iterator[Rule]:
        """Yield the rules that it is made of."""
        for part in self.parts:
            yield from part.leaves()

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, AnyRule) else str(part) for part in self.parts)


def _parts(rule: Rule, kind: type[AnyRule] | type[EveryRule]) -> tuple[Rule, ...]:
    return rule.parts if isinstance(rule, kind) else (rule,)


def scope(name: str) -> Rule:
    """Give it to callers that have a scope."""
    return ScopeRule(name)


def owner(attribute: str) -> Rule:
    """Give it to the user whose id an attribute of the row is, such as `author_id`."""
    return OwnerRule(attribute)


def claim(name: str, attribute: str) -> Rule:
    """Give it to callers with a claim that is what an attribute of the row is, such as `tenant` and `tenant_id`."""
    return ClaimRule(name, attribute)


def where(says: str, condition: Condition) -> Rule:
    """Give it to everybody for rows that a condition holds for.

    Args:
        says: The condition for people: `"it is no draft"`.
        condition: `(row, who) -> condition`, in SQLAlchemy's terms. `who.user_id` is null for who is no user, and
            `who.claim("tenant", Integer)` for who has no such claim, so that no comparison with it holds.
    """
    return WhereRule(says, condition)


def through(relation: str) -> Rule:
    """Give it to who may see the row that a to-one relation leads to: a comment, to who sees its post."""
    return ThroughRule(relation)


def nobody() -> Rule:
    """Give it to nobody."""
    return Nobody()


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what with a model's rows; made by `access`. None gives it to every caller."""

    read: Rule | None = None
    """Who sees a row."""

    create: Rule | None = None
    """Who may create a row, as it is then."""

    update: Rule | None = None
    """Who may change a row: as it was, and as it is then."""

    delete: Rule | None = None
    """Who may delete a row."""

    columns: Mapping[str, Rule] = field(default_factory=dict)
    """Who sees and changes a column of a row, by attribute, of those who see the row."""

    def rules(self) -> Iterator[Rule]:
        """Yield all that is said."""
        yield from (each for each in (self.read, self.create, self.update, self.delete) if each is not None)
        yield from self.columns.values()


def access(
    *,
    read: Rule | None = None,
    write: Rule | None = None,
    create: Rule | None = None,
    update: Rule | None = None,
    delete: Rule | None = None,
    columns: Mapping[str, Rule] | None = None,
) -> Access:
    """Say who may see and write the rows of a model. What is left out is given to every caller.

    Reading needs the scope `read` beside, and writing the scope `write`. `schema.graph` checks every name at start.

    Args:
        read: Who sees a row, wherever it stands. To others it is not there.
        write: Who may create, change and delete a row, where nothing else is said of one of these.
        create: Who may create a row; it is looked at as it is then.
        update: Who may change a row; it is looked at as it was and as it is then.
        delete: Who may delete a row.
        columns: Who sees a column, and changes it in a row that is there, by attribute.
    """
    return Access(read, create or write, update or write, delete or write, dict(columns or {}))
