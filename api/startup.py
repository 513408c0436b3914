"""What keeps a program from starting, told to who starts it: a line for each mistake, and no traceback."""

import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NoReturn

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from api.setting_words import accepted, variable, variables
from api.settings import Settings
from schema.errors import AcheneError, UnreachableError

FAILED: Final = 1
"""Exit code where something that was asked for could not be done."""

BAD_SETTING: Final = 2
"""Exit code where a setting cannot be used; that of a wrong option, too."""

OTHERS: Final = frozenset({"ACHENE_TAG", "ACHENE_PUBLISHED_PORT"})
"""Variables that are read by others than the server: by the Compose file."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what we raise on purpose, and settings that cannot be used, into messages and an exit code.

    They are for the operator, who needs no traceback. Anything else is a fault of ours and keeps its own.
    """
    try:
        yield
    except UnreachableError as error:
        _refuse(f"{error} Look at DATABASE_URL, and whether PostgreSQL lets us in.", FAILED)
    except AcheneError as error:
        _refuse(str(error), FAILED)
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        _refuse(describe(error), BAD_SETTING)
    except SettingsError as error:
        _refuse(f"A setting cannot be read: {error}", BAD_SETTING)


def _refuse(message: str, code: int) -> NoReturn:
    print(f"achene: {message}", file=sys.stderr)  # noqa: T201 - nothing logs yet
    sys.exit(code)


def describe(error: ValidationError) -> str:
    """Say which variables cannot be used and what they take, one a line, without what they hold: it may be a secret."""
    return "\n".join(map(_describe, error.errors()))


def _describe(item: ErrorDetails) -> str:
    """Say what is wrong with a setting, which pydantic names by its field or by its variable."""
    place = str(item["loc"][0])
    name = variables().get(place, place)
    if item["type"] == "value_error":  # words of our own, which say what would be accepted
        own = str(item["ctx"]["error"])
        return own if own.startswith(variable(name)) else f"{variable(name)}: {own}"
    return f"{variable(name)}: {item['msg']}. It takes: {accepted(name)}."


def warnings(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return a line for each variable that looks like a setting and is none, as after a slip of the finger."""
    prefix, file = Settings.model_config["env_prefix"], Settings.model_config["env_file"]
    known = variables()
    given = {**dotenv_values(str(file)), **environment}
    unknown = sorted(name for name in given if name.startswith(prefix) and name not in known and name not in OTHERS)
    return [f"{name} is no setting, and is ignored.{_suggestion(name, list(known))}" for name in unknown]


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f" Did you mean {close[0]}?" if close else ""
