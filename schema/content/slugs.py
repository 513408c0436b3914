"""Slugs for what people write: names and titles in any script, as the database wants them."""

import re
from functools import lru_cache
from typing import Final

from slugify import slugify

LONGEST_SLUG: Final = 200
"""Most characters; far below what an index entry of PostgreSQL can hold."""

SPOKEN_SIGNS: Final = re.compile(r"(?<=\w)[+#]+(?!\w)")
"""Signs at the end of a word that tell names apart: without them C, C++ and C# would be one tag."""


@lru_cache(maxsize=10_000)
def to_slug(text: str) -> str:
    """Return a text as lower-case ASCII letters, digits and single hyphens; other scripts are transliterated.

    `Crème brûlée` becomes `creme-brulee`, `日本` `ri-ben`, `C++` `cplusplus`. A text without any letter or
    digit, such as `🎉`, becomes its code points (`u1f389`), so that only an empty text has an empty slug.

    Args:
        text: One line of text.

    Returns:
        At most `LONGEST_SLUG` characters, cut between words where that is possible.
    """
    spoken = SPOKEN_SIGNS.sub(lambda match: match[0].replace("+", "plus").replace("#", "sharp"), text)
    # Posts are known by their slugs, so these must never change: the way that its library keeps frozen.
    slug = slugify(spoken, max_length=LONGEST_SLUG, word_boundary=True, backend="text-unidecode", algorithm="legacy")
    return slug or "-".join(f"u{ord(sign):x}" for sign in text[:8])
