"""The reference on what passes make of programs: all of it is interpreted, and means the same."""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from tensorsmith.generators.tir.func import random_function
from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.oracles.tir.agreement import disagreement
from tensorsmith.oracles.tir.interpreter import Reference, compile_function
from tensorsmith.oracles.tir.undefined import Undefined
from tensorsmith.targets.tvm import adapter
from tests.oracles.tir.tvm_scripts import parse

tvm = pytest.importorskip("tvm")
of_tirx, of_s_tir = tvm.tirx.transform, tvm.s_tir.transform

# TVM's default passes on the CPU that change such programs; CanonicalizeLoop and the simplifiers, which are wrong on
# some, are left out.
PASSES: list[Callable[[], Any]] = [
    of_s_tir.LowerInitBlock,
    of_s_tir.PlanAndUpdateBufferAllocationLocation,
    of_s_tir.ConvertBlocksToOpaque,
    of_s_tir.CompactBufferAllocation,
    of_s_tir.LowerMatchBuffer,
    of_s_tir.LowerOpaqueBlock,
    of_tirx.FlattenBuffer,
    lambda: of_tirx.NarrowDataType(32),
    of_s_tir.LoopPartition,
    of_tirx.VectorizeLoop,
    of_tirx.StorageRewrite,
    of_s_tir.HoistIfThenElse,
    of_tirx.UnrollLoop,
    of_tirx.RemoveNoOp,
    of_s_tir.RewriteUnsafeSelect,
    of_tirx.CommonSubexprElim,
    of_tirx.AnnotateEntryFunc,
    of_tirx.SplitHostDevice,
    of_tirx.LowerIntrin,
]


def in_turn(func: Any) -> Any:
    """The function after the target is bound, and after each of the passes up to one that raises."""
    target = tvm.target.Target("llvm")
    module = of_tirx.BindTarget(target.with_host(target))(adapter.module(func))
    for make in PASSES:
        try:
            module = make()(module)
        except Exception:  # a bug of the pass, which has its own oracle
            return
        yield next(iter(module.functions.values()))


def test_what_passes_make_of_random_programs_is_interpreted_and_means_the_same() -> None:
    same, changed = 0, 0
    for seed in range(40):
        func, buffers, scalars = random_function(Random(seed))
        inputs = random_inputs(seed, buffers, scalars, special=0.0)
        reference = compile_function(func)
        expected, differs = reference.run(inputs), reference.excess
        for made in in_turn(func):
            after = compile_function(made, before=reference, lazy=True)  # raises where something is not known
            changed += after is not reference
            reference = after
            differs = differs or not _means(expected, reference, inputs)
        same += not differs
    assert same >= 30  # TVM is wrong on some
    assert changed >= 100


def _means(expected: dict[str, np.ndarray[Any, Any]], reference: Reference, inputs: dict[str, Any]) -> bool:
    try:
        return disagreement(expected, reference.run(inputs), reference.inexact) is None
    except Undefined:
        return False


MATMUL = """
C = T.sblock_alloc_buffer((8, 8), "int32")
for i, j, k in T.grid(8, 8, 4):
    with T.sblock("product"):
        vi, vj, vk = T.axis.remap("SSR", [i, j, k])
        with T.init():
            C[vi, vj] = 0
        C[vi, vj] = C[vi, vj] + A[vi, vk] * B[vk, vj]
for i, j in T.grid(8, 8):
    with T.sblock("shift"):
        vi, vj = T.axis.remap("SS", [i, j])
        D[vi, vj] = C[vi, vj] + 1
"""


def scheduled() -> Any:
    """A product of matrices in blocks: split, reordered, vectorized, unrolled, parallel, one block within the other."""
    types = 'A: T.Buffer((8, 4), "int32"), B: T.Buffer((4, 8), "int32"), D: T.Buffer((8, 8), "int32")'
    schedule = tvm.s_tir.Schedule(parse(types, MATMUL))
    shift, product = schedule.get_sblock("shift"), schedule.get_sblock("product")
    i, j = schedule.get_loops(shift)
    outer, inner = schedule.split(j, [None, 4])
    schedule.compute_at(product, outer)
    schedule.vectorize(inner)
    schedule.parallel(i)
    schedule.decompose_reduction(product, schedule.get_loops(product)[-1])
    return schedule.mod["main"]


def test_blocks_mean_the_same_after_each_pass() -> None:
    rng, shapes = np.random.default_rng(0), {"A": (8, 4), "B": (4, 8), "D": (8, 8)}
    given = {name: rng.integers(-9, 9, size=shape, dtype="int32") for name, shape in shapes.items()}
    func = scheduled()
    reference = compile_function(func)
    expected = given["A"] @ given["B"] + 1
    assert np.array_equal(reference.run(given)["D"], expected)
    steps = 0
    for made in in_turn(func):
        reference = compile_function(made, before=reference, lazy=True)
        assert np.array_equal(reference.run(given)["D"], expected)
        steps += 1
    assert steps == len(PASSES)


def test_a_pass_that_changes_nothing_gives_the_same_reference() -> None:
    func = parse('A: T.Buffer((2,), "int32")', "A[0] = A[1]")
    reference = compile_function(func)
    same = parse('B: T.Buffer((2,), "int32")', "B[0] = B[1]").with_attr("anything", 1)
    assert compile_function(same, before=reference) is reference
    other = parse('B: T.Buffer((2,), "int32")', "B[1] = B[0]")
    assert compile_function(other, before=reference).run({"A": np.array([3, 4], "int32")})["A"].tolist() == [3, 3]


def test_signed_zeros_are_a_change() -> None:
    plus, minus = (parse('A: T.Buffer((1,), "float32")', f"A[0] = T.float32({zero})") for zero in ("0.0", "-0.0"))
    reference = compile_function(plus)
    assert compile_function(minus, before=reference) is not reference


def test_a_lazy_selection_evaluates_what_it_keeps() -> None:
    func = parse('A: T.Buffer((4,), "int32"), n: T.int32', "A[0] = T.Select(n < 4, A[n], 7)")
    given = {"A": np.zeros(4, "int32"), "n": 4}
    with pytest.raises(Undefined, match="out of bounds"):
        compile_function(func).run(given)
    assert compile_function(func, lazy=True).run(given)["A"][0] == 7


@pytest.mark.parametrize(("value", "met"), [(0.0, True), (1.0, False), (float("nan"), True)])
def test_whether_a_run_met_nan_or_infinity(value: float, met: bool) -> None:
    func = parse('A: T.Buffer((2,), "float32")', "if A[1] > T.float32(2):\n    A[0] = T.float32(1) / A[0]")
    given = {"A": np.array([value, 3.0], "float32")}
    assert compile_function(func).met_nan(given) is met
    assert compile_function(func).met_nan(given | {"A": np.array([value, 1.0], "float32")}) is False
