"""Workers tell what the compilers did with each test of a batch, and judge as those that do not watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tensorsmith.fuzz.messages import BatchDone, Covered, Judged, Origin, RunBatch
from tensorsmith.fuzz.workforce import Heard, Workforce
from tensorsmith.ir.cases import Case
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.text import parse_graph
from tensorsmith.oracles.verdict import Verdict
from tests.fuzz.coverage.test_tir_passes import SIMPLIFY, case_of


def graph_case(text: str, target: str) -> TestCase:
    graph = parse_graph(text)
    return TestCase(graph, InputRecipe(tuple(Drawn("normal", 1) for _ in graph.inputs)), target)


@dataclass
class Told:
    """What a worker says of a test."""

    verdict: Verdict
    seen: dict[str, frozenset[str]] = field(default_factory=dict)


def judged(path: Path, target: str, batches: Sequence[Sequence[Case]], observe: bool) -> list[dict[str, Told]]:
    """What one worker says of the test cases of each batch, by their ids."""
    path.mkdir()
    workforce = Workforce(path, (target,), "cpu", (), time_limit=120.0, memory_limit=6 << 30, observe=observe)
    workforce.start()
    try:
        worker = workforce.hire()
        found: list[dict[str, Told]] = []
        for cases in batches:
            workforce.give(worker, RunBatch(tuple(cases), tuple(Origin() for _ in cases)))
            said: dict[str, Told] = {}
            while worker.order is not None:
                for event in workforce.events(0.25):
                    assert isinstance(event, Heard), event
                    if isinstance(event.message, Judged):
                        said[cases[event.message.position].id] = Told(event.message.verdict)
                    if isinstance(event.message, Covered):
                        said[cases[event.message.position].id].seen = event.message.named
                    if isinstance(event.message, BatchDone):
                        worker.order = None
            found.append(said)
        return found
    finally:
        workforce.close()


def besides_lines(told: dict[str, Told]) -> dict[str, dict[str, frozenset[str]]]:
    """What was seen of each test, but for lines of Python, which are told where one of them is new to the worker."""
    return {id_: {name: one.seen[name] for name in one.seen if name != "python-lines"} for id_, one in told.items()}


SUM = graph_case(
    """
    inputs:
      %0: f32[16, 32]
      %1: f32[16, 32]
    nodes:
      %2: f32[16, 32] = aten.mul.Tensor(%0, %1)
      %3: f32[16, 32] = aten.relu.default(%2)
      %4: f32[16] = aten.sum.dim_IntList(%3, [1])
    outputs: %3, %4
    """,
    "inductor",
)
PRODUCT = graph_case(
    """
    inputs:
      %0: f32[8, 8]
      %1: f32[8, 8]
    nodes:
      %2: f32[8, 8] = aten.mm.default(%0, %1)
    outputs: %2
    """,
    "inductor",
)
SOFTMAX = graph_case(
    """
    inputs:
      %0: f64[2, 3, 8, 8]
    nodes:
      %1: f64[2, 3, 8, 8] = aten.permute.default(%0, [0, 1, 3, 2])
      %2: f64[2, 3, 8, 8] = aten._softmax.default(%1, 3, False)
    outputs: %2
    """,
    "inductor",
)


@pytest.mark.timeout(600)
def test_what_inductor_decides_is_told_of_the_test_that_it_decides_it_of(tmp_path: Path) -> None:
    cases = (SUM, PRODUCT, SOFTMAX)
    orders = (cases, cases[::-1], (PRODUCT,))
    first, reversed_, alone = judged(tmp_path / "watched", "inductor", orders, observe=True)
    (plain,) = judged(tmp_path / "plain", "inductor", (cases,), observe=False)
    of = {case.id: first[case.id].seen["inductor-decisions"] for case in cases}

    assert any(feature.startswith("fused sum with Pointwise vertically") for feature in of[SOFTMAX.id])
    assert not any(feature.startswith("fused ") for feature in of[SUM.id] | of[PRODUCT.id])
    assert "lowered aten.mul.Tensor float32 to Pointwise" in of[SUM.id]
    assert "lowered aten.mm.default from contiguous" in of[PRODUCT.id]
    assert any(feature.startswith("calls at::vec::vec_reduce_all<float") for feature in of[SUM.id])
    assert not any(feature.startswith("calls ") for feature in of[PRODUCT.id])
    assert "decomposed aten._softmax.default" in of[SOFTMAX.id]
    assert any("permuted" in feature for feature in of[SOFTMAX.id])
    assert not any("unreadable" in feature for features in of.values() for feature in features)

    assert besides_lines(reversed_) == besides_lines(first)
    assert alone[PRODUCT.id].seen == besides_lines(first)[PRODUCT.id]

    # Every test had lines that were new, and the same tests again have none.
    lines = {case.id: first[case.id].seen["python-lines"] for case in cases}
    assert not any("python-lines" in one.seen for one in reversed_.values())
    for of_test in lines.values():
        assert any(line.startswith("torch/_inductor/lowering.py:") for line in of_test)
    for kernels in (SUM.id, SOFTMAX.id):
        assert any(line.startswith("torch/_inductor/codegen/cpp.py:") for line in lines[kernels] - lines[PRODUCT.id])
    assert {id_: one.verdict for id_, one in plain.items()} == {id_: one.verdict for id_, one in first.items()}
    assert not any(one.seen for one in plain.values())


def test_what_passes_over_tir_do_is_told_of_the_test_that_they_do_it_to(tmp_path: Path) -> None:
    pytest.importorskip("tvm")
    fires, does_not = case_of(0, 0, (SIMPLIFY,)), case_of(7, 0, (SIMPLIFY,))
    (told,) = judged(tmp_path / "watched", "tvm-tir", ((does_not, fires, does_not),), observe=True)
    assert "fired tirx.StmtSimplify" in told[fires.id].seen["tir-passes"]
    assert besides_lines(told)[does_not.id] == {}
    (plain,) = judged(tmp_path / "plain", "tvm-tir", ((fires,),), observe=False)
    assert plain[fires.id].seen == {}
    assert plain[fires.id].verdict == told[fires.id].verdict


def test_what_passes_over_relax_do_is_told(tmp_path: Path) -> None:
    pytest.importorskip("tvm")
    text = "inputs:\n  %0: f32[4]\nnodes:\n  %1: f32[4] = aten.{}.default(%0)\noutputs: %1"
    exp, relu = (graph_case(text.format(name), "tvm-relax") for name in ("exp", "relu"))
    (first, again) = judged(tmp_path / "watched", "tvm-relax", ((exp, relu), (relu, exp)), observe=True)
    seen = first[exp.id].seen["relax-passes"]
    assert {"fired LegalizeOps", "LegalizeOps removes Call.relax.exp"} <= seen
    assert "LegalizeOps removes Call.relax.nn.relu" in first[relu.id].seen["relax-passes"]
    assert "LegalizeOps removes Call.relax.nn.relu" not in seen
    assert besides_lines(again) == besides_lines(first)
    lines = first[relu.id].seen["python-lines"]
    assert any(line.startswith("tvm/relax/transform/legalize_ops/") for line in lines)
    assert not any("python-lines" in one.seen for one in again.values())
