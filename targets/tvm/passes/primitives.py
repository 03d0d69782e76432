"""The primitives of `tvm.s_tir.Schedule` that keep the meaning of a function: what a step of each stands for.

Arguments of steps are plain numbers, which say which of the blocks, loops and buffers that there are, modulo how many
these are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice, permutations
from math import factorial
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.passes.entry import Values

_REDUCES = 2  # IterVar.CommReduce


@dataclass(frozen=True)
class Argument:
    """An argument of a primitive: its value, and Python that gives it where `sch` is the schedule."""

    value: Any
    source: str


@dataclass(frozen=True)
class Call:
    """A call of a method of a schedule."""

    method: str
    arguments: tuple[Argument, ...]

    def apply(self, schedule: Any) -> None:
        """Call it.

        Raises:
            whatever TVM raises: `adapter.schedule_error()` where it does not apply.
        """
        getattr(schedule, self.method)(*(argument.value for argument in self.arguments))

    def source(self) -> str:
        """Python that calls it, where `sch` is the schedule."""
        return f"sch.{self.method}({', '.join(argument.source for argument in self.arguments)})"


@dataclass(frozen=True)
class Nest:
    """A block of a schedule, and the loops around it within the block that it is in, outermost first."""

    schedule: Any
    block: Argument
    loops: tuple[Argument, ...]

    @property
    def node(self) -> Any:
        """TVM's SBlock."""
        return self.schedule.get(self.block.value)

    def loop(self, number: int) -> Argument:
        """One of the loops, modulo how many there are."""
        return self.loops[number % len(self.loops)]

    def others(self, method: str) -> list[Nest]:
        """The blocks that a method of the schedule gives for this one, those with loops."""
        found = getattr(self.schedule, method)(self.block.value)
        blocks = [Argument(other, f"sch.{method}({self.block.source})[{place}]") for place, other in enumerate(found)]
        return [nest for nest in (nest_of(self.schedule, block) for block in blocks) if nest.loops]

    def reducing(self) -> int:
        """The number of loops that its reductions go over."""
        node = self.node
        realize = next(
            other
            for _, other in tree.walk(self.schedule.mod[adapter.ENTRY].body)
            if tree.kind_of(other) == "SBlockRealize" and other.block.same_as(node)
        )
        used: set[int] = set()
        for iterator, value in zip(node.iter_vars, realize.iter_values, strict=True):
            if int(iterator.iter_type) == _REDUCES:
                used |= set(adapter.variables(value))
        return sum(adapter.identity(self.schedule.get(loop.value).loop_var) in used for loop in self.loops)


# What a primitive does to a block: gets the arguments of a step, but for `block`, by name. None: it does not apply.
Resolve = Callable[..., Call | None]


@dataclass(frozen=True)
class Primitive:
    """A primitive.

    Attributes:
        name: of its pass, without the dialect.
        resolve: the call that a step stands for.
        arguments: as those of a PassEntry, but for `block`.
        of: which blocks it is for.
        exact: whether it keeps the order of sums.
        seldom: whether it applies to hardly any block, or raises on nearly every one.
    """

    name: str
    resolve: Resolve
    arguments: Values = ()
    of: Callable[[Nest], bool] = lambda nest: bool(nest.loops)
    exact: bool = True
    seldom: bool = False


def nest_of(schedule: Any, block: Argument) -> Nest:
    """A block with the loops around it."""
    loops = schedule.get_loops(block.value)
    return Nest(
        schedule,
        block,
        tuple(Argument(loop, f"sch.get_loops({block.source})[{place}]") for place, loop in enumerate(loops)),
    )


def _plain(value: Any) -> Argument:
    return Argument(value, repr(value))


def _of_loop(method: str) -> Resolve:
    """A primitive that takes a loop."""
    return lambda nest, loop: Call(method, (nest.loop(loop),))


def _of_block(method: str) -> Resolve:
    """A primitive that takes a block."""
    return lambda nest: Call(method, (nest.block,))


def _of_both(method: str) -> Resolve:
    """A primitive that takes a block and a loop around it."""
    return lambda nest, loop: Call(method, (nest.block, nest.loop(loop)))


def _into(method: str, others: str) -> Resolve:
    """A primitive that moves a block into a loop of one that uses what it gives, or the other way round."""

    def resolve(nest: Nest, other: int, loop: int) -> Call | None:
        found = nest.others(others)
        return Call(method, (nest.block, found[other % len(found)].loop(loop))) if found else None

    return resolve


