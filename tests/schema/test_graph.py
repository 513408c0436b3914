"""The description of the models: whole, for some; and every model that cannot be served, with the words it gets."""

import ast
import enum
import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from sqlalchemy import (
    ARRAY,
    DateTime,
    Enum,
    ForeignKey,
    Index,
    Integer,
    Interval,
    MetaData,
    PickleType,
    String,
    Text,
    Time,
    UniqueConstraint,
    and_,
    func,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    column_property,
    composite,
    mapped_column,
    relationship,
    synonym,
)

from schema.errors import DefinitionError
from schema.graph import Graph, Kind, ObjectType, read_graph
from schema.models import Base
from schema.models.base import NAMING_CONVENTION, SECRET, Exposure, expose
from tests.schema.zoo import Mood, Zoo

ROOT: Final = Path(__file__).parents[2]


def new_base() -> type[DeclarativeBase]:
    """Return a declarative base without models."""

    class Fresh(DeclarativeBase):
        metadata = MetaData(naming_convention=NAMING_CONVENTION)
        type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True), str: Text}
        __graph__: ClassVar[Exposure | None] = None

    return Fresh


def model(base: type[DeclarativeBase], name: str, exposure: Any, /, **members: Any) -> Any:
    """Return a model as its class statement would make it, with an `id` unless that is given."""
    bases = members.pop("bases", (base,))
    body = {
        "__tablename__": name.lower(),
        "__graph__": exposure,
        "id": mapped_column(Integer, primary_key=True),
        **members,
    }
    made = type(name, bases, {key: value for key, value in body.items() if value is not None})
    base.kept = [*getattr(base, "kept", ()), made]  # type: ignore[attr-defined]  # a registry holds its models weakly
    return made


def summary(type_: ObjectType) -> dict[str, Any]:
    """Return a type without what SQLAlchemy objects it holds."""
    return {
        "name": type_.name,
        "roots": [type_.singular, type_.plural, *(key.name for key in type_.unique_keys)],
        "key": [(field.name, field.scalar.kind) for field in type_.primary_key],
        "fields": [
            (field.name, field.attribute, field.scalar.kind, field.scalar.is_list, field.is_nullable, field.references)
            for field in type_.fields
        ],
        "relations": [
            (
                relation.name, relation.target, relation.is_list, relation.is_reference, relation.is_nullable,
                relation.keys, relation.through is not None and relation.through.name, relation.is_through_unique,
            )
            for relation in type_.relations
        ],
        "order": type_.order,
    }  # fmt: skip


@pytest.fixture(scope="module")
def zoo() -> Graph:
    """The description of the odd models."""
    return read_graph(Zoo)


def test_odd_names_and_a_loose_association(zoo: Graph) -> None:
    """Underscores at the ends go; an association table without a key may hold a pair twice."""
    assert summary(zoo.types["Order"]) == {
        "name": "Order",
        "roots": ["order", "orders"],
        "key": [("id", Kind.UUID)],
        "fields": [
            ("class", "class_", Kind.TEXT, False, False, None),
            ("typename", "typename__", Kind.TEXT, False, True, None),
            ("select", "select", Kind.TEXT, False, True, None),
            ("count", "count", Kind.INTEGER, False, True, None),
        ],
        "relations": [
            ("labels", "Label", True, False, True, ("id",), "order_labels", False),
            ("lines", "Line", True, False, True, ("id",), False, True),
        ],
        "order": ("class", "typename", "select", "count", "labels", "lines"),
    }


def test_composite_keys(zoo: Graph) -> None:
    """A key of two columns, one of them a foreign key that is shown as an id, and a unique key over a part of it."""
    assert summary(zoo.types["Line"]) == {
        "name": "Line",
        "roots": ["line", "lines", "lineByOrderIdAndArticle"],
        "key": [("orderId", Kind.UUID), ("number", Kind.INTEGER)],
        "fields": [
            ("orderId", "order_id", Kind.UUID, False, False, "Order"),
            ("number", "number", Kind.INTEGER, False, False, None),
            ("article", "article", Kind.TEXT, False, False, None),
        ],
        "relations": [
            ("order", "Order", False, True, False, ("order_id",), False, True),
            ("notes", "Note", True, False, True, ("order_id", "number"), False, True),
        ],
        "order": ("orderId", "number", "article", "order", "notes"),
    }
    assert summary(zoo.types["Note"])["relations"] == [
        ("line", "Line", False, True, True, ("order_id", "number"), False, True)
    ]


