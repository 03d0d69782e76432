"""Whether iterations of a parallel or vectorized loop can touch the same element while one of them writes it."""

from __future__ import annotations

from typing import Any

from tensorsmith.oracles.tir.frame import Access, Frame, ParallelLoop
from tensorsmith.targets.tvm import adapter


def may_race(loop: ParallelLoop, frame: Frame) -> list[str]:
    """Lists that are written, without an index that tells the iterations apart: equal in all accesses, one-to-one."""
    shared: dict[str, list[Access]] = {}
    for access in loop.accesses:
        if access.memory.text in loop.memories:
            shared.setdefault(access.memory.text, []).append(access)
    written = {text: accesses for text, accesses in shared.items() if any(access.stores for access in accesses)}
    return [text for text, accesses in written.items() if not _kept_apart(accesses, loop, frame)]


def _kept_apart(accesses: list[Access], loop: ParallelLoop, frame: Frame) -> bool:
    first = accesses[0]
    if any(access.memory != first.memory for access in accesses):
        return False
    return first.memory.whole and any(
        all(access.texts[dimension] == first.texts[dimension] for access in accesses)
        and _one_to_one(first.indices[dimension], loop, frame)
        for dimension in range(len(first.indices))
    )


def _one_to_one(index: Any, loop: ParallelLoop, frame: Frame) -> bool:
    kind = type(index).__name__
    if kind == "Var":
        return frame.variables[adapter.identity(index)].text == loop.variable
    if kind in ("Add", "Sub"):
        sides = ((index.a, index.b), (index.b, index.a))
        return any(_one_to_one(a, loop, frame) and _fixed(b, loop, frame) for a, b in sides)
    if kind == "Mul":
        sides = ((index.a, index.b), (index.b, index.a))
        return any(_one_to_one(a, loop, frame) and type(b).__name__ == "IntImm" and b.value != 0 for a, b in sides)
    return False


def _fixed(index: Any, loop: ParallelLoop, frame: Frame) -> bool:
    """Whether an expression has one value in the whole loop; only simple ones are recognized."""
    kind = type(index).__name__
    if kind == "Var":
        return frame.variables[adapter.identity(index)].text in loop.outside
    if kind in ("Add", "Sub", "Mul", "FloorDiv", "FloorMod"):
        return _fixed(index.a, loop, frame) and _fixed(index.b, loop, frame)
    return kind == "IntImm"
