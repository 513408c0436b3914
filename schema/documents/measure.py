"""How large a document is, in all that costs: measured in time linear in its text, before any rule looks at it.

Each definition is walked once. A fragment counts for as often as it is spread, as if it were written out, and the sums
are made in the order in which fragments build on each other: a document of 600 bytes can write out to 2 to the power
of 60 fields, and is refused as fast as any other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Final

from graphql import (
    ConstValueNode,
    DirectiveNode,
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    ValueNode,
)

from schema.documents.document import SHOWN_NAMES, name_of
from schema.errors import DocumentError, LimitError

MOST_DIGITS: Final = 400
"""Most characters of a number; Python and PostgreSQL take long over very long ones, and no scalar needs them."""

MOST_KEYS: Final = 250
"""Most fields of one object in a document; messages about a wrong one write out all of them."""

COMPARISONS: Final = 25_000
"""Most comparisons of fields with the same name, which the specification wants in pairs. 220 of them in one place take
as many, and so do 150 fragments side by side; checking them takes 0.1 s."""

CEILING: Final = 10**9
"""Where counting stops."""


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How large a document may be. Counts are of one operation, fragments written out."""

    tokens: int = 10_000
    """Most tokens, comments included."""

    depth: int = 20
    """Most levels that fields may nest."""

    aliases: int = 100
    """Most fields with an alias."""

    root_fields: int = 50
    """Most fields at the root."""

    directives: int = 100
    """Most directives."""

    operations: int = 50
    """Most operations of a document, of which one is run."""

    variables: int = 250
    """Most variables that an operation may define."""

    value_depth: int = 50
    """Most levels that lists and objects may nest in the value of an argument."""


@dataclass(slots=True)
class _Spread:
    """How one definition spreads one fragment."""

    times: int = 0
    """How often, at any depth."""
    root_times: int = 0
    """How often at the root of the definition."""
    depth: int = 0
    """The most fields that are above it."""


@dataclass(slots=True)
class _Size:
    """What a definition has by itself; or, once `_whole` has added them, with all that it spreads."""

    depth: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    pairs: int = 0
    spreads: dict[str, _Spread] = field(default_factory=dict)


def check_size(node: DocumentNode, limits: DocumentLimits) -> None:
    """Refuse a document that is too large in any way.

    Raises:
        LimitError: It is; the message says in which way, and what is accepted.
        DocumentError: A fragment spreads itself.
    """
    definitions = [definition for definition in node.definitions if isinstance(definition, ExecutableDefinitionNode)]
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    _check("The document", "operations", len(operations), limits.operations)
    for operation in operations:
        _check(_called(operation), "variables", len(operation.variable_definitions or ()), limits.variables)
    sizes = [(definition, _Walk(limits).size_of(definition)) for definition in definitions]
    fragments = {name_of(each): size for each, size in sizes if isinstance(each, FragmentDefinitionNode)}
    wholes: dict[str, _Size] = {}
    for name in _inner_first({name: list(size.spreads) for name, size in fragments.items()}):
        wholes[name] = _whole(fragments.get(name, _Size()), wholes)
    for definition, size in sizes:
        _check_whole(definition, _whole(size, wholes), limits)
    if sum(size.pairs for _, size in sizes) > COMPARISONS:
        raise too_complex()


def too_complex() -> LimitError:
    """Return the error of a document that would take too long to check."""
    return LimitError(
        "The document is too complex to check: it asks for a field in too many places at once, or its fragments "
        "spread each other too deeply."
    )


def _check_whole(definition: ExecutableDefinitionNode, size: _Size, limits: DocumentLimits) -> None:
    called = _called(definition)
    if size.depth > limits.depth:
        raise LimitError(f"{called} nests fields {size.depth} levels deep; {limits.depth} are accepted.")
    if isinstance(definition, OperationDefinitionNode):
        _check(called, "root fields, fragments written out", size.root_fields, limits.root_fields)
    _check(called, "aliases, fragments written out", size.aliases, limits.aliases)
    _check(called, "directives, fragments written out", size.directives, limits.directives)


def _check(called: str, what: str, count: int, limit: int) -> None:
    if count > limit:
        number = "more than a thousand million" if count >= CEILING else f"{count:,}"
        raise LimitError(f"{called} has {number} {what}; {limit:,} are accepted.")


def _called(definition: ExecutableDefinitionNode) -> str:
    kind = "Fragment" if isinstance(definition, FragmentDefinitionNode) else "Operation"
    return f"{kind} `{definition.name.value[:100]}`" if definition.name else kind


