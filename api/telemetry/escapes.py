"""What is never written as it came: characters that do not print, and keys.

What a client sends is in log lines and spans; none of it may forge a line, steer a terminal, or give a key away.
"""

import re
from typing import Final

from structlog.typing import EventDict, WrappedLogger

KEY_MARK: Final = "ach_"
"""What every API key begins with; see `api.keys.format`, which is not known here."""

MARK: Final = KEY_MARK.encode()
"""The same in bytes."""

KEY: Final = re.compile(rf"({KEY_MARK}[0-9a-z]{{10}}_)[0-9A-Za-z]+")
"""A key, or what is left of one: its visible part, and the rest."""


def escape(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Escape control characters in every text of an event, so that none can forge a line or steer a terminal."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redacted(value if value.isprintable() else escaped(value))
    return event


def redact(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Leave only the visible part of each API key in the text of a traceback."""
    if "exception" in event:
        event["exception"] = redacted(event["exception"])
    return event


def redacted(text: str) -> str:
    """Return a text with only the visible part of each API key in it, wherever it came from."""
    return KEY.sub(r"\1***", text) if KEY_MARK in text else text


def escaped(text: str) -> str:
    r"""Return a text with every character that does not print as an escape such as `\n` or `\x1b`."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
