"""Selections: fragments, directives, aliases and merged fields mean here what they mean to graphql-core itself."""

from typing import Any

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    get_operation_ast,
    get_variable_values,
    is_object_type,
    parse,
    validate,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.build import build_graph_schema
from schema.opaque import encode
from schema.query.selection import Document, select_fields
from tests.schema.both import both
from tests.schema.conftest import Asker
from tests.schema.examples import examples

SCHEMA = build_graph_schema().core
NODES = {"Post": encode("Post:1"), "User": encode("User:3"), "Tag": encode("Tag:2"), "Comment": encode("Comment:9")}
LEAVES = {
    "Post": ["id", "title", "slug", "viewCount", "isPublished", "publishedAt", "readingMinutes", "__typename"],
    "User": ["id", "name", "email", "age", "__typename"],
    "Tag": ["id", "name", "slug", "__typename"],
    "Category": ["id", "name", "description", "__typename"],
    "Comment": ["id", "isReply", "createdAt", "__typename"],
}
ONE = {
    "Post": {"author": "User", "category": "Category"},
    "User": {},
    "Tag": {},
    "Category": {},
    "Comment": {"author": "User", "post": "Post", "parent": "Comment"},
}
MANY = {
    "Post": {"tags": "Tag", "comments": "Comment"},
    "User": {"posts": "Post", "comments": "Comment"},
    "Tag": {"posts": "Post"},
    "Category": {"posts": "Post"},
    "Comment": {"replies": "Comment"},
}
# An alias always stands for the same field with the same arguments, so that fields of one key can be merged.
PAGES = {"": "(first: 2)", "few": "(first: 1)", "late": "(first: 2, offset: 1)", "last": "(last: 2)"}


class Writer:
    """Draws one document: its operation, and the fragments that it uses."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.fragments: dict[str, str] = {}
        self.variables: dict[str, bool] = {}

    def chance(self, of: int) -> bool:
        return self.draw(st.integers(1, of)) == 1

    def directive(self) -> str:
        if not self.chance(4):
            return ""
        name, condition = (
            self.draw(st.sampled_from(["include", "skip"])),
            self.draw(st.sampled_from(["$a", "$b", "true", "false"])),
        )
        if condition.startswith("$"):
            self.variables.setdefault(condition[1:], self.draw(st.booleans()))
        return f" @{name}(if: {condition})"

    def many(self, items: list[Any]) -> list[Any]:
        return self.draw(st.lists(st.sampled_from(items), min_size=1, max_size=4))

    def wrapped(self, selection: str, type_: str) -> str:
        """Return a selection of a type as it is, or within an inline fragment."""
        if not self.chance(4):
            return selection
        inner = f"... on {type_} {{ {selection} }}"
        outer, below = self.draw(st.sampled_from([("", selection), (f" on {type_}", selection), (" on Node", inner)]))
        outer = outer if type_ in LEAVES else outer.replace("Node", type_)
        return f"...{outer}{self.directive()} {{ {below} }}"

    def row(self, type_: str, depth: int) -> str:
        """Return what is selected of a row."""
        made = [self.leaf(name) for name in self.many(LEAVES[type_])]
        if depth:
            made += [self.one(name, target, depth) for name, target in ONE[type_].items() if self.chance(3)]
            made += [self.list(name, target, depth) for name, target in MANY[type_].items() if self.chance(2)]
        if self.chance(3):
            made.insert(self.draw(st.integers(0, len(made))), self.spread(type_, depth))
        return " ".join(self.wrapped(selection, type_) for selection in made)

    def leaf(self, name: str) -> str:
        alias = self.draw(st.sampled_from(["", "", f"my_{name.strip('_')}: "]))
        return f"{alias}{name}{self.directive()}"

    def one(self, name: str, target: str, depth: int) -> str:
        return f"{name}{self.directive()} {{ {self.row(target, depth - 1)} }}"

    def spread(self, type_: str, depth: int) -> str:
        name = f"{type_}{self.draw(st.integers(1, 2))}"
        if name not in self.fragments:
            self.fragments[name] = ""  # it spreads none that is being written, so there are no cycles
            on = self.draw(st.sampled_from([type_, type_, "Node"]))
            body = "id __typename" if on == "Node" else self.row(type_, 0) if depth else "id"
            self.fragments[name] = f"fragment {name} on {on} {{ {body} }}"
        elif not self.fragments[name]:
            return "id"
        return f"...{name}{self.directive()}"

    def list(self, name: str, target: str, depth: int) -> str:
        """Return a list, whose page has an alias of its own."""
        label = self.draw(st.sampled_from(list(PAGES)))
        alias = f"{label}_{name}: " if label else ""
        parts = []
        for part in self.many(["nodes", "nodes", "edges", "totalCount", "pageInfo", "__typename"]):
            if part == "nodes":
                shown = self.draw(st.sampled_from(["", "also: "]))
                parts.append(f"{shown}nodes{self.directive()} {{ {self.row(target, depth - 1)} }}")
            elif part == "edges":
                parts.append(f"edges {{ cursor node{self.directive()} {{ {self.row(target, depth - 1)} }} }}")
            elif part == "pageInfo":
                parts.append(
                    "pageInfo { hasNextPage startCursor start: startCursor hasPreviousPage endCursor __typename }"
                )
            else:
                parts.append(part)
        below = " ".join(self.wrapped(part, f"{target}Connection") for part in parts)
        return f"{alias}{name}{PAGES[label]}{self.directive()} {{ {below} }}"

    def operation(self) -> str:
        parts = [self.list(name, target, 2) for name, target in self.many(list(ROOTS.items()))]
        if self.chance(2):
            name = self.draw(st.sampled_from(list(NODES)))
            below = " ".join(f"... on {type_} {{ {self.row(type_, 1)} }}" for type_ in self.many(list(NODES)))
            parts.append(f'node_{name}: node(id: "{NODES[name]}") {{ id {below} }}')
        return " ".join(parts)


ROOTS = {"posts": "Post", "users": "User", "tags": "Tag", "categories": "Category", "comments": "Comment"}


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, bool]]:
    """Draw a valid document and the values of its variables."""
    writer = Writer(draw)
    operation = writer.operation()
    declared = f"({', '.join(f'${name}: Boolean!' for name in writer.variables)})" if writer.variables else ""
    return "\n".join([f"query{declared} {{ {operation} }}", *writer.fragments.values()]), writer.variables


def compare(document: DocumentNode, values: dict[str, Any]) -> int:
    """Hold our field collection equal to graphql-core's, below every field; return how many were compared."""
    operation = get_operation_ast(document)
    assert isinstance(operation, OperationDefinitionNode)
    variables: Any = get_variable_values(SCHEMA, operation.variable_definitions or (), values)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    ours = Document(SCHEMA, fragments, variables.coerced)
    theirs = {name: FragmentDetails(fragment, None) for name, fragment in fragments.items()}
    query: Any = SCHEMA.query_type
    root = collect_fields(SCHEMA, theirs, variables, query, operation).grouped_field_set
    assert select_fields(ours, "Query", [operation]) == {
        key: [each.node for each in group] for key, group in root.items()
    }

    def below(parent: GraphQLObjectType, group: list[FieldDetails]) -> int:
        nodes: list[FieldNode] = [each.node for each in group]
        field = parent.fields.get(nodes[0].name.value)
        if field is None or nodes[0].selection_set is None:
            return 0
        named: Any = get_named_type(field.type)
        count = 0
        for type_ in [named] if is_object_type(named) else SCHEMA.get_possible_types(named):
            expected = collect_subfields(SCHEMA, theirs, variables, operation, type_, group).grouped_field_set
            found = select_fields(ours, type_.name, nodes)
            assert list(found) == list(expected)
            for key, inner in expected.items():
                assert [id(node) for node in found[key]] == [id(each.node) for each in inner]
                count += 1 + below(type_, inner)
        return count

    return sum(below(query, group) for group in root.values())


