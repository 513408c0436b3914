"""How long a graph takes to build, and how large it is: `python benchmarks/schema_build.py [models]`.

The models are generated: each has a column of every common kind, refers to another, is referred to, and is tied to
a third by an association table. The build is what a server pays once at start.
"""

import argparse
import resource
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship

from schema.build import build_graph_schema
from schema.graph import read_graph
from schema.models.base import Exposure, expose


def generated_models(count: int) -> type[DeclarativeBase]:
    """Return a declarative base with a number of models, each tied to the next ones in a ring."""

    class Generated(DeclarativeBase):
        __graph__: ClassVar[Exposure | None] = None
        kept: ClassVar[list[type[Any]]] = []

    for number in range(count):
        Generated.kept.append(_model(Generated, number, count))
    return Generated


def _model(base: type[DeclarativeBase], number: int, count: int) -> type[Any]:
    name, parent, peer = (f"Model{index % count}" for index in (number, number + 1, number + 2))
    columns = {
        "title": mapped_column(Text, nullable=False, comment="What it is called."),
        "slug": mapped_column(Text, nullable=False, unique=True),
        "count": mapped_column(Integer, nullable=False),
        "price": mapped_column(Numeric(12, 2)),
        "token": mapped_column(Uuid),
        "made_at": mapped_column(DateTime(timezone=True), nullable=False),
        "labels": mapped_column(ARRAY(Text)),
        "data": mapped_column(JSONB),
    }
    tie = Table(
        f"tie{number}",
        base.metadata,
        Column("left_id", ForeignKey(f"model{number}.id"), primary_key=True),
        Column("right_id", ForeignKey(f"{peer.lower()}.id"), primary_key=True),
    )
    relations = {
        "parent": relationship(parent, foreign_keys=f"{name}.parent_id", back_populates="children", lazy="raise",
                               remote_side=f"{parent}.id"),
        "children": relationship(f"Model{(number - 1) % count}", foreign_keys=f"Model{(number - 1) % count}.parent_id",
                                 back_populates="parent", lazy="raise"),
        "peers": relationship(peer, secondary=tie, lazy="raise", primaryjoin=f"{name}.id == tie{number}.c.left_id",
                              secondaryjoin=f"{peer}.id == tie{number}.c.right_id"),
    }  # fmt: skip
    body = {
        "__tablename__": f"model{number}",
        "__doc__": f"Model number {number}.",
        "__graph__": expose(*columns, *relations),
        "id": mapped_column(Integer, primary_key=True),
        "parent_id": mapped_column(ForeignKey(f"{parent.lower()}.id"), index=True),
        **columns,
        **relations,
    }
    return type(name, (base,), body)


def main() -> None:
    """Build and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=int, nargs="?", default=50, help="how many models (default: 50)")
    count = parser.parse_args().models
    base = generated_models(count)
    begun = time.process_time()
    read_graph(base)
    read = time.process_time()
    schema = build_graph_schema(base, own=())
    built = time.process_time()
    sdl = schema.print()
    printed = time.process_time()
    types = [name for name in schema.core.type_map if not name.startswith("__")]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} models: {len(types)} types, {len(sdl) / 1000:.0f} kB of SDL")
    print(
        f"CPU: mappers read in {read - begun:.2f} s, schema built in {built - read:.2f} s, printed in "
        f"{printed - built:.2f} s; {memory:.0f} MB at most"
    )


if __name__ == "__main__":
    main()
