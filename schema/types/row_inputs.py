"""Declares what inputs of mutations are made of: rows, keys, and what hangs on a row."""

from collections.abc import Iterator
from enum import Enum
from types import ModuleType

import strawberry

from schema.graph import Graph, Link, ObjectType
from schema.types.declare import Argument, annotation_of, declare_input, described_enum
from schema.writing.read import upsert_keys


class Use(Enum):
    """What an input is for."""

    CREATE = "a new row"
    UPDATE = "one row that is there"
    UPDATE_MANY = "rows that are there, all alike"


def declare_key(type_: ObjectType, module: ModuleType) -> None:
    """Declare how a row that is there is named: by its id, or by a unique key."""
    fields: list[Argument] = [("id", "ID", f"The {type_.name} with this id.")]
    for key in type_.unique_keys:
        columns: list[Argument] = [
            (
                field.name,
                "ID" if field.references else annotation_of(field.scalar, is_nullable=False),
                field.description or f"The {field.name}.",
            )
            for field in key.fields
        ]
        if len(columns) == 1:
            fields.append((key.by, columns[0][1], f"The {type_.name} with this `{key.by}`."))
        else:
            name = f"{type_.name}By{key.by[0].upper()}{key.by[1:]}"
            text = f"Names a {type_.name} by {' and '.join(f'`{each[0]}`' for each in columns)}."
            declare_input(name, text, columns, module, required={each[0] for each in columns})
            fields.append((key.by, name, f"The {type_.name} with these."))
    declare_input(f"{type_.name}Key", f"Names a {type_.name} that is there.", fields, module, is_one_of=True)


def which(type_: ObjectType) -> tuple[list[Argument], set[str]]:
    """Return what names the row that is to change: its id, and its version where it has one."""
    fields: list[Argument] = [("id", "ID", f"Which {type_.name}.")]
    if type_.writes is not None and type_.writes.version is not None:
        text = "The version that you have read: where the row has changed since, it stays as it is."
        fields.append((type_.writes.version.name, "int", text))
    return fields, {name for name, _, _ in fields}


def declare_unique_key(type_: ObjectType, module: ModuleType) -> None:
    """Declare the enum of the unique keys by which rows are looked for."""
    name, text = f"{type_.name}UniqueKey", f"A unique key of {type_.name} rows."
    if not _is_first(name, module):
        return
    members = {
        member: f"By {' and '.join(f'`{field.name}`' for field in key.fields)}."
        for member, key in upsert_keys(type_).items()
    }
    vars(module)[name] = strawberry.enum(described_enum(name, members), name=name, description=text)


def columns(type_: ObjectType, use: Use) -> tuple[list[Argument], set[str]]:
    """Return the fields of an input that are columns, and the names of those that a new row needs."""
    fields: list[Argument] = []
    required = set[str]()
    for each in type_.writes.fields if type_.writes else ():
        if use is not Use.CREATE and each.is_fixed:
            continue
        shown = "ID" if each.field.references else annotation_of(each.field.scalar, is_nullable=False)
        asked = "".join(f" It {rule.message}." for rule in each.rules)
        fields.append((each.field.name, shown, f"{each.field.description or f'The {each.field.name}.'}{asked}"))
        if each.is_required:
            required.add(each.field.name)
    return fields, required


def links(graph: Graph, type_: ObjectType, module: ModuleType, use: Use) -> Iterator[Argument]:
    """Yield the fields of an input that are relations."""
    for link in type_.writes.links if type_.writes else ():
        if link.is_fixed and use is not Use.CREATE:
            continue
        target = graph.types[link.relation.target]
        text = link.relation.description or f"The {link.relation.name}."
        if link.relation.is_list:
            name = None if use is Use.UPDATE_MANY else _to_many(graph, type_, link, target, module, use)
        elif link.relation.is_reference:
            name = _to_one(graph, link, target, module, use)
        else:
            name = None if use is Use.UPDATE_MANY else _to_the_only(graph, type_, link, target, module, use)
        if name is not None:
            yield link.relation.name, name, text


