"""The fast way: an operation becomes one statement, and PostgreSQL writes the answer."""

from schema.engine.created import Create, Creator, Written
from schema.engine.engine import Compiled, Engine
from schema.engine.reads import Reads

__all__ = ["Compiled", "Create", "Creator", "Engine", "Reads", "Written"]
