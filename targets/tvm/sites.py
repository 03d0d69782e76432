"""Every place of a function where something else could stand, with what is in reach there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.ranges import Interval, interval
from tensorsmith.targets.tvm.tree import Path, Role

SERIAL, PARALLEL, VECTORIZED, UNROLLED = range(4)
_PASSED_ON = (Role.VALUE, Role.STATEMENT)


@dataclass(frozen=True)
class Loop:
    """A loop around a place: TVM's For, its kind as `tvm.tirx.ForKind` has it, how often it turns at most."""

    node: Any
    kind: int
    most: int

    @property
    def variable(self) -> Any:
        """The loop's variable."""
        return self.node.loop_var


class Place(NamedTuple):
    """What is in reach.

    Attributes:
        variables: scalar variables, the innermost last.
        buffers: buffer variables, whether they have been written or not.
        known: identity of a variable, or of a buffer for its elements, to an interval of its values.
        loops: loops around, the outermost first.
        in_while: in the condition or the body of a While.
    """

    variables: tuple[Any, ...] = ()
    buffers: tuple[Any, ...] = ()
    known: Mapping[int, Interval] = MappingProxyType({})
    loops: tuple[Loop, ...] = ()
    in_while: bool = False

    @property
    def iterations(self) -> int:
        """How often a statement here runs at most; a While counts once."""
        product = 1
        for loop in self.loops:
            product *= loop.most
        return product

    def with_variable(self, variable: Any, values: Interval | None = None) -> Place:
        """The place where one more variable is defined."""
        known = self.known if values is None else {**self.known, adapter.identity(variable): values}
        return self._replace(variables=(*self.variables, variable), known=known)

    def with_buffers(self, buffers: tuple[Any, ...]) -> Place:
        """The place where more buffers are."""
        return self._replace(buffers=(*self.buffers, *buffers)) if buffers else self


class Site(NamedTuple):
    """A node of a function's body.

    Attributes:
        path: where it is, for `tree.replace_at`.
        node: the node.
        role: what it is for: of an operand, what the whole expression is for (`VALUE` of a store, `INDEX`, ...).
        place: what is in reach.
    """

    path: Path
    node: Any
    role: Role
    place: Place


def sites(function: TirFunction, buffers: Mapping[int, Interval] | None = None) -> list[Site]:
    """Every node of a function's body, parents before children, in the order of evaluation.

    Args:
        function: the function; its scalars' ranges are known.
        buffers: identity of a buffer to the interval of its elements, where that is known.
    """
    found: list[Site] = []
    _collect(function.func.body, (), Role.STATEMENT, parameters(function, buffers or {}), found)
    return found


def parameters(function: TirFunction, buffers: Mapping[int, Interval]) -> Place:
    """The place at the start of a function."""
    known = dict(buffers)
    scalars: list[Any] = []
    arrays: list[Any] = []
    for variable in function.func.params:
        (arrays if adapter.is_buffer(variable) else scalars).append(variable)
    for variable, scalar in zip(scalars, function.scalars, strict=False):
        if scalar.low is not None and scalar.high is not None:
            known[adapter.identity(variable)] = (scalar.low, scalar.high)
    return Place(tuple(scalars), tuple(arrays), known)


def _collect(node: Any, path: Path, role: Role, place: Place, found: list[Site]) -> None:
    found.append(Site(path, node, role, place))
    kind, passed = tree.kind_of(node), place
    for position, child in enumerate(tree.children(node)):
        inner = entered(node, position, child, place) if kind in _SCOPED else passed
        next_role = role if child.role in _PASSED_ON and role != Role.STATEMENT else child.role
        _collect(child.node, (*path, position), next_role, inner, found)
        if kind == "SeqStmt":
            passed = after(child.node, passed)


def after(statement: Any, place: Place) -> Place:
    """The place after a statement: with what it defines."""
    kind = tree.kind_of(statement)
    if kind == "Bind":
        return place.with_variable(statement.var, interval(statement.value, place.known))
    if kind in ("AllocBuffer", "DeclBuffer"):
        return place.with_buffers((statement.buffer,))
    return place


def loop_values(loop: Any, place: Place) -> tuple[Interval, int]:
    """What a For's variable can be, and how often the loop turns at most."""
    low, high = interval(loop.min, place.known)
    most = max(interval(loop.extent, place.known)[1], 0)
    return (low, high + max(most, 1) - 1), most


def entered(node: Any, position: int, child: tree.Child, place: Place) -> Place:
    """The place of a node's child, which is at a position among its children; not for the statements of a SeqStmt."""
    kind = tree.kind_of(node)
    if kind not in _SCOPED:
        return place
    if kind == "For":
        if child.role is not Role.STATEMENT:
            return place
        values, most = loop_values(node, place)
        inner = place.with_variable(node.loop_var, values)
        return inner._replace(loops=(*place.loops, Loop(node, int(node.kind), most)))
    if kind == "While":
        return place._replace(in_while=True)
    if kind == "Let":
        return place if position == 0 else place.with_variable(node.var, interval(node.value, place.known))
    if kind == "SBlockRealize":
        return place if child.role is Role.BINDING else bound(node, place)
    return place.with_buffers((*node.alloc_buffers, *(match.buffer for match in node.match_buffers)))


def bound(realize: Any, place: Place) -> Place:
    """The place within a block: its variables are in their domains, those of loops around are out of reach."""
    around = {adapter.identity(loop.variable) for loop in place.loops}
    seen = tuple(variable for variable in place.variables if adapter.identity(variable) not in around)
    inner = place._replace(variables=seen)
    for iterator, value in zip(realize.block.iter_vars, realize.iter_values, strict=True):
        low, high = interval(value, place.known)
        least, most = domain(iterator, place)
        inner = inner.with_variable(iterator.var, (max(low, least), max(min(high, most), least)))
    return inner


def domain(iterator: Any, place: Place) -> Interval:
    """The values that a variable of a block may have."""
    low, high = interval(iterator.dom.min, place.known)
    return low, high + max(interval(iterator.dom.extent, place.known)[1], 1) - 1


_SCOPED = frozenset({"For", "While", "Let", "SBlockRealize", "SBlock"})
