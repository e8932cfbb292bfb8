"""How much one operation may ask for: one rule for every way in, one pass over the document, before validation.

An operation's cost is the number of objects that it may answer with: a field with fields of its own counts
one, times the sizes of the pages that it stands in. Fragments are weighed once, however often they are spread,
so that a document is weighed in the time that it takes to read it. Introspection counts fields only:
graphql-core bounds its depth.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from models.rules.words import ErrorCode

DEFAULT_PAGE = 10

# The fields under which a page holds its items, and that which says where it stands.
ITEM_FIELDS = frozenset({"nodes", "edges", "rows"})
PAGE_FIELDS = frozenset({"pageInfo"})
# The arguments that say how many items may come.
SIZE_ARGUMENTS = frozenset({"first", "last", "ids"})
INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})
# A field of the schema's own stands for all types, so it is as much work as so many objects.
INTROSPECTION_WORK = 10
# So little of it may stand beside other fields: what is asked of the schema alone is answered out of everybody's way.
MOST_INTROSPECTION_BESIDE = 40
ITEMS_LIKE_AN_OBJECT = 10

# An operation of a higher cost is run in slices; and so is what answers with as many objects as there are days, or
# works much out.
MOST_LIGHT = 50
HEAVY_FIELDS = frozenset({"series", "history", "breakdown", "comparison", "forecast", "hiringPlan", "verification"})

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class Limits:
    """The bounds of a single operation."""

    max_depth: int = 15
    max_fields: int = 500
    max_aliases: int = 100
    max_cost: int = 5_000
    max_root_mutations: int = 5
    max_operations: int = 20
    max_list: int = 1_000


@dataclass(frozen=True, slots=True)
class Weight:
    """What a part of a document asks for, fragments written out.

    The cost is kept in three parts until the page is known that it stands in: that of items, that of the
    page's own fields, and that of the rest.
    """

    fields: int = 0
    depth: int = 0
    aliases: int = 0
    items: int = 0
    page: int = 0
    rest: int = 0
    holds_items: bool = False
    introspection: int = 0
    """Fields of what is asked of the schema itself."""

    @property
    def cost(self) -> int:
        return self.items + self.page + self.rest

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(
            self.fields + other.fields,
            max(self.depth, other.depth),
            self.aliases + other.aliases,
            self.items + other.items,
            self.page + other.page,
            self.rest + other.rest,
            self.holds_items or other.holds_items,
            self.introspection + other.introspection,
        )


NOTHING = Weight()


@dataclass(frozen=True)
class Measure:
    """What a document was found to ask for. `cost` is that of the operation that is to be run."""

    weights: tuple[Weight, ...]
    cost: int
    introspection: int
    is_introspection: bool
    """Whether nothing but the schema itself is asked for."""
    is_heavy: bool
    """Whether others would be held up by it."""
    operations: int
    root_mutations: int
    longest_list: int
    # The variables that the cost depends on: with equal values here, a document is measured once.
    size_variables: frozenset[str]


@dataclass(frozen=True, slots=True)
class Checked:
    """An operation with its variables: what it asks for, how much work that is, and why it is refused if it is."""

    measure: Measure
    work: int
    """In objects of an answer: its cost, and what is free in the cost but costs the server something."""
    errors: list[GraphQLError]


TOO_DEEP = Measure((Weight(depth=10**9),), 0, 0, False, False, 0, 0, 0, frozenset())
MOST_MEASURES = 64


def check_document(
    document: DocumentNode, variables: Variables, operation_name: str | None, limits: Limits
) -> list[GraphQLError]:
    """Why an operation is too large to be run; empty where it is not."""
    return DocumentLimits(document, limits).check(variables, operation_name).errors


class DocumentLimits:
    """What a document asks for, measured once for all variables that make no difference. Kept with it."""

    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self._document = document
        self._limits = limits
        self._measures: dict[tuple[object, ...], Measure] = {}
        self._size_variables = sorted(self._measured({}, None).size_variables)

    def check(self, variables: Variables, operation_name: str | None) -> Checked:
        measure = self.measure(variables, operation_name)
        longest = longest_list_in(variables)
        errors = [
            *refused_shape(measure, self._limits),
            *refused_cost(measure, self._limits),
            *refused_variables(longest, self._limits),
        ]
        items = max(longest, measure.longest_list)
        work = measure.cost + measure.introspection * INTROSPECTION_WORK + items // ITEMS_LIKE_AN_OBJECT
        return Checked(measure, work, errors)

    def measure(self, variables: Variables, operation_name: str | None) -> Measure:
        sizes = (size_of(variables[name]) if name in variables else "" for name in self._size_variables)
        key = (operation_name, *sizes)
        measure = self._measures.get(key)
        if measure is None:
            if len(self._measures) >= MOST_MEASURES:
                self._measures.clear()
            measure = self._measures[key] = self._measured(variables, operation_name)
        return measure

    def _measured(self, variables: Variables, operation_name: str | None) -> Measure:
        try:
            return measure_document(self._document, variables, operation_name)
        except RecursionError:
            return TOO_DEEP


def refused_shape(measure: Measure, limits: Limits) -> list[GraphQLError]:
    """Which limits the document breaks, whatever its variables are."""
    found = (
        ("fields", max(weight.fields for weight in measure.weights), limits.max_fields),
        ("levels of fields", max(weight.depth for weight in measure.weights), limits.max_depth),
        ("aliases", max(weight.aliases for weight in measure.weights), limits.max_aliases),
        ("operations", measure.operations, limits.max_operations),
        ("mutations", measure.root_mutations, limits.max_root_mutations),
        ("items in a list", measure.longest_list, limits.max_list),
    )
    errors = [
        limit_reached(f"The document asks for {_shown(number)} {what}; at most {limit} are allowed.")
        for what, number, limit in found
        if number > limit
    ]
    if measure.introspection > MOST_INTROSPECTION_BESIDE and not measure.is_introspection:
        errors.append(limit_reached("Ask for the schema in an operation of its own."))
    return errors


def refused_cost(measure: Measure, limits: Limits) -> list[GraphQLError]:
    """Whether the operation asks for too much, by the sizes of its pages."""
    if measure.cost <= limits.max_cost:
        return []
    cost = f"The operation costs {_shown(measure.cost)}; at most {limits.max_cost} are allowed."
    return [limit_reached(f"{cost} Ask for smaller pages, or for fewer levels.")]


def refused_variables(longest: int, limits: Limits) -> list[GraphQLError]:
    """Whether a list among the variables is too long."""
    if longest <= limits.max_list:
        return []
    return [limit_reached(f"A variable holds a list of {longest} items; at most {limits.max_list} are allowed.")]


def limit_reached(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": ErrorCode.LIMIT_REACHED.value})


def measure_document(document: DocumentNode, variables: Variables, operation_name: str | None) -> Measure:
    """Weigh every operation and every fragment, whether it is used or not: validation reads them all."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    chosen = _chosen(operations, operation_name)
    scale = _Scale(document, _with_defaults(chosen, variables))
    weights = [scale.weigh(node.selection_set) for node in operations]
    weight = weights[operations.index(chosen)] if chosen else NOTHING
    weights += [scale.weigh_fragment(name) for name in scale.fragments]
    mutations = [node for node in operations if node.operation is OperationType.MUTATION]
    return Measure(
        weights=tuple(weights) or (NOTHING,),
        cost=weight.cost,
        introspection=weight.introspection,
        is_introspection=bool(chosen and weight.introspection and scale.asks_only_for_schema(chosen)),
        is_heavy=weight.cost > MOST_LIGHT or scale.holds_heavy_fields,
        operations=len(operations),
        root_mutations=max((scale.count_roots(node.selection_set) for node in mutations), default=0),
        longest_list=scale.longest_list,
        size_variables=frozenset(scale.size_variables),
    )


