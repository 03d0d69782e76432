"""Replace the operator of a call by another that takes the same arguments."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

from tensorsmith.generators.table import OperatorEntry
from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.dtypes import FLOATS
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Node, Ref, TensorType, map_refs, refs
from tensorsmith.ir.operators import operator, written_arguments
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.operands import check_dtypes, entries
from tensorsmith.mutators.rebuild import call, carry, carry_all, finish, start

TRIES = 6


def replace(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with another operator in one of its calls, one that keeps the result's type if there is any."""
    nodes = case.graph.nodes
    types = case.graph.types()
    for position in rng.sample(range(len(nodes)), min(3, len(nodes))):
        node = nodes[position]
        found = _replacement(node, types, rng)
        if found is None:
            continue
        entry, args, kwargs = found
        rebuild = start(case, rng)
        carry_all(rebuild, nodes[:position])
        guarded: dict[int, int] = {}
        for ref in refs(node):
            new = rebuild.ids[ref]
            if entry.guard and rebuild.builder.types[new].dtype in FLOATS:
                # The operator is mostly NaN or Inf outside a range, and the guard brings values into it.
                (guarded[ref],) = call(rebuild, f"aten.{entry.guard}.default", (Ref(new),))
        originals = dict(rebuild.ids)
        rebuild.ids.update(guarded)
        if carry(rebuild, node, entry.op, args, kwargs):
            rebuild.ids.update({ref: originals[ref] for ref in guarded})
            carry_all(rebuild, nodes[position + 1 :])
            return finish(rebuild, case)
    return None


def _replacement(
    node: Node, types: dict[int, TensorType], rng: random.Random
) -> tuple[OperatorEntry, tuple[Arg, ...], tuple[tuple[str, Arg], ...]] | None:
    scratch = GraphBuilder()
    ids: dict[int, int] = {}
    for ref in refs(node):
        if ref not in ids:
            ids[ref] = scratch.input(types[ref])
    candidates = [op for op in _alike().get(_signature(node.op), ()) if op != node.op]
    accepted: list[tuple[OperatorEntry, tuple[Arg, ...], tuple[tuple[str, Arg], ...]]] = []
    for op in rng.sample(candidates, min(TRIES, len(candidates))):
        entry = entries()[op]
        if entry.guard and written_arguments(op):
            continue  # what it writes to cannot be brought into its domain
        args, kwargs = _arguments_for(op, node)
        try:
            check_dtypes(op, args, kwargs, types)
            results = scratch.call(
                op, [map_refs(a, ids) for a in args], [(name, map_refs(a, ids)) for name, a in kwargs]
            )
        except GraphError:
            continue
        if len(results) < len(node.results):
            continue
        accepted.append((entry, args, kwargs))
        if all(
            (scratch.types[new].dtype, scratch.types[new].shape) == (old.dtype, old.shape)
            for new, old in zip(results, node.types, strict=False)
        ):
            return accepted[-1]
    return accepted[0] if accepted else None


def _arguments_for(op: str, node: Node) -> tuple[tuple[Arg, ...], tuple[tuple[str, Arg], ...]]:
    """The arguments of a call that another operator has too, by name or, for required ones, by position."""
    required = _required(op)
    old_names = [a.name for a in operator(node.op)._schema.arguments]
    args = node.args[: len(required)]
    given = dict(zip(old_names[len(args) :], node.args[len(args) :], strict=False)) | dict(node.kwargs)
    names = {a.name for a in operator(op)._schema.arguments[len(args) :]}
    return args, tuple((name, arg) for name, arg in given.items() if name in names and arg is not None)


def _required(op: str) -> Sequence[str]:
    return tuple(str(a.type) for a in operator(op)._schema.arguments if not a.has_default_value() and not a.kwarg_only)


@cache
def _signature(op: str) -> tuple[str, ...]:
    writes = "writes" if written_arguments(op) else "reads"
    return (writes, *(kind.replace("Optional[", "").replace("]", "") for kind in _required(op)))


@cache
def _alike() -> dict[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for op in entries():
        found.setdefault(_signature(op), []).append(op)
    return {signature: tuple(ops) for signature, ops in found.items()}
