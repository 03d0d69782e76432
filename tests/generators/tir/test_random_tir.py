"""Random PrimFuncs: the same for the same seed, well-formed, free of undefined behavior, and of every construct."""

import re
from random import Random

import numpy as np
import pytest

from tensorsmith.generators.tir.func import random_function
from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.generators.tir.source import random_tir
from tensorsmith.ir.tir import TirBuffer, TirProgram, TirScalar, decode, encode
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction, to_program
from tensorsmith.targets.tvm.older import is_older

pytest.importorskip("tvm")

SEEDS = range(150)
KINDS = [
    "AllocBuffer", "AssertStmt", "Bind", "BufferStore", "For", "IfThenElse", "SeqStmt", "While",
    "Add", "And", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Call", "Cast", "Div", "EQ", "FloatImm",
    "FloorDiv", "FloorMod", "GE", "GT", "IntImm", "LE", "LShift", "LT", "Let", "Max", "Min", "Mod", "Mul", "NE", "Not",
    "Or", "RShift", "Select", "Sub", "TensorLoad",
]  # fmt: skip
IN_026 = {
    "TensorLoad": "BufferLoad", "BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or", "BitwiseXor": "bitwise_xor",
    "BitwiseNot": "bitwise_not", "LShift": "shift_left", "RShift": "shift_right",
}  # fmt: skip


def random_program(seed: int) -> TirProgram:
    return to_program(TirFunction(*random_function(Random(seed))), with_script=True)


def test_equal_seeds_give_equal_programs() -> None:
    programs = [encode(random_program(seed)) for seed in (1, 1, 2)]
    assert programs[0] == programs[1] != programs[2]
    assert encode(decode(programs[0])) == programs[0]


def test_the_parameters_are_those_of_the_function() -> None:
    for seed in SEEDS:
        func, buffers, scalars = random_function(Random(seed))
        assert [str(parameter.name) for parameter in func.params] == [b.name for b in buffers] + [
            s.name for s in scalars
        ]


def test_programs_are_well_formed_and_defined() -> None:
    for seed in SEEDS:
        func, buffers, scalars = random_function(Random(seed))
        assert adapter.is_well_formed(func), seed
        reference = compile_function(func)
        for special in (0.0, 0.3):
            reference.run(random_inputs(seed, buffers, scalars, special))


def test_a_program_keeps_its_buffers_in_their_ranges() -> None:
    for seed in SEEDS:
        func, buffers, scalars = random_function(Random(seed))
        results = compile_function(func).run(random_inputs(seed, buffers, scalars))
        for buffer in buffers:
            if buffer.low is not None and buffer.high is not None:
                values = results[buffer.name]
                assert buffer.low <= int(values.min()) <= int(values.max()) <= buffer.high, (seed, buffer)


@pytest.fixture(scope="module")
def text() -> str:
    """The JSON of many programs."""
    return "".join(random_program(seed).json for seed in SEEDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_construct_occurs(kind: str, text: str) -> None:
    spelled = IN_026.get(kind, kind) if is_older() else kind
    assert re.search(rf'"(tirx|prim|ir)\.{spelled}"', text)


def test_loops_are_of_every_kind() -> None:
    script = "".join(random_program(seed).script for seed in SEEDS)
    for form in ("T.parallel", "T.vectorized", "T.unroll"):
        assert form in script
    assert re.search(r"in range\(.+, .+, [23]\):", script), "steps"
    assert re.search(r"in range\(-\d", script)
    assert re.search(r"in range\(i\d+ \+ 1\)", script), "triangular"


def test_inputs_are_in_their_ranges_and_the_same_for_the_same_seed() -> None:
    buffers = (TirBuffer("A", "int8", (50,), -3, 5), TirBuffer("B", "float16", (2, 3)), TirBuffer("C", "uint64", (9,)))
    scalars = (TirScalar("n", "int32", 2, 4),)
    inputs, again = (random_inputs(7, buffers, scalars) for _ in range(2))
    assert inputs["A"].min() == -3
    assert inputs["A"].max() == 5
    assert inputs["n"] in (2, 3, 4)
    for buffer in buffers:
        assert (inputs[buffer.name].dtype, inputs[buffer.name].shape) == (buffer.dtype, buffer.shape)
        np.testing.assert_array_equal(inputs[buffer.name], again[buffer.name])


def test_some_programs_are_of_bfloat16() -> None:
    programs = [to_program(random_tir(Random(seed))) for seed in range(200)]
    assert 8 <= sum("bfloat16" in program.json for program in programs) <= 60
    assert any(buffer.dtype == "bfloat16" for program in programs for buffer in program.buffers)
