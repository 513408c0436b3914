"""On what terms answers may be kept: what models and fields say, the smallest wins; and for whom they are."""

from typing import Any

import pytest
import strawberry
from graphql import get_variable_values, parse, validate
from graphql.execution.values import VariableValues
from sqlalchemy import ForeignKey, Integer, Text, func
from sqlalchemy.orm import column_property, mapped_column, relationship

from schema.build import GraphSchema, build_graph_schema
from schema.documents import to_document
from schema.errors import DefinitionError
from schema.fields import cached, extends, extends_query, reads
from schema.graph import read_graph
from schema.keeping import Asked, Terms
from schema.models.access import access, owner, scope
from schema.models.base import expose
from schema.models.caching import cache
from schema.principal import Principal
from tests.schema.bases import model, new_base

NOBODY = Principal(frozenset({"read"}))
OWNER = Principal(frozenset({"read"}), key_id=1, user_id=7)
CLERK = Principal(frozenset({"read", "all"}), key_id=2)


@pytest.fixture(scope="module")
def shop() -> GraphSchema:
    """Shops with goods, bills that are somebody's, and fields in Python."""
    base = new_base()
    shop = model(
        base,
        "Shop",
        expose("name", "visits", "goods", "is_open"),
        __cache__=cache(max_age=600, columns={"visits": 5}),
        name=mapped_column(Text),
        visits=mapped_column(Integer),
        is_open=column_property(func.now() > func.now()),
        goods=relationship("Good", back_populates="shop", lazy="raise"),
    )
    model(
        base,
        "Good",
        expose("name", "shop"),
        __cache__=cache(max_age=60),
        name=mapped_column(Text),
        shop_id=mapped_column(ForeignKey("shop.id")),
        shop=relationship("Shop", back_populates="goods", lazy="raise"),
    )
    model(
        base,
        "Bill",
        expose("name"),
        __cache__=cache(max_age=60),
        __access__=access(read=owner("owner_id") | scope("all")),
        name=mapped_column(Text),
        owner_id=mapped_column(Integer),
    )
    model(base, "Plain", expose("name"), name=mapped_column(Text))

    @extends(shop)
    class ShopFields:
        @strawberry.field(metadata=reads("name"))
        def unsaid(self) -> str:
            return self.name  # type: ignore[attr-defined, no-any-return]

        @strawberry.field(metadata=reads("name") | cached())
        def said(self) -> str:
            return self.name  # type: ignore[attr-defined, no-any-return]

        @strawberry.field(metadata=reads("name") | cached(max_age=30))
        def brief(self) -> str:
            return self.name  # type: ignore[attr-defined, no-any-return]

    return build_graph_schema(base, own=(ShopFields,))


def terms(
    shop: GraphSchema,
    query: str,
    principal: Principal = NOBODY,
    anonymous: Principal | None = NOBODY,
    **variables: Any,
) -> Terms | None:
    node = parse(query)
    assert not validate(shop.core, node)
    document = to_document(node)
    operation = document.operation(None)
    coerced = get_variable_values(shop.core, operation.variable_definitions or (), variables)
    assert isinstance(coerced, VariableValues)
    assert shop.engine is not None
    compiled = shop.engine.compile(
        document, operation, coerced, shop.sights.of(principal), shop.sights.identity(principal)
    )
    assert compiled is not None
    assert shop.executor.terms is not None
    return shop.executor.terms.read(Asked(document, operation, variables, coerced), compiled, anonymous)


def age(shop: GraphSchema, query: str, **variables: Any) -> int | None:
    found = terms(shop, query, **variables)
    return None if found is None else found.max_age


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("{ shops { nodes { name } } }", 600),
        ("{ goods { nodes { name } } }", 60),
        ("{ goods { nodes { shop { name } } } }", 60),
        ("{ shops(filter: {goodsCount: {gt: 1}}) { nodes { name } } }", 60),
        ("{ shops { nodes { visits } } }", 5),
        ("{ shops(filter: {visits: {gt: 1}}) { nodes { name } } }", 5),
        ("{ shops(orderBy: [{visits: ASC}]) { nodes { name } } }", 5),
        ("{ shops { aggregate { sum { visits } } } }", 5),
        ("{ shops { nodes { said } } }", 600),
        ("{ shops { nodes { brief said } } }", 30),
        ("{ shops { nodes { unsaid } } }", None),
        ("{ plains { nodes { name } } }", 0),
        ("{ shops { nodes { name } } plains { nodes { name } } }", 0),
    ],
)
def test_the_smallest_wins(shop: GraphSchema, query: str, seconds: int | None) -> None:
    """Of all tables that are read, columns that are named wherever they are, and fields in Python."""
    assert age(shop, query) == seconds


def test_a_variable_may_name_a_column(shop: GraphSchema) -> None:
    """What stands in the value of a variable counts."""
    query = "query($filter: ShopFilter) { shops(filter: $filter) { nodes { name } } }"
    assert age(shop, query, filter={"name": {"eq": "x"}}) == 600
    assert age(shop, query, filter={"and": [{"visits": {"gt": 1}}]}) == 5


def test_what_everybody_is_told_is_public(shop: GraphSchema) -> None:
    """A table without rules is the same for all, unless nobody is answered without a key."""
    query = "{ shops { nodes { name } } }"
    assert terms(shop, query) == terms(shop, query, OWNER) == Terms(600, is_public=True, is_for_all=True)
    assert terms(shop, query, OWNER, None) == Terms(600, is_public=False, is_for_all=True)


def test_what_rules_decide_is_private(shop: GraphSchema) -> None:
    """Where another statement, or another user, stands behind it than behind that of who shows no key."""
    query = "{ bills { nodes { name } } }"
    assert terms(shop, query, OWNER) == terms(shop, query, CLERK) == Terms(60, is_public=False, is_for_all=False)
    assert terms(shop, query, CLERK, CLERK) == Terms(60, is_public=True, is_for_all=False)
    assert terms(shop, "{ goods { nodes { name } } bills { totalCount } }", OWNER) == Terms(
        60, is_public=False, is_for_all=False
    )


def test_names_are_checked_at_start() -> None:
    """A hint for what is not shown, and one that is none, stop the start."""
    base = new_base()
    model(base, "A", expose("name"), __cache__=cache(columns={"nothing": 1}), name=mapped_column(Text))
    with pytest.raises(DefinitionError, match=r"names 'nothing'; it can name what expose\(\) shows: name"):
        read_graph(base)
    base = new_base()
    model(base, "A", expose("name"), __cache__=60, name=mapped_column(Text))
    with pytest.raises(DefinitionError, match="write __cache__ = cache"):
        read_graph(base)
    with pytest.raises(DefinitionError, match="max_age takes whole seconds from 0"):
        cache(max_age=-1)


def test_a_root_field_is_never_kept() -> None:
    """Who says that one is kept is told so at start."""

    @extends_query
    class Roots:
        @strawberry.field(metadata=cached())
        def answer(self) -> int:
            return 42

    base = new_base()
    model(base, "A", expose("name"), name=mapped_column(Text))
    with pytest.raises(DefinitionError, match=r"Query.answer: cached\(\) is for fields of a model's type"):
        build_graph_schema(base, own=(Roots,))
