"""Make a view and write to it, or make a call write in place."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tensorsmith.ir.dtypes import FLOATS
from tensorsmith.ir.errors import GraphError, InvalidInputError
from tensorsmith.ir.graph import Arg, Ref, TensorType
from tensorsmith.ir.operators import operator, written_arguments
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.rebuild import (
    Rebuild,
    available,
    call,
    carry,
    carry_all,
    finish,
    index_storages,
    start,
    values_of_type,
)

TRIES = 6
Call = tuple[str, tuple[Arg, ...]]


def write_in_place(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with a write to a view of a value somewhere in it, or with the in-place twin of an operator."""
    if rng.random() < 0.3:
        changed = _twin(case, rng)
        if changed is not None:
            return changed
    return _written_view(case, rng)


def _twin(case: TestCase, rng: random.Random) -> TestCase | None:
    """The in-place variant of a call whose result has the type of its first operand."""
    types = case.graph.types()
    places = []
    for position, node in enumerate(case.graph.nodes):
        first = node.args[0] if node.args else None
        if isinstance(first, Ref) and len(node.results) == 1 and not written_arguments(node.op):
            same = (types[first.id].dtype, types[first.id].shape) == (node.types[0].dtype, node.types[0].shape)
            twin = _in_place(node.op)
            if same and twin is not None:
                places.append((position, twin))
    if not places:
        return None
    position, twin = rng.choice(places)
    rebuild = start(case, rng)
    carry_all(rebuild, case.graph.nodes[:position])
    if not carry(rebuild, case.graph.nodes[position], twin):
        return None
    carry_all(rebuild, case.graph.nodes[position + 1 :])
    return finish(rebuild, case)


def _in_place(op: str) -> str | None:
    namespace, name, overload = op.split(".")
    twin = f"{namespace}.{name}_.{overload}"
    try:
        operator(twin)
    except InvalidInputError:
        return None
    return twin


def _written_view(case: TestCase, rng: random.Random) -> TestCase | None:
    nodes = case.graph.nodes
    position = rng.randint(0, len(nodes))
    rebuild = start(case, rng)
    carry_all(rebuild, nodes[:position])
    builder = rebuild.builder
    indices = index_storages(builder)
    targets = [
        v
        for v in available(builder)
        if builder.writable(v) and builder.types[v].numel and builder.storage(v) not in indices
    ]
    for target in rng.sample(targets, min(TRIES, len(targets))):
        view = target
        for _ in range(rng.choice((0, 1, 1, 1, 2))):
            view = _view(rebuild, view, rng)
        if _write(rebuild, view, rng):
            break
    else:
        return None
    carry_all(rebuild, nodes[position:])
    # The value that was written through a view is what a compiler may get wrong.
    made = [view] if rng.random() < 0.3 else []
    if target not in {item.id for item in builder.inputs}:
        made.append(target)
    return finish(rebuild, case, made)


def _view(rebuild: Rebuild, value: int, rng: random.Random) -> int:
    """A view of a value, or the value itself if none of those tried is possible."""
    calls = list(_views(value, rebuild.builder.types[value], rng))
    for op, args in rng.sample(calls, min(TRIES, len(calls))):
        try:
            return rng.choice(rebuild.builder.call(op, args))
        except GraphError:
            continue
    return value


def _views(value: int, type_: TensorType, rng: random.Random) -> Iterator[Call]:
    rank = len(type_.shape)
    yield "aten.unsqueeze.default", (Ref(value), rng.randint(-rank - 1, rank))
    yield "aten.view.default", (Ref(value), (-1,))
    yield "aten.alias.default", (Ref(value),)
    if not rank:
        return
    dim = rng.randrange(rank)
    n = type_.shape[dim]
    first = rng.randrange(n)
    yield "aten.select.int", (Ref(value), dim, rng.randrange(-n, n))
    yield "aten.slice.Tensor", (Ref(value), dim, first, rng.randint(first + 1, n), rng.choice((1, 1, 2, 3)))
    yield "aten.narrow.default", (Ref(value), dim, first, rng.randint(1, n - first))
    yield "aten.split.Tensor", (Ref(value), max(1, n // 2), dim)
    yield "aten.permute.default", (Ref(value), tuple(rng.sample(range(rank), rank)))
    yield "aten.unbind.int", (Ref(value), dim)
    yield "aten.unfold.default", (Ref(value), dim, max(1, n // 2), max(1, n // 2))
    yield "aten.squeeze.default", (Ref(value),)
    if rank > 1:
        yield "aten.diagonal.default", (Ref(value), rng.choice((0, 0, 1, -1)))
        yield "aten.transpose.int", (Ref(value), dim, rng.randrange(rank))


def _write(rebuild: Rebuild, view: int, rng: random.Random) -> bool:
    """Write to a value in place. Says whether a way was found."""
    type_ = rebuild.builder.types[view]
    numel = type_.numel
    if not numel or not rebuild.builder.writable(view):
        return False
    calls: list[Call] = [
        ("aten.fill_.Scalar", (Ref(view), rng.choice((0, 1, 2)))),
        ("aten.zero_.default", (Ref(view),)),
        ("aten.mul_.Scalar", (Ref(view), rng.choice((0, 2, 3)))),
        ("aten.add_.Scalar", (Ref(view), rng.choice((1, 2)))),
        ("aten.neg_.default", (Ref(view),)),
    ]
    if type_.dtype in FLOATS:
        calls += [("aten.tanh_.default", (Ref(view),)), ("aten.relu_.default", (Ref(view),))]
    others = [o for o in values_of_type(rebuild.builder, type_) if o != view]
    if not others:
        types = rebuild.builder.types
        others = [o for o in available(rebuild.builder) if types[o].numel == 1 and types[o].dtype == type_.dtype]
    if others:
        other = Ref(rng.choice(others))
        ops = ("aten.copy_.default", "aten.add_.Tensor", "aten.mul_.Tensor")
        calls += [(op, (Ref(view), other)) for op in ops for _ in range(3)]
    for op, args in rng.sample(calls, min(TRIES, len(calls))):
        try:
            call(rebuild, op, args)
        except GraphError:
            continue
        return True
    return False
