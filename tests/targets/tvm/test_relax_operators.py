"""At least ninety of the operators that programs are mostly made of run through Relax, and give what eager gives."""

from __future__ import annotations

import pytest
import torch

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import Arg, DTypeArg, Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.targets.tvm.relax.target import relax_targets

pytest.importorskip("tvm")

INPUTS = (
    (TensorType("f32", (3, 4)), Drawn("normal", 1)),
    (TensorType("f32", (3, 4)), Drawn("normal", 2)),
    (TensorType("i64", (3, 4)), Drawn("permutation", 3, high=12)),
    (TensorType("bool", (3, 4)), Drawn("normal", 4)),
    (TensorType("f32", (4, 5)), Drawn("normal", 5)),
    (TensorType("i64", (4,)), Drawn("index", 6, high=3)),
    (TensorType("f32", (1, 2, 6, 6)), Drawn("normal", 7)),
    (TensorType("f32", (3, 2, 3, 3)), Drawn("normal", 8)),
)
X, Y, WHOLE, TRUTH, RIGHT, INDEX, IMAGE, WEIGHT = (Ref(n) for n in range(len(INPUTS)))

Calls = tuple[tuple[str, tuple[Arg, ...]], ...]

POINTWISE: Calls = (
    *((f"{name}.default", (X,)) for name in (
        "abs", "acos", "asin", "atan", "asinh", "ceil", "cos", "cosh", "erf", "exp", "exp2", "expm1", "floor", "isinf",
        "isnan", "log", "log10", "log1p", "log2", "neg", "reciprocal", "relu", "round", "rsqrt", "sigmoid", "sign",
        "silu", "sin", "sinh", "softplus", "sqrt", "square", "tan", "tanh", "trunc", "gelu", "hardswish", "hardtanh",
        "leaky_relu", "elu",
    )),
    *((f"{name}.Tensor", (X, Y)) for name in ("add", "sub", "mul", "div", "eq", "ne", "lt", "le", "gt", "ge")),
    *((f"{name}.default", (X, Y)) for name in ("maximum", "minimum", "atan2")),
    ("remainder.Tensor", (X, Y)), ("fmod.Tensor", (X, Y)), ("pow.Tensor_Scalar", (X, 2)),
    ("bitwise_and.Tensor", (WHOLE, WHOLE)), ("bitwise_or.Tensor", (WHOLE, WHOLE)),
    ("bitwise_xor.Tensor", (WHOLE, WHOLE)), ("bitwise_not.default", (WHOLE,)),
    ("logical_and.default", (X, TRUTH)), ("logical_or.default", (X, TRUTH)), ("logical_not.default", (X,)),
    ("where.self", (TRUTH, X, Y)), ("clamp.default", (X, -0.5, 0.5)), ("to.dtype", (X, DTypeArg("f64"))),
)  # fmt: skip

REDUCED: Calls = (
    ("sum.dim_IntList", (X, (1,))), ("mean.dim", (X, (0,), True)), ("prod.dim_int", (X, 1)),
    ("amax.default", (X, (0,))),
    ("amin.default", (X, (1,))), ("argmax.default", (X, 1)), ("argmin.default", (X, 0)), ("any.dim", (TRUTH, 1)),
    ("all.dim", (TRUTH, 0)), ("var.correction", (X, (1,))), ("std.correction", (X, (0,))), ("cumsum.default", (X, 1)),
    ("cumprod.default", (X, 0)), ("max.dim", (X, 1)), ("min.dim", (X, 0)), ("softmax.int", (X, 1)),
    ("log_softmax.int", (X, 0)), ("sort.default", (X, 1)), ("topk.default", (X, 2)), ("logsumexp.default", (X, (1,))),
    ("native_layer_norm.default", (X, (4,), None, None, 1e-5)),
)  # fmt: skip

MOVED: Calls = (
    ("view.default", (X, (2, 6))), ("reshape.default", (X, (12,))), ("permute.default", (X, (1, 0))),
    ("t.default", (X,)),
    ("transpose.int", (X, 0, 1)), ("unsqueeze.default", (X, 1)), ("squeeze.dim", (X, 0)),
    ("expand.default", (X, (2, 3, 4))),
    ("slice.Tensor", (X, 1, 1, 3)), ("select.int", (X, 0, 1)), ("cat.default", ((X, Y), 1)),
    ("stack.default", ((X, Y),)),
    ("flip.default", (X, (0,))), ("roll.default", (X, (1,), (0,))), ("repeat.default", (X, (2, 1))),
    ("tril.default", (X,)),
    ("triu.default", (X,)), ("constant_pad_nd.default", (X, (1, 1), 2.0)), ("split.Tensor", (X, 2, 1)),
    ("index_select.default", (X, 0, INDEX)), ("embedding.default", (X, INDEX)), ("index.Tensor", (X, (INDEX,))),
    ("full.default", ((2, 3), 1.5)),
    ("arange.start_step", (1, 20, 3)), ("clone.default", (X,)), ("diagonal.default", (X,)),
    ("narrow.default", (X, 1, 0, 2)),
)  # fmt: skip

LINEAR: Calls = (
    ("mm.default", (X, RIGHT)), ("matmul.default", (X, RIGHT)), ("convolution.default", (
        IMAGE, WEIGHT, None, (1, 1), (1, 1), (1, 1), False, (0, 0), 1)),
    ("max_pool2d.default", (IMAGE, (2, 2))), ("avg_pool2d.default", (IMAGE, (2, 2))),
    ("_adaptive_avg_pool2d.default", (IMAGE, (3, 3))),
)  # fmt: skip

GROUPS = {"pointwise": POINTWISE, "reduced": REDUCED, "moved": MOVED, "linear": LINEAR}


def test_there_are_at_least_ninety() -> None:
    assert len({op for calls in GROUPS.values() for op, _ in calls}) >= 90


@pytest.mark.parametrize("group", GROUPS)
def test_they_run_and_agree_with_eager(group: str) -> None:
    builder = GraphBuilder()
    for type_, _ in INPUTS:
        builder.input(type_)
    outputs = [result for op, args in GROUPS[group] for result in builder.call(f"aten.{op}", args)]
    case = TestCase(builder.build(outputs), InputRecipe(tuple(values for _, values in INPUTS)), "tvm-relax")
    expected = Eager().compile(case)(make_inputs(case.graph, case.recipe))
    actual = relax_targets()[0].compile(case)(make_inputs(case.graph, case.recipe))
    torch.testing.assert_close(actual, expected, equal_nan=True, check_stride=False, rtol=1e-5, atol=1e-5)
