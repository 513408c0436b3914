"""Declares the inputs of mutations: what a new row, a change and a key are, and what hangs on a row."""

from collections.abc import Iterator
from types import ModuleType

import strawberry

from schema.graph import Graph, Link, ObjectType
from schema.types.declare import Argument, annotation_of, declare_input, described_enum
from schema.writing.read import upsert_keys


def declare_key(type_: ObjectType, module: ModuleType) -> None:
    """Declare how a row that is there is named: by its id, or by a unique key of one column."""
    fields: list[Argument] = [("id", "ID", f"The {type_.name} with this id.")]
    for key in type_.unique_keys:
        if len(key.fields) == 1:
            field = key.fields[0]
            shown = "ID" if field.references else annotation_of(field.scalar, is_nullable=False)
            fields.append((field.name, shown, f"The {type_.name} with this `{field.name}`."))
    declare_input(f"{type_.name}Key", f"Names a {type_.name} that is there.", fields, module, is_one_of=True)


def declare_write_input(graph: Graph, type_: ObjectType, kind: str, base: str, module: ModuleType) -> None:
    """Declare the input of a mutation: `CreatePostInput`, and what it is made of.

    Args:
        graph: The graph description.
        type_: What is written.
        kind: Which mutation; see `schema.types.mutations.Mutation`.
        base: What the name begins with.
        module: The namespace.
    """
    name, plural = type_.name, type_.plural
    at_most = (
        "atMost",
        "int",
        "Most rows that may be written: where the filter finds more, nothing is. `atMost: 100`.",
    )
    which = ("filter", f"{name}Filter", "Which rows; an empty one finds all.")
    by = ("by", f"{name}UniqueKey", "The unique key by which a row is found.")
    match kind:
        case "create":
            fields, required = _new(graph, type_, module)
        case "update":
            fields, required = _which(type_)
            fields += _changes(graph, type_, module)
        case "delete":
            fields, required = _which(type_)
        case "upsert":
            _declare_unique_key(type_, module)
            fields = [
                by,
                (type_.singular, f"Create{name}Input", "The row; of one that is there, what is given changes."),
            ]
            required = {"by", type_.singular}
        case "createMany":
            fields, required = [(plural, f"list[Create{name}Input]", "The rows.")], {plural}
        case "updateMany":
            changed = [each for each in _changes(graph, type_, module) if not each[1].endswith("Change")]
            declare_input(f"{name}Changes", f"What is to change of {name} rows.", changed, module)
            fields = [which, at_most, ("set", f"{name}Changes", "What is to change.")]
            required = {"filter", "atMost", "set"}
        case "deleteMany":
            fields, required = [which, at_most], {"filter", "atMost"}
        case _:
            fields, required = [by, (plural, f"list[Create{name}Input]", "The rows.")], {"by", plural}
    declare_input(f"{base}Input", f"What `{base[0].lower()}{base[1:]}` writes.", fields, module, required=required)


def _which(type_: ObjectType) -> tuple[list[Argument], set[str]]:
    """Return what names the row that is to change: its id, and its version where it has one."""
    fields: list[Argument] = [("id", "ID", f"Which {type_.name}.")]
    if type_.writes is not None and type_.writes.version is not None:
        text = "The version that you have read: where the row has changed since, it stays as it is."
        fields.append((type_.writes.version.name, "int", text))
    return fields, {name for name, _, _ in fields}


def _declare_unique_key(type_: ObjectType, module: ModuleType) -> None:
    name, text = f"{type_.name}UniqueKey", f"A unique key of {type_.name} rows."
    members = {
        member: f"By {' and '.join(f'`{field.name}`' for field in key.fields)}."
        for member, key in upsert_keys(type_).items()
    }
    vars(module)[name] = strawberry.enum(described_enum(name, members), name=name, description=text)


def _new(graph: Graph, type_: ObjectType, module: ModuleType) -> tuple[list[Argument], set[str]]:
    fields, required = _given(type_, without=None)
    links = {link.relation.name for link in (type_.writes.links if type_.writes else ()) if link.is_required}
    return [*fields, *_links(graph, type_, module, is_new=True)], required | links


