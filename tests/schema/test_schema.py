"""The schema as a whole: the printed file, descriptions, names, and its size for many models."""

import subprocess
import sys
from typing import Any, ClassVar

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLNamedType,
    GraphQLObjectType,
    build_schema,
    is_specified_scalar_type,
    lexicographic_sort_schema,
    print_schema,
    validate_schema,
)
from sqlalchemy import LargeBinary, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

from benchmarks.schema_build import generated_models
from schema.build import SDL, build_graph_schema
from schema.errors import DefinitionError
from schema.graph import read_graph
from schema.models.base import Exposure, expose
from tests.schema.zoo import Zoo

GRAPHS = {"default": build_graph_schema(), "zoo": build_graph_schema(Zoo, own=()),
          "generated": build_graph_schema(generated_models(6), own=())}  # fmt: skip


def own_types(name: str) -> list[GraphQLNamedType]:
    """Return the types of a graph, without those of GraphQL itself."""
    types = GRAPHS[name].core.type_map.values()
    return [type_ for type_ in types if not type_.name.startswith("__") and not is_specified_scalar_type(type_)]


def test_the_printed_schema_is_up_to_date() -> None:
    """`schema/schema.graphql` is what the models say; a change to it is a change of the API."""
    assert SDL.read_text(encoding="utf-8") == GRAPHS["default"].print()


def test_the_check_passes_on_the_file_as_it_is() -> None:
    """`python -m schema.build --check` says nothing then; without an option the schema is printed."""
    for options, expected in (["--check"], b""), ([], SDL.read_bytes()):
        command = [sys.executable, "-m", "schema.build", *options]
        done = subprocess.run(command, cwd=SDL.parents[1], capture_output=True, timeout=60)  # noqa: S603 - our own
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, b"")


def test_building_twice_gives_the_same() -> None:
    """Nothing of a build is left behind that would change the next one, and two graphs live side by side."""
    assert build_graph_schema().print() == GRAPHS["default"].print()
    assert build_graph_schema(Zoo, own=()).print() == GRAPHS["zoo"].print()


@pytest.mark.parametrize("name", GRAPHS)
def test_graphql_accepts_it(name: str) -> None:
    """The schema is valid, and so is its text, which says the same when read again."""
    schema = GRAPHS[name]
    assert validate_schema(schema.core) == []
    again = print_schema(lexicographic_sort_schema(build_schema(schema.print())))
    assert again == print_schema(lexicographic_sort_schema(schema.core))


@pytest.mark.parametrize("name", GRAPHS)
def test_no_type_stands_twice(name: str) -> None:
    """Each name is declared once."""
    keywords = ("type ", "input ", "enum ", "interface ", "scalar ", "union ")
    declared = [line.split()[1] for line in GRAPHS[name].print().splitlines() if line.startswith(keywords)]
    assert len(declared) == len(set(declared))
    assert set(declared) == {type_.name for type_ in own_types(name)}


def undescribed(type_: GraphQLNamedType) -> list[str]:
    """Return what of a type has no description: itself, fields, arguments, values."""
    missing = [] if type_.description else [type_.name]
    if isinstance(type_, GraphQLEnumType):
        return missing + [f"{type_.name}.{key}" for key, value in type_.values.items() if not value.description]
    for key, field in getattr(type_, "fields", {}).items():
        if not field.description:
            missing.append(f"{type_.name}.{key}")
        missing += [f"{type_.name}.{key}({name})" for name, argument in getattr(field, "args", {}).items()
                    if not argument.description]  # fmt: skip
    return missing


def test_everything_is_described() -> None:
    """Every type, field, argument, input and value of the default graph says what it is."""
    missing = [item for type_ in own_types("default") for item in undescribed(type_)]
    assert missing == []


def test_nothing_that_is_generated_lacks_a_description() -> None:
    """Of models without comments, only what their own comments would say is missing."""
    columns = {
        f"{type_.name}.{shown}"
        for type_ in GRAPHS["zoo"].graph.types.values()
        for shown in [*(field.name for field in type_.fields), *(relation.name for relation in type_.relations)]
    }
    enums = {f"{enum.name}.{member.name}" for enum in GRAPHS["zoo"].graph.enums.values() for member in enum.members}
    missing = {item for type_ in own_types("zoo") for item in undescribed(type_)}
    assert missing - columns - enums - {"ReviewState"} == set()


def test_a_type_of_the_contract() -> None:
    """Names and nullability of a type of the default graph, whole."""
    post = GRAPHS["default"].core.type_map["Post"]
    assert isinstance(post, GraphQLObjectType)
    assert [interface.name for interface in post.interfaces] == ["Node"]
    assert {name: str(field.type) for name, field in post.fields.items()} == {
        "id": "ID!", "title": "String!", "slug": "String!", "description": "String", "body": "String!",
        "draft": "Boolean!", "publishedAt": "DateTime", "viewCount": "Int!", "isPublished": "Boolean!",
        "author": "User!", "category": "Category", "tags": "TagConnection!", "comments": "CommentConnection!",
        "readingMinutes": "Int!", "excerpt": "String!",
    }  # fmt: skip
    assert list(post.fields["tags"].args) == ["first", "after", "last", "before", "offset", "filter", "orderBy"]
    assert post.description == "An article: a draft until it is published."


