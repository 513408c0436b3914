"""Random sequences of mutations over HTTP: after each of them the whole graph is what a plain model says.

Among them are writers that race, requests that are sent again with their Idempotency-Key, and connections that are
killed under a mutation. Nothing is lost, nothing is there twice, and what was refused has changed nothing.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

import asyncpg
import httpx
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.api.served import PLAIN, serving
from tests.conftest import clone, drawn, drop
from tests.stateful.inputs import Author, Mutation
from tests.stateful.world import KINDS, RefusedError, Row, World

T = TypeVar("T")
WAITING = """SELECT count(*) FROM pg_locks
             WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
SEEDS = st.integers(0, 10**6)

REFUSAL = "__typename ... on UserError { code path } ... on ValidationError { errors { code path } }"


BY_A = {"connect": {"email": "a@example.org"}}
FIRST = [
    Mutation("createUsers", {"users": [{"name": "A", "email": f"{name}@example.org"} for name in "ab"]}),
    Mutation("createTags", {"tags": [{"name": "A", "slug": slug} for slug in "ab"]}),
    Mutation(
        "createPosts",
        {
            "posts": [
                {
                    "title": "A",
                    "slug": slug,
                    "body": "Text.",
                    "author": BY_A,
                    "category": {"connectOrCreate": {"by": "SLUG", "create": {"name": "A", "slug": "a"}}},
                    "tags": {"connect": [{"slug": slug}]},
                    "comments": {"create": [{"body": f"first on {slug}", "author": BY_A}]},
                }
                for slug in "ab"
            ]
        },
    ),
]


def fields(kind: str) -> str:
    """Return the selection of a row: its columns, the labels of what it leads to, and its lists."""
    model = KINDS[kind]
    links = [f"{name} {{ {KINDS[to].label} }}" for name, to in model.links.items()]
    lists = [
        f"{name}(first: 100) {{ totalCount nodes {{ {KINDS[to].label} }} }}" for name, (to, _) in model.lists.items()
    ]
    return " ".join(["id", *model.columns, *links, *lists])


def everything() -> str:
    """Return the query that reads all rows."""
    lists = (f"{kind.plural}(first: 100) {{ nodes {{ {fields(name)} }} }}" for name, kind in KINDS.items())
    return f"{{ {' '.join(lists)} }}"


def flat(kind: str, node: dict[str, Any]) -> dict[str, Any]:
    """Return a node in the form of `World.view`, without its id."""
    found: dict[str, Any] = {name: node[name] for name in KINDS[kind].columns}
    for name, to in KINDS[kind].links.items():
        found[name] = None if node[name] is None else node[name][KINDS[to].label]
    for name, (to, _) in KINDS[kind].lists.items():
        found[name] = sorted(each[KINDS[to].label] for each in node[name]["nodes"])
        assert node[name]["totalCount"] == len(found[name])
    return found


def document(*mutations: Mutation) -> tuple[str, dict[str, Any]]:
    """Return the document and the variables of mutations that are sent together, under the names `m0`, `m1`."""
    parameters = ", ".join(f"$i{at}: {each.input_type}" for at, each in enumerate(mutations))
    body = []
    for at, each in enumerate(mutations):
        payload = f"{each.name[0].upper()}{each.name[1:]}Payload"
        body.append(f"m{at}: {each.name}(input: $i{at}) {{ {REFUSAL} ... on {payload} {{ {wanted(each)} }} }}")
    return f"mutation ({parameters}) {{ {' '.join(body)} }}", {f"i{at}": m.input for at, m in enumerate(mutations)}


def wanted(mutation: Mutation) -> str:
    """Return what is selected of a payload."""
    for kind, model in KINDS.items():
        if mutation.name.lower().endswith(model.plural):
            return "affectedCount"
        if mutation.name.endswith(kind):
            return "deletedId" if mutation.name.startswith("delete") else f"{kind.lower()} {{ {fields(kind)} }}"
    raise AssertionError(mutation)


def told(response: httpx.Response) -> dict[str, Any]:
    """Return the data of an answer without errors."""
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    assert "errors" not in answer, response.text
    data: dict[str, Any] = answer["data"]
    return data


