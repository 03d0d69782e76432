import pytest
import torch

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import Ref, TensorType
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.targets.tvm.passes.catalog import register_pass, unregister_pass
from tensorsmith.targets.tvm.passes.defaults import BUILD_RELAX
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.targets.tvm.relax.program import program_of
from tensorsmith.targets.tvm.relax.stages import TRANSLATED, run_after_each

tvm = pytest.importorskip("tvm")


def program() -> tuple[object, list[torch.Tensor]]:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (3, 4)))
    (y,) = builder.call("aten.add.Scalar", [Ref(x), 1.0])
    (z,) = builder.call("aten.sum.dim_IntList", [Ref(y), (1,)])
    case = TestCase(builder.build([z]), InputRecipe((Drawn("normal", 1),)), "tvm-relax")
    return program_of(case, "translate").module, make_inputs(case.graph, case.recipe)


def test_runs_after_each_pass() -> None:
    module, inputs = program()
    asked = Pipeline((Step("relax.LegalizeOps"), Step("relax.FoldConstant")))
    stages = list(run_after_each(module, asked, inputs))
    names = [TRANSLATED, "relax.LegalizeOps", "relax.FoldConstant", *(step.name for step in BUILD_RELAX)]
    assert [name for name, _ in stages] == names
    for _, outputs in stages:
        assert not isinstance(outputs, Exception)
        torch.testing.assert_close(outputs[0], (inputs[0] + 1).sum(1))


def test_shows_the_pass_after_which_results_are_wrong() -> None:
    module, inputs = program()

    def subtract_instead(mod: object, _: object) -> object:
        text = tvm.ir.save_json(mod)
        return tvm.ir.load_json(text.replace('"relax.add"', '"relax.subtract"'))

    name = "planted.SubtractInstead"
    register_pass(
        PassEntry(name, "relax"), lambda: tvm.transform.module_pass(subtract_instead, opt_level=0, name="Planted")
    )
    try:
        stages = list(run_after_each(module, Pipeline((Step("relax.Normalize"), Step(name))), inputs))
    finally:
        unregister_pass(name)
    right, wrong = stages[1][1], stages[2][1]
    assert not isinstance(right, Exception)
    assert not isinstance(wrong, Exception)
    torch.testing.assert_close(right[0], (inputs[0] + 1).sum(1))
    torch.testing.assert_close(wrong[0], (inputs[0] - 1).sum(1))


def test_ends_at_a_pass_that_raises() -> None:
    module, inputs = program()

    def fail(mod: object, _: object) -> object:
        raise ValueError("planted")

    name = "planted.Fails"
    register_pass(PassEntry(name, "relax"), lambda: tvm.transform.module_pass(fail, opt_level=0, name="Planted"))
    try:
        stages = list(run_after_each(module, Pipeline((Step(name), Step("relax.Normalize"))), inputs))
    finally:
        unregister_pass(name)
    assert [stage for stage, _ in stages] == [TRANSLATED, name]
    assert "planted" in str(stages[-1][1])