def longest_list_in(value: object) -> int:
    """The length of the longest list anywhere in a value of plain JSON."""
    longest = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            longest = max(longest, len(part))
            children: Iterable[object] = part
        elif isinstance(part, Mapping):
            children = part.values()
        else:
            continue
        waiting += [child for child in children if type(child) is dict or type(child) is list]
    return longest


class _Scale:
    """Weighs the selections of one document."""

    def __init__(self, document: DocumentNode, variables: Variables) -> None:
        self.variables = variables
        self.longest_list = 0
        self.holds_heavy_fields = False
        self.size_variables: set[str] = set()
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._weights: dict[str, Weight] = {}
        self._roots: dict[str, int] = {}

    def weigh(self, selections: SelectionSetNode | None) -> Weight:
        total = NOTHING
        for node in selections.selections if selections else ():
            total += self._weigh_selection(node)
        return total

    def weigh_fragment(self, name: str) -> Weight:
        known = self._weights.get(name)
        if known is None:
            # A fragment that spreads itself weighs nothing there; validation refuses it.
            self._weights[name] = NOTHING
            fragment = self.fragments.get(name)
            known = self._weights[name] = self.weigh(fragment.selection_set) if fragment else NOTHING
        return known

    def count_roots(self, selections: SelectionSetNode) -> int:
        """How many fields stand at the root, through whatever fragments."""
        return sum(self._roots_in(node) for node in selections.selections)

    def asks_only_for_schema(self, operation: OperationDefinitionNode) -> bool:
        return operation.operation is OperationType.QUERY and self._names_in(operation.selection_set, set()) <= (
            INTROSPECTION_FIELDS | {"__typename"}
        )

    def _names_in(self, selections: SelectionSetNode, seen: set[str]) -> set[str]:
        """The fields that stand at the root, through whatever fragments."""
        names: set[str] = set()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                names.add(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                names |= self._names_in(node.selection_set, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                if fragment := self.fragments.get(node.name.value):
                    names |= self._names_in(fragment.selection_set, seen)
        return names

    def _roots_in(self, node: SelectionNode) -> int:
        if isinstance(node, FieldNode):
            return 1
        if isinstance(node, InlineFragmentNode):
            return self.count_roots(node.selection_set)
        assert isinstance(node, FragmentSpreadNode)
        name = node.name.value
        if name not in self._roots:
            self._roots[name] = 0
            if fragment := self.fragments.get(name):
                self._roots[name] = self.count_roots(fragment.selection_set)
        return self._roots[name]

    def _weigh_selection(self, node: SelectionNode) -> Weight:
        self._read_directives(node)
        if isinstance(node, FieldNode):
            return self._weigh_field(node)
        # Fragments count like fields, since validation compares them like fields.
        inside = (
            self.weigh_fragment(node.name.value)
            if isinstance(node, FragmentSpreadNode)
            else self.weigh(node.selection_set)  # type: ignore[attr-defined]
        )
        return replace(inside, fields=inside.fields + 1)

    def _weigh_field(self, node: FieldNode) -> Weight:
        size = self._size_of(node.arguments or ())
        inside = self.weigh(node.selection_set)
        fields, aliases = inside.fields + 1, inside.aliases + (node.alias is not None)
        name = node.name.value
        if name in INTROSPECTION_FIELDS:
            return Weight(fields, 0, aliases, introspection=fields)
        if name in HEAVY_FIELDS:
            self.holds_heavy_fields = True
        holds_items = name in ITEM_FIELDS
        if node.selection_set is None:
            return Weight(fields, 1, aliases, holds_items=holds_items)
        cost = 1 + _cost_inside(inside, size)
        if holds_items:
            # `nodes(ids:)` is its own page: as many items as ids.
            items = cost if size is None else size * (1 + inside.cost)
            return Weight(fields, inside.depth + 1, aliases, items=items, holds_items=True)
        if name in PAGE_FIELDS:
            return Weight(fields, inside.depth + 1, aliases, page=cost)
        return Weight(fields, inside.depth + 1, aliases, rest=cost)

    def _size_of(self, arguments: Iterable[ArgumentNode]) -> int | None:
        """How many items a field's arguments ask for; None where they do not say."""
        sizes = []
        for argument in arguments:
            self._read_lists(argument.value)
            if argument.name.value in SIZE_ARGUMENTS:
                sizes.append(self._size(argument.value))
        known = [size for size in sizes if size is not None]
        return max(known) if known else None

    def _size(self, node: ValueNode) -> int | None:
        if isinstance(node, IntValueNode):
            return _number(node)
        if isinstance(node, ListValueNode):
            return len(node.values)
        if isinstance(node, VariableNode):
            name = node.name.value
            self.size_variables.add(name)
            return size_of(self.variables.get(name))
        return None

    def _read_directives(self, node: SelectionNode) -> None:
        for directive in node.directives or ():
            for argument in directive.arguments or ():
                self._read_lists(argument.value)

    def _read_lists(self, node: ValueNode) -> None:
        if isinstance(node, ListValueNode):
            self.longest_list = max(self.longest_list, len(node.values))
            for value in node.values:
                self._read_lists(value)
        elif isinstance(node, ObjectValueNode):
            for field in node.fields:
                self._read_lists(field.value)


def size_of(value: object) -> int | None:
    """How many items a value asks for, as a number or as a list of ids."""
    if isinstance(value, list):
        return len(value)
    return max(value, 0) if isinstance(value, int) and not isinstance(value, bool) else None


def _cost_inside(inside: Weight, size: int | None) -> int:
    """The cost of a field's own fields: once for each item, and once for what a page has beside its items."""
    if inside.holds_items:
        return inside.items * (DEFAULT_PAGE if size is None else size) + inside.page + inside.rest
    return inside.rest * (1 if size is None else size) + inside.page


def _chosen(operations: list[OperationDefinitionNode], name: str | None) -> OperationDefinitionNode | None:
    if name is None:
        return operations[0] if operations else None
    return next((node for node in operations if node.name and node.name.value == name), None)


def _with_defaults(operation: OperationDefinitionNode | None, variables: Variables) -> Variables:
    return {**dict(_defaults_of(operation)), **variables}


def _defaults_of(operation: OperationDefinitionNode | None) -> Iterator[tuple[str, object]]:
    for node in (operation.variable_definitions if operation else None) or ():
        default = node.default_value
        if isinstance(default, IntValueNode):
            yield node.variable.name.value, _number(default)
        elif isinstance(default, ListValueNode):
            yield node.variable.name.value, list(default.values)


def _number(node: IntValueNode) -> int:
    # A text of thousands of digits would not convert.
    return max(int(node.value), 0) if len(node.value) < 10 else 10**9


def _shown(number: int) -> str:
    # Nested fragments can ask for more than there are atoms; nobody needs all the digits.
    return str(number) if number < 10**9 else "over a billion"
