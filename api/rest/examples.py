"""Examples of what a schema describes, so that each endpoint is shown with something to start from."""

from collections.abc import Mapping
from typing import Any, Final

TEXTS: Final[Mapping[str, str]] = {
    "date": "2026-03-01",
    "date-time": "2026-03-01T12:00:00Z",
    "duration": "P1DT2H30M",
    "email": "ann@example.org",
    "uri": "https://example.org/",
    "uuid": "6fa459ea-ee8a-4ca4-894e-db77e160355e",
}
"""Texts by their format."""


def example_of(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """Return a value that a schema of `api.rest.schemas` describes.

    Args:
        schema: The schema.
        components: The schemas that it may refer to, by name.
    """
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rpartition("/")[2]], {})  # one step: inputs may hold themselves
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], components)
    for found in (schema.get("examples"), schema.get("enum")):
        if found:
            return found[0]
    if "default" in schema:
        return schema["default"]
    kinds = schema.get("type", "null")
    return _value(kinds if isinstance(kinds, str) else kinds[0], schema, components)


def _value(kind: str, schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    match kind:
        case "object":
            properties = schema.get("properties", {})
            if schema.get("maxProperties") == 1:
                properties = dict(list(properties.items())[:1])
            shown = {name: each for name, each in properties.items() if "$ref" not in str(each) or components}
            return {name: example_of(each, components) for name, each in shown.items()}
        case "array":
            return [example_of(schema["items"], components)]
        case "integer" | "number":
            return max(schema.get("minimum", 0), min(3, schema.get("maximum", 3)))
        case "boolean":
            return True
        case "string":
            return TEXTS.get(schema.get("format", ""), "text")
        case _:
            return None
