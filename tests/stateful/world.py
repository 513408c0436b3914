"""What the graph should hold, in plain Python: rows, what hangs on them, and what a mutation does to them.

It knows the demo models and the contract of mutations (`docs/mutations.md`), and nothing of how the server does it.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
Problem = tuple[str, str, Path]
"""Type, code and path of what is wrong."""


class RefusedError(Exception):
    """What a mutation was refused for: all of it, or any one of it where only the database can tell."""

    def __init__(self, problems: list[Problem], *, is_any: bool) -> None:
        super().__init__(problems)
        self.problems = problems
        self.is_any = is_any


@dataclass(eq=False)
class Row:
    """A row: its columns, the rows that it leads to, and those that it is tied to by another table."""

    kind: str
    columns: dict[str, Any] = field(default_factory=dict)
    links: dict[str, "Row | None"] = field(default_factory=dict)
    tags: list["Row"] = field(default_factory=list)
    id: str | None = None
    """As the graph tells it; None until it was read."""

    @property
    def label(self) -> str:
        """What tells it from all other rows of its kind."""
        label: str = self.columns[KINDS[self.kind].label]
        return label


@dataclass(frozen=True)
class Kind:
    """A model."""

    label: str
    columns: tuple[str, ...]
    links: dict[str, str] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    lists: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Kind of the rows of each to-many relation, and their link back; of tags the link back is a list."""
    plural: str = ""


KINDS = {
    "User": Kind(
        "email",
        ("name", "email", "age"),
        lists={"posts": ("Post", "author"), "comments": ("Comment", "author")},
        plural="users",
    ),
    "Category": Kind(
        "slug", ("name", "slug", "description"), lists={"posts": ("Post", "category")}, plural="categories"
    ),
    "Tag": Kind("slug", ("name", "slug"), lists={"posts": ("Post", "tags")}, plural="tags"),
    "Post": Kind(
        "slug",
        ("title", "slug", "description", "draft"),
        links={"author": "User", "category": "Category"},
        needed=("author",),
        lists={"tags": ("Tag", "posts"), "comments": ("Comment", "post")},
        plural="posts",
    ),
    "Comment": Kind(
        "body",
        ("body",),
        links={"post": "Post", "author": "User", "parent": "Comment"},
        needed=("post", "author"),
        lists={"replies": ("Comment", "parent")},
        plural="comments",
    ),
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "User": {"age": None},
    "Category": {"description": None},
    "Post": {"description": None, "draft": True},
}
NOT_NULL = {"name", "email", "slug", "title", "draft", "body"}
NOT_EMPTY = {"name", "title", "body"}


def problem_of(column: str, value: Any) -> str | None:
    """Return the code of what is wrong with a value, as can be told without the database."""
    if value is None:
        return "REQUIRED" if column in NOT_NULL else None
    if value == "" and column in NOT_EMPTY:
        return "EMPTY"
    if column == "age" and not 0 <= value <= 150:
        return "OUT_OF_RANGE"
    if column == "slug" and not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", value):
        return "INVALID"
    return "INVALID" if column == "email" and "@" not in value else None


