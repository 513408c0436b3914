"""GraphiQL from a CDN, where that is allowed and it was not built.

No CDN is asked here: the very files come from the npm packages that it serves, so the browser checks real hashes.
"""

import asyncio
import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Route

from api.console import Console
from api.console.cdn import REACT, SCRIPTS, STYLES, CdnFile
from tests.api.served import Served, serving
from tests.browser.conftest import BROWSER, Browsing, Watched

pytestmark = [*BROWSER, pytest.mark.node]

FILES = (*REACT, *SCRIPTS, *STYLES)
TYPES = {".js": "application/javascript", ".css": "text/css"}


@pytest.fixture(scope="module")
async def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files by their addresses, out of the packages."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed; it fetches the packages that a CDN serves")
    folder = tmp_path_factory.mktemp("packages")
    names = sorted({file.package for file in FILES})
    command = [npm, "pack", "--silent", "--pack-destination", str(folder), *names]
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    return {file.url: read(folder, file) for file in FILES}


def read(folder: Path, file: CdnFile) -> bytes:
    """Return a file of a package."""
    with tarfile.open(folder / f"{file.package.replace('@', '-')}.tgz") as archive:
        member = archive.extractfile(f"package/{file.path}")
        assert member is not None
        return member.read()


@pytest.fixture(scope="module")
async def allowed(content_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A server whose console was not built, and that may use a CDN."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.app.Console", partial(Console, dist=Path(tmp_path_factory.mktemp("dist"))))
        async with serving(content_url, graphiql=True, graphiql_cdn=True) as served:
            yield served


async def opened(browsing: Browsing, served: Served, files: dict[str, bytes]) -> Watched:
    """Open the page, with a CDN that has these files."""

    async def answer(route: Route) -> None:
        url = route.request.url
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": TYPES[Path(url).suffix]}
        await route.fulfill(body=files[url], headers=headers)

    watched = await browsing.page(served.base)
    await watched.page.route(lambda url: url.startswith("https:"), answer)
    await watched.page.goto(f"{served.base}/graphql")
    return watched


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.url)
async def test_hashes_are_those_of_the_packages(packed: dict[str, bytes], file: CdnFile) -> None:
    """Each file has the hash by which the page names it."""
    digest = base64.b64encode(hashlib.sha384(packed[file.url]).digest()).decode()
    assert file.integrity == f"sha384-{digest}"


async def test_loads_and_runs(browsing: Browsing, allowed: Served, packed: dict[str, bytes]) -> None:
    """The page needs these four files from elsewhere and no other, works under its policy, and keeps no key."""
    watched = await opened(browsing, allowed, packed)
    await watched.page.wait_for_selector(".graphiql-execute-button")
    set_text = "([place, text]) => document.querySelector(`${place} .CodeMirror`).CodeMirror.setValue(text)"
    await watched.page.evaluate(set_text, [".graphiql-query-editor", "{ siteStatistics { users } }"])
    await watched.page.evaluate(set_text, ["[aria-label='Headers']", '{"X-API-Key": ""}'])
    await watched.page.click(".graphiql-execute-button")
    response = "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"
    await watched.page.wait_for_function(f"() => {response}.includes('siteStatistics')")
    assert json.loads(await watched.page.evaluate(response)) == {"data": {"siteStatistics": {"users": 40}}}
    assert sorted(watched.foreign) == sorted(file.url for file in FILES)
    assert set(watched.keys) == {None}
    assert watched.complaints == []


async def test_file_that_was_changed_is_refused(browsing: Browsing, allowed: Served, packed: dict[str, bytes]) -> None:
    """One byte more, and the browser does not run the file; the page says what to do."""
    changed = packed | {SCRIPTS[0].url: packed[SCRIPTS[0].url] + b" "}
    watched = await opened(browsing, allowed, changed)
    await watched.page.get_by_text("GraphiQL could not be loaded from the CDN. Run achene console build").wait_for()
    assert [text for text in watched.complaints if "integrity" in text]