@settings(max_examples=60, deadline=None)
@given(documents())
def test_fields_are_collected_as_graphql_core_does(drawn: tuple[str, dict[str, bool]]) -> None:
    """The same fields, in the same order, with the same nodes merged into each, for every possible type."""
    document = parse(drawn[0])
    assert validate(SCHEMA, document) == []
    compare(document, drawn[1])


async def test_drawn_documents_by_both_ways(ask: Asker) -> None:
    """Whatever is selected, all that it needs was read, and the engine gives the same answer in the same order."""

    async def check(drawn: tuple[str, dict[str, bool]]) -> None:
        answer = await both(ask, drawn[0], **drawn[1])
        assert answer.errors == [], drawn

    await examples(check, documents(), count=25)


async def test_directives_with_variables_and_defaults(ask: Asker) -> None:
    """What is skipped is neither answered nor read; a default stands where no value is given."""
    query = """query($yes: Boolean!, $no: Boolean = false) { users(first: 1) { nodes {
      name @include(if: $yes) age @skip(if: $no)
      posts(first: 1) @include(if: $no) { totalCount } ... @skip(if: $yes) { email }
    } } }"""
    answer = await both(ask, query, yes=True)
    assert (answer.errors, answer.statements) == ([], 1)
    assert list(answer.data["users"]["nodes"][0]) == ["name", "age"]
    answer = await both(ask, query, yes=False, no=True)
    assert (answer.errors, answer.statements) == ([], 2)
    assert list(answer.data["users"]["nodes"][0]) == ["posts", "email"]
    answer = await both(
        ask, "{ users(first: 1) @skip(if: true) { totalCount } tags @include(if: false) { totalCount } }"
    )
    assert (answer.errors, answer.statements, answer.data) == ([], 0, {})


