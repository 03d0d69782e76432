"""What holds for every program: candidates are well-typed and have fitting values, and the source says the same."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tensorsmith.ir.check import type_check
from tensorsmith.ir.graph import Graph
from tensorsmith.ir.recipe import Drawn, InputRecipe, ValueClass
from tensorsmith.ir.testcase import TestCase, decode, encode
from tensorsmith.oracles.verdict import Verdict, passed
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.triage.reduce import reduce_case
from tensorsmith.triage.repro import repro_script
from tests.ir.strategies import graphs

pytestmark = pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")

WRONG = Verdict("fail", "differential", kind="wrong-result", channel="values")
CLASSES: tuple[ValueClass, ...] = ("normal", "integers", "ones", "zeros", "special", "index")

quick = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def drawn(graph: Graph, kinds: list[ValueClass]) -> TestCase:
    values = (Drawn(kinds[p % len(kinds)], p, 3) for p in range(len(graph.inputs)))
    return TestCase(graph, InputRecipe(tuple(values)), "eager")


@quick
@given(graphs(), st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3), st.integers(0, 1000))
def test_reduction_of_any_program_keeps_what_matters_and_nothing_else(
    graph: Graph, kinds: list[ValueClass], choice: int
) -> None:
    assume(graph.nodes)
    case = drawn(graph, kinds)
    wanted = graph.nodes[choice % len(graph.nodes)].op

    def judged(candidate: TestCase) -> Verdict:
        type_check(candidate.graph)
        assert decode(encode(candidate)) == candidate
        make_inputs(candidate.graph, candidate.recipe)
        return WRONG if wanted in candidate.graph.operators() else passed("differential")

    assume(judged(case) == WRONG)
    reduced = reduce_case(case, WRONG, judged, 20)
    assert reduced.minimal
    assert wanted in reduced.case.graph.operators()
    assert len(reduced.case.graph.nodes) <= 3


@quick
@given(graphs(), st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3))
def test_the_source_of_any_program_computes_the_same(graph: Graph, kinds: list[ValueClass]) -> None:
    case = drawn(graph, kinds)
    names: dict[str, Any] = {"__name__": "script"}
    exec(repro_script(case, WRONG), names)
    expected_inputs, inputs = make_inputs(case.graph, case.recipe), names["inputs"]()
    for want, got in zip(expected_inputs, inputs, strict=True):
        assert (want.dtype, want.stride(), want.storage_offset()) == (got.dtype, got.stride(), got.storage_offset())
    try:
        expected = Eager().compile(case)(expected_inputs)
    except (RuntimeError, IndexError):
        assume(False)
    for want, got in zip([*expected, *expected_inputs], [*names["fn"](*inputs), *inputs], strict=True):
        assert (want.dtype, want.shape) == (got.dtype, got.shape)
        torch.testing.assert_close(got, want, rtol=0, atol=0, equal_nan=True, check_stride=True)
