"""Fields and types of the team's own, in plain Strawberry. Every module of this folder is discovered.

Three things can be added:

- fields of a model's type: a class of `@strawberry.field` methods under `@extends(Model)`. A method gets the
  row as `self`, with the attributes that its `metadata=reads(...)` names and no others.
- root fields: a class of `@strawberry.field` methods under `@extends_query`.
- whole types: `@strawberry.type`, as ever. A resolver may return rows of a model too, annotated with the model.
"""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Final, TypeVar

from schema.models.caching import LONGEST, CacheHint, cache

Class = TypeVar("Class", bound=type[Any])

MARKS: Final = {"__extends__", "__replaces__"}
"""What is found: classes that extend a type, and functions that replace a mutation; see `schema.mutations`."""


def extends(model: type[Any]) -> Callable[[Class], Class]:
    """Add the class's Strawberry fields to a model's type."""

    def mark(class_: Class) -> Class:
        class_.__extends__ = model
        return class_

    return mark


def extends_query(class_: Class) -> Class:
    """Add the class's Strawberry fields to the root type `Query`."""
    class_.__extends__ = "Query"
    return class_


def reads(*attributes: str) -> dict[str, tuple[str, ...]]:
    """Return the metadata of a field that is computed from attributes of its row.

    Args:
        *attributes: Mapped attributes, by their Python names; they are fetched along whenever the field is selected.
    """
    return {"reads": attributes}


def cached(max_age: int = LONGEST) -> dict[str, CacheHint]:
    """Return the metadata of a field whose value follows from its row and its arguments alone.

    Without it an operation with the field is never kept: it may read the clock, another service, or chance. Join it to
    what the field reads: `metadata=reads("body") | cached(max_age=60)`.

    Args:
        max_age: For how many seconds clients may show an answer with the field, where that is less than its rows say.
    """
    return {"cache": cache(max_age)}


def discover(package: ModuleType) -> Iterator[Any]:
    """Yield the marked classes and functions in the modules of a package, by module and then by line."""
    for found in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        module = import_module(f"{package.__name__}.{found.name}")
        own = [each for each in vars(module).values() if getattr(each, "__module__", None) == module.__name__]
        for each in sorted(own, key=_line):
            if not MARKS.isdisjoint(vars(each)):
                yield each


def _line(object_: Any) -> int:
    try:
        return inspect.getsourcelines(object_)[1]
    except (OSError, TypeError):
        return 0
