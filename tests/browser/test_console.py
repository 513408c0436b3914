"""GraphiQL as built and served from here: it loads, runs, explains, and asks nobody else."""

from graphql import GraphQLObjectType

from tests.api.served import Served
from tests.browser.conftest import BROWSER, Browsing
from tests.browser.console_page import open_console

pytestmark = BROWSER


def root_fields(served: Served, root: str = "query") -> list[str]:
    """Return the names of the server's root fields for one kind of operation, in its order."""
    type_ = getattr(served.app.state.parts.graph.core, f"{root}_type")
    assert isinstance(type_, GraphQLObjectType)
    return list(type_.fields)


async def test_loads_from_here_alone(browsing: Browsing, console_server: Served) -> None:
    """All that the page needs comes from this server, and the browser has nothing to complain of."""
    console = await open_console(browsing, console_server.base)
    await console.run()
    assert await console.page.title() == "GraphiQL · Achene"
    assert {name for name in ("editor", "graphql", "json") if f"worker-{name}-" in " ".join(console.watched.asked)}
    assert console.watched.foreign == []
    assert console.watched.complaints == []


async def test_first_visit_has_something_to_run(browsing: Browsing, console_server: Served) -> None:
    """The first tab holds an example, which Ctrl-Enter runs."""
    console = await open_console(browsing, console_server.base)
    await console.until("query", "query Comments")
    answer = await console.run()
    assert answer["data"]["comments"]["totalCount"] == 2000
    assert len(answer["data"]["comments"]["nodes"]) == 5


async def test_runs_what_is_typed(browsing: Browsing, console_server: Served) -> None:
    """A query that is typed is sent as it is, and its whole answer is shown."""
    console = await open_console(browsing, console_server.base)
    await console.write("query", "{ siteStatistics { users drafts } }")
    assert await console.run() == {"data": {"siteStatistics": {"users": 40, "drafts": 40}}}


async def test_completes_from_the_schema(browsing: Browsing, console_server: Served) -> None:
    """While a field is typed, those that begin so are offered: the worker runs under the page's policy."""
    console = await open_console(browsing, console_server.base)
    await console.write("query", "{ siteSta")
    await console.page.keyboard.press("Control+Space")
    await console.page.wait_for_selector(".suggest-widget .monaco-list-row[aria-label*='siteStatistics']")
    assert console.watched.complaints == []


async def test_shows_the_documentation(browsing: Browsing, console_server: Served) -> None:
    """The docs lead from the root to a field and to its type, with their descriptions."""
    page = (await open_console(browsing, console_server.base)).page
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")
    await docs.get_by_role("link", name="Query", exact=True).click()
    await docs.get_by_role("link", name="postBySlug", exact=True).click()
    await docs.get_by_text("The Post with this slug; null where there is none.").wait_for()
    await docs.get_by_role("link", name="Post", exact=True).click()
    await docs.get_by_text("The headline.").wait_for()


async def test_lists_an_example_of_each_root_field(browsing: Browsing, console_server: Served) -> None:
    """The panel has every root field once; what is typed above it narrows it down."""
    page = (await open_console(browsing, console_server.base)).page
    names = page.locator(".achene-examples li code")
    expected = [*root_fields(console_server), *root_fields(console_server, "mutation")]
    assert sorted(await names.all_inner_texts()) == sorted(expected)
    await page.get_by_label("Find a field").fill("byslug")
    assert await names.all_inner_texts() == ["categoryBySlug", "postBySlug", "tagBySlug"]


async def test_every_example_runs(browsing: Browsing, console_server: Served) -> None:
    """Each example answers with data of the demo content, whatever arguments its field requires."""
    console = await open_console(browsing, console_server.base)
    for name in root_fields(console_server):
        answer = await console.open_example(name)
        assert list(answer) == ["data"], (name, answer)
        assert answer["data"][name], (name, answer)
    assert console.watched.complaints == []


async def test_a_mutation_is_opened_and_not_run(browsing: Browsing, console_server: Served) -> None:
    """Its example is there to be filled in: a press of a button writes nothing."""
    console = await open_console(browsing, console_server.base)
    await console.run()
    sent = len(console.watched.keys)
    await console.page.locator(".achene-examples button", has=console.page.locator("code:text-is('createTag')")).click()
    await console.until("query", "createTag(input: $input)")
    await console.until("variables", '"slug"')
    await console.page.wait_for_timeout(500)
    assert len(console.watched.keys) == sent


async def test_keyboard_is_enough(browsing: Browsing, console_server: Served) -> None:
    """An example is found, opened and run without a mouse."""
    console = await open_console(browsing, console_server.base)
    await console.page.get_by_label("Find a field").focus()
    await console.page.keyboard.type("siteStat")
    await console.page.keyboard.press("Tab")
    await console.page.keyboard.press("Enter")
    answer = await console.answer()
    assert answer["data"]["siteStatistics"]["users"] == 40


async def test_own_work_stays_when_an_example_is_opened(browsing: Browsing, console_server: Served) -> None:
    """An example takes the place of another example, never of what somebody wrote."""
    console = await open_console(browsing, console_server.base)
    tabs = console.page.locator(".graphiql-tab")
    await console.open_example("users")
    await console.open_example("tags")
    assert await tabs.count() == 1
    await console.write("query", "query Mine { __typename }")
    await console.open_example("users")
    assert await tabs.count() == 2
    await tabs.first.click()
    await console.until("query", "query Mine { __typename }")
