"""How deeply the JSON of a request may nest, and how many values it may hold.

Reading JSON is fast; what is done with it afterwards walks it in Python, some of it by recursion. Brackets and commas
are counted in the bytes first, which costs next to nothing, and only where there are many is the JSON itself walked.
"""

from dataclasses import dataclass
from typing import Any

from api.settings import Settings
from schema.beside import MANY
from schema.errors import LimitError


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """How large variables and extensions may be, each by itself."""

    depth: int = 50
    """Most levels that lists and objects may nest; the variables themselves are none."""

    values: int = 100_000
    """Most values, lists and objects among them."""

    read_values: int = 5_000
    """Most values for an operation that only reads."""

    def check(self, raw: bytes, name: str, found: Any) -> int:
        """Refuse what nests too deeply or holds too many values.

        Args:
            raw: The JSON in which it was written.
            name: What it is called.
            found: What was read.

        Returns:
            How many values there are; 0 where they are so few that nobody need count them.

        Raises:
            LimitError: It does.
        """
        opened = raw.count(b"{") + raw.count(b"[")
        if opened > self.depth or opened + raw.count(b",") > min(self.values, self.read_values, MANY):
            return self._walk(name, found)
        return 0

    def _walk(self, name: str, found: Any) -> int:
        level: list[dict[str, Any] | list[Any]] = [found] if isinstance(found, dict) else []
        count = 0
        for _ in range(self.depth + 1):
            inner = [value for each in level for value in (each.values() if isinstance(each, dict) else each)]
            count += len(inner)
            if count > self.values:
                raise LimitError(f"Parameter `{name}` holds more than {self.values:,} values.")
            level = [value for value in inner if isinstance(value, dict | list)]
            if not level:
                return count
        raise LimitError(f"Parameter `{name}` nests lists and objects more than {self.depth} levels deep.")


def json_limits(settings: Settings) -> JsonLimits:
    """Return how large variables may be."""
    return JsonLimits(settings.deepest_value, settings.largest_variables, settings.largest_query_variables)
