"""Runs operations: the engine where it can, resolvers and loaders where it cannot. Both give the same answer."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import VariableValues
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.audit import Note
from schema.beside import beside
from schema.coercers import Coercers
from schema.context import Context
from schema.documents import Document, name_of
from schema.engine import Engine, Written
from schema.engine.advice import advise
from schema.errors import ForbiddenError, LimitError, StatementFailedError
from schema.graph import Graph
from schema.keeping import Asked, Question, Source, TermsReader, keepable, read_bounded
from schema.principal import INTROSPECT, WRITE
from schema.query.cost import Cost, CostRule, told
from schema.ready import Price, Prices, Ready, keep_ready
from schema.rights import Identity, Sight, is_touching, refused
from schema.transactions import MutationExecution, as_one, is_atomic
from schema.variables import VariableReader

EXPLAIN: Final = "explain"
"""Report that shows how an operation is run; it needs the scope of the same name."""

FEW_VALUES: Final = 10_000
"""Values of an answer that is not measured: measuring copies it once more."""

CLOSED: Final = f"The schema is shown to keys with the scope `{INTROSPECT}`."
"""What is said to who asks for the schema and may not see it."""


@dataclass(slots=True)
class Answered:
    """What came of an operation: finished JSON, or what graphql-core made."""

    data: bytes | None
    """The JSON of `data`, where the engine wrote it; there are no errors then."""

    result: ExecutionResult | None
    """Data and errors, where the resolvers ran; an error that is not ours has its exception in `original_error`."""

    extensions: dict[str, Any]
    """What the caller asked to be told beside the data."""

    way: str | None = None
    """How it ran: `engine` or `loaders`; None where it was refused."""


class Executor:
    """Runs the operations of one schema."""

    def __init__(
        self,
        core: GraphQLSchema,
        graph: Graph,
        cost: CostRule,
        engine: Engine | None,
        terms: TermsReader | None = None,
        largest_answer: int | None = None,
    ) -> None:
        """Note how operations are run.

        Args:
            core: The schema.
            graph: Its description.
            cost: What operations may cost.
            engine: The compiled way; None runs everything by resolvers.
            terms: What finds out whether answers may be kept; None where none is.
            largest_answer: Most bytes of an answer that the engine gives; None for any number.
        """
        self._core = core
        self._graph = graph
        self.terms = terms
        """What finds out whether answers may be kept; None where none is."""
        self._cost = cost
        self._engine = engine
        self._largest_answer = largest_answer
        self._coercers = Coercers()
        self._prices = Prices()
        self._writing: set[asyncio.Task[bytes | None]] = set()

    async def answer(
        self, document: Document, *, operation_name: str | None, variables: dict[str, Any] | None, context: Context
    ) -> Answered:
        """Run one operation of a valid document.

        Args:
            document: The document.
            operation_name: Which operation; may be None where there is one.
            variables: Values of the operation's variables, not yet coerced.
            context: The request.

        Raises:
            OperationError: The name names no operation of the document.
            UnavailableError: The database did not answer the engine.
            PublicError: What counts the cost of operations refuses this one.
        """
        operation = document.operation(operation_name)
        is_closed = not context.shows_schema
        if is_closed and document.introspective and name_of(operation) in document.introspective:
            return Answered(None, ExecutionResult(None, [_forbidden(CLOSED, operation)]), {})
        read = partial(self._variables(document, operation).read, hides_suggestions=is_closed)
        coerced = await beside(context.is_large, read, variables or {})
        if not isinstance(coerced, VariableValues):
            return Answered(None, ExecutionResult(None, coerced), {})
        sight = context.loaders.sight
        if sight.forbidden:
            looked_at = (self._core, document, operation, variables or {}, sight.forbidden)
            if reasons := await beside(context.is_large, refused, *looked_at):
                return Answered(None, ExecutionResult(None, [_forbidden(*reason) for reason in reasons]), {})
        cost: Cost | None = None
        try:
            cost = self._cost.measure(document, operation, coerced.coerced)
            self._cost.check(cost)
            if (counting := _charged(context, cost.rows)) is not None:
                await counting
        except LimitError as error:
            limited = ExecutionResult(None, [GraphQLError(str(error), original_error=error)])
            return Answered(None, limited, _reports(context, cost, None))
        is_mutation = operation.operation is OperationType.MUTATION
        if self._engine is not None and (not is_mutation or _may_write(context)):
            with context.step("plan"):
                compiled = self._engine.compile(document, operation, coerced, sight, context.loaders.identity)
            if compiled is not None:
                question = Question(compiled, coerced, self._engine, cost.rows, self._bound(cost))
                if context.keeper is not None and compiled.statement.written is None and self.terms is not None:
                    asked = Asked(document, operation, variables or {}, coerced)
                    question = keepable(question, asked, self.terms, context.keeper.anonymous)
                statement = compiled.statement
                data = await self.ask(question, context)
                if data is not None:
                    reports = _reports(context, cost, "engine")
                    if EXPLAIN in context.reports and not is_mutation:
                        reports[EXPLAIN] = await _explained(context, statement.sql, compiled.arguments)
                    if statement.written is None and not compiled.own:
                        self._keep_ready(document, operation, operation_name, sight, cost, coerced.coerced)
                    return Answered(data, None, reports, "engine")
                # Otherwise the resolvers run it, and say what is wrong.

        async def run() -> ExecutionResult:
            way = MutationExecution if is_mutation else StrawberryGraphQLCoreExecutionContext
            build = partial(way.build, operation_name=operation_name, hide_suggestions=is_closed)
            made = await beside(context.is_large, build, self._core, document.node, None, context, variables)
            if isinstance(made, list):
                return ExecutionResult(None, made)
            begun = made.execute_operation()
            result = await begun if inspect.isawaitable(begun) else begun
            if not isinstance(result, ExecutionResult):
                raise TypeError("nothing is delivered in pieces")
            return result

        finished = await (as_one(context, run) if is_mutation and is_atomic(operation) else run())
        return Answered(None, finished, _reports(context, cost, "loaders"), "loaders")

    async def at_once(
        self,
        ready: Ready,
        variables: Mapping[str, Any],
        identity: Identity,
        source: Source,
        charge: Callable[[int], Awaitable[None] | None] | None,
    ) -> bytes | None:
        """Return the JSON of what an operation that is ready reads; None where it is to be worked out step by step.

        Nothing is counted where it is.

        Args:
            ready: The operation.
            variables: Values of its variables.
            identity: Who asks.
            source: Where it is read from.
            charge: See `schema.context.Context`.

        Raises:
            UnavailableError: The database did not answer.
            StatementFailedError: It refused the statement: the resolvers are to say what is wrong.
            PublicError: What counts the cost of operations refuses this one.
        """
        asked = ready.asked(variables, identity)
        if asked is None:
            return None
        price, sql, arguments = asked
        try:
            if charge is not None and (counting := charge(price.rows)) is not None:
                await counting
        except LimitError:  # more than can ever be had, which counts for nothing
            return None
        return await read_bounded(source, sql, arguments, price.largest_bytes)

    def _keep_ready(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        name: str | None,
        sight: Sight,
        cost: Cost,
        variables: Mapping[str, Any],
    ) -> None:
        """Keep what came of an operation for the next request, where nothing but values is left to find then."""
        prepared = None if self._engine is None else self._engine.prepared(document, operation, sight)
        if prepared is None or (sight.forbidden and is_touching(self._core, document, operation)):
            return
        deciding = self._cost.deciding(document, operation)
        place, price = tuple(told(variables.get(each)) for each in deciding), Price(cost.rows, self._bound(cost))
        ready = Ready(self._variables(document, operation), prepared, deciding, {})
        self._prices.keep(keep_ready(document, name, sight, ready).prices, place, price)

    async def again(self, question: Question, context: Context) -> Answered | None:
        """Ask a question that was worked out of the same operation before, for the same rules and caller.

        Returns:
            What came of it; None where it has to be worked out anew.

        Raises:
            UnavailableError: The database did not answer.
            PublicError: What counts the cost of operations refuses this one.
        """
        try:
            if (counting := _charged(context, question.rows)) is not None:
                await counting
        except LimitError as error:
            return Answered(None, ExecutionResult(None, [GraphQLError(str(error), original_error=error)]), {})
        data = await self.ask(question, context)
        return None if data is None else Answered(data, None, {}, "engine")

    async def ask(self, question: Question, context: Context) -> bytes | None:
        """Return the JSON of an answer, or None where the resolvers are to say what is wrong.

        Raises:
            UnavailableError: The database did not answer.
        """
        try:
            if (written := question.compiled.statement.written) is not None:
                return await self._write(question, written, context)
            if context.keeper is not None:
                return await context.keeper.answer(question)
            return await question.read(context.database)
        except StatementFailedError:
            return None

    async def _write(self, question: Question, written: Written, context: Context) -> bytes | None:
        """Write a row, and go on with it where the caller leaves: nobody could say whether it was written."""
        writing = asyncio.create_task(self._written(question, written, context))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        return await asyncio.shield(writing)

    async def _written(self, question: Question, written: Written, context: Context) -> bytes | None:
        compiled = question.compiled
        told = await context.database.write_bytes(compiled.statement.sql, compiled.arguments, written.table)
        data, line, id_ = told.rpartition(b"\n")
        if not line:  # a trigger that nobody knew of yet, or a rule, has kept the row from being written
            return None
        if context.audit is not None:
            note = Note(written.type_name, "create", [id_.decode()], 1, dict.fromkeys(written.fields))
            context.audit.pending.append((written.mutation, note))
            context.audit.committed()
        return await question.filled(data)

    def _bound(self, cost: Cost) -> int | None:
        """Return how many bytes an answer may have; None where it has so few values that nobody need look."""
        return self._largest_answer if cost.values > FEW_VALUES else None

    def _variables(self, document: Document, operation: OperationDefinitionNode) -> VariableReader:
        place = VariableReader, id(operation)
        found: VariableReader | None = document.memo.get(place)
        if found is None:
            found = document.memo[place] = VariableReader(self._core, operation, self._coercers)
        return found


def _charged(context: Context, rows: int) -> Awaitable[None] | None:
    """Count the rows of an operation, once however often it is tried; return what has to be waited for, if anything."""
    charge, context.charge = context.charge, None
    return None if charge is None else charge(rows)


def _forbidden(reason: str, node: Node | None) -> GraphQLError:
    return GraphQLError(reason, node, original_error=ForbiddenError(reason))


def _may_write(context: Context) -> bool:
    """Return whether a mutation may be a statement by itself: nothing goes with it, and the key may write."""
    is_stored = context.audit is not None and context.audit.who is not None
    return context.whole is None and context.principal.may(WRITE) and not is_stored and not context.is_large


async def _explained(context: Context, sql: str, arguments: list[Any]) -> dict[str, Any]:
    """Return how PostgreSQL ran a statement, and the indexes that it misses."""
    (explained,) = await context.database.explain(sql, arguments)
    advice = [{"problem": each.problem, "index": each.index} for each in advise(explained["Plan"])]
    return {"sql": sql, "plan": explained, "advice": advice}


def _reports(context: Context, cost: Cost | None, way: str | None) -> dict[str, Any]:
    """Return what the caller asked to be told: what the operation could cost, and which way it went."""
    if not context.reports:
        return {}
    known = {"cost": cost and {"rows": cost.rows, "values": cost.values, "statements": cost.statements}, "way": way}
    return {name: value for name, value in known.items() if value is not None and name in context.reports}
