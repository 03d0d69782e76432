"""Each reduction alone: what it offers, and that it goes on from what was taken."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import DTypeArg, Graph, Ref, TensorType
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.recipe import Drawn, InputRecipe, Literals
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.observation import observe
from tensorsmith.targets.eager import Eager
from tensorsmith.triage.rebuild import without_nodes
from tensorsmith.triage.reductions.api import Reduction
from tensorsmith.triage.reductions.arguments import simpler_arguments
from tensorsmith.triage.reductions.bypass import bypass
from tensorsmith.triage.reductions.chunks import chunk_sizes, chunks
from tensorsmith.triage.reductions.dtypes import common_dtypes
from tensorsmith.triage.reductions.inputs import fewer_inputs
from tensorsmith.triage.reductions.layout import plain_layout
from tensorsmith.triage.reductions.literals import simpler_literals, simpler_numbers
from tensorsmith.triage.reductions.outputs import fewer_outputs
from tensorsmith.triage.reductions.pipeline import fewer_steps
from tensorsmith.triage.reductions.prefix import prefix
from tensorsmith.triage.reductions.shapes import resized, smaller_shapes
from tensorsmith.triage.reductions.suffix import suffix
from tensorsmith.triage.reductions.values import simpler_values
from tensorsmith.triage.search import follow
from tests.triage.programs import case_of, chain, random_program

SHAPE = (4, 8)


def reduced(case: TestCase, reduction: Reduction, fails: Callable[[TestCase], bool], limit: int = 500) -> TestCase:
    """What one reduction alone makes of a test case; candidates seen before are refused, as the driver does."""
    seen = {case.id}
    candidates = reduction(case)
    answer: bool | None = None
    for _ in range(limit):
        try:
            candidate = candidates.send(answer) if answer is not None else next(candidates)
        except StopIteration:
            return case
        answer = candidate.id not in seen and fails(candidate)
        seen.add(candidate.id)
        if answer:
            case = candidate
    raise AssertionError("the reduction does not end")


def ops(case: TestCase) -> list[str]:
    return [op.split(".")[1] for op in case.graph.operators()]


def has(*names: str) -> Callable[[TestCase], bool]:
    return lambda case: set(names) <= set(ops(case))


def outputs_of(case: TestCase) -> tuple[torch.Tensor, ...]:
    return observe(Eager().compile(case), case).outputs


def built(*types: TensorType, body: Callable[..., list[int]]) -> Graph:
    builder = GraphBuilder()
    inputs = [builder.input(type_) for type_ in types]
    return builder.build(body(builder, *inputs))


def one(builder: GraphBuilder, op: str, *args: object, **kwargs: object) -> int:
    return builder.call(op, args, tuple(kwargs.items()))[0]  # type: ignore[arg-type]


def test_outputs_leave_the_one_that_matters() -> None:
    case = random_program(0, 25)
    small = reduced(case, fewer_outputs, has("mul"))
    assert len(small.graph.outputs) == 1
    assert ops(small)[-1] == "mul"


def test_outputs_keep_two_that_matter_together() -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", SHAPE))
    values = [builder.call(f"aten.{op}.default", (Ref(x),))[0] for op in ("sin", "cos", "abs", "exp", "neg")]
    small = reduced(case_of(builder.build(values)), fewer_outputs, has("sin", "neg"))
    assert ops(small) == ["sin", "neg"]


def test_dead_calls_that_matter_are_returned() -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", SHAPE))
    (live,) = builder.call("aten.sin.default", (Ref(x),))
    (dead,) = builder.call("aten.cos.default", (Ref(x),))
    builder.call("aten.exp.default", (Ref(dead),))
    case = case_of(builder.build([live]))
    assert ops(reduced(case, fewer_outputs, has("sin"))) == ["sin"]
    assert ops(reduced(case, fewer_outputs, has("exp"))) == ["cos", "exp"]


def test_dead_writes_that_matter_are_returned() -> None:
    builder = GraphBuilder()
    x, y = (builder.input(TensorType("f32", SHAPE)) for _ in range(2))
    (live,) = builder.call("aten.sin.default", (Ref(x),))
    (dead,) = builder.call("aten.cos.default", (Ref(x),))
    builder.call("aten.add_.Tensor", (Ref(dead), Ref(y)))
    case = case_of(builder.build([live]))
    assert ops(reduced(case, fewer_outputs, has("sin"))) == ["sin"]
    assert ops(reduced(case, fewer_outputs, has("add_"))) == ["cos", "add_"]


def test_the_suffix_goes_and_what_it_read_is_returned() -> None:
    small = reduced(chain("sin", "cos", "relu", "abs", "exp", "neg"), suffix, has("relu"))
    assert ops(small) == ["sin", "cos", "relu"]
    assert len(small.graph.outputs) == 1


def test_the_prefix_becomes_inputs_that_hold_its_values() -> None:
    case = chain("sin", "cos", "relu", "abs", "exp")
    small = reduced(case, prefix, has("abs"))
    assert ops(small) == ["abs", "exp"]
    assert isinstance(small.recipe.inputs[0], Literals)
    torch.testing.assert_close(outputs_of(small), outputs_of(case), rtol=0, atol=0)


def test_captured_values_keep_their_layout() -> None:
    def body(b: GraphBuilder, x: int) -> list[int]:
        sine = one(b, "aten.sin.default", Ref(x))
        turned = one(b, "aten.t.default", Ref(sine))
        return [one(b, "aten.exp.default", Ref(turned))]

    case = case_of(built(TensorType("f32", (2, 3)), body=body))
    small = without_nodes(case, {0, 1})
    assert small.graph.inputs[0].type == TensorType("f32", (3, 2), (1, 3))
    torch.testing.assert_close(outputs_of(small), outputs_of(case), rtol=0, atol=0)


def test_large_values_are_drawn_again() -> None:
    small = without_nodes(chain("sin", "cos", shape=(80, 80)), {0})
    assert small.recipe.inputs == (Drawn("normal", 0),)


def test_chunks_leave_what_matters() -> None:
    small = reduced(random_program(1, 40), chunks, has("relu", "mul"))
    assert len(small.graph.nodes) <= 4
    assert set(ops(small)) >= {"relu", "mul"}


def test_chunk_sizes_fall_to_one() -> None:
    sizes = list(chunk_sizes())
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (9, 1)


def test_bypass_takes_calls_out_of_the_middle() -> None:
    small = reduced(chain("relu", "sin", "cos", "exp"), bypass, has("relu", "exp"))
    assert ops(small) == ["relu", "exp"]
    assert small.graph.nodes[1].args == (Ref(small.graph.nodes[0].results[0]),)


def test_a_removed_write_gives_its_argument_as_it_is() -> None:
    def body(b: GraphBuilder, x: int) -> list[int]:
        sine = one(b, "aten.sin.default", Ref(x))
        written = one(b, "aten.add_.Tensor", Ref(sine), 1)
        return [one(b, "aten.exp.default", Ref(written))]

    small = without_nodes(case_of(built(TensorType("f32", SHAPE), body=body)), {1})
    assert ops(small) == ["sin", "exp"]
    assert len(small.graph.inputs) == 1


def test_writes_to_inputs_stay_observable_until_they_are_dropped() -> None:
    def body(b: GraphBuilder, x: int, y: int) -> list[int]:
        one(b, "aten.add_.Tensor", Ref(x), 1)
        return [one(b, "aten.exp.default", Ref(y)), one(b, "aten.sin.default", Ref(y))]

    case = case_of(built(TensorType("f32", SHAPE), TensorType("f32", SHAPE), body=body))
    assert "add_" in ops(reduced(case, fewer_outputs, lambda c: True))
    assert "add_" not in ops(reduced(case, fewer_inputs, lambda c: True))


def test_one_input_does_the_work_of_two() -> None:
    def body(b: GraphBuilder, x: int, y: int, z: int) -> list[int]:
        return [one(b, "aten.add.Tensor", Ref(one(b, "aten.mul.Tensor", Ref(x), Ref(y))), Ref(z))]

    type_ = TensorType("f32", SHAPE)
    small = reduced(case_of(built(type_, type_, TensorType("f64", SHAPE), body=body)), fewer_inputs, has("mul", "add"))
    assert [i.type.dtype for i in small.graph.inputs] == ["f32", "f64"]


def test_shapes_shrink_together_with_the_arguments_that_name_them() -> None:
    def body(b: GraphBuilder, x: int, y: int) -> list[int]:
        product = one(b, "aten.mm.default", Ref(x), Ref(y))
        flat = one(b, "aten.view.default", Ref(product), (30,))
        wide = one(b, "aten.expand.default", Ref(flat), (7, 30))
        return [one(b, "aten.slice.Tensor", Ref(wide), 1, 2, 30)]

    case = case_of(built(TensorType("f32", (5, 9)), TensorType("f32", (9, 6)), body=body))
    small = reduced(case, smaller_shapes, lambda c: outputs_of(c)[0].numel() > 0)
    assert ops(small) == ["mm", "view", "expand", "slice"]
    assert max(n for item in small.graph.inputs for n in item.type.shape) <= 3


def test_shapes_keep_what_the_failure_needs() -> None:
    case = chain("sin", shape=(16, 100))
    small = reduced(case, smaller_shapes, lambda c: c.graph.inputs[0].type.shape[1] >= 16)
    assert small.graph.inputs[0].type.shape in ((1, 16), (16, 16))


def test_resized_values_are_the_corner_of_the_old_ones() -> None:
    graph = built(TensorType("f32", (2, 3), (1, 2)), body=lambda b, x: [one(b, "aten.sin.default", Ref(x))])
    case = TestCase(graph, InputRecipe((Literals((0.0, 1.0, 2.0, 3.0, 4.0, 5.0)),)), "eager")
    small = resized(case, 3, 2)
    assert small.graph.inputs[0].type == TensorType("f32", (2, 2), (1, 2))
    torch.testing.assert_close(outputs_of(small)[0], torch.tensor([[0.0, 2.0], [1.0, 3.0]]).sin())


def test_indices_stay_in_bounds_when_what_they_index_shrinks() -> None:
    def body(b: GraphBuilder, x: int, i: int) -> list[int]:
        return [one(b, "aten.index_select.default", Ref(x), 0, Ref(i))]

    graph = built(TensorType("f32", (9, 2)), TensorType("i64", (3,)), body=body)
    for values in (Literals((8, 1, 4)), Drawn("index", 0, 9)):
        case = TestCase(graph, InputRecipe((Drawn("normal", 0), values)), "eager")
        assert outputs_of(resized(case, 9, 4))[0].shape == (3, 2)


def test_arguments_become_defaults_and_round_numbers() -> None:
    def body(b: GraphBuilder, x: int) -> list[int]:
        a = one(b, "aten.add.Tensor", Ref(x), 3.7, alpha=2)
        c = one(b, "aten.sum.dim_IntList", Ref(a), (1,), True)
        return [one(b, "aten.clamp.default", Ref(c), -2.25, 7.125)]

    small = reduced(case_of(built(TensorType("f32", SHAPE), body=body)), simpler_arguments, has("add", "sum", "clamp"))
    add, total, clamp = small.graph.nodes
    assert (add.args[1], add.kwargs) == (1.0, ())
    assert total.args[1:] == ((0,),)
    assert clamp.args[1:] == (None, 1.0)  # without both limits, clamp is ill-typed


def test_arguments_that_matter_stay() -> None:
    graph = built(TensorType("f32", SHAPE), body=lambda b, x: [one(b, "aten.leaky_relu.default", Ref(x), 0.3)])
    small = reduced(case_of(graph), simpler_arguments, lambda c: c.graph.nodes[0].args[1:] == (0.3,))
    assert small.graph.nodes[0].args[1:] == (0.3,)


def test_dtypes_become_common_in_arguments_too() -> None:
    def body(b: GraphBuilder, x: int, i: int) -> list[int]:
        wide = one(b, "aten._to_copy.default", Ref(i), dtype=DTypeArg("f16"))
        return [one(b, "aten.add.Tensor", Ref(x), Ref(wide))]

    case = case_of(built(TensorType("f16", SHAPE), TensorType("u8", SHAPE), body=body))
    small = reduced(case, common_dtypes, has("add"))
    assert [i.type.dtype for i in small.graph.inputs] == ["f32", "i64"]
    assert small.graph.nodes[0].kwargs == (("dtype", DTypeArg("f32")),)
    kept = reduced(case, common_dtypes, lambda c: c.graph.inputs[1].type.dtype == "u8")
    assert [i.type.dtype for i in kept.graph.inputs] == ["f32", "u8"]


def test_layout_becomes_plain_with_the_same_values() -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (2, 3), (1, 2), 1))
    y = builder.input(TensorType("f32", (3,), (2,), 1), shares=x)
    (a,) = builder.call("aten.add.Tensor", (Ref(x), Ref(y)))
    case = case_of(builder.build([a]))
    small = reduced(case, plain_layout, lambda c: True)
    assert [(i.type, i.shares) for i in small.graph.inputs] == [
        (TensorType("f32", (2, 3)), None),
        (TensorType("f32", (3,)), None),
    ]
    torch.testing.assert_close(outputs_of(small), outputs_of(case), rtol=0, atol=0)


def test_values_become_plain_where_they_may() -> None:
    case = chain("sin", shape=(2, 3))
    assert reduced(case, simpler_values, lambda c: True).recipe.inputs == (Literals((1.0,) * 6),)
    needs_negative = reduced(case, simpler_values, lambda c: bool((outputs_of(c)[0] < 0).any()))
    assert needs_negative.recipe.inputs == (Literals((0.0, 1.0, 2.0, 3.0, 4.0, 5.0)),)
    exact = reduced(case, simpler_values, lambda c: torch.equal(outputs_of(c)[0], outputs_of(case)[0]))
    assert isinstance(exact.recipe.inputs[0], Literals)
    large = chain("sin", shape=(20, 30))
    assert reduced(large, simpler_values, lambda c: True).recipe.inputs == (Drawn("ones", 0),)


def test_written_out_values_lose_digits_and_become_ones() -> None:
    case = TestCase(chain("sin", shape=(3,)).graph, InputRecipe((Literals((0.1234567, -3.987, "nan")),)), "eager")

    def fails(candidate: TestCase) -> bool:
        values = candidate.recipe.inputs[0]
        return isinstance(values, Literals) and float(values.data[1]) <= -3.5

    assert reduced(case, simpler_literals, fails).recipe.inputs == (Literals((1.0, -4.0, 1.0)),)


@pytest.mark.parametrize("data", [(1.5, -0.0), (True, False), (7, -1), ("inf", "nan")])
def test_simpler_numbers_come_to_an_end(data: tuple[bool | int | float | str, ...]) -> None:
    seen = [data]
    while (simpler := next(iter(simpler_numbers(data)), None)) is not None:
        assert simpler not in seen
        assert len(simpler) == len(data)
        seen.append(simpler)
        data = simpler
    assert set(data) <= {0, 1}


def test_passes_that_others_rely_on_are_not_dropped_without_those() -> None:
    names = ("relax.LegalizeOps", "relax.AnnotateTIROpPattern", "relax.FuseOps", "relax.FuseTIR")
    case = chain("relu", target="tvm-relax")
    fused = TestCase(case.graph, case.recipe, case.target, pipeline=Pipeline(tuple(Step(name) for name in names)))
    offered = [tuple(step.name for step in one.pipeline.steps) for one in every(fewer_steps, fused)]
    assert () in offered
    assert names[:-1] in offered
    assert names[1:] not in offered
    assert names[:1] + names[2:] not in offered


def every(reduction: Reduction, case: TestCase) -> list[TestCase]:
    """All that a reduction offers if nothing is taken."""
    offered: list[TestCase] = []

    def refuse(candidate: TestCase) -> bool:
        offered.append(candidate)
        return False

    follow(reduction(case), refuse)
    return offered


def test_what_a_removed_write_read_is_returned() -> None:
    """The write reads what matters, and nothing else does."""
    builder = GraphBuilder()
    x, y = builder.input(TensorType("f32", (4,))), builder.input(TensorType("f32", (4,)))
    (a,) = builder.call("aten.cos.default", (Ref(x),))
    builder.call("aten.mul_.Tensor", (Ref(y), Ref(a)))
    (b,) = builder.call("aten.sin.default", (Ref(x),))
    case = case_of(builder.build([b]))
    small = without_nodes(case, {1})
    assert ops(small) == ["cos", "sin"]
    assert len(small.graph.outputs) == 2
