"""Every error that Achene raises on purpose.

The tree:

    AcheneError
    ├── DefinitionError         the models, or the team's own fields, say something that cannot be served
    ├── StatementFailedError    PostgreSQL refused a statement of the engine; the resolvers run the operation
    ├── StartError              a command cannot do its work as things are; the operator reads what to change
    │   └── ContentError            content cannot be loaded: there is some already, or no tables
    └── PublicError             a client caused it and may read its message
        ├── BadInputError           an argument is not what the field takes
        │   ├── BadIdError              an id that is none, or names another type
        │   └── BadCursorError          a cursor that is none, or belongs to another list
        ├── DocumentError           a document that is not valid under the schema
        │   ├── DocumentSyntaxError     a document that is not GraphQL
        │   └── OperationError          which operation of the document to run is not clear, or it cannot be run
        ├── UnauthenticatedError    no key, where one is needed, or a key that does not hold
        ├── ForbiddenError          the key does not give the scope that is needed
        ├── RolledBackError         a field of a mutation was undone with another one
        ├── LimitError              the request asks for more than a limit allows
        └── UnavailableError        the database cannot be reached, or took too long
            └── UnreachableError        it cannot be reached; another server that has the same data may answer

Whatever is not a `PublicError` reaches a client as INTERNAL with the request id, and the log has the rest.
"""

from collections.abc import Sequence
from typing import ClassVar

from graphql import GraphQLError


class AcheneError(Exception):
    """What all our errors descend from."""

    code: ClassVar[str] = "INTERNAL"
    """Stable word for programs; clients find it in `extensions.code`."""


class DefinitionError(AcheneError):
    """A model or an own field cannot be served as it is written. Raised at start, never by a request."""


class StartError(AcheneError):
    """A command cannot do its work; the message tells the operator what is wrong and what to do."""


class ContentError(StartError):
    """Content cannot be loaded; the message says why and what to do, and nothing was changed."""


class StatementFailedError(AcheneError):
    """PostgreSQL refused a statement of the engine that it should have run; never shown to a client."""


class PublicError(AcheneError):
    """A client caused this and may read the message."""

    code = "BAD_REQUEST"


class BadInputError(PublicError):
    """An argument is not what the field takes; the message names it and says what would be accepted."""

    code = "BAD_INPUT"


class BadIdError(BadInputError):
    """A global id that does not decode, or that names another type than the field wants."""

    code = "BAD_ID"


class BadCursorError(BadInputError):
    """A cursor that does not decode, or that belongs to another list or order."""

    code = "BAD_CURSOR"


class DocumentError(PublicError):
    """A document that cannot be run; each of its errors says where and why."""

    code = "GRAPHQL_VALIDATION_FAILED"

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        """Take what is wrong, in the order of the document; at least one error."""
        super().__init__(errors[0].message)
        self.errors = tuple(errors)


class DocumentSyntaxError(DocumentError):
    """A document that is not GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"


class OperationError(DocumentError):
    """Which operation of the document is to be run is not clear, or that one cannot be run."""

    code = "OPERATION_RESOLUTION_FAILURE"

    def __init__(self, message: str) -> None:
        """Take one sentence that says what would be accepted."""
        super().__init__([GraphQLError(message)])


class UnauthenticatedError(PublicError):
    """No key was shown where one is needed, or the one shown does not hold."""

    code = "UNAUTHENTICATED"


class ForbiddenError(PublicError):
    """The caller lacks the scope that is needed."""

    code = "FORBIDDEN"


class RolledBackError(PublicError):
    """A field of a mutation ran and was undone, or was not run, as another one of the same transaction was refused."""

    code = "ROLLED_BACK"


class LimitError(PublicError):
    """The request asks for more than a limit allows."""

    code = "LIMIT_EXCEEDED"


class UnavailableError(PublicError):
    """The database cannot be reached, or did not answer in time. Trying again later may help."""

    code = "UNAVAILABLE"


class UnreachableError(UnavailableError):
    """The database cannot be reached, or ended the statement for a reason of its own."""

    def __init__(self, message: str = "The database cannot be reached.") -> None:
        """Take a message; the cause is for the log alone."""
        super().__init__(message)
