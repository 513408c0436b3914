import pytest

from schema.content.front_matter import Field, PageError, read_document


def error_of(text: str) -> tuple[int, str]:
    """Return line and message of the error that a text raises."""
    with pytest.raises(PageError) as caught:
        read_document(text)
    return caught.value.line, caught.value.message


def test_values_stay_as_they_were_written() -> None:
    """YAML's guesses do not change what an author wrote: `no`, 2024 and 1.0 are text."""
    document = read_document("---\ntitle: no\nTags: [2024, 1.0, ~, 'x']\nmap: {A: b}\n---\n\nBody\n\n")
    assert document.fields == {
        "title": Field(2, "no"),
        "tags": Field(3, ["2024", "1.0", None, "x"]),
        "map": Field(4, {"a": "b"}),
    }
    assert document.body == "Body"


def test_toml_reads_like_yaml() -> None:
    """TOML between +++ gives the same text and lines."""
    document = read_document('+++\ntitle = "T"\n\ndate = 2024-05-31T09:30:00Z\ndraft = true\n[params]\na = 1\n+++\nB')
    assert document.fields == {
        "title": Field(2, "T"),
        "date": Field(4, "2024-05-31T09:30:00+00:00"),
        "draft": Field(5, "true"),
        "params": Field(6, {"a": "1"}),
    }
    assert document.body == "B"


def test_a_body_may_hold_rules_and_fences() -> None:
    """Only the first two fences count."""
    assert read_document("---\na: b\n---\none\n\n---\n\ntwo").body == "one\n\n---\n\ntwo"


def test_empty_front_matter_is_front_matter() -> None:
    """Two fences with nothing between them are fine here; the title is missed elsewhere."""
    assert read_document("---\n---\nB").fields == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (1, "The file does not begin with front matter (--- for YAML, +++ for TOML).")),
        ("# Title\n", (1, "The file does not begin with front matter (--- for YAML, +++ for TOML).")),
        ('{\n"title": "x"\n}\n', (1, "The file does not begin with front matter (--- for YAML, +++ for TOML).")),
        ("---\ntitle: x\n", (1, "The front matter has no closing ---.")),
        ("---\n- a\n- b\n---\n", (2, "The front matter is not a list of `key: value` lines.")),
        ("---\na: 1\n\nb: 2\na: 3\n---\n", (5, "a is there twice; the first is on line 2.")),
        ("---\na: b: c\n---\n", (2, "The YAML cannot be read: mapping values are not allowed in this context.")),
        ("---\na: ok\nb: [1, 2\n---\n", (4, "The YAML cannot be read: did not find expected ',' or ']'.")),
        ("---\na: ok\nb: x\x07\n---\n", (3, "A control character (U+0007) is not allowed in YAML.")),
        ("---\na: é\nb: *nowhere\n---\n", (3, "The YAML cannot be read: found undefined alias.")),
        ("+++\na = 1\nb = \n+++\n", (3, "The TOML cannot be read: Invalid value.")),
        ("+++\na = 1\na = 2\n+++\n", (3, "The TOML cannot be read: Cannot overwrite a value.")),
        ("---\n" + "a: " + "x" * 64_000 + "\n---\n", (1, "The front matter is longer than 64,000 characters.")),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, expected: tuple[int, str]) -> None:
    """Each fault has the line of the file and a reason."""
    assert error_of(text) == expected


def test_no_tag_makes_an_object() -> None:
    """Tags that other loaders turn into calls are text and lists here."""
    document = read_document("---\na: !!python/object/apply:os.system ['exit 1']\nb: !!python/name:os.system ''\n---\n")
    assert document.fields == {"a": Field(2, ["exit 1"]), "b": Field(3, "")}


def test_bombs_do_not_go_off() -> None:
    """Aliases of aliases, merge keys, self references and deep nesting are refused while small."""
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    assert error_of(f"---\na0: &a0 [x]\n{levels}\n---\n") == (
        6, "The value holds more than 10,000 values or refers to itself."
    )  # fmt: skip
    merges = "\n".join(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}" for n in range(1, 40))
    assert error_of(f"---\nm0: &m0 {{k: v}}\n{merges}\n---\n")[1].startswith("The value holds more than")
    assert error_of("---\na: &a [*a]\n---\n")[1] == "The value holds more than 10,000 values or refers to itself."
    assert error_of("---\na: " + "[" * 60_000 + "\n---\n") == (2, "The front matter nests deeper than 20 levels.")
    assert error_of("---\na: " + "{b: " * 15_000 + "\n---\n") == (2, "The front matter nests deeper than 20 levels.")
    assert error_of("+++\na = " + "[" * 60_000 + "\n+++\n") == (1, "The front matter nests too deep.")
