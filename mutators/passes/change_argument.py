"""Change an argument of a pass."""

from __future__ import annotations

import random

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.mutators.passes.api import changed, steps_of
from tensorsmith.targets.tvm.passes.catalog import known_pass
from tensorsmith.targets.tvm.passes.entry import Kind
from tensorsmith.targets.tvm.passes.settings import settings_in


def change_argument(pipeline: Pipeline, donor: Pipeline, rng: random.Random, kind: Kind) -> Pipeline | None:
    """The pipeline with another value for one argument of one pass."""
    steps = steps_of(pipeline, kind)
    choices = []
    for place, step in enumerate(steps):
        entry = known_pass(step.name)
        if entry is None:
            continue
        now = {name: values[0] for name, values in entry.arguments} | dict(step.parameters)
        for name, values in entry.arguments:
            choices += [(place, now | {name: value}) for value in values if value != now[name]]
    if not choices:
        return None
    place, arguments = rng.choice(choices)
    steps[place] = Step(steps[place].name, tuple(arguments.items()))
    return changed(pipeline, (*settings_in(pipeline), *steps))
