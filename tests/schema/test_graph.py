"""The description of the models: whole, for some of them."""

import ast
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import (
    ARRAY,
    ForeignKey,
    Index,
    Integer,
    Interval,
    String,
    Text,
    UniqueConstraint,
    and_,
    func,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import (
    column_property,
    mapped_column,
    relationship,
)

from schema.graph import Graph, Kind, ObjectType, read_graph
from schema.models import Base
from schema.models.base import SECRET, expose
from tests.schema.bases import model, read
from tests.schema.zoo import Mood, Zoo

ROOT: Final = Path(__file__).parents[2]


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
