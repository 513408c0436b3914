"""Reads the front matter of a Markdown file: YAML between `---`, or TOML between `+++`, as Hugo writes it.

Files come from anywhere, so nothing in them is made into an object: values stay the text that was
written, in lists and mappings, and the line of every key is kept for messages. That is also why a
ready-made front matter reader will not do: PyYAML's loaders drop the lines, turn a title `no` into
False, grow without bound on merge keys, and its C loader crashes the process on deep nesting. Only its parser
is used here. What the keys mean is the affair of `schema.content.page`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]  # the same interface

LARGEST_FRONT_MATTER: Final = 64_000
"""Most characters of front matter."""

DEEPEST: Final = 20
"""Most levels that front matter may nest."""

TOO_DEEP: Final = f"The front matter nests deeper than {DEEPEST} levels."

OWN_LIMIT: Final = "nesting depth"
"""What libyaml's own limit is called in its words; PyYAML has it from 6.0.4 on."""

MOST_VALUES: Final = 10_000
"""Most values that one key may hold, aliases followed."""

Value = str | None | list["Value"] | dict[str, "Value"]
"""What a key holds: text as it was written, nothing, or these in lists and mappings."""


class PageError(Exception):
    """A file cannot be imported. Never leaves this package: it becomes a line of the report."""

    def __init__(self, line: int, message: str) -> None:
        """Say where and what.

        Args:
            line: The line of the file, from 1.
            message: What is wrong and what would be accepted.
        """
        super().__init__(message)
        self.line, self.message = line, message


@dataclass(frozen=True, slots=True)
class Field:
    """One key of the front matter."""

    line: int
    """Where the key stands, from 1."""

    value: Value
    """What it holds."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file, taken apart."""

    fields: Mapping[str, Field]
    """What the front matter says, by lower-case key."""

    body: str
    """The Markdown after it, without blank lines around."""


def read_document(text: str) -> Document:
    """Take a file apart.

    Args:
        text: The whole file, with line feeds as line ends.

    Raises:
        PageError: There is no front matter, or it cannot be read.
    """
    lines = text.split("\n")
    fence = lines[0].rstrip()
    if fence not in ("---", "+++"):
        raise PageError(1, "The file does not begin with front matter (--- for YAML, +++ for TOML).")
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == fence), None)
    if end is None:
        raise PageError(1, f"The front matter has no closing {fence}.")
    matter = "\n".join(lines[1:end])
    if len(matter) > LARGEST_FRONT_MATTER:
        raise PageError(1, f"The front matter is longer than {LARGEST_FRONT_MATTER:,} characters.")
    fields = _yaml_fields(matter) if fence == "---" else _toml_fields(matter)
    return Document(fields, "\n".join(lines[end + 1 :]).strip())


def _yaml_fields(matter: str) -> dict[str, Field]:
    try:
        _check_depth(matter)
        root = yaml.compose(matter, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 2 if mark else 1
        if error.problem and OWN_LIMIT in error.problem:  # which is far above ours, and met while it looks ahead
            raise PageError(line, TOO_DEEP) from error
        raise PageError(line, f"The YAML cannot be read: {error.problem}.") from error
    except yaml.reader.ReaderError as error:
        line = matter.encode().count(b"\n", 0, error.position) + 2  # libyaml counts bytes
        raise PageError(line, f"A control character (U+{error.character:04X}) is not allowed in YAML.") from error
    if root is None:
        return {}
    if not isinstance(root, MappingNode):
        raise PageError(2, "The front matter is not a list of `key: value` lines.")
    fields: dict[str, Field] = {}
    for key, node in root.value:
        line, name = key.start_mark.line + 2, str(key.value).lower()
        if isinstance(key, ScalarNode) and name in fields:
            raise PageError(line, f"{name} is there twice; the first is on line {fields[name].line}.")
        fields[name] = Field(line, _value(node, line))
    return fields


def _check_depth(matter: str) -> None:
    """Refuse deep nesting before anything recursive sees it."""
    depth = 0
    for event in yaml.parse(matter, Loader=Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            line = event.start_mark.line + 2 if event.start_mark else 1
            raise PageError(line, TOO_DEEP)


def _value(node: Node, line: int) -> Value:
    """Turn a node into text, lists and mappings; aliases may make it large, so it is counted."""
    budget = iter(range(MOST_VALUES))

    def convert(node: Node, depth: int) -> Value:
        if next(budget, None) is None or depth > DEEPEST:
            raise PageError(line, f"The value holds more than {MOST_VALUES:,} values or refers to itself.")
        if isinstance(node, SequenceNode):
            return [convert(item, depth + 1) for item in node.value]
        if isinstance(node, MappingNode):
            return {str(key.value).lower(): convert(item, depth + 1) for key, item in node.value}
        return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)

    return convert(node, 0)


def _toml_fields(matter: str) -> dict[str, Field]:
    try:
        table = tomllib.loads(matter)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        line = int(place[1]) + 1 if place and place[1] else matter.count("\n") + 2
        reason = str(error)[: place.start()] if place else str(error)
        raise PageError(line, f"The TOML cannot be read: {reason}.") from error
    except RecursionError as error:
        raise PageError(1, "The front matter nests too deep.") from error
    lines = dict(_toml_lines(matter))
    return {key.lower(): Field(lines.get(key, 2), _plain(value)) for key, value in table.items()}


def _toml_lines(matter: str) -> Iterator[tuple[str, int]]:
    for number, line in enumerate(matter.split("\n"), 2):
        if place := re.match(r"\s*\[*\s*[\"']?([\w-]+)", line):
            yield place[1], number


def _plain(value: Any) -> Value:
    """Turn a TOML value into the text that YAML would have had."""
    match value:
        case bool():
            return str(value).lower()
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key.lower(): _plain(item) for key, item in value.items()}
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
