"""Which indices keep the iterations of a parallel or vectorized loop apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.sites import PARALLEL, SERIAL, UNROLLED, VECTORIZED

# Of a buffer by identity, its variable and every list of indices that it is accessed with.
Accesses = dict[int, tuple[Any, list[list[Any]]]]


def runs_apart(loop: Any) -> bool:
    """Whether a For is one that TVM can take in its kind: no iteration writes what another touches, a known extent."""
    kind = int(loop.kind)
    if kind == SERIAL:
        return True
    if tree.kind_of(loop.extent) != "IntImm" or loop.step is not None:
        return False
    if kind == UNROLLED:
        return int(loop.extent.value) <= 64
    if kind not in (PARALLEL, VECTORIZED) or (kind == VECTORIZED and not _can_be_vector(loop)):
        return False
    reads, writes, local = touched(loop.body)
    for identity, (_, written) in writes.items():
        if identity in local:
            continue
        every = written + reads.get(identity, (None, []))[1]
        if not any(keeps_apart(every, dimension, loop, aliases(loop)) for dimension in range(len(every[0]))):
            return False
    return True


def _can_be_vector(loop: Any) -> bool:
    if tree.kind_of(loop.min) != "IntImm" or int(loop.min.value) != 0:
        return False
    for path, node in tree.walk(loop.body):
        kind = tree.kind_of(node)
        if kind in ("AllocBuffer", "While", "AssertStmt", "AttrStmt") or (kind == "SBlock" and len(node.alloc_buffers)):
            return False
        if kind == "For" and int(node.kind) in (PARALLEL, VECTORIZED):
            return False
        if len(path) > 60:
            return False
    return True


def touched(body: Any) -> tuple[Accesses, Accesses, set[int]]:
    """What a statement loads from, what it stores to, and the buffers that it allocates itself."""
    reads: Accesses = {}
    writes: Accesses = {}
    local: set[int] = set()
    for _, node in tree.walk(body):
        kind = tree.kind_of(node)
        if kind == "TensorLoad":
            reads.setdefault(adapter.identity(node.source), (node.source, []))[1].append(list(node.indices))
        elif kind == "BufferStore":
            writes.setdefault(adapter.identity(node.buffer), (node.buffer, []))[1].append(list(node.indices))
        elif kind == "AllocBuffer":
            local.add(adapter.identity(node.buffer))
        elif kind == "SBlock":
            local.update(adapter.identity(buffer) for buffer in node.alloc_buffers)
    return reads, writes, local


def aliases(loop: Any) -> Mapping[int, int]:
    """Identities of variables of blocks whose values are another variable, to that one."""
    found: dict[int, int] = {}
    for _, node in tree.walk(loop.body):
        if tree.kind_of(node) == "SBlockRealize":
            for iterator, value in zip(node.block.iter_vars, node.iter_values, strict=True):
                if tree.kind_of(value) == "Var":
                    identity = adapter.identity(value)
                    found[adapter.identity(iterator.var)] = found.get(identity, identity)
    return found


def keeps_apart(accesses: list[list[Any]], dimension: int, loop: Any, alias: Mapping[int, int]) -> bool:
    """Whether the index of a dimension is the loop's variable in all accesses."""
    variable = adapter.identity(loop.loop_var)
    found = (adapter.identity(indices[dimension]) for indices in accesses)
    return all(alias.get(identity, identity) == variable for identity in found)
