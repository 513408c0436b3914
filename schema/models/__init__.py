"""One file, one table, one GraphQL type. Every module of this folder is imported, so a new file is enough."""

from importlib import import_module
from pkgutil import iter_modules

from schema.models.base import (
    SECRET,
    Base,
    CustomFilter,
    CustomOrder,
    Exposure,
    Writable,
    expose,
    identity,
    search_vector,
    writable,
)
from schema.models.caching import cache

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = [
    "SECRET",
    "Base",
    "CustomFilter",
    "CustomOrder",
    "Exposure",
    "Writable",
    "cache",
    "expose",
    "identity",
    "search_vector",
    "writable",
]
