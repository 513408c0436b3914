"""Models that cannot be served: each is refused at start, in words that say what to change."""

import enum
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    Enum,
    ForeignKey,
    Integer,
    Interval,
    PickleType,
    Text,
    Time,
    func,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import (
    column_property,
    composite,
    mapped_column,
    relationship,
    synonym,
)

from schema.errors import DefinitionError
from schema.graph import Kind, read_graph
from schema.models.base import SECRET, expose
from tests.schema.bases import Build, model, new_base

# What is refused: a function that adds models to a base, and the whole message.
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
