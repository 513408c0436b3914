"""On what terms an answer may be kept: for whom it is, and for how long it may be shown without asking."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from schema.changes.watched import tables_between
from schema.documents import Document
from schema.engine import Compiled, Engine
from schema.graph import Graph
from schema.models.caching import CacheHint
from schema.principal import Principal
from schema.rights import Place, Sights, places_of_column, refused, touched_places


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms an answer may be kept."""

    max_age: int
    """Seconds for which it may be shown without asking whether it still holds; 0 for: ask each time."""

    is_public: bool
    """True where who shows no key is answered the same."""

    is_for_all: bool
    """True where everybody is: no rule is there for what it reads."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation, as it was asked."""

    document: Document
    """Its document."""

    operation: OperationDefinitionNode
    """It."""

    variables: Mapping[str, Any]
    """Its variables, as they were sent."""

    coerced: VariableValues
    """Its variables, as the schema has them."""


class TermsReader:
    """Finds out the terms of operations of one schema."""

    def __init__(
        self,
        core: GraphQLSchema,
        graph: Graph,
        sights: Sights,
        engine: Engine,
        own: Mapping[tuple[str, str], CacheHint],
    ) -> None:
        """Note what the models say.

        Args:
            core: The schema.
            graph: Its description.
            sights: What callers see of it.
            engine: What compiles operations.
            own: What is said of fields in Python, by type and field name, where something is.
        """
        self._core = core
        self._sights = sights
        self._engine = engine
        self._own = own
        self._types = {type_.table.fullname: type_ for type_ in graph.types.values()}
        self._between = tables_between(graph)
        self._columns: dict[Place, int] = {}
        for type_ in graph.types.values():
            for attribute, seconds in type_.cache.columns.items():
                for place in places_of_column(type_, attribute):
                    self._columns[place] = min(seconds, self._columns.get(place, seconds))

    def read(self, asked: Asked, compiled: Compiled, anonymous: Principal | None) -> Terms | None:
        """Return the terms of an answer; None where it may not be kept at all.

        Args:
            asked: The operation.
            compiled: What became of it for the caller.
            anonymous: Who shows no key; None where such a caller is not answered.
        """
        own = [self._own.get((each.type_name, each.node.name.value)) for each in compiled.own]
        tables = compiled.statement.reads.tables
        if None in own or not tables:
            return None
        types = [self._types.get(table) for table in tables if table not in self._between or table in self._types]
        ages = [0 if type_ is None else type_.cache.max_age for type_ in types]
        ages += [each.max_age for each in own if each is not None]
        if self._columns:
            touched = touched_places(self._core, asked.document, asked.operation, asked.variables)
            ages += [self._columns[place] for place in touched & self._columns.keys()]
        is_for_all = all(type_ is not None and type_.access is None for type_ in types)
        return Terms(min(ages, default=0), self._is_public(asked, compiled, anonymous), is_for_all)

    def _is_public(self, asked: Asked, compiled: Compiled, anonymous: Principal | None) -> bool:
        """Return whether who shows no key is answered the same: by the same statement, of the same values."""
        if anonymous is None:
            return False
        document, operation, sight = asked.document, asked.operation, self._sights.of(anonymous)
        if sight.forbidden and refused(self._core, document, operation, asked.variables, sight.forbidden):
            return False
        other = self._engine.compile(document, operation, asked.coerced, sight, self._sights.identity(anonymous))
        return other is not None and (other.statement.sql, other.arguments) == (
            compiled.statement.sql,
            compiled.arguments,
        )