def _may(target: ObjectType, operation: str) -> bool:
    return target.writes is not None and operation in target.writes.operations


def _declare_change(graph: Graph, target: ObjectType, module: ModuleType) -> str:
    """Return the input that changes the row at the end of a to-one link, which needs no id."""
    name = f"{target.name}Change"
    if _is_first(name, module):
        fields, required = which(target)
        fields = [*fields[1:], *columns(target, Use.UPDATE)[0], *links(graph, target, module, Use.UPDATE)]
        declare_input(name, f"What is to change of a {target.name}.", fields, module, required=required)
    return name


def _declare_sought(target: ObjectType, row: str, part: str, module: ModuleType) -> str:
    """Return the input of a row that is taken where it is there, and made where it is not."""
    name = f"{target.name if row == f'Create{target.name}Input' else part}ConnectOrCreate"
    if _is_first(name, module):
        declare_unique_key(target, module)
        fields: list[Argument] = [
            ("by", f"{target.name}UniqueKey", "The unique key by which it is looked for."),
            ("create", row, f"The {target.name}; one that is there stays as it is."),
        ]
        text = f"Takes the {target.name} that is there, or creates it."
        declare_input(name, text, fields, module, required={"by", "create"})
    return name


def _to_one(graph: Graph, link: Link, target: ObjectType, module: ModuleType, use: Use) -> str:
    """Return the input of a link whose key the row holds, declared once for all links to a type."""
    is_optional, is_change = link.relation.is_nullable and use is not Use.CREATE, use is Use.UPDATE
    name = f"{target.name}{'Optional' if is_optional else ''}Link{'Change' if is_change else ''}"
    if not _is_first(name, module):
        return name
    fields: list[Argument] = [("connect", f"{target.name}Key", f"A {target.name} that is there.")]
    if _may(target, "create"):
        fields.append(("create", f"Create{target.name}Input", f"A new {target.name}."))
        if upsert_keys(target):
            sought = _declare_sought(target, f"Create{target.name}Input", "", module)
            fields.append(("connectOrCreate", sought, f"A {target.name} that is there, or a new one."))
    if is_change and _may(target, "update"):
        fields.append(
            ("update", _declare_change(graph, target, module), f"Changes the {target.name} that it leads to.")
        )
    if is_optional:
        fields.append(("disconnect", "bool", "Leads nowhere from now on: `disconnect: true`."))
    if is_optional and is_change and _may(target, "delete"):
        fields.append(("delete", "bool", f"Deletes the {target.name} that it leads to: `delete: true`."))
    declare_input(name, f"Leads to a {target.name}.", fields, module, is_one_of=True)
    return name


def _to_the_only(
    graph: Graph, type_: ObjectType, link: Link, target: ObjectType, module: ModuleType, use: Use
) -> str | None:
    """Return the input of a link to the only row that holds this one's key; None where nothing can be said of it."""
    part, is_change = _part(type_, link), use is Use.UPDATE
    is_movable, is_loose = _is_movable(target, link), _is_loose(target, link)
    fields: list[Argument] = []
    if is_movable:
        fields.append(("connect", f"{target.name}Key", f"A {target.name} that is there."))
    if _may(target, "create"):
        row = _item(graph, part, link, target, module)
        fields.append(("create", row, f"A new {target.name}."))
        if is_movable and upsert_keys(target):
            sought = _declare_sought(target, row, part, module)
            fields.append(("connectOrCreate", sought, f"A {target.name} that is there, or a new one."))
    if is_change and _may(target, "update"):
        fields.append(("update", _declare_change(graph, target, module), f"Changes the {target.name} that is there."))
    if is_change and is_movable and is_loose:
        fields.append(("disconnect", "bool", f"Lets the {target.name} go: `disconnect: true`."))
    if is_change and _may(target, "delete"):
        fields.append(("delete", "bool", f"Deletes the {target.name} that is there: `delete: true`."))
    name = f"{part}{'Change' if is_change else 'Input'}"
    if fields and _is_first(name, module):
        declare_input(name, f"The {target.name} of a {type_.name}.", fields, module, is_one_of=True)
    return name if fields else None


