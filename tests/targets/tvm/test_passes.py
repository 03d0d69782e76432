"""The catalog of passes, the constraints between them, and running them, on the installed TVM."""

from __future__ import annotations

import inspect
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tensorsmith.generators.tir.from_relax import random_chain
from tensorsmith.generators.tir.func import random_function
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm import adapter, build
from tensorsmith.targets.tvm.older import is_older
from tensorsmith.targets.tvm.passes.apply import apply_pass, build_module, prepare
from tensorsmith.targets.tvm.passes.catalog import find_pass, passes, register_pass, unregister_pass
from tensorsmith.targets.tvm.passes.defaults import (
    BUILD,
    BUILD_RELAX,
    CODEGEN,
    DEFAULT_LOWERING,
    DEFAULT_RELAX,
    DEFAULT_TIR,
)
from tensorsmith.targets.tvm.passes.ends import entry_of
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.targets.tvm.passes.left_out import LEFT_OUT_PASSES
from tensorsmith.targets.tvm.passes.make import make_pass
from tensorsmith.targets.tvm.passes.noise import noise_reason
from tensorsmith.targets.tvm.passes.order import order_problem
from tensorsmith.targets.tvm.passes.setting_values import (
    LEFT_OUT,
    LEFT_OUT_OF_TARGET,
    MAY_BE_DISABLED,
    SETTINGS,
    settings_here,
)
from tensorsmith.targets.tvm.passes.settings import CONFIG, TARGET, settings_of

tvm = pytest.importorskip("tvm")


def _steps_of_every_argument() -> Iterator[Step]:
    for entry in passes():
        names = [name for name, _ in entry.arguments]
        for values in itertools.product(*(values for _, values in entry.arguments)):
            yield Step(entry.name, tuple(zip(names, values, strict=True)))


def _pipeline(*names: str) -> Pipeline:
    return Pipeline(tuple(Step(name) for name in names))


def _function(seed: int = 0) -> Any:
    """A loop that stores to one buffer, which nothing in TVM fails on."""
    tirx = tvm.tirx
    buffer = adapter.buffer("A", "int32", (8,))
    i = tirx.Var("i", "int32")
    body = tirx.For(i, 0, 8, tirx.ForKind.SERIAL, tirx.BufferStore(buffer, buffer[i] + seed, [i]))
    return adapter.function([buffer], body)


def test_every_pass_can_be_made_with_every_value_of_its_arguments() -> None:
    for step in _steps_of_every_argument():
        assert isinstance(make_pass(step), tvm.transform.Pass), step


def test_the_catalog_has_all_passes_of_the_installed_tvm() -> None:
    there = set()
    modules = {"tirx": tvm.tirx.transform, "s_tir": tvm.s_tir.transform, "relax": tvm.relax.transform}
    for dialect, module in modules.items():
        for name in dir(module):
            made = getattr(module, name)
            if name[0].isupper() and callable(made) and _makes_a_pass(made):
                there.add(f"{dialect}.{name}")
    known = {entry.name for entry in passes()}
    assert there - known - LEFT_OUT_PASSES.keys() == set()
    assert not known & LEFT_OUT_PASSES.keys()
    assert LEFT_OUT_PASSES.keys() <= there
    assert len(known) == len(passes()) >= 120


def _makes_a_pass(made: Any) -> bool:
    """Whether a name of a module of transforms is a pass, and not a configuration, a pattern or an abstract class."""
    if inspect.isclass(made):
        concrete = made.__name__ not in ("FunctionPass", "DataflowBlockPass", "PrimFuncPass")
        return issubclass(made, tvm.transform.Pass) and concrete
    return str(getattr(made, "__module__", "")).startswith("tvm.")


def test_constraints_name_passes_that_there_are_and_do_not_contradict_each_other() -> None:
    for entry in passes():
        for name in (*entry.requires, *entry.before):
            find_pass(name)
        for name in entry.followers or ():
            entry_of(name)
        assert not set(entry.requires) & set(entry.before)
        assert entry.name not in entry.requires


