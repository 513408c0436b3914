"""docs/security.md says what is so: settings, their defaults, and attacks; and exceptions have their reasons."""

import ast
import re
from collections.abc import Iterator

import pytest

from api.settings import PROJECT, Settings
from docs.make_settings import default, variable
from tests.attacks.payloads import ATTACKS
from tests.test_house import shown, text, tracked

PAGE = PROJECT / "docs/security.md"
FIELDS = {variable(name): field for name, field in Settings.model_fields.items()}

NOQA = re.compile(r"# noqa: (?P<codes>[A-Z0-9, ]+?)(?P<reason> - .+)?$")
IGNORED_TYPE = re.compile(r"# type: ignore(?!\[[a-z-]+(, ?[a-z-]+)*\]  # .)")
PRODUCT = ("api/", "schema/", "alembic/", "deploy/")


def rows() -> Iterator[list[str]]:
    """Yield the cells of each row of the page's tables, but for those of heads."""
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and "what attacks it" not in cells:
            yield cells


ROWS = list(rows())


def attacks() -> set[str]:
    """Return the names of all attacks: those that are requests, and those that are written in tests."""
    written = ast.walk(ast.parse((PROJECT / "tests/attacks/test_connections.py").read_text()))
    return {attack.name for attack in ATTACKS} | {
        each.value for each in written if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


@pytest.mark.parametrize("cells", ROWS, ids=lambda cells: cells[0].replace(" ", "-")[:40])
def test_rows(cells: list[str]) -> None:
    """Each row names a setting that there is, with its default, and attacks or tests that there are."""
    names = re.findall(r"`(ACHENE_\w+)`", cells[1])
    if names:
        (name,) = names
        assert cells[2] == default(FIELDS[name])
    named = re.findall(r"\*([^*]+)\*", cells[-1])
    tests = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", cells[-1])
    assert named or tests
    assert set(named) <= attacks()
    for file, function in tests:
        assert (PROJECT / file).is_file()
        assert not function or f"def {function}(" in (PROJECT / file).read_text()


def test_every_attack_is_on_the_page() -> None:
    """No attack is made that the page does not say."""
    said = set(re.findall(r"(?<!\*)\*(\w[^*]+)\*(?!\*)", " ".join(PAGE.read_text().split())))
    assert {attack.name for attack in ATTACKS} - said == set()


def test_exceptions_have_reasons() -> None:
    """Whoever is let off a rule of safety, or of types in what is delivered, has a reason on its line."""
    bare = [
        f"{shown(path)}:{number}"
        for path in tracked()
        if path.suffix == ".py"
        for number, line in enumerate(text(path).splitlines(), 1)
        if _is_bare(line, shown(path))
    ]
    assert bare == []


def _is_bare(line: str, name: str) -> bool:
    is_product = name.startswith(PRODUCT)
    found = NOQA.search(line)
    if found and not found["reason"] and (is_product or re.search(r"\bS\d", found["codes"])):
        return True
    return is_product and IGNORED_TYPE.search(line) is not None


def test_nothing_asks_other_hosts() -> None:
    """No client of HTTP is imported by what is delivered, so that no request can make it ask another host."""
    clients = re.compile(r"^\s*(?:import|from) (?:httpx|requests|aiohttp|urllib3|urllib\.request|http\.client)\b", re.M)
    assert [
        shown(path)
        for path in tracked()
        if path.suffix == ".py" and shown(path).startswith(("api/", "schema/")) and clients.search(text(path))
    ] == []


def test_no_other_interpreter() -> None:
    """What is on the way of a request runs no command, and knows neither LDAP, XML, YAML nor pickled objects."""
    others = re.compile(
        r"^\s*(?:import|from) (?:subprocess|pty|pickle|marshal|shelve|xml|lxml|ldap3?|yaml)\b"
        r"|\bos\.(?:system|popen|exec\w*|spawn\w*)\(|(?<![\w.])(?:eval|exec)\(",
        re.M,
    )
    beside = (
        "api/commands/",
        "api/embedded/",
        "api/serving/",
        "api/console/",
        "schema/content/",
    )  # run by who starts it
    found = [
        shown(path)
        for path in tracked()
        if path.suffix == ".py"
        and shown(path).startswith(("api/", "schema/"))
        and not shown(path).startswith(beside)
        and others.search(text(path))
    ]
    assert found == []