@dataclass
class World:
    """All rows, by kind."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def find(self, kind: str, column: str, value: Any) -> Row | None:
        """Return the row with a value, or None."""
        for row in self.rows[kind]:
            if (row.id if column == "id" else row.columns[column]) == value:
                return row
        return None

    def listed(self, row: Row, relation: str) -> list[Row]:
        """Return the rows of a to-many relation."""
        kind, back = KINDS[row.kind].lists[relation]
        if relation == "tags":
            return row.tags
        if back == "tags":
            return [each for each in self.rows[kind] if row in each.tags]
        return [each for each in self.rows[kind] if each.links[back] is row]

    def view(self, row: Row) -> dict[str, Any]:
        """Return a row as the graph shows it: what it leads to by labels, lists sorted."""
        kind = KINDS[row.kind]
        links = {name: None if (to := row.links[name]) is None else to.label for name in kind.links}
        lists = {name: sorted(each.label for each in self.listed(row, name)) for name in kind.lists}
        return row.columns | links | lists

    def shown(self) -> dict[str, list[dict[str, Any]]]:
        """Return everything, as the graph shows it."""
        return {
            kind.plural: sorted((self.view(row) for row in self.rows[name]), key=lambda each: str(each[kind.label]))
            for name, kind in KINDS.items()
        }

    def after(self, mutation: str, given: dict[str, Any]) -> "tuple[World, list[Row]]":
        """Return the world after a mutation, and the rows that it wrote, deleted ones last seen before.

        Raises:
            RefusedError: it is refused.
        """
        world = deepcopy(self)
        change = Change(world)
        rows = change.run(mutation, given)
        change.settle()
        return world, rows


class Change:
    """One mutation on its way through a world, which is thrown away where it is refused.

    What a link names is looked up among the rows that there are before it, however the mutation changes them.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.problems: list[Problem] = []
        self.missing: list[Problem] = []
        self.known = {kind: list(rows) for kind, rows in world.rows.items()}
        self.keys = {id(row): row.label for rows in world.rows.values() for row in rows}
        self.made: dict[tuple[str, str], Row] = {}
        self.labelled: list[tuple[Row, Path]] = []

    def settle(self) -> None:
        """Refuse what cannot be told before all is written."""
        if self.problems:
            raise RefusedError(self.problems, is_any=False)
        conflicts = list(self.missing)
        for kind, rows in self.world.rows.items():
            labels = [row.label for row in rows]
            for row, path in self.labelled:
                if row.kind == kind and kind != "Comment" and labels.count(row.label) > 1:
                    conflicts.append(("ConflictError", "NOT_UNIQUE", (*path, KINDS[kind].label)))
        if conflicts:
            raise RefusedError(conflicts, is_any=True)

    def run(self, mutation: str, given: dict[str, Any]) -> list[Row]:
        verb, noun = re.fullmatch("(create|update|delete|upsert)(.*)", mutation).groups()  # type: ignore[union-attr]
        for name, kind in KINDS.items():
            if noun == name:
                return getattr(self, f"_{verb}_one")(name, given)  # type: ignore[no-any-return]
            if noun.lower() == kind.plural:
                return getattr(self, f"_{verb}_many")(name, given)  # type: ignore[no-any-return]
        raise AssertionError(mutation)

    # The mutations

    def _create_one(self, kind: str, given: dict[str, Any]) -> list[Row]:
        return [self.create(kind, given, ("input",))]

    def _create_many(self, kind: str, given: dict[str, Any]) -> list[Row]:
        plural = KINDS[kind].plural
        return [self.create(kind, each, ("input", plural, at)) for at, each in enumerate(given[plural])]

    def _update_one(self, kind: str, given: dict[str, Any]) -> list[Row]:
        row = self.named(kind, {"id": given["id"]}, ("input",))
        self.change(row, kind, {name: value for name, value in given.items() if name != "id"}, ("input",))
        return [row] if row else []

    def _update_many(self, kind: str, given: dict[str, Any]) -> list[Row]:
        rows = self.matched(kind, given)
        for column, value in given["set"].items():
            if code := problem_of(column, value):
                self.problems.append(("ValidationError", code, ("input", "set", column)))
        self.settle()
        for row in rows:
            self.change(row, kind, given["set"], ("input", "set"))
        return rows

    def _delete_one(self, kind: str, given: dict[str, Any]) -> list[Row]:
        row = self.named(kind, given, ("input",))
        self.settle()
        assert row is not None
        self.remove([row], ("input", "id"))
        return [row]

    def _delete_many(self, kind: str, given: dict[str, Any]) -> list[Row]:
        rows = self.matched(kind, given)
        self.settle()
        self.remove(rows, ("input", "filter"))
        return rows

    def _upsert_one(self, kind: str, given: dict[str, Any]) -> list[Row]:
        noun = kind[0].lower() + kind[1:]
        return [self.upsert(kind, given[noun], ("input", noun))]

    def _upsert_many(self, kind: str, given: dict[str, Any]) -> list[Row]:
        plural = KINDS[kind].plural
        labels = [each[KINDS[kind].label] for each in given[plural]]
        for at, label in enumerate(labels):
            if label in labels[:at] and not problem_of(KINDS[kind].label, label):
                self.problems.append(("ValidationError", "TWICE", ("input", plural, at, KINDS[kind].label)))
        return [self.upsert(kind, each, ("input", plural, at)) for at, each in enumerate(given[plural])]

    # Their parts

    def matched(self, kind: str, given: dict[str, Any]) -> list[Row]:
        ((column, condition),) = given["filter"].items()
        rows = [row for row in self.world.rows[kind] if row.columns[column] in condition["in"]]
        if given["atMost"] < 1:
            self.problems.append(("ValidationError", "OUT_OF_RANGE", ("input", "atMost")))
        if len(rows) > given["atMost"]:
            self.missing.append(("ValidationError", "TOO_MANY", ("input", "atMost")))
        return rows

    def upsert(self, kind: str, given: dict[str, Any], path: Path) -> Row:
        row = self.world.find(kind, KINDS[kind].label, given[KINDS[kind].label])
        if row is None:
            return self.create(kind, given, path)
        self.change(row, kind, given, path)
        return row

    def create(self, kind: str, given: dict[str, Any], path: Path, back: tuple[str, Row] | None = None) -> Row:
        row = Row(kind, dict(DEFAULTS.get(kind, {})), dict.fromkeys(KINDS[kind].links))
        if back:
            row.links[back[0]] = back[1]
        self.change(row, kind, given, path)
        self.labelled.append((row, path))
        self.world.rows[kind].append(row)
        return row

    def change(self, row: Row | None, kind: str, given: dict[str, Any], path: Path) -> None:
        """Write an input into a row; where there is none, only look for what is wrong with the input."""
        row = row or Row(kind, {KINDS[kind].label: ""}, dict.fromkeys(KINDS[kind].links))
        for name, value in given.items():
            at = (*path, name)
            if name == "id" or (name == "body" and kind == "Post"):
                continue
            if name in KINDS[kind].links:
                self.link(row, name, value, at)
            elif name in KINDS[kind].lists:
                self.hang(row, name, value, at)
            else:
                if code := problem_of(name, value):
                    self.problems.append(("ValidationError", code, at))
                row.columns[name] = value
                if name == KINDS[kind].label:
                    self.labelled.append((row, path))

    def named(self, kind: str, key: dict[str, Any], path: Path) -> Row | None:
        """Return the row that a key names, as they were before the mutation."""
        ((column, value),) = key.items()
        if column == "id" and value == "x":
            self.problems.append(("ValidationError", "BAD_ID", (*path, "id")))
            return None
        for row in self.known[kind]:
            if (row.id if column == "id" else self.keys[id(row)]) == value:
                return row
        self.missing.append(("NotFoundError", "NOT_FOUND", (*path, column)))
        return None

    def link(self, row: Row, name: str, given: dict[str, Any], path: Path) -> None:
        kind = KINDS[row.kind].links[name]
        ((word, value),) = given.items()
        at = (*path, word)
        there = row.links[name]
        if word == "connect":
            row.links[name] = self.named(kind, value, at)
        elif word == "create":
            row.links[name] = self.create(kind, value, at)
        elif word == "connectOrCreate":
            row.links[name] = self.taken(kind, value, at)
        elif word == "disconnect":
            row.links[name] = None
        elif there is None:
            self.missing.append(("NotFoundError", "NOT_FOUND", at))
            self.change(None, kind, value if word == "update" else {}, at)
        elif word == "update":
            self.change(there, kind, value, at)
        elif word == "delete":
            row.links[name] = None
            self.remove([there], at)

    def taken(self, kind: str, given: dict[str, Any], path: Path) -> Row:
        """Return the row with a key, made where there is none."""
        label = given["create"][KINDS[kind].label]
        for row in self.known[kind]:
            if self.keys[id(row)] == label:
                self.change(None, kind, given["create"], (*path, "create"))
                return row
        if (kind, label) not in self.made:
            self.made[kind, label] = self.create(kind, given["create"], (*path, "create"))
        else:
            self.change(None, kind, given["create"], (*path, "create"))
        return self.made[kind, label]

    def hang(self, row: Row, name: str, given: dict[str, Any], path: Path) -> None:
        kind, back = KINDS[row.kind].lists[name]
        there = list(self.world.listed(row, name))
        found: list[Row | None] = []
        for word, values in given.items():
            for at, value in enumerate(values):
                place = (*path, word, at)
                if word == "create":
                    found.append(self.create(kind, value, place, None if name == "tags" else (back, row)))
                elif word == "connectOrCreate":
                    found.append(self.taken(kind, value, place))
                elif word in {"connect", "set"}:
                    found.append(self.named(kind, value, place))
                elif word == "disconnect":
                    gone = self.named(kind, value, place)
                    if gone is not None and gone not in there:
                        self.missing.append(("NotFoundError", "NOT_FOUND", (*place, *value)))
                    row.tags = [tag for tag in row.tags if tag is not gone]
                else:
                    one = self.named(kind, {"id": value["id"]}, place)
                    if one is not None and one not in there:
                        self.missing.append(("NotFoundError", "NOT_FOUND", (*place, "id")))
                        one = None
                    if word == "update":
                        self.change(one, kind, value, place)
                    elif one is not None:
                        self.remove([one], place)
        if name == "tags":
            if "set" in given:
                row.tags = []
            row.tags += [tag for tag in dict.fromkeys(found) if tag is not None and tag not in row.tags]

    def remove(self, rows: list[Row], path: Path) -> None:
        """Delete rows, and what goes with them."""
        gone = set(rows)
        grown = True
        while grown:
            more = {row for kind in KINDS for row in self.world.rows[kind] if set(_held_by(row)) & gone} - gone
            gone |= more
            grown = bool(more)
        for kind in self.world.rows:
            self.world.rows[kind] = [row for row in self.world.rows[kind] if row not in gone]
        for post in self.world.rows["Post"]:
            if post.links["author"] in gone:
                self.missing.append(("ConflictError", "STILL_REFERENCED", path))
            if post.links["category"] in gone:
                post.links["category"] = None
            post.tags = [tag for tag in post.tags if tag not in gone]


def _held_by(row: Row) -> Iterator[Row | None]:
    """Yield the rows that a row is deleted with."""
    if row.kind == "Comment":
        yield from row.links.values()
