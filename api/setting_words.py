"""What people read of settings: the variable of each, and what it takes, in words."""

from pathlib import Path
from typing import Any, Final, get_args

from annotated_types import Ge, Gt, Le, Lt

from api.settings import Settings

KINDS: Final = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}
"""What a value of a plain type looks like."""

BOUNDS: Final = {Ge: ("from", "ge"), Gt: ("above", "gt"), Le: ("to", "le"), Lt: ("below", "lt")}
"""How a bound is said, and where it has its number."""


def variable(name: str) -> str:
    """Return the environment variable of a field."""
    alias = Settings.model_fields[name].validation_alias
    return str(alias or f"{Settings.model_config['env_prefix']}{name.upper()}")


def variables() -> dict[str, str]:
    """Return all variables, and the field of each."""
    return {variable(name): name for name in Settings.model_fields}


def kind(annotation: Any) -> str:
    """Return what a value of a type looks like, in words."""
    if annotation in KINDS:
        return KINDS[annotation]
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if all(isinstance(part, str) for part in parts):
        return " or ".join(f"`{part}`" for part in parts)
    if tuple in {getattr(part, "__origin__", None) for part in parts} or "tuple" in str(annotation):
        return "words, by commas"
    return kind(parts[0])


def accepted(name: str) -> str:
    """Return what a field takes, such as `whole number from 0 to 65535`."""
    field = Settings.model_fields[name]
    bounds = [
        f"{word} {getattr(bound, attribute)}"
        for bound in field.metadata
        for type_, (word, attribute) in BOUNDS.items()
        if isinstance(bound, type_)
    ]
    return " ".join([kind(field.annotation), *bounds]).replace("`", "")
