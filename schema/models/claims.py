"""What rules may read a claim of a caller as: its value came from a token or a key, and becomes one of PostgreSQL's.

    who.claim("tenant", Integer)  ->  $1::BIGINT

A type says what is meant, not how wide it is: a claim that is read as an Integer here and as a BigInteger there is one
parameter.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, Enum, Integer, String, Text, Uuid
from sqlalchemy.types import TypeEngine

from schema.errors import DefinitionError, ForbiddenError

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""How the name of a claim is written."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,19}")
_LARGEST: Final = 2**63 - 1
_TRUTHS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a claim is read as."""

    name: str
    """As names of parameters have it."""

    words: str
    """For people."""

    means: type[TypeEngine[Any]]
    """Types of SQLAlchemy that mean it, with those below."""

    type_: TypeEngine[Any]
    """The type of the parameter."""

    read: Callable[[Any], Any]
    """Returns what a value of JSON is then; raises ValueError where it is none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim that rules look at."""

    name: str
    """Its name."""

    kind: Kind
    """What it is read as."""

    is_list: bool
    """True where it is a list of these."""

    @property
    def parameter(self) -> str:
        """Name of the parameter that it is in statements."""
        return f"who_{self.kind.name}{'s' if self.is_list else ''}_{self.name}"

    @property
    def type_(self) -> TypeEngine[Any]:
        """Type of the parameter."""
        return ARRAY(self.kind.type_) if self.is_list else self.kind.type_

    @property
    def words(self) -> str:
        """What it is read as, for people."""
        return f"a list, each {self.kind.words}" if self.is_list else self.kind.words

    def of(self, claims: Mapping[str, Any]) -> Any:
        """Return the value of a caller; None where it has none. A list is a tuple.

        Raises:
            ForbiddenError: It is something else than the rules take it for.
        """
        given = claims.get(self.name)
        if given is None:
            return None
        try:
            if not self.is_list:
                return self.kind.read(given)
            if isinstance(given, list):
                return tuple(map(self.kind.read, given))
        except ValueError:
            pass
        raise ForbiddenError(f"The claim `{self.name}` of who asks must be {self.words}; it is something else.")


def claim_as(name: str, type_: TypeEngine[Any]) -> Claim:
    """Return a claim, read as a type.

    Raises:
        DefinitionError: The name is not written as names of claims are, or nothing is read as that type.
    """
    if not NAME.fullmatch(name):
        raise DefinitionError(f"claim({name!r}): a claim has a name such as tenant: small letters, digits and _.")
    item = type_.item_type if isinstance(type_, ARRAY) else type_
    for kind in () if isinstance(item, Enum) else KINDS:
        if isinstance(item, kind.means):
            return Claim(name, kind, isinstance(type_, ARRAY))
    raise DefinitionError(
        f"claim({name!r}) is read as Integer, Text, Boolean, Uuid, or ARRAY of one, not as {type_!r}."
    )


def _number(value: Any) -> int:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    if type(value) is not int or not -_LARGEST <= value <= _LARGEST:
        raise ValueError
    return value


def _text(value: Any) -> str:
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise ValueError
    return value


def _truth(value: Any) -> bool:
    found = _TRUTHS.get(value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError
    return found


def _uuid(value: Any) -> UUID:
    if not isinstance(value, str):
        raise ValueError
    return UUID(value)


KINDS: Final = (
    Kind("number", "a whole number", Integer, BigInteger(), _number),
    Kind("text", "a text", String, Text(), _text),
    Kind("truth", "true or false", Boolean, Boolean(), _truth),
    Kind("uuid", "a UUID", Uuid, Uuid(), _uuid),
)
"""What claims are read as."""
