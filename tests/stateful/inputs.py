"""Random mutations of the demo models: most can be carried out, some are refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from schema.opaque import encode
from tests.stateful.world import KINDS, World

Input = dict[str, Any]

EMAILS = [f"{name}@example.org" for name in "abcd"]
SLUGS = ["a", "b", "c", "d", "e"]
VALUES: dict[str, list[Any]] = {
    "name": ["A", "B", "C", "D", "A", "B", "C", "D", ""],
    "title": ["A", "B", "C", "D", "A", "B", "C", ""],
    "description": [None, "", "x"],
    "draft": [True, False],
    "age": [None, 0, 30, 150, 151],
    "email": [*EMAILS, *EMAILS, *EMAILS, "nobody"],
    "slug": [*SLUGS, *SLUGS, *SLUGS, "Not one"],
}
LABELS = {"email", "slug"}
NO_ROW = 10**9


@dataclass
class Mutation:
    """A root field and its input."""

    name: str
    input: Input

    @property
    def input_type(self) -> str:
        return f"{self.name[0].upper()}{self.name[1:]}Input!"


@dataclass
class Author:
    """Draws inputs for a world; the bodies of comments are all different, and so tell them apart.

    What is drawn depends on a world that other writers had a hand in, so it is drawn by one number, which Hypothesis
    may repeat, whatever the world is by then.
    """

    random: Random
    world: World
    count: list[int]
    new: set[str] = field(default_factory=lambda: {"nobody", "Not one"})
    """Labels that rows have by this mutation."""

    def mutation(self) -> Mutation:
        """Draw a mutation.

        The labels of new rows are not those by which it names rows: which of the two comes first is not promised.
        """
        for labels in (EMAILS, SLUGS):
            new = self.several(labels, len(labels) - 1)
            self.new |= {*new}
        kind = self.one("Post", "Post", "Post", "Comment", "User", "Tag", "Category")
        verb = self.one("create", "create", "update", "update", "upsert", "delete")
        if verb == "upsert" and kind == "Comment":  # it has no key but its id
            verb = "create"
        is_many = self.one(False, False, False, True)
        plural = KINDS[kind].plural
        name = f"{verb}{plural.capitalize() if is_many else kind}"
        return Mutation(name, getattr(self, f"_{verb}")(kind, plural, is_many))

    def one(self, *values: Any) -> Any:
        """Draw one of these."""
        return self.random.choice(values)

    def several(self, values: Sequence[Any], most: int) -> list[Any]:
        """Draw some of these, at least one, none of them twice."""
        return self.random.sample(values, min(len(values), self.random.randint(1, most)))

    def _create(self, kind: str, plural: str, is_many: bool) -> Input:
        return {plural: [self.row(kind) for _ in range(self.one(1, 2, 3))]} if is_many else self.row(kind)

    def _update(self, kind: str, plural: str, is_many: bool) -> Input:
        if is_many:
            most = 1 if kind == "Comment" else 3  # two that say the same could not be told apart
            return {**self.some(kind, most), "set": self.changes(kind)}
        given = {"id": self.id(kind), **self.changes(kind)}
        if kind == "Post":
            given |= self.links_of_a_post(is_there=True)
        return given

    def _delete(self, kind: str, plural: str, is_many: bool) -> Input:
        return self.some(kind) if is_many else {"id": self.id(kind)}

    def _upsert(self, kind: str, plural: str, is_many: bool) -> Input:
        by = {"by": KINDS[kind].label.upper()}
        if is_many:
            return by | {plural: [self.row(kind) for _ in range(self.one(1, 2, 3))]}
        return by | {kind.lower(): self.row(kind)}

    def some(self, kind: str, most: int = 3) -> Input:
        """Draw a filter, and how many rows it may find."""
        label = KINDS[kind].label
        pool = {"email": EMAILS, "slug": SLUGS}.get(label) or [row.label for row in self.world.rows[kind]] or ["none"]
        values = self.several(pool, most)
        return {"filter": {label: {"in": values}}, "atMost": self.one(0, 1, 2, 5, 5, 5)}

    def body(self) -> str:
        """Return what no comment says yet."""
        if self.one(*range(9)) == 8:
            return ""
        self.count[0] += 1
        return f"c{self.count[0]}"

    def id(self, kind: str) -> str:
        """Draw the id of a row; seldom of none."""
        ids = [row.id for row in self.world.rows[kind]]
        return self.one(*ids, *ids, *ids, encode(f"{kind}:{NO_ROW}"), "x") if ids else encode(f"{kind}:{NO_ROW}")

    def key(self, kind: str) -> Input:
        """Draw what names a row."""
        if kind in {"Post", "Comment"} or self.one(True, False):
            return {"id": self.id(kind)}
        label = KINDS[kind].label
        labels = [row.label for row in self.world.rows[kind]] * 3 + (EMAILS if label == "email" else SLUGS)
        return {label: self.one(*(each for each in labels if each not in self.new))}

    def columns(self, kind: str) -> Input:
        """Draw a value for each column that must be given, and for some others."""
        columns = [name for name in KINDS[kind].columns if name != "body"]
        must = {"name", "email", "slug", "title"}
        return {name: self.value(name) for name in columns if name in must or self.one(True, False)}

    def changes(self, kind: str) -> Input:
        """Draw values for some columns."""
        if kind == "Comment":
            return {"body": self.body()}
        names = self.several(KINDS[kind].columns, 2)
        return {name: self.value(name) for name in names}

    def value(self, column: str) -> Any:
        """Draw a value."""
        return self.one(*(each for each in VALUES[column] if column not in LABELS or each in self.new))

    def row(self, kind: str, *, depth: int = 0) -> Input:
        """Draw a new row, with what hangs on it."""
        if kind == "Comment":
            return self.comment(depth=depth)
        given = self.columns(kind)
        if kind == "Post":
            given |= {"body": "Text.", "author": self.link("User")} | self.links_of_a_post(is_there=False)
        return given

    def comment(self, without: str | None = None, *, depth: int = 0) -> Input:
        """Draw a new comment; the link back to what it hangs on is left out."""
        given: Input = {"body": self.body()}
        for name, kind in KINDS["Comment"].links.items():
            if name == "parent" and (without or not self.world.rows[kind] or self.one(True, False)):
                continue
            if name != without:
                given[name] = {"connect": self.key(kind)}
        if depth < 2 and self.one(True, False, False):
            replies = [self.comment("parent", depth=depth + 1) for _ in range(self.one(1, 2))]
            given["replies"] = {"create": replies}
        return given

    def link(self, kind: str, *, is_there: bool = False, may_lead_nowhere: bool = False) -> Input:
        """Draw where a row leads to."""
        words = ["connect", "connect", "connect", "create", "connectOrCreate"]
        if is_there:
            words += ["update"] + ["disconnect", "delete"] * may_lead_nowhere
        word = self.one(*words)
        if word == "connect":
            return {word: self.key(kind)}
        if word == "create":
            return {word: self.columns(kind)}
        if word == "connectOrCreate":
            return {word: {"by": KINDS[kind].label.upper(), "create": self.columns(kind)}}
        if word == "update":
            return {word: self.unlabelled(kind)}
        return {word: True}

    def unlabelled(self, kind: str) -> Input:
        """Draw changes that leave the label alone: in which order one input moves labels is not promised."""
        return {"name": self.one(*VALUES["name"])} if self.one(True, True, False) else {}

    def links_of_a_post(self, *, is_there: bool) -> Input:
        """Draw what a post leads to, and what hangs on it."""
        given: Input = {}
        if is_there and self.one(True, False, False):
            given["author"] = self.link("User", is_there=True)
        if self.one(True, False):
            given["category"] = self.link("Category", is_there=is_there, may_lead_nowhere=True)
        if self.one(True, False):
            given["tags"] = self.tags(is_there=is_there)
        if self.one(True, False):
            given["comments"] = self.comments(is_there=is_there)
        return given

    def tags(self, *, is_there: bool) -> Input:
        """Draw the tags of a post; none of them is named twice."""
        words = ["create", "connect", "connectOrCreate"]
        if is_there:
            words = self.one([*words, "disconnect", "update"], ["set"])
        free = {True: sorted(self.new & {*SLUGS}), False: sorted({*SLUGS} - self.new)}
        given: Input = {}
        for word in self.several(words, 3):
            for _ in range(self.one(1, 1, 2)):
                slugs = free[word in {"create", "connectOrCreate"}]
                slug = slugs.pop(self.random.randrange(len(slugs))) if slugs else None
                there = self.world.find("Tag", "slug", slug)
                if slug is None or (word == "update" and there is None):
                    continue
                new = {"slug": slug, "name": self.one(*VALUES["name"])}
                values = {
                    "create": new,
                    "connectOrCreate": {"by": "SLUG", "create": new},
                    "update": {"id": there and there.id, "name": new["name"]},
                }
                given.setdefault(word, []).append(values.get(word, {"slug": slug}))
        return given

    def comments(self, *, is_there: bool) -> Input:
        """Draw the comments of a post."""
        given: Input = {}
        ids = [row.id for row in self.world.rows["Comment"]]
        words = ["create", "update", "delete"] if is_there and ids else ["create"]
        for word in self.several(words, 2):
            if word == "create":
                given[word] = [self.comment("post", depth=1) for _ in range(self.one(1, 2))]
            else:
                one = ids.pop(self.random.randrange(len(ids))) if ids else encode(f"Comment:{NO_ROW}")
                given[word] = [{"id": one, **({"body": self.body()} if word == "update" else {})}]
        return given
