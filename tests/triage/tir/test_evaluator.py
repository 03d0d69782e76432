"""The evaluator that scripts carry: it agrees with the reference interpreter, before passes and after them."""

from __future__ import annotations

import ast
import math
from random import Random
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tvm")

from tensorsmith.generators.tir.blocks import random_blocks
from tensorsmith.generators.tir.func import random_function
from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.oracles.tir.agreement import disagreement
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes.apply import apply_pass, prepare
from tensorsmith.targets.tvm.passes.schedule import scheduled
from tensorsmith.triage.tir.evaluator import evaluator_source
from tests.triage.tir.functions import function

PASSES = (
    "s_tir.CanonicalizeLoop", "s_tir.LowerOpaqueBlock", "tirx.FlattenBuffer", "tirx.VectorizeLoop",
    "tirx.StorageRewrite", "tirx.UnrollLoop", "tirx.CommonSubexprElim",
)  # fmt: skip


def evaluated(func: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    source = evaluator_source([func])
    assert source is not None
    names: dict[str, Any] = {"np": np, "math": math, "tvm": adapter.tvm().root, "INPUTS": inputs}
    exec(source, names)
    found: dict[str, Any] = names["evaluate"](adapter.module(func))
    return found


@pytest.mark.parametrize("seed", range(30))
def test_it_agrees_with_the_reference(seed: int) -> None:
    func, buffers, scalars = random_function(Random(seed))
    inputs = random_inputs(seed, buffers, scalars, special=0.0)
    stages = [func]
    module, context = prepare(func, Pipeline())
    for name in PASSES:
        try:
            module = apply_pass(module, Step(name), context)
        except (RuntimeError, TypeError, ValueError):  # TVM's fault
            break
        made = adapter.only_function(module)
        assert made is not None
        stages.append(made)
    compared = 0
    for stage in stages:
        try:
            reference = compile_function(stage)
            expected = reference.run(inputs)
        except (Undefined, Unsupported):
            continue
        if evaluator_source([stage]) is None:
            continue
        compared += 1
        assert disagreement(expected, evaluated(stage, inputs), reference.inexact) is None
    assert compared


@pytest.mark.parametrize("seed", range(12))
def test_it_agrees_with_the_reference_on_blocks(seed: int) -> None:
    made = random_blocks(Random(seed))
    split = scheduled(made.func, "split", {"block": seed, "loop": 0, "factor": 3, "parts": 2})
    inputs = random_inputs(seed, made.buffers, made.scalars, special=0.0)
    for func in (made.func, split):
        reference = compile_function(func)
        assert evaluator_source([func]) is not None
        assert disagreement(reference.run(inputs), evaluated(func, inputs), reference.inexact) is None


def test_it_has_only_what_is_needed() -> None:
    plain = function('A: T.Buffer((8,), "int32")', "A[0] = 1")
    source = evaluator_source([plain.func])
    assert source is not None
    defined = {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}
    assert defined == {"dtype_of", "place", "form", "view", "value", "run", "evaluate"}


def test_it_stops_at_what_is_undefined() -> None:
    made = function('A: T.Buffer((8,), "int32"), n: T.int32', "A[n] = A[0] + A[1]")
    big = np.full(8, 2**31 - 1, "int32")
    with pytest.raises(AssertionError, match="out of bounds"):
        evaluated(made.func, {"A": np.zeros(8, "int32"), "n": 8})
    with pytest.raises(AssertionError, match="overflows int32"):
        evaluated(made.func, {"A": big, "n": 3})


def test_constructs_that_it_does_not_know_are_refused() -> None:
    viewed = function(
        'A: T.Buffer((8,), "int32")',
        """
with T.sblock("root"):
    for i in range(2):
        with T.sblock("half"):
            v = T.axis.spatial(2, i)
            B = T.match_buffer(A[v * 4:v * 4 + 4], (4,), "int32", offset_factor=1)
            B[0] = 1
""",
    )
    assert evaluator_source([viewed.func]) is None


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_the_greatest_integers_become_floats(dtype: str) -> None:
    made = function(f'A: T.Buffer((1,), "uint64"), B: T.Buffer((1,), "{dtype}")', f'B[0] = T.Cast("{dtype}", A[0])')
    inputs = {"A": np.array([(1 << 64) - 1], "uint64"), "B": np.zeros(1, dtype)}
    reference = compile_function(made.func)
    assert disagreement(reference.run(inputs), evaluated(made.func, inputs)) is None


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_floats_become_integers_of_64_bits(dtype: str) -> None:
    made = function(f'A: T.Buffer((1,), "{dtype}"), B: T.Buffer((1,), "uint64")', 'B[0] = T.Cast("uint64", A[0])')
    inputs = {"A": np.array([2.5], dtype), "B": np.zeros(1, "uint64")}
    reference = compile_function(made.func)
    assert disagreement(reference.run(inputs), evaluated(made.func, inputs)) is None
    with pytest.raises(AssertionError, match="does not fit"):
        evaluated(made.func, inputs | {"A": np.array([-2.5], dtype)})
