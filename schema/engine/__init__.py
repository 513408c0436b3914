"""The fast way: an operation becomes one statement, and PostgreSQL writes the answer."""

from schema.engine.created import Create, Creator
from schema.engine.engine import Compiled, Engine

__all__ = ["Compiled", "Create", "Creator", "Engine"]
