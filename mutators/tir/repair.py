"""Guards around what a change may have left undefined: overflow, division by zero, indices, races, unwritten elements.

What could not be shown to be defined before the change either, and is still the same, is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isqrt
from typing import Any

from tensorsmith.ir.tir import INTEGER_DTYPES, integer_range
from tensorsmith.mutators.tir.facts import facts, facts_of, filling, statements_of
from tensorsmith.mutators.tir.independent import runs_apart
from tensorsmith.targets.tvm import adapter, blocks, sites, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.ranges import OF_TWO, Interval, interval
from tensorsmith.targets.tvm.sites import SERIAL, Place
from tensorsmith.targets.tvm.tree import Role

MOST_ITERATIONS = 4096
MOST_NODES = 900
MOST_DEPTH = 70  # of nodes; Python, which the reference translates to, nests about a hundred parentheses
_IMMEDIATE_MAX = (1 << 63) - 1


@dataclass
class _Repair:
    """One run: what buffers hold, what to leave alone, and what was found wanting; nodes by identity.

    `unfilled` are statements that use a buffer which nothing is seen to fill first.
    """

    buffers: Mapping[int, Interval]
    left_alone: frozenset[int] = frozenset()
    unfilled: frozenset[int] = frozenset()
    found: set[int] = field(default_factory=set)
    found_unfilled: set[int] = field(default_factory=set)

    def wants(self, node: Any) -> bool:
        """Note that a node is not shown to be defined; whether to guard it."""
        identity = adapter.identity(node)
        self.found.add(identity)
        return identity not in self.left_alone


def repair(changed: TirFunction, before: TirFunction) -> TirFunction | None:
    """A changed function with guards; None where nothing has changed or it has grown too large.

    Args:
        changed: the function after a change.
        before: the function before it; buffers that both have keep to what they held.
    """
    if changed.func.body.same_as(before.func.body):
        return None
    buffers = _buffers(changed, facts(before).buffers)
    run = _Repair(buffers, *left_alone(before))
    body = _mended(changed.func.body, sites.parameters(changed, buffers), run)
    depths = [len(path) for path, _ in tree.walk(body)]
    if len(depths) > MOST_NODES or max(depths) > MOST_DEPTH:
        return None
    made = changed.with_body(body)
    return None if adapter.equal(made.func, before.func) else made


def _buffers(changed: TirFunction, before: Mapping[int, Interval]) -> Mapping[int, Interval]:
    """What buffers hold: those that there were before what they held, new ones what is found."""
    new = any(adapter.is_buffer(one) for number, one in adapter.variables(changed.func).items() if number not in before)
    return facts_of(changed, before).buffers if new else before


@lru_cache(maxsize=8)
def left_alone(function: TirFunction) -> tuple[frozenset[int], frozenset[int]]:
    """Nodes of a function that cannot be shown to be defined, and statements that may use unwritten elements."""
    run = _Repair(facts(function).buffers)
    _mended(function.func.body, sites.parameters(function, run.buffers), run)
    return frozenset(run.found), frozenset(run.found_unfilled)


def _mended(node: Any, place: Place, run: _Repair) -> Any:
    kind = tree.kind_of(node)
    if kind == "SeqStmt":
        return _sequence(node, place, run)
    parts: list[Any] = []
    seen = node
    for position, child in enumerate(tree.children(node)):
        if kind == "For" and child.role is Role.STATEMENT:
            seen = _bounded(tree.rebuild(node, [*parts, child.node]), node, place, run)
            parts = [part.node for part in tree.children(seen)[:-1]]
        inner = sites.entered(seen, position, child, place)
        parts.append(child.node if child.role is Role.HANDLE else _mended(child.node, inner, run))
    rebuilt = tree.rebuild(node, parts) if parts else node
    guard = _GUARDS.get(kind)
    return rebuilt if guard is None else guard(rebuilt, node, place, run)


def _sequence(node: Any, place: Place, run: _Repair) -> Any:
    made: list[Any] = []
    statements = list(node.seq)
    for position, statement in enumerate(statements):
        new = _mended(statement, place, run)
        made.append(new)
        place = sites.after(new, place)
        if tree.kind_of(statement) == "AllocBuffer":
            rest = statements[position + 1 :]
            if filling(statement.buffer, rest) is None and _was_touched(statement.buffer, statement, rest, run):
                made.append(_filled(statement.buffer, run, in_block=False))
    same = len(made) == len(statements) and all(a.same_as(b) for a, b in zip(made, statements, strict=True))
    return node if same else adapter.tvm().tirx.SeqStmt(_flat(made))


def _flat(statements: Sequence[Any]) -> list[Any]:
    return [inner for statement in statements for inner in statements_of(statement)]


def _was_touched(buffer: Any, owner: Any, statements: Sequence[Any], run: _Repair) -> bool:
    """Whether a buffer that nothing is seen to fill is used, and some statement that uses it has changed."""
    identity = adapter.identity(buffer)
    users = [one for one in statements if identity in adapter.variables(one)]
    run.found_unfilled.update(adapter.identity(one) for one in (owner, *users))
    return bool(users) and not all(adapter.identity(one) in run.unfilled for one in (owner, *users))


def _filled(buffer: Any, run: _Repair, in_block: bool) -> Any:
    """Loops that put a number into every element."""
    tirx, dtype = adapter.tvm().tirx, adapter.element_dtype(buffer)
    low, high = run.buffers.get(adapter.identity(buffer), (0, 0))
    value = constant(dtype, min(max(0, low), high))
    sizes = [size or 1 for size in adapter.shape(buffer)]
    loops = [tirx.Var(f"f{position}", "int32") for position in range(len(sizes))]
    if in_block:
        made = [blocks.iterator(tirx.Var(f"v{position}", "int32"), size) for position, size in enumerate(sizes)]
        store = tirx.BufferStore(buffer, value, [iterator.var for iterator in made])
        body = blocks.realize(loops, tirx.IntImm("bool", 1), blocks.block("fill", made, store))
    else:
        body = tirx.BufferStore(buffer, value, loops)
    for variable, size in zip(reversed(loops), reversed(sizes), strict=True):
        body = tirx.For(variable, 0, size, SERIAL, body)
    return body


def constant(dtype: str, value: int | float) -> Any:
    """A constant of any dtype."""
    tirx = adapter.tvm().tirx
    return tirx.IntImm(dtype, int(value)) if dtype in (*INTEGER_DTYPES, "bool") else tirx.FloatImm(dtype, float(value))


def clamped(node: Any, low: int, high: int, found: Interval) -> Any:
    """An integer expression whose values are in `found`, brought into [low, high]."""
    tirx, dtype = adapter.tvm().tirx, adapter.dtype_of(node)
    if found[1] > high:
        node = tirx.Min(node, constant(dtype, min(high, _IMMEDIATE_MAX)))
    if found[0] < low:
        node = tirx.Max(node, constant(dtype, low))
    return node


def _narrowed(node: Any, limit: int, place: Place) -> Any:
    return clamped(node, -limit, limit, interval(node, place.known))


def _is_signed(node: Any) -> bool:
    return adapter.dtype_of(node) in ("int8", "int16", "int32", "int64")


def _arithmetic(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    dtype, kind = adapter.dtype_of(node), tree.kind_of(node)
    if not _is_signed(node):
        return node
    least, greatest = integer_range(dtype)
    low, high = OF_TWO[kind](interval(node.a, place.known), interval(node.b, place.known))
    if (least <= low and high <= greatest) or not run.wants(old):
        return node
    limit = isqrt(greatest) if kind == "Mul" else greatest // 2
    return tree.rebuild(node, [_narrowed(side, limit, place) for side in (node.a, node.b)])


def _division(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    dtype = adapter.dtype_of(node)
    if dtype not in INTEGER_DTYPES:
        return node
    a, b = node.a, node.b
    (least, _), (low, high) = integer_range(dtype), interval(b, place.known)
    smallest = interval(a, place.known)[0]
    if (low > 0 or high < 0) and not (low <= -1 <= high and smallest == least):
        return node
    if not run.wants(old):
        return node
    tirx = adapter.tvm().tirx
    if low <= 0 <= high:
        b = tirx.Max(b, constant(dtype, 1)) if high > 0 or least == 0 else tirx.Min(b, constant(dtype, -1))
    if interval(b, place.known)[0] < 0 and smallest == least:
        a = tirx.Max(a, constant(dtype, least + 1))
    return tree.rebuild(node, [a, b])


def _shift(node: Any, old: Any, place: Place, run: _Repair, left: bool) -> Any:
    dtype = adapter.dtype_of(node)
    if dtype not in INTEGER_DTYPES:
        return node
    a, b = (child.node for child in tree.children(node))
    bits, (least, greatest) = int(dtype.removeprefix("u").removeprefix("int")), integer_range(dtype)
    low, high = interval(b, place.known)
    values = interval(a, place.known)
    most = min(max(high, 0), bits - 1)
    fits = not left or least == 0 or (least <= values[0] << most and values[1] << most <= greatest)
    if (low >= 0 and high < bits and fits) or not run.wants(old):
        return node
    if not fits:
        a = clamped(a, -(greatest >> most), greatest >> most, values)
    return tree.rebuild(node, [a, clamped(b, 0, bits - 1, (low, high))])


def _call(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    name = adapter.intrinsic(node)
    if name in ("shift_left", "shift_right"):
        return _shift(node, old, place, run, name == "shift_left")
    if name == "clz" and interval(node.args[0], place.known)[0] <= 0 and run.wants(old):  # clz of 0 is not defined
        one = constant(adapter.dtype_of(node.args[0]), 1)
        return tree.rebuild(node, [adapter.tvm().tirx.BitwiseOr(node.args[0], one)])
    return node


def _cast(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    """A float goes to an integer only where it fits."""
    dtype, source = adapter.dtype_of(node), adapter.dtype_of(node.value)
    if dtype not in INTEGER_DTYPES or source in (*INTEGER_DTYPES, "bool") or not run.wants(old):
        return node
    tirx, (least, greatest) = adapter.tvm().tirx, integer_range(dtype)
    low, high = max(least, -100), min(greatest, 100)
    fits = tirx.And(tirx.GE(node.value, constant(source, low)), tirx.LE(node.value, constant(source, high)))
    return tirx.if_then_else(fits, node, constant(dtype, max(low, 0)))


def _inside(indices: Sequence[Any], variable: Any, place: Place) -> list[Any]:
    return [_index(index, size, place) for index, size in zip(indices, adapter.shape(variable), strict=True)]


def _index(index: Any, size: int | None, place: Place) -> Any:
    dtype = adapter.dtype_of(index)
    if size is None or dtype not in INTEGER_DTYPES:
        return index
    low, high = interval(index, place.known)
    if low >= 0 and high < size:
        return index
    if -size <= low and high < 2 * size and low >= 0:
        return clamped(index, 0, size - 1, (low, high))
    return adapter.tvm().tirx.FloorMod(index, constant(dtype, size))


def _load(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    indices = _inside(node.indices, node.source, place)
    if all(a.same_as(b) for a, b in zip(indices, node.indices, strict=True)) or not run.wants(old):
        return node
    return tree.rebuild(node, indices)


def _store(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    value, indices = node.value, _inside(node.indices, node.buffer, place)
    values = interval(value, place.known)
    low, high = run.buffers.get(adapter.identity(node.buffer), values)
    if adapter.dtype_of(value) in INTEGER_DTYPES and not (low <= values[0] and values[1] <= high):
        value = clamped(value, low, high, values)
    same = value.same_as(node.value) and all(a.same_as(b) for a, b in zip(indices, node.indices, strict=True))
    return node if same or not run.wants(old) else tree.rebuild(node, [value, *indices])


def _bounded(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    """A loop that turns neither less than zero times nor too often."""
    low, high = interval(node.extent, place.known)
    room = max(MOST_ITERATIONS // max(place.iterations, 1), 1)
    if (low < 0 or high > room) and run.wants(old):
        node = with_loop(node, extent=clamped(node.extent, 0, room, (low, high)))
    if node.step is not None and (tree.kind_of(node.step) != "IntImm" or int(node.step.value) < 1):
        return with_loop(node, step=constant(adapter.dtype_of(node.step), 2))
    return node


def _apart(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    del place
    if not runs_apart(node) and run.wants(old):
        return with_loop(node, kind=SERIAL)
    return node


def with_loop(loop: Any, extent: Any = None, kind: int | None = None, annotations: Any = None, step: Any = None) -> Any:
    """A loop of another extent, kind or step, or with other annotations."""
    return adapter.tvm().tirx.For(
        loop.loop_var, loop.min, loop.extent if extent is None else extent, int(loop.kind) if kind is None else kind,
        loop.body, None, dict(loop.annotations) if annotations is None else annotations,
        loop.step if step is None else step,
    )  # fmt: skip


def _assertion(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    if holds(node.condition, place) or not run.wants(old):
        return node
    tirx = adapter.tvm().tirx
    return tirx.Evaluate(tirx.IntImm("int32", 0))


def holds(condition: Any, place: Place) -> bool:
    """Whether a condition is seen to be true whatever the inputs."""
    kind = tree.kind_of(condition)
    if kind == "And":
        return holds(condition.a, place) and holds(condition.b, place)
    if kind == "Or":
        return holds(condition.a, place) or holds(condition.b, place)
    if kind == "IntImm":
        return int(condition.value) == 1
    if kind not in _HOLDS or adapter.dtype_of(condition.a) not in INTEGER_DTYPES:
        return False
    return _HOLDS[kind](interval(condition.a, place.known), interval(condition.b, place.known))


_HOLDS: dict[str, Callable[[Interval, Interval], bool]] = {
    "GE": lambda a, b: a[0] >= b[1],
    "GT": lambda a, b: a[0] > b[1],
    "LE": lambda a, b: a[1] <= b[0],
    "LT": lambda a, b: a[1] < b[0],
    "NE": lambda a, b: a[1] < b[0] or b[1] < a[0],
}


def _realized(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    """A block runs only where its variables are in their domains."""
    tirx, predicate = adapter.tvm().tirx, node.predicate
    for iterator, value in zip(node.block.iter_vars, node.iter_values, strict=True):
        low, high = interval(value, place.known)
        least, most = sites.domain(iterator, place)
        dtype = adapter.dtype_of(value)
        if high > most:
            predicate = tirx.And(predicate, tirx.LE(value, constant(dtype, most)))
        if low < least:
            predicate = tirx.And(predicate, tirx.GE(value, constant(dtype, least)))
    if predicate.same_as(node.predicate) or not run.wants(old):
        return node
    return blocks.realize(list(node.iter_values), predicate, node.block)


def _block(node: Any, old: Any, place: Place, run: _Repair) -> Any:
    """Buffers that a block allocates are written before they are read."""
    del place
    body = node.body
    for buffer in node.alloc_buffers:
        inside = statements_of(body)
        if filling(buffer, inside) is None and _was_touched(buffer, old, inside, run):
            body = adapter.tvm().tirx.SeqStmt([_filled(buffer, run, in_block=True), *inside])
    return tree.rebuild(node, [*(child.node for child in tree.children(node)[:-1]), body])


_GUARDS: dict[str, Callable[[Any, Any, Place, _Repair], Any]] = {
    **dict.fromkeys(("Add", "Sub", "Mul"), _arithmetic),
    **dict.fromkeys(("Div", "Mod", "FloorDiv", "FloorMod"), _division),
    "LShift": lambda node, old, place, run: _shift(node, old, place, run, left=True),
    "RShift": lambda node, old, place, run: _shift(node, old, place, run, left=False),
    "Call": _call,
    "Cast": _cast,
    "TensorLoad": _load,
    "BufferStore": _store,
    "For": _apart,
    "AssertStmt": _assertion,
    "SBlock": _block,
    "SBlockRealize": _realized,
}
