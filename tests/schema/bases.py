"""Declarative bases and models made in a test, for what the project's own models do not show."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    DateTime,
    Integer,
    MetaData,
    Text,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    mapped_column,
)

from schema.graph import Graph, read_graph
from schema.models.base import NAMING_CONVENTION, Exposure

Build = Callable[[type[DeclarativeBase]], Any]
"""Adds models to a base."""


def new_base() -> type[DeclarativeBase]:
    """Return a declarative base without models."""

    class Fresh(DeclarativeBase):
        metadata = MetaData(naming_convention=NAMING_CONVENTION)
        type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: Text}
        __graph__: ClassVar[Exposure | None] = None

    return Fresh


def model(base: type[DeclarativeBase], name: str, exposure: Any, /, **members: Any) -> Any:
    """Return a model as its class statement would make it, with an `id` unless that is given."""
    bases = members.pop("bases", (base,))
    body = {
        "__tablename__": name.lower(),
        "__graph__": exposure,
        "id": mapped_column(Integer, primary_key=True),
        **members,
    }
    made = type(name, bases, {key: value for key, value in body.items() if value is not None})
    base.kept = [*getattr(base, "kept", ()), made]  # type: ignore[attr-defined]  # a registry holds its models weakly
    return made


def read(build: Build) -> Graph:
    """Return the description of models that are added to a new base."""
    base = new_base()
    build(base)
    return read_graph(base)
