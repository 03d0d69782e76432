"""Argument choices: what calls count as, and what operators offer."""

from __future__ import annotations

import pytest

from tensorsmith.generators.cases import random_case
from tensorsmith.generators.choices import Choice, choices_of, count_choices, parse_choice
from tensorsmith.generators.possible_choices import possible_choices
from tensorsmith.generators.rules.rule import Rule, parse_rule
from tensorsmith.generators.table import Bound, OperatorEntry, Record, entry_of
from tensorsmith.ir.graph import Arg, DTypeArg, Graph, Input, Node, Ref, SpecialFloat, TensorType

MATRIX = TensorType("f32", (2, 3))
SCALAR = TensorType("f32")


def made(op: str, types: list[TensorType], *args: Arg, **kwargs: Arg) -> dict[str, set[str]]:
    """The choices of one call, by argument; the tensors are `Ref(0)`, `Ref(1)` ..., and the results do not matter."""
    inputs = tuple(Input(place, type_) for place, type_ in enumerate(types))
    node = Node(op, args, (len(types),), (MATRIX,), tuple(kwargs.items()))
    found: dict[str, set[str]] = {}
    for choice in choices_of(Graph(inputs, (node,), (len(types),))):
        assert choice.op == op
        assert choice.value not in found.setdefault(choice.argument, set())
        found[choice.argument].add(choice.value)
    return found


def test_a_reduction() -> None:
    assert made("aten.sum.dim_IntList", [MATRIX], Ref(0), (1,)) == {
        "dim": {"one", "positive"},
        "keepdim": {"False"},
        "dtype": {"None"},
        "": {"f32"},
    }
    several = made("aten.sum.dim_IntList", [MATRIX], Ref(0), (-1, 0), True, dtype=DTypeArg("f64"))
    assert several["dim"] == {"several", "negative", "positive", "out of order"}
    assert several["keepdim"] == {"True"}
    assert several["dtype"] == {"f64"}
    assert made("aten.sum.dim_IntList", [MATRIX], Ref(0), (0, -1))["dim"] == {"several", "negative", "positive"}
    assert made("aten.sum.dim_IntList", [MATRIX], Ref(0), ())["dim"] == {"empty"}
    assert made("aten.sum.dim_IntList", [MATRIX], Ref(0), None)["dim"] == {"None"}


@pytest.mark.parametrize(
    ("alpha", "values"),
    [
        (1, {"positive", "default"}),
        (-0.5, {"negative", "fraction"}),
        (0, {"0"}),
        (2.0, {"positive"}),
        (SpecialFloat("-inf"), {"not finite"}),
    ],
)
def test_numbers(alpha: Arg, values: set[str]) -> None:
    assert made("aten.add.Tensor", [MATRIX, MATRIX], Ref(0), Ref(1), alpha=alpha)["alpha"] == values


def test_what_is_left_out_counts_as_its_default() -> None:
    assert made("aten.add.Tensor", [MATRIX, MATRIX], Ref(0), Ref(1))["alpha"] == {"positive", "default"}


@pytest.mark.parametrize(
    ("types", "values"),
    [
        (("f32", "f32"), {"f32"}),
        (("f32", "i64"), {"f32", "mixed dtypes"}),
        (("bool", "f16"), {"f16", "mixed dtypes"}),
    ],
)
def test_tensors_of_several_dtypes(types: tuple[str, str], values: set[str]) -> None:
    both = [TensorType(dtype, (3,)) for dtype in types]  # type: ignore[arg-type]
    assert made("aten.mul.Tensor", both, Ref(0), Ref(1))[""] == values


def test_a_mask_does_not_promote() -> None:
    types = [TensorType("bool", (3,)), MATRIX, MATRIX]
    assert made("aten.where.self", types, Ref(0), Ref(1), Ref(2)) == {"": {"f32"}}


@pytest.mark.parametrize(
    ("dtype", "number", "promotes"),
    [("i64", 0.5, True), ("i64", 2, False), ("bool", 2, True), ("bool", True, False), ("f16", 0.5, False)],
)
def test_a_number_that_promotes(dtype: str, number: Arg, promotes: bool) -> None:
    found = made("aten.mul.Scalar", [TensorType(dtype, (3,))], Ref(0), number)  # type: ignore[arg-type]
    assert ("promotes with a number" in found[""]) == promotes


def test_scalars_are_told_by_argument() -> None:
    found = made("aten.add.Tensor", [MATRIX, SCALAR], Ref(0), Ref(1))
    assert found["other"] == {"0-d"}
    assert "self" not in found


def test_optional_tensors_and_lists_of_tensors() -> None:
    types = [TensorType("f32", (1, 2, 5)), TensorType("f32", (3, 2, 2)), TensorType("f32", (3,))]
    assert made("aten.conv1d.default", types, Ref(0), Ref(1), Ref(2))["bias"] == {"given"}
    assert made("aten.conv1d.default", types, Ref(0), Ref(1))["bias"] == {"None"}
    assert made("aten.cat.default", [MATRIX], (Ref(0),))["tensors"] == {"one"}
    assert made("aten.cat.default", [MATRIX], (Ref(0), Ref(0)), -1) == {
        "tensors": {"several"},
        "dim": {"negative"},
        "": {"f32"},
    }


