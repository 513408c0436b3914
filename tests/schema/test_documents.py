"""Documents: read once, and refused in time that is linear in the document, before they can cost much."""

import time

import pytest
from graphql import build_schema, get_introspection_query

from schema.documents import COMPARISONS, MOST_CHARACTERS, DocumentLimits, Documents
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
    documents.get("{ posts { " + "id " * 200 + "} }")
    fields = int((2 * COMPARISONS) ** 0.5) + 10
    with pytest.raises(LimitError, match="too complex to check"):
        documents.get("{ " + "posts { id } " * fields + "}")


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
