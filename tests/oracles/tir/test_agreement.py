"""The reference and TVM without optimization agree on random programs, but for those that TVM gets wrong."""

from random import Random

import numpy as np
import pytest

from tensorsmith.generators.tir.func import random_function
from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.oracles.tir.agreement import disagreement
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.targets.tvm import adapter

TVM_IS_WRONG = {
    1: "does not build: makes a scalar constant of a vector of booleans",
    7: "does not build: the comparison analyzer binds a variable twice",
    33: "does not build: a folded constant is too large for its dtype",
    38: "loops with steps, of which the inner one starts at the outer one's variable, visit other values",
    42: "does not build: folds the subtraction of unsigned constants below zero",
    44: "does not build: folds the subtraction of unsigned constants below zero",
    48: "does not build: folds a division by a float zero",
    58: "does not build: the comparison analyzer binds a variable twice",
    59: "does not build: a folded constant is too large for its dtype",
}


@pytest.mark.parametrize(
    "seed",
    [pytest.param(s, marks=pytest.mark.xfail(reason=TVM_IS_WRONG[s])) if s in TVM_IS_WRONG else s for s in range(60)],
)
def test_tvm_agrees(seed: int) -> None:
    pytest.importorskip("tvm")
    func, buffers, scalars = random_function(Random(seed))
    inputs = random_inputs(seed, buffers, scalars, special=0.0)
    reference = compile_function(func)
    result = adapter.run(adapter.build(func, opt_level=0), inputs)
    assert disagreement(reference.run(inputs), result, reference.inexact) is None


def test_nan_equals_nan_and_zeros_have_signs() -> None:
    nan, zeros = np.array([np.nan], "float32"), np.array([0.0], "float32")
    assert disagreement({"A": nan}, {"A": -nan}) is None
    assert disagreement({"A": zeros}, {"A": -zeros}) == "A[0] is -0.0, expected 0.0 (1 of 1 differ)"


def test_only_inexact_results_may_differ_a_little() -> None:
    one, near = np.ones((1, 1)), np.ones((1, 1)) + 1e-15
    assert disagreement({"A": one}, {"A": near}, inexact=True) is None
    assert disagreement({"A": one}, {"A": near}) is not None
    assert disagreement({"A": one}, {"A": one + 1e-10}, inexact=True) is not None
    assert disagreement({"A": np.array([1])}, {"A": np.array([2])}, inexact=True) is not None
