"""Primitives of schedules as passes: what they change and keep, and that they do nothing where they do not apply."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes import schedule
from tensorsmith.targets.tvm.passes.apply import apply_pass, prepare
from tensorsmith.targets.tvm.passes.order import order_problem
from tensorsmith.targets.tvm.passes.schedule import SCHEDULE

tvm = pytest.importorskip("tvm")

HEAD = "# from tvm.script import tirx as T\n@T.prim_func(s_tir=True)\n"
PRODUCT = """def main(A: T.Buffer((4, 6), "int32"), B: T.Buffer((6, 4), "int32"), C: T.Buffer((4, 4), "int32")):
    with T.sblock("root"):
        D = T.sblock_alloc_buffer((4, 6), "int32")
        for i, j in T.grid(4, 6):
            with T.sblock("double"):
                vi, vj = T.axis.remap("SS", [i, j])
                D[vi, vj] = A[vi, vj] * 2
        for i, j, k in T.grid(4, 4, 6):
            with T.sblock("product"):
                vi, vj, vk = T.axis.remap("SSR", [i, j, k])
                with T.init():
                    C[vi, vj] = 0
                C[vi, vj] = C[vi, vj] + D[vi, vk] * B[vk, vj]
"""
CHAIN = """def main(A: T.Buffer((4, 5), "int32"), C: T.Buffer((4, 5), "int32")):
    with T.sblock("root"):
        B = T.sblock_alloc_buffer((4, 5), "int32")
        for i, j in T.grid(4, 5):
            with T.sblock("double"):
                vi, vj = T.axis.remap("SS", [i, j])
                B[vi, vj] = A[vi, vj] * 2
        for i, j in T.grid(4, 5):
            with T.sblock("add"):
                vi, vj = T.axis.remap("SS", [i, j])
                C[vi, vj] = B[vi, vj] + vi + A[vi // 3, vj // 2]
"""
PADDED = """def main(A: T.Buffer((8,), "int32"), B: T.Buffer((12,), "int32")):
    with T.sblock("root"):
        for i in range(12):
            with T.sblock("pad"):
                v = T.axis.spatial(12, i)
                B[v] = T.if_then_else(v >= 2 and v < 10, A[v - 2], 0)
"""
IN_PLACE = """def main(A: T.Buffer((8,), "int32")):
    with T.sblock("root"):
        for i in range(1):
            with T.sblock("add"):
                v = T.axis.spatial(1, i)
                for j in range(8):
                    A[j] = A[j] + 1
"""
PLAIN = """def main(A: T.Buffer((8,), "int32")):
    for i in range(8):
        A[i] = A[i] + 1
"""
# Primitives that a program made for them needs.
OWN = {
    "schedule.decompose_padding": PADDED,
    "schedule.cache_inplace": IN_PLACE,
    "schedule.reverse_compute_inline": CHAIN,
    "schedule.cache_index": CHAIN,
}
NAMES = [entry.name for entry in SCHEDULE]


def parsed(text: str) -> Any:
    return adapter.read_script(HEAD + text)


def after(func: Any, step: Step) -> Any:
    module, context = prepare(func, Pipeline((step,)))
    return apply_pass(module, step, context)[adapter.ENTRY]


def steps_of(name: str) -> list[Step]:
    """A step for each value of each argument, the others at their first."""
    if name == "schedule.cache_index":  # of a block with fewer than two indices to compute it fails
        return [Step(name, (("block", 1),))]
    (entry,) = (one for one in SCHEDULE if one.name == name)
    return [Step(name), *(Step(name, ((key, value),)) for key, values in entry.arguments for value in values[1:])]


def results(func: Any) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    shapes = {str(one.name): [size or 1 for size in adapter.shape(one)] for one in func.params}
    inputs = {name: rng.integers(0, 9, shape, "int32") for name, shape in shapes.items()}
    return compile_function(func, lazy=True).run(inputs)


@pytest.mark.parametrize("name", NAMES)
def test_a_primitive_changes_a_function_and_keeps_its_meaning(name: str) -> None:
    func = parsed(OWN.get(name, PRODUCT))
    made = [after(func, step) for step in steps_of(name)]
    changed = [one for one in made if not adapter.same_function(one, func)]
    assert changed
    for one in changed:
        assert adapter.ill_formed(one) is None
        for buffer, values in results(func).items():
            np.testing.assert_array_equal(results(one)[buffer], values)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_of_blocks_stays_as_it_is(name: str) -> None:
    func = parsed(PLAIN)
    assert after(func, Step(name)).body.same_as(func.body)


@pytest.mark.parametrize(
    ("step", "text"),
    [
        # The output is read by nothing.
        (Step("schedule.compute_inline", (("block", 0),)), PADDED),
        (Step("schedule.reverse_compute_inline"), PADDED),
        # A sum over a parallel loop, and a loop of a block that is the whole buffer's.
        (Step("schedule.parallel", (("block", 1), ("loop", 2))), PRODUCT),
        (Step("schedule.fuse"), PADDED),
        (Step("schedule.decompose_reduction"), PADDED),
    ],
    ids=lambda value: value.name if isinstance(value, Step) else "",
)
def test_what_does_not_apply_does_nothing(step: Step, text: str) -> None:
    func = parsed(text)
    assert adapter.same_function(after(func, step), func)


def test_what_tvm_takes_for_granted_is_not_taken_for_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Any, loop: Any) -> None:
        raise tvm.error.InternalError("Check failed: x")

    monkeypatch.setattr(tvm.s_tir.Schedule, "unroll", fails)
    with pytest.raises(tvm.error.InternalError, match="Check failed: x"):
        after(parsed(CHAIN), Step("schedule.unroll"))


def test_blocks_and_loops_count_modulo_how_many_there_are() -> None:
    func = parsed(CHAIN)
    first, again = (after(func, Step("schedule.unroll", (("block", b), ("loop", k)))) for b, k in ((0, 1), (2, 3)))
    other = after(func, Step("schedule.unroll", (("block", 1), ("loop", 1))))
    assert adapter.equal(first, again)
    assert not adapter.equal(first, other)


def test_sums_keep_their_order_but_for_rfactor() -> None:
    func = after(parsed(PRODUCT), Step("schedule.split", (("block", 1), ("loop", 2))))
    assert adapter.same_function(after(func, Step("schedule.reorder", (("block", 1),))), func)
    assert [entry.name for entry in SCHEDULE if not entry.exact] == ["schedule.rfactor"]


def test_primitives_come_before_blocks_are_lowered() -> None:
    late = Pipeline((Step("s_tir.LowerInitBlock"), Step("schedule.split")))
    assert order_problem(late) == "`schedule.split` must run before `s_tir.LowerInitBlock`"
    assert order_problem(Pipeline((Step("schedule.split"), Step("s_tir.LowerInitBlock")))) is None


@pytest.mark.parametrize("text", [PRODUCT, CHAIN], ids=["product", "chain"])
def test_the_source_of_a_step_does_what_the_step_does(text: str) -> None:
    func, seen = parsed(text), set()
    for entry in SCHEDULE:
        name, arguments = entry.name.partition(".")[2], {key: values[0] for key, values in entry.arguments}
        source = schedule.source_of(func, name, arguments)
        try:
            made = schedule.scheduled(func, name, arguments)
        except tvm.error.InternalError:
            assert name == "cache_index"
            continue
        if made is not func:
            seen.add(name)
            sch = tvm.s_tir.Schedule(func)
            eval(str(source), {"sch": sch})
            assert adapter.equal(sch.mod["main"], made), source
    assert len(seen) > 12
