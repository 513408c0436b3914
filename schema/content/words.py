"""The phrases that the demo content is put together from: four themes, each with its own words.

Words only; how they are drawn and joined is the affair of `schema.content.rows`. They are part of what a
seed means: a change here changes every row, and the checksum in the tests with them.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Theme:
    """What the posts about one theme are made of."""

    categories: tuple[tuple[str, str | None], ...]
    """Name and description of each category of the theme."""

    subjects: tuple[str, ...]
    """What a post can be about, as it stands within a sentence."""

    sentences: tuple[str, ...]
    """Whole sentences; `{}` is the subject."""

    steps: tuple[str, ...]
    """Lines of a list."""

    example: str
    """A block of Markdown that some posts carry."""

    tags: tuple[str, ...]
    """Words that posts on the theme share."""


GARDEN: Final = Theme(
    categories=(
        ("Vegetable garden", "What to sow, when to water, and what the slugs left."),
        ("Flowers", None),
        ("Soil and compost", "The dark half of gardening."),
    ),
    subjects=(
        "broad beans", "old roses", "leaf mould", "winter lettuce", "a small pond", "the compost heap",
        "dahlias", "raised beds", "garlic", "a pear tree", "wild strawberries", "rainwater",
        "tomatoes under glass", "the hedge", "jalapeños", "rosé geraniums",
    ),
    sentences=(
        "The frost came early this year, and {} had to be covered overnight.",
        "Nobody tells a beginner that {} may want less attention, not more.",
        "I kept a notebook for three seasons, and the pages about {} are the dirtiest.",
        "Water in the morning, look again in the evening, and leave the rest to the worms.",
        "A neighbour of eighty years showed me how his mother did it, with a spoon and a piece of string.",
        "Clay forgives nothing in March and everything in May.",
        "What looks like neglect from the street is a home for eleven kinds of bees.",
        "Half of the seeds came up; the other half fed a family of blackbirds.",
        "By the end of June you will have more than you can eat, and friends who avoid you.",
        "The books disagree, so I tried both ways in two rows, a metre apart.",
        "There is a day in autumn when the whole bed smells of pears.",
        "I would not do it again on a slope.",
    ),
    steps=(
        "Loosen the ground a hand deep", "Add two buckets of sieved compost", "Sow thinly, then thin again",
        "Keep the label, you *will* forget", "Mulch before the first dry week", "Pick often",
    ),
    example="> Plant the pear for your heirs, my grandfather said, and then ate from it for thirty years.",
    tags=(
        "compost", "pruning", "seeds", "perennials", "frost", "mulch", "pollinators", "harvest", "watering",
        "heirlooms", "greenhouse", "weeds",
    ),
)  # fmt: skip

KITCHEN: Final = Theme(
    categories=(
        ("Bread", "Flour, water, salt and patience."),
        ("Soups and stews", None),
        ("Preserves", "Summer, in jars."),
    ),
    subjects=(
        "rye bread", "crème brûlée", "a pot of lentils", "kimchi", "smørrebrød", "plum jam", "onion soup",
        "gnocchi", "pickled cucumbers", "miso soup (味噌汁)", "an honest omelette", "flatbread", "fish stock",
        "quince paste", "jollof rice", "a Sunday roast",
    ),
    sentences=(
        "Salt earlier than you think, and taste more often than you like.",
        "The first time I made {}, we ordered pizza.",
        "For {} you need a heavy pan, a low flame and somebody to talk to.",
        "My aunt measured nothing, so I weighed her hands' work for a whole weekend.",
        "Rest the dough; it has done more work than you have.",
        "The smell on the stairs is the only timer that I trust.",
        "With {} the last five minutes decide.",
        "Butter first, then the onions, then patience until they are the colour of old piano keys.",
        "Most recipes hide the step that matters in the middle of a sentence, like this: cool it.",
        "It keeps for a week in theory, and until Tuesday in our house.",
        "A sharp knife is kinder to you and to the tomato.",
        "Serve it in the pan; everything tastes better out of the pan.",
    ),
    steps=(
        "Weigh everything first", "Warm the bowl", "Fold, do not stir", "Leave it alone for an hour",
        "Taste, and then taste again", "Eat it the next day, too",
    ),
    example="| what | how much |\n| --- | ---: |\n| flour | 500 g |\n| water | 340 g |\n| salt | 10 g |",
    tags=(
        "sourdough", "fermentation", "leftovers", "spices", "breakfast", "vegetarian", "baking", "knives",
        "purée", "picnic", "slow cooking", "jars",
    ),
)  # fmt: skip

DATABASE: Final = Theme(
    categories=(
        ("PostgreSQL", "Queries, plans, and what the planner knew that we did not."),
        ("Data modelling", "Tables that will still make sense in ten years."),
        ("Operations", None),
    ),
    subjects=(
        "keyset pages", "partial indexes", "a slow query", "schema migrations", "foreign keys", "time zones",
        "row-level security", "connection pools", "JSON columns", "materialised views", "vacuum", "backups",
        "deadlocks", "window functions", "natural keys", "a GraphQL API",
    ),
    sentences=(
        "We looked at {} for two days before anybody ran EXPLAIN.",
        "The plan was right; our idea of the data was wrong.",
        "An index is a promise to every future write, so make few of them and keep them.",
        "Nothing teaches {} like a table with a hundred million rows and a deadline.",
        "Measure on data of the real shape: a thousand equal rows prove nothing.",
        "The constraint had been there from the first day, and it caught the bug in the third year.",
        "Null is not a value, it is a question that somebody postponed.",
        "We rehearsed the restore on a Friday, and that is why this is a short story.",
        "One statement beats ten, provided that a person can still read it.",
        "Every cache that we removed made the page faster, which surprised only us.",
        "Name the constraint, or the migration that drops it will have to guess.",
        "The old hands said that {} would be the first thing to hurt, and they were right.",
    ),
    steps=(
        "Write down the question in one sentence", "Look at the plan *with* buffers", "Change one thing",
        "Measure again on the big table", "Give the constraint a name", "Keep the numbers next to the code",
    ),
    example="```sql\nSELECT author_id, count(*)\nFROM posts\nWHERE NOT draft\nGROUP BY author_id\n"
    "ORDER BY 2 DESC\nLIMIT 10;\n```",
    tags=(
        "indexes", "migrations", "transactions", "explain", "backups", "locking", "replication", "sql",
        "types", "monitoring", "pooling", "naïve keys",
    ),
)  # fmt: skip

PUBLISHING: Final = Theme(
    categories=(
        ("Writing", "Finding the sentence that the rest hangs from."),
        ("Editing", None),
        ("Running a site", "From the first draft to the four hundredth feed reader."),
    ),
    subjects=(
        "the first paragraph", "house style", "a newsletter", "footnotes", "the feed", "alt text",
        "long titles", "an archive page", "comments", "translation (翻訳)", "Ångström's rule", "corrections",
        "page weight", "a style sheet", "link rot", "deadlines",
    ),
    sentences=(
        "Readers forgive a late post sooner than a dull one.",
        "We argued about {} until the coffee was cold, and then did the simple thing.",
        "Cut the first paragraph; the second was always the beginning.",
        "A page that loads at once is a kindness to people on trains.",
        "The draft knew what it was about before I did.",
        "Write the correction where the mistake was, with the date, and without excuses.",
        "There is an art to {}, and most of it is leaving out.",
        "The best letter we ever had began: you are wrong, and I have been reading you for nine years.",
        "Every site has a cupboard of half-written posts; ours has {} in it.",
        "An address that changed is a promise that broke.",
        "Read it aloud. Where you breathe in the wrong place, so will everyone.",
        "Nobody has ever asked us for a bigger picture at the top.",
    ),
    steps=(
        "Read it aloud once", "Check every name and every date", "Describe the pictures", "Cut a tenth",
        "Let someone else press the button", "Answer the first three letters",
    ),
    example="---\n\n*This post first went out by letter. The letter is nicer, but you have to ask for it.*",
    tags=(
        "drafts", "typography", "feeds", "accessibility", "interviews", "style", "archives", "résumé",
        "headlines", "letters", "photography", "translation",
    ),
)  # fmt: skip

THEMES: Final = (GARDEN, KITCHEN, DATABASE, PUBLISHING)
"""The themes; the category with index i belongs to theme i // 3."""

