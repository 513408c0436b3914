"""A rendered statement as asyncpg runs it: the SQL text, and where each of its parameters comes from.

SQLAlchemy writes and compiles the SQL once; from then on only values pass through here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from schema.engine.created import Written
from schema.engine.reads import Reads, reads_of
from schema.rights import PREFIX, Identity

DIALECT: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # it has no types


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a statement."""

    slot: tuple[int, int] | None
    """Site and index of its value; None for a constant."""

    constant: Any
    """Its value, where it is the same for all requests."""

    who: str | None
    """What of the caller it is, where it is; see `schema.rights.identity`."""

    convert: Callable[[Any], Any] | None
    """What SQLAlchemy's type makes of a value before the driver gets it; None where it leaves it alone."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Statement:
    """One statement that answers one operation."""

    sql: str
    """Its text, with `$1`, `$2` and so on."""

    parameters: tuple[Parameter, ...]
    """Its parameters, in that order."""

    reads: Reads
    """What it depends on beside what is bound in it."""

    written: Written | None = None
    """What it writes; None where it only reads. The last line of what it gives is the id of the row then."""

    def arguments(self, values: Sequence[Sequence[Any]], identity: Identity) -> list[Any]:
        """Return what is bound, given the values of each site and who asks."""
        bound = []
        for parameter in self.parameters:
            if parameter.slot is not None:
                value = values[parameter.slot[0]][parameter.slot[1]]
            else:
                value = parameter.constant if parameter.who is None else identity[parameter.who]
            if isinstance(value, tuple):
                value = list(value)
            bound.append(value if parameter.convert is None else parameter.convert(value))
        return bound


def compile_statement(select: Select[Any], written: Written | None = None) -> Statement:
    """Return a SELECT compiled for asyncpg, with what it writes."""
    compiled = select.compile(dialect=DIALECT)
    parameters = []
    for name in compiled.positiontup or ():
        bound = compiled.binds[name]
        convert = bound.type.dialect_impl(DIALECT).bind_processor(DIALECT)
        slot = _slot(name)
        who = name if name.startswith(PREFIX) else None
        parameters.append(Parameter(slot, None if slot or who else bound.effective_value, who, convert))
    sql = str(compiled)
    return Statement(sql, tuple(parameters), reads_of(select, sql), written)


def _slot(name: str) -> tuple[int, int] | None:
    """Return the site and index behind the name of a slot's parameter."""
    head, _, tail = name.partition("_")
    if head[:1] == "s" and head[1:].isdecimal() and tail.isdecimal():
        return int(head[1:]), int(tail)
    return None
