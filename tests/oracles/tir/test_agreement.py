"""The reference and TVM without optimization agree on random programs, but for those that TVM gets wrong."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from random import Random

import numpy as np
import pytest

from tensorsmith.generators.tir.func import random_function
from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.oracles.tir.agreement import disagreement
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.targets.tvm import build


def outcome(seed: int) -> str:
    func, buffers, scalars = random_function(Random(seed))
    inputs = random_inputs(seed, buffers, scalars, special=0.0)
    reference = compile_function(func)
    expected = reference.run(inputs)
    try:
        built = build.build(func, opt_level=0)
    except Exception:  # TVM's passes fail on some valid programs
        return "does not build"
    difference = disagreement(expected, build.run(built, inputs), reference.inexact)
    return "agrees" if difference is None else "differs"


def outcomes(first: int, end: int) -> Iterator[str]:
    """The outcomes of programs, in processes of their own: TVM aborts on some, and another goes on with the next."""
    forking = multiprocessing.get_context("fork")
    while first < end:
        reading, writing = forking.Pipe(duplex=False)
        process = forking.Process(target=_send, args=(writing, first, end))
        process.start()
        writing.close()
        try:
            while first < end:
                yield reading.recv()
                first += 1
        except EOFError:
            yield "dies"
            first += 1
        process.join()


def _send(writing: Connection, first: int, end: int) -> None:
    for seed in range(first, end):
        writing.send(outcome(seed))


def test_tvm_agrees_on_most_random_programs() -> None:
    """What differs are bugs of TVM's passes: `bench/tir.py --agree` names the programs."""
    pytest.importorskip("tvm")
    random_function(Random(0))  # TVM is imported before the forks
    counts = Counter(outcomes(0, 80))
    assert counts["agrees"] >= 60
    assert counts["differs"] <= 10
    assert counts["dies"] <= 2


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
