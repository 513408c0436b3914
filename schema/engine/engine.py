"""Finds the statement of an operation: the outline once a document, the SQL once a shape, the values each time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cachetools import LRUCache
from graphql import FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode, VariableNode, visit
from graphql.execution.values import VariableValues
from graphql.language import DirectiveNode, Visitor

from schema.engine.arguments import ArgumentReader
from schema.engine.outline import Outline, OwnField
from schema.engine.outliner import OwnReads, Uncompiled, make_outline
from schema.engine.own import fill
from schema.engine.render import render
from schema.engine.statement import Statement, compile_statement
from schema.errors import PublicError
from schema.graph import Graph
from schema.query.page import Limits
from schema.record import Record

MOST_OUTLINES: Final = 1000
"""Outlines that are kept."""

MOST_STATEMENTS: Final = 1000
"""Statements that are kept."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """An operation of one request, ready to run."""

    statement: Statement
    """The statement; it may be shared with other requests."""

    arguments: list[Any]
    """What is bound in it."""

    own: tuple[OwnField, ...]
    """What is computed in Python on top; see `Engine.fill`."""


class Engine:
    """The compiled way of one schema."""

    def __init__(
        self, core: GraphQLSchema, graph: Graph, limits: Limits, own: OwnReads, records: Mapping[str, type[Record]]
    ) -> None:
        """Begin without any statement.

        Args:
            core: The schema.
            graph: The graph description.
            limits: How large a page may be.
            own: What each field in Python is computed from, where it takes nothing else; others go to the resolvers.
            records: The class of the rows of each type.
        """
        self._core = core
        self._graph = graph
        self._own = own
        self._records = records
        self._reader = ArgumentReader(core, graph, limits)
        self._flags: LRUCache[int, tuple[OperationDefinitionNode, tuple[str, ...]]] = LRUCache(MOST_OUTLINES)
        self._outlines: LRUCache[Any, tuple[OperationDefinitionNode, Outline | None]] = LRUCache(MOST_OUTLINES)
        self._statements: LRUCache[Any, tuple[OperationDefinitionNode, Statement]] = LRUCache(MOST_STATEMENTS)

    def compile(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
    ) -> Compiled | None:
        """Return an operation as one statement, or None where it goes to the resolvers.

        Args:
            operation: A valid operation, the same object each time its document is asked for.
            fragments: The fragments of its document.
            variables: The coerced variables.
        """
        flags = {name: variables.coerced.get(name) for name in self._flag_names(operation, fragments)}
        place = (id(operation), tuple(flags.items()))
        outline = self._outline(place, operation, fragments, flags)
        if outline is None:
            return None
        try:
            shapes, values = self._reader.read(outline, variables)
        except PublicError:
            return None  # the resolvers say what is wrong, and where
        known = self._statements.get((place, shapes))
        if known is None:
            statement = compile_statement(render(self._graph, outline, shapes))
            known = self._statements[place, shapes] = operation, statement  # kept, so that no other takes its id
        return Compiled(known[1], known[1].arguments(values), outline.own)

    async def fill(self, data: bytes, compiled: Compiled, variables: VariableValues) -> bytes | None:
        """Return an answer with its fields in Python filled in, or None where one failed; the resolvers say why.

        Args:
            data: What the statement gave.
            compiled: The operation.
            variables: The coerced variables.
        """
        return await fill(data, compiled.own, self._records, variables)

    def _outline(
        self,
        place: Any,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        flags: Mapping[str, object],
    ) -> Outline | None:
        known = self._outlines.get(place)
        if known is not None:
            return known[1]
        try:
            outline: Outline | None = make_outline(self._core, self._graph, self._own, operation, fragments, flags)
            if outline is not None and not outline.sites:
                outline = None  # nothing of it is in a table
        except Uncompiled:
            outline = None
        self._outlines[place] = operation, outline  # the operation is kept, so that no other takes its id
        return outline

    def _flag_names(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> tuple[str, ...]:
        """Return the names of the variables that stand in `@skip` and `@include`."""
        known = self._flags.get(id(operation))
        if known is None:
            finder = _Flags()
            for definition in (operation, *fragments.values()):
                visit(definition, finder)
            known = self._flags[id(operation)] = operation, tuple(sorted(finder.names))
        return known[1]


class _Flags(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        if node.name.value in ("skip", "include"):
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    self.names.add(argument.value.name.value)
