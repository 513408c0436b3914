"""The token that lets a client read what it has written, whichever server it reads from.

The answer to a mutation has one in the header `X-Achene-Consistency`; a request that sends it back is read where that
mutation can be seen. To clients it is a word without meaning. In it are 16 bytes: which cluster, and how far its
write-ahead log had been written when the mutation was committed. A standby that has replayed so much shows it.

The position is that of insertion, which has passed a commit as soon as COMMIT is answered, also where
`synchronous_commit` is off and nothing has been written out yet.

Source: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Final, NamedTuple

from api.data.node import Node
from api.http.errors import BadRequestError
from schema.errors import StatementFailedError, UnavailableError

HEADER: Final = b"x-achene-consistency"
"""The header, as ASGI has it."""

LAYOUT: Final = struct.Struct(">qq")
"""The cluster and the position."""

LENGTH: Final = 22
"""Characters of a token: 16 bytes in Base64 without its padding."""


POSITION: Final = """
    SELECT int8send(system_identifier) || int8send((pg_current_wal_insert_lsn() - '0/0')::bigint)
    FROM pg_control_system()
"""
"""Asks the primary for the 16 bytes of this moment. A standby refuses the statement."""


class Point(NamedTuple):
    """A moment in the history of a cluster."""

    cluster: int
    """What PostgreSQL calls the system identifier: the same for a primary and its standbys, and for no others."""

    position: int
    """How many bytes of write-ahead log had been written."""


async def new_token(primary: Node) -> bytes | None:
    """Return the token of what has been committed until now; None where the primary cannot be asked.

    Asked for after a mutation was answered: who cannot be told of the moment must not be told that it failed.
    """
    try:
        moment = await primary.fetch_bytes(POSITION, [])
    except (UnavailableError, StatementFailedError):
        return None
    return urlsafe_b64encode(moment)[:LENGTH]


def read_token(token: bytes) -> Point:
    """Return the moment that a token means.

    Raises:
        BadRequestError: It is no token.
    """
    try:
        if len(token) != LENGTH:
            raise ValueError("wrong length")
        return Point(*LAYOUT.unpack(urlsafe_b64decode(token + b"==")))
    except (ValueError, Error, struct.error) as error:
        raise BadRequestError(
            "X-Achene-Consistency is not a token: send what the answer to a mutation had in this header, or nothing."
        ) from error