def test_self_references_and_one_to_one(zoo: Graph) -> None:
    """Both ends of a self reference, of an association with itself, and the end of one-to-one that may be missing."""
    assert summary(zoo.types["Person"])["relations"] == [
        ("boss", "Person", False, True, True, ("boss_id",), False, True),
        ("reports", "Person", True, False, True, ("id",), False, True),
        ("friends", "Person", True, False, True, ("id",), "friends", True),
        ("friendOf", "Person", True, False, True, ("id",), "friends", True),
        ("passport", "Passport", False, False, True, ("id",), False, True),
        ("memberships", "Membership", True, False, True, ("id",), False, True),
    ]
    assert summary(zoo.types["Passport"])["relations"] == [
        ("person", "Person", False, True, False, ("person_id",), False, True)
    ]


def test_every_kind_of_column(zoo: Graph) -> None:
    """Kinds, lists and nulls of all column types of the contract."""
    found = {
        field.name: (field.scalar.kind, field.scalar.is_list, field.is_nullable)
        for field in zoo.types["Specimen"].fields
    }
    required = {
        "text": Kind.TEXT, "varchar": Kind.TEXT, "small": Kind.INTEGER, "integer": Kind.INTEGER, "big": Kind.BIGINT,
        "numeric": Kind.NUMERIC, "double": Kind.FLOAT, "flag": Kind.BOOLEAN, "day": Kind.DATE, "clock": Kind.TIME,
        "moment": Kind.TIMESTAMP, "local": Kind.LOCAL_TIMESTAMP, "span": Kind.INTERVAL, "uuid": Kind.UUID,
        "mood": Kind.ENUM, "state": Kind.ENUM, "document": Kind.JSON, "raw": Kind.BYTES, "code": Kind.TEXT,
    }  # fmt: skip
    optional = {
        "maybeText": Kind.TEXT, "maybeBig": Kind.BIGINT, "maybeMoment": Kind.TIMESTAMP, "maybeSpan": Kind.INTERVAL,
        "maybeDocument": Kind.JSON, "maybeMood": Kind.ENUM, "maybeRaw": Kind.BYTES,
    }  # fmt: skip
    lists = {"words": Kind.TEXT, "numbers": Kind.BIGINT, "moods": Kind.ENUM, "moments": Kind.TIMESTAMP}
    assert found == {
        **{name: (kind, False, False) for name, kind in required.items()},
        **{name: (kind, False, True) for name, kind in optional.items()},
        **{name: (kind, True, False) for name, kind in lists.items()},
        "maybeWords": (Kind.TEXT, True, True),
    }
    assert [key.name for key in zoo.types["Specimen"].unique_keys] == ["specimenByUuid"]
    assert "password" in zoo.types["Specimen"].readable


def test_enums(zoo: Graph) -> None:
    """An enum of Python has its members' names and its docstring; one of labels gets names in capitals."""
    mood, state = zoo.enums["Mood"], zoo.enums["ReviewState"]
    assert [(member.name, member.label, member.value) for member in mood.members] == [
        ("CALM", "calm", Mood.CALM),
        ("VERY_ANGRY", "very angry", Mood.VERY_ANGRY),
    ]
    assert (mood.description, state.description) == ("How an animal feels.", None)
    assert [(member.name, member.label, member.value) for member in state.members] == [
        ("IN_REVIEW", "in review", "in review"),
        ("_2ND_DRAFT", "2nd draft", "2nd draft"),
        ("_TRUE", "true", "true"),
    ]
    assert list(zoo.enums) == ["Mood", "ReviewState"]