def check(mutation: Mutation, answer: dict[str, Any], before: World) -> World:
    """Hold the answer to a mutation against the model, and return the world after it.

    Raises:
        AssertionError: the answer is not what it should be.
    """
    refusal = None
    try:
        after, rows = before.after(mutation.name, mutation.input)
    except RefusedError as error:
        refusal = error
    if refusal is not None:
        told = answer.get("errors") or [answer]
        found = [(answer["__typename"], each.get("code"), tuple(each.get("path", ()))) for each in told]
        if refusal.is_any:
            assert len(found) == 1
            assert found[0] in refusal.problems
        else:
            assert sorted(found, key=str) == sorted(refusal.problems, key=str)
        return before
    assert answer["__typename"].endswith("Payload"), answer
    if "affectedCount" in answer:
        assert answer["affectedCount"] == len(rows)
    elif "deletedId" in answer:
        assert answer["deletedId"] == rows[0].id
    else:
        assert flat(rows[0].kind, answer[rows[0].kind.lower()]) == after.view(rows[0])
    return after


def outcomes(mutations: list[Mutation], answers: list[dict[str, Any]], before: World) -> Iterator[World]:
    """Yield the worlds after mutations that ran one after the other, in each order that agrees with their answers."""
    for order in itertools.permutations(range(len(mutations))):
        world = before
        try:
            for at in order:
                world = check(mutations[at], answers[at], world)
        except AssertionError:
            continue
        yield world


