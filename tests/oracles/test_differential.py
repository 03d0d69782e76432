"""Whether the differential oracle tells bugs from rounding, on every channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.graph import Arg, DTypeArg, Ref, tensor_type
from tensorsmith.ir.recipe import InputRecipe, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge_graph import expected_calls, judge_compiled
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.api import Runnable
from tensorsmith.targets.eager import Eager
from tests.oracles.programs import Call, case_of, literal

Outputs = list[torch.Tensor]
F32 = tensor_type("f32", (4, 9))


def judge_changed(case: TestCase, change: Callable[[Sequence[torch.Tensor], Outputs], Outputs]) -> Verdict:
    """Judge a compiler that is eager with its outputs (or inputs) changed afterwards."""
    eager = Eager()

    def run(inputs: Sequence[torch.Tensor]) -> Outputs:
        return change(inputs, eager.compile(case)(inputs))

    return judge_run(case, run)


def judge_run(case: TestCase, run: Runnable) -> Verdict:
    calls = expected_calls(case)
    return calls if isinstance(calls, Verdict) else judge_compiled(run, calls, Eager())


def unchanged(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
    return outputs


def test_equal_results_pass() -> None:
    case = case_of([F32, F32], [("aten.add.Tensor", (Ref(0), Ref(1)))])
    assert judge_changed(case, unchanged).outcome == "pass"


@pytest.mark.parametrize(
    ("channel", "change"),
    [
        ("values", lambda i, o: [o[0] + 0.01]),
        ("values", lambda i, o: [torch.where(o[0] == o[0].max(), torch.nan, o[0])]),
        ("shape", lambda i, o: [o[0].reshape(-1)]),
        ("dtype", lambda i, o: [o[0].double()]),
        ("count", lambda i, o: [*o, o[0]]),
        ("mutation", lambda i, o: [i[0].add_(1), o[0]][1:]),
        ("aliasing", lambda i, o: [_alias(i[0], o[0])]),
    ],
)
def test_each_channel_is_compared(channel: str, change: Callable[..., Outputs]) -> None:
    case = case_of([F32], [("aten.abs.default", (Ref(0),))], [literal(*[float(n) for n in range(1, 37)])])
    verdict = judge_changed(case, change)
    assert (verdict.outcome, verdict.kind, verdict.channel) == ("fail", "wrong-result", channel)


def _alias(source: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    assert torch.equal(source, result)  # positive inputs: abs gives them back
    return source.view(source.shape)


def test_a_lost_write_to_an_input_is_a_mutation_finding() -> None:
    case = case_of([F32], [("aten.select.int", (Ref(0), 0, 1)), ("aten.mul_.Scalar", (Ref(1), 3.0))])
    eager = Eager().compile(case)

    def run(inputs: Sequence[torch.Tensor]) -> Outputs:
        return eager([i.clone() for i in inputs])

    verdict = judge_run(case, run)
    assert (verdict.outcome, verdict.channel) == ("fail", "mutation")


def test_lost_aliasing_is_found() -> None:
    case = case_of([F32], [("aten.t.default", (Ref(0),))])
    verdict = judge_changed(case, lambda i, o: [o[0].clone()])
    assert (verdict.outcome, verdict.channel) == ("fail", "aliasing")


def test_aliasing_among_outputs_alone_may_be_lost_but_not_gained() -> None:
    calls: list[Call] = [("aten.neg.default", (Ref(0),)), ("aten.t.default", (Ref(1),))]
    case = case_of([F32], calls, outputs=[1, 2])
    assert judge_changed(case, lambda i, o: [o[0], o[1].clone()]).outcome == "pass"
    apart = case_of([F32], [("aten.neg.default", (Ref(0),)), ("aten.clone.default", (Ref(1),))], outputs=[1, 2])
    assert judge_changed(apart, lambda i, o: [o[0], o[0]]).channel == "aliasing"


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32", "f64"])
def test_rounding_of_a_long_sum_is_no_finding(dtype: DType) -> None:
    case = case_of([tensor_type(dtype, (999,))], [("aten.sum.default", (Ref(0),))])

    def other_order(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        total = torch.zeros((), dtype=torch.float32 if dtype != "f64" else torch.float64)
        for x in inputs[0].flip(0):
            total = total + x.to(total.dtype)
        return [total.to(outputs[0].dtype)]

    assert judge_changed(case, other_order).outcome == "pass"


def test_a_cast_after_rounding_is_no_finding_but_an_exact_one_is() -> None:
    rounded = case_of(
        [tensor_type("f32", (3,))],
        [
            ("aten.mul.Tensor", (Ref(0), 0.1)),
            ("aten.mul.Tensor", (Ref(1), 10.0)),
            ("aten.floor.default", (Ref(2),)),
        ],
        [literal(3.0, 7.0, 9.5)],
    )
    one_off = judge_changed(rounded, lambda i, o: [o[0] - torch.tensor([1.0, 1.0, 0.0])])
    assert one_off.outcome == "pass"
    exact = case_of([tensor_type("f32", (3,))], [("aten.floor.default", (Ref(0),))], [literal(3.0, 7.0, 9.5)])
    assert judge_changed(exact, lambda i, o: [o[0] - torch.tensor([1.0, 0.0, 0.0])]).channel == "values"


def test_a_cosine_of_huge_rounded_numbers_may_be_anything() -> None:
    case = case_of(
        [tensor_type("f64", (64,))], [("aten.mul.Tensor", (Ref(0), 1.1e300)), ("aten.cos.default", (Ref(1),))]
    )
    elsewhere = torch.linspace(-1, 1, 64, dtype=torch.float64)
    assert judge_changed(case, lambda i, o: [elsewhere]).outcome == "pass"
    assert judge_changed(case, lambda i, o: [elsewhere * torch.inf]).outcome == "fail"


def test_whole_numbers_are_compared_exactly() -> None:
    case = case_of([tensor_type("i64", (5,))], [("aten.mul.Tensor", (Ref(0), 3))])
    verdict = judge_changed(case, lambda i, o: [o[0] + torch.tensor([0, 0, 0, 0, 1])])
    assert verdict.channel == "values"
    assert "1 of 5 elements" in verdict.message


def test_which_of_equal_values_argmax_names_is_free() -> None:
    values = literal(1.0, 3.0, 3.0, 0.0)
    case = case_of([tensor_type("f32", (4,))], [("aten.argmax.default", (Ref(0), 0))], [values])
    assert judge_changed(case, lambda i, o: [torch.tensor(2)]).outcome == "pass"
    assert judge_changed(case, lambda i, o: [torch.tensor(0)]).outcome == "fail"


def test_order_of_equal_keys_in_sort_is_free() -> None:
    case = case_of([tensor_type("i32", (4,))], [("aten.argsort.default", (Ref(0),))], [literal(2, 1, 1, 0)])
    assert judge_changed(case, lambda i, o: [torch.tensor([3, 2, 1, 0])]).outcome == "pass"
    assert judge_changed(case, lambda i, o: [torch.tensor([0, 1, 2, 3])]).outcome == "fail"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_taken_of_the_order_of_three_equal_keys_is_free(place: int) -> None:
    values = literal(7, 7, 7, 9)
    calls: list[Call] = [("aten.argsort.default", (Ref(0),)), ("aten.slice.Tensor", (Ref(1), 0, 1, 2))]
    case = case_of([tensor_type("i64", (4,))], calls, [values])
    assert judge_changed(case, lambda i, o: [torch.tensor([place])]).outcome != "fail"


def test_which_of_equal_values_a_pooling_names_is_free() -> None:
    values = literal(4.0, 1.0, 4.0, 0.0, 2.0, 3.0, 1.0, 4.0)
    builder = GraphBuilder()
    x = builder.input(tensor_type("f32", (1, 1, 2, 2, 2)))
    _, indices = builder.call("aten.adaptive_max_pool3d.default", (Ref(x), (1, 1, 1)))
    case = TestCase(builder.build([indices]), InputRecipe((values,)), "eager")
    assert judge_changed(case, lambda i, o: [torch.full_like(o[0], 7)]).outcome == "pass"
    assert judge_changed(case, lambda i, o: [torch.full_like(o[0], 1)]).outcome == "fail"


def test_out_of_range_casts_are_invalid_and_no_finding() -> None:
    verdict = judge_changed(_cast_case("u8", literal(-3.0, 1e10)), lambda i, o: [o[0] + 1])
    assert (verdict.outcome, verdict.reason) == ("invalid", "undefined:float-to-integer-out-of-range")
    assert judge_changed(_cast_case("u8", literal(3.0, 7.0)), lambda i, o: [o[0] + 1]).outcome == "fail"


def _cast_case(dtype: DType, values: Values) -> TestCase:
    builder = GraphBuilder()
    x = builder.input(tensor_type("f32", (2,)))
    (y,) = builder.call("aten._to_copy.default", (Ref(x),), (("dtype", DTypeArg(dtype)),))
    return TestCase(builder.build([y]), InputRecipe((values,)), "eager")


def test_programs_that_say_nothing_are_invalid() -> None:
    nan = case_of([F32], [("aten.log.default", (Ref(0),))], [literal(*[-1.0] * 36)])
    assert judge_changed(nan, unchanged).reason == "nonfinite"
    random = case_of([F32], [("aten.rand_like.default", (Ref(0),))])
    assert judge_changed(random, unchanged).reason == "random"
    empty = case_of([F32], [("aten.empty_like.default", (Ref(0),))])
    assert judge_changed(empty, unchanged).reason == "uninitialized-memory"
    index = case_of(
        [F32, tensor_type("i64", (2,))],
        [("aten.index_select.default", (Ref(0), 0, Ref(1)))],
        [literal(*[1.0] * 36), literal(0, 99)],
    )
    assert judge_changed(index, unchanged).reason == "eager-error"


def test_half_precision_computed_in_float_is_no_finding() -> None:
    case = case_of(
        [tensor_type("f16", (64,)), tensor_type("f16", (64,))],
        [
            ("aten.mul.Tensor", (Ref(0), Ref(1))),
            ("aten.sub.Tensor", (Ref(2), Ref(1))),
            ("aten.div.Tensor", (Ref(3), Ref(0))),
            ("aten.sum.default", (Ref(4),)),
        ],
    )

    def fused(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        x, y = (i.float() for i in inputs)
        return [((x * y - y) / x).sum().half()]

    assert judge_changed(case, fused).outcome == "pass"
    assert judge_changed(case, lambda i, o: [o[0] * 1.5 + 1]).outcome == "fail"


def test_a_wider_type_need_not_overflow_where_eager_does() -> None:
    values = literal(3.0, 3.5, 4.0, 1e-5)
    case = case_of([tensor_type("f16", (4,))], [("aten.mvlgamma.default", (Ref(0), 5))], [values])

    def wide(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        assert outputs[0].isinf().tolist() == [False, False, False, True]
        return [torch.mvlgamma(inputs[0].double(), 5).half()]

    assert judge_changed(case, wide).outcome == "pass"


def test_a_second_call_with_new_values_is_compared_too() -> None:
    case = case_of([F32], [("aten.abs.default", (Ref(0),))])
    first: Outputs = []

    def stale(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        first.append(outputs[0])
        return [first[0]]

    assert judge_changed(case, stale).channel == "values"


def test_a_cast_that_a_compiler_does_not_round_is_allowed_where_inputs_share_memory() -> None:
    builder = GraphBuilder()
    target = builder.input(tensor_type("bf16", (1,)))
    view = builder.input(tensor_type("bf16", (1,)), shares=target)
    large = builder.input(tensor_type("f32", (1, 1)))
    factor = builder.input(tensor_type("bf16", (1,)))
    finite = builder.input(tensor_type("f32", (3,)))
    (cast,) = builder.call("aten._to_copy.default", (Ref(large),), (("dtype", DTypeArg("bf16")),))
    (product,) = builder.call("aten.addmv_.default", (Ref(view), Ref(cast), Ref(factor)))
    steps = (literal(1.0), literal(1.0), literal(3.4028234663852886e38), literal(0.75), literal(1.0, 2.0, 3.0))
    case = TestCase(builder.build([product, finite]), InputRecipe(steps), "eager")

    def unrounded(inputs: Sequence[torch.Tensor]) -> Outputs:
        inputs[1].copy_(inputs[1].double() + inputs[2].double()[0] * inputs[3].double())
        return [inputs[1], inputs[4]]

    # Only a wider intermediate explains a finite result: in bfloat16 the cast is infinity.
    assert judge_run(case, unrounded).outcome == "pass"


def test_rounding_is_allowed_where_a_result_is_written_to_an_out_argument() -> None:
    half = tensor_type("f16", (5,))
    builder = GraphBuilder()
    source, index = builder.input(half), builder.input(tensor_type("i64", (5,)))
    start, out = builder.input(half), builder.input(half)
    calls = (Ref(start), 0, Ref(index), Ref(source))
    (summed,) = builder.call("aten.scatter_add.out", calls, (("out", Ref(out)),))
    values = (
        literal(-0.4, 2.1, -1.6, 0.6, -1.7), literal(1, 1, 1, 1, 1), literal(1.0, 1.0, 1.0, 1.0, 1.0),
        literal(0.0, 0.0, 0.0, 0.0, 0.0),
    )  # fmt: skip
    case = TestCase(builder.build([summed]), InputRecipe(values), "eager")

    def rounded_otherwise(inputs: Sequence[torch.Tensor]) -> Outputs:
        source, index, start, out = inputs
        torch.ops.aten.scatter_add.out(start, 0, index, source, out=out)
        # A quarter of a unit in the last place of the terms, which cancel.
        out[1] += torch.finfo(torch.float16).eps / 4
        return [out]

    assert judge_run(case, rounded_otherwise).outcome == "pass"


def test_another_result_is_allowed_where_eager_overflows_on_the_way() -> None:
    large = literal(1.0, 1.0, 3.4028234663852886e38, 1.0, 2.0, 3.0)
    case = case_of([tensor_type("f32", (3, 2))], [("aten.layer_norm.default", (Ref(0), (2,)))], [large])

    def zeros_for_nan(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        return [output.nan_to_num(nan=0.0) for output in outputs]

    def zeros_for_all(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        return [torch.zeros_like(output) for output in outputs]

    assert judge_changed(case, zeros_for_nan).outcome == "pass"
    assert judge_changed(case, zeros_for_all).outcome == "fail"


def test_another_order_may_overflow_only_where_values_are_nearly_as_great_as_they_can_be() -> None:
    call: list[Call] = [("aten.mean.dim", (Ref(0), (1,)))]

    def overflowed(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        return [outputs[0] * torch.inf]

    def wrong_too(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        return [outputs[0] * torch.tensor([torch.inf, 2.0])]

    great = case_of([tensor_type("f32", (2, 2))], call, [literal(1e38, 1e38, 2.5e38, 2.0)])
    squares = case_of([tensor_type("f32", (2, 2))], call, [literal(1.0, 2e19, 1.0, 2.0)])
    small = case_of([tensor_type("f32", (2, 2))], call, [literal(1.0, 1e18, 1.0, 2.0)])
    assert judge_changed(great, overflowed).reason == "undefined:overflow-on-the-way"
    assert judge_changed(squares, overflowed).reason == "undefined:overflow-on-the-way"
    assert judge_changed(small, overflowed).outcome == "fail"
    variances = case_of([tensor_type("f32", (2,))], [("aten.var.dim", (Ref(0), (0,)))], [literal(2e19, 1.0)])
    assert judge_changed(variances, overflowed).reason == "undefined:overflow-on-the-way"
    # Welford's steps square the difference of the two, which is twice as great as either.
    apart = case_of([tensor_type("f32", (2,))], [("aten.std.dim", (Ref(0), (0,)))], [literal(9.2e18, -9.2e18)])
    assert judge_changed(apart, overflowed).reason == "undefined:overflow-on-the-way"
    infinite = case_of([tensor_type("f64", (2, 2))], call, [literal(1e308, 1e308, 1.0, 1.0)])
    nan_for_infinity: Outputs = [torch.tensor([torch.nan, 1.0], dtype=torch.float64)]
    assert judge_changed(infinite, lambda i, o: nan_for_infinity).reason == "undefined:overflow-on-the-way"
    moved = case_of([tensor_type("f32", (2,))], [("aten.flatten.using_ints", (Ref(0),))], [literal(2e19, 1.0)])
    assert judge_changed(moved, lambda i, o: [o[0].mul_(torch.inf)]).outcome == "fail"
    # What else is wrong is no matter of overflow.
    ordinary = case_of([tensor_type("f32", (2, 2))], call, [literal(1e38, 2.5e38, 1.0, 2.0)])
    assert judge_changed(ordinary, wrong_too).outcome == "fail"


def test_operands_that_cancel_may_be_rounded_first() -> None:
    start, end = tensor_type("f16", (1,)), tensor_type("f16", (3,))
    values: list[Values] = [literal(1.0), literal(-0.01137542724609375, 0.5, -0.3)]
    case = case_of([start, end], [("aten.lerp.Scalar", (Ref(0), Ref(1), 1.0))], values)

    def in_steps(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        made = inputs[0] + (inputs[1] - inputs[0]) * 1.0
        assert not torch.equal(made, outputs[0])
        return [made]

    assert judge_changed(case, in_steps).outcome == "pass"
    assert judge_changed(case, lambda i, o: [o[0] + 0.1]).outcome == "fail"


def test_a_result_is_rounded_as_it_is_computed_whatever_it_is_written_to() -> None:
    builder = GraphBuilder()
    whole = builder.input(tensor_type("i64", (3,)))
    out = builder.input(tensor_type("f64", (3,)))
    (made,) = builder.call("aten.sinh.out", (Ref(whole),), (("out", Ref(out)),))
    case = TestCase(builder.build([made]), InputRecipe((literal(-7, 3, 6), literal(0.0, 0.0, 0.0))), "eager")

    def last_place(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        made = outputs[0].float().view(torch.int32).add(1).view(torch.float32)
        return [outputs[0].copy_(made)]

    assert judge_changed(case, last_place).outcome == "pass"
    assert judge_changed(case, lambda i, o: [o[0].mul_(torch.inf)]).outcome == "fail"


def test_an_error_on_a_program_without_a_defined_result_is_no_finding() -> None:
    def loss(reduction: int) -> TestCase:
        return case_of([F32, F32], [("aten.soft_margin_loss.default", (Ref(0), Ref(1), reduction))])

    def refuse(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        raise ValueError("no such reduction")

    assert judge_changed(loss(-1), refuse).reason == "undefined:no-such-option"
    assert judge_changed(loss(-1), lambda i, o: [o[0].reshape(-1)]).reason == "undefined:no-such-option"
    assert judge_changed(loss(2), refuse).outcome == "fail"


def test_an_exact_zero_is_allowed_where_rounding_makes_one() -> None:
    calls: list[Call] = [("aten.logaddexp2.default", (Ref(0), Ref(0))), ("aten.div.Tensor", (Ref(1), Ref(1)))]
    case = case_of([tensor_type("f32", (2,))], calls, [literal(-1.0, 1.0)])

    def zero_by_zero(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        assert outputs[0].tolist() == [1.0, 1.0]
        return [torch.tensor([torch.nan, 1.0])]

    assert judge_changed(case, zero_by_zero).outcome == "pass"
    assert judge_changed(case, lambda i, o: [torch.tensor([1.0, torch.nan])]).outcome == "fail"


def test_an_index_that_rounding_decides_is_not_judged() -> None:
    # With a fused multiplication and addition `0.1 * 0.1 - 0.1 * 0.1` is not 0.
    calls: list[Call] = [("aten.linalg_cross.default", (Ref(0), Ref(0))), ("aten.nanmedian.dim", (Ref(1), 0))]
    values = literal(1.0, 1.0, 1.0, 0.1, 0.1, 1.0)
    case = case_of([tensor_type("f32", (2, 3))], calls, [values], outputs=[3])

    def others(inputs: Sequence[torch.Tensor], outputs: Outputs) -> Outputs:
        return [1 - outputs[0]]

    plain = case_of([tensor_type("f32", (2, 3))], [("aten.nanmedian.dim", (Ref(0), 0))], [values], outputs=[2])
    assert judge_changed(plain, others).outcome == "fail"
    assert judge_changed(case, lambda i, o: [torch.zeros_like(o[0])]).outcome == "pass"


def test_bits_of_floats_that_are_taken_for_integers_are_judged() -> None:
    case = case_of([tensor_type("f32", (4,))], [("aten.view.dtype", (Ref(0), DTypeArg("i32")))])
    assert judge_changed(case, lambda i, o: [o[0] + 1]).channel == "values"


def test_the_order_of_three_equal_keys_is_free_and_no_index_comes_twice() -> None:
    def sorted_by(op: str, **kwargs: Arg) -> TestCase:
        builder = GraphBuilder()
        x = builder.input(tensor_type("f16", (4,)))
        _, indices = builder.call(op, (Ref(x),), tuple(kwargs.items()))
        return TestCase(builder.build([indices]), InputRecipe((literal(1.0, 1.0, 1.0, 0.0),)), "eager")

    def outcome(case: TestCase, *indices: int) -> str:
        return judge_changed(case, lambda inputs, outputs: [torch.tensor(indices)]).outcome

    free = sorted_by("aten.sort.default")
    assert [outcome(free, 3, 1, 0, 2), outcome(free, 3, 1, 1, 2), outcome(free, 0, 1, 3, 2)] == ["pass", "fail", "fail"]
    stable = sorted_by("aten.sort.stable", stable=True)
    assert [outcome(stable, 3, 0, 1, 2), outcome(stable, 3, 1, 0, 2)] == ["pass", "fail"]