def test_words_and_integers_that_stand_for_words() -> None:
    both = [MATRIX, MATRIX]
    assert made("aten.div.Tensor_mode", both, Ref(0), Ref(1), rounding_mode="floor")["rounding_mode"] == {"floor"}
    assert made("aten.div.Tensor_mode", both, Ref(0), Ref(1), rounding_mode=None)["rounding_mode"] == {"None"}
    assert made("aten.mse_loss.default", both, Ref(0), Ref(1), 2)["reduction"] == {"sum"}


def test_where_memory_is_had_is_no_choice() -> None:
    assert "pin_memory" not in made("aten.zeros.default", [], (2, 3))


def test_the_text_of_a_choice_is_read_back() -> None:
    for choice in choices_of(random_case(4, "eager").graph):
        assert parse_choice(str(choice)) == choice
    assert str(Choice("aten.sum.default", "dtype", "f64")) == "aten.sum.default dtype=f64"
    assert str(Choice("aten.add.Tensor", "", "mixed dtypes")) == "aten.add.Tensor =mixed dtypes"


def test_counts_are_of_calls_and_of_choices() -> None:
    graph = random_case(7, "eager").graph
    counts = count_choices([graph, graph])
    assert sum(hits for text, hits in counts.items() if " " not in text) == 2 * len(graph.nodes)
    assert all(counts[str(choice)] >= 2 for choice in choices_of(graph))


def offered(op: str, rule: tuple[str, ...] = (), *records: Record) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for choice in possible_choices(entry_of(op), records, parse_rule(rule)):
        found.setdefault(choice.argument, set()).add(choice.value)
    return found


def test_a_schema_offers_choices() -> None:
    found = offered("aten.avg_pool2d.default")
    assert found["ceil_mode"] == found["count_include_pad"] == {"True", "False"}
    assert found["divisor_override"] == {"None", "negative", "0", "positive"}
    assert found["stride"] >= {"empty", "one", "several"}
    assert "empty" not in found["kernel_size"]
    found = offered("aten.sum.dim_IntList")
    assert found["dim"] == {"None", "one", "several", "out of order", "negative", "positive"}
    assert found["dtype"] >= {"None", "f32", "i64"}
    assert found[""] == set(entry_of("aten.sum.dim_IntList").dtypes)
    assert offered("aten.add.Tensor")[""] >= {"mixed dtypes"}
    assert offered("aten.add.Tensor")["alpha"] == {"negative", "0", "positive", "fraction", "default"}
    assert offered("aten.div.Tensor_mode")["rounding_mode"] == {"None", "floor", "trunc"}
    assert offered("aten.mse_loss.default")["reduction"] == {"none", "mean", "sum"}
    assert "promotes with a number" in offered("aten.mul.Scalar")[""]
    assert "promotes with a number" not in offered("aten.mul_.Scalar")[""]


def test_a_rule_takes_choices_away() -> None:
    rule = ("min(kernel_size) >= 1", "len(padding) in {2}", "divisor_override in {1, 2}")
    found = offered("aten.avg_pool2d.default", rule)
    assert found["kernel_size"] == {"one", "several", "positive"}
    assert found["padding"] == {"several", "negative", "0", "positive"}
    assert found["divisor_override"] == {"None", "positive"}
    assert offered("aten.softmax.int", ("word(dtype) in {f32, f64}",))["dtype"] == {"None", "f32", "f64"}


def test_a_record_gives_back_what_an_imprecise_rule_takes_away() -> None:
    rule = ("min(kernel_size) >= 2",)
    image = TensorType("f32", (1, 1, 4, 4))
    record = Record((image,), (Ref(0), (-1, 3)), (), (image,))
    assert "negative" in offered("aten.avg_pool2d.default", rule, record)["kernel_size"]


def test_a_scalar_is_offered_where_the_rule_holds_for_one() -> None:
    record = Record((MATRIX,), (Ref(0), (0,)), (), (TensorType("f32", (3,)),))
    assert offered("aten.sum.dim_IntList", ("dims(self) >= 1",), record)["self"] == {"0-d"}
    assert "self" not in offered("aten.sum.dim_IntList", ("rank(self) >= 1",), record)
    # A relation to another argument counts as well.
    assert "self" not in offered("aten.sum.dim_IntList", ("rank(self) >= len(dim)",), record)


def test_every_choice_that_random_programs_make_of_flags_words_and_dimensions_is_offered() -> None:
    for seed in range(40):
        for choice in choices_of(random_case(seed, "eager").graph):
            if choice.value in ("True", "False", "negative", "positive", "out of order") or choice.argument == "dtype":
                entry = entry_of(choice.op)
                records = (entry_of(entry.out_of) if entry.out_of else entry).records
                assert choice in possible_choices(entry, records, Rule())


def test_an_operator_of_no_arguments_but_a_tensor() -> None:
    entry = OperatorEntry(
        "aten.neg.default", "pointwise", ("f32",), (), any_shape=True, bounds={"x": Bound("constant")}
    )
    assert possible_choices(entry, (), Rule()) == (
        Choice("aten.neg.default", "", "f32"),
        Choice("aten.neg.default", "self", "0-d"),
    )
