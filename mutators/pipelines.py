"""Pipelines of graphs: of knobs, each at most once and in order of names, or of passes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import cache

import msgspec

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.api import Knob
from tensorsmith.targets.registry import graph_target
from tensorsmith.targets.tvm.passes.random_pipelines import random_pipeline as random_passes

# Knobs that change how C++ is compiled, so that programs that differ in them cannot be compiled together.
COMPILER_FLAGS = "cpp."


@cache
def knobs_of(target: str) -> tuple[Knob, ...]:
    """The pipeline space of a target, by its name.

    Raises:
        InvalidInputError: there is no such target, or it compiles no graphs.
    """
    return graph_target(target).knobs()


def random_step(knob: Knob, rng: random.Random) -> Step:
    """A step that sets a knob to one of its values."""
    return Step(knob.name, (("value", rng.choice(knob.values)),))


def random_knob(knobs: Sequence[Knob], rng: random.Random) -> Knob:
    """One of the knobs, each as often as its weight says."""
    return rng.choices(knobs, [knob.weight for knob in knobs])[0]


def with_steps(case: TestCase, steps: Iterable[Step]) -> TestCase:
    """The test case with a pipeline of these steps; of two for one knob, the later counts."""
    by_name = {step.name: step for step in steps}
    return msgspec.structs.replace(case, pipeline=Pipeline(tuple(by_name[name] for name in sorted(by_name))))


def random_pipeline(case: TestCase, rng: random.Random) -> TestCase:
    """The test case with a few random knobs set, one to five, fewer more often; or with random passes."""
    if graph_target(case.target).steps == "relax":
        return msgspec.structs.replace(case, pipeline=random_passes(rng, "relax", build=0.0))
    knobs = knobs_of(case.target)
    if not knobs:
        return case
    most = rng.choices((1, 2, 3, 4, 5), (8, 5, 3, 2, 1))[0]
    return with_steps(case, [random_step(random_knob(knobs, rng), rng) for _ in range(most)])


def share_compiler_flags(cases: Sequence[TestCase], rng: random.Random) -> list[TestCase]:
    """The test cases with at most one setting of the C++ compiler's flags among them, besides the default.

    Those that set flags all get the flags of one of them, so that their kernels can be compiled together.
    """
    flags = [_flags(case) for case in cases]
    chosen = rng.choice([steps for steps in flags if steps] or [()])
    return [
        with_steps(case, [s for s in case.pipeline.steps if s not in own] + list(chosen)) if own else case
        for case, own in zip(cases, flags, strict=True)
    ]


def _flags(case: TestCase) -> tuple[Step, ...]:
    return tuple(step for step in case.pipeline.steps if step.name.startswith(COMPILER_FLAGS))
