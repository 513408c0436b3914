"""Finds the statement of an operation: the outline once a document, the SQL once a shape, the values each time."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from cachetools import LRUCache
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import VariableValues

from schema.documents import Document
from schema.engine.arguments import ArgumentReader, ListShape, Shape, Slot, WrittenShape, slot_name
from schema.engine.created import NEW, Creator, id_line, is_read, written
from schema.engine.flags import flag_names
from schema.engine.outline import Outline, OwnField, Site
from schema.engine.outliner import Uncompiled, make_outline
from schema.engine.own import fill, own_reads
from schema.engine.prepared import Prepared, prepare
from schema.engine.render import render
from schema.engine.spread import Spread
from schema.engine.statement import Statement, compile_statement
from schema.engine.template import ArgumentTemplate, has_variables
from schema.errors import PublicError
from schema.graph import Graph
from schema.query.filters import check_comparisons, size
from schema.query.later import Later, Undecided
from schema.query.order import Order
from schema.query.page import Limits
from schema.query.requests import Grouping
from schema.record import Record
from schema.rights import Identity, Sight

CREATED: Final = "written"
"""Kind of the site of a row that is created."""

MOST_PLANS: Final = 4
"""Plans of one operation that are kept, each for other values of its flags."""

MOST_PREPARED: Final = 32
"""Sights, and choices of fields that are given, for which an operation is prepared."""

STATEMENT_BYTES: Final = 64_000_000
"""Most memory of the statements that are kept."""

BASE_BYTES: Final = 4_000
"""Memory of the smallest statement and its plan."""

PARAMETER_BYTES: Final = 1_000
"""Memory of a parameter, and of what its place in a shape takes."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """An operation of one request, ready to run."""

    statement: Statement
    """The statement; it may be shared with other requests."""

    arguments: list[Any]
    """What is bound in it."""

    own: tuple[OwnField, ...]
    """What is computed in Python on top; see `Engine.fill`."""


@dataclass(slots=True)
class _Site:
    """A site, and what is the same of it in every request."""

    number: int
    site: Site
    arguments: ArgumentTemplate
    order: Order | None = None
    """The order of a list, where no variable stands in it."""
    fixed: tuple[Shape, list[Any]] | None = None
    """What was read of all arguments once, each variable a `Later`; None where a variable decides more than a value."""
    comparisons: int = 0
    """Comparisons of its filter, as far as it was read."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is known of an operation under some flags."""

    outline: Outline
    sites: tuple[_Site, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an operation."""

    writes: bool
    """Whether it is a mutation."""
    flags: tuple[str, ...]
    """Names of the variables that stand in `@skip` and `@include`."""
    plans: LRUCache[Any, _Plan | None]
    """By the values of these; None where the operation goes to the resolvers."""
    spread: Spread
    """Variables that are input objects."""
    prepared: dict[Any, Prepared | None]
    """Where only values are left to find: for callers who see the same, of mutations behind the fields that are given.
    None where more is left to find."""

    def place(self, sight: Sight, variables: VariableValues) -> Any:
        """Return under what it is prepared."""
        return (sight, self.spread.shape(variables.coerced)) if self.writes else sight


class Engine:
    """The compiled way of one schema."""

    def __init__(
        self,
        core: GraphQLSchema,
        graph: Graph,
        limits: Limits,
        own: Mapping[tuple[str, str], tuple[str, ...]],
        records: Mapping[str, type[Record]],
        creator: Creator | None = None,
    ) -> None:
        """Begin without any statement.

        Args:
            core: The schema.
            graph: The graph description.
            limits: How large a page may be.
            own: The attributes that each field in Python reads, where it takes nothing else; others are not compiled.
            records: The class of the rows of each type.
            creator: What creating rows needs; None where mutations are not compiled.
        """
        self._creator = creator
        self._creates = {} if creator is None else creator.roots
        self._core = core
        self._graph = graph
        self._own = own_reads(graph, own)
        self._records = records
        self._reader = ArgumentReader(core, graph, limits)
        self._statements: LRUCache[Any, tuple[_Plan, Statement | None]] = LRUCache(STATEMENT_BYTES, getsizeof=_size)

    def compile(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        sight: Sight,
        identity: Identity,
    ) -> Compiled | None:
        """Return an operation as one statement, or None where it goes to the resolvers.

        Args:
            document: A valid document, which keeps what is found out about its operations.
            operation: One of its operations.
            variables: The coerced variables.
            sight: What the caller sees.
            identity: Who asks.

        Raises:
            LimitError: Its filters are too large, taken together.
        """
        known = self._known(document, operation)
        ready = known.prepared.get(known.place(sight, variables))
        if ready is not None and (statement := ready.statement()) is not None:
            try:
                arguments = ready.arguments(variables.coerced, identity)
            except PublicError:
                return None
            if arguments is not None:
                return Compiled(statement, arguments, ready.own)
        return self._compiled(document, operation, variables, sight, identity)

    def prepared(self, document: Document, operation: OperationDefinitionNode, sight: Sight) -> Prepared | None:
        """Return an operation of which only values are left to find; None where more is, or where that is not known."""
        return self._known(document, operation).prepared.get(sight)

    def _compiled(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        sight: Sight,
        identity: Identity,
    ) -> Compiled | None:
        """Return an operation as one statement, of which more than values may have to be found."""
        plan = self._plan(document, operation, variables)
        if plan is None:
            return None
        varying, values = dict[int, Shape](), list[list[Any]]()
        try:
            for each in plan.sites:
                if each.site.kind == CREATED:
                    row = self._created(each, variables, sight)
                    if row is None:
                        return None
                    varying[each.number] = row[0]
                    values.append(row[1])
                    continue
                taken = _taken(each, variables.coerced)
                if taken is None:
                    arguments = each.arguments.fill(variables)
                    varying[each.number], taken = self._reader.read(each.number, each.site, arguments, each.order)
                values.append(taken)
        except (PublicError, GraphQLError):
            return None  # the resolvers say what is wrong, and where
        fixed = sum(each.comparisons for each in plan.sites if each.number not in varying)
        check_comparisons(fixed + sum(map(_comparisons, varying.values())))
        statement = self._statement(plan, varying, sight)
        if statement is None:
            return None
        self._prepare(self._known(document, operation), plan, varying, variables, sight, statement)
        return Compiled(statement, statement.arguments(values, identity), plan.outline.own)

    def _prepare(
        self,
        known: _Known,
        plan: _Plan,
        varying: Mapping[int, Shape],
        variables: VariableValues,
        sight: Sight,
        statement: Statement,
    ) -> None:
        """Note how an operation is answered where only values are left to find."""
        place = known.place(sight, variables)
        if known.flags or (varying and not known.writes) or known.prepared.get(place, statement) is None:
            return
        if len(known.prepared) >= MOST_PREPARED:
            known.prepared.clear()
        values = [self._ahead(each, known.spread, varying.get(each.number), variables, sight) for each in plan.sites]
        whole = [each for each in values if each is not None]
        is_ready = len(whole) == len(values)
        known.prepared[place] = prepare(statement, whole, plan.outline.own) if is_ready else None

    def _ahead(
        self, site: _Site, spread: Spread, varying: Shape | None, variables: VariableValues, sight: Sight
    ) -> list[Any] | None:
        """Return the values of a site with a `Later` for each that a request brings; None where that decides more."""
        if varying is None:
            return None if site.fixed is None else site.fixed[1]
        pending = site.arguments.pending
        if not isinstance(varying, WrittenShape) or self._creator is None or pending is None:
            return None
        type_, apart = sight.graph.types[varying.type_name], spread.apart(pending, variables.coerced)
        try:
            values = self._creator.read(sight.graph, type_, apart, is_ahead=True)
        except Undecided:
            return None
        return [*values.values()] if values is not None and tuple(values) == varying.attributes else None

    def _created(self, site: _Site, variables: VariableValues, sight: Sight) -> tuple[WrittenShape, list[Any]] | None:
        """Return the shape and the values of a row that is created; None where one statement will not do."""
        type_ = sight.graph.types[site.site.type_name]
        values = self._creator.read(sight.graph, type_, site.arguments.fill(variables)) if self._creator else None
        return None if values is None else (WrittenShape(type_.name, tuple(values)), list(values.values()))

    async def fill(self, data: bytes, compiled: Compiled, variables: VariableValues) -> bytes | None:
        """Return an answer with its fields in Python filled in, or None where one failed; the resolvers say why.

        Args:
            data: What the statement gave.
            compiled: The operation.
            variables: The coerced variables.
        """
        return await fill(data, compiled.own, self._records, variables)

    def _statement(self, plan: _Plan, varying: Mapping[int, Shape], sight: Sight) -> Statement | None:
        """Return the statement of a plan: rendered once for all requests whose shapes are the same.

        None stands for a row that cannot be read in the statement that creates it.
        """
        place = (sight.facts, id(plan), *varying.items())
        known = self._statements.get(place)
        if known is None:
            shapes = [
                varying[each.number] if each.fixed is None or each.number in varying else each.fixed[0]
                for each in plan.sites
            ]
            statement = self._rendered(plan.outline, shapes, sight.graph)
            known = plan, statement  # the plan is kept, so that no other takes its id
            if _size(known) <= self._statements.maxsize:
                self._statements[place] = known
        return known[1]

    def _rendered(self, outline: Outline, shapes: Sequence[Shape], graph: Graph) -> Statement | None:
        select = render(graph, outline, shapes)
        shape = shapes[0]
        if not isinstance(shape, WrittenShape) or self._creator is None:
            return compile_statement(select)
        type_ = graph.types[shape.type_name]
        if is_read(select, type_.table):
            return None
        names = [slot_name(Slot(0, index)) for index in range(len(shape.attributes))]
        insert = self._creator.insert(type_, shape.attributes, names).returning(*type_.table.columns)
        whole = select.add_columns(id_line(type_)).add_cte(insert.cte(NEW))
        return compile_statement(whole, written(type_, shape.attributes))

    def _known(self, document: Document, operation: OperationDefinitionNode) -> _Known:
        found: _Known | None = document.memo.get((self, id(operation)))
        if found is None:
            is_mutation = operation.operation is OperationType.MUTATION
            flags, spread = flag_names(document, operation), Spread(self._core, operation)
            found = _Known(is_mutation, flags, LRUCache(MOST_PLANS), spread, {})
            document.memo[self, id(operation)] = found
        return found

    def _plan(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: VariableValues,
    ) -> _Plan | None:
        known = self._known(document, operation)
        flags = {name: variables.coerced.get(name) for name in known.flags}
        place = tuple(flags.values())
        if None in place:
            return None  # a flag that is null is an error, which the resolvers make
        if place not in known.plans:
            known.plans[place] = self._new_plan(operation, document.fragments, flags)
        return known.plans[place]

    def _new_plan(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        flags: Mapping[str, object],
    ) -> _Plan | None:
        try:
            outline = make_outline(self._core, self._graph, self._own, operation, fragments, flags, self._creates)
        except Uncompiled:
            return None
        if not outline.sites:
            return None  # nothing of it is in a table
        try:
            sites = tuple(self._site(number, site) for number, site in enumerate(outline.sites))
        except (PublicError, GraphQLError):
            return None  # an argument that is the same in every request is wrong
        return _Plan(outline, sites)

    def _site(self, number: int, site: Site) -> _Site:
        arguments = ArgumentTemplate(site.definition, site.node)
        given = {argument.name.value: argument.value for argument in site.node.arguments or ()}
        is_ordered = "orderBy" in given and has_variables(given["orderBy"])
        order = None if is_ordered else self._reader.order(site, arguments.constant)
        fixed, pending = None, arguments.pending
        if pending is not None and not is_ordered:
            with suppress(Undecided):
                fixed = self._reader.read(number, site, pending, order)
        return _Site(number, site, arguments, order, fixed, _comparisons(fixed[0]) if fixed else 0)


def _taken(site: _Site, variables: Mapping[str, Any]) -> list[Any] | None:
    """Return the values of a site whose shape is known; None where it has to be read."""
    if site.fixed is None:
        return None
    try:
        return [value.value(variables) if type(value) is Later else value for value in site.fixed[1]]
    except Undecided:
        return None


def _comparisons(shape: Shape) -> int:
    match shape:
        case ListShape(_, condition):
            return size(condition)
        case Grouping(having=having):
            return size(having)
        case _:
            return 0


def _size(kept: tuple[_Plan, Statement | None]) -> int:
    """Return about how many bytes a statement takes, with the plan and the shapes that go with it: an estimate."""
    statement = kept[1]
    if statement is None:
        return BASE_BYTES
    return BASE_BYTES + 8 * len(statement.sql) + PARAMETER_BYTES * len(statement.parameters)
