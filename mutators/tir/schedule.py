"""Schedule a function in block form, by primitives that change no result, not even the order of sums."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tensorsmith.mutators.tir.api import MutateTir
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction

_REDUCES = 2

# Gets a schedule, one of its blocks, and the source of its choices; raises what TVM raises where it does not apply.
Primitive = Callable[[Any, Any, Random], None]


def scheduled(primitive: Primitive) -> MutateTir:
    """The mutator that applies a primitive to a random block; None for functions that are not of blocks alone."""

    def mutate(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
        del donor
        if not is_of_blocks(function):
            return None
        try:
            schedule = adapter.schedule(function.func)
            blocks = _blocks(schedule)
            if not blocks:
                return None
            primitive(schedule, rng.choice(blocks), rng)
        except (RuntimeError, ValueError, TypeError, IndexError):  # ScheduleError is a RuntimeError
            return None
        func = schedule.mod[adapter.ENTRY]
        if adapter.equal(func, function.func):
            return None
        return TirFunction(func, function.buffers, function.scalars)

    mutate.__doc__ = primitive.__doc__
    return mutate


def is_of_blocks(function: TirFunction) -> bool:
    """Whether everything that a function stores is stored in blocks below its root block."""
    body = function.func.body
    return tree.kind_of(body) == "SBlockRealize" and _in_blocks(body.block.body)


def _in_blocks(node: Any) -> bool:
    kind = tree.kind_of(node)
    if kind == "SBlockRealize":
        return True
    return kind in ("For", "SeqStmt") and all(
        _in_blocks(child.node) for child in tree.children(node) if child.role is tree.Role.STATEMENT
    )


def _blocks(schedule: Any) -> list[Any]:
    found, waiting = [], [schedule.get_sblock("root")]
    while waiting:
        below = list(schedule.get_child_blocks(waiting.pop()))
        found += below
        waiting += below
    return found


def _loops(schedule: Any, block: Any) -> list[Any]:
    return list(schedule.get_loops(block))


def split(schedule: Any, block: Any, rng: Random) -> None:
    """Splits a loop in two or three, whether its extent can be divided or not."""
    loop, factor = rng.choice(_loops(schedule, block)), rng.choice([2, 3, 4, 5, 8])
    schedule.split(loop, [None, factor] if rng.random() < 0.7 else [None, 2, factor])


def fuse(schedule: Any, block: Any, rng: Random) -> None:
    """Makes one loop of two nested ones."""
    loops = _loops(schedule, block)
    at = rng.randrange(len(loops) - 1)
    schedule.fuse(loops[at], loops[at + 1])


def reorder(schedule: Any, block: Any, rng: Random) -> None:
    """Reorders the loops of a block of which at most one is of a reduction."""
    loops = _loops(schedule, block)
    if _reducing(schedule, block) <= 1:
        schedule.reorder(*rng.sample(loops, len(loops)))


def _reducing(schedule: Any, block: Any) -> int:
    """The number of loops around a block that its reductions go over."""
    realize = next(
        node
        for _, node in tree.walk(schedule.mod[adapter.ENTRY].body)
        if tree.kind_of(node) == "SBlockRealize" and node.block.same_as(schedule.get(block))
    )
    used: set[int] = set()
    for iterator, value in zip(realize.block.iter_vars, realize.iter_values, strict=True):
        if int(iterator.iter_type) == _REDUCES:
            used |= set(adapter.variables(value))
    return sum(adapter.identity(schedule.get(loop).loop_var) in used for loop in _loops(schedule, block))


def unroll(schedule: Any, block: Any, rng: Random) -> None:
    """Unrolls a loop."""
    schedule.unroll(rng.choice(_loops(schedule, block)))


def vectorize(schedule: Any, block: Any, rng: Random) -> None:
    """Vectorizes a loop; most often the innermost, split so that it is short."""
    loop = _loops(schedule, block)[-1] if rng.random() < 0.7 else rng.choice(_loops(schedule, block))
    if rng.random() < 0.5:
        loop = schedule.split(loop, [None, rng.choice([2, 4, 8])])[1]
    schedule.vectorize(loop)


def parallel(schedule: Any, block: Any, rng: Random) -> None:
    """Makes a loop parallel."""
    schedule.parallel(rng.choice(_loops(schedule, block)[:2]))


def compute_at(schedule: Any, block: Any, rng: Random) -> None:
    """Moves a block into a loop of one that reads what it writes, or of one that writes what it reads."""
    if rng.random() < 0.6:
        consumer = rng.choice(list(schedule.get_consumers(block)))
        schedule.compute_at(block, rng.choice(_loops(schedule, consumer)))
    else:
        producer = rng.choice(list(schedule.get_producers(block)))
        schedule.reverse_compute_at(block, rng.choice(_loops(schedule, producer)))


def compute_inline(schedule: Any, block: Any, rng: Random) -> None:
    """Puts what a block computes into the blocks that read it."""
    if rng.random() < 0.6:
        schedule.compute_inline(block)
    else:
        schedule.reverse_compute_inline(block)


def cache(schedule: Any, block: Any, rng: Random) -> None:
    """Lets a block read from, or write to, a copy."""
    inner = schedule.get(block)
    if rng.random() < 0.5:
        schedule.cache_read(block, rng.randrange(len(inner.reads)), "local")
    else:
        schedule.cache_write(block, rng.randrange(len(inner.writes)), "local")


def decompose_reduction(schedule: Any, block: Any, rng: Random) -> None:
    """Makes a block of its own of what a reduction starts with."""
    schedule.decompose_reduction(block, rng.choice(_loops(schedule, block)))


def add_unit_loop(schedule: Any, block: Any, rng: Random) -> None:
    """Puts a loop that turns once around a block or a loop."""
    schedule.add_unit_loop(rng.choice([block, *_loops(schedule, block)]))


PRIMITIVES: tuple[Primitive, ...] = (
    split, fuse, reorder, unroll, vectorize, parallel, compute_at, compute_inline, cache, decompose_reduction,
    add_unit_loop,
)  # fmt: skip
