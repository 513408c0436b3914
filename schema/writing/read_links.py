"""The part of an input that hangs on a row -> the part of its plan."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

from schema.graph import Graph, Link, ObjectType
from schema.writing.plan import Children, Reference, Row
from schema.writing.problems import Path

Given = Mapping[str, Any]
"""A part of a coerced input."""


class RowReader(Protocol):
    """Reads rows and keys; see `schema.writing.read.InputReader`."""

    graph: Graph

    def note(self, code: str, message: str, path: Path) -> None:
        """Note a problem of the input."""

    def count(self, path: Path, depth: int) -> None:
        """Count a row that is written or named."""

    def new_row(self, type_: ObjectType, given: Given, path: Path, depth: int) -> Row:
        """Return a row that is to be created."""

    def change(self, type_: ObjectType, given: Given, path: Path, depth: int) -> Row:
        """Return a row that is to be changed."""

    def sought(self, type_: ObjectType, given: Given, path: Path, depth: int) -> Row:
        """Return a row that is to be taken or created."""

    def reference(self, target: ObjectType, given: Given, path: Path) -> Reference | None:
        """Return the row that a key names; None where the key is wrong, which is noted."""


class LinkReader:
    """Reads what is said of the links of one row."""

    def __init__(self, rows: RowReader, row: Row, depth: int, *, is_new: bool) -> None:
        """Take the row.

        Args:
            rows: What rows at the other ends are read by.
            row: The row; it is given its links.
            depth: How many rows it is inside of, itself among them.
            is_new: True where it is to be created.
        """
        self._rows = rows
        self._row = row
        self._depth = depth + 1
        self._is_new = is_new

    def read(self, links: Sequence[Link], given: Given) -> None:
        """Fill in the links of the row, as far as something is said of them."""
        parents, above, children = dict[str, Row | Reference](), dict[str, Row | None](), dict[str, Children]()
        for link in links:
            name = link.relation.name
            if name not in given:
                continue
            target, path = self._rows.graph.types[link.relation.target], (*self._row.path, name)
            if link.relation.is_reference:
                self._reference(link, target, given[name], path, parents, above)
            elif given[name] is None:
                self._rows.note("REQUIRED", f"`{name}` must not be null; leave it out to keep what is connected.", path)
            elif link.relation.is_list:
                children[name] = self._list(link, target, given[name], path)
            elif (child := self._only(link, target, given[name], path)) is not None:
                children[name] = child
        self._row.parents, self._row.above, self._row.children = parents, above, children

    def _reference(
        self,
        link: Link,
        target: ObjectType,
        asked: Given | None,
        path: Path,
        parents: dict[str, Row | Reference],
        above: dict[str, Row | None],
    ) -> None:
        """Read a link whose key the row holds; one that is to lead nowhere is a null among the row's values."""
        name = link.relation.name
        word, value = next(iter(asked.items())) if asked is not None else ("disconnect", cast("Any", True))
        there = (*path, word)
        if word in ("disconnect", "delete"):
            if self._is_meant(word, value, there):
                self._lead_nowhere(link, target, path)
                if word == "delete":
                    above[name] = None
        elif word == "update":
            above[name] = self._rows.change(target, value, there, self._depth)
        elif word == "create":
            parents[name] = self._rows.new_row(target, value, there, self._depth)
        elif word == "connectOrCreate":
            parents[name] = self._rows.sought(target, value, there, self._depth)
        elif (found := self._rows.reference(target, value, there)) is not None:
            parents[name] = found

    def _lead_nowhere(self, link: Link, target: ObjectType, path: Path) -> None:
        if not link.relation.is_nullable:
            self._rows.note("REQUIRED", f"`{link.relation.name}` must lead to a {target.name}.", path)
        self._row.values.update({near: None for near, _ in link.pairs})

    def _is_meant(self, word: str, value: bool | None, path: Path) -> bool:
        if value is not True:
            self._rows.note("INVALID", f"`{word}` takes true; leave it out to keep what is connected.", path)
        return value is True

    def _only(self, link: Link, target: ObjectType, asked: Given, path: Path) -> Children | None:
        """Read a link to the one row that holds the key of this one: it takes the place of the one that is there."""
        word, value = next(iter(asked.items()))
        there, replaces = (*path, word), not self._is_new
        match word:
            case "disconnect" | "delete":
                is_meant = self._is_meant(word, value, there)
                return Children(
                    link, replaces=is_meant and word == "disconnect", is_emptied=is_meant and word == "delete"
                )
            case "update":
                return Children(link, changed=(self._rows.change(target, value, there, self._depth),))
            case "create":
                return Children(link, replaces, created=(self._rows.new_row(target, value, there, self._depth),))
            case "connectOrCreate":
                return Children(link, replaces, sought=(self._rows.sought(target, value, there, self._depth),))
            case _:
                found = self._rows.reference(target, value, there)
                return None if found is None else Children(link, replaces, connected=(found,))

    def _list(self, link: Link, target: ObjectType, asked: Given, path: Path) -> Children:
        def parts(word: str) -> Iterator[tuple[Any, Path]]:
            for index, each in enumerate(asked.get(word) or ()):
                yield each, (*path, word, index)

        named = {
            word: tuple(self._references(target, parts(word))) for word in ("connect", "disconnect", "delete", "set")
        }
        return Children(
            link,
            replaces=not self._is_new and asked.get("set") is not None,
            disconnected=named["disconnect"],
            deleted=named["delete"],
            connected=(*named["set"], *named["connect"]),
            created=tuple(self._rows.new_row(target, each, there, self._depth) for each, there in parts("create")),
            sought=tuple(
                self._rows.sought(target, each, there, self._depth) for each, there in parts("connectOrCreate")
            ),
            changed=tuple(self._rows.change(target, each, there, self._depth) for each, there in parts("update")),
        )

    def _references(self, target: ObjectType, parts: Iterator[tuple[Any, Path]]) -> Iterator[Reference]:
        for each, path in parts:
            self._rows.count(path, 1)
            found = self._rows.reference(target, each, path)
            if found is not None:
                yield found
