"""What is known of a whole function before it is changed: what buffers hold, and where they are first filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.ranges import Interval, dtype_interval, interval
from tensorsmith.targets.tvm.sites import Site, sites
from tensorsmith.targets.tvm.tree import Path

# Libraries round these differently, so results are not compared to the bit.
INEXACT = frozenset(
    {"exp", "exp2", "exp10", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin",
     "acos", "atan", "asinh", "acosh", "atanh", "atan2", "pow", "hypot", "sigmoid", "erf", "rsqrt"}
)  # fmt: skip
REDUCES = 2  # the kind of a block's variable (IterVar) that a reduction goes over


@dataclass(frozen=True)
class Facts:
    """What is known of a function.

    Attributes:
        sites: every place.
        buffers: identity of a buffer to what its elements can be.
        inexact: identities of buffers that hold results which libraries round differently.
        counters: identities of buffers that conditions of While loops read.
        counts: paths of the stores to counters.
        filled: identity of a local buffer to the path of the statement that first writes all of it, where there is one.
        parameters: identities of the buffers that the function gets.
    """

    sites: tuple[Site, ...]
    buffers: Mapping[int, Interval]
    inexact: frozenset[int]
    counters: frozenset[int]
    counts: tuple[Path, ...]
    filled: Mapping[int, Path]
    parameters: frozenset[int]

    def readable(self, buffer: Any, path: Path) -> bool:
        """Whether all elements of a buffer that is in reach at a path have been written there."""
        identity = adapter.identity(buffer)
        if identity in self.parameters:
            return True
        fill = self.filled.get(identity)
        return fill is not None and path > fill and path[: len(fill)] != fill


@lru_cache(maxsize=8)
def facts(function: TirFunction) -> Facts:
    """What is known of a function; remembered of the last few."""
    return facts_of(function)


def facts_of(function: TirFunction, given: Mapping[int, Interval] | None = None) -> Facts:
    """What is known of a function.

    Args:
        function: the function.
        given: identity of a buffer to what its elements are taken to be; the others are found out.
    """
    start = dict(given or {})
    buffers = dict(start)
    every = tuple(sites(function, buffers))
    for _ in range(2):  # what the first round finds is right, the second finds less that can be
        found = {**_declared(function), **start}
        for site in every:
            if tree.kind_of(site.node) == "BufferStore" and adapter.identity(site.node.buffer) not in start:
                identity = adapter.identity(site.node.buffer)
                values = interval(site.node.value, site.place.known)
                found[identity] = _hull(found[identity], values) if identity in found else values
        if found == buffers:
            break
        buffers = found
        every = tuple(sites(function, buffers))
    counters = _counters(every)
    parameters = frozenset(adapter.identity(one) for one in function.func.params if adapter.is_buffer(one))
    return Facts(
        every, buffers, _inexact(every), counters, tuple(_counts(every, counters)), dict(_fills(every)), parameters
    )


def _declared(function: TirFunction) -> dict[int, Interval]:
    found = {}
    for variable, buffer in zip(function.func.params, function.buffers, strict=False):
        low, high = dtype_interval(buffer.dtype)
        found[adapter.identity(variable)] = (
            low if buffer.low is None else buffer.low,
            high if buffer.high is None else buffer.high,
        )
    return found


def _hull(a: Interval, b: Interval) -> Interval:
    return min(a[0], b[0]), max(a[1], b[1])


def is_inexact(node: Any, inexact: frozenset[int]) -> bool:
    """Whether the value of an expression depends on how a library rounds."""
    kind = tree.kind_of(node)
    if kind == "Call" and adapter.intrinsic(node) in INEXACT:
        return True
    if kind == "TensorLoad" and adapter.identity(node.source) in inexact:
        return True
    return any(is_inexact(child.node, inexact) for child in tree.children(node))


def _inexact(every: Sequence[Site]) -> frozenset[int]:
    if not any(tree.kind_of(site.node) == "Call" and adapter.intrinsic(site.node) in INEXACT for site in every):
        return frozenset()
    stores = [site.node for site in every if tree.kind_of(site.node) == "BufferStore"]
    found: frozenset[int] = frozenset()
    while True:
        more = found | {adapter.identity(store.buffer) for store in stores if is_inexact(store.value, found)}
        if more == found:
            return found
        found = more


def _counters(every: Sequence[Site]) -> frozenset[int]:
    return frozenset(
        adapter.identity(node.source)
        for site in every
        if tree.kind_of(site.node) == "While"
        for _, node in tree.walk(site.node.condition)
        if tree.kind_of(node) == "TensorLoad"
    )


def _counts(every: Sequence[Site], counters: frozenset[int]) -> Iterator[Path]:
    for site in every:
        if tree.kind_of(site.node) == "BufferStore" and adapter.identity(site.node.buffer) in counters:
            yield site.path


def _fills(every: Sequence[Site]) -> Iterator[tuple[int, Path]]:
    for site in every:
        kind = tree.kind_of(site.node)
        if kind == "SeqStmt":
            statements = list(site.node.seq)
            for position, statement in enumerate(statements):
                if tree.kind_of(statement) == "AllocBuffer":
                    at = filling(statement.buffer, statements[position + 1 :])
                    if at is not None:
                        yield adapter.identity(statement.buffer), (*site.path, position + 1 + at)
        elif kind == "SBlock":
            inside = statements_of(site.node.body)
            below = len(tree.children(site.node)) - 1
            for buffer in site.node.alloc_buffers:
                at = filling(buffer, inside)
                if at is not None:
                    path = (*site.path, below)
                    yield adapter.identity(buffer), (*path, at) if tree.kind_of(site.node.body) == "SeqStmt" else path


def statements_of(body: Any) -> list[Any]:
    """The statements of a sequence, or the one statement."""
    return list(body.seq) if tree.kind_of(body) == "SeqStmt" else [body]


def filling(buffer: Any, statements: Sequence[Any]) -> int | None:
    """Which statement writes all of a buffer before anything else touches it; None if none does for certain."""
    for position, statement in enumerate(statements):
        if adapter.identity(buffer) in adapter.variables(statement):
            return position if _fills_all(buffer, statement) else None
    return None


def _fills_all(buffer: Any, statement: Any) -> bool:
    """Whether a statement is loops around one store, whose indices run over all of the buffer."""
    extents: dict[int, int] = {}
    kind = tree.kind_of(statement)
    while kind in ("For", "SBlockRealize"):
        if kind == "For":
            start, extent = _constant(statement.min), _constant(statement.extent)
            if start != 0 or extent is None or statement.step is not None:
                return False
            extents[adapter.identity(statement.loop_var)] = extent
            statement = statement.body
        else:
            if _constant(statement.predicate) != 1:
                return False
            for iterator, value in zip(statement.block.iter_vars, statement.iter_values, strict=True):
                extent = extents.pop(adapter.identity(value), None)
                if extent is not None and _constant(iterator.dom.min) == 0:
                    extents[adapter.identity(iterator.var)] = extent
                elif int(iterator.iter_type) == REDUCES:  # where it starts is not seen, so the init may not run
                    return False
            statement = statement.block.init if statement.block.init is not None else statement.block.body
        kind = tree.kind_of(statement)
    if kind != "BufferStore" or not statement.buffer.same_as(buffer):
        return False
    if adapter.identity(buffer) in adapter.variables(statement.value):
        return False
    for index, size in zip(statement.indices, adapter.shape(buffer), strict=True):
        if size == 1:  # whatever the index is, it is 0
            continue
        if extents.pop(adapter.identity(index), None) != size:
            return False
    return True


def _constant(node: Any) -> int | None:
    return int(node.value) if tree.kind_of(node) == "IntImm" else None