def _cached(method: str, regions: str) -> Resolve:
    """A primitive that lets a block use a copy of a buffer."""

    def resolve(nest: Nest, buffer: int, scope: str) -> Call:
        number = buffer % len(getattr(nest.node, regions))
        return Call(method, (nest.block, _plain(number), _plain(scope)))

    return resolve


def _cache_index(nest: Nest) -> Call:
    return Call("cache_index", (nest.block, _plain("global")))


def _has(regions: str) -> Callable[[Nest], bool]:
    return lambda nest: bool(nest.loops) and len(getattr(nest.node, regions)) > 0


def _is_used(nest: Nest) -> bool:
    return bool(nest.others("get_consumers"))


def _uses(nest: Nest) -> bool:
    return bool(nest.others("get_producers"))


def _reduces(nest: Nest) -> bool:
    return bool(nest.loops) and nest.node.init is not None


def _split(nest: Nest, loop: int, factor: int, parts: int) -> Call:
    return Call("split", (nest.loop(loop), _plain([None, factor] if parts == 2 else [None, 2, factor])))


def _fuse(nest: Nest, loop: int) -> Call:
    at = loop % (len(nest.loops) - 1)
    return Call("fuse", (nest.loops[at], nest.loops[at + 1]))


def _permutation(size: int, number: int) -> tuple[int, ...]:
    """The permutation of a number, modulo how many there are; 0 leaves everything where it is."""
    return next(islice(permutations(range(size)), number % factorial(size), None))


def _reorder(nest: Nest, order: int) -> Call | None:
    if nest.reducing() > 1:
        return None
    return Call("reorder", tuple(nest.loops[place] for place in _permutation(len(nest.loops), order)))


def _reorder_variables(nest: Nest, order: int) -> Call:
    return Call("reorder_block_iter_var", (nest.block, _plain(list(_permutation(len(nest.node.iter_vars), order)))))


def _add_unit_loop(nest: Nest, loop: int) -> Call:
    return Call("add_unit_loop", ((nest.block, *nest.loops)[loop % (len(nest.loops) + 1)],))


def _loop_partition(nest: Nest, loop: int, factor: int) -> Call:
    return Call("loop_partition", (nest.loop(loop), _plain([factor, None])))


def _regions(nest: Nest) -> list[tuple[str, int]]:
    """Buffers of a block, as `reindex` and `transform_layout` take them."""
    node = nest.node
    reads, writes = ((kind, len(found)) for kind, found in (("read", node.reads), ("write", node.writes)))
    return [(kind, number) for kind, count in (reads, writes) for number in range(count)]


def _reindex(nest: Nest, buffer: int) -> Call:
    found = _regions(nest)
    return Call("reindex", (nest.block, _plain(found[buffer % len(found)])))


def _locals(nest: Nest) -> list[tuple[tuple[str, int], Any]]:
    """Buffers of a block that the function allocates, as in `_regions`, with TVM's buffer."""
    node, func = nest.node, nest.schedule.mod[adapter.ENTRY]
    given = {adapter.identity(one) for one in func.params}
    buffers = [region.source for region in (*node.reads, *node.writes)]
    pairs = zip(_regions(nest), buffers, strict=True)
    return [(region, buffer) for region, buffer in pairs if adapter.identity(buffer) not in given]


def _layout(size: int, order: int, factor: int) -> Argument:
    """A map of `size` indices: in another order, and the last in two unless the factor is 1."""
    names = [f"i{place}" for place in range(size)]
    *kept, last = (names[place] for place in _permutation(size, order))
    kept += [last] if factor == 1 else [f"{last} // {factor}", f"{last} % {factor}"]
    text = f"lambda {', '.join(names)}: ({', '.join(kept)},)"
    return Argument(eval(text, {}), text)


def _transform_layout(nest: Nest, buffer: int, order: int, factor: int) -> Call:
    found = _locals(nest)
    region, variable = found[buffer % len(found)]
    return Call("transform_layout", (nest.block, _plain(region), _layout(len(adapter.shape(variable)), order, factor)))


def _transform_block_layout(nest: Nest, order: int, factor: int) -> Call | None:
    variables = nest.node.iter_vars
    if not variables or sum(int(one.iter_type) == _REDUCES for one in variables) > 1:
        return None
    return Call("transform_block_layout", (nest.block, _layout(len(variables), order, factor)))


def _rfactor(nest: Nest, loop: int, axis: int) -> Call:
    return Call("rfactor", (nest.loop(loop), _plain(axis)))


