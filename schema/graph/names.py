"""How names of Python and SQL become names of GraphQL.

Source: https://spec.graphql.org/October2021/#sec-Names
"""

import re
from typing import Final

import inflection

from schema.errors import DefinitionError

_NAME: Final = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")
_NOT_A_LETTER: Final = re.compile(r"[^_0-9A-Za-z]+")


def field_name(attribute: str) -> str:
    """Return the GraphQL name of an attribute: `published_at` becomes `publishedAt`.

    Underscores at either end, which Python needs for words of its own (`class_`) and GraphQL keeps for
    itself (`__typename`), are dropped.
    """
    bare = attribute.strip("_")
    return inflection.camelize(bare, uppercase_first_letter=False) if bare else attribute


def singular(type_name: str) -> str:
    """Return the root field for one row of a type: `BlogPost` becomes `blogPost`."""
    return type_name[0].lower() + type_name[1:]


def plural(type_name: str) -> str:
    """Return the root field for the list of a type: `Category` becomes `categories`.

    A word whose plural is the word itself gets `List` behind it: `Series` becomes `seriesList`.
    """
    one = singular(type_name)
    many = str(inflection.pluralize(one))
    return many if many != one else f"{one}List"


def enum_value(label: str) -> str:
    """Return the GraphQL name of an enum's label: `in review` becomes `IN_REVIEW`."""
    name = _NOT_A_LETTER.sub("_", inflection.underscore(label)).strip("_").upper()
    return f"_{name}" if name[:1].isdigit() or name in {"TRUE", "FALSE", "NULL", ""} else name


def check(name: str, what: str) -> str:
    """Return a name that GraphQL takes.

    Raises:
        DefinitionError: It does not; the message names what bears it.
    """
    if not _NAME.fullmatch(name):
        raise DefinitionError(
            f"{what} would be called {name!r} in GraphQL, which takes letters, digits and underscores, does not "
            "begin with a digit and keeps names with two leading underscores. Give another name in expose()."
        )
    return name
