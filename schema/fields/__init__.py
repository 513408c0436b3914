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
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type[Any])


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


def discover(package: ModuleType) -> Iterator[type[Any]]:
    """Yield the marked classes in the modules of a package, by module and then by line."""
    for found in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        module = import_module(f"{package.__name__}.{found.name}")
        for _, class_ in sorted(inspect.getmembers(module, inspect.isclass), key=lambda item: _line(item[1])):
            if class_.__module__ == module.__name__ and "__extends__" in vars(class_):
                yield class_


def _line(class_: type[Any]) -> int:
    try:
        return inspect.getsourcelines(class_)[1]
    except (OSError, TypeError):
        return 0