def _to_many(
    graph: Graph, type_: ObjectType, link: Link, target: ObjectType, module: ModuleType, use: Use
) -> str | None:
    """Return the input of a to-many link; None where nothing can be said of it.

    Rows that lead to theirs once and for all are made and deleted, and not moved from one to another.
    """
    part, is_change, is_movable = _part(type_, link), use is Use.UPDATE, _is_movable(target, link)
    key = f"list[{target.name}Key]"
    fields: list[Argument] = []
    if _may(target, "create"):
        row = _item(graph, part, link, target, module)
        fields.append(("create", f"list[{row}]", f"New {target.name} rows."))
        if is_movable and upsert_keys(target):
            sought = _declare_sought(target, row, part, module)
            fields.append(("connectOrCreate", f"list[{sought}]", f"{target.name} rows that are there, or new ones."))
    if is_movable:
        fields.append(("connect", key, f"{target.name} rows that are there."))
    if is_change and _may(target, "update"):
        fields.append(("update", f"list[Update{target.name}Input]", f"{target.name} rows of it that change."))
    if is_movable and is_change:
        fields.append(("disconnect", key, f"{target.name} rows that are let go."))
        fields.append(("set", key, f"The {target.name} rows that are connected from now on; all others are let go."))
    if is_change and link.pairs and _may(target, "delete"):
        fields.append(("delete", key, f"{target.name} rows of it that are deleted."))
    name = f"{part}{'Change' if is_change else 'Input'}"
    if fields and _is_first(name, module):
        declare_input(name, f"The {target.name} rows of a {type_.name}.", fields, module)
    return name if fields else None


def _part(type_: ObjectType, link: Link) -> str:
    return f"{type_.name}{link.relation.name[0].upper()}{link.relation.name[1:]}"


def _is_movable(target: ObjectType, link: Link) -> bool:
    """Return whether rows at the far end of a link may come to lead to other rows."""
    back = _back(target, link)
    return back is None or not back.is_fixed


def _is_loose(target: ObjectType, link: Link) -> bool:
    """Return whether rows at the far end of a link may lead nowhere."""
    held = {each.attribute: each for each in target.fields} if target.writes is None else target.writes.columns
    return all(getattr(held.get(far), "nullable", False) for _, far in link.pairs)


def _item(graph: Graph, part: str, link: Link, target: ObjectType, module: ModuleType) -> str:
    """Return the input of a new row at the end of a link: without the relation that leads back."""
    back = _back(target, link)
    if back is None:
        return f"Create{target.name}Input"
    name = f"{part}Item"
    if _is_first(name, module):
        fields, required = columns(target, Use.CREATE)
        fields += [each for each in links(graph, target, module, Use.CREATE) if each[0] != back.relation.name]
        required |= {each.relation.name for each in (target.writes.links if target.writes else ()) if each.is_required}
        declare_input(name, f"A new {target.name} of a row.", fields, module, required=required - {back.relation.name})
    return name


def _back(target: ObjectType, link: Link) -> Link | None:
    """Return the target's link over the same foreign key, where clients may write it."""
    links = target.writes.links if target.writes is not None and link.back is not None else ()
    return next((each for each in links if each.relation.attribute == link.back), None)


def _is_first(name: str, module: ModuleType) -> bool:
    """Return whether a type is to be declared now: it is not yet, and is not about to be (it may lead to itself)."""
    begun: set[str] = vars(module).setdefault("__begun__", set())
    is_first = name not in begun
    begun.add(name)
    return is_first