def test_look_ups(zoo: Graph) -> None:
    """Types stand in the order of their names, and are found by name and by model; relations by both their names."""
    assert list(zoo.types) == sorted(zoo.types)
    assert all(zoo.by_model[type_.model] is type_ for type_ in zoo.types.values())
    assert zoo.relation(("Line", "order")).target == "Order"


def test_the_description_is_frozen(zoo: Graph) -> None:
    """Nothing of it can be changed after the start."""
    for thing in (
        zoo,
        zoo.types["Line"],
        zoo.types["Line"].fields[0],
        zoo.types["Line"].relations[0],
        zoo.enums["Mood"],
    ):
        assert is_dataclass(thing)
        with pytest.raises(FrozenInstanceError):
            setattr(thing, fields(thing)[0].name, None)
    with pytest.raises(TypeError):
        zoo.types["Line"] = zoo.types["Order"]  # type: ignore[index]


def test_tables_without_a_word_on_exposure_are_hidden() -> None:
    """The keys of the API are a model, but no type."""
    assert sorted(read_graph(Base).types) == ["Category", "Comment", "Post", "Tag", "User"]


def test_computed_values() -> None:
    """Expressions are fields without a column; they may be null unless their annotation says not."""
    post = read_graph(Base).types["Post"]
    published = next(field for field in post.fields if field.attribute == "is_published")
    assert (published.column, published.is_nullable, published.scalar.kind) == (None, False, Kind.BOOLEAN)
    assert published.description == "True where the post is no draft and has a publication time."


def test_nobody_else_inspects_a_mapper() -> None:
    """`sqlalchemy.inspect` of a class and `__mapper__` are used in schema/graph/ alone."""
    found = []
    for path in sorted((ROOT / "schema").rglob("*.py")):
        words = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        if words & {"__mapper__", "mappers", "relationships", "all_orm_descriptors", "column_attrs", "primaryjoin"}:
            found.append(path.relative_to(ROOT).as_posix())
    assert {path.rsplit("/", 1)[0] for path in found} == {"schema/graph"}


# What is refused: a function that adds models to a base, and the whole message.
Build = Callable[[type[DeclarativeBase]], Any]
Refusal = tuple[Build, str]
REFUSALS: dict[str, Refusal] = {}


def refused(message: str) -> Callable[[Build], Build]:
    """Note models that must be refused with a message."""

    def note(build: Build) -> Build:
        REFUSALS[build.__name__] = (build, message)
        return build

    return note


class Shade(enum.Enum):
    """A colour's."""

    LIGHT = "light"


class OtherShade(enum.Enum):
    """Another, of the same name."""

    DARK = "dark"


OtherShade.__name__ = "Shade"


@refused("Thing.nmae is named in expose() but is not mapped; mapped are: id, name.")
def an_unknown_attribute(base: Any) -> None:
    model(base, "Thing", expose("nmae"), name=mapped_column(Text))


@refused("Model Thing: write __graph__ = expose(...), not ('name',).")
def something_else_than_expose(base: Any) -> None:
    model(base, "Thing", ("name",), name=mapped_column(Text))


@refused("Thing.password is marked secret and can never be shown; remove it from expose().")
def a_secret_column(base: Any) -> None:
    model(base, "Thing", expose("password"), password=mapped_column(Text, info=SECRET))


@refused("Thing.shouted is marked secret and can never be shown; remove it from expose().")
def an_expression_over_a_secret_column(base: Any) -> None:
    password = mapped_column("password", Text, info=SECRET)
    model(base, "Thing", expose("shouted"), password=password, shouted=column_property(func.upper(password)))


@refused("Thing.hint is marked secret and can never be shown; remove it from expose().")
def a_hybrid_over_a_secret_column(base: Any) -> None:
    def hint(self: Any) -> str:
        return self.password

    model(base, "Thing", expose("hint"), password=mapped_column(Text, info=SECRET), hint=hybrid_property(hint))


@refused("Thing.code is marked secret and can never be shown; remove it from expose().")
def a_secret_primary_key(base: Any) -> None:
    model(base, "Thing", expose(), code=mapped_column(Text, primary_key=True, info=SECRET), id=None)


