"""Common dtypes: float32 for other floats and int64 for other integers, one dtype at a time wherever it occurs."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.dtypes import FLOATS, INTEGERS, DType
from tensorsmith.ir.edit import Replay
from tensorsmith.ir.graph import Arg, Atom, Constant, DTypeArg, Node, TensorType
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, finished
from tensorsmith.triage.reductions.api import Candidates, greedy


def common_dtypes(case: TestCase) -> Candidates:
    """Replace a dtype of inputs, constants and arguments by float32 or int64."""
    return greedy(case, _with_common)


def recast(case: TestCase, old: DType, new: DType) -> TestCase:
    """The test case with one dtype in place of another.

    Raises:
        GraphError: a call rejects its arguments.
    """
    replay = Replay()
    for item in case.graph.inputs:
        replay.input(item, _recast_type(item.type, old, new))
    for constant in case.graph.constants:
        replay.constant(Constant(constant.id, _recast_type(constant.type, old, new), constant.values))
    for node in case.graph.nodes:
        replay.node(_recast_call(node, old, new))
    return finished(case, replay, case.graph.outputs)


def _with_common(case: TestCase) -> Iterator[TestCase | None]:
    used = {type_.dtype for type_ in case.graph.types().values()}
    for old in sorted(used & (FLOATS | INTEGERS) - {"f32", "i64"}):
        yield built(recast, case, old, "f32" if old in FLOATS else "i64")


def _recast_type(type_: TensorType, old: DType, new: DType) -> TensorType:
    return TensorType(new, type_.shape, type_.stride, type_.offset) if type_.dtype == old else type_


def _recast_call(node: Node, old: DType, new: DType) -> Node:
    def atom(value: Atom) -> Atom:
        return DTypeArg(new) if value == DTypeArg(old) else value

    def arg(value: Arg) -> Arg:
        return tuple(atom(a) for a in value) if isinstance(value, tuple) else atom(value)

    return Node(
        node.op,
        tuple(arg(a) for a in node.args),
        node.results,
        node.types,
        tuple((name, arg(a)) for name, a in node.kwargs),
    )