def _changes(graph: Graph, type_: ObjectType, module: ModuleType) -> list[Argument]:
    fields, _ = _given(type_, without="fixed")
    return [*fields, *_links(graph, type_, module, is_new=False)]


def _given(type_: ObjectType, without: str | None) -> tuple[list[Argument], set[str]]:
    """Return the fields of an input that are columns, and the names of those that a new row needs."""
    fields: list[Argument] = []
    required = set[str]()
    for each in type_.writes.fields if type_.writes else ():
        if without == "fixed" and each.is_fixed:
            continue
        shown = "ID" if each.field.references else annotation_of(each.field.scalar, is_nullable=False)
        asked = "".join(f" It {rule.message}." for rule in each.rules)
        fields.append((each.field.name, shown, f"{each.field.description or f'The {each.field.name}.'}{asked}"))
        if each.is_required:
            required.add(each.field.name)
    return fields, required


def _links(graph: Graph, type_: ObjectType, module: ModuleType, *, is_new: bool) -> Iterator[Argument]:
    for link in type_.writes.links if type_.writes else ():
        if link.is_fixed and not is_new:
            continue
        target = graph.types[link.relation.target]
        text = link.relation.description or f"The {link.relation.name}."
        if link.relation.is_list:
            name = _to_many(graph, type_, link, target, module, is_new=is_new)
            if name is not None:
                yield link.relation.name, name, text
        else:
            is_optional = link.relation.is_nullable and not is_new
            yield link.relation.name, _to_one(target, module, is_optional=is_optional), text


def _to_one(target: ObjectType, module: ModuleType, *, is_optional: bool) -> str:
    """Return the input of a to-one link, declared once for all links to a type."""
    name = f"{target.name}{'Optional' if is_optional else ''}Link"
    if _is_first(name, module):
        fields: list[Argument] = [("connect", f"{target.name}Key", f"A {target.name} that is there.")]
        if target.writes is not None and "create" in target.writes.operations:
            fields.append(("create", f"Create{target.name}Input", f"A new {target.name}."))
        if is_optional:
            fields.append(("disconnect", "bool", "Leads nowhere from now on: `disconnect: true`."))
        declare_input(name, f"Leads to a {target.name}.", fields, module, is_one_of=True)
    return name


def _to_many(
    graph: Graph, type_: ObjectType, link: Link, target: ObjectType, module: ModuleType, *, is_new: bool
) -> str | None:
    """Return the input of a to-many link; None where nothing can be said of it.

    Rows that lead to theirs once and for all are made and deleted, and not moved from one to another.
    """
    back = _back(target, link)
    is_movable = back is None or not back.is_fixed
    is_made = target.writes is not None and "create" in target.writes.operations
    is_deleted = not is_new and link.pairs and target.writes is not None and "delete" in target.writes.operations
    if not (is_movable or is_made or is_deleted):
        return None
    owner, relation = type_.name, link.relation
    part = f"{owner}{relation.name[0].upper()}{relation.name[1:]}"
    name = f"{part}{'Input' if is_new else 'Change'}"
    if not _is_first(name, module):
        return name
    key = f"list[{target.name}Key]"
    fields: list[Argument] = []
    if is_made:
        fields.append(("create", f"list[{_item(graph, part, link, target, module)}]", f"New {target.name} rows."))
    if is_movable:
        fields.append(("connect", key, f"{target.name} rows that are there."))
    if is_movable and not is_new:
        fields.append(("disconnect", key, f"{target.name} rows that are let go."))
        fields.append(("set", key, f"The {target.name} rows that are connected from now on; all others are let go."))
    if is_deleted:
        fields.append(("delete", key, f"{target.name} rows of it that are deleted."))
    declare_input(name, f"The {target.name} rows of a {owner}.", fields, module)
    return name


def _item(graph: Graph, part: str, link: Link, target: ObjectType, module: ModuleType) -> str:
    """Return the input of a new row at the end of a link: without the relation that leads back."""
    back = _back(target, link)
    if back is None:
        return f"Create{target.name}Input"
    name = f"{part}Item"
    if _is_first(name, module):
        fields, required = _given(target, without=None)
        fields += [each for each in _links(graph, target, module, is_new=True) if each[0] != back.relation.name]
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
