"""What a caller sees of the graph: the description, with a `View` wherever not all of a table is there for it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final

from cachetools import LRUCache
from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    inspect,
    literal_column,
    or_,
    select,
    true,
)

from schema.graph import Graph, ObjectType, View
from schema.graph.access import is_led
from schema.graph.data import RowCondition
from schema.models.access import (
    Access,
    AnyRule,
    ClaimRule,
    EveryRule,
    OwnerRule,
    Rule,
    ScopeRule,
    ThroughRule,
    WhereRule,
    Who,
)
from schema.principal import EVERY, Principal
from schema.query.rows import entity_of, rows_beside, selectable
from schema.rights.decide import Facts, decide
from schema.rights.identity import WHO, Identity, claims_in, identity_of, who_is
from schema.rights.refusals import Forbidden, forbidden

MOST_SIGHTS: Final = 100
"""Sights that are kept: callers that have the same of the scopes which rules name share one."""

_EVERYTHING: Final = View()
_SAID_NOTHING: Final = Access()


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What some callers see."""

    graph: Graph
    """The graph description, as it is for them."""

    facts: Facts = field(default_factory=Facts)
    """What these callers have in common."""

    forbidden: Forbidden = field(default_factory=dict)
    """What is refused by name."""

    unruled: Graph | None = None
    """The graph description without rules, where there are any."""

    def filled(self, identity: Identity) -> Graph:
        """Return the description with the caller put in as a value: for statements that write."""
        if not self.graph.has_views or self.unruled is None:
            return self.graph
        return _seen(self.unruled, self.facts, who_is(identity))[0]

    def bound(self, statement: Any, identity: Identity) -> Any:
        """Return a SELECT over the graph with the caller put in."""
        return statement.params(identity) if self.graph.has_views else statement


class Sights:
    """The sights of one graph."""

    def __init__(self, graph: Graph) -> None:
        """Note which scopes decide anything."""
        self._graph = graph
        self._scopes = frozenset(
            leaf.scope
            for type_ in graph.types.values()
            if type_.access is not None
            for rule in type_.access.rules()
            for leaf in rule.leaves()
            if isinstance(leaf, ScopeRule)
        )
        self._claims = claims_in(graph)
        self._has_rules = any(type_.access is not None for type_ in graph.types.values())
        self.whole = Sight(graph, Facts(sees_all=True))
        """The sight of who may see and do all."""
        self._sights: LRUCache[Facts, Sight] = LRUCache(MOST_SIGHTS)
        self._of = lru_cache(MOST_SIGHTS)(self._found)

    def of(self, principal: Principal) -> Sight:
        """Return what a caller sees."""
        if not self._has_rules:
            return self.whole
        return self._of(principal.scopes, principal.user_id is not None)

    def identity(self, principal: Principal) -> Identity:
        """Return who a caller is, as the rules look at it.

        Raises:
            ForbiddenError: A claim is something else than the rules take it for.
        """
        return identity_of(principal, self._claims)

    def _found(self, scopes: frozenset[str], has_user: bool) -> Sight:
        facts = Facts(self._scopes if EVERY in scopes else scopes & self._scopes, has_user)
        sight = self._sights.get(facts)
        if sight is None:
            sight = self._sights[facts] = _sight(self._graph, facts)
        return sight


def _sight(graph: Graph, facts: Facts) -> Sight:
    seen, viewer = _seen(graph, facts, WHO)
    return Sight(seen, facts, forbidden(graph, viewer.is_hidden, viewer.is_masked), graph)


def _seen(graph: Graph, facts: Facts, who: Who) -> "tuple[Graph, _Viewer]":
    """Return the description as callers see it who have facts in common."""
    bare: dict[str, ObjectType] = {}  # filled in below; conditions look only when they are used
    viewer = _Viewer(graph, replace(graph, types=MappingProxyType(bare)), facts, who)
    made = {name: replace(type_, view=viewer.view(name)) for name, type_ in graph.types.items()}
    bare.update({name: replace(type_, view=type_.view and View(type_.view.rows)) for name, type_ in made.items()})
    whole = replace(
        graph,
        types=MappingProxyType(made),
        by_model=MappingProxyType({type_.model: type_ for type_ in made.values()}),
        has_views=any(type_.view is not None for type_ in made.values()),
    )
    return whole, viewer