@pytest.mark.parametrize(
    "names",
    [
        [step.name for step in steps]
        for steps in (DEFAULT_TIR, DEFAULT_RELAX, (*DEFAULT_LOWERING, BUILD), (*DEFAULT_TIR, CODEGEN))
    ],
    ids=["tir", "relax", "build", "codegen"],
)
def test_default_pipelines_are_legal(names: list[str]) -> None:
    assert order_problem(_pipeline(*names)) is None


def _passes_run_by(compile_something: Callable[[], object]) -> list[str]:
    """The names of the passes that ran, but for those that ran in others."""
    around: list[str] = []
    ran: list[str] = []

    @tvm.ir.instrument.pass_instrument
    class Record:
        def run_before_pass(self, mod: Any, info: Any) -> None:
            if all(name in ("sequential", "_pipeline") for name in around):
                ran.append(str(info.name))
            around.append(str(info.name))

        def run_after_pass(self, mod: Any, info: Any) -> None:
            around.pop()

    with tvm.transform.PassContext(instruments=[Record()]):
        compile_something()
    # Besides: those that hold the others, and those that part functions for the host from those for devices.
    return [name for name in ran if name not in ("sequential", "_pipeline", "tirx.BindTarget", "tirx.Filter")]


def test_the_default_pipeline_is_what_tvm_runs() -> None:
    ran = _passes_run_by(lambda: tvm.tirx.build(adapter.module(_function()), "llvm"))
    assert ran == [make_pass(step).info.name for step in DEFAULT_TIR]


def test_the_pipelines_of_relax_are_what_tvm_runs() -> None:
    module = random_chain(random.Random(0))
    ran = _passes_run_by(lambda: tvm.compile(module, "llvm"))
    assert ran == [make_pass(step).info.name for step in (*BUILD_RELAX, *DEFAULT_TIR)]
    with tvm.target.Target("llvm") as target:
        ran = _passes_run_by(lambda: tvm.relax.get_default_pipeline(target)(module))
    assert ran == [make_pass(step).info.name for step in DEFAULT_RELAX]


def test_a_default_build_and_its_passes_one_by_one_give_the_same_lowered_function() -> None:
    from tvm_ffi import structural_equal

    func = _function()
    module, context = prepare(func, Pipeline())
    for step in DEFAULT_LOWERING:
        module = apply_pass(module, step, context)
    pipeline, _, _ = tvm.tirx.get_tir_pipeline("s_tir")
    whole, _ = prepare(func, Pipeline())
    with context.pass_context:
        whole = pipeline(whole)
    for name in ("tirx.MakePackedAPI", "tirx.FP8StorageLegalize", "tirx.BF16StorageLegalize"):
        module = apply_pass(module, Step(name), context)
    assert structural_equal(module, whole)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["tirx.NarrowDataType"], "`tirx.NarrowDataType` must run after"),
        (["tirx.LowerTVMBuiltin"], "must run after `tirx.MakePackedAPI`"),
        ([*(s.name for s in DEFAULT_TIR), "tirx.FlattenBuffer"], "`tirx.FlattenBuffer` may not run after"),
        ([*(s.name for s in DEFAULT_TIR), "build"], "`build` may not run after"),
        (["s_tir.LowerInitBlock", "s_tir.LowerCrossThreadReduction"], "must run before `s_tir.LowerInitBlock`"),
        (["build", "tirx.StmtSimplify"], "`build` is not the last step"),
        (["build", "codegen"], "`build` is not the last step"),
        (["tirx.StmtSimplify", "codegen"], "`codegen` must run after `tirx."),
        (["tirx.StmtSimplify", "opt-level"], "setting `opt-level` comes after a pass"),
        (["tirx.Nonsense"], "there is no pass `tirx.Nonsense`"),
        (["disable:tirx.Nonsense"], "there is no such pass"),
        (["s_tir.DefaultGPUSchedule"], "free orders only"),
        (["disable:tirx.FlattenBuffer", *(s.name for s in DEFAULT_TIR)], "must run after `tirx.FlattenBuffer`"),
        (["free-order", "tirx.NarrowDataType"], "must run after"),
    ],
)
def test_illegal_pipelines(names: list[str], problem: str) -> None:
    found = order_problem(_pipeline(*names))
    assert found is not None
    assert problem in found