@refused("Thing.alias is a Synonym, which cannot be shown; remove it from expose().")
def a_synonym(base: Any) -> None:
    model(base, "Thing", expose("alias"), name=mapped_column(Text), alias=synonym("name"))


@refused("Thing.both is a Composite, which cannot be shown; remove it from expose().")
def a_composite(base: Any) -> None:
    left, right = mapped_column("left", Integer), mapped_column("right", Integer)
    model(base, "Thing", expose("both"), left=left, right=right, both=composite(tuple, left, right))


@refused("Thing.is_longer is a hybrid_method, which cannot be shown; remove it from expose().")
def a_hybrid_method(base: Any) -> None:
    def is_longer(self: Any, than: int) -> bool:
        return bool(func.length(self.name) > than)

    model(base, "Thing", expose("is_longer"), name=mapped_column(Text), is_longer=hybrid_method(is_longer))


@refused("Thing.names is a AssociationProxy, which cannot be shown; remove it from expose().")
def an_association_proxy(base: Any) -> None:
    names: AssociationProxy[Any] = association_proxy("others", "name")
    model(base, "Thing", expose("names"), parent_id=mapped_column(ForeignKey("thing.id")), names=names,
          others=relationship("Thing"))  # fmt: skip


@refused(
    "Thing.words has no form in SQL; give it one by @words.inplace.expression, or make it a field of your own under "
    "schema/fields/."
)
def a_hybrid_without_sql(base: Any) -> None:
    def words(self: Any) -> int:
        return len(self.name.split())

    model(base, "Thing", expose("words"), name=mapped_column(Text), words=hybrid_property(words))


@refused(
    "Thing.answer has no form in SQL; give it one by @answer.inplace.expression, or make it a field of your own "
    "under schema/fields/."
)
def a_hybrid_that_is_a_python_value(base: Any) -> None:
    model(base, "Thing", expose("answer"), answer=hybrid_property(lambda self: 42))


SCALARS = ", ".join(sorted(kind.value for kind in Kind))


@pytest.mark.parametrize(
    "type_",
    [Time(timezone=True), postgresql.INET(), postgresql.INT4RANGE(), postgresql.HSTORE(), PickleType(),
     ARRAY(postgresql.MONEY()), postgresql.TSVECTOR(), postgresql.TIME(timezone=True)],
    ids=lambda type_: type(type_).__name__,
)  # fmt: skip
def test_unsupported_types(type_: Any) -> None:
    """A column of a type that the graph has no scalar for is refused with the types that it has."""
    base = new_base()
    model(base, "Thing", expose("what"), what=mapped_column(type_))
    shown = getattr(type_, "item_type", type_)
    message = (
        f"Thing.what has the type {shown!r}, for which the graph has no scalar. Take it out of expose(), or use a type "
        f"of one of these: {SCALARS}."
    )
    with pytest.raises(DefinitionError, match=f"^{re.escape(message)}$"):
        read_graph(base)


@refused("Thing.grid is an array of 2 dimensions; one can be shown.")
def an_array_of_two_dimensions(base: Any) -> None:
    model(base, "Thing", expose("grid"), grid=mapped_column(ARRAY(Integer, dimensions=2)))


@refused("Thing.key cannot be a primary key in the graph: ids are made of single, exact values.")
def a_list_as_primary_key(base: Any) -> None:
    model(base, "Thing", expose(), key=mapped_column(ARRAY(Integer), primary_key=True), id=None)


@refused("Thing.key cannot be a primary key in the graph: ids are made of single, exact values.")
def an_interval_as_primary_key(base: Any) -> None:
    model(base, "Thing", expose(), key=mapped_column(Interval, primary_key=True), id=None)


@refused("Thing.key cannot be a primary key in the graph: ids are made of single, exact values.")
def json_as_primary_key(base: Any) -> None:
    model(base, "Thing", expose(), key=mapped_column(JSONB, primary_key=True), id=None)