class _Viewer:
    """Makes the views of one sight."""

    def __init__(self, graph: Graph, rows_alone: Graph, facts: Facts, who: Who) -> None:
        """Take the graph as everybody has it, and as these callers do where values are hidden to nobody.

        Rules look at the latter, so that a foreign key may be hidden by a rule that leads back to its row.
        """
        self._graph = graph
        self._rows_alone = rows_alone
        self._facts = facts
        self._who = who
        self._views: dict[str, View | None] = {}

    def is_hidden(self, type_name: str) -> bool:
        """Return whether no row of a type is ever seen."""
        access = self._graph.types[type_name].access
        return access is not None and self._decided(type_name, access.read) is False

    def is_masked(self, type_name: str, attribute: str) -> bool:
        """Return whether no value of an attribute is ever seen."""
        access = self._graph.types[type_name].access
        return access is not None and self._decided(type_name, access.columns.get(attribute)) is False

    def view(self, type_name: str) -> View | None:
        """Return what is seen of a type; None where that is all."""
        if type_name not in self._views:
            type_ = self._graph.types[type_name]
            view = self._view(type_, type_.access or _SAID_NOTHING)
            self._views[type_name] = None if view == _EVERYTHING else view
        return self._views[type_name]

    def _view(self, type_: ObjectType, access: Access) -> View:
        columns = {
            attribute: condition
            for attribute, rule in access.columns.items()
            if (condition := self._condition(type_, rule)) is not None
        }
        masks = dict(_masks(type_, columns))
        for key, condition in self._held(type_, access):
            masks[key] = _every([masks[key], condition]) if key in masks else condition
        return View(
            rows=self._condition(type_, access.read),
            masks=masks,
            create=self._condition(type_, access.create),
            update=self._condition(type_, access.update),
            delete=self._condition(type_, access.delete),
            changes=columns,
        )

    def _held(self, type_: ObjectType, access: Access) -> Iterator[tuple[str, RowCondition]]:
        """Yield what hides foreign keys that are shown and lead to rows that are not."""
        for field_ in type_.fields:
            if field_.references is None or field_.column is None or field_.column.primary_key:
                continue
            if self._hides_rows(field_.references) and not is_led(access, field_, type_.relations):
                yield field_.column.key, partial(self._leads_to, field_.references, field_.attribute)

    def _leads_to(self, target: str, attribute: str, entity: Any) -> ColumnElement[bool]:
        far = entity_of(self._rows_alone.types[target])
        (key,) = self._rows_alone.types[target].key_attributes
        is_it = getattr(far, key) == getattr(entity, attribute)
        led: Select[Any] = select(literal_column("1")).select_from(selectable(far)).where(is_it)
        return exists(led.correlate(selectable(entity)))

    def _condition(self, type_: ObjectType, rule: Rule | None) -> RowCondition | None:
        """Return what a rule leaves of the rows; None where it leaves all."""
        decided = self._decided(type_.name, rule)
        if isinstance(decided, bool):
            return None if decided else lambda _entity: false()
        return lambda entity: self._to_sql(type_, decided, entity)

    def _decided(self, type_name: str, rule: Rule | None) -> Rule | bool:
        return decide(rule, self._facts, lambda leaf: self._is_free(type_name, leaf))

    def _is_free(self, type_name: str, leaf: Rule) -> bool:
        return isinstance(leaf, ThroughRule) and not self._hides_rows(self._relation(type_name, leaf).target)

    def _hides_rows(self, type_name: str) -> bool:
        type_ = self._graph.types[type_name]
        return type_.access is not None and self._condition(type_, type_.access.read) is not None

    def _relation(self, type_name: str, leaf: ThroughRule) -> Any:
        relations = self._graph.types[type_name].relations
        return next(relation for relation in relations if relation.attribute == leaf.relation)

    def _to_sql(self, type_: ObjectType, rule: Rule, entity: Any) -> ColumnElement[bool]:
        match rule:
            case AnyRule(parts):
                return or_(*(self._to_sql(type_, part, entity) for part in parts))
            case EveryRule(parts):
                return and_(*(self._to_sql(type_, part, entity) for part in parts))
            case OwnerRule(attribute):
                return getattr(entity, attribute) == self._who.user_id  # type: ignore[no-any-return]  # typed as Any there
            case ClaimRule(name, attribute):
                column = getattr(entity, attribute)
                return column == self._who.claim(name, column.type)  # type: ignore[no-any-return]  # typed as Any there
            case WhereRule(_, condition):
                return and_(true(), condition(entity, self._who))
            case ThroughRule():
                relation = self._relation(type_.name, rule)
                led = exists(rows_beside(self._rows_alone, relation, entity).select(literal_column("1")))
                return (
                    or_(led, *(getattr(entity, key).is_(None) for key in relation.keys))
                    if _may_lead_nowhere(relation.key_columns)
                    else led
                )
            case _:
                raise TypeError(f"{rule} is decided without rows")


def _may_lead_nowhere(columns: tuple[Column[Any], ...]) -> bool:
    return any(column.nullable for column in columns)


def _masks(type_: ObjectType, columns: Mapping[str, RowCondition]) -> Iterator[tuple[str, RowCondition]]:
    """Yield what hides the values of columns: those that are named, and generated ones that are computed from these."""
    mapper: Any = inspect(type_.model)
    named = {mapper.columns[attribute]: condition for attribute, condition in columns.items()}
    for column in type_.table.columns:
        if column in named:
            yield column.key, named[column]
        elif type_.search is not None and mapper.columns[type_.search.attribute] is column and column.computed is None:
            if columns:  # of what it was made, nobody can tell
                yield column.key, _every([*columns.values()])
        elif column.computed is not None:
            text = str(column.computed.sqltext)
            behind = [condition for each, condition in named.items() if re.search(rf"\b{re.escape(each.name)}\b", text)]
            if behind:
                yield column.key, _every(behind)


def _every(conditions: list[RowCondition]) -> RowCondition:
    return lambda entity: and_(*(condition(entity) for condition in conditions))