async def test_skip_and_include_together(ask: Asker) -> None:
    """A field stays only where neither takes it out."""
    for skip in (True, False):
        for include in (True, False):
            below = "nodes { id name @skip(if: $s) @include(if: $i) }"
            query = f"query($s: Boolean!, $i: Boolean!) {{ users(first: 1) {{ {below} }} }}"
            answer = await both(ask, query, s=skip, i=include)
            assert ("name" in answer.data["users"]["nodes"][0]) is (include and not skip)


async def test_merged_fields(ask: Asker) -> None:
    """The same field in several places is one field with all that is selected below any of them."""
    answer = await both(
        ask,
        """{ users(first: 1) { nodes { name } } ...More
          users(first: 1) { totalCount nodes { posts(first: 1) { nodes { slug } } } } }
        fragment More on Query { users(first: 1) { nodes { age ...Posts } edges { node { email } } } }
        fragment Posts on User { posts(first: 1) { nodes { title } totalCount } }""",
    )
    assert (answer.errors, answer.statements) == ([], 2)
    (user,) = answer.data["users"]["nodes"]
    assert list(user) == ["name", "age", "posts"]
    assert list(user["posts"]["nodes"][0]) == ["title", "slug"]
    assert list(answer.data["users"]) == ["nodes", "edges", "totalCount"]


async def test_one_alias_for_different_fields_in_different_places(ask: Asker) -> None:
    """`nodes` and `edges`, and two aliases of `nodes`, may call different fields by one name."""
    answer = await both(
        ask,
        """{ posts(first: 1) {
          nodes { x: title } also: nodes { x: slug }
          edges { y: cursor x: node { x: viewCount } } more: edges { x: cursor y: node { x: id } }
          pageInfo { x: hasNextPage } info: pageInfo { x: endCursor }
        } }""",
    )
    assert (answer.errors, answer.statements) == ([], 1)
    posts = answer.data["posts"]
    assert posts["also"][0]["x"].startswith("living-with-old-roses")
    assert posts["edges"][0]["y"] == posts["more"][0]["x"] == posts["info"]["x"]
    assert posts["pageInfo"]["x"] is True


async def test_fragments_on_the_interface(ask: Asker) -> None:
    """Fragments on `Node`, on the type and on others, one within the other; those of other types add nothing."""
    query = """query($ids: [ID!]!) { nodes(ids: $ids) {
      ... on Node { id ... on Post { title ... on Node { ... on Post { slug } } } ... on User { name } }
      ...Tagged
      __typename
    } }
    fragment Tagged on Node { ... on Tag { name posts(first: 1) { totalCount } } ... on Comment { body } }"""
    answer = await both(ask, query, ids=[NODES["Post"], NODES["User"], NODES["Tag"]])
    assert (answer.errors, answer.statements) == ([], 4)
    assert [list(node) for node in answer.data["nodes"]] == [
        ["id", "title", "slug", "__typename"],
        ["id", "name", "__typename"],
        ["id", "name", "posts", "__typename"],
    ]


@pytest.mark.parametrize(
    "query",
    [
        "{ __typename }",
        "{ users(first: 1) { nodes { __typename } } }",
        "{ users(first: 3, offset: 1) { edges { __typename } __typename } }",
        "{ users(first: 2) { nodes { posts(first: 3) { nodes { __typename author { __typename } } } } } }",
        "{ posts(first: 2) { nodes { category { __typename } author { posts(first: 2) { edges { __typename } } } } } }",
        "{ users(first: 1) { pageInfo { __typename } } }",
        f'{{ node(id: "{NODES["Post"]}") {{ __typename }} post(id: "{NODES["Post"]}") {{ __typename }} }}',
        "{ users(first: 2) { nodes { a: __typename b: __typename c: id id } } }",
    ],
)  # fmt: skip
async def test_type_names(ask: Asker, query: str) -> None:
    """`__typename` is known everywhere, also where nothing else is asked for."""
    answer = await both(ask, query)
    assert answer.errors == []
    assert "Typename" not in str(answer.data)


async def test_deep_nesting(ask: Asker) -> None:
    """A level is one statement however deep it stands, and what was read above is not read again."""
    same, other = "id", "id"
    for level in range(5):
        same = f"id posts(first: 2) {{ nodes {{ id author {{ {same} }} }} }}"
        other = f"id posts(first: {level + 1}) {{ nodes {{ id author {{ {other} }} }} }}"
    answer = await both(ask, f"{{ users(first: 2) {{ nodes {{ {same} }} }} }}")
    assert (answer.errors, answer.statements) == ([], 3)
    answer = await both(ask, f"{{ users(first: 2) {{ nodes {{ {other} }} }} }}")
    assert (answer.errors, answer.statements) == ([], 7)


async def test_introspection_beside_data(ask: Asker) -> None:
    """The schema and the data can be asked for in one operation."""
    answer = await both(
        ask, '{ __type(name: "Post") { name } users(first: 1) { totalCount } __schema { queryType { name } } }'
    )
    assert (answer.errors, answer.statements) == ([], 1)
    assert answer.data == {
        "__type": {"name": "Post"}, "users": {"totalCount": 40}, "__schema": {"queryType": {"name": "Query"}}
    }  # fmt: skip