@refused("Two types are called 'Thing'; give one another name in expose().")
def two_types_of_one_name(base: Any) -> None:
    model(base, "Thing", expose())
    model(base, "Other", expose(name="Thing"))


@refused("Two types are called 'ThingEdge'; give one another name in expose().")
def a_type_called_as_one_that_is_made(base: Any) -> None:
    model(base, "Thing", expose())
    model(base, "ThingEdge", expose())


@refused("Two root fields are called 'data'; give one another name in expose().")
def two_lists_of_one_name(base: Any) -> None:
    model(base, "Datum", expose())
    model(base, "Fact", expose(plural="data"))


@refused("Two root fields are called 'thing'; give one another name in expose().")
def two_types_that_differ_in_case(base: Any) -> None:
    model(base, "Thing", expose())
    model(base, "Lower", expose(name="thing", plural="lowers"))


@refused("Two root fields are called 'nodes'; give one another name in expose().")
def a_type_whose_list_is_called_nodes(base: Any) -> None:
    model(base, "Point", expose(plural="nodes"))


@refused("Two root fields are called 'thingByCode'; give one another name in expose().")
def a_type_called_as_a_look_up(base: Any) -> None:
    model(base, "Thing", expose("code"), code=mapped_column(Text, unique=True))
    model(base, "ThingByCode", expose())


@refused("Two fields of Thing are called 'fullName'; give one another name in expose().")
def two_fields_of_one_name(base: Any) -> None:
    model(base, "Thing", expose("full_name", "fullName"), full_name=mapped_column(Text), fullName=mapped_column(Text))


@refused("Two fields of Thing are called 'name'; give one another name in expose().")
def an_attribute_named_twice(base: Any) -> None:
    model(base, "Thing", expose("name", "name"), name=mapped_column(Text))


@refused(
    "Model Thing: `id` is the global id, made of the primary key and always shown; take 'id' out of expose(), or give "
    "it another name."
)
def a_field_called_id(base: Any) -> None:
    model(base, "Thing", expose("id"))


@refused("Model Thing: expose() says something of 'nmae', which it does not show.")
def a_name_for_what_is_not_shown(base: Any) -> None:
    model(base, "Thing", expose("name", names={"nmae": "title"}), name=mapped_column(Text))


@refused("Two types are called 'Shade'; give one another name in expose().")
def an_enum_called_as_a_type(base: Any) -> None:
    model(base, "Shade", expose("shade"), shade=mapped_column(Enum(Shade)))


@refused("Thing.dark: another enum is called 'Shade' and has other values.")
def two_enums_of_one_name(base: Any) -> None:
    model(base, "Thing", expose("shade", "dark"), shade=mapped_column(Enum(Shade)),
          dark=mapped_column(ARRAY(Enum(OtherShade, name="other"))))  # fmt: skip


@refused("PageInfo is a name of the graph itself; call the enum otherwise.")
def an_enum_with_a_name_of_the_graph(base: Any) -> None:
    model(base, "Thing", expose("what"), what=mapped_column(Enum("a", name="page_info")))


@refused("Thing.what: its enum has no name; write Enum(..., name='post_state').")
def an_enum_without_a_name(base: Any) -> None:
    model(base, "Thing", expose("what"), what=mapped_column(Enum("a", native_enum=False)))


@refused("Thing.what: two values of its enum would have the same name in GraphQL.")
def an_enum_with_values_that_look_alike(base: Any) -> None:
    model(base, "Thing", expose("what"), what=mapped_column(Enum("in review", "in-review", name="state")))


@refused("Thing.what: its enum has a value 'null', a word of GraphQL; name it otherwise.")
def an_enum_with_a_value_of_graphql(base: Any) -> None:
    model(base, "Thing", expose("what"), what=mapped_column(Enum(enum.Enum("Word", ["yes", "null"]))))


ODD = (
    " would be called {!r} in GraphQL, which takes letters, digits and underscores, does not begin with a digit and "
    "keeps names with two leading underscores. Give another name in expose()."
)


