"""Declares the inputs of mutations, such as `CreatePostInput`."""

from types import ModuleType

from schema.graph import Graph, ObjectType
from schema.types.declare import declare_input
from schema.types.row_inputs import Use, columns, declare_unique_key, links, which


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
    filter_ = ("filter", f"{name}Filter", "Which rows; an empty one finds all.")
    by = ("by", f"{name}UniqueKey", "The unique key by which a row is found.")
    match kind:
        case "create":
            fields, required = columns(type_, Use.CREATE)
            fields += links(graph, type_, module, Use.CREATE)
            required |= {
                each.relation.name for each in (type_.writes.links if type_.writes else ()) if each.is_required
            }
        case "update":
            fields, required = which(type_)
            fields += [*columns(type_, Use.UPDATE)[0], *links(graph, type_, module, Use.UPDATE)]
        case "delete":
            fields, required = which(type_)
        case "upsert":
            declare_unique_key(type_, module)
            fields = [
                by,
                (type_.singular, f"Create{name}Input", "The row; of one that is there, what is given changes."),
            ]
            required = {"by", type_.singular}
        case "createMany":
            fields, required = [(plural, f"list[Create{name}Input]", "The rows.")], {plural}
        case "updateMany":
            changed = [*columns(type_, Use.UPDATE_MANY)[0], *links(graph, type_, module, Use.UPDATE_MANY)]
            declare_input(f"{name}Changes", f"What is to change of {name} rows.", changed, module)
            fields = [filter_, at_most, ("set", f"{name}Changes", "What is to change.")]
            required = {"filter", "atMost", "set"}
        case "deleteMany":
            fields, required = [filter_, at_most], {"filter", "atMost"}
        case _:
            fields, required = [by, (plural, f"list[Create{name}Input]", "The rows.")], {"by", plural}
    declare_input(f"{base}Input", f"What `{base[0].lower()}{base[1:]}` writes.", fields, module, required=required)
