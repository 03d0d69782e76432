"""Let the compiler have its default for a knob again."""

from __future__ import annotations

import random

from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.pipelines import knobs_of, with_steps


def reset_knob(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case without one step of its pipeline; None for targets without knobs."""
    steps = case.pipeline.steps
    if not steps or not knobs_of(case.target):
        return None
    dropped = rng.choice(steps)
    return with_steps(case, (step for step in steps if step != dropped))
