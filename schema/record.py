"""A row as resolvers see it: the attributes that the selection asked for, under the model's names."""

from typing import Any, ClassVar


class Record:
    """Values of one row. A subclass is made for each type, see `record_class`."""

    graph_type: ClassVar[str]
    """Name of the GraphQL type."""

    def __init__(self, values: dict[str, Any]) -> None:
        """Wrap values by attribute name; the dictionary is taken over, not copied."""
        self.__dict__ = values

    def __getattr__(self, name: str) -> Any:
        """Complain of a value that was not fetched; Python calls this only where it is missing."""
        if name.startswith("__"):
            raise AttributeError(name)  # graphql-core asks each value whether it has `__await__`
        raise AttributeError(
            f"{type(self).graph_type}.{name} was not fetched for this field. A field of your own names the attributes "
            f'that it reads: @strawberry.field(metadata=reads("{name}")).'
        )


def record_class(type_name: str) -> type[Record]:
    """Return the class of the rows of one GraphQL type."""
    return type(f"{type_name}Record", (Record,), {"graph_type": type_name})
