"""Every way to make native code agrees with the interpreter, and sees what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from random import Random

import pytest
from msgspec.structs import replace

pytest.importorskip("tvm")

from tensorsmith.fuzz.native_ways import LEAST, NATIVE_WAYS, NativeWay, compiled_by, compiled_too
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.tir.meaning import Meaning, meaning_of
from tensorsmith.oracles.tir.native import judge_native
from tensorsmith.targets.tvm.function import to_function
from tensorsmith.targets.tvm.passes.apply import apply_pass, prepare
from tensorsmith.targets.tvm.passes.catalog import unregister_pass
from tensorsmith.targets.tvm.passes.defaults import BUILD, CODEGEN, DEFAULT_TIR
from tensorsmith.targets.tvm.passes.ends import is_end, native_name
from tensorsmith.targets.tvm.passes.order import order_problem
from tensorsmith.targets.tvm.passes.random_pipelines import random_pipeline
from tensorsmith.targets.tvm.passes.settings import passes_in, settings_of
from tests.ir.test_tir_case import case_of as case_on_paper
from tests.planted import planted_passes as planted
from tests.triage.programs import chain
from tests.triage.tir.functions import case_of, function

WAYS = [way for group in NATIVE_WAYS for way in group]
IN_C = [way for way in WAYS if ("kind", "c") in [pair for step in way.settings for pair in step.parameters]]
DROP = "planted.drop_last_iteration"


@pytest.fixture(autouse=True)
def _planted() -> Iterator[None]:
    planted.plant([DROP])
    yield
    unregister_pass(DROP)


@cache
def sums() -> TirCase:
    """Integers."""
    return case_of(
        function('A: T.Buffer((8,), "int32"), n: T.int64', "for i in range(8):\n    A[i] = A[i] * 3 // 2 + i")
    )


def waves() -> TirCase:
    """Floats that round, a vector and memory of its own."""
    body = (
        'C = T.alloc_buffer((8,), "float32")\n'
        "for i in T.vectorized(8):\n    C[i] = A[i] * A[i] + T.float32(0.1)\n"
        "for i in T.serial(8):\n    B[i] = T.exp(C[i] * T.float32(0.5))"
    )
    return case_of(function('A: T.Buffer((8,), "float32"), B: T.Buffer((8,), "float32")', body))


def blocks() -> TirCase:
    """A reduction in block form."""
    body = (
        "for i, k in T.grid(4, 4):\n"
        '    with T.sblock("s"):\n'
        '        vi, vk = T.axis.remap("SR", [i, k])\n'
        "        with T.init():\n            B[vi] = 0\n"
        "        B[vi] = B[vi] + A[vi, vk]"
    )
    return case_of(function('A: T.Buffer((4, 4), "int32"), B: T.Buffer((4,), "int32")', body))


@pytest.mark.parametrize("make", [sums, waves, blocks])
def test_ways_agree_with_the_interpreter(make: Callable[[], TirCase]) -> None:
    plain = make()
    for way in WAYS:
        case = compiled_by(plain, way)
        assert case is not None
        assert order_problem(case.pipeline) is None
        verdict = judge_tir(case)
        assert verdict.outcome == "pass", (way, verdict)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_ways_see_a_wrong_program_and_are_named(way: NativeWay) -> None:
    case = compiled_by(sums(), way)
    assert case is not None
    func = to_function(case.program).func
    meaning = meaning_of(case, func)
    assert isinstance(meaning, Meaning)
    wrong, context = prepare(planted.drop_last_iteration(func), case.pipeline)
    *steps, end = passes_in(case.pipeline)
    for step in steps:
        wrong = apply_pass(wrong, step, context)
    verdict = judge_native(wrong, end, settings_of(case.pipeline), context, meaning)
    assert verdict is not None
    assert (verdict.outcome, verdict.kind) == ("fail", "wrong-result")
    assert verdict.guilty == f"{way.end.name}:c" if way in IN_C else way.end.name
    assert verdict.guilty == native_name(end, settings_of(case.pipeline))
    assert ("generated as C" in verdict.message) == (way in IN_C)
    assert ("least lowering" in verdict.message) == (way.end == CODEGEN)


def test_passes_after_the_parameters_are_packed_are_seen_by_native_code() -> None:
    case = compiled_by(sums(), LEAST)
    assert case is not None
    steps = list(case.pipeline.steps)
    steps.insert(steps.index(Step("tirx.MakePackedAPI")) + 1, Step(DROP))
    verdict = judge_tir(replace(case, pipeline=Pipeline(tuple(steps))))
    assert (verdict.outcome, verdict.kind, verdict.guilty) == ("fail", "wrong-result", "codegen")


@pytest.mark.parametrize("way", IN_C, ids=lambda way: way.name)
def test_without_a_c_compiler_c_is_a_limitation(way: NativeWay, monkeypatch: pytest.MonkeyPatch) -> None:
    case = compiled_by(sums(), way)
    assert case is not None
    monkeypatch.setenv("PATH", "/nowhere")
    verdict = judge_tir(case)
    assert verdict.outcome == "limitation"
    assert verdict.reason == f"{way.end.name}:c: there is no C compiler, so that C is not compared"


@pytest.mark.parametrize(
    ("parameters", "body", "lacks"),
    [
        ('A: T.Buffer((1,), "int32")', "A[0] = T.popcount(A[0])", "tirx.popcount"),
        ('A: T.Buffer((1,), "float16")', "A[0] = A[0] + A[0]", "half"),
        ('A: T.Buffer((4,), "float32")', "A[T.Ramp(0, 1, 4)] = A[T.Ramp(0, 1, 4)] * A[T.Ramp(0, 1, 4)]", "float4"),
    ],
)
def test_what_the_generator_of_c_lacks_is_a_limitation(parameters: str, body: str, lacks: str) -> None:
    case = compiled_by(case_of(function(parameters, body)), IN_C[0])
    assert case is not None
    verdict = judge_tir(case)
    assert (verdict.outcome, verdict.reason) == ("limitation", f"build:c: no `{lacks}` in C")


def test_c_that_a_compiler_rejects_is_an_error() -> None:
    # TVM 0.27 writes NaN as the name of a function of C.
    body = "A[0] = A[0] * T.float32('nan')"
    case = compiled_by(
        replace(case_of(function('A: T.Buffer((1,), "float32")', body)), recipe=TirRecipe((1,))), IN_C[0]
    )
    assert case is not None
    verdict = judge_tir(case)
    assert (verdict.outcome, verdict.kind, verdict.guilty) == ("fail", "error", "build:c")
    assert verdict.message.startswith("invalid operands to binary *")


def test_the_way_depends_on_the_case_alone_and_all_come() -> None:
    found, plain = set(), sums()
    for seed in range(200):
        case = replace(plain, recipe=TirRecipe((seed,)), pipeline=Pipeline((Step("tirx.StmtSimplify"),)))
        made = compiled_too(case)
        assert made == compiled_too(case)
        assert order_problem(made.pipeline) is None
        found |= {way.name for way in WAYS if compiled_by(case, way) == made}
    assert found == {way.name for way in WAYS}


def test_native_code_is_made_after_any_legal_pipeline() -> None:
    assert is_end(compiled_too(case_on_paper()).pipeline.steps[-1])
    assert compiled_too(chain("sin")) == chain("sin")
    packed = compiled_too(case_on_paper(pipeline=Pipeline(DEFAULT_TIR)))
    assert packed.pipeline.steps[-1] == CODEGEN
    assert packed.pipeline.steps[:-1] == DEFAULT_TIR
    ends = []
    for seed in range(50):
        case = case_on_paper(pipeline=random_pipeline(Random(seed), build=0.0, free=0.0))
        made = compiled_too(case)
        assert order_problem(made.pipeline) is None
        ends.append(made.pipeline.steps[-1])
    assert sum(map(is_end, ends)) == len(ends)
    assert {end.name for end in ends} == {BUILD.name, CODEGEN.name}
