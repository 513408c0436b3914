"""Runs the root fields of a mutation in transactions: one each, or one for all of them.

A field and its whole selection are one transaction, and fields run in their order, as the specification says. With the
directive `@atomic` the operation is one transaction: where a field is refused or fails, nothing of it is kept, and the
other fields are null, each with an error that says so. A caller may hold a transaction around all that (see
`schema.context.Context.whole`); then each is a part of it, behind a savepoint.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final

from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, OperationDefinitionNode
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.context import Context
from schema.errors import RolledBackError, UnavailableError

ATOMIC: Final = "atomic"
"""The directive."""


class MutationExecution(StrawberryGraphQLCoreExecutionContext):
    """Runs each root field of a mutation, selection and all, in a transaction of its own, one after the other."""

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_details_list: Any, path: Path, position_context: Any
    ) -> Any:
        """Resolve a field."""
        if path.prev is not None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        return self._in_transaction(parent_type, source, field_details_list, path, position_context)

    async def _in_transaction(
        self, parent_type: GraphQLObjectType, source: Any, field_details_list: Any, path: Path, position_context: Any
    ) -> Any:
        context: Context = self.context_value
        if context.undone_by is not None:
            return None  # an error is put beside it when all have run
        loaders, whole, audit = context.loaders, context.whole, context.audit
        mark = 0 if audit is None else len(audit.pending)
        try:
            async with context.database.transaction() if whole is None else whole.nested() as transaction:
                context.transaction, context.loaders = transaction, loaders.over(transaction)
                try:
                    result = super().execute_field(parent_type, source, field_details_list, path, position_context)
                    if inspect.isawaitable(result):
                        result = await result
                finally:
                    context.loaders.cancel()  # before the connection is given back, on which they run
                if result is None:  # the selection failed as a whole, and nobody is told what was written
                    await transaction.roll_back()
        except UnavailableError as error:
            definition = parent_type.fields[field_details_list[0].node.name.value]
            self.handle_field_error(error, definition.type, field_details_list, path)
            result = None
        finally:
            context.transaction, context.loaders = None, loaders
        if audit is not None and result is None:
            audit.forget(mark)
        elif audit is not None and whole is None:
            audit.committed()
        if context.is_atomic and (result is None or context.is_refused):
            context.undone_by = str(path.key)
        return result


def is_atomic(operation: OperationDefinitionNode) -> bool:
    """Return whether an operation is to be one transaction."""
    return any(directive.name.value == ATOMIC for directive in operation.directives or ())


async def as_one(context: Context, run: Callable[[], Awaitable[ExecutionResult]]) -> ExecutionResult:
    """Run all root fields in one transaction, and undo it where one is refused or fails.

    Args:
        context: The request.
        run: Runs the operation.
    """
    around, audit = context.whole, context.audit
    mark = 0 if audit is None else len(audit.pending)
    try:
        async with context.database.transaction() if around is None else around.nested() as transaction:
            context.whole, context.is_atomic = transaction, True
            result = await run()
            if context.undone_by is not None:
                await transaction.roll_back()
                result = _undone(result, context.undone_by)
                if audit is not None:
                    audit.forget(mark)
        if audit is not None and around is None:
            audit.committed()
        return result
    except UnavailableError as error:  # when it is begun or committed
        if audit is not None:
            audit.forget(mark)
        return ExecutionResult(None, [GraphQLError(str(error), original_error=error)])
    finally:
        context.whole, context.is_atomic = around, False


def _undone(result: ExecutionResult, by: str) -> ExecutionResult:
    """Return what came of an operation without the data of the fields that were undone with another one."""
    data, errors = dict(result.data or {}), list(result.errors or ())
    told = RolledBackError(f"Nothing was written: `{by}` was refused or failed, and the operation is @atomic.")
    for name, value in data.items():
        if name != by and not isinstance(value, str):  # which is __typename
            data[name] = None
            errors.append(GraphQLError(str(told), path=[name], original_error=told))
    return ExecutionResult(data, errors or None)
