import pytest
import torch

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import Arg, DTypeArg, Ref, SpecialFloat, TensorType
from tensorsmith.ir.operators import operator
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.recipe import Drawn, InputRecipe, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.targets.tvm.relax.target import relax_targets
from tensorsmith.targets.tvm.relax.translate.table import TRANSLATIONS, supported_operators
from tensorsmith.targets.tvm.relax.unsupported import Unsupported

pytest.importorskip("tvm")

TARGETS = {target.name: target for target in relax_targets()}
F32 = TensorType("f32", (3, 4))
I64 = TensorType("i64", (3, 4))
X, Y, Z = Ref(0), Ref(1), Ref(2)
NORMAL = Drawn("normal", 1)


def case_of(
    op: str,
    types: tuple[TensorType, ...],
    args: tuple[Arg, ...],
    values: tuple[Values, ...] = (),
    pipeline: Pipeline | None = None,
) -> TestCase:
    """A program of one call, that returns all that the call returns."""
    builder = GraphBuilder()
    for type_ in types:
        builder.input(type_)
    results = builder.call(op, args)
    recipe = InputRecipe(values or (NORMAL,) * len(types))
    return TestCase(builder.build(results), recipe, "tvm-relax", pipeline=pipeline or Pipeline())


def check(case: TestCase, target: str = "tvm-relax") -> None:
    """Outputs, and inputs after the run, are eager's."""
    expected_inputs, inputs = make_inputs(case.graph, case.recipe), make_inputs(case.graph, case.recipe)
    expected = Eager().compile(case)(expected_inputs)
    actual = TARGETS[target].compile(case)(inputs)
    torch.testing.assert_close(actual, expected, equal_nan=True, check_stride=False)
    torch.testing.assert_close(inputs, expected_inputs, equal_nan=True)


def t(dtype: str, *shape: int) -> TensorType:
    return TensorType(dtype, shape)  # type: ignore[arg-type]


SPECIAL = Drawn("special", 3)
INDEX = Drawn("index", 5, high=3)

