"""Mutators of pipelines of passes: what each does, and that all keep pipelines legal."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.mutators.passes.api import MAX_PASSES, PipelineMutator
from tensorsmith.mutators.passes.apply import mutate_pipeline
from tensorsmith.mutators.passes.registry import PIPELINE_MUTATORS
from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_LOWERING
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.legalize import legal_pipeline
from tensorsmith.targets.tvm.passes.order import order_problem
from tensorsmith.targets.tvm.passes.random_pipelines import random_pipeline
from tensorsmith.targets.tvm.passes.settings import passes_in, settings_in, settings_of

pytest.importorskip("tvm")

KINDS: tuple[Kind, ...] = ("tir", "relax")
SIMPLE = legal_pipeline([Step("tirx.StmtSimplify"), Step("tirx.UnrollLoop"), Step("tirx.RemoveNoOp")])
DONOR = legal_pipeline([Step("s_tir.LoopPartition"), Step("tirx.StorageRewrite"), Step("s_tir.HoistIfThenElse")])


def _made(name: str, pipeline: Pipeline = SIMPLE, donor: Pipeline = DONOR, times: int = 40) -> list[Pipeline]:
    entry = next(entry for entry in PIPELINE_MUTATORS if entry.name == name)
    made = [entry.mutate(pipeline, donor, random.Random(seed), "tir") for seed in range(times)]
    return [pipeline for pipeline in made if pipeline is not None]


def _names(pipeline: Pipeline) -> list[str]:
    return [step.name for step in pipeline.steps]


@pytest.mark.parametrize("entry", PIPELINE_MUTATORS, ids=lambda entry: entry.name)
@pytest.mark.parametrize("kind", KINDS)
def test_mutants_are_legal_and_others(entry: PipelineMutator, kind: Kind) -> None:
    rng, changed = random.Random(2), 0
    for _ in range(120):
        parent, donor = random_pipeline(rng, kind, free=0.1), random_pipeline(rng, kind, free=0.1)
        mutant = entry.mutate(parent, donor, rng, kind)
        if mutant is None:
            continue
        changed += 1
        assert mutant != parent
        assert order_problem(mutant) is None
        assert 0 < len(passes_in(mutant)) <= MAX_PASSES
        assert settings_of(mutant).free_order == settings_of(parent).free_order
    assert changed >= 20


@pytest.mark.parametrize("entry", PIPELINE_MUTATORS, ids=lambda entry: entry.name)
def test_an_empty_pipeline_is_mutated_as_the_default_one(entry: PipelineMutator) -> None:
    made = [entry.mutate(Pipeline(), DONOR, random.Random(seed), "tir") for seed in range(20)]
    for mutant in made:
        assert mutant is None or order_problem(mutant) is None
    if entry.name != "reset-setting":
        assert any(mutant is not None for mutant in made)


def test_insert_adds_passes_and_keeps_the_others() -> None:
    for mutant in _made("insert-pass"):
        assert not Counter(_names(SIMPLE)) - Counter(_names(mutant))
        assert len(mutant.steps) > len(SIMPLE.steps)


def test_drop_takes_passes_away_with_those_that_require_them() -> None:
    mutants = _made("drop-pass")
    assert mutants
    for mutant in mutants:
        assert not Counter(_names(mutant)) - Counter(_names(SIMPLE))
    without = [m for m in mutants if "s_tir.LowerOpaqueBlock" not in _names(m)]
    assert without
    assert all("tirx.UnrollLoop" not in _names(mutant) for mutant in without)


def test_move_keeps_the_passes() -> None:
    pipeline = Pipeline((Step("tirx.StmtSimplify"), Step("tirx.RemoveNoOp"), Step("s_tir.CanonicalizeLoop")))
    mutants = _made("move-pass", pipeline)
    assert len({mutant.steps for mutant in mutants}) >= 3
    assert all(sorted(_names(mutant)) == sorted(_names(pipeline)) for mutant in mutants)


def test_duplicate_runs_a_pass_again() -> None:
    for mutant in _made("duplicate-pass"):
        added = Counter(_names(mutant)) - Counter(_names(SIMPLE))
        assert len(added) >= 1
        assert added.keys() <= set(_names(SIMPLE))


def test_replace_takes_one_pass_for_another() -> None:
    pipeline = Pipeline((Step("tirx.StmtSimplify"),))
    assert len({mutant.steps for mutant in _made("replace-pass", pipeline)}) > 5


def test_change_argument_changes_one_value() -> None:
    pipeline = legal_pipeline([Step("tirx.NarrowDataType", (("target_bits", 32),))])
    mutants = _made("change-pass-argument", pipeline)
    assert Step("tirx.NarrowDataType", (("target_bits", 64),)) in {step for m in mutants for step in m.steps}
    assert all(_names(mutant) == _names(pipeline) for mutant in mutants)
    assert _made("change-pass-argument", Pipeline((Step("tirx.StmtSimplify"),))) == []


@pytest.mark.parametrize("name", ["cross-passes-once", "cross-passes-twice"])
def test_crossing_joins_passes_of_both(name: str) -> None:
    joined = [m for m in _made(name) if {"tirx.StmtSimplify", "s_tir.HoistIfThenElse"} <= set(_names(m))]
    assert joined
    known = {*_names(SIMPLE), *_names(DONOR)}
    assert all(set(_names(mutant)) <= known for mutant in _made(name))


def test_splicing_keeps_most_of_the_default_pipeline() -> None:
    default = {step.name for step in DEFAULT_LOWERING}
    spliced = _made("splice-into-default", Pipeline((Step("s_tir.HoistExpression"),)))
    assert any("s_tir.HoistExpression" in _names(mutant) for mutant in spliced)
    assert all(len(default & set(_names(mutant))) > 0.8 * len(default) for mutant in spliced)


def test_settings_are_set_and_reset() -> None:
    mutants = _made("set-setting")
    assert len({settings_in(mutant) for mutant in mutants}) > 10
    assert all(len(settings_in(mutant)) == 1 for mutant in mutants)
    assert {settings_in(mutant) for mutant in _made("reset-setting", mutants[0])} == {()}


def test_build_is_toggled() -> None:
    (built,) = {mutant.steps for mutant in _made("toggle-build")}
    assert built == (*SIMPLE.steps, BUILD)
    assert {mutant.steps for mutant in _made("toggle-build", Pipeline(built))} == {SIMPLE.steps}
    packed = legal_pipeline([Step("tirx.LowerTVMBuiltin"), Step("tirx.LowerIntrin")])
    (mutant,) = {mutant.steps for mutant in _made("toggle-build", packed)}
    assert mutant[-1] == BUILD
    assert "tirx.MakePackedAPI" not in {step.name for step in mutant}


@pytest.mark.parametrize("kind", KINDS)
def test_mutants_of_mutants_stay_legal(kind: Kind) -> None:
    rng = random.Random(5)
    pipeline, met = Pipeline(), Counter[str]()
    for _ in range(300):
        pipeline, names = mutate_pipeline(pipeline, random_pipeline(rng, kind), rng, kind)
        assert order_problem(pipeline) is None
        met.update(names)
    assert set(met) == {entry.name for entry in PIPELINE_MUTATORS}


def test_equal_arguments_give_equal_mutants() -> None:
    for seed in range(20):
        first = mutate_pipeline(SIMPLE, DONOR, random.Random(seed))
        assert first == mutate_pipeline(SIMPLE, DONOR, random.Random(seed))