@refused("The enum of Thing.what" + ODD.format("Gefühl"))
def an_enum_of_other_letters(base: Any) -> None:
    model(base, "Thing", expose("what"), what=mapped_column(Enum(enum.Enum("Gefühl", ["GUT"]), name="gefuehl")))


@refused("A value of Thing.what" + ODD.format("größer"))
def an_enum_value_of_other_letters(base: Any) -> None:
    model(base, "Thing", expose("what"), what=mapped_column(Enum(enum.Enum("Size", ["größer"]))))


@refused("Thing.größe" + ODD.format("größe"))
def a_field_of_other_letters(base: Any) -> None:
    model(base, "Thing", expose("größe"), **{"größe": mapped_column(Integer)})


@refused("Thing.name" + ODD.format("__name"))
def a_field_with_two_underscores(base: Any) -> None:
    model(base, "Thing", expose("name", names={"name": "__name"}), name=mapped_column(Text))


@refused("Thing.__" + ODD.format("__"))
def a_field_of_nothing_but_underscores(base: Any) -> None:
    model(base, "Thing", expose("__"), **{"__": mapped_column(Text)})


@refused("Thing.name" + ODD.format("name\n"))
def a_field_with_a_line_break(base: Any) -> None:
    model(base, "Thing", expose("name", names={"name": "name\n"}), name=mapped_column(Text))


@refused("Model Thing" + ODD.format("2nd Thing"))
def a_type_with_a_space(base: Any) -> None:
    model(base, "Thing", expose(name="2nd Thing"))


@refused("The list of Thing" + ODD.format("all things"))
def a_list_with_a_space(base: Any) -> None:
    model(base, "Thing", expose(plural="all things"))


@pytest.mark.parametrize(
    "name", ["Query", "Mutation", "Node", "PageInfo", "ID", "String", "DateTime", "Json", "Optional", "list"]
)
def test_reserved_names(name: str) -> None:
    """Names of the graph itself, of GraphQL and of the generated annotations are refused."""
    base = new_base()
    model(base, "Thing", expose(name=name))
    with pytest.raises(
        DefinitionError, match=f"^Model Thing: {name} is a name of the graph itself; use expose\\(name=...\\).$"
    ):
        read_graph(base)


@refused(
    "Thing.other leads to Other, which is not shown; give that model a __graph__, or take 'other' out of expose()."
)
def a_relation_to_a_hidden_model(base: Any) -> None:
    model(base, "Other", None)
    model(base, "Thing", expose("other"), other_id=mapped_column(ForeignKey("other.id")), other=relationship("Other"))


@refused("Thing.others goes through a join; only an association table can be shown.")
def a_relation_through_a_join(base: Any) -> None:
    middle = model(base, "Middle", None, thing_id=mapped_column(ForeignKey("thing.id")))
    last = model(
        base,
        "Last",
        None,
        middle_id=mapped_column(ForeignKey("middle.id")),
        other_id=mapped_column(ForeignKey("other.id")),
    )
    other = model(base, "Other", expose())
    joined = middle.__table__.join(last.__table__)
    thing = model(base, "Thing", expose("others"))
    thing.others = relationship(
        other, secondary=joined, viewonly=True,
        primaryjoin=lambda: thing.id == joined.c.middle_thing_id,
        secondaryjoin=lambda: other.id == joined.c.last_other_id,
    )  # fmt: skip


@refused("Model Child: a model over several tables, or none, cannot be shown; map one table.")
def joined_inheritance(base: Any) -> None:
    parent = model(base, "Parent", expose(), kind=mapped_column(Text), __mapper_args__={"polymorphic_on": "kind"})
    model(base, "Child", expose(), bases=(parent,), id=mapped_column(ForeignKey("parent.id"), primary_key=True),
          __mapper_args__={"polymorphic_identity": "child"})  # fmt: skip


@refused("Model Child shares the table of Parent and cannot be shown beside it; show Parent.")
def single_table_inheritance(base: Any) -> None:
    parent = model(base, "Parent", expose(), kind=mapped_column(Text), __mapper_args__={"polymorphic_on": "kind"})
    body = {"__graph__": expose(), "__mapper_args__": {"polymorphic_identity": "child"}}
    base.kept.append(type("Child", (parent,), body))


