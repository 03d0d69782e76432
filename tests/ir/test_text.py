"""The text form as people see it, and what they are told when a line is wrong."""

from __future__ import annotations

import pytest

from tensorsmith.ir.check import type_check
from tensorsmith.ir.errors import GraphError, InvalidInputError
from tensorsmith.ir.graph import DTypeArg, SpecialFloat, Symbol
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.text import format_case, format_graph, parse_graph
from tensorsmith.ir.torch_args import DEVICE

TEXT = """\
inputs:
  %0: f32[4, 8]
  %1: i64[3] stride (2) offset 1
  %2: f32[4] stride (8) offset 2 shares %0
  %9: bool[]
constants:
  %3: f32[8] = drawn("index", seed=5, high=3)
  %4: f64[4] = literals(1.0, -0.0, nan, -inf)
nodes:
  %5: f32[4, 8] = aten.add.Tensor(%0, %3, alpha=2)
  %6: f32[4], %7: i64[4] = aten.max.dim(%5, 1, False)
  %8: f16[2, 0] = aten.full.default([2, 0], inf, dtype=dtype(f16), device=device, layout=torch.strided)
  %10: f32[8, 4] stride (1, 8) = aten.permute.default(%5, [1, 0])
  %11: f32[4, 8] = aten.div.Tensor_mode(%0, %5, rounding_mode="floor")
  %12: f32[4, 8] = aten.clamp.default(%0, None, 1e-05)
outputs: %6, %7"""


def test_text_round_trip_and_types() -> None:
    graph = parse_graph(TEXT)
    assert format_graph(graph) == TEXT
    type_check(graph)
    full = graph.nodes[2]
    assert full.args[1] == SpecialFloat("inf")
    assert dict(full.kwargs) == {"dtype": DTypeArg("f16"), "device": DEVICE, "layout": Symbol("strided")}
    assert type(graph.nodes[1].args[2]) is bool


def test_comments_blank_lines_and_explicit_contiguous_strides_are_read() -> None:
    graph = parse_graph("# by hand\n\ninputs: # two\n%0:f32[2,2] stride (2,1)\n\noutputs: %0, %0 # twice")
    assert format_graph(graph) == "inputs:\n  %0: f32[2, 2]\noutputs: %0, %0"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("inputs:", "input:", "line 1: expected a section .*, found `input`"),
        ("inputs:\n", "", "line 1: expected `inputs:`, .* before this line, found `%0`"),
        ("f32[4, 8]\n", "f33[4, 8]\n", "line 2: expected a dtype .*, found `f33`"),
        ("f32[4, 8]\n", "f32[4, 8\n", "line 2: expected `,`, found the end of the line"),
        ("f32[4, 8]\n", "f32[4, 8] 3\n", "line 2: expected the end of the line, found `3`"),
        ("offset 1", "offset 1.5", "line 3: expected a whole number, found `1.5`"),
        ('"index"', '"indec"', "line 7: unknown value class `indec`"),
        ("seed=5", "seat=5", r"line 7: expected a setting \(one of seed, high\), found `seat`"),
        ("seed=5, ", "", "line 7: expected one `seed=`"),
        ("aten.add.Tensor", "aten.adds.Tensor", r"line 10: unknown operator `aten\.adds\.Tensor`"),
        ("alpha=2", "alpha=two", "line 10: expected an argument, found `two`"),
        ("%0, %3, alpha=2", "alpha=2, %0", "line 10: an argument without a name follows"),
        ("%7: i64", "7: i64", "line 11: expected a value such as `%3`, found `7`"),
        ('"floor"', '"floor', 'line 14: cannot read `"floor'),
        ('"floor"', r'"\q"', "line 14: .* is not a string"),
        ("outputs: %6", "outputs: %66", "output %66 is not defined"),
        ("(%5, 1,", "(%55, 1,", r"aten\.max\.dim reads %55"),
        ("%9: bool", "%0: bool", "%0 is defined twice"),
    ],
)
def test_wrong_line_is_one_message_with_its_number(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(InvalidInputError, match=message) as caught:
        parse_graph(TEXT.replace(old, new, 1), "program.txt")
    assert str(caught.value).startswith("program.txt: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("%6: f32[4]", "%6: f32[5]", r"%6: aten\.max\.dim returns f32\[4\], f32\[5\] is recorded"),
        (" stride (1, 8) =", " =", r"%10: .* returns f32\[8, 4\] stride \(1, 8\)"),
        ("(%5, 1, False)", "(%5, 7, False)", r"%6, %7: aten\.max\.dim rejects its arguments"),
        ("%6: f32[4], %7: i64[4] =", "%6: f32[4], %7: i64[4], %8: i64[4] =", "2 tensors, 3 are recorded"),
        ("offset 2 shares", "offset 20 shares", "%2: the storage of %0 is too small"),
        ("inf, dtype=dtype(f16)", "%5, dtype=dtype(f16)", "rejects its arguments"),
    ],
)
def test_type_check_names_the_value(old: str, new: str, message: str) -> None:
    text = TEXT.replace("  %8: f16", "  %80: f16").replace("%2: f32[4] stride", "%2: f32[4] stride")
    assert old in text
    with pytest.raises(GraphError, match=message):
        type_check(parse_graph(text.replace(old, new, 1)))


def test_whole_case_for_people() -> None:
    graph = parse_graph("inputs:\n  %0: f32[2]\noutputs: %0")
    pipeline = Pipeline((Step("max_autotune", (("value", True),)),))
    case = TestCase(graph, InputRecipe((Drawn("normal", 4),)), "inductor", pipeline=pipeline)
    assert format_case(case).splitlines() == [
        f"test case {case.id} for inductor on cpu",
        "pipeline:",
        "  max_autotune(value=True)",
        *format_graph(graph).splitlines(),
        "input values:",
        '  %0 = drawn("normal", seed=4)',
    ]