class _Walk:
    """One walk over one definition."""

    def __init__(self, limits: DocumentLimits) -> None:
        self._limits = limits
        self._size = _Size()

    def size_of(self, definition: ExecutableDefinitionNode) -> _Size:
        """Return what a definition has by itself.

        Raises:
            LimitError: A value nests too deeply, or a number is too long.
        """
        self._direct(definition.directives)
        for variable in definition.variable_definitions or ():
            self._direct(variable.directives)
            if variable.default_value is not None:
                self._value(variable.default_value)
        stack = [(definition.selection_set, 0, dict[str, int]())]
        while stack:
            selection_set, depth, beside = stack.pop()
            for selection in selection_set.selections:
                inner = self._select(selection, depth, beside)
                below = getattr(selection, "selection_set", None)
                if below is not None:
                    stack.append((below, inner, beside if inner == depth else {}))
        return self._size

    def _select(self, selection: SelectionNode, depth: int, beside: dict[str, int]) -> int:
        """Count a selection, and return how many fields are above what is below it.

        Args:
            selection: The selection.
            depth: How many fields are above it.
            beside: How often each name was selected beside it; fragments count under `...`.
        """
        size = self._size
        if selection.directives:
            self._direct(selection.directives)
        if isinstance(selection, FieldNode):
            self._pair((selection.alias or selection.name).value, beside)
            size.aliases += selection.alias is not None
            size.root_fields += depth == 0
            size.depth = max(size.depth, depth + 1)
            for argument in selection.arguments or ():
                self._value(argument.value)
            return depth + 1
        if isinstance(selection, FragmentSpreadNode):
            if f"...{selection.name.value}" not in beside:
                beside[f"...{selection.name.value}"] = 1
                self._pair("...", beside)
            spread = size.spreads.setdefault(selection.name.value, _Spread())
            spread.times += 1
            spread.root_times += depth == 0
            spread.depth = max(spread.depth, depth)
        return depth

    def _pair(self, name: str, beside: dict[str, int]) -> None:
        """Count the comparisons of a selection with those of its name beside it."""
        before = beside.get(name, 0)
        self._size.pairs += before
        beside[name] = before + 1

    def _direct(self, directives: Iterable[DirectiveNode] | None) -> None:
        for directive in directives or ():
            self._size.directives += 1
            for argument in directive.arguments or ():
                self._value(argument.value)

    def _value(self, value: ValueNode | ConstValueNode) -> None:
        """Refuse a value that nests too deeply, or a number that is too long."""
        stack: list[tuple[ValueNode | ConstValueNode, int]] = [(value, 0)]
        while stack:
            value, depth = stack.pop()
            match value:
                case ListValueNode():
                    stack.extend((each, depth + 1) for each in value.values)
                case ObjectValueNode():
                    if len(value.fields) > MOST_KEYS:
                        raise LimitError(f"An object of the document has more than {MOST_KEYS} fields.")
                    stack.extend((each.value, depth + 1) for each in value.fields)
                case IntValueNode() | FloatValueNode() if len(value.value) > MOST_DIGITS:
                    raise LimitError(f"A number of the document has more than {MOST_DIGITS} digits.")
            if depth > self._limits.value_depth:
                raise LimitError(
                    f"A value of the document nests lists and objects more than {self._limits.value_depth} levels deep."
                )


def _whole(size: _Size, wholes: Mapping[str, _Size]) -> _Size:
    """Return what a definition has together with the fragments that it spreads."""
    whole = _Size(size.depth, size.aliases, size.root_fields, size.directives)
    for name, spread in size.spreads.items():
        below = wholes.get(name, _Size())
        whole.depth = max(whole.depth, spread.depth + below.depth)
        whole.aliases = min(whole.aliases + spread.times * below.aliases, CEILING)
        whole.directives = min(whole.directives + spread.times * below.directives, CEILING)
        whole.root_fields = min(whole.root_fields + spread.root_times * below.root_fields, CEILING)
    return whole


def _inner_first(uses: Mapping[str, list[str]]) -> list[str]:
    """Return fragments so that each comes after those that it spreads."""
    try:
        return list(TopologicalSorter(uses).static_order())
    except CycleError as error:
        names = " in ".join(f"`{name}`" for name in error.args[1][:SHOWN_NAMES])
        raise DocumentError([GraphQLError(f"Fragments must not spread themselves: {names}.")]) from error
