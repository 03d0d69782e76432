"""Small programs in the text form, as test cases."""

import random
from collections.abc import Iterable

import torch

from tensorsmith.ir.recipe import Drawn, InputRecipe, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.text import parse_graph
from tensorsmith.mutators.api import Mutate
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.inputs import make_inputs


def case_of(text: str, *values: Values, target: str = "inductor") -> TestCase:
    graph = parse_graph(text)
    recipe = values or tuple(Drawn("normal", position) for position in range(len(graph.inputs)))
    return TestCase(graph, InputRecipe(recipe), target)


def run(case: TestCase) -> list[torch.Tensor]:
    return Eager().compile(case)(make_inputs(case.graph, case.recipe))


def many(
    mutate: Mutate, case: TestCase, donor: TestCase | None = None, seeds: Iterable[int] = range(40)
) -> list[TestCase]:
    """The mutants of many seeds, all of which must run."""
    made = [mutate(case, donor or case, random.Random(seed)) for seed in seeds]
    found = [mutant for mutant in made if mutant is not None]
    assert found
    for mutant in found:
        run(mutant)
    return found
