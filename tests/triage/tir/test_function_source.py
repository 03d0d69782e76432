"""Programs, values and passes as Python source read back as what they were."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

pytest.importorskip("tvm")

from tensorsmith.generators.tir.func import random_function
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.pipeline import Step
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes.catalog import added_make, passes
from tensorsmith.targets.tvm.passes.make import make_pass
from tensorsmith.targets.tvm.passes.schedule import SCHEDULE
from tensorsmith.triage.tir.constructor_source import constructor_source
from tensorsmith.triage.tir.function_source import function_source, tvm_script
from tensorsmith.triage.tir.literals import array_source, number_source
from tensorsmith.triage.tir.pass_source import context_source, pass_source, target_source
from tests.triage.tir.functions import function

tvm = adapter.tvm().root
tirx = adapter.tvm().tirx


def test_random_functions_that_tvm_prints_are_read_back() -> None:
    functions = [random_function(Random(seed))[0] for seed in range(16)]
    printed = [func for func in functions if adapter.script(func)]
    assert len(printed) >= 12
    for func in printed:
        text = tvm_script(func)
        assert text is not None
        assert adapter.equal(adapter.read_script("# from tvm.script import tirx as T\n" + text), func)


def test_what_the_parser_of_scripts_folds_is_kept() -> None:
    A = adapter.buffer("A", "int32", (1,))
    three, four = tirx.IntImm("int32", 3), tirx.IntImm("int32", 4)
    func = adapter.function([A], tirx.BufferStore(A, tirx.Max(three, tirx.Min(four, three)), [0]))
    text = tvm_script(func)
    assert text is not None
    assert "T.Max(3, T.Min(4, 3))" in text


def test_what_scripts_cannot_say_is_said_by_constructors() -> None:
    A = adapter.buffer("A", "uint32", (1,))
    i = tirx.Var("i", "int32")
    zero, one = tirx.IntImm("uint32", 0), tirx.IntImm("uint32", 1)
    loop = tirx.For(i, 0, 4, 0, tirx.BufferStore(A, tirx.Sub(zero, one), [i]), step=tirx.IntImm("int32", 2))
    func = adapter.function([A], loop)
    source = function_source(func)
    assert source.imports == ("from tvm import tirx",)
    assert 'tirx.Sub(tirx.IntImm("uint32", 0), tirx.IntImm("uint32", 1))' in source.text


def test_what_constructors_cannot_say_is_said_by_json() -> None:
    made = function('A: T.Buffer((1,), "uint32")', "A[0] = T.uint32(1)")
    func = made.func.with_attr({"marked": {"with": [1, 2]}})
    zero, one = tirx.IntImm("uint32", 0), tirx.IntImm("uint32", 1)
    func = func.with_body(tirx.BufferStore(func.params[0], tirx.Sub(zero, one), [0]))
    assert constructor_source(func) is None
    names = {"tvm": tvm}
    exec(function_source(func).text, names)
    assert adapter.equal(names["main"], func)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint64", "bool"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 5), (4, 40)])
def test_arrays_are_read_back_to_the_bit(dtype: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(shape))
    array = (
        (rng.normal(size=shape) * 37).astype(dtype) if dtype != "uint64" else rng.integers(0, 2**63, shape, "uint64")
    )
    array = np.asarray(array)
    read = eval(array_source(array), {"np": np})
    assert (read.dtype, read.shape) == (array.dtype, array.shape)
    assert read.tobytes() == array.tobytes()


def test_special_numbers_are_read_back() -> None:
    array = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38], "float32")
    read = eval(array_source(array), {"np": np})
    assert np.array_equal(read, array, equal_nan=True)
    assert np.signbit(read[3])
    assert number_source(2**63) == str(2**63)


def test_every_pass_of_tir_has_a_source() -> None:
    # Those of primitives of schedules depend on the program; passes that other tests add are not TVM's.
    found = [entry for entry in passes("tir") if entry not in SCHEDULE and added_make(entry.name) is None]
    assert len(found) > 40
    for entry in found:
        for values in [()] + [((name, value),) for name, choices in entry.arguments for value in choices]:
            step = Step(entry.name, values)
            assert eval(pass_source(step), {"tvm": tvm}).info.name == make_pass(step).info.name


def test_unknown_passes_have_none() -> None:
    with pytest.raises(InvalidInputError):
        pass_source(Step("tirx.NoSuchPass"))


def test_settings_have_sources() -> None:
    steps = (
        Step("config:tirx.disable_vectorize", (("value", True),)),
        Step("config:tirx.UnrollLoop", (("auto_max_step", 16),)),
        Step("opt-level", (("value", 3),)),
        Step("disable:tirx.StorageRewrite"),
        Step("target", (("opt-level", 0),)),
    )
    context = eval(context_source(steps), {"tvm": tvm})
    assert context.opt_level == 3
    assert bool(context.config["tirx.disable_vectorize"])
    assert int(context.config["tirx.UnrollLoop"].auto_max_step) == 16
    assert list(context.disabled_pass) == ["tirx.StorageRewrite"]
    assert eval(target_source(steps)) == {"kind": "llvm", "opt-level": 0}
    assert (context_source(()), target_source(())) == ("", '"llvm"')
