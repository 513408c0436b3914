"""Random rows with many nulls and ties, for the database and for the rules in Python alike."""

from base64 import b64decode
from collections.abc import Iterable
from random import Random
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.schema.query.models import Shop
from tests.schema.query.rules import KINDS, MOODS, Row, parse

POOLS: dict[str, list[Any]] = {
    "String": ["", "a", "A", "b", "ab", "aB", "Ab%", "a_b", "a\\b", "'", '"', "漢a", "%", "_", "null", "b'--"],
    "code": ["", "ab", "abcd", "abce"],
    "Int": [-2, -1, 0, 1, 2, 3],
    "BigInt": ["-5", "0", "7", "9007199254740992", "9007199254740993"],
    "Decimal": ["-1.25", "0.00", "0.10", "2.50", "10.00"],
    "Float": [-1.5, 0.0, 0.25, 2.5, 1e10],
    "Boolean": [True, False],
    "Date": ["2024-02-29", "2024-03-01", "1999-12-31", "2026-01-01"],
    "Time": ["00:00:00", "12:30:00", "12:30:00.5", "23:59:59"],
    "DateTime": ["2024-02-29T23:59:59.999999Z", "2024-03-01T00:00:00Z", "1999-12-31T12:00:00Z", "2026-06-01T06:00:00Z"],
    "LocalDateTime": ["2024-02-29T23:59:59", "2024-03-01T00:00:00", "1999-12-31T12:00:00.25"],
    "Interval": ["P1M", "P30D", "P29DT24H", "PT1H", "P-1D", "PT0S", "P2M"],
    "UUID": ["00000000-0000-0000-0000-000000000001", "6fa459ea-ee8a-4ca4-894e-db77e160355e",
             "ffffffff-0000-4000-8000-000000000000"],
    "Mood": list(MOODS),
    "JSON": [{}, [], {"a": 1}, {"a": 1, "b": ["x", 2, None]}, {"a": {"b": "ab"}}, {"a": None}, {"a": True, "c": "b"},
             [1, 2, "a"], [[1], {"a": 1}], "a", "ab", 3, 2.5, True, {"a": "b", "b": [True, {"a": 2}]}],
    "[String]": [[], ["a"], ["a", "b"], ["b", "a"], ["a", "a", "%"], ["", "'"]],
    "maybeWords": [[], ["abcd"], ["abce", "ab"], [""]],
    "[Int]": [[], [1], [1, 2], [None], [1, None, 3], [3, 3]],
    "Base64": ["", "AA==", "aGVsbG8=", "/w=="],
}  # fmt: skip
"""Values as GraphQL writes them: by scalar, or by field where a column holds less than its scalar."""

LABELS = {"OPEN": "open", "SHUT": "firmly shut", "BROKEN": "broken"}

SIZES = {"boxes": 23, "items": 41, "marks": 6, "labels": 11}


def pool(type_: str, field: str) -> list[Any]:
    """Return the values that a field of a row may have."""
    return POOLS.get(field) or POOLS[KINDS[type_][field]]


class World:
    """The rows of every type."""

    def __init__(self, rows: dict[str, list[Row]], tables: dict[str, list[dict[str, Any]]]) -> None:
        self.rows = rows
        """By type."""
        self.tables = tables
        """As the database is given them, by table."""


def make_world(seed: int) -> World:
    """Return random rows, the same for the same seed."""
    return _Maker(Random(seed)).make()  # noqa: S311 - no secret


class _Maker:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._tables: dict[str, list[dict[str, Any]]] = {}

    def _row(self, type_: str, table: str, column: str, key: Any, **relations: Any) -> Row:
        """Make a row's own values; a null for two in five of those that may be null."""
        row = Row(key=key, **relations)
        stored: dict[str, Any] = {column: key}
        for field, kind in KINDS[type_].items():
            if field == "doubled":
                continue
            name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in field)
            nullable = field.startswith("maybe") or type_ != "Box"
            value = None if nullable and self._random.random() < 0.4 else self._random.choice(pool(type_, field))
            value = "" if type_ == "Item" and field == "name" and value is None else value
            row[field] = parse(kind, value)
            stored[name] = _stored(kind, value)
        self._tables.setdefault(table, []).append(stored)
        return row

    def _maybe(self, rows: list[Row]) -> Row | None:
        return None if not rows or self._random.random() < 0.3 else self._random.choice(rows)

    def make(self) -> World:
        boxes: list[Row] = []
        for key in range(1, SIZES["boxes"] + 1):
            outer = self._maybe(boxes[:5])
            box = self._row("Box", "boxes", "id", key)
            box.update(doubled=box["small"] * 2, outer=outer, inner=[], items=[], marks=[], label=None)
            self._tables["boxes"][-1]["outer_id"] = outer and outer["key"]
            if outer:
                outer["inner"].append(box)
            boxes.append(box)
        marks = [
            self._row("Mark", "marks", "code", code, boxes=[], items=[])
            for code in ["a", "b/c", "ü", "", "d:1", "['\"]"][: SIZES["marks"]]
        ]
        items = [self._item(key, boxes) for key in range(1, SIZES["items"] + 1)]
        labels = [self._label(box) for box in self._random.sample(boxes, SIZES["labels"])]
        self._tie("box_marks", "box_id", "boxes", boxes, marks)
        self._tie("item_marks", "item_id", "items", items, marks)
        return World({"Box": boxes, "Item": items, "Mark": marks, "Label": labels}, self._tables)

    def _item(self, key: int, boxes: list[Row]) -> Row:
        box = self._maybe(boxes[:8])
        item = self._row("Item", "items", "id", key, box=box, marks=[])
        self._tables["items"][-1]["box_id"] = box and box["key"]
        if box:
            box["items"].append(item)
        return item

    def _label(self, box: Row) -> Row:
        label = self._row("Label", "labels", "box_id", box["key"], box=box)
        box["label"] = label
        return label

    def _tie(self, table: str, column: str, back: str, rows: Iterable[Row], marks: list[Row]) -> None:
        for row in rows:
            for mark in self._random.sample(marks, self._random.choice([0, 0, 1, 2, 3])):
                row["marks"].append(mark)
                mark[back].append(row)
                pair = {column: row["key"], "mark_code": mark["key"]}
                again = 2 if table == "item_marks" and self._random.random() < 0.3 else 1
                self._tables.setdefault(table, []).extend([pair] * again)


def _stored(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "Mood":
        return LABELS[value]
    return "\\x" + b64decode(value).hex() if kind == "Base64" else value


async def load(connection: AsyncConnection, world: World) -> None:
    """Make the tables, and fill them in an order that is not that of the keys."""
    await connection.run_sync(Shop.metadata.create_all)
    for table in ("boxes", "marks", "items", "labels", "box_marks", "item_marks"):
        rows = orjson.dumps(world.tables.get(table, [])).decode()
        columns = ", ".join(f'"{column.name}"' for column in Shop.metadata.tables[table].columns)
        await connection.execute(
            text(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(null::{table}, "
                "cast(:rows AS jsonb)) ORDER BY md5(jsonb_populate_recordset::text)"
            ),
            {"rows": rows},
        )
