"""Rules that look at claims of a caller: two tenants share statements, and never a row."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa
from graphql.execution.values import VariableValues
from sqlalchemy.orm import DeclarativeBase, Mapped
from sqlalchemy.types import TypeEngine

from api.data.database import Database
from api.settings import Settings
from schema.build import GraphSchema, build_graph_schema
from schema.context import Context
from schema.documents import Document, DocumentLimits, Documents
from schema.engine import Compiled
from schema.errors import BadInputError, DefinitionError, ForbiddenError
from schema.models.access import Access, Rule, access, claim, where
from schema.models.base import expose, identity
from schema.models.claims import claim_as
from schema.opaque import encode
from schema.principal import Claims, Principal
from schema.rights.identity import identity_of
from schema.rights.table import claims
from tests.conftest import clone, drop
from tests.schema.mutations.conftest import Writes
from tests.schema.rights.tenants import CRATES, HOLDER, Depot, fill, of

ALL = """{ crates { totalCount nodes { label } aggregate { sum { tenantId } } }
    parcels(filter: {crate: {label: {startsWith: "c"}}}) { nodes { name crate { label } } } }"""
ONE = "query ($id: ID!) { crate(id: $id) { label parcels { totalCount } } }"
LABELS = {tenant: [row["label"] for row in CRATES if row["tenant_id"] == tenant] for tenant in (7, 8)}


@dataclass(frozen=True, slots=True)
class Tenants:
    """The graph and its rows."""

    schema: GraphSchema
    database: Database
    documents: Documents

    async def ask(self, text: str, caller: Principal, *, by_engine: bool = True, **variables: Any) -> Any:
        """Return the data of an answer."""
        context = Context(caller, self.database, self.schema.new_loaders(self.database, caller), "test")
        document, executor = self.documents.get(text), self.schema.executor
        if not by_engine:
            result = await self.schema.execute(document.node, operation_name=None, variables=variables, context=context)
            assert not result.errors
            return orjson.loads(orjson.dumps(result.data))
        answered = await executor.answer(document, operation_name=None, variables=variables, context=context)
        assert answered.data is not None
        return orjson.loads(answered.data)

    def compiled(self, document: Document, caller: Principal, **variables: Any) -> Compiled:
        """Return what the engine makes of a document."""
        assert self.schema.engine is not None
        found = self.schema.engine.compile(
            document,
            document.operation(None),
            VariableValues({}, variables),
            self.schema.sights.of(caller),
            self.schema.sights.identity(caller),
        )
        assert found is not None
        return found


@pytest.fixture(scope="module")
def graph() -> GraphSchema:
    """The graph of the depot."""
    return build_graph_schema(Depot, own=())


@pytest.fixture(scope="module")
async def tenants(server_url: Callable[[str], str], graph: GraphSchema) -> AsyncIterator[Tenants]:
    """Two tenants in one database, which nobody writes to."""
    name = await clone(server_url, "template0")
    database = Database(server_url(name), Settings(database_url=server_url(name), pool_size=2))
    await fill(database)
    yield Tenants(graph, database, Documents(graph.core, DocumentLimits()))
    await database.close()
    await drop(server_url, name)


@pytest.mark.parametrize("by_engine", [True, False])
async def test_each_tenant_sees_its_own(tenants: Tenants, by_engine: bool) -> None:
    """Rows, counts, sums, what leads to them and look-ups, whoever asked before; without the claim nothing is there."""
    for tenant in (7, 8, 7, 8):
        found = await tenants.ask(ALL, of(tenant=tenant), by_engine=by_engine)
        labels = LABELS[tenant]
        assert found["crates"] == {
            "totalCount": 3,
            "nodes": [{"label": label} for label in labels],
            "aggregate": {"sum": {"tenantId": str(3 * tenant)}},
        }
        assert [node["crate"]["label"] for node in found["parcels"]["nodes"]] == labels
        seen = [
            await tenants.ask(ONE, of(tenant=tenant), by_engine=by_engine, id=encode(f"Crate:{key}")) for key in (1, 2)
        ]
        assert [each["crate"] is not None for each in seen] == [tenant == 8, tenant == 7]
    for caller in (of(), of(tenant=None), of(tenant=9), of(other=7)):
        found = await tenants.ask(ALL, caller, by_engine=by_engine)
        assert found["crates"] == {"totalCount": 0, "nodes": [], "aggregate": {"sum": {"tenantId": None}}}
        assert found["parcels"]["nodes"] == []


@pytest.mark.parametrize("by_engine", [True, False])
async def test_columns_by_claims(tenants: Tenants, by_engine: bool) -> None:
    """A list of texts and a UUID decide of values; who has neither sees none."""
    text = "{ crates(filter: {price: {isNull: false}}) { nodes { label } } sealed: crates { nodes { seal } } }"
    cases: list[tuple[dict[str, Any], list[str], int]] = [
        ({}, [], 0),
        ({"levels": []}, [], 0),
        ({"levels": ["high"]}, ["c6"], 0),
        ({"levels": ["low", "high"], "holder": HOLDER}, ["c2", "c4", "c6"], 1),
    ]
    for more, priced, sealed in cases:
        found = await tenants.ask(text, of(tenant="7", **more), by_engine=by_engine)
        assert [node["label"] for node in found["crates"]["nodes"]] == priced
        assert sum(node["seal"] is not None for node in found["sealed"]["nodes"]) == sealed


def test_one_statement_for_all(tenants: Tenants) -> None:
    """Tenants share plan, SQL and what is prepared; a value is in none of these, and bound for each alone."""
    document = tenants.documents.get(ONE)
    first, again, second = [
        tenants.compiled(document, of(tenant=tenant), id=encode("Crate:1")) for tenant in (700_007, 700_007, 800_008)
    ]
    assert first.statement is again.statement is second.statement
    assert "700007" not in first.statement.sql
    assert "who_number_tenant" in {each.who for each in first.statement.parameters}
    assert [700_007 in each.arguments for each in (first, again, second)] == [True, True, False]
    assert 800_008 in second.arguments
    assert "70000" not in repr(tenants.schema.sights.of(of(tenant=700_007)).facts)


async def test_claims_that_are_something_else(tenants: Tenants) -> None:
    """They are refused by name before anything runs, and the value is not repeated; others nobody looks at."""
    for wrong in ("seven", 7.0, True, 2**63, ["7"], {"a": 1}, "7\n"):
        with pytest.raises(ForbiddenError, match=r"^The claim `tenant` of who asks must be a whole number; it is som"):
            tenants.schema.new_loaders(tenants.database, of(tenant=wrong))
    tenants.schema.new_loaders(tenants.database, of(tenant=7, other={"a": [1.5]}))


async def test_writing(server_url: Callable[[str], str], graph: GraphSchema) -> None:
    """Rows of another tenant are as absent as those that are not there, and none is made for it; its own are."""
    name = await clone(server_url, "template0")
    writes = Writes(graph, server_url(name), of(tenant=7))
    await fill(writes.database._database)
    before = await writes.rows("SELECT c.*, p.name FROM crates c JOIN parcels p ON p.crate_id = c.id ORDER BY c.id")
    theirs, absent, own = (encode(f"Crate:{key}") for key in (1, 999, 2))
    for mutation, input_ in (
        ("updateCrate", {"label": "x"}),
        ("deleteCrate", {}),
        ("createParcel", {"name": "x"}),
    ):
        told = [
            await writes(
                mutation,
                {"crate": {"connect": {"id": id_}}, **input_} if mutation == "createParcel" else {"id": id_, **input_},
                "__typename",
            )
            for id_ in (theirs, absent)
        ]
        assert told[0] == told[1]
        assert told[0]["__typename"] in ("NotFoundError", "ValidationError")
    assert (await writes("createCrate", {"label": "x", "tenantId": 8}, "__typename"))["code"] == "FORBIDDEN"
    assert (await writes("updateCrate", {"id": own, "tenantId": 8}, "__typename"))["code"] == "FORBIDDEN"
    writes.principal = of()
    assert (await writes("createCrate", {"label": "x", "tenantId": 7}, "__typename"))["code"] == "FORBIDDEN"
    assert (await writes("updateCrate", {"id": own, "label": "x"}, "__typename"))["code"] == "NOT_FOUND"
    assert before == await writes.rows(
        "SELECT c.*, p.name FROM crates c JOIN parcels p ON p.crate_id = c.id ORDER BY c.id"
    )
    writes.principal = of(tenant=7)
    assert (await writes("updateCrate", {"id": own, "label": "x"}, "crate { label }"))["crate"] == {"label": "x"}
    made = await writes("createCrate", {"label": "y", "tenantId": 7}, "crate { label price }")
    assert made["crate"] == {"label": "y", "price": None}
    await writes.database.close()
    await drop(server_url, name)


@pytest.mark.parametrize(
    ("type_", "given", "read"),
    [
        ("BIGINT", 7, 7),
        ("BIGINT", "-7", -7),
        ("VARCHAR", "x", "x"),
        ("VARCHAR", 7, "7"),
        ("BOOLEAN", True, True),
        ("BOOLEAN", "false", False),
        ("UUID", HOLDER.upper(), UUID(HOLDER)),
        ("BIGINT[]", [7, "8"], (7, 8)),
        ("BIGINT[]", 7, None),
        ("VARCHAR", True, None),
        ("BOOLEAN", 1, None),
        ("UUID", "x", None),
        ("UUID", 1, None),
    ],
)
def test_kinds(type_: str, given: Any, read: Any) -> None:
    """What a token or a key says becomes the type that a rule reads it as, or is refused."""
    types = {"BIGINT": sa.SmallInteger(), "VARCHAR": sa.String(5), "BOOLEAN": sa.Boolean(), "UUID": sa.Uuid()}
    types["BIGINT[]"] = sa.ARRAY(sa.BigInteger)  # type: ignore[assignment]  # one more kind of type
    found = claim_as("x", types[type_])
    if read is None:
        with pytest.raises(ForbiddenError):
            found.of({"x": given})
    else:
        assert found.of({"x": given}) == read
        assert type(found.of({"x": given})) is type(read)


def test_claims_are_told_apart() -> None:
    """True, 1, 1.0 and "1" are four claims; a caller is not changed by who made it; a claim alone makes it somebody."""
    callers = [Principal(claims={"x": value}) for value in (True, 1, 1.0, "1")]
    assert len(set(callers)) == 4
    assert Principal(claims={"a": 1, "b": 2}) == Principal(claims={"b": 2, "a": 1})
    given = {"x": [1]}
    caller = Principal(claims=given)
    given["x"].append(2)
    assert caller.claims == Claims({"x": [1]})
    assert Principal().is_anonymous
    assert not caller.is_anonymous
    assert "[1]" not in repr(caller)


@pytest.mark.parametrize("claims", [{"x": "a\0"}, {"x": "\ud800"}, {"x": "a" * 8000}, {"x": object()}, {"x": 2**70}])
def test_claims_that_nothing_can_hold(claims: dict[str, Any]) -> None:
    """They are refused where a caller is made, not by PostgreSQL."""
    with pytest.raises(BadInputError, match=r"^The caller's claims "):
        Principal(claims=claims)


def test_a_backslash_is_no_zero_character() -> None:
    """A text that looks like JSON's form of one is a text."""
    assert Principal(claims={"x": "\\u0000"}).claims["x"] == "\\u0000"


