"""Keeps saved operations ready: each is valid, within the limits, and parsed once, at start.

A saved operation that is not valid stops the start, with the place of every fault; `check_saved` tells the same to CI.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from graphql import (
    GraphQLSchema,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    validate,
    value_from_ast_untyped,
)

from schema.documents import Document, Documents
from schema.errors import DefinitionError, DocumentError, LimitError
from schema.query.cost import CostRule
from schema.saved.files import SavedText, place_of, read_all, shown

MOST_SHOWN: Final = 20
"""Most faults that a message lists."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved operation that can be run."""

    source: SavedText
    """What was saved."""

    document: Document
    """The same, ready to be run."""

    @property
    def operation(self) -> OperationDefinitionNode:
        """The operation of the document."""
        return next(iter(self.document.operations.values()))


class Library:
    """The saved operations of a server."""

    def __init__(self, saved: Iterable[Saved] = ()) -> None:
        """Take in operations whose ids do not clash."""
        self.operations: tuple[Saved, ...] = tuple(saved)
        """All of them, in the order of their files."""
        self._by_id = {id_: each for each in self.operations for id_ in each.source.ids}
        self._by_text = {each.source.text: each for each in self.operations}
        self._names = {each.document.hash: each.source.name for each in self.operations}

    def get(self, id_: str) -> Saved | None:
        """Return the operation of an id; `sha256:` in front of it, as the specification proposes, is understood."""
        return self._by_id.get(id_) or self._by_id.get(id_.removeprefix("sha256:"))

    def of_text(self, text: str) -> Saved | None:
        """Return the operation whose document is exactly this text."""
        return self._by_text.get(text)

    def name_of(self, hash_: str) -> str | None:
        """Return the name of the operation whose document has a hash; None where it is not a saved one."""
        return self._names.get(hash_)


def load_library(core: GraphQLSchema, documents: Documents, cost: CostRule, paths: Iterable[Path]) -> Library:
    """Return what is saved in folders and manifests.

    Args:
        core: What it must be valid under.
        documents: Parses, and refuses what is too large.
        cost: Refuses what costs too much.
        paths: The folders and files.

    Raises:
        DefinitionError: Something of it cannot be served; the message names file, operation and line.
    """
    saved, problems = check_saved(core, documents, cost, read_all(paths))
    if problems:
        more = f"\nand {len(problems) - MOST_SHOWN} more" if len(problems) > MOST_SHOWN else ""
        raise DefinitionError("\n".join(["Saved operations cannot be served:", *problems[:MOST_SHOWN]]) + more)
    return Library(saved)


def check_saved(
    core: GraphQLSchema, documents: Documents, cost: CostRule, texts: Sequence[SavedText]
) -> tuple[list[Saved], list[str]]:
    """Return the operations that can be served, and what is wrong with the others, each with its place."""
    saved, problems = list[Saved](), list(_clashes(texts))
    for each in texts:
        try:
            document = documents.get(each.text)
            operation = document.operation(None)
            cost.check(cost.measure(document, operation, _defaults(operation)))
        except (DocumentError, LimitError) as error:
            errors = validate(core, each.node)  # once more, with the lines of its file
            told = [shown(wrong, each.place) for wrong in errors] or [f"{each.place}: {error}"]
            problems.extend(f"{line} (in {each.name})" for line in told)
            continue
        saved.append(Saved(each, document))
    return saved, problems


def deprecations(core: GraphQLSchema, texts: Iterable[SavedText]) -> list[str]:
    """Return where saved operations use what is deprecated."""
    return [
        shown(error, each.place) + f" (in {each.name})"
        for each in texts
        for error in validate(core, each.node, [NoDeprecatedCustomRule])
    ]


def _clashes(texts: Iterable[SavedText]) -> Iterator[str]:
    """Yield ids that stand for two documents."""
    known: dict[str, SavedText] = {}
    for each in texts:
        for id_ in each.ids:
            other = known.setdefault(id_, each)
            if other.text != each.text:
                yield f"{each.place}: the id {id_} is taken by {place_of(other.operation)} (in {each.name})"


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """Return what variables are where nothing is given, as far as a cost depends on it."""
    return {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