TAG_MODIFIERS: Final = (
    "early", "late", "small", "old", "quick", "winter", "summer", "shared", "quiet", "practical", "simple",
    "local", "slow", "annual", "daily", "first", "rural", "urban", "public", "private", "careful", "honest",
)  # fmt: skip
"""Words that go before a tag once the plain tags are used up."""

TITLES: Final = (
    "What {} taught me", "In praise of {}", "A year with {}", "Notes on {}", "The trouble with {}",
    "Everything we got wrong about {}", "{}: a field guide", "Ten small things about {}",
    "Once more about {}", "Starting over with {}", "A short history of {}", "{}, explained to my grandmother",
    "Living with {}", "How we stopped worrying about {}", "The quiet charm of {}", "{} for impatient people",
    "Letters about {}", "Before you try {}", "¿{}? Sí", "{}: a second look",
)  # fmt: skip
"""Headlines; `{}` is the subject."""

SUBTITLES: Final = (
    "", "", "", "", "", "", ", one year later", " (part two)", ": an update", " 🌱", ", from memory",
    " — naïve questions", ": the numbers", " in small spaces", " ☕", ", with drawings",
)  # fmt: skip
"""What may follow a headline."""

HEADINGS: Final = (
    "What happened", "How it was done", "The second attempt", "What I would change", "Some numbers",
    "A detour", "What the letters said", "In short",
)  # fmt: skip
"""Headings within a post."""

DESCRIPTIONS: Final = (
    "What a season of {} looked like from close by.", "Three mistakes, one success and some notes on {}.",
    "A long answer to a short question about {}.", "On {}, for those who come after.",
    "Where {} went wrong, and what we kept.", "A plain account of {} without the shine.",
)  # fmt: skip
"""Descriptions of posts; `{}` is the subject."""