CALLS: list[tuple[str, tuple[TensorType, ...], tuple[Arg, ...], tuple[Values, ...]]] = [
    ("aten.exp.default", (t("f16", 3, 4),), (X,), ()),
    ("aten.relu.default", (F32,), (X,), (SPECIAL,)),
    ("aten.log1p.default", (F32,), (X,), (Drawn("tiny", 3),)),
    ("aten.neg.default", (t("u8", 5),), (X,), ()),
    ("aten.gelu.default", (t("bf16", 3, 4),), (X,), ()),
    ("aten.add.Tensor", (F32, t("i64", 4)), (X, Y), ()),
    ("aten.add.Tensor", (t("bool", 4), t("bool", 4)), (X, Y), ()),
    ("aten.mul.Scalar", (I64,), (X, 2.5), ()),
    ("aten.div.Tensor_mode", (F32, F32), (X, Y), ()),
    ("aten.floor_divide.default", (F32, F32), (X, Y), ()),
    ("aten.remainder.Scalar", (t("i32", 9),), (X, -3), ()),
    ("aten.maximum.default", (F32, F32), (X, Y), (SPECIAL, NORMAL)),
    ("aten.clamp.default", (F32,), (X, -0.5, None), (SPECIAL,)),
    ("aten.eq.Tensor", (t("bool", 4), t("bool", 4)), (X, Y), ()),
    ("aten.lt.Scalar", (t("i8", 6),), (X, 0.5), ()),
    ("aten.logical_xor.default", (F32, I64), (X, Y), ()),
    ("aten.bitwise_and.Scalar", (I64,), (X, 3), ()),
    ("aten.pow.Tensor_Scalar", (I64,), (X, 3), ()),
    ("aten.where.self", (t("bool", 3, 4), F32, t("f64", 4)), (X, Y, Z), ()),
    ("aten.full.default", (), ((2, 3), SpecialFloat("inf")), ()),
    ("aten.arange.start_step", (), (1, 20, 3), ()),
    ("aten.to.dtype", (I64,), (X, DTypeArg("bf16")), ()),
    ("aten.sum.dim_IntList", (t("bool", 3, 4),), (X, (1,), True), ()),
    ("aten.amax.default", (F32,), (X, (0,)), (SPECIAL,)),
    ("aten.any.dim", (F32,), (X, 1), (Drawn("ties", 2),)),
    ("aten.var_mean.correction", (F32,), (X, (1,)), ()),
    ("aten.max.dim", (I64,), (X, 1), (Drawn("permutation", 2, high=12),)),
    ("aten.cumsum.default", (t("i32", 3, 4),), (X, 1), ()),
    ("aten.linalg_vector_norm.default", (F32,), (X, 3.0), ()),
    ("aten.matmul.default", (t("f32", 2, 3, 4), t("f32", 4)), (X, Y), ()),
    ("aten.addmm.default", (t("i64", 5), t("i64", 3, 4), t("i64", 4, 5)), (X, Y, Z), ()),
    ("aten.linear.default", (F32, t("f32", 5, 4), t("f32", 5)), (X, Y, Z), ()),
    ("aten.conv1d.default", (t("f32", 4, 9), t("f32", 6, 2, 3), t("f32", 6)), (X, Y, Z, (2,), (1,), (1,), 2), ()),
    ("aten.conv2d.padding", (t("f32", 1, 2, 5, 5), t("f32", 3, 2, 3, 2)), (X, Y, None, (1, 1), "same"), ()),
    ("aten.convolution.default", (t("f32", 1, 2, 5), t("f32", 2, 3, 3)),
     (X, Y, None, (2,), (1,), (1,), True, (1,), 1), ()),
    ("aten.max_pool2d.default", (t("f32", 2, 6, 7),), (X, (2, 3), (), (1, 1)), ()),
    ("aten.avg_pool2d.default", (t("f64", 1, 2, 6, 7),), (X, (2, 2), (2, 1), (0, 1), False, False, 3), ()),
    ("aten._adaptive_avg_pool2d.default", (t("f32", 1, 2, 6, 7),), (X, (3, 2)), ()),
    ("aten.softmax.int", (t("f16", 3, 4),), (X, 0), ()),
    ("aten._log_softmax.default", (F32,), (X, 1, False), ()),
    ("aten.native_layer_norm.default", (t("f32", 2, 3, 4), t("f32", 4)), (X, (4,), Y, None, 1e-5), ()),
    ("aten.group_norm.default", (t("f32", 2, 4, 3), t("f32", 4)), (X, 2, Y), ()),
    ("aten.permute.default", (t("i16", 2, 3, 4),), (X, (2, 0, -2)), ()),
    ("aten.slice.Tensor", (I64,), (X, 1, -3, 100, 2), ()),
    ("aten.select.int", (F32,), (X, -1, -2), ()),
    ("aten.split.sizes", (t("f32", 7),), (X, (2, 0, 5)), ()),
    ("aten.diagonal.default", (t("f32", 2, 3, 4),), (X, -1, 1, 2), ()),
    ("aten.expand.default", (t("f32", 3, 1),), (X, (2, -1, 5)), ()),
    ("aten.cat.default", (F32, t("i64", 2, 4)), ((X, Y),), ()),
    ("aten.stack.default", (F32, F32), ((X, Y), -1), ()),
    ("aten.flip.default", (I64,), (X, (0, 1)), ()),
    ("aten.roll.default", (I64,), (X, (5,), (1,)), ()),
    ("aten.repeat.default", (F32,), (X, (2, 1, 3)), ()),
    ("aten.tril.default", (F32,), (X, -1), ()),
    ("aten.constant_pad_nd.default", (F32,), (X, (1, -2, 0, 3), 7.0), ()),
    ("aten.reflection_pad1d.default", (F32,), (X, (2, 1)), ()),
    ("aten.index_select.default", (F32, t("i64", 5)), (X, 0, Y), (NORMAL, INDEX)),
    ("aten.gather.default", (F32, t("i64", 2, 2)), (X, 1, Y), (NORMAL, INDEX)),
    ("aten.index.Tensor", (t("f32", 2, 3, 3), t("i64", 4)), (X, (None, Y, Y)), (NORMAL, INDEX)),
    ("aten.index_put.default", (t("i64", 3, 4), t("i64", 5), t("i64", 5, 4)), (X, (Y,), Z, True),
     (NORMAL, INDEX, NORMAL)),
    ("aten.scatter_add.default", (F32, t("i64", 2, 3), F32), (X, 0, Y, Z), (NORMAL, INDEX, NORMAL)),
    ("aten.embedding.default", (F32, t("i64", 2, 2)), (X, Y), (NORMAL, INDEX)),
    ("aten.sort.default", (t("f32", 3, 50),), (X, 1, True), ()),
    ("aten.topk.default", (t("i64", 20),), (X, 4), (Drawn("permutation", 2, high=20),)),
]  # fmt: skip


@pytest.mark.parametrize(("op", "types", "args", "values"), CALLS, ids=[f"{n}-{c[0]}" for n, c in enumerate(CALLS)])
def test_agrees_with_eager(
    op: str, types: tuple[TensorType, ...], args: tuple[Arg, ...], values: tuple[Values, ...]
) -> None:
    if op == "aten.div.Tensor_mode":
        builder = GraphBuilder()
        ids = [builder.input(type_) for type_ in types]
        results = builder.call(op, [Ref(n) for n in ids], [("rounding_mode", "floor")])
        check(TestCase(builder.build(results), InputRecipe((NORMAL, NORMAL)), "tvm-relax"))
        return
    check(case_of(op, types, args, values))


def test_has_a_table_of_operators_that_exist() -> None:
    for op in supported_operators():
        operator(op)
    assert len(TRANSLATIONS) > 300


def test_takes_operators_without_a_translation_apart() -> None:
    assert "aten.mse_loss.default" not in TRANSLATIONS
    check(case_of("aten.mse_loss.default", (F32, F32), (X, Y)))


