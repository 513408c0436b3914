"""Documents: read once, and refused in time that is linear in the document, before they can cost much."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from graphql import build_schema, get_introspection_query

from schema.documents import DocumentLimits, Documents
from schema.documents.documents import LONG_TEXT, MOST_CHARACTERS
from schema.documents.measure import COMPARISONS
from schema.errors import DocumentError, DocumentSyntaxError, LimitError, OperationError

SDL = """
type Query { post(id: ID): Post posts: [Post!]! }
type Mutation { touch: Int }
type Post { id: ID! title(length: Int): String author: Post }
"""


@pytest.fixture
def documents() -> Documents:
    """Documents of a small schema, five levels deep at most."""
    return Documents(build_schema(SDL), DocumentLimits(tokens=2000, depth=5))


def chain(length: int, link: str) -> str:
    """A document whose fragments each spread the next one twice: 2 to the power of `length` ways through it."""
    links = "".join(f"fragment F{i} on Post {{ {link.replace('...', f'...F{i + 1}')} }} " for i in range(length))
    return f"{{ posts {{ ...F0 }} }} {links} fragment F{length} on Post {{ id }}"


def test_a_text_is_read_once(documents: Documents) -> None:
    """The same text gives the same document, another text another one."""
    first = documents.get("{ posts { id } }")
    assert documents.get("{ posts { id } }") is first
    assert documents.get("{ posts { id  } }") is not first


async def test_long_texts_are_read_beside_all_else(documents: Documents) -> None:
    """A long document leaves the event loop to others while it is read; a short one is not worth the way."""
    others = 0

    async def count() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    try:
        assert await documents.find("{ posts { id } }") is documents.get("{ posts { id } }")
        assert others == 0
        text = "{ posts { " + "id " * 190 + "}}" + " " * LONG_TEXT
        assert await documents.find(text) is documents.get(text)
        assert others > 0
        with pytest.raises(DocumentError):
            await documents.find("{ nope }" + " " * LONG_TEXT)
    finally:
        counting.cancel()


def test_cache_is_bounded_by_memory() -> None:
    """Documents that were not asked for lately make room for new ones; one that is too large is not kept."""
    documents = Documents(build_schema(SDL), cache_bytes=20_000)
    first = documents.get("{ posts { id } }")
    large = f'{{ post(id: "{"x" * 10_000}") {{ id }} }}'
    assert documents.get(large) is not documents.get(large)
    assert documents.get("{ posts { id } }") is first
    for number in range(10):
        documents.get(f"{{ post(id: {number}) {{ id }} }}")
    assert documents.get("{ posts { id } }") is not first
    assert documents._cache.currsize <= 20_000


def test_syntax_error(documents: Documents) -> None:
    """A text that is not GraphQL says where it goes wrong."""
    with pytest.raises(DocumentSyntaxError) as caught:
        documents.get("{ posts { id }")
    (error,) = caught.value.errors
    assert (error.message, error.locations) == ("Syntax Error: Expected Name, found <EOF>.", [(1, 15)])


def test_each_validation_error_is_told(documents: Documents) -> None:
    """All that is wrong is told at once."""
    with pytest.raises(DocumentError) as caught:
        documents.get("{ posts { nope } post(di: 1) { id } }")
    assert [error.message for error in caught.value.errors] == [
        "Cannot query field 'nope' on type 'Post'.",
        "Unknown argument 'di' on field 'Query.post'. Did you mean 'id'?",
    ]


def test_refused_documents_are_not_kept(documents: Documents) -> None:
    """A text that is refused takes no room."""
    with pytest.raises(DocumentError):
        documents.get("{ nope }")
    assert documents._cache.currsize == 0


def test_tokens_are_counted(documents: Documents) -> None:
    """A document may have as many tokens as the limit says, comments included, and not one more."""
    documents.get("{ posts { id } }" + "\n#" * 1994)
    with pytest.raises(LimitError, match=r"^The document has more than 2,000 tokens, the most that is accepted\.$"):
        documents.get("{ posts { id } }" + "\n#" * 1995)


def test_characters_are_counted(documents: Documents) -> None:
    """One endless string is refused before it is read."""
    with pytest.raises(LimitError, match=r"more than 250,000 characters"):
        documents.get(f'{{ post(id: "{"x" * MOST_CHARACTERS}") {{ id }} }}')


@pytest.mark.parametrize(
    "text",
    [
        "{ posts { author { author { author { id } } } } }",
        "query Q { posts { ...A } } fragment A on Post { author { author { author { id } } } }",
        "{ ... on Query { posts { ... { author { ... on Post { author { author { id } } } } } } } }",
    ],
)
def test_depth_follows_fragments(documents: Documents, text: str) -> None:
    """Fields nest five levels deep, written in place or in fragments; fragments themselves are no level."""
    documents.get(text)
    with pytest.raises(LimitError, match=r"nests fields 6 levels deep; 5 are accepted\.$"):
        documents.get(text.replace("{ id }", "{ author { id } }"))


def test_depth_error_names_the_operation(documents: Documents) -> None:
    """The message says which operation is too deep."""
    deep = "{ posts { author { author { author { author { id } } } } } }"
    with pytest.raises(LimitError, match=r"^Operation `Deep` nests fields 6 levels deep; 5 are accepted\.$"):
        documents.get(f"query Flat {{ posts {{ id }} }} query Deep {deep}")


def test_fragments_of_many_ways_are_measured_at_once(documents: Documents) -> None:
    """A chain with 2 to the power of 60 ways through it is accepted or refused in a moment."""
    began = time.perf_counter()
    documents.get(chain(60, "... ..."))
    with pytest.raises(LimitError, match=r"^Operation nests fields 62 levels deep; 5 are accepted"):
        documents.get(chain(60, "... author { ... }"))
    assert time.perf_counter() - began < 5


def test_fragment_cycles_are_refused(documents: Documents) -> None:
    """A fragment that comes back to itself is named, whatever its length."""
    with pytest.raises(DocumentError) as caught:
        documents.get("{ posts { ...A } } fragment A on Post { author { ...B } } fragment B on Post { ...A }")
    assert str(caught.value) in (
        "Fragments must not spread themselves: `A` in `B` in `A`.",
        "Fragments must not spread themselves: `B` in `A` in `B`.",
    )


def test_deep_brackets_are_refused(documents: Documents) -> None:
    """Brackets that no parser could follow are an error of the document, not of the server."""
    for text in ("{a" * 900 + "}" * 900, "{ post(id: " + "[" * 900 + "]" * 900 + ") { id } }"):
        with pytest.raises(DocumentSyntaxError, match="nested too deeply"):
            documents.get(text)


def test_many_fields_of_one_name_are_refused() -> None:
    """Comparing fields pair by pair ends after a set number of pairs."""
    documents = Documents(build_schema(SDL))
    fields = int((2 * COMPARISONS) ** 0.5)
    documents.get("{ posts { " + "id " * fields + "} }")
    for text in (
        "{ posts { " + "author { id } " * (fields + 2) + "} }",
        "{ posts { " + "...{ author { id } } " * (fields + 2) + "} }",
        "{ posts { " + "".join(f"...F{n} " for n in range(fields)) + "} }"
        + "".join(f"fragment F{n} on Post {{ id }} " for n in range(fields)),
        "{ posts { ...A ...B } } fragment A on Post {" + "author { id } " * 150 + "}"
        "fragment B on Post {" + "author { id } " * 150 + "}",
    ):  # fmt: skip
        with pytest.raises(LimitError, match="too complex to check"):
            documents.get(text)


@pytest.mark.parametrize(
    ("text", "most", "what"),
    [
        (lambda n: "{ " + " ".join(f"a{i}: __typename" for i in range(n)) + " }", 50, "root fields"),
        (lambda n: "{ " + "__typename " * n + "}", 50, "root fields"),
        (lambda n: "{ " + "...F " * n + "} fragment F on Query { __typename }", 50, "root fields"),
        (lambda n: "{ " + "... { __typename } " * n + "}", 50, "root fields"),
        (lambda n: "{ posts { " + " ".join(f"a{i}: id" for i in range(n)) + " } }", 100, "aliases"),
        (lambda n: "{ posts { " + "...F " * (n - 50) + "...G } } fragment F on Post { a: id } "
         "fragment G on Post { " + " ".join(f"a{i}: id" for i in range(50)) + " }", 100, "aliases"),
        (lambda n: "{ posts { " + "id @skip(if: false) " * n + "} }", 100, "directives"),
        (lambda n: "{ posts { ...F } } fragment F on Post { " + "... @include(if: true) { id } " * n + "}",
         100, "directives"),
        (lambda n: "query (" + " ".join(f"$v{i}: ID" for i in range(n)) + ") { __typename }", 250, "variables"),
        (lambda n: " ".join(f"query Q{i} {{ __typename }}" for i in range(n)), 50, "operations"),
    ],
)  # fmt: skip
def test_what_is_counted(text: Callable[[int], str], most: int, what: str) -> None:
    """Each limit lets in as many as it says, wherever they stand, and refuses one more by number."""
    documents = Documents(build_schema(SDL))
    with suppress(DocumentError):  # of the right size, if not valid
        documents.get(text(most))
    with pytest.raises(LimitError, match=rf" has {most + 1} {what}.*; {most} are accepted\.$"):
        documents.get(text(most + 1))


def test_counts_are_of_fragments_written_out() -> None:
    """Fragments that spread each other twice say in a line what takes 2 to the power of 60; it is counted at once."""
    documents = Documents(build_schema(SDL))
    text = chain(60, "... ...").replace("{ id }", "{ a: id }")
    with pytest.raises(LimitError, match=r"has more than a thousand million aliases, fragments written out; 100"):
        documents.get(text)
    with pytest.raises(LimitError, match=r"has more than a thousand million directives"):
        documents.get(text.replace("a: id", "id @skip(if: false)"))


@pytest.mark.parametrize("brackets", [("[", "]"), ("{a:", "}"), ("[{a:", "}]")])
@pytest.mark.parametrize("place", ["{{ post(id: {}) {{ id }} }}", "query ($v: ID = {}) {{ post(id: $v) {{ id }} }}"])
def test_values_nest_so_deep(place: str, brackets: tuple[str, str]) -> None:
    """Lists and objects nest 50 levels deep, in an argument or a default, and not one more."""
    documents, (left, right) = Documents(build_schema(SDL)), brackets
    levels = 50 // len(left.replace("a:", ""))
    with pytest.raises(DocumentError):  # no ID, but looked at
        documents.get(place.format(left * levels + "1" + right * levels))
    with pytest.raises(LimitError, match=r"^A value of the document nests lists and objects more than 50 levels deep"):
        documents.get(place.format(left * (levels + 1) + "1" + right * (levels + 1)))


@pytest.mark.parametrize("number", ["9" * 401, "1." + "0" * 400, "1e" + "9" * 400])
def test_long_numbers_are_refused(number: str) -> None:
    """A number that Python would take long over, or refuse in words of its own, is refused in ours."""
    with pytest.raises(LimitError, match=r"^A number of the document has more than 400 digits\.$"):
        Documents(build_schema(SDL)).get(f"{{ posts {{ title(length: {number}) }} }}")


def test_long_messages_are_cut(documents: Documents) -> None:
    """A message repeats a part of what it is about, not all of it."""
    with pytest.raises(DocumentError) as caught:
        documents.get("{ post(id: {" + " ".join(f"a{i}: 1" for i in range(250)) + "}) { id } }")
    assert [len(error.message) for error in caught.value.errors] == [503]


def test_large_objects_are_refused(documents: Documents) -> None:
    """Messages about objects write them out, as often as something is wrong with them; so they are of a size."""
    with pytest.raises(LimitError, match=r"^An object of the document has more than 250 fields\.$"):
        documents.get("{ post(id: {" + " ".join(f"a{i}: 1" for i in range(251)) + "}) { id } }")


@pytest.mark.parametrize(
    ("text", "open_", "closed"),
    [
        ("{ post { titel } }", "Cannot query field 'titel' on type 'Post'. Did you mean 'title'?",
         "Cannot query field 'titel' on type 'Post'."),
        ("{ post(di: 1) { id } }", "Unknown argument 'di' on field 'Query.post'. Did you mean 'id'?",
         "Unknown argument 'di' on field 'Query.post'."),
        ("{ post }", "Field 'post' of type 'Post' must have a selection of subfields. Did you mean 'post { ... }'?",
         "Field 'post' of type 'Post' must have a selection of subfields."),
        ("{ post { ... on Pots { id } } }", "Unknown type 'Pots'. Did you mean 'Post'?", "Unknown type 'Pots'."),
    ],
)  # fmt: skip
def test_suggestions_can_be_hidden(documents: Documents, text: str, open_: str, closed: str) -> None:
    """Names that look alike are told where they may be, and nowhere else."""
    for hides, expected in ((False, open_), (True, closed)):
        with pytest.raises(DocumentError) as caught:
            documents.get(text, hides_suggestions=hides)
        assert [error.message for error in caught.value.errors] == [expected]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{ __schema { queryType { name } } }", {""}),
        ('query A { ...F } query B { __typename } fragment F on Query { ... { a: __type(name: "Post") { name } } }',
         {"A"}),
        ("{ __typename posts { __typename } }", set()),
        ("query ($x: Boolean!) { __schema @include(if: $x) { queryType { name } } }", {""}),
    ],
)  # fmt: skip
def test_introspective_operations(documents: Documents, text: str, names: set[str]) -> None:
    """A document knows which of its operations ask for the schema, in whatever way."""
    assert documents.get(text).introspective == names


def test_introspection_is_within_the_defaults() -> None:
    """The query by which clients read a schema is accepted."""
    assert Documents(build_schema(SDL)).get(get_introspection_query()).operations.keys() == {"IntrospectionQuery"}


def test_operation_is_found_by_name(documents: Documents) -> None:
    """One operation needs no name; of several the named one is taken."""
    alone = documents.get("query A { posts { id } }")
    assert alone.operation(None) is alone.operation("A")
    several = documents.get("query A { posts { id } } query B { posts { id } }")
    assert several.operation("B").name.value == "B"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (
            "query A { posts { id } } query B { posts { id } }",
            None,
            "`operationName` must name an operation of the document: A, B.",
        ),
        ("query A { posts { id } }", "B", "`operationName` must name an operation of the document: A."),
        ("{ posts { id } }", "B", "`operationName` must be left out: the document's operation has no name."),
    ],
)
def test_operation_that_is_not_clear(documents: Documents, text: str, name: str | None, message: str) -> None:
    """The message lists what could be named."""
    with pytest.raises(OperationError) as caught:
        documents.get(text).operation(name)
    assert str(caught.value) == message


def test_fragments_alone_are_no_operation(documents: Documents) -> None:
    """A document without any operation is refused."""
    with pytest.raises(DocumentError):
        documents.get("fragment A on Post { id }")