def test_a_free_order_may_be_any() -> None:
    assert order_problem(_pipeline("free-order", "tirx.LowerTVMBuiltin", "s_tir.DefaultGPUSchedule")) is None


@pytest.mark.skipif(is_older(), reason="0.26 lets some of them go")
def test_every_known_order_is_needed() -> None:
    """Tvm itself rejects pipelines without what the catalog says must run before."""
    block = _block_function()
    for name in ("s_tir.ConvertBlocksToOpaque", "s_tir.LowerOpaqueBlock", "tirx.FlattenBuffer", "tirx.StorageRewrite"):
        module, context = prepare(block, Pipeline())
        with pytest.raises((tvm.error.InternalError, TypeError, ValueError)) as raised:
            apply_pass(module, Step(name), context)
        assert noise_reason(raised.value) is not None


def _block_function() -> Any:
    te = tvm.te
    a = te.placeholder((4, 4), "float32", name="A")
    b = te.compute((4, 4), lambda i, j: a[i, j] + 1.0, name="B")
    r = te.reduce_axis((0, 4), name="r")
    c = te.compute((4,), lambda i: te.sum(b[i, r], axis=[r]), name="C")
    return te.create_prim_func([a, c])


def test_noise_is_told_from_what_may_be_a_bug() -> None:
    assert noise_reason("Check failed: x: This pass must be called after MakePackedAPI") is not None
    assert noise_reason("Require the target attribute") is not None
    undefined = "Check failed: undefined.size() == 0 (1 vs. 0) : In PrimFunc main variables (v_i,) are used"
    assert noise_reason(undefined) is None
    assert noise_reason(undefined, free_order=True) is not None
    assert noise_reason("Check failed: fb->value != 0 (0 vs. 0) : Divide by zero") is None


@pytest.mark.skipif(is_older(), reason="the keys are those of 0.27")
def test_settings_cover_all_keys_of_the_installed_tvm() -> None:
    tried = {setting.name.removeprefix(CONFIG) for setting in SETTINGS if setting.name.startswith(CONFIG)}
    there = set(map(str, tvm.transform.PassContext.list_configs()))
    assert tried | LEFT_OUT.keys() == there
    assert not tried & LEFT_OUT.keys()


def test_settings_cover_all_attributes_of_a_target() -> None:
    with pytest.raises(InvalidInputError) as raised:
        prepare(_function(), Pipeline((Step(TARGET, (("nonsense", 1),)),)))
    listed = str(raised.value).partition("Known options: ")[2].partition(".")[0]
    common = {"kind", "keys", "tag", "device", "model", "libs", "host", "from_device", "target_device_type"}
    there = {word.strip(" '") for word in listed.split(",")} - common
    tried = {name for setting in SETTINGS if setting.name == TARGET for name, _ in setting.fields}
    assert there
    assert {name for name in there - tried if not name.startswith(LEFT_OUT_OF_TARGET)} == set()


@pytest.mark.parametrize("kind", ["tir", "relax"])
def test_tvm_takes_every_value_of_every_setting(kind: Any) -> None:
    for setting in settings_here(kind):
        for name, values in setting.fields:
            for value in values:
                module, context = prepare(_function(), Pipeline((Step(setting.name, ((name, value),)),)))
                assert apply_pass(module, Step("tirx.StmtSimplify"), context) is not None


def test_a_setting_reaches_the_pass() -> None:
    plain, context = prepare(_function(), Pipeline())
    unrolled, unrolling = prepare(
        _function(), Pipeline((Step("config:tirx.UnrollLoop", (("auto_max_step", 16), ("explicit_unroll", True))),))
    )
    assert "range(8)" in apply_pass(plain, Step("tirx.UnrollLoop"), context)[adapter.ENTRY].script()
    assert "range(8)" not in apply_pass(unrolled, Step("tirx.UnrollLoop"), unrolling)[adapter.ENTRY].script()