def _set_scope(nest: Nest, buffer: int, scope: str) -> Call:
    return Call("set_scope", (nest.block, _plain(buffer % len(nest.node.writes)), _plain(scope)))


def _pad_einsum(nest: Nest, factor: int) -> Call:
    return Call("pad_einsum", (nest.block, _plain([factor] * len(nest.node.iter_vars))))


def _is_einsum(nest: Nest) -> bool:
    """Whether a block sums up products, to which it adds nothing where it is padded: TVM looks at the indices only."""
    body, init = nest.node.body, nest.node.init
    if not _reduces(nest) or tree.kind_of(init) != "BufferStore" or tree.kind_of(body) != "BufferStore":
        return False
    total = body.value
    sums_up = tree.kind_of(total) == "Add" and tree.kind_of(total.a) == "TensorLoad" and _is_product(total.b)
    return sums_up and getattr(init.value, "value", None) == 0


def _is_product(node: Any) -> bool:
    """Whether an expression is of elements of buffers and multiplies them only."""
    kind = tree.kind_of(node)
    if kind == "Mul":
        return _is_product(node.a) and _is_product(node.b)
    return kind == "TensorLoad" or (kind == "Cast" and _is_product(node.value))


_LOOP = ("loop", (0, 1, 2, 3, 4))
_INNER = ("loop", (-1, -2, -3, -4, -5))
_OTHER = ("other", (0, 1))
_BUFFER = ("buffer", (0, 1, 2))
_FACTOR = ("factor", (2, 3, 4, 5, 8))
_ORDER = ("order", (-1, 1, 2, 3, 5, 7, 11, 17))
_PARTS = ("factor", (1, 2, 3, 4))
_SCOPE = ("scope", ("local", "global"))

PRIMITIVES: dict[str, Primitive] = {
    one.name: one
    for one in (
        Primitive("add_unit_loop", _add_unit_loop, (_LOOP,)),
        Primitive("blockize", _of_loop("blockize"), (_INNER,)),
        Primitive("cache_index", _cache_index, seldom=True),
        Primitive("cache_inplace", _cached("cache_inplace", "reads"), (_BUFFER, _SCOPE), _has("reads"), seldom=True),
        Primitive("cache_read", _cached("cache_read", "reads"), (_BUFFER, _SCOPE), _has("reads")),
        Primitive("cache_write", _cached("cache_write", "writes"), (_BUFFER, _SCOPE), _has("writes")),
        Primitive("compute_at", _into("compute_at", "get_consumers"), (_OTHER, _INNER), _is_used),
        Primitive("compute_inline", _of_block("compute_inline"), (), _is_used),
        Primitive("decompose_padding", _of_both("decompose_padding"), (_LOOP,), seldom=True),
        Primitive("decompose_reduction", _of_both("decompose_reduction"), (_LOOP,), _reduces),
        Primitive("fuse", _fuse, (_LOOP,), lambda nest: len(nest.loops) > 1),
        Primitive("loop_partition", _loop_partition, (_LOOP, _FACTOR)),
        Primitive("pad_einsum", _pad_einsum, (_FACTOR,), _is_einsum),
        Primitive("parallel", _of_loop("parallel"), (_LOOP,)),
        Primitive("reindex", _reindex, (_BUFFER,), lambda nest: bool(_regions(nest))),
        Primitive("reorder", _reorder, (_ORDER,), lambda nest: len(nest.loops) > 1),
        Primitive("reorder_block_iter_var", _reorder_variables, (_ORDER,), lambda nest: len(nest.node.iter_vars) > 1),
        Primitive("reverse_compute_at", _into("reverse_compute_at", "get_producers"), (_OTHER, _INNER), _uses),
        Primitive("reverse_compute_inline", _of_block("reverse_compute_inline"), (), _uses),
        Primitive("rfactor", _rfactor, (_INNER, ("axis", (0, 1, -1))), _reduces, exact=False),
        Primitive("set_scope", _set_scope, (_BUFFER, _SCOPE), _has("writes")),
        Primitive("split", _split, (_LOOP, _FACTOR, ("parts", (2, 3)))),
        Primitive("transform_block_layout", _transform_block_layout, (_ORDER, _PARTS)),
        Primitive("transform_layout", _transform_layout, (_BUFFER, _ORDER, _PARTS), lambda nest: bool(_locals(nest))),
        Primitive("unroll", _of_loop("unroll"), (_LOOP,)),
        Primitive("vectorize", _of_loop("vectorize"), (_INNER,)),
    )
}