@refused("Model View: a model over several tables, or none, cannot be shown; map one table.")
def a_model_over_a_subquery(base: Any) -> None:
    thing = model(base, "Thing", expose())
    query = select(thing.__table__).subquery()
    body = {"__table__": query, "__graph__": expose(), "__mapper_args__": {"primary_key": [query.c.id]}}
    base.kept.append(type("View", (base,), body))


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(case: str) -> None:
    """What cannot be served is refused at start; the message names the model and the attribute."""
    build, message = REFUSALS[case]
    base = new_base()
    build(base)
    with pytest.raises(DefinitionError, match=f"^{re.escape(message)}$"):
        read_graph(base)


def read(build: Build) -> Graph:
    """Return the description of models that are added to a new base."""
    base = new_base()
    build(base)
    return read_graph(base)


def test_two_constraints_over_the_same_columns_are_one_look_up() -> None:
    """A unique constraint and a unique index over the same column make one root field."""

    def build(base: Any) -> None:
        args = (UniqueConstraint("code"), Index(None, "code", unique=True))
        model(base, "Thing", expose("code"), __table_args__=args, code=mapped_column(Text))

    assert [key.name for key in read(build).types["Thing"].unique_keys] == ["thingByCode"]


def test_look_ups_need_whole_exact_and_shown_keys() -> None:
    """Partial and functional indexes, hidden columns, lists and intervals make no root field."""

    def build(base: Any) -> None:
        code, hidden = mapped_column("code", Text), mapped_column("hidden", Text, unique=True)
        tags, span = mapped_column("tags", ARRAY(Text), unique=True), mapped_column("span", Interval, unique=True)
        args = (
            Index("partial", "code", unique=True, postgresql_where=code.column > "m"),
            Index("lowered", func.lower(code.column), unique=True),
        )
        model(
            base,
            "Thing",
            expose("code", "tags", "span"),
            __table_args__=args,
            code=code,
            hidden=hidden,
            tags=tags,
            span=span,
        )

    assert read(build).types["Thing"].unique_keys == ()


def test_a_reference_that_may_lead_nowhere_is_nullable() -> None:
    """Only a whole foreign key without nulls, and no other condition, leads somewhere always."""

    def build(base: Any) -> None:
        other = model(base, "Other", expose(), is_hidden=mapped_column(Integer))
        thing = model(base, "Thing", expose("sure", "loose", "filtered"), sure_id=mapped_column(ForeignKey("other.id")),
                      loose_id=mapped_column(Integer))  # fmt: skip
        thing.sure_id.property.columns[0].nullable = thing.loose_id.property.columns[0].nullable = False
        thing.sure = relationship(other, foreign_keys=[thing.sure_id])
        thing.loose = relationship(other, primaryjoin=lambda: thing.loose_id == other.id, foreign_keys=[thing.loose_id])
        thing.filtered = relationship(
            other, viewonly=True, foreign_keys=[thing.sure_id],
            primaryjoin=lambda: and_(thing.sure_id == other.id, other.is_hidden == 0),
        )  # fmt: skip

    relations = read(build).types["Thing"].relations
    assert {relation.name: relation.is_nullable for relation in relations} == {
        "sure": False,
        "loose": True,
        "filtered": True,
    }


def test_a_foreign_key_to_a_hidden_model_is_shown_as_it_is() -> None:
    """Where there is no type to give an id of, the column is a plain value."""

    def build(base: Any) -> None:
        model(base, "Hidden", None)
        model(base, "Shown", expose())
        model(base, "Thing", expose("hidden_id", "shown_id"), hidden_id=mapped_column(ForeignKey("hidden.id")),
              shown_id=mapped_column(ForeignKey("shown.id")))  # fmt: skip

    found = {field.name: field.references for field in read(build).types["Thing"].fields}
    assert found == {"hiddenId": None, "shownId": "Shown"}


