"""Reads saved operations: from a folder of `.graphql` files, or from a manifest that Relay or Apollo has made.

    users.graphql                       {"3be6c09...": "query Users { ... }"}              Relay's persist file
    posts/latest.graphql                {"format": "apollo-persisted-query-manifest", ...}  Apollo's manifest

Of a folder each operation is called by its name, which no other may have, or by the SHA-256 of its document. Fragments
are shared by all files of a folder. Of a manifest each is called by the id that stands there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    Source,
    Visitor,
    parse,
    print_ast,
    visit,
)

from schema.documents import hash_of
from schema.errors import DefinitionError

ENDINGS: Final = (".graphql", ".gql")
"""Files of a folder that are read."""

APOLLO: Final = "apollo-persisted-query-manifest"
"""What Apollo's manifests call themselves."""


@dataclass(frozen=True, slots=True)
class SavedText:
    """An operation as it was saved."""

    name: str
    """Its name."""

    ids: tuple[str, ...]
    """What it is called by, the shortest first."""

    text: str
    """Its document: the operation, and the fragments that it spreads."""

    node: DocumentNode
    """The same as it stands in its file, for places in messages."""

    description: str | None
    """The comment, or the description, above it."""

    @property
    def operation(self) -> OperationDefinitionNode:
        """The operation in its file."""
        return next(each for each in self.node.definitions if isinstance(each, OperationDefinitionNode))

    @property
    def place(self) -> str:
        """Where it stands: file, line, column."""
        return place_of(self.operation)


def read_all(paths: Iterable[Path]) -> list[SavedText]:
    """Return the operations of folders and manifests, see `read_saved`."""
    return [each for path in paths for each in read_saved(path)]


def read_saved(path: Path) -> list[SavedText]:
    """Return the operations of a folder or a manifest, in the order of their files.

    Raises:
        DefinitionError: It cannot be read; the message names file and line.
    """
    if path.is_dir():
        return _from_folder(path)
    if not path.is_file():
        raise DefinitionError(f"Saved operations: {path} is neither a folder nor a file.")
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise DefinitionError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}.") from error
    return [_from_manifest(f"{path}#{id_}", id_, text) for id_, text in _entries(path, found).items()]


def place_of(node: Node) -> str:
    """Return where a node stands: file, line, column."""
    if node.loc is None:
        return "?"
    token = node.loc.start_token
    return f"{node.loc.source.name}:{token.line}:{token.column}"


def _from_folder(folder: Path) -> list[SavedText]:
    paths = sorted(each for each in folder.rglob("*") if each.suffix in ENDINGS and each.is_file())
    files = [(text, _parse(text, str(path))) for path in paths for text in (_text(path),)]
    fragments: dict[str, FragmentDefinitionNode] = {}
    operations: dict[str, OperationDefinitionNode] = {}
    found = list[SavedText]()
    for _, node in files:
        _take_in(node, FragmentDefinitionNode, fragments, "fragments")
        _take_in(node, OperationDefinitionNode, operations, "operations")
    for whole, node in files:
        own = [each for each in node.definitions if isinstance(each, OperationDefinitionNode)]
        for operation in own:
            name = _name(operation)
            document = DocumentNode(definitions=(operation, *_reached(operation, fragments)))
            text = print_ast(document)
            texts = (text, whole) if len(own) == 1 else (text,)
            ids = tuple(dict.fromkeys([name, *map(hash_of, texts)]))
            found.append(SavedText(name, ids, text, document, _described(operation)))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{path}: not UTF-8, at byte {error.start}.") from error


def _take_in(node: DocumentNode, kind: type[Any], known: dict[str, Any], what: str) -> None:
    """Note the definitions of a file, and refuse a name that is taken."""
    for definition in node.definitions:
        if not isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            raise DefinitionError(f"{place_of(definition)}: operations and fragments can be saved, and nothing else.")
        if isinstance(definition, kind):
            name = _name(definition)
            if name in known:
                other = place_of(known[name])
                raise DefinitionError(f"{place_of(definition)}: two {what} are called {name}; see {other}.")
            known[name] = definition


def _entries(path: Path, found: Any) -> Mapping[str, str]:
    """Return the documents of a manifest by id."""
    refusal = DefinitionError(
        f'{path}: neither a manifest of Apollo ({{"format": "{APOLLO}", "version": 1, "operations": '
        '[{"id", "body"}]}) nor one of Relay ({"id": "query ..."}).'
    )
    if isinstance(found, dict) and found.get("format") == APOLLO:
        operations = found.get("operations")
        if found.get("version") != 1 or not isinstance(operations, list):
            raise refusal
        pairs = [(each.get("id"), each.get("body")) if isinstance(each, dict) else (None, None) for each in operations]
    elif isinstance(found, dict):
        pairs = list(found.items())
    else:
        raise refusal
    entries: dict[str, str] = {}
    for id_, text in pairs:
        if not isinstance(id_, str) or not isinstance(text, str) or not id_:
            raise refusal
        if entries.setdefault(id_, text) != text:
            raise DefinitionError(f"{path}: two documents have the id {id_}.")
    return entries


def _from_manifest(place: str, id_: str, text: str) -> SavedText:
    node = _parse(text, place)
    operations = [each for each in node.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1:
        raise DefinitionError(f"{place}: a saved document has one operation, this one has {len(operations)}.")
    return SavedText(_name(operations[0]), (id_,), text, node, _described(operations[0]))


def _parse(text: str, name: str) -> DocumentNode:
    try:
        return parse(Source(text, name))
    except GraphQLError as error:
        raise DefinitionError(shown(error, name)) from error


def shown(error: GraphQLError, place: str) -> str:
    """Return an error of a document with its place in front; `place` where it has none of its own."""
    if error.source is not None and error.locations:
        where = error.locations[0]
        place = f"{error.source.name}:{where.line}:{where.column}"
    return f"{place}: {error.message}"


def _name(definition: OperationDefinitionNode | FragmentDefinitionNode) -> str:
    if definition.name is None:
        raise DefinitionError(f"{place_of(definition)}: a saved operation needs a name.")
    return definition.name.value


def _reached(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterable[FragmentDefinitionNode]:
    """Return the fragments that an operation spreads, and those that they spread, in this order."""
    reached: dict[str, FragmentDefinitionNode] = {}
    waiting = list(_spread(operation))
    while waiting:
        name = waiting.pop(0)
        if name not in reached and name in fragments:  # one that is nowhere is left to validation
            reached[name] = fragments[name]
            waiting.extend(_spread(fragments[name]))
    return reached.values()


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.names.append(node.name.value)


def _spread(node: Node) -> Iterator[str]:
    visitor = _Spreads()
    visit(node, visitor)
    yield from visitor.names


def _described(operation: OperationDefinitionNode) -> str | None:
    """Return what is said above an operation: its description, or comments without a line between."""
    if operation.description is not None:
        return operation.description.value.strip() or None
    lines = list[str]()
    token = operation.loc.start_token if operation.loc else None
    while token is not None and token.prev is not None and token.prev.kind.value == "Comment":
        if token.prev.line != token.line - 1:
            break
        token = token.prev
        lines.append((token.value or "").strip())
    return "\n".join(reversed(lines)).strip() or None