class Site:
    """A served database, and a hand on its server."""

    def __init__(self, runner: asyncio.Runner, client: httpx.AsyncClient, admin: asyncpg.Connection) -> None:
        self._runner = runner
        self._client = client
        self._admin = admin

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something to its end."""
        return self._runner.run(coroutine)

    async def _ask(self, query: str, variables: Any = None, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self._client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    async def post(self, *mutations: Mutation, key: str | None = None) -> httpx.Response:
        """Send mutations in one operation."""
        query, variables = document(*mutations)
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self._ask(query, variables, headers)

    async def send(self, *mutations: Mutation) -> list[dict[str, Any]]:
        """Send mutations in one operation, and return what each of them gave."""
        answer = told(await self.post(*mutations))
        return [answer[f"m{at}"] for at in range(len(mutations))]

    async def whole(self) -> dict[str, list[dict[str, Any]]]:
        """Read everything."""
        answer = told(await self._ask(everything()))
        return {kind.plural: answer[kind.plural]["nodes"] for kind in KINDS.values()}

    async def kill(self) -> None:
        """End all connections to the database but this one."""
        await self._admin.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
        )

    async def clear(self) -> None:
        """Delete all rows."""
        await self._admin.execute("DELETE FROM posts; DELETE FROM users; DELETE FROM tags; DELETE FROM categories")

    async def kill_while_waiting(self, mutation: Mutation) -> dict[str, Any]:
        """Send a mutation that finds its tables locked, end its connection, and return the answer."""
        async with self._admin.transaction():
            await self._admin.execute("LOCK TABLE users, posts, comments, tags, categories, post_tags")
            task = asyncio.create_task(self.post(mutation))
            async with asyncio.timeout(10):
                while not (task.done() or await self._admin.fetchval(WAITING)):  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.005)
            await self.kill()
            answer: dict[str, Any] = (await task).json()
        return answer


@contextmanager
def site_of(server_url: Callable[[str], str], template: str) -> Iterator[Site]:
    """Serve an empty database."""
    with asyncio.Runner() as runner:
        name = runner.run(clone(server_url, template))
        serves = serving(server_url(name), anonymous_scopes=("read", "write", "*"))
        web = runner.run(serves.__aenter__())
        admin = runner.run(asyncpg.connect(server_url(name)))
        no_rest = httpx.Limits(max_keepalive_connections=0)  # the loop stands between steps, and would miss a closing
        client = httpx.AsyncClient(base_url=web.base, timeout=30, limits=no_rest, verify=PLAIN)
        try:
            yield Site(runner, client, admin)
        finally:
            runner.run(client.aclose())
            runner.run(admin.close())
            runner.run(serves.__aexit__(None, None, None))
            runner.run(drop(server_url, name))


class Mutations(RuleBasedStateMachine):
    """The steps; the world is what should be there."""

    site: ClassVar[Site]

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.count = [0]

    def draw(self, seed: int) -> Mutation:
        """Draw a mutation of the world as it is."""
        random = Random(seed)  # noqa: S311 - for mutations, not for secrets
        mutation = Author(random, self.world, self.count).mutation()
        note(f"{mutation.name} {mutation.input}")
        return mutation

    @initialize()
    def start(self) -> None:
        """Begin with a row or two of each kind."""
        self.site.run(self.site.clear())
        for mutation in FIRST:
            (answer,) = self.site.run(self.site.send(mutation))
            self.world = check(mutation, answer, self.world)
            self.same()

    @rule(seed=SEEDS)
    def write(self, seed: int) -> None:
        """One mutation."""
        mutation = self.draw(seed)
        (answer,) = self.site.run(self.site.send(mutation))
        self.world = check(mutation, answer, self.world)

    @rule(seed=SEEDS)
    def write_two(self, seed: int) -> None:
        """Two in one operation: they run in their order, and one that is refused leaves the other alone."""
        both = [self.draw(seed + at) for at in range(2)]
        for mutation, answer in zip(both, self.site.run(self.site.send(*both)), strict=True):
            self.world = check(mutation, answer, self.world)

    @rule(seed=SEEDS, writers=st.integers(2, 3))
    def race(self, seed: int, writers: int) -> None:
        """Several at once: it is as if they had run in some order."""
        mutations = [self.draw(seed + at) for at in range(writers)]

        async def all_at_once() -> list[dict[str, Any]]:
            return [answer for (answer,) in await asyncio.gather(*(self.site.send(each) for each in mutations))]

        answers = self.site.run(all_at_once())
        worlds = list(outcomes(mutations, answers, self.world))
        found = self.seen(self.site.run(self.site.whole()))
        fitting = [world for world in worlds if world.shown() == found]
        assert fitting, (mutations, answers, self.world.shown(), found)
        self.world = fitting[0]

    @rule(seed=SEEDS, times=st.integers(2, 3), is_at_once=st.booleans())
    def send_again(self, seed: int, times: int, is_at_once: bool) -> None:
        """The same with one key: it runs once, and all have its answer."""
        mutation, key = self.draw(seed), uuid4().hex

        async def answers() -> list[httpx.Response]:
            if is_at_once:
                return await asyncio.gather(*(self.site.post(mutation, key=key) for _ in range(times)))
            return [await self.site.post(mutation, key=key) for _ in range(times)]

        found = self.site.run(answers())
        assert {each.content for each in found} == {found[0].content}
        self.world = check(mutation, told(found[0])["m0"], self.world)

    @rule(seed=SEEDS)
    def kill_a_waiting_one(self, seed: int) -> None:
        """A mutation whose connection ends before it has written: it has not."""
        mutation = self.draw(seed)
        answer = self.site.run(self.site.kill_while_waiting(mutation))
        if answer.get("data") and answer["data"]["m0"]:  # it was refused before it came to a table
            self.world = check(mutation, answer["data"]["m0"], self.world)
        else:
            assert [error["message"] for error in answer["errors"]] == ["The database cannot be reached."]

    @rule(seed=SEEDS, after=st.integers(0, 8))
    def kill_and_send_again(self, seed: int, after: int) -> None:
        """A mutation with a key whose connection ends at any moment, and which is sent until it is answered."""
        mutation, key = self.draw(seed), uuid4().hex

        async def insist() -> httpx.Response:
            task = asyncio.create_task(self.site.post(mutation, key=key))
            await asyncio.sleep(after / 1000)
            await self.site.kill()
            answer = await task
            for _ in range(5):
                if "errors" not in answer.json():
                    return answer
                answer = await self.site.post(mutation, key=key)
            raise AssertionError(answer.text)

        self.world = check(mutation, told(self.site.run(insist()))["m0"], self.world)

    @staticmethod
    def seen(whole: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """Return the whole graph in the form of `World.shown`."""
        return {
            kind.plural: sorted((flat(name, node) for node in whole[kind.plural]), key=lambda n: str(n[kind.label]))
            for name, kind in KINDS.items()
        }

    @invariant()
    def same(self) -> None:
        """The graph is what the world is, and every row is still the one that it was."""
        whole = self.site.run(self.site.whole())
        assert self.seen(whole) == self.world.shown()
        for name, kind in KINDS.items():
            ids = {node[kind.label]: node["id"] for node in whole[kind.plural]}
            for row in self.world.rows[name]:
                self.know(row, ids[row.label])

    @staticmethod
    def know(row: Row, id_: str) -> None:
        """Take note of a new row's id; an old one has it still."""
        row.id = row.id or id_
        assert row.id == id_


def test_random_mutations(server_url: Callable[[str], str], template: str) -> None:
    """Eighteen walks of up to twenty-five steps in CI, a third of them elsewhere."""
    with site_of(server_url, template) as site:
        Mutations.site = site
        run_state_machine_as_test(
            Mutations,
            settings=settings(
                max_examples=drawn(18),
                stateful_step_count=25,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],  # where writers race, a shorter walk seldom ends the same way
                print_blob=False,
            ),
        )
