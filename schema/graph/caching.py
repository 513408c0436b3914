"""Reads what a model says of how long answers with its rows may be kept."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Mapper

from schema.errors import DefinitionError
from schema.graph.fields import Field
from schema.models.caching import CacheHint


def read_cache(mapper: Mapper[Any], fields: Iterable[Field]) -> CacheHint:
    """Return what a model says of how long answers with its rows may be kept.

    Args:
        mapper: The model's mapper.
        fields: Its shown fields.

    Raises:
        DefinitionError: It names what the model does not show.
    """
    said, model = vars(mapper.class_).get("__cache__"), mapper.class_.__name__
    if said is None:
        return CacheHint()
    if not isinstance(said, CacheHint):
        raise DefinitionError(f"Model {model}: write __cache__ = cache(...), not {said!r}.")
    shown = {field.attribute for field in fields}
    for attribute in said.columns:
        if attribute not in shown:
            raise DefinitionError(
                f"Model {model}: cache(columns=...) names {attribute!r}; it can name what expose() shows: "
                f"{', '.join(sorted(shown))}."
            )
    return said