def test_root_fields_of_the_contract() -> None:
    """One look-up by id, one list, and one look-up for each unique key of each type; `node`, `nodes`; own fields."""
    query = GRAPHS["default"].core.query_type
    assert query is not None
    fields = {name: f"({', '.join(f'{key}: {argument.type}' for key, argument in field.args.items())}): {field.type}"
              for name, field in query.fields.items() if "Connection" not in str(field.type)}  # fmt: skip
    assert fields == {
        "node": "(id: ID!): Node", "nodes": "(ids: [ID!]!): [Node]!",
        "category": "(id: ID!): Category", "categoryBySlug": "(slug: String!): Category",
        "comment": "(id: ID!): Comment", "post": "(id: ID!): Post", "postBySlug": "(slug: String!): Post",
        "tag": "(id: ID!): Tag", "tagBySlug": "(slug: String!): Tag",
        "user": "(id: ID!): User", "userByEmail": "(email: String!): User",
        "siteStatistics": "(): SiteStatistics!", "featuredPosts": "(count: Int!): [Post!]!",
    }  # fmt: skip
    lists = {name: str(field.type) for name, field in query.fields.items() if "Connection" in str(field.type)}
    assert lists == {
        "categories": "CategoryConnection!", "comments": "CommentConnection!", "posts": "PostConnection!",
        "tags": "TagConnection!", "users": "UserConnection!",
    }  # fmt: skip


def test_nothing_of_hidden_tables_and_secret_columns() -> None:
    """Neither names nor descriptions of what is not shown are in the schema."""
    text = GRAPHS["default"].print().lower()
    for word in ("apikey", "api_key", "secret", "hash", "authorid", "postid"):
        assert word not in text
    assert "password" not in GRAPHS["zoo"].print().lower()


def fresh_base() -> Any:
    """Return a declarative base without models."""

    class Fresh(DeclarativeBase):
        __graph__: ClassVar[Exposure | None] = None

    return Fresh


def test_models_that_show_little() -> None:
    """A type may have nothing but its id, or nothing to order, filter or group by."""
    base = fresh_base()
    columns = {"Bare": {}, "Raw": {"data": mapped_column(LargeBinary)}}
    models = [
        type(name, (base,), {"__tablename__": name, "__graph__": expose(*shown), **shown,
                             "id": mapped_column(Text, primary_key=True)})
        for name, shown in columns.items()
    ]  # fmt: skip
    schema = build_graph_schema(base, own=())
    assert validate_schema(schema.core) == []
    for model in models:
        type_ = schema.core.type_map[model.__name__]
        assert isinstance(type_, GraphQLObjectType)
        assert list(type_.fields) == ["id", *columns[model.__name__]]


def test_a_base_without_models_is_refused() -> None:
    """A graph of nothing stops the start; the message says what to write."""
    message = r"^There is nothing to show: no model of Fresh says __graph__ = expose\(\.\.\.\)\.$"
    with pytest.raises(DefinitionError, match=message):
        build_graph_schema(fresh_base(), own=())


def test_inputs_that_take_one_of_their_fields() -> None:
    """Orders, keys and to-one links are one-of inputs; filters and what is written are not."""
    inputs = [line for line in GRAPHS["default"].print().splitlines() if line.startswith("input ")]
    one_of = {line.split()[1] for line in inputs if "@oneOf" in line}
    assert one_of == {
        line.split()[1] for line in inputs if line.split()[1].endswith(("Order", "Key", "Link", "LinkChange"))
    }
    assert {"PostOrder", "PostKey", "UserLink", "CategoryOptionalLink"} <= one_of


def test_fifty_models() -> None:
    """A graph of fifty models, tied to each other in every way, builds, is valid and has as many types for each."""
    base = generated_models(50)
    assert len(read_graph(base).types) == 50
    schema = build_graph_schema(base, own=())
    assert validate_schema(schema.core) == []
    small = sum(type_.name.startswith("Model") for type_ in own_types("generated")) / 6
    large = sum(name.startswith("Model") for name in schema.core.type_map) / 50
    assert large == small


def test_the_benchmark_runs() -> None:
    """`benchmarks/schema_build.py` prints what it is for."""
    command = [sys.executable, "benchmarks/schema_build.py", "3"]
    done = subprocess.run(command, cwd=SDL.parents[1], capture_output=True, timeout=60, check=True)  # noqa: S603 - our own
    first, second = done.stdout.decode().splitlines()
    assert first.startswith("3 models: ")
    assert second.startswith("CPU: mappers read in ")