def test_shown_to_reviewers(graph: GraphSchema) -> None:
    """`achene rules` says which claims rules look at, and as what."""
    assert list(claims(graph.graph)) == [
        "The claim `tenant` is read as a whole number, by rules of Crate; null without.",
        "The claim `levels` is read as a list, each a text, by rules of Crate; null without.",
        "The claim `holder` is read as a UUID, by rules of Crate; null without.",
    ]


def test_no_claims_cost_nothing() -> None:
    """Where no rule looks at one, who asks is its user alone."""
    assert identity_of(of(tenant=7), {}) == {"who_user_id": 1}


def _look(type_: TypeEngine[Any]) -> Rule:
    return where("x", lambda row, who: row.number == who.claim("x", type_))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (claim("tenant", "nothing"), r"claim\(..., 'nothing'\) names no column of the model"),
        (claim("Tenant!", "number"), r"claim\('Tenant!'\): a claim has a name such as tenant"),
        (_look(sa.JSON()), r"claim\('x'\) is read as Integer, Text, Boolean, Uuid, or ARRAY of one, not as JSON"),
        (_look(sa.Enum("a", "b", name="e")), "not as Enum"),
        (_look(sa.Numeric()), "not as Numeric"),
    ],
)
def test_rules_that_cannot_be_kept(rule: Rule, message: str) -> None:
    """They stop the start, and the message says what would be taken."""

    class Own(DeclarativeBase):
        __graph__ = None
        __writes__ = None
        __access__: Access | None = None

    class Thing(Own):
        """A thing."""

        __tablename__ = "things"
        __graph__ = expose("number")
        __access__ = access(read=rule)

        id: Mapped[int] = identity()
        number: Mapped[int]

    with pytest.raises(DefinitionError, match=message):
        build_graph_schema(Own, own=())
