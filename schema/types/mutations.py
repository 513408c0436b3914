"""Declares the mutations: an input, a payload and a result union for each, and what a refusal is.

The classes only declare; `schema.types.mutators` gives the mutations their resolvers.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Annotated, Any, Final, NewType, Union

import strawberry
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition

from schema.graph import Graph, Link, ObjectType
from schema.types.declare import Argument, annotation_of, declare_field, declare_input, declare_type

PathSegment = NewType("PathSegment", object)

REFUSALS: Final = {
    "ValidationError": "The input breaks rules that can be told from it alone: all of them are in `errors`.",
    "ConflictError": "Other rows stand against it: a value is taken, or rows still lead to one that is to go.",
    "NotFoundError": "A row that the input names is not there.",
    "ForbiddenError": "The caller may not do this.",
}
"""What a mutation may answer instead of its payload, with descriptions."""

_PROBLEM: Final = (
    ("message", "str", "A sentence for people: what is wrong, and what is accepted."),
    ("code", "str", "A stable word for programs, such as `NOT_UNIQUE`."),
    ("path", "list[PathSegment]", 'The place in the arguments: `["input", "comments", 3, "body"]`.'),
)


def path_scalar() -> dict[object, ScalarDefinition]:
    """Return the scalar of the steps of a path, for `StrawberryConfig`."""
    text = "A step of a path into the arguments: the name of a field, or an index from 0."
    definition = strawberry.scalar(name="PathSegment", description=text, serialize=lambda value: value)
    return {PathSegment: definition}


def make_mutation(graph: Graph, module: ModuleType) -> type[Any] | None:
    """Return the root type of mutations; None where no model may be written.

    Args:
        graph: The graph description.
        module: Where the types of queries are declared.
    """
    written = [type_ for type_ in graph.types.values() if type_.writes is not None]
    if not written:
        return None
    _declare_refusals(module)
    for type_ in graph.types.values():
        _declare_key(type_, module)
    fields = [field for type_ in written for field in _fields(graph, type_, module)]
    return declare_type("Mutation", "Where every mutation starts.", fields, module)


def _declare_refusals(module: ModuleType) -> None:
    vars(module)["PathSegment"] = PathSegment
    fields = [declare_field(name, annotation, text, module) for name, annotation, text in _PROBLEM]
    members: dict[str, Any] = {"__module__": module.__name__, "__annotations__": {}}
    interface: Any = strawberry.interface(
        type("UserError", (), members), name="UserError", description="Something that a client can mend."
    )
    interface.__strawberry_definition__.fields = fields
    vars(module)["UserError"] = interface
    declare_type("FieldError", "One rule that the input breaks.", [], module, interface=interface)
    more = {
        "ValidationError": [declare_field("errors", "list[FieldError]", "Every rule that is broken.", module)],
        "ConflictError": [declare_field("current", "Optional[Node]", "The row as it is, where it is known.", module)],
    }
    for name, text in REFUSALS.items():
        declare_type(name, text, more.get(name, []), module, interface=interface)


def _declare_key(type_: ObjectType, module: ModuleType) -> None:
    """Declare how a row that is there is named: by its id, or by a unique key of one column."""
    fields: list[Argument] = [("id", "ID", f"The {type_.name} with this id.")]
    for key in type_.unique_keys:
        if len(key.fields) == 1:
            field = key.fields[0]
            shown = "ID" if field.references else annotation_of(field.scalar, is_nullable=False)
            fields.append((field.name, shown, f"The {type_.name} with this `{field.name}`."))
    declare_input(f"{type_.name}Key", f"Names a {type_.name} that is there.", fields, module, is_one_of=True)


def _fields(graph: Graph, type_: ObjectType, module: ModuleType) -> Iterator[StrawberryField]:
    writes, name = type_.writes, type_.name
    if writes is None:
        return
    one = declare_field(type_.singular, name, "The row as it is now.", module)
    made = {"create": _declare_create, "update": _declare_update, "delete": _declare_delete}
    says = {
        "create": f"Create a {name}, and what hangs on it.",
        "update": f"Change a {name}, and what hangs on it: what is left out stays as it is.",
        "delete": f"Delete a {name}.",
    }
    for word, declare in made.items():
        if word not in writes.operations:
            continue
        declare(graph, type_, module)
        mutation = f"{word.capitalize()}{name}"
        payload = [one] if word != "delete" else [declare_field("deletedId", "ID", "The id that it had.", module)]
        declare_type(f"{mutation}Payload", f"What `{word}{name}` gives where it succeeds.", payload, module)
        members = [vars(module)[each] for each in (f"{mutation}Payload", *REFUSALS)]
        text = f"What `{word}{name}` answers."
        vars(module)[f"{mutation}Result"] = Annotated[
            Union[tuple(members)], strawberry.union(f"{mutation}Result", description=text)  # noqa: UP007 - made of a tuple
        ]
        argument = ("input", f"{mutation}Input", "What is to be written.")
        yield declare_field(f"{word}{name}", f"Optional[{mutation}Result]", says[word], module, [argument])


def _declare_create(graph: Graph, type_: ObjectType, module: ModuleType) -> None:
    fields, required = _given(type_, without=None)
    fields += list(_links(graph, type_, module, is_new=True))
    required |= {link.relation.name for link in type_.writes.links if link.is_required} if type_.writes else set()
    declare_input(f"Create{type_.name}Input", f"A new {type_.name}.", fields, module, required=required)


def _declare_update(graph: Graph, type_: ObjectType, module: ModuleType) -> None:
    fields, _ = _given(type_, without="fixed")
    fields.insert(0, ("id", "ID", f"Which {type_.name}."))
    fields += list(_links(graph, type_, module, is_new=False))
    text = f"A {type_.name}, and what is to change of it. Null clears a field; what is left out stays."
    declare_input(f"Update{type_.name}Input", text, fields, module, required={"id"})


def _declare_delete(_graph: Graph, type_: ObjectType, module: ModuleType) -> None:
    fields: list[Argument] = [("id", "ID", f"Which {type_.name}.")]
    declare_input(f"Delete{type_.name}Input", f"A {type_.name} that is to go.", fields, module, required={"id"})


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
            yield link.relation.name, _to_many(graph, type_, link, target, module, is_new=is_new), text
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
) -> str:
    """Return the input of a to-many link."""
    owner, relation = type_.name, link.relation
    part = f"{owner}{relation.name[0].upper()}{relation.name[1:]}"
    name = f"{part}{'Input' if is_new else 'Change'}"
    if not _is_first(name, module):
        return name
    key = f"list[{target.name}Key]"
    fields: list[Argument] = []
    if target.writes is not None and "create" in target.writes.operations:
        fields.append(("create", f"list[{_item(graph, part, link, target, module)}]", f"New {target.name} rows."))
    fields.append(("connect", key, f"{target.name} rows that are there."))
    if not is_new:
        fields.append(("disconnect", key, f"{target.name} rows that are let go."))
        fields.append(("set", key, f"The {target.name} rows that are connected from now on; all others are let go."))
        if link.pairs and target.writes is not None and "delete" in target.writes.operations:
            fields.append(("delete", key, f"{target.name} rows of it that are deleted."))
    declare_input(name, f"The {target.name} rows of a {owner}.", fields, module)
    return name


def _item(graph: Graph, part: str, link: Link, target: ObjectType, module: ModuleType) -> str:
    """Return the input of a new row at the end of a link: without the relation that leads back."""
    back = next((each for each in target.writes.links if each.relation.attribute == link.back), None) if (
        target.writes and link.back
    ) else None  # fmt: skip
    if back is None:
        return f"Create{target.name}Input"
    name = f"{part}Item"
    if _is_first(name, module):
        fields, required = _given(target, without=None)
        fields += [each for each in _links(graph, target, module, is_new=True) if each[0] != back.relation.name]
        required |= {each.relation.name for each in (target.writes.links if target.writes else ()) if each.is_required}
        declare_input(name, f"A new {target.name} of a row.", fields, module, required=required - {back.relation.name})
    return name


def _is_first(name: str, module: ModuleType) -> bool:
    """Return whether a type is to be declared now: it is not yet, and is not about to be (it may lead to itself)."""
    begun: set[str] = vars(module).setdefault("__begun__", set())
    is_first = name not in begun
    begun.add(name)
    return is_first
