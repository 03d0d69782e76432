"""Set a knob of the compiler."""

from __future__ import annotations

import random

from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.pipelines import knobs_of, random_knob, random_step, with_steps


def set_knob(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with one knob set that was not, or set to another value."""
    steps = {(knob.name, value) for knob in knobs_of(case.target) for value in knob.values}
    now = {(step.name, value) for step in case.pipeline.steps for _, value in step.parameters}
    if steps <= now:
        return None
    knobs = [knob for knob in knobs_of(case.target) if any((knob.name, value) not in now for value in knob.values)]
    knob = random_knob(knobs, rng)
    step = random_step(knob, rng)
    while step in case.pipeline.steps:
        step = random_step(knob, rng)
    return with_steps(case, (*case.pipeline.steps, step))
