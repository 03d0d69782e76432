"""The sources of functions: blocks, TVM's own operators, lowered Relax: well-formed, defined, the same for a seed."""

from collections.abc import Callable
from random import Random

import pytest

from tensorsmith.generators.tir.blocks import random_blocks
from tensorsmith.generators.tir.from_relax import random_lowered
from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.generators.tir.source import SOURCES, random_tir
from tensorsmith.generators.tir.topi import OPERATORS, Operator, random_operator
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction, to_program

pytest.importorskip("tvm")


def check(function: TirFunction, seed: int) -> None:
    assert adapter.is_well_formed(function.func), seed
    assert [str(one.name) for one in function.func.params] == [b.name for b in function.buffers] + [
        scalar.name for scalar in function.scalars
    ]
    compile_function(function.func).run(random_inputs(seed, function.buffers, function.scalars))


@pytest.mark.parametrize("make", [random_blocks, random_lowered, random_tir])
def test_functions_are_well_formed_and_defined(make: Callable[[Random], TirFunction]) -> None:
    for seed in range(60):
        check(make(Random(seed)), seed)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_operators_are_well_formed_and_defined(operator: Operator) -> None:
    for seed in range(3):
        check(random_operator(Random(seed), operator), seed)


@pytest.mark.parametrize("name", SOURCES)
def test_equal_seeds_give_equal_functions(name: str) -> None:
    make = SOURCES[name][0]
    programs = [to_program(make(Random(seed))) for seed in (1, 1, 2)]
    assert programs[0] == programs[1] != programs[2]


def test_blocks_are_of_every_form() -> None:
    functions = [random_blocks(Random(seed)) for seed in range(60)]
    blocks = [node for one in functions for _, node in tree.walk(one.func.body) if tree.kind_of(node) == "SBlock"]
    realized = [
        node for one in functions for _, node in tree.walk(one.func.body) if tree.kind_of(node) == "SBlockRealize"
    ]
    assert any(block.init is not None for block in blocks), "reductions"
    assert any(len(block.alloc_buffers) for block in blocks), "local buffers"
    assert any(tree.kind_of(one.predicate) != "IntImm" for one in realized), "predicates"
    assert any(str(block.name_hint).startswith("inner") for block in blocks), "nested"
