"""What blocks promise: kept by what generators make, broken in each way that there is, and no alarm where broken."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from msgspec.structs import replace

from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.generators.tir.source import SOURCES
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.judge import judge_tir
from tests.triage.tir.functions import case_of, function

pytest.importorskip("tvm")

CUT = "T.axis.spatial(8, i * 3 + j)\n            T.where(i * 3 + j < 8)"
PARAMETERS = 'A: T.Buffer((8,), "int32"), B: T.Buffer((8,), "int32")'


def looped(store: str, loops: str = "for i in range(8):", variable: str = "T.axis.spatial(8, i)") -> str:
    return f"""
with T.sblock("root"):
    {loops}
        with T.sblock("block"):
            v = {variable}
            {store}
"""


def keeps(body: str) -> bool:
    inputs = {"A": np.arange(8, dtype="int32"), "B": np.ones(8, "int32")}
    return compile_function(function(PARAMETERS, body).func).keeps_promises(inputs)


@pytest.mark.parametrize(
    "body",
    [
        looped("B[v] = A[v] + 1"),
        looped("B[7 - v] = A[v]"),
        # What a split of a loop makes.
        looped("B[v] = A[v]", "for i, j in T.grid(3, 3):", CUT),
        looped(
            "with T.init():\n                B[0] = 0\n            B[0] = B[0] + A[v]", variable="T.axis.reduce(8, i)"
        ),
    ],
    ids=["plain", "permuted", "cut", "sum"],
)  # fmt: skip
def test_promises_that_are_kept(body: str) -> None:
    assert keeps(body)


@pytest.mark.parametrize(
    "body",
    [
        looped("B[(v + 1) % 8] = B[v]"),
        looped("B[v // 2] = A[v]"),
        looped("B[0] = B[0] + A[v]"),
        looped("B[v] = B[v] + A[(v + 1) % 8]"),
        looped("B[0] = B[0] + A[v]", variable="T.axis.reduce(8, i)"),
        looped("B[v] = A[v]", "for i in range(7):"),
        looped("B[v] = A[v]", "for i, j in T.grid(8, 2):"),
        looped("B[v] = A[v]", "for i in range(A[1] + 7):"),
        looped("B[v] = A[v]", variable="T.axis.spatial(8, i)\n            T.where(A[i] >= 0)"),
    ],
    ids=["neighbour", "shared", "sum", "in-place", "sum-without-init", "partial", "repeated", "bound", "predicate"],
)
def test_promises_that_are_broken(body: str) -> None:
    assert not keeps(body)


def test_iterations_of_a_block_are_those_of_one_run_of_the_block_around() -> None:
    nested = """
with T.sblock("root"):
    for i in range(2):
        with T.sblock("outer"):
            v = T.axis.spatial(2, i)
            for j in range({size}):
                with T.sblock("inner"):
                    w = T.axis.spatial(4, j)
                    B[v * 4 + w] = A[v * 4 + w]
"""
    assert keeps(nested.format(size=4))
    assert not keeps(nested.format(size=3))
    assert not keeps(nested.format(size=4).replace("B[v * 4 + w] =", "B[w] ="))


@pytest.mark.parametrize("source", ["blocks", "topi"])
def test_generated_functions_keep_them(source: str) -> None:
    for seed in range(12):
        made = SOURCES[source][0](Random(seed))
        inputs = random_inputs(0, made.buffers, made.scalars, 0.0)
        assert compile_function(made.func).keeps_promises(inputs)


def test_what_relies_on_a_broken_promise_is_no_finding() -> None:
    made = function(PARAMETERS, looped("B[v // 2] = A[v]"))
    steps = (Step("schedule.vectorize"),)
    verdict = judge_tir(replace(case_of(made), pipeline=Pipeline(steps)))
    assert (verdict.outcome, verdict.reason) == ("invalid", "blocks break their promises")
