"""Types of values that many models have, for `Mapped[...]`: e-mail addresses, words of addresses, URLs.

Each says how a text is stored and what clients may write; constraints of the table stay what PostgreSQL holds to:

    email: Mapped[Email] = mapped_column(unique=True)
"""

import re
from typing import Annotated, Final

from pydantic import AnyHttpUrl, EmailStr, WithJsonSchema
from sqlalchemy import Text
from sqlalchemy.orm import mapped_column

from schema.models.base import accepts

_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def _check_slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise ValueError("takes lower-case letters, digits and single hyphens between them, such as `early-frost`")
    return value


_RESERVED: Final = r"\.(arpa|invalid|local|localhost|onion|test)$"
"""Domains that nobody has an address at: RFC 6761."""

_MAILABLE = Annotated[EmailStr, WithJsonSchema({"type": "string", "format": "email", "not": {"pattern": _RESERVED}})]

Email = Annotated[str, mapped_column(Text, info=accepts(_MAILABLE))]
"""An e-mail address, RFC 5321; its domain is written in lower case."""

Slug = Annotated[str, mapped_column(Text, info=accepts(_check_slug))]
"""A word in addresses: lower-case letters, digits and single hyphens between them."""

Url = Annotated[str, mapped_column(Text, info=accepts(AnyHttpUrl))]
"""An address of the web, http or https, as WHATWG's URL Standard writes it."""