@pytest.mark.parametrize("name", MAY_BE_DISABLED["tir"])
def test_a_disabled_pass_does_nothing(name: str) -> None:
    ran: list[str] = []

    @tvm.ir.instrument.pass_instrument
    class Record:
        def run_before_pass(self, mod: Any, info: Any) -> None:
            ran.append(str(info.name))

    pipeline = Pipeline((Step(f"disable:{name}"), *DEFAULT_TIR))
    assert order_problem(pipeline) is None
    module, context = prepare(_function(), pipeline)
    context.pass_context.override_instruments([Record()])
    for step in DEFAULT_TIR:
        module = apply_pass(module, step, context)
    context.pass_context.override_instruments([])
    assert make_pass(Step(name)).info.name not in ran
    assert "tirx.FlattenBuffer" in ran


@pytest.mark.parametrize(
    "step",
    [Step("config:no.such.key", (("value", 1),)), Step("config:tirx.UnrollLoop", (("no_such_field", 1),)),
     Step("target", (("mcpu", 3),)), Step("opt-level", (("value", 7),)), Step("disable:tirx.Nonsense"),
     Step("target", (("kind", "nonsense"),))],
    ids=["config", "field", "attribute", "opt-level", "disable", "target"],
)  # fmt: skip
def test_bad_settings_are_told(step: Step) -> None:
    with pytest.raises(InvalidInputError):
        prepare(_function(), Pipeline((step,)))


def test_of_two_settings_the_later_counts() -> None:
    twice = Pipeline((Step("opt-level", (("value", 0),)), Step("opt-level", (("value", 3),))))
    assert settings_of(twice).opt_level == 3
    assert order_problem(twice) == "setting `opt-level` is there twice"


def test_a_lowered_module_can_be_built_and_run() -> None:
    import numpy as np

    module, context = prepare(_function(5), Pipeline((Step("target", (("opt-level", 0),)),)))
    for step in DEFAULT_LOWERING:
        module = apply_pass(module, step, context)
    built = build_module(module, context)
    assert build.run(built, {"A": np.arange(8, dtype="int32")})["A"].tolist() == list(range(5, 13))


def test_a_build_leaves_out_what_may_not_run_again() -> None:
    ran: list[str] = []

    @tvm.ir.instrument.pass_instrument
    class Record:
        def run_before_pass(self, mod: Any, info: Any) -> None:
            ran.append(str(info.name))

    def passes_of_build(pipeline: Pipeline) -> set[str]:
        module, context = prepare(_function(), pipeline)
        context.build_context.override_instruments([Record()])
        ran.clear()
        build_module(module, context)
        context.build_context.override_instruments([])
        return set(ran)

    assert "s_tir.CompactBufferAllocation" in passes_of_build(Pipeline())
    after = passes_of_build(Pipeline((*DEFAULT_LOWERING, BUILD)))
    assert "s_tir.CompactBufferAllocation" not in after
    assert {"s_tir.ConvertBlocksToOpaque", "s_tir.LowerMatchBuffer", "tirx.VectorizeLoop"} <= after


def test_a_pass_of_a_third_party() -> None:
    entry = PassEntry("planted.Nothing", requires=("tirx.FlattenBuffer",), arguments=(("amount", (1, 2)),))
    made: list[int] = []

    def make(amount: int) -> Any:
        made.append(amount)
        return tvm.transform.module_pass(lambda module, context: module, opt_level=0, name="planted.Nothing")

    register_pass(entry, make)
    try:
        assert find_pass("planted.Nothing") == entry
        assert entry in passes("tir")
        assert order_problem(_pipeline("planted.Nothing")) == "`planted.Nothing` must run after `tirx.FlattenBuffer`"
        module, context = prepare(_function(), Pipeline())
        assert apply_pass(module, Step("planted.Nothing", (("amount", 2),)), context)[adapter.ENTRY] is not None
        assert made == [2]
    finally:
        unregister_pass("planted.Nothing")
    with pytest.raises(InvalidInputError, match="unknown pass `planted"):
        find_pass("planted.Nothing")
    with pytest.raises(InvalidInputError, match="TVM has a pass"):
        register_pass(PassEntry("tirx.FlattenBuffer"), make)


def test_passes_do_not_change_the_function_they_are_given() -> None:
    made: Any = random_function(random.Random(5))
    func = made.func if hasattr(made, "func") else made[0]
    before = adapter.json_of(func)
    module, context = prepare(func, Pipeline())
    for step in DEFAULT_TIR:
        module = apply_pass(module, step, context)
    assert adapter.json_of(func) == before