def test_writes_back_what_a_program_writes_to_its_inputs() -> None:
    builder = GraphBuilder()
    source = builder.input(F32)
    (row,) = builder.call("aten.select.int", [Ref(source), 0, 1])
    builder.call("aten.mul_.Scalar", [Ref(row), 3.0])
    (total,) = builder.call("aten.sum.default", [Ref(source)])
    check(TestCase(builder.build([total, row]), InputRecipe((NORMAL,)), "tvm-relax"))


def test_an_output_that_is_a_view_of_an_input_shares_its_memory() -> None:
    case = case_of("aten.t.default", (F32,), (X,))
    inputs = make_inputs(case.graph, case.recipe)
    (output,) = TARGETS["tvm-relax"].compile(case)(inputs)
    assert output.data_ptr() == inputs[0].data_ptr()
    assert torch.equal(output, inputs[0].t())


def test_an_output_that_is_no_view_has_memory_of_its_own() -> None:
    case = case_of("aten.clone.default", (F32,), (X,))
    inputs = make_inputs(case.graph, case.recipe)
    (output,) = TARGETS["tvm-relax"].compile(case)(inputs)
    assert output.data_ptr() != inputs[0].data_ptr()


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)])
@pytest.mark.parametrize("dtype", ["bool", "u8", "i8", "i64", "f16", "bf16", "f64"])
def test_takes_every_dtype_without_elements_and_without_dimensions(dtype: str, shape: tuple[int, ...]) -> None:
    check(case_of("aten.unsqueeze.default", (t(dtype, *shape),), (X, 0)))


def test_says_which_operator_is_not_supported() -> None:
    with pytest.raises(Unsupported, match=r"tvm-relax does not support aten\.erfinv\.default"):
        TARGETS["tvm-relax"].compile(case_of("aten.erfinv.default", (F32,), (X,)))


def test_says_that_nan_cannot_be_ordered_when_it_meets_one() -> None:
    case = case_of("aten.sort.default", (t("f32", 40),), (X,), (SPECIAL,))
    run = TARGETS["tvm-relax"].compile(case)
    with pytest.raises(Unsupported, match=r"aten\.sort\.default: NaN"):
        run(make_inputs(case.graph, case.recipe))


def test_writes_where_inputs_share_memory_are_not_supported() -> None:
    builder = GraphBuilder()
    first = builder.input(F32)
    builder.input(F32, shares=first)
    (written,) = builder.call("aten.neg_.default", [Ref(first)])
    case = TestCase(builder.build([written]), InputRecipe((NORMAL, NORMAL)), "tvm-relax")
    with pytest.raises(Unsupported, match="share memory"):
        TARGETS["tvm-relax"].compile(case)


def test_passes_run_before_the_default_pipeline() -> None:
    steps = ("relax.LegalizeOps", "relax.AnnotateTIROpPattern", "relax.FuseOps", "relax.FuseTIR")
    pipeline = Pipeline(tuple(Step(name) for name in steps))
    check(case_of("aten.softmax.int", (F32,), (X, 1), pipeline=pipeline))


def test_a_step_that_is_no_pass_is_refused() -> None:
    case = case_of("aten.relu.default", (F32,), (X,), pipeline=Pipeline((Step("relax.NoSuchPass"),)))
    with pytest.raises(InvalidInputError, match="NoSuchPass"):
        TARGETS["tvm-relax"].compile(case)


def test_the_importer_is_a_way_in() -> None:
    check(case_of("aten.softmax.int", (F32,), (X, 1)), "tvm-relax-import")


def test_the_importer_says_what_it_does_not_take() -> None:
    builder = GraphBuilder()
    x = builder.input(F32)
    (y,) = builder.call("aten.lgamma.default", [Ref(x)])
    (z,) = builder.call("aten.digamma.default", [Ref(y)])
    said = set()
    for outputs in ([y], [z], [y, z]):
        case = TestCase(builder.build(outputs), InputRecipe((NORMAL,)), "tvm-relax-import")
        with pytest.raises(Unsupported) as raised:
            TARGETS["tvm-relax-import"].compile(case)
        said.add(str(raised.value))
    # One limitation for each operator, and none for each set of them.
    assert said == {f"tvm-relax does not support aten.{op}.default: TVM's importer" for op in ("digamma", "lgamma")}


def test_the_importer_drops_writes_to_inputs() -> None:
    with pytest.raises(Unsupported, match="writes to inputs"):
        TARGETS["tvm-relax-import"].compile(case_of("aten.neg_.default", (F32,), (X,)))


def test_what_reads_indices_of_pooled_maxima_does_not_make_limitations_of_its_own() -> None:
    said = set()
    for op in ("aten.neg.default", "aten.relu.default"):
        builder = GraphBuilder()
        x = builder.input(t("f32", 1, 2, 4, 4))
        _, indices = builder.call("aten.max_pool2d_with_indices.default", [Ref(x), (2, 2)])
        (y,) = builder.call(op, [Ref(indices)])
        with pytest.raises(Unsupported) as raised:
            TARGETS["tvm-relax"].compile(TestCase(builder.build([y]), InputRecipe((NORMAL,)), "tvm-relax"))
        said.add(str(raised.value))
    assert len(said) == 1