def test_expressions_may_look_at_tables_that_have_secrets() -> None:
    """A count over another table does not show its secret columns."""

    def build(base: Any) -> None:
        other = model(base, "Other", None, thing_id=mapped_column(Integer), password=mapped_column(Text, info=SECRET))
        thing = model(base, "Thing", expose("others"))
        thing.others = column_property(
            select(func.count(other.id)).where(other.thing_id == thing.id).correlate_except(other).scalar_subquery()
        )

    (field,) = read(build).types["Thing"].fields
    assert (field.name, field.scalar.kind, field.is_nullable) == ("others", Kind.INTEGER, True)


def test_names_of_the_models_own() -> None:
    """A type, its list and its fields may be called otherwise than their Python names."""

    def build(base: Any) -> None:
        model(base, "Thing", expose("class_name", name="Gadget", plural="allGadgets", names={"class_name": "kind"}),
              class_name=mapped_column(Text))  # fmt: skip

    gadget = read(build).types["Gadget"]
    assert (gadget.singular, gadget.plural, gadget.order) == ("gadget", "allGadgets", ("kind",))


@pytest.mark.parametrize(
    ("name", "roots"),
    [
        ("Category", ("category", "categories")),
        ("BlogPost", ("blogPost", "blogPosts")),
        ("Person", ("person", "people")),
        ("Series", ("series", "seriesList")),
        ("Bus", ("bus", "buses")),
        ("X", ("x", "xes")),
        ("_Odd", ("_Odd", "_Odds")),
    ],
)
def test_root_fields_in_singular_and_plural(name: str, roots: tuple[str, str]) -> None:
    """English plurals; where there is none, `List`."""
    type_ = read(lambda base: model(base, name, expose())).types[name]
    assert (type_.singular, type_.plural) == roots


@pytest.mark.parametrize("attribute", ["_", "a_", "_a", "a__", "a_b_c", "a__b", "HTTPStatus", "x1"])
def test_odd_attributes_have_names_that_graphql_takes(attribute: str) -> None:
    """Any attribute of ASCII letters gets a name."""
    shown = {
        "_": "_",
        "a_": "a",
        "_a": "a",
        "a__": "a",
        "a_b_c": "aBC",
        "a__b": "a_b",
        "HTTPStatus": "hTTPStatus",
        "x1": "x1",
    }
    type_ = read(lambda base: model(base, "Thing", expose(attribute), **{attribute: mapped_column(Text)})).types[
        "Thing"
    ]
    assert type_.order == (shown[attribute],)


def test_types_that_stand_for_others() -> None:
    """Decorated, dialect's own and generic types are of one kind each."""

    def build(base: Any) -> None:
        columns = {
            "citext": postgresql.CITEXT(), "char": String(2), "real": postgresql.REAL(), "float_": postgresql.FLOAT(53),
            "exact": postgresql.NUMERIC(asdecimal=False), "bytea": postgresql.BYTEA(), "json": postgresql.JSON(),
            "span": postgresql.INTERVAL(), "uuid": postgresql.UUID(as_uuid=False),
            "items": postgresql.ARRAY(postgresql.INTERVAL()), "stamp": postgresql.TIMESTAMP(timezone=True),
            "small": postgresql.SMALLINT(), "text": postgresql.VARCHAR(),
        }  # fmt: skip
        model(base, "Thing", expose(*columns), **{name: mapped_column(type_) for name, type_ in columns.items()})

    found = {field.name: (field.scalar.kind.name, field.scalar.is_list) for field in read(build).types["Thing"].fields}
    assert found == {
        "citext": ("TEXT", False), "char": ("TEXT", False), "real": ("FLOAT", False), "float": ("FLOAT", False),
        "exact": ("FLOAT", False), "bytea": ("BYTES", False), "json": ("JSON", False), "span": ("INTERVAL", False),
        "uuid": ("UUID", False), "items": ("INTERVAL", True), "stamp": ("TIMESTAMP", False),
        "small": ("INTEGER", False), "text": ("TEXT", False),
    }  # fmt: skip
