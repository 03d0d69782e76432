"""Plain inputs: contiguous, without an offset, each in memory of its own."""

from __future__ import annotations

from collections.abc import Iterator, Set

from tensorsmith.ir.edit import Replay
from tensorsmith.ir.graph import Input, TensorType
from tensorsmith.ir.recipe import Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.capture import captured, written_out
from tensorsmith.triage.rebuild import built, finished
from tensorsmith.triage.reductions.api import Candidates, greedy


def plain_layout(case: TestCase) -> Candidates:
    """Make inputs contiguous and let none share memory with another: all at once, then one at a time."""
    return greedy(case, _with_plainer)


def laid_out(case: TestCase, positions: Set[int]) -> TestCase:
    """The test case with the inputs at some positions contiguous and in memory of their own.

    Raises:
        GraphError: a call rejects the new layout.
    """
    replay = Replay()
    values: dict[int, Values] = {}
    for position, item in enumerate(case.graph.inputs):
        if position not in positions:
            replay.input(item)
            continue
        plain = TensorType(item.type.dtype, item.type.shape)
        values[item.id] = written_out(plain, captured(case).get(item.id))
        replay.input(Input(item.id, plain))
    for constant in case.graph.constants:
        replay.constant(constant)
    for node in case.graph.nodes:
        replay.node(node)
    return finished(case, replay, case.graph.outputs, values)


def _with_plainer(case: TestCase) -> Iterator[TestCase | None]:
    odd = [p for p, i in enumerate(case.graph.inputs) if i.shares is not None or i.type.stride or i.type.offset]
    if len(odd) > 1:
        yield built(laid_out, case, set(odd))
    for position in odd:
        yield built(laid_out, case, {position})
