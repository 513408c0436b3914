"""A question to the database that was worked out of a request: what is asked again is not worked out again."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from graphql.execution.values import VariableValues

from schema.changes.versions import labelled
from schema.engine import Compiled, Engine
from schema.errors import LimitError
from schema.keeping.terms import Asked, Terms, TermsReader
from schema.principal import Principal

PLAIN: Final = (type(None), bool, int, float, str, bytes, Decimal, UUID, date, datetime, time, timedelta)
"""Types of which `repr` says all that a value is."""


class Source(Protocol):
    """What questions are put to; `schema.context.Database` is one."""

    async def fetch_bytes(self, sql: str, arguments: list[Any]) -> bytes:
        """Run a statement that returns one value of bytes, in pieces or whole; nothing where it has no row."""


@dataclass(frozen=True, slots=True)
class Question:
    """A statement with its values, what is filled in on top of its answer, and the terms on which that may be kept."""

    compiled: Compiled
    """The statement, its values, and the fields in Python."""

    coerced: VariableValues
    """The operation's variables, for these fields."""

    engine: Engine
    """What fills them in."""

    rows: int
    """How many rows the operation could read."""

    largest_bytes: int | None = None
    """Most bytes that the answer may have; None where it cannot have many."""

    terms: Terms | None = None
    """On what terms the answer may be kept; None where it may not."""

    place: bytes = b""
    """Names the question among all others, of all callers: who has the same is answered the same; 32 bytes."""

    async def read(self, source: Source) -> bytes | None:
        """Return the answer; None where a field in Python failed."""
        return await self._read(source, self.compiled.statement.sql)

    async def read_labelled(self, source: Source) -> bytes | None:
        """Return the answer behind a label of the versions of the tables that it was read from.

        See `schema.changes.versions.labelled`.
        """
        statement = self.compiled.statement
        return await self._read(source, labelled(statement.sql, statement.reads.tables))

    async def _read(self, source: Source, sql: str) -> bytes | None:
        return await self.filled(await read_bounded(source, sql, self.compiled.arguments, self.largest_bytes))

    async def filled(self, data: bytes) -> bytes | None:
        """Return an answer with its fields in Python filled in; None where one failed."""
        return await self.engine.fill(data, self.compiled, self.coerced) if self.compiled.own else data


class Keeper(Protocol):
    """What stands between a request's question and the database; `api.caching` has the real one."""

    anonymous: Principal | None
    """Who shows no key; None where such a caller is not answered."""

    async def answer(self, question: Question) -> bytes | None:
        """Return the JSON of the answer, kept or read; None where a field in Python failed."""


def keepable(question: Question, asked: Asked, reader: TermsReader, anonymous: Principal | None) -> Question:
    """Return a question with the terms on which its answer may be kept.

    Args:
        question: The question.
        asked: The operation that it came of.
        reader: What finds out the terms.
        anonymous: Who shows no key; None where such a caller is not answered.
    """
    compiled = question.compiled
    if not all(map(_is_plain, compiled.arguments)) or (compiled.own and not asked.document.hash):
        return question
    terms = reader.read(asked, compiled, anonymous)
    return question if terms is None else replace(question, terms=terms, place=_place(compiled, asked))


def _place(compiled: Compiled, asked: Asked) -> bytes:
    """Return what names a question: all that its answer depends on, but the rows of the tables."""
    parts = [compiled.statement.sql, repr(compiled.arguments)]
    if compiled.own:  # these are given the operation's variables, not the statement's
        name = asked.operation.name.value if asked.operation.name else ""
        parts += [asked.document.hash, name, repr(asked.variables)]
    return hashlib.blake2b(orjson.dumps(parts), digest_size=32).digest()


async def read_bounded(source: Source, sql: str, arguments: list[Any], largest_bytes: int | None) -> bytes:
    """Return what a statement gives, where that has not too many bytes; None is any number of them.

    Raises:
        LimitError: It has.
    """
    if largest_bytes is None:
        return await source.fetch_bytes(sql, arguments)
    data = await source.fetch_bytes(_bounded(sql, largest_bytes), arguments)
    if not data:
        raise LimitError(
            f"The answer has more than {largest_bytes:,} bytes. Ask for fewer fields, or for smaller pages."
        )
    return data


def _bounded(sql: str, most: int) -> str:
    """Return a statement that has no row where that of another would be too large: it does not leave PostgreSQL.

    OFFSET 0 keeps PostgreSQL from working the row out twice.
    """
    return f"SELECT answer.* FROM ({sql} OFFSET 0) AS answer WHERE pg_column_size(answer) <= {most:d}"  # noqa: S608 - ours


def _is_plain(value: Any) -> bool:
    return all(map(_is_plain, value)) if isinstance(value, list | tuple) else isinstance(value, PLAIN)
