"""Random pipelines: legal, reproducible, varied; and repairing pipelines."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes.apply import apply_pass, build_module, prepare
from tensorsmith.targets.tvm.passes.catalog import find_pass, passes
from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_LOWERING, DEFAULT_RELAX, DEFAULT_TIR
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.legalize import explicit, legal_pipeline, legalized
from tensorsmith.targets.tvm.passes.order import order_problem, passes_problem
from tensorsmith.targets.tvm.passes.random_pipelines import random_pipeline
from tensorsmith.targets.tvm.passes.settings import passes_in, settings_in, settings_of

tvm = pytest.importorskip("tvm")

KINDS: tuple[Kind, ...] = ("tir", "relax")
DRAWN = 600


def _drawn(kind: Kind, **shares: float) -> list[Pipeline]:
    rng = random.Random(1)
    return [random_pipeline(rng, kind, **shares) for _ in range(DRAWN)]


@pytest.mark.parametrize("kind", KINDS)
def test_random_pipelines_are_legal_and_reproducible(kind: Kind) -> None:
    drawn = _drawn(kind)
    assert [(p, order_problem(p)) for p in drawn if order_problem(p) is not None] == []
    assert drawn == _drawn(kind)
    assert len({p.steps for p in drawn}) > DRAWN * 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_random_pipelines_have_the_shares_that_were_asked_for(kind: Kind) -> None:
    drawn = _drawn(kind, build=0.5, free=0.2)
    assert 0.4 < sum(BUILD in p.steps for p in drawn) / DRAWN < 0.6
    assert 0.14 < sum(settings_of(p).free_order for p in drawn) / DRAWN < 0.26
    assert not any(BUILD in p.steps or settings_of(p).free_order for p in _drawn(kind, build=0.0, free=0.0))


@pytest.mark.parametrize("kind", KINDS)
def test_random_pipelines_are_of_their_kind_and_reach_every_pass(kind: Kind) -> None:
    met = {s.name for p in [*_drawn(kind), *_drawn(kind, free=1.0)] for s in passes_in(p) if s != BUILD}
    assert {find_pass(name).kind for name in met} == {kind}
    # A pass that does nothing is drawn seldom.
    assert {entry.name for entry in passes(kind) if not entry.idle} <= met


def test_lengths_are_moderate() -> None:
    lengths = sorted(len(passes_in(p)) for p in _drawn("tir"))
    assert lengths[0] >= 1
    assert lengths[DRAWN // 2] <= 12
    assert lengths[-1] <= 64


def test_settings_are_drawn() -> None:
    names = {s.name.partition(":")[0] for p in _drawn("tir") for s in settings_in(p)}
    assert {"config", "disable", "opt-level", "target", "free-order"} <= names


def test_random_pipelines_run_on_a_function() -> None:
    tirx = tvm.tirx
    buffer = adapter.buffer("A", "int32", (8,))
    i = tirx.Var("i", "int32")
    body = tirx.For(i, 0, 8, tirx.ForKind.VECTORIZED, tirx.BufferStore(buffer, buffer[i] + 3, [i]))
    func = adapter.function([buffer], body)
    rng = random.Random(3)
    for _ in range(60):
        pipeline = random_pipeline(rng, "tir", build=0.2, free=0.0)
        module, context = prepare(func, pipeline)
        for step in passes_in(pipeline):
            module = build_module(module, context) if step == BUILD else apply_pass(module, step, context)
        assert module is not None


def _relax_module() -> Any:
    relax = tvm.relax
    builder = relax.BlockBuilder()
    x = relax.Var("x", relax.TensorType((2, 4), "float32"))
    with builder.function("main", [x]):
        with builder.dataflow():
            y = builder.emit(relax.op.add(x, relax.const(1.0, "float32")))
            z = builder.emit_output(relax.op.nn.relu(relax.op.permute_dims(y)))
        builder.emit_func_output(z)
    return builder.get()


def test_random_pipelines_run_on_a_module_of_relax() -> None:
    rng = random.Random(4)
    for _ in range(25):
        pipeline = random_pipeline(rng, "relax", build=0.2, free=0.0)
        module, context = prepare(_relax_module(), pipeline)
        for step in passes_in(pipeline):
            module = build_module(module, context) if step == BUILD else apply_pass(module, step, context)
        assert module is not None


def test_what_is_required_is_inserted_in_the_default_order() -> None:
    names = [step.name for step in legalized([Step("tirx.StorageRewrite")])]
    assert names[-1] == "tirx.StorageRewrite"
    default = [step.name for step in DEFAULT_LOWERING]
    assert [default.index(name) for name in names] == sorted(default.index(name) for name in names)
    assert passes_problem([Step(name) for name in names]) is None


def test_what_cannot_be_legal_is_left_out() -> None:
    steps = [*DEFAULT_TIR, Step("tirx.FlattenBuffer"), Step("s_tir.DefaultGPUSchedule"), BUILD]
    assert legalized(steps) == DEFAULT_TIR


@pytest.mark.parametrize("steps", [DEFAULT_TIR, DEFAULT_RELAX, (*DEFAULT_LOWERING, BUILD)])
def test_legal_pipelines_stay_as_they_are(steps: tuple[Step, ...]) -> None:
    assert legal_pipeline(steps) == Pipeline(steps)


def test_an_empty_pipeline_stands_for_the_default_one() -> None:
    level = Step("opt-level", (("value", 0),))
    assert explicit(Pipeline(), "tir").steps == (*DEFAULT_LOWERING, BUILD)
    assert explicit(Pipeline((level,)), "relax").steps == (level, *DEFAULT_RELAX, BUILD)
    assert explicit(Pipeline((BUILD,)), "tir").steps == (BUILD,)
