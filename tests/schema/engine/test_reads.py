"""What a statement depends on: every table that it reads is known, and whatever else it does is found out."""

import re
from random import Random
from typing import Any

import orjson
import pytest
from graphql import get_variable_values, parse, validate
from graphql.execution.values import VariableValues
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, cast, func, literal_column, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement

from schema.documents import to_document
from schema.engine.reads import Reads, reads_of
from tests.conftest import drawn
from tests.schema.engine.documents import Writer
from tests.schema.rights.conftest import CALLERS, Houses, house_graph, houses
from tests.schema.rights.test_seen import IDS

__all__ = ["house_graph", "houses"]

METADATA = MetaData()
A = Table("a", METADATA, Column("x", Integer), Column("t", Text))
B = Table("b", METADATA, Column("x", Integer), schema="beside")


class Custom(ColumnElement[Any]):
    """A construct of a team's own, whose text nobody knows."""

    inherit_cache = True


@compiles(Custom)
def _custom(element: Custom, compiler: object, **_: object) -> str:
    return "1"


def reads(statement: Any) -> Reads:
    return reads_of(statement, str(statement.compile(dialect=postgresql.dialect())))  # type: ignore[no-untyped-call]


def test_tables_are_found_wherever_they_stand() -> None:
    """In subqueries, common tables, aliases and joins; those with a schema by it."""
    inner = select(B.c.x).where(B.c.x == A.c.x).correlate(A)
    common = select(A.alias().c.x).cte("b")
    assert reads(select(common.c.x)).tables == ("a",)
    assert reads(select(A.c.x).where(inner.exists())).tables == ("a", "beside.b")
    assert reads(select(func.coalesce(select(func.max(B.c.x)).scalar_subquery(), 1))).tables == ("beside.b",)


def test_functions_are_found_by_their_names() -> None:
    """But for those that give the same on all our connections; words of SQL are none."""
    found = reads(select(func.length(A.c.t), func.to_json(A.c.t), cast(A.c.x, Text)).where(A.c.x.in_([1, 2])))
    assert (found.functions, found.is_known) == ({"length"}, True)
    assert reads(select(getattr(func, "my own")(A.c.x))).functions == {"quoted"}
    assert reads(select(func.audit.mine(A.c.x))).functions == {"mine"}
    assert reads(select(func.now())).functions == {"now"}


@pytest.mark.parametrize(
    "expression",
    [
        func.current_timestamp(),
        func.session_user(),
        literal_column("CURRENT_DATE"),
        literal_column("(SELECT max(x) FROM c)"),
        text("x > (select 1 from c)"),
        cast("now", DateTime),
        Custom(),
    ],
    ids=str,
)
def test_what_may_read_more_is_not_known(expression: Any) -> None:
    """The clock, the session, tables in a text, constructs of a team's own."""
    assert not reads(select(A.c.x).where(expression)).is_known


def test_samples_are_not_known() -> None:
    """They are drawn."""
    assert not reads(select(A.tablesample(10).c.x)).is_known


def test_texts_that_look_so_are_harmless() -> None:
    """What stands in quotes is no word of SQL."""
    assert reads(select(literal_column("'now() -- from c'"), A.c.x).where(A.c.t == "$$")).is_known


async def test_postgresql_reads_no_other_table(houses: Houses) -> None:
    """Of random operations under rules, each table of PostgreSQL's own plan is among those that we know."""
    engine, checked = houses.schema.engine, 0
    assert engine is not None
    for seed in range(drawn(60)):
        draw = Random(seed)  # noqa: S311 - the same in each run
        writer = Writer(houses.schema.core, houses.schema.graph, draw, IDS, frozenset())
        node = parse(writer.document())
        if validate(houses.schema.core, node):
            continue
        document, caller = to_document(node), draw.choice(list(CALLERS.values()))
        operation = document.operation(None)
        values = get_variable_values(houses.schema.core, operation.variable_definitions or (), writer.variables)
        assert isinstance(values, VariableValues)
        compiled = engine.compile(
            document, operation, values, houses.schema.sights.of(caller), houses.schema.sights.identity(caller)
        )
        if compiled is None:
            continue
        plan = orjson.dumps(await houses.whole.explain(compiled.statement.sql, compiled.arguments)).decode()
        found = set(re.findall(r'"Relation Name":"(\w+)"', plan))
        known = compiled.statement.reads
        assert found <= set(known.tables), compiled.statement.sql
        assert known.is_known, compiled.statement.sql
        checked += bool(found)
    assert checked > 5
