"""The people of the demo content: their names, what they say of themselves, and how they comment.

Words only, like `schema.content.words`, and like these a part of what a seed means.
"""

from typing import Final

REMARKS: Final = (
    "Thank you for this.", "I read this twice, on two trains.", "We did the same and it went badly.",
    "The part about {} made me laugh.", "I am not sure that I agree about {}.",
    "This is the clearest thing I have read on {}.", "Beautifully put.", "My father would have liked this.",
    "Do you have a picture?", "¡Qué bueno!", "とても参考になりました。", "Sehr schön erzählt, danke.",
    "Small correction: it was the other way round with us.", "👏👏",
)  # fmt: skip
"""How a comment begins; `{}` is the subject of its post."""

FOLLOW_UPS: Final = (
    "", "", "", "How long did it take in the end?", "I shall try it on Saturday.",
    "Would it work further north, too?", "Please write the second part.",
    "Our winters are harder, so add a week.", "I have sent it to my sister.", "The numbers surprised me.",
    "It reminded me of an old article that I cannot find any more.", "Merci ! 🙂",
)  # fmt: skip
"""How a comment goes on."""

ANSWERS: Final = (
    "Good question: about a week.", "You are right, I have corrected it.",
    "I thought so, too, until I tried.", "Same here!", "It depends on the weather, as always.",
    "There is a picture now.", "Not in my experience.", "That is kind, thank you.",
    "Yes — and twice as fast.", "Genau so.", "どういたしまして。", "Ask me again in spring 🌷",
)  # fmt: skip
"""How an answer to a comment begins."""

FIRST_NAMES: Final = (
    "Ada", "Amara", "Anaïs", "Arjun", "Astrid", "Beatriz", "Björn", "Carmen", "Chidi", "Chloé", "Darya",
    "Diego", "Elif", "Emeka", "Erik", "Fatima", "Freya", "Gábor", "Hana", "Hugo", "Ines", "Ivo", "Jana",
    "Jonas", "José", "Kofi", "Laila", "Léa", "Linnéa", "Luca", "Magda", "Malik", "Maren", "Mateus", "Mei",
    "Miro", "Nadia", "Niamh", "Nils", "Olga", "Omar", "Paulo", "Priya", "Rosa", "Saoirse", "Sofía", "Søren",
    "Tariq", "Tove", "Uma", "Vera", "Yusuf", "Zoë", "Zuzana",
)  # fmt: skip
"""Given names."""

LAST_NAMES: Final = (
    "Abara", "Almeida", "Andersen", "Bakker", "Baptiste", "Çelik", "Costa", "Dubois", "Eriksson", "Fernández",
    "Fischer", "Gallagher", "García", "Haddad", "Hansen", "Ibrahim", "Ivanova", "Jansen", "Kaya", "Kovács",
    "Kumar", "Laurent", "Lindqvist", "Lopes", "Mensah", "Meyer", "Moreau", "Müller", "Nakamura", "Nguyen",
    "Novák", "Nowak", "O'Brien", "Okafor", "Olsen", "Öztürk", "Papadopoulos", "Patel", "Peña", "Rahman",
    "Ricci", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Tanaka", "Varga", "Virtanen", "Wójcik", "Yilmaz",
    "Zhang",
)  # fmt: skip
"""Family names."""

OTHER_NAMES: Final = (
    ("王小明", "wang.xiaoming"), ("佐藤 美咲", "sato.misaki"), ("김서연", "kim.seoyeon"),
    ("Мария Петрова", "maria.petrova"), ("Ελένη Γεωργίου", "eleni.georgiou"), ("محمد علي", "mohammed.ali"),
    ("אורי לוי", "uri.levi"), ("अनिता शर्मा", "anita.sharma"),
)  # fmt: skip
"""Names in other scripts, each with the Latin form that its e-mail address has."""

BIOS: Final = (
    "Writes from a kitchen table.", "Grows things, breaks things, writes about both.",
    "Former librarian, present gardener.", "Keeper of **two** cats and one very old server.",
    "Reads manuals for pleasure.", "Bakes at five in the morning ☕.",
    "Has opinions about semicolons; keeps most of them.", "Translator. Écrit aussi en français.",
    "Learning to prune.", "Measures twice.",
)  # fmt: skip
"""What people say about themselves, in Markdown."""

MAIL_HOSTS: Final = ("example.com", "example.org", "example.net")
"""Domains that are kept for examples (RFC 2606) and reach nobody."""
