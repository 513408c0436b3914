"""Values that clients are given as PostgreSQL spells them: its JSON, and its floats to the last digit."""

import math
from typing import Self


class ReadyJson(str):
    """JSON as PostgreSQL prints it, not a text in JSON."""

    __slots__ = ()


class SpelledFloat(float):
    """A number that is written to a client as PostgreSQL spelled it."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Make the number of a text."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def float_text(value: float) -> str:
    """Return a float as PostgreSQL prints it, but for a last digit now and then: with an exponent from 1e+15 on."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    digits = repr(value).removesuffix(".0")
    if not 1e15 <= abs(value) < 1e16:
        return digits
    sign, digits = "-" * (value < 0), digits.removeprefix("-").replace(".", "")
    return f"{sign}{f'{digits[0]}.{digits[1:]}'.rstrip('0').rstrip('.')}e+15"
