"""Smaller shapes: one size of a dimension at a time becomes smaller wherever it occurs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from tensorsmith.ir.edit import Replay
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Atom, Constant, Node, TensorType, tensor_type
from tensorsmith.ir.recipe import Drawn, Literals, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.capture import captured, written_out
from tensorsmith.triage.rebuild import built, finished
from tensorsmith.triage.reductions.api import Candidates, greedy

# Sizes worth trying, the simplest first; the later ones are around the widths of vector registers.
SIZES = (1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 128, 256, 512, 1024)


def smaller_shapes(case: TestCase) -> Candidates:
    """Replace a size in the shapes of inputs and constants, and in whole-number arguments, by a smaller one."""
    return greedy(case, _with_smaller)


def _with_smaller(case: TestCase) -> Iterator[TestCase | None]:
    sources = [item.type for item in case.graph.inputs] + [item.type for item in case.graph.constants]
    for old in sorted({n for type_ in sources for n in type_.shape if n > 1}, reverse=True):
        for new in SIZES:
            if new >= old:
                break
            yield built(resized, case, old, new)


def resized(case: TestCase, old: int, new: int) -> TestCase:
    """The test case with every dimension of size `old` of inputs and constants made `new`.

    Raises:
        GraphError: a call rejects its arguments even with the sizes in them adjusted.
    """
    values: dict[int, Values] = {}
    replay = Replay()
    for item, recipe in zip(case.graph.inputs, case.recipe.inputs, strict=True):
        type_ = _resized_type(item.type, old, new)
        values[item.id] = _resized_values(case, item.id, type_, recipe, old, new)
        replay.input(item, type_)
    for constant in case.graph.constants:
        type_ = _resized_type(constant.type, old, new)
        made = _resized_values(case, constant.id, type_, constant.values, old, new)
        replay.constant(Constant(constant.id, type_, made))
    for node in case.graph.nodes:
        _resized_call(replay, node, old, new)
    return finished(case, replay, case.graph.outputs, values)


def _resized_type(type_: TensorType, old: int, new: int) -> TensorType:
    if old not in type_.shape:
        return type_
    shape = tuple(new if n == old else n for n in type_.shape)
    if not type_.stride:
        return tensor_type(type_.dtype, shape)
    # Dense, with the dimensions in the same order in memory; a stride of 0 stays one.
    strides = [0] * len(shape)
    step = 1
    for position in sorted(range(len(shape)), key=lambda p: (type_.strides[p], -p)):
        if type_.strides[position]:
            strides[position] = step
            step *= max(1, shape[position])
    return tensor_type(type_.dtype, shape, tuple(strides))


def _resized_values(case: TestCase, id_: int, type_: TensorType, values: Values, old: int, new: int) -> Values:
    if isinstance(values, Drawn):
        return Drawn(values.kind, values.seed, new) if values.high == old else values
    tensor = captured(case)[id_]
    for dimension, n in enumerate(tensor.shape):
        if n == old:
            tensor = tensor.narrow(dimension, 0, new)
    found = written_out(type_, tensor)
    if isinstance(found, Literals) and tensor.dtype is torch.int64 and tensor.numel():
        low, high = int(tensor.min()), int(tensor.max())
        if low >= 0 and new <= high < old:  # likely an index into the dimension
            return Literals(tuple(int(x) % new for x in found.data))
    return found


def _resized_call(replay: Replay, node: Node, old: int, new: int) -> None:
    failure: GraphError | None = None
    for variant in _call_variants(node, old, new):
        try:
            replay.node(variant)
            return
        except GraphError as error:
            failure = failure or error
    raise failure or GraphError(f"{node.op} rejects its arguments")


def _call_variants(node: Node, old: int, new: int) -> Iterator[Node]:
    def exact(atom: Atom) -> Atom:
        return new if type(atom) is int and atom == old else atom

    def clamped(atom: Atom) -> Atom:
        return new - 1 if type(atom) is int and new <= atom < old else exact(atom)

    yield _with_args(node, exact)
    yield node
    yield _with_args(node, clamped)
    for place, arg in enumerate(node.args):
        if isinstance(arg, tuple) and arg and all(type(atom) is int for atom in arg):
            for position in range(len(arg)):
                inferred: Arg = tuple(-1 if p == position else exact(atom) for p, atom in enumerate(arg))
                args = (*node.args[:place], inferred, *node.args[place + 1 :])
                yield Node(node.op, args, node.results, node.types, node.kwargs)


def _with_args(node: Node, change: Callable[[Atom], Atom]) -> Node:
    def changed(arg: Arg) -> Arg:
        return tuple(change(atom) for atom in arg) if isinstance(arg, tuple) else change(arg)

    return Node(
        node.op,
        tuple(changed(arg) for arg in node.args),
        node.results,
        node.types,
        tuple((name, changed(arg)) for name, arg in node.kwargs),
    )
