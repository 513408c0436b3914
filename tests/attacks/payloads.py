"""What attackers send: one request each, as small as it can be for what it asks."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

JSON: Final = {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}


@dataclass(frozen=True)
class Attack:
    """One hostile request, and the answer that it gets."""

    name: str
    """What it is called in the output, and in the table of docs/security.md."""

    content: Callable[[], bytes]
    """Makes the body."""

    code: str | None
    """Code of the error; None where the request is harmless in spite of its looks and is answered."""

    status: int = 400
    """HTTP status."""

    says: str = ""
    """What the message has in it."""

    data: Any = None
    """What is answered, where it is not refused and that tells whether it did harm."""

    headers: dict[str, str] = field(default_factory=dict)
    """Headers beside those of a GraphQL request by POST."""

    path: str = "/graphql"
    """Where it goes."""

    method: str = "POST"
    """How."""


def query(text: str, variables: Any = None) -> bytes:
    """Return the body of a GraphQL request."""
    return json.dumps({"query": text, "variables": variables}).encode()


def many(pattern: str, count: int, join: str = " ") -> str:
    """Return a pattern so many times, `#` in it replaced by the number."""
    return join.join(pattern.replace("#", str(number)) for number in range(count))


def document(name: str, text: Callable[[], str], code: str, says: str = "", *, has_data: bool = False) -> Attack:
    """Return an attack that is a document; an answer with data, if only null, is status 200."""
    return Attack(name, lambda: query(text()), code, 200 if has_data else 400, says)


def documents() -> Iterator[Attack]:
    """Yield the attacks that are documents."""
    limit, invalid = "LIMIT_EXCEEDED", "GRAPHQL_VALIDATION_FAILED"
    yield document("alias flood", lambda: f"{{ {many('a#: posts { totalCount }', 1500)} }}", limit, "root fields")
    yield document(
        "nested alias flood", lambda: f"{{ posts {{ nodes {{ {many('a#: title', 3000)} }} }} }}", limit, "aliases"
    )
    yield document("typename flood", lambda: "{" + " __typename" * 9000 + "}", limit, "root fields")
    yield document(
        "directive overload",
        lambda: "{ posts { totalCount " + "@include(if: true) " * 1400 + "} }",
        limit,
        "directives",
    )
    yield document("unknown directives", lambda: "{ posts { totalCount " + "@x " * 4000 + "} }", limit, "directives")
    yield document(
        "repeated fields",
        lambda: "{ posts { nodes {" + " author{name}" * 2000 + "} } }",
        limit,
        "too complex to check",
    )
    yield document(
        "fragments side by side",
        lambda: "{ posts { " + many("...F#", 800) + " } } " + many("fragment F# on PostConnection{totalCount}", 800),
        limit,
        "too complex to check",
    )
    yield document(
        "inline fragments side by side",
        lambda: "{ posts { nodes {" + "...{author{name}}" * 1100 + "} } }",
        limit,
        "too complex to check",
    )
    yield document(
        "circular fragments",
        lambda: "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        invalid,
        "must not spread themselves",
    )
    yield document(
        "exponential fragments",
        lambda: "{ posts { nodes { ...F0 } } } "
        + " ".join(f"fragment F{n} on Post {{ a: author {{ posts {{ nodes {{ ...F{n + 1} }} }} }} "
                   f"b: author {{ posts {{ nodes {{ ...F{n + 1} }} }} }} }}" for n in range(60))
        + " fragment F60 on Post { id }",
        limit,
        "levels deep",
    )  # fmt: skip
    yield document(
        "exponential aliases",
        lambda: (
            "{ posts { nodes { ...F0 } } } "
            + " ".join(f"fragment F{n} on Post {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
            + " fragment F60 on Post { a: id }"
        ),
        limit,
        "more than a thousand million aliases",
    )
    yield document(
        "deep selection",
        lambda: "{ posts { nodes" + " { author { posts { nodes" * 30 + " { id } " + "} } }" * 30 + "} }",
        limit,
        "levels deep",
    )
    yield document("deeper than the parser goes", lambda: "{a" * 2000 + "}" * 2000, "GRAPHQL_PARSE_FAILED", "deep")
    yield document(
        "circular relations",
        lambda: (
            "{ users(first: 100) { nodes { posts(first: 100) { nodes { author { posts(first: 100) { nodes { "
            "author { posts(first: 100) { nodes { id } } } } } } } } } } }"
        ),
        limit,
        "could read",
    )
    yield document("largest pages", lambda: "{ posts(first: 1000000) { nodes { id } } }", limit, "could read")
    yield document(
        "a million values",
        lambda: "{ posts(first: 1000) { nodes { comments(first: 90) { nodes { "
        + many("a#: body", 99) + " } } } } }",
        limit,
        "could",
    )  # fmt: skip
    yield document(
        "a large answer",
        lambda: "{ " + many("a#: posts(first: 360) { nodes { body } }", 40) + " }",
        limit,
        "The answer has more than 6,500,000 bytes.",
    )
    yield document(
        "circular introspection",
        lambda: (
            "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } "
            "} } } } } }"
        ),
        invalid,
        "introspection depth",
    )
    yield document("introspection", lambda: "{ __schema { types { name } } }", "FORBIDDEN", "introspect")
    yield document("introspection of a type", lambda: '{ __type(name: "User") { name } }', "FORBIDDEN", "introspect")
    yield document(
        "deep literal",
        lambda: "{ posts(filter: " + "{not: " * 100 + "{}" + "}" * 100 + ") { totalCount } }",
        limit,
        "levels deep",
    )
    yield document(
        "huge list", lambda: "{ nodes(ids: [" + '"x" ' * 9000 + "]) { id } }", "BAD_INPUT", "ids", has_data=True
    )
    yield document("huge integer", lambda: f"{{ posts(first: {'9' * 100_000}) {{ totalCount }} }}", limit, "digits")
    yield document(
        "huge float",
        lambda: "{ posts(filter: {viewCount: {gt: 1e999999}}) { totalCount } }",
        invalid,
        "Int cannot represent",
    )
    yield document("huge text", lambda: f'{{ post(id: "{"x" * 300_000}") {{ id }} }}', limit, "characters")
    yield document("comments", lambda: "{ __typename }" + "\n#" * 20_000, limit, "tokens")
    yield document("commas", lambda: "{ __typename " + "," * 300_000 + "}", limit, "characters")
    yield document("many operations", lambda: many("query Q#{__typename}", 1500), limit, "operations")
    yield document("many variables", lambda: f"query({many('$v#:Int', 2000)}){{ __typename }}", limit, "variables")
    yield document("unknown fields", lambda: f"{{ posts {{ nodes {{ {many('x#', 9000)} }} }} }}", invalid, "x0")
    yield document(
        "unknown input fields", lambda: f"{{ posts(filter: {{ {many('x#: 1', 3000)} }}) {{ totalCount }} }}", limit
    )
    yield document(
        "errors that repeat all", lambda: f"{{ posts(filter: {{ {many('x#: 1', 250)} }}) {{ totalCount }} }}", invalid
    )
    yield document("guessed names", lambda: "{ posts { nodes { titel } } }", invalid, "titel")
    yield document("no text", lambda: '{ post(id: "\\uD800") { id } }', "GRAPHQL_PARSE_FAILED", "Invalid Unicode")
    yield document("subscription", lambda: "subscription { x }", invalid)


def variables() -> Iterator[Attack]:
    """Yield the attacks that are JSON."""
    titles = "query ($f: PostFilter) { posts(filter: $f) { totalCount } }"
    ids = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    def deep(levels: int) -> bytes:
        return query("{ __typename }").replace(b"null", b'{"v":' + b"[" * levels + b"]" * levels + b"}")

    yield Attack("deep JSON", lambda: deep(500), "LIMIT_EXCEEDED", says="levels deep")
    yield Attack("deeper JSON", lambda: deep(100_000), "BAD_REQUEST", says="not JSON")
    yield Attack("many values", lambda: query("{__typename}", {"v": [1] * 250_000}), "LIMIT_EXCEEDED", says="values")
    yield Attack(
        "10,000 variables", lambda: query("{ __typename }", {f"v{n}": n for n in range(10_000)}), "LIMIT_EXCEEDED"
    )
    yield Attack("many ids", lambda: query(ids, {"ids": ["x"] * 90_000}), "LIMIT_EXCEEDED", says="values")
    yield Attack("too many ids", lambda: query(ids, {"ids": ["x"] * 4_900}), "BAD_INPUT", 200, says="ids")
    yield Attack(
        "deep filter",
        lambda: query(titles, {"f": json.loads('{"not":' * 60 + "{}" + "}" * 60)}),
        "LIMIT_EXCEEDED",
        says="levels deep",
    )
    yield Attack(
        "wide filter",
        lambda: query(titles, {"f": {"or": [{"title": {"contains": "a"}}] * 1600}}),
        "BAD_INPUT",
        200,
    )
    yield Attack(
        "huge number", lambda: query(ids).replace(b"null", b'{"ids": [' + b"9" * 900_000 + b"]}"), "BAD_REQUEST"
    )
    yield Attack("infinity", lambda: query(ids).replace(b"null", b'{"ids": [1e999999]}'), "BAD_REQUEST")
    yield Attack("no number", lambda: query(ids).replace(b"null", b'{"ids": [NaN]}'), "BAD_REQUEST", says="not JSON")
    yield Attack("half a character", lambda: b'{"query": "{ a }", "variables": {"v": "\\ud800"}}', "BAD_REQUEST")
    yield Attack("zero byte", lambda: query(titles, {"f": {"title": {"eq": "a\0b"}}}), "BAD_INPUT", 200)
    yield Attack("batch", lambda: json.dumps([{"query": "{ __typename }"}] * 1000).encode(), "BAD_REQUEST")
    yield Attack(
        "injection",
        lambda: query(titles, {"f": {"title": {"icontains": "%' OR 1=1; DROP TABLE posts; --"}}}),
        None,
        200,
        data={"posts": {"totalCount": 0}},
    )
    yield Attack(
        "patterns that backtrack",
        lambda: query(titles, {"f": {"body": {"icontains": "%_" * 20_000}}}),
        None,
        200,
        data={"posts": {"totalCount": 0}},
    )


def requests() -> Iterator[Attack]:
    """Yield the attacks that are HTTP."""
    large = b" " * 2_000_000
    one = query("{ __typename }")
    yield Attack("large body", lambda: one + large, "BODY_TOO_LARGE", 413)
    yield Attack(
        "inflating body",
        lambda: gzip.compress(one + large * 20),
        "BODY_TOO_LARGE",
        413,
        headers={"Content-Encoding": "gzip"},
    )
    yield Attack("body that is no gzip", lambda: one, "BAD_REQUEST", 400, headers={"Content-Encoding": "gzip"})
    yield Attack(
        "body of a form",
        lambda: b"query=%7B__typename%7D",
        "UNSUPPORTED_MEDIA_TYPE",
        415,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    yield Attack(
        "body that a form can send", lambda: one, "UNSUPPORTED_MEDIA_TYPE", 415, headers={"Content-Type": "text/plain"}
    )
    yield Attack("long address", lambda: b"", "URI_TOO_LONG", 414, path="/graphql?query=" + "x" * 60_000, method="GET")
    yield Attack("large header", lambda: one, "HEADERS_TOO_LARGE", 431, headers={"X-Filler": "x" * 100_000})
    yield Attack("many headers", lambda: one, "HEADERS_TOO_LARGE", 431, headers={f"X-{n}": "x" for n in range(200)})
    yield Attack("many parameters", lambda: b"", "BAD_REQUEST", path="/graphql?" + "a=&" * 5000, method="GET")
    yield Attack(
        "guessed key", lambda: one, "UNAUTHENTICATED", 401, headers={"X-API-Key": "ach_0123456789_" + "x" * 49}
    )
    yield Attack("another host", lambda: one, "UNKNOWN_HOST", 400, headers={"Host": "evil.example"})
    yield Attack("another method", lambda: b"", "METHOD_NOT_ALLOWED", 405, method="PUT")


ATTACKS: Final = [*documents(), *variables(), *requests()]
