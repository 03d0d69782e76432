"""What blocks promise, and primitives of schedules rely on: their iterations are independent, and all run, once each.

An iteration of a block is one value for each of its variables; those that differ in variables of reductions alone may
depend on each other. Nothing is read outside of blocks, and only a reduction reads what it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import Any, NoReturn

from tensorsmith.oracles.tir.frame import Frame, ParallelLoop
from tensorsmith.oracles.tir.runtime import Touched
from tensorsmith.oracles.tir.undefined import Undefined
from tensorsmith.targets.tvm import adapter, tree

_REDUCE = 2  # IterVar.CommReduce
RECORD = "_p"


class Promises:
    """What the blocks of one run have done; a scope is one run of the block around them."""

    def __init__(self) -> None:
        self.scopes = 0
        self.runs: dict[tuple[int, str], set[tuple[int, ...]]] = {}
        self.touches: dict[tuple[int, str, str], Touched] = {}

    def enter(self) -> int:
        """A new scope."""
        self.scopes += 1
        return self.scopes

    def once(self, scope: int, block: str, iteration: tuple[int, ...]) -> None:
        """A block runs an iteration, which it has not run."""
        runs = self.runs.setdefault((scope, block), set())
        if iteration in runs:
            _broken()
        runs.add(iteration)

    def touched(self, scope: int, block: str, memory: str) -> Touched:
        """Which iterations of a block touched the elements of a list."""
        return self.touches.setdefault((scope, block, memory), Touched())

    def leave(self, scope: int, blocks: Iterable[tuple[str, int]]) -> None:
        """A scope ends, in which each of some blocks has run so many iterations."""
        for block, count in blocks:
            if len(self.runs.get((scope, block), ())) != count:
                _broken()


def _broken() -> NoReturn:
    raise Undefined("a block does not do what it promises")


def write_watched(node: Any, frame: Frame, write: Callable[[], None]) -> None:
    """The body of a block whose variables have their values, with what checks its promises.

    Args:
        node: an SBlockRealize.
        frame: at the start of what runs where the predicate holds.
        write: writes the body.
    """
    block, name = node.block, frame.name("b")
    values = [(frame.variables[adapter.identity(one.var)].text, int(one.iter_type)) for one in block.iter_vars]
    sizes: list[Any] = [getattr(one.dom.extent, "value", None) for one in block.iter_vars]
    around, inside, iteration = frame.scope, frame.name("s"), frame.name("t")
    every, apart = (f"({''.join(f'{text}, ' for text in texts)})" for texts in (
        [text for text, _ in values], [text for text, kind in values if kind != _REDUCE]
    ))  # fmt: skip
    total = -1 if None in sizes else prod(sizes)  # -1: nobody knows, which counts as broken
    frame.below[around][adapter.identity(block)] = (name, total)
    frame.write(f"{RECORD}.once({around}, {name!r}, {every})")
    frame.write(f"{iteration} = {apart}")
    frame.write(f"{inside} = {RECORD}.enter()")
    existing = frozenset(memory.text for memory in frame.memories.values())
    outside = frozenset(value.text for value in frame.variables.values())
    watched = {memory: f"{RECORD}.touched({around}, {name!r}, {memory!r})" for memory in existing}
    frame.parallel.append(ParallelLoop(iteration, outside, existing, watched=watched))
    frame.scope, frame.below[inside] = inside, {}
    write()
    frame.parallel.pop()
    frame.scope = around
    frame.write(f"{RECORD}.leave({inside}, {sorted(frame.below[inside].values())})")


def reads_outside(body: Any) -> bool:
    """Whether something is read outside of the blocks: for the bounds of a loop around one, or for its predicate."""
    for _, node in tree.walk(body):
        kind = tree.kind_of(node)
        if kind == "SBlockRealize" and adapter.loads(node.predicate):
            return True
        if kind == "For" and (adapter.loads(node.min) or adapter.loads(node.extent)):
            return any(tree.kind_of(inner) == "SBlockRealize" for _, inner in tree.walk(node.body))
    return False


def reads_what_it_writes(body: Any) -> bool:
    """Whether a block without an initial value reads a buffer that it writes: it is neither complete nor a reduction,
    which is what primitives are made for."""
    for _, node in tree.walk(body):
        if tree.kind_of(node) != "SBlockRealize" or node.block.init is not None:
            continue
        written = {adapter.identity(region.source) for region in node.block.writes}
        if any(adapter.identity(region.source) in written for region in node.block.reads):
            return True
    return False
